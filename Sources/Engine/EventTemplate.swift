// What an event has in common with the ones before it: in a model's answer most differ in the text they carry, and in nothing else.
//
// The fixed bytes were read and masked when they came first, and nothing was found in them. An event that has the same ones needs no more than its texts.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of an event without the texts that belong to channels.
struct EventTemplate {
    private let fixed: [UInt8]
    /// Where the texts stand in `fixed`, ascending; each between its quotes.
    private let gaps: [Int]
    /// Channels of the texts.
    let channels: [String]

    /// Bytes of the longest event to be remembered.
    static let longest = 2048

    /// - Parameters:
    ///   - event: in whose fixed bytes there is nothing to mask, and which ends no channel.
    ///   - texts: where the texts of its channels stand, ascending, none of them empty.
    init(_ event: [UInt8], texts: [(channel: String, range: Range<Int>)]) {
        var fixed: [UInt8] = []
        var gaps: [Int] = []
        var last = 0
        for text in texts {
            fixed += event[last..<text.range.lowerBound]
            gaps.append(fixed.count)
            last = text.range.upperBound
        }
        self.fixed = fixed + event[last...]
        self.gaps = gaps
        channels = texts.map(\.channel)
    }

    /// Where the texts stand in an event of this template, one for each of `channels`; nil if it is not one.
    func texts(in event: UnsafeBufferPointer<UInt8>) -> [Range<Int>]? {
        fixed.withUnsafeBufferPointer { fixed in
            func agree(_ range: Range<Int>, at place: Int) -> Bool {
                guard event.count - place >= range.count, let event = event.baseAddress, let fixed = fixed.baseAddress else { return false }
                return memcmp(event + place, fixed + range.lowerBound, range.count) == 0
            }
            var texts: [Range<Int>] = []
            texts.reserveCapacity(gaps.count)
            var (place, last) = (0, 0)
            for gap in gaps {
                guard agree(last..<gap, at: place) else { return nil }
                place += gap - last
                last = gap
                guard let end = JSONTokenizer.endOfString(in: event, from: place).end, end > place,
                    UnsafeBufferPointer(rebasing: event[..<end]).first(0x0A, or: 0x0D, from: place) == end
                else { return nil }
                texts.append(place..<end)
                place = end
            }
            return event.count - place == fixed.count - last && agree(last..<fixed.count, at: place) ? texts : nil
        }
    }
}
