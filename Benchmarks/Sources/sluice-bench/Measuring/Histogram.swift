// Figures of many samples: percentiles with buckets, and medians of rounds.

import Foundation

/// Whole-number samples (bytes, nanoseconds): exact percentiles, and how many fell between which powers of two.
struct Histogram: Codable, Equatable {
    struct Bucket: Codable, Equatable {
        /// Samples up to and with this value, above the bucket before.
        var upTo: Int
        var count: Int
    }

    var samples: Int
    var p50, p90, p99, max: Int
    /// Upper bounds 0, 1, 3, 7, 15 …; empty ones are left out.
    var buckets: [Bucket]

    /// - Complexity: O(n log n) in the number of values.
    init(_ values: [Int]) {
        let sorted = values.sorted()
        samples = sorted.count
        (p50, p90, p99, max) = (sorted.percentile(50), sorted.percentile(90), sorted.percentile(99), sorted.last ?? 0)
        var counts: [Int: Int] = [:]
        for value in sorted {
            let width = Int.bitWidth - Swift.max(value, 0).leadingZeroBitCount
            counts[width == 0 ? 0 : Int(bitPattern: (1 << UInt(width)) - 1), default: 0] += 1
        }
        buckets = counts.sorted { $0.key < $1.key }.map { Bucket(upTo: $0.key, count: $0.value) }
    }

    /// Share of samples that are at most `value`, 0 … 1. Exact where `value` bounds a bucket.
    func share(upTo value: Int) -> Double {
        samples == 0 ? 0 : Double(buckets.filter { $0.upTo <= value }.reduce(0) { $0 + $1.count }) / Double(samples)
    }
}

extension [Int] {
    /// The least sample that at least `percent` of all samples do not exceed (nearest rank); 0 if there is none. The array must be sorted.
    fileprivate func percentile(_ percent: Int) -> Int {
        isEmpty ? 0 : self[Swift.max((count * percent + 99) / 100, 1) - 1]
    }
}

/// One figure measured in several rounds.
struct Rounds: Codable, Equatable {
    /// In the order in which they were measured.
    var values: [Double]

    init(_ values: [Double]) { self.values = values }

    /// Of an even number the lower of the two in the middle, so that it is a figure that was measured.
    var median: Double { values.sorted()[(values.count - 1) / 2] }
    var least: Double { values.min() ?? 0 }
    var most: Double { values.max() ?? 0 }

    /// Round by round: each ratio is of two figures that were measured one right after the other.
    static func / (a: Rounds, b: Rounds) -> Rounds { Rounds(zip(a.values, b.values).map { $0 / $1 }) }
}

/// Of ratios, where 2 and ½ must cancel each other out. 1 for none.
func geometricMean(_ ratios: [Double]) -> Double {
    ratios.isEmpty ? 1 : exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count))
}
