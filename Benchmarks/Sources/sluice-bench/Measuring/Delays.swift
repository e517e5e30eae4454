// How long a single chunk is under way in the engine.

import Engine

enum Delays {
    /// Chunks timed at most, and passes are repeated until this many are.
    static let most = 100_000
    static let enough = 500

    /// Nanoseconds of each `feed`, the two readings of the clock around it (some 20 ns each) included.
    ///
    /// - Parameter budget: seconds after which no further pass is begun.
    static func measure(_ run: Run, budget: Double) throws -> Histogram {
        var samples: [Int] = []
        samples.reserveCapacity(min(run.ends.count, most) + enough)
        let start = now()
        repeat {
            try run.body.withBytes { bytes in
                var masker = Masker(run.rules, format: run.format)
                var at = 0
                for end in run.ends.prefix(most) {
                    let chunk = UnsafeRawBufferPointer(rebasing: bytes[at..<end])
                    let begun = now()
                    let masked = try masker.feed(chunk)
                    samples.append(now() - begun)
                    withExtendedLifetime(masked) {}
                    at = end
                }
            }
        } while samples.count < enough && Double(now() - start) * 1e-9 < budget
        return Histogram(samples)
    }
}
