// Moments, as records keep them.

import Foundation

/// Microseconds since 1970-01-01 00:00:00 UTC.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible, Codable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Now, by the system's clock.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds + duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000)
    }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// RFC 3339 in UTC with milliseconds: `2026-01-31T09:15:00.250Z`.
    public var description: String {
        Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// In JSON as ``description``.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a moment in RFC 3339 form")
        }
        microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }
}
