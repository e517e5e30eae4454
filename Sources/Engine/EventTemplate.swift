// What an event has in common with the ones before it: in a model's answer most differ in the text they carry, and in a few numbers and ids.
//
// The bytes in common were read and masked when they came first, and nothing was found in them. An event that has the same ones is not read as JSON again: its
// texts go to their channels; and if any other value differs, what is not text is masked as it would be in any event.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The bytes of an event, with gaps for the texts of channels and for values that may differ.
struct EventTemplate {
    private enum Gap {
        /// The inside of a string that belongs to a channel; not empty.
        case text
        /// The inside of a string, or a number, that says nothing about channels.
        case string, number
    }

    private let bytes: [UInt8]
    private var gaps: [(kind: Gap, range: Range<Int>)]
    /// For each of them, whether it is a string whose name says that a command stands in it. Empty where commands are not read.
    private var areProposals: [Bool] = []
    /// Channels of the texts, in order.
    let channels: [[UInt8]]
    /// Where the data stands in `bytes`.
    private let dataStart: Int
    private let afterData: Int

    /// Bytes of the longest event to be remembered.
    static let longest = 2048

    /// - Parameters:
    ///   - event: outside of whose texts there is nothing to mask, and which ends no channel.
    ///   - data: where its data stands, one line.
    ///   - reading: of the data.
    ///   - commands: the rule that reads them, if there is one.
    init(_ event: [UInt8], data: Range<Int>, _ reading: EventReading, _ commands: CommandRule?) {
        bytes = event
        dataStart = data.lowerBound
        afterData = event.count - data.upperBound
        func moved(_ range: Range<Int>) -> Range<Int> { data.lowerBound + range.lowerBound..<data.lowerBound + range.upperBound }
        gaps =
            reading.pieces.map { (Gap.text, moved($0.text)) }
            + reading.scalars.map { (event[moved($0).lowerBound - 1] == UInt8(ascii: "\"") ? Gap.string : Gap.number, moved($0)) }
        gaps.sort { $0.range.lowerBound < $1.range.lowerBound }
        channels = reading.pieces.map(\.channel)
        guard let commands else { return }
        // What stands in the gaps is left out: of empty strings nothing is judged.
        var reader = DocumentCommands(commands.judge, level: 0)
        var verdicts = CommandVerdicts(commands)
        var last = data.lowerBound
        for gap in gaps {
            event.withUnsafeBufferPointer { reader.take(UnsafeBufferPointer(rebasing: $0[last..<gap.range.lowerBound]), at: last, into: &verdicts) }
            areProposals.append(gap.kind == .string && reader.readsString)
            last = gap.range.upperBound
        }
    }

    /// How an event fits.
    struct Fit {
        /// Where the texts stand, one for each of `channels`.
        var texts: [Range<Int>] = []
        /// Where the data stands.
        var data = 0..<0
        /// Whether all values that are not text are the same.
        var isSame = true
        /// Whether a value that is not the same may be a command, or hold one.
        var mayPropose = false

        /// The texts, counted from where the data begins.
        var textsInData: [Range<Int>] { texts.map { $0.lowerBound - data.lowerBound..<$0.upperBound - data.lowerBound } }
    }

    /// How an event of this template fits; nil if it is not one.
    func fit(_ event: UnsafeBufferPointer<UInt8>) -> Fit? {
        guard let start = event.baseAddress else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            guard let fixed = bytes.baseAddress else { return nil }
            func agree(_ range: Range<Int>, at place: Int) -> Bool {
                event.count - place >= range.count && memcmp(start + place, fixed + range.lowerBound, range.count) == 0
            }
            var fit = Fit()
            fit.texts.reserveCapacity(channels.count)
            var (place, last) = (0, 0)
            for (index, gap) in gaps.enumerated() {
                guard agree(last..<gap.range.lowerBound, at: place) else { return nil }
                place += gap.range.lowerBound - last
                last = gap.range.upperBound
                // With the byte behind it, which ends it.
                if gap.kind != .text, agree(gap.range.lowerBound..<gap.range.upperBound + 1, at: place) {
                    place += gap.range.count
                    continue
                }
                var end = place
                if gap.kind == .number {
                    while end < event.count, EventReader.isNumber(event[end]) { end += 1 }
                    guard end > place else { return nil }
                } else {
                    guard let close = EventReader.endOfString(in: event, from: place), event.first(0x0A, or: 0x0D, from: place) > close else { return nil }
                    end = close
                }
                if gap.kind == .text {
                    guard end > place else { return nil }
                    fit.texts.append(place..<end)
                } else {
                    fit.isSame = false
                    if !areProposals.isEmpty, gap.kind == .string {
                        fit.mayPropose = fit.mayPropose || areProposals[index] || InnerDocument.firstBytes.contains(event[place])
                    }
                }
                place = end
            }
            guard event.count - place == bytes.count - last, agree(last..<bytes.count, at: place) else { return nil }
            fit.data = dataStart..<event.count - afterData
            return fit
        }
    }
}
