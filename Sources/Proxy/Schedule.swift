// When a policy holds: days of the week and hours of the day, by the clocks of a place.

import Foundation

/// Recurring times, such as working hours.
///
/// They are those that a clock on the wall shows: where clocks are put forward the hour that is left out is in no window, and where they are put back the one that comes twice is in it twice.
public struct Schedule: Sendable, Equatable {
    /// 1 is Sunday, 7 Saturday, as in `Calendar`; empty for every day. Of hours that go past midnight it is the day on which they begin.
    public let days: Set<Int>
    /// Empty for the whole day.
    public let hours: [Hours]
    private let calendar: Calendar

    /// From one minute of the day up to another, which is not part of it; where the second is not later, past midnight.
    public struct Hours: Sendable, Equatable {
        public var start: Int
        public var end: Int

        /// Reads `08:00-18:00`, `22:00-06:00`, `18:00-24:00`.
        init?(_ text: String) {
            let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
            guard ends.count == 2, let start = ends[0], let end = ends[1], start < 24 * 60, start != end else { return nil }
            (self.start, self.end) = (start, end)
        }

        private static func minute(_ text: Substring) -> Int? {
            let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0x30...0x39).contains($0) } }),
                let hour = Int(Substring(parts[0])), let minute = Int(Substring(parts[1])), minute < 60, hour < 24 || hour == 24 && minute == 0
            else { return nil }
            return hour * 60 + minute
        }
    }

    public init(days: Set<Int>, hours: [Hours], timeZone: TimeZone) {
        self.days = days
        self.hours = hours
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
    }

    public func contains(_ moment: Date) -> Bool {
        let now = calendar.dateComponents([.weekday, .hour, .minute], from: moment)
        guard let day = now.weekday, let hour = now.hour, let minute = now.minute else { return false }
        let passed = hour * 60 + minute
        func isDay(_ day: Int) -> Bool { days.isEmpty || days.contains(day) }
        if hours.isEmpty { return isDay(day) }
        return hours.contains { window in
            if window.start < window.end { return isDay(day) && (window.start..<window.end).contains(passed) }
            return isDay(day) && passed >= window.start || isDay(day == 1 ? 7 : day - 1) && passed < window.end
        }
    }

    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Reads `mon` or `mon-fri`, also past the end of the week (`fri-mon`).
    static func days(_ text: String) -> Set<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { name in dayNames.firstIndex { $0 == name } }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
        return Set((0...(last - first + 7) % 7).map { (first + $0) % 7 + 1 })
    }
}

extension Section {
    /// `{days: [mon-fri], hours: ["08:00-18:00"], time_zone: Europe/Berlin}`; nil where it is missing.
    func schedule(_ key: String) -> Schedule? {
        guard let section = section(key, keys: ["days", "hours", "time_zone"]) else { return nil }
        section.refuseUnknownKeys()
        if !section.has("days"), !section.has("hours") {
            report(key, "\"\(path(key))\" names neither days nor hours, so it would hold at all times", hint: "for example  \(key): {days: [mon-fri], hours: [\"08:00-18:00\"]}")
        }
        var days: Set<Int> = []
        for word in section.words("days", example: "mon-fri") ?? [] {
            if let some = Schedule.days(word.text) {
                days.formUnion(some)
            } else {
                reader.report(word.line, "\"\(word.text)\" is not a day of the week", hint: "sun, mon, tue, wed, thu, fri, sat, or two of them as in mon-fri")
            }
        }
        let hours = (section.words("hours", example: "\"08:00-18:00\"") ?? []).compactMap { word -> Schedule.Hours? in
            if let hours = Schedule.Hours(word.text) { return hours }
            reader.report(word.line, "\"\(word.text)\" are not hours", hint: "for example  hours: [\"08:00-18:00\"], past midnight \"22:00-06:00\", to its end \"18:00-24:00\"")
            return nil
        }
        var zone = TimeZone.gmt
        if let name = section.text("time_zone", example: "Europe/Berlin"), name != "UTC" {
            let known = TimeZone.knownTimeZoneIdentifiers
            if known.contains(name), let found = TimeZone(identifier: name) {
                zone = found
            } else {
                section.report("time_zone", "there is no time zone \"\(name)\"", hint: nearest(to: name, in: known).map { "did you mean \"\($0)\"?" } ?? "UTC, or a name such as Europe/Berlin")
            }
        }
        return Schedule(days: days, hours: hours, timeZone: zone)
    }
}
