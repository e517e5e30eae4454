// The record of one exchange under way.

import Cryptography
import Engine

/// Puts one exchange on record, step by step, before each step is released.
///
/// Calls are synchronous, cost one `write` each and must come from one thread at a time (the exchange's event loop). Each throws if the record could not
/// be written: what it describes must then not be released. If the last reference goes before ``end(_:)``, the exchange is recorded as interrupted.
public final class ExchangeRecord {
    public let id: ExchangeID
    private let writer: SegmentWriter
    private let bodyLimit: Int
    private var requestBody = BodyRecord()
    private var responseBody = BodyRecord()
    private let requestDigest = SHA256()
    private let responseDigest = SHA256()
    /// Response bytes at the latest ``Frame/Kind/responseCount``.
    private var countedResponseBytes = 0
    private var ended = false

    /// Response bytes that may be missing from the count of an exchange that was cut short after its kept part.
    static let countInterval = 64 * 1024

    init(id: ExchangeID, writer: SegmentWriter, bodyLimit: Int) {
        self.id = id
        self.writer = writer
        self.bodyLimit = bodyLimit
    }

    deinit {
        guard !ended else { return }
        // Nobody is left to tell; recovery at the next start finds it in any case.
        try? end(ExchangeEnd(outcome: Outcome(.interrupted, "abandoned")))
    }

    func begin(_ start: ExchangeStart, at time: Timestamp) throws(RecordError) {
        var payload = PayloadWriter()
        payload.write(start)
        let id = id
        do {
            try write(.begin, payload.bytes, at: time) { .begin(id, time, start, $0) }
        } catch {
            ended = true
            throw error
        }
    }

    /// The review that the request waits for or runs under.
    public func reviewed(_ review: String) throws(RecordError) {
        let id = id
        try write(.review, Array(review.utf8)) { _ in .review(id, review) }
    }

    /// A piece of the request body, as masked for the record. `chunk` is the one that was fed to the masker in this step.
    public func request(_ bytes: MaskedBytes, chunk: UnsafeRawBufferPointer) throws(RecordError) {
        try body(.requestBody, Slices(bytes, chunk), &requestBody, requestDigest)
    }

    /// The head of the response, before it is sent. `headers`: those worth keeping, as sent.
    public func response(status: Int, headers: [HeaderField]) throws(RecordError) {
        var payload = PayloadWriter()
        payload.write(status)
        payload.write(headers)
        let id = id
        try write(.responseHead, payload.bytes) { _ in .responseHead(id, status) }
    }

    /// A piece of the response body, before it is sent. `chunk` is the one that was fed to the masker in this step.
    public func response(_ bytes: MaskedBytes, chunk: UnsafeRawBufferPointer) throws(RecordError) {
        try body(.responseBody, Slices(bytes, chunk), &responseBody, responseDigest)
    }

    /// A piece of a response body that policy passes on unscanned. It is counted and hashed, never kept.
    public func unscannedResponse(_ bytes: UnsafeRawBufferPointer) throws(RecordError) {
        try body(.responseBody, Slices(bytes), &responseBody, responseDigest, keeps: false)
    }

    /// A piece of a response body that Sluice itself wrote: a refusal.
    public func ownResponse(_ bytes: UnsafeRawBufferPointer) throws(RecordError) {
        try body(.responseBody, Slices(bytes), &responseBody, responseDigest)
    }

    /// The end. Nothing may follow.
    public func end(_ end: ExchangeEnd) throws(RecordError) {
        precondition(!ended, "an exchange ends once")
        ended = true
        requestBody.sha256 = hexadecimal(requestDigest.finish())
        responseBody.sha256 = hexadecimal(responseDigest.finish())
        let payload = EndPayload(end: end, request: requestBody, response: responseBody)
        var bytes = PayloadWriter()
        bytes.write(payload)
        let id = id
        let time = Timestamp.now
        try write(.end, bytes.bytes, at: time) { .end(id, time, payload, $0) }
    }

    // MARK: Bodies

    /// The pieces of one step as slices of memory.
    private struct Slices {
        let masked: MaskedBytes?
        let chunk: UnsafeRawBufferPointer

        init(_ masked: MaskedBytes, _ chunk: UnsafeRawBufferPointer) {
            self.masked = masked
            self.chunk = chunk
        }

        init(_ bytes: UnsafeRawBufferPointer) {
            masked = nil
            chunk = bytes
        }

        func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
            guard let masked else { return body(chunk) }
            for piece in masked.pieces {
                switch piece {
                case .passed(let range): body(UnsafeRawBufferPointer(rebasing: chunk[range]))
                case .bytes(let bytes): bytes.withUnsafeBytes { body($0) }
                }
            }
        }
    }

    /// Hashes and counts the slices, and keeps as many bytes of them as the limit leaves room for.
    private func body(
        _ kind: Frame.Kind, _ slices: Slices, _ record: inout BodyRecord, _ digest: SHA256, keeps: Bool = true
    ) throws(RecordError) {
        var count = 0
        slices.forEach { slice in
            digest.update(slice)
            count += slice.count
        }
        guard count > 0 else { return }
        record.bytes += count
        let room = keeps ? min(count, bodyLimit - record.kept) : 0
        if room > 0 {
            try write(kind, count: room) { payload in
                var filled = 0
                slices.forEach { slice in
                    let part = UnsafeRawBufferPointer(rebasing: slice.prefix(room - filled))
                    guard part.count > 0 else { return }
                    UnsafeMutableRawBufferPointer(rebasing: payload[filled...]).copyMemory(from: part)
                    filled += part.count
                }
            }
            record.kept += room
        } else if kind == .responseBody, record.bytes - countedResponseBytes >= Self.countInterval {
            countedResponseBytes = record.bytes
            var payload = PayloadWriter()
            payload.write(record.bytes)
            try write(.responseCount, payload.bytes)
        }
    }

    // MARK: Frames

    private func write(
        _ kind: Frame.Kind, _ payload: [UInt8], at time: Timestamp = .now, event: (Position) -> IndexEvent? = { _ in nil }
    ) throws(RecordError) {
        try write(kind, count: payload.count, at: time, event: event) { output in
            payload.withUnsafeBytes { output.copyMemory(from: $0) }
        }
    }

    /// Builds a frame whose payload `fill` writes, outside the writer's lock, and appends it.
    private func write(
        _ kind: Frame.Kind, count: Int, at time: Timestamp = .now, event: (Position) -> IndexEvent? = { _ in nil },
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(RecordError) {
        // Short-lived memory instead of a buffer per exchange: ten thousand idle streams keep none.
        let result: Result<Void, RecordError> = withUnsafeTemporaryAllocation(byteCount: Frame.overhead + count, alignment: 8) { buffer in
            fill(UnsafeMutableRawBufferPointer(rebasing: buffer[Frame.headerLength..<Frame.headerLength + count]))
            Frame.seal(buffer, kind: kind, time: time, exchange: id)
            do throws(RecordError) {
                try writer.append(UnsafeRawBufferPointer(buffer), event: event)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
