// What the last process left behind, made good before anything new is recorded.

import Foundation

/// What was found and done when a data directory was opened.
public struct Recovery: Sendable, Equatable {
    /// Exchanges that were under way when the last process ended, now on record as interrupted.
    public var interrupted: [ExchangeID] = []
    /// Events that the index had missed.
    public var replayed = 0
    /// Bytes of a half-written last record that were cut off, and kept beside the segment as `.torn`.
    public var truncatedBytes = 0
    /// Segment files, other than the last, that cannot be read to their end: damaged since they were written.
    public var damaged: [String] = []

    /// One sentence for each thing that was not as it should be.
    public var messages: [String] {
        var messages: [String] = []
        if !interrupted.isEmpty { messages.append("exchanges interrupted when the last process ended: \(interrupted.count)") }
        if replayed > 0 { messages.append("events added to the index from the segment files: \(replayed)") }
        if truncatedBytes > 0 { messages.append("bytes of a half-written last record cut off: \(truncatedBytes)") }
        for path in damaged { messages.append("\(path) is damaged: what stands behind the damage is not indexed") }
        return messages
    }
}

/// Reads the segments from where the index ends, or from the first exchange that has not ended if that is earlier.
struct Replay {
    private(set) var recovery = Recovery()
    /// The number of the segment to write to: never one that exists, so nothing is appended behind a torn record.
    private(set) var nextSegment = 1
    /// Exchanges without an end.
    private var open: [ExchangeID: Unfinished]

    private struct Unfinished {
        var request = BodyRecord()
        var response = BodyRecord()
        var lastSeen: Timestamp?
    }

    /// Replays into `index`, and cuts a torn record off the last segment.
    init(_ files: SegmentFiles, _ index: Index) throws(RecordError) {
        let watermark: Position
        let begins: [ExchangeID: Position]
        do {
            watermark = try index.watermark() ?? Position(segment: 0, offset: 0)
            begins = try index.openExchanges()
        } catch {
            throw RecordError.database(error, index.directory)
        }
        open = begins.mapValues { _ in Unfinished() }
        let start = min(watermark, begins.values.min() ?? watermark)
        let numbers = try files.numbers()
        for number in numbers where number >= start.segment {
            let contents = try files.contents(number)
            let from = number == start.segment ? start.offset : 0
            var events: [QueuedEvent] = []
            let end = contents.withUnsafeBytes { file in
                SegmentFiles.frames(in: file, from: from) { frame in
                    let position = Position(segment: number, offset: frame.range.lowerBound)
                    guard let event = follow(frame, UnsafeRawBufferPointer(rebasing: file[frame.payload]), position) else { return }
                    if position >= watermark {
                        events.append(QueuedEvent(event: event, end: Position(segment: number, offset: frame.range.upperBound)))
                    }
                }
            }
            recovery.replayed += events.count
            do {
                try index.apply(events[...])
            } catch {
                throw RecordError.database(error, index.directory)
            }
            guard end < contents.count else { continue }
            if number == numbers.last {
                try cut(files.path(number), to: end, contents)
            } else {
                recovery.damaged.append(files.path(number))
            }
        }
        if let last = numbers.last { nextSegment = last + 1 }
    }

    /// Puts on record that the exchanges without an end were interrupted.
    mutating func endOpenExchanges(_ writer: SegmentWriter) throws(RecordError) {
        for (id, unfinished) in open.sorted(by: { $0.key < $1.key }) {
            var response = BodyEvidence()
            response.bytesOut = unfinished.response.bytes
            let payload = EndPayload(
                end: ExchangeEnd(outcome: Outcome(.interrupted, "process-ended"), response: response), request: unfinished.request,
                response: unfinished.response)
            var bytes = PayloadWriter()
            bytes.write(payload)
            let time = unfinished.lastSeen ?? .now
            let frame = Frame.bytes(kind: .end, time: time, exchange: id, payload: bytes.bytes)
            let result: Result<Void, RecordError> = frame.withUnsafeBytes { frame in
                do throws(RecordError) {
                    try writer.append(frame) { .end(id, time, payload, $0) }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
            recovery.interrupted.append(id)
        }
        open = [:]
    }

    /// Takes note of one frame, and gives what the index should know of it.
    private mutating func follow(_ frame: Frame, _ payload: UnsafeRawBufferPointer, _ position: Position) -> IndexEvent? {
        var reader = PayloadReader(payload)
        let id = frame.exchange
        defer { open[id]?.lastSeen = frame.time }
        switch frame.kind {
        case .begin:
            guard let start = try? reader.start() else { return nil }
            open[id] = Unfinished()
            return .begin(id, frame.time, start, position)
        case .review:
            return .review(id, String(decoding: payload, as: UTF8.self))
        case .requestBody:
            open[id]?.request.bytes += payload.count
            open[id]?.request.kept += payload.count
            return nil
        case .responseHead:
            return (try? reader.number()).map { .responseHead(id, $0) }
        case .responseBody:
            open[id]?.response.bytes += payload.count
            open[id]?.response.kept += payload.count
            return nil
        case .responseCount:
            if let count = try? reader.number() { open[id]?.response.bytes = count }
            return nil
        case .end:
            open[id] = nil
            return (try? reader.end()).map { .end(id, frame.time, $0, position) }
        }
    }

    /// Cuts the file off behind its last whole record. What is cut off is kept beside it: it may be all there is of something.
    private mutating func cut(_ path: String, to length: Int, _ contents: Data) throws(RecordError) {
        let torn = contents[length...]
        do {
            try torn.write(to: URL(fileURLWithPath: path + ".torn"), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + ".torn")
        } catch {
            throw RecordError("\(path).torn cannot be written", hint: "check the free space of the data directory")
        }
        guard truncate(path, off_t(length)) == 0 else {
            throw RecordError("\(path) cannot be cut off behind its last whole record: \(String(cString: strerror(errno)))")
        }
        recovery.truncatedBytes += torn.count
    }
}
