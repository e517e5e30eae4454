// One pass over a body, by the engine or by a copy.

import Engine
import Foundation
import OpenSSLDigest

/// Nanoseconds of the monotonic clock.
@inline(__always)
func now() -> Int { nanoseconds(of: CLOCK_MONOTONIC) }

/// Nanoseconds that this process has had a core.
func processorTime() -> Int { nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }

@inline(__always)
private func nanoseconds(of clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// A body, its cuts and how it is masked: what a pass needs, worked out beforehand.
struct Run {
    let body: Body
    let rules: RuleSet
    let format: Format
    /// Ends of the chunks; the last is where the pass ends, which may be before the body does.
    let ends: [Int]

    var bytes: Int { ends.last ?? 0 }

    init(_ body: Body, _ rules: RuleSet, _ format: Format, _ chunking: Chunking) {
        (self.body, self.rules, self.format) = (body, rules, format)
        ends = body.withBytes { chunking.ends(in: $0) }
    }

    private init(_ run: Run, ends: [Int]) { (body, rules, format, self.ends) = (run.body, run.rules, run.format, ends) }

    /// The same with only the first chunks, of about `count` bytes together and four chunks at least.
    func shortened(to count: Int) -> Run {
        Run(self, ends: Array(ends.prefix(max(ends.prefix { $0 <= count }.count, 4))))
    }

    // MARK: The engine

    struct Totals: Equatable {
        var bytesOut = 0
        var matches = 0

        mutating func add(_ masked: MaskedBytes) {
            bytesOut += masked.count
            matches += masked.findings.count + (masked.blocked == nil ? 0 : 1)
        }
    }

    /// Masks the chunks and looks at the output's pieces, without copying them.
    ///
    /// - Parameter each: called behind each chunk with its number.
    @inline(__always)
    func mask(each: (Int) -> Void = { _ in }) throws -> Totals {
        var totals = Totals()
        try body.withBytes { bytes in
            var masker = Masker(rules, format: format)
            var at = 0
            for (number, end) in ends.enumerated() {
                totals.add(try masker.feed(UnsafeRawBufferPointer(rebasing: bytes[at..<end])))
                at = end
                each(number)
            }
            totals.add(try masker.finish())
        }
        return totals
    }

    /// What came out of a pass, byte for byte.
    struct Outcome {
        var answer: Workload.Answer
        /// Bytes held behind each chunk but the last.
        var held: [Int]
    }

    func outcome() throws -> Outcome {
        var output: [UInt8] = []
        output.reserveCapacity(bytes + bytes / 8)
        var held: [Int] = []
        var matches = 0
        try body.withBytes { bytes in
            var masker = Masker(rules, format: format)
            var at = 0
            for end in ends {
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[at..<end])
                let masked = try masker.feed(chunk)
                masked.append(to: &output, chunk: chunk)
                matches += masked.findings.count
                held.append(masker.statistics.held)
                at = end
            }
            let last = try masker.finish()
            last.append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
            matches += last.findings.count + (masker.blocked == nil ? 0 : 1)
        }
        return Outcome(answer: Workload.Answer(matches: matches, output: sha256(output)), held: held.dropLast())
    }

    // MARK: The copy

    /// Copies the chunks one after the other into one small buffer.
    func copy(into target: UnsafeMutableRawBufferPointer) {
        body.withBytes { bytes in
            var at = 0
            for end in ends {
                memcpy(target.baseAddress!, bytes.baseAddress! + at, end - at)
                at = end
            }
        }
    }

    /// Bytes of the longest chunk.
    var longestChunk: Int { zip([0] + ends, ends).map { $1 - $0 }.max() ?? 0 }
}

/// SHA-256 in hexadecimal.
func sha256(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    precondition(EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1, "OpenSSL offers no SHA-256")
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
