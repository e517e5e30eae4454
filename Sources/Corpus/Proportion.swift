// Shares and rates with the intervals that their counts allow.

/// So many of so many, with a 95 % interval.
///
/// The interval is Wilson's score interval: it is right for few cases and for shares near 0 and 1. It takes the cases to be independent of each other.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
public struct Proportion: Sendable, Hashable, Codable {
    public var count: Int
    public var of: Int

    public init(_ count: Int = 0, of total: Int = 0) {
        self.count = count
        of = total
    }

    /// Nil of nothing.
    public var value: Double? { of > 0 ? Double(count) / Double(of) : nil }

    /// 0…1 of nothing.
    public var interval: ClosedRange<Double> {
        guard let share = value else { return 0...1 }
        let n = Double(of)
        let z2 = Self.z * Self.z
        let middle = share + z2 / (2 * n)
        let width = Self.z * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
        // Rounding must not push the ends past what was counted.
        return max(min((middle - width) / (1 + z2 / n), share), 0)...min(max((middle + width) / (1 + z2 / n), share), 1)
    }

    /// The rest.
    public var complement: Proportion { Proportion(of - count, of: of) }

    mutating func add(_ isCounted: Bool) {
        of += 1
        if isCounted { count += 1 }
    }

    static func += (a: inout Proportion, b: Proportion) {
        a.count += b.count
        a.of += b.of
    }

    /// The normal distribution's 97.5th percentile.
    private static let z = 1.959_963_984_540_054

    private enum Key: CodingKey { case count, of, value, low, high }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Key.self)
        self.init(try keys.decode(Int.self, forKey: .count), of: try keys.decode(Int.self, forKey: .of))
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: Key.self)
        try keys.encode(count, forKey: .count)
        try keys.encode(of, forKey: .of)
        guard let value else { return }
        try keys.encode(value, forKey: .value)
        try keys.encode(interval.lowerBound, forKey: .low)
        try keys.encode(interval.upperBound, forKey: .high)
    }
}

/// The weighted harmonic mean of precision and recall, in which recall counts `beta` times as much.
///
/// Source: C. J. van Rijsbergen, "Information Retrieval" (1979), chapter 7.
public struct FScore: Sendable {
    public var value: Double
    /// From the ends of both intervals: wider than 95 %.
    public var interval: ClosedRange<Double>

    /// Nil where one of the two is not known.
    public init?(precision: Proportion, recall: Proportion, beta: Double) {
        guard let p = precision.value, let r = recall.value else { return nil }
        func mean(_ p: Double, _ r: Double) -> Double {
            let square = beta * beta
            return p + r == 0 ? 0 : (1 + square) * p * r / (square * p + r)
        }
        value = mean(p, r)
        let low = mean(precision.interval.lowerBound, recall.interval.lowerBound)
        let high = mean(precision.interval.upperBound, recall.interval.upperBound)
        interval = min(low, value)...max(high, value)
    }
}

/// How often something happens in so many bytes, with a 95 % interval by Byar's approximation to the exact Poisson limits.
///
/// Source: N. E. Breslow, N. E. Day, "Statistical Methods in Cancer Research" II (IARC, 1987), 2.3.
public struct ByteRate: Sendable, Hashable, Codable {
    public var count: Int
    public var bytes: Int

    public init(_ count: Int = 0, bytes: Int = 0) {
        self.count = count
        self.bytes = bytes
    }

    /// A GB is 1,000,000,000 bytes. Nil of no bytes.
    public var perGB: Double? { bytes > 0 ? Double(count) * 1e9 / Double(bytes) : nil }

    public var intervalPerGB: ClosedRange<Double>? {
        guard bytes > 0 else { return nil }
        func limit(_ n: Double, _ z: Double) -> Double {
            let root = 1 - 1 / (9 * n) + z / (3 * n.squareRoot())
            return n * root * root * root
        }
        let z = 1.959_963_984_540_054
        let low = count == 0 ? 0 : limit(Double(count), -z)
        return low * 1e9 / Double(bytes)...limit(Double(count + 1), z) * 1e9 / Double(bytes)
    }

    private enum Key: CodingKey { case count, bytes, perGB, low, high }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Key.self)
        self.init(try keys.decode(Int.self, forKey: .count), bytes: try keys.decode(Int.self, forKey: .bytes))
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: Key.self)
        try keys.encode(count, forKey: .count)
        try keys.encode(bytes, forKey: .bytes)
        try keys.encodeIfPresent(perGB, forKey: .perGB)
        try keys.encodeIfPresent(intervalPerGB?.lowerBound, forKey: .low)
        try keys.encodeIfPresent(intervalPerGB?.upperBound, forKey: .high)
    }
}
