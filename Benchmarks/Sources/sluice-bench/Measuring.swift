// How it is measured: one pass over an input in chunks, and the figures of many passes.

import Engine
import Foundation

struct Pass {
    var seconds = 0.0
    var bytesOut = 0
    var findings = 0
}

enum Measuring {
    /// Masks the input in chunks and throws the output away. Time spent in the engine and in taking its pieces.
    static func mask(_ input: Input, _ rules: RuleSet, chunk: Int) throws -> Pass {
        var pass = Pass()
        try input.bytes.withUnsafeBytes { bytes in
            let clock = ContinuousClock()
            let start = clock.now
            var masker = Masker(rules, format: .json)
            var at = 0
            while at < bytes.count {
                let end = min(at + chunk, bytes.count)
                let masked = try masker.feed(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
                pass.bytesOut += masked.count
                pass.findings += masked.findings.count
                at = end
            }
            let last = try masker.finish()
            pass.bytesOut += last.count
            pass.findings += last.findings.count
            pass.seconds = seconds(clock.now - start)
        }
        return pass
    }

    /// A hash of what comes out (FNV-1a, 64 bits): the same for every chunk size, or the engine is wrong.
    static func outputHash(_ input: Input, _ rules: RuleSet, chunk: Int) throws -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var output: [UInt8] = []
        var masker = Masker(rules, format: .json)
        try input.bytes.withUnsafeBytes { bytes in
            var at = 0
            while at <= bytes.count {
                output.removeAll(keepingCapacity: true)
                if at == bytes.count {
                    try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
                    at += 1
                } else {
                    let part = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + chunk, bytes.count)])
                    try masker.feed(part).append(to: &output, chunk: part)
                    at += part.count
                }
                for byte in output { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            }
        }
        return hash
    }

    /// Copies the input chunk by chunk into one small buffer.
    static func copy(_ input: Input, chunk: Int) -> Double {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
        defer { target.deallocate() }
        return input.bytes.withUnsafeBytes { bytes in
            let clock = ContinuousClock()
            let start = clock.now
            var at = 0
            var seen: UInt8 = 0
            while at < bytes.count {
                let length = min(chunk, bytes.count - at)
                memcpy(target.baseAddress!, bytes.baseAddress! + at, length)
                seen ^= target[0]
                at += length
            }
            let elapsed = seconds(clock.now - start)
            withExtendedLifetime(seen) {}
            return elapsed
        }
    }

    /// Nanoseconds of every single `feed`.
    static func delays(_ input: Input, _ rules: RuleSet, chunk: Int) throws -> Percentiles {
        var samples: [Int] = []
        try input.bytes.withUnsafeBytes { bytes in
            let clock = ContinuousClock()
            var masker = Masker(rules, format: .json)
            var at = 0
            while at < bytes.count {
                let part = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + chunk, bytes.count)])
                let start = clock.now
                let masked = try masker.feed(part)
                samples.append(Int(seconds(clock.now - start) * 1e9))
                withExtendedLifetime(masked) {}
                at += part.count
            }
            _ = try masker.finish()
        }
        return Percentiles(samples)
    }

    /// Bytes held after each of many cuts at random places, about 700 bytes apart.
    static func heldBytes(_ input: Input, _ rules: RuleSet) throws -> Percentiles {
        var random = SplitMix(state: 7)
        var samples: [Int] = []
        try input.bytes.withUnsafeBytes { bytes in
            var masker = Masker(rules, format: .json)
            var at = 0
            while at < bytes.count {
                let part = UnsafeRawBufferPointer(rebasing: bytes[at..<min(at + 1 + random.below(1400), bytes.count)])
                _ = try masker.feed(part)
                samples.append(masker.statistics.held)
                at += part.count
            }
            _ = try masker.finish()
        }
        return Percentiles(samples)
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}

struct Percentiles: Codable {
    var samples: Int
    var zeroShare: Double
    var p50, p90, p99, max: Int

    init(_ values: [Int]) {
        let sorted = values.sorted()
        func at(_ share: Double) -> Int { sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] }
        samples = values.count
        zeroShare = Double(values.count { $0 == 0 }) / Double(Swift.max(values.count, 1))
        (p50, p90, p99, max) = (at(0.5), at(0.9), at(0.99), sorted.last ?? 0)
    }
}

/// The median of repeated measurements and how far they lie apart.
struct Repeated: Codable {
    var median, least, most: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        (median, least, most) = (sorted[sorted.count / 2], sorted.first!, sorted.last!)
    }
}
