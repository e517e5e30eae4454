// Appends frames to the current segment file, from any thread, and sees that they reach the disk.

import Foundation
import Synchronization

/// One writer for all exchanges: a lock around one `write`.
///
/// The kernel has a frame when ``append(_:event:)`` returns; `fdatasync` follows in the background, at most `syncInterval` later, one for all frames since
/// the last. Events for the index queue up under the same lock, so that their order is that of the file.
final class SegmentWriter: Sendable {
    private let files: SegmentFiles
    private let settings: Recorder.Settings
    private let state: Mutex<State>
    private let disk = DispatchQueue(label: "sluice.record.disk")
    /// Called when the first event is queued after ``takeEvents()``; must return at once.
    private let eventsWait: @Sendable () -> Void

    private struct State {
        var descriptor: Int32
        var segment: Int
        /// Where the next frame goes.
        var offset: Int
        var syncScheduled = false
        /// Once set, nothing is written any more: what the disk holds is no longer known.
        var failure: RecordError?
        var events: [QueuedEvent] = []
    }

    /// Events that may wait for the index before ``append(_:event:)`` refuses new exchanges.
    static let mostEvents = 100_000

    init(_ files: SegmentFiles, segment: Int, settings: Recorder.Settings, eventsWait: @escaping @Sendable () -> Void) throws(RecordError) {
        self.files = files
        self.settings = settings
        self.eventsWait = eventsWait
        let descriptor = try Self.create(files, segment)
        state = Mutex(State(descriptor: descriptor, segment: segment, offset: Frame.fileHeader.count))
        Self.syncDirectory(files.directory)
    }

    /// Appends a sealed frame.
    ///
    /// - Parameter event: makes what the index must know of it, given where it went.
    func append(_ frame: UnsafeRawBufferPointer, event: (Position) -> IndexEvent? = { _ in nil }) throws(RecordError) {
        let outcome: Result<(sync: Int32?, events: Bool), RecordError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            if state.offset > Frame.fileHeader.count, state.offset + frame.count > settings.segmentBytes {
                if let error = rotate(&state) { return .failure(error) }
            }
            if let error = Self.write(frame, to: state.descriptor) {
                // Cut a half-written frame off again; if even that fails, what comes after it could not be read.
                if ftruncate(state.descriptor, off_t(state.offset)) != 0 { state.failure = error }
                return .failure(error)
            }
            let position = Position(segment: state.segment, offset: state.offset)
            state.offset += frame.count
            var firstEvent = false
            if let event = event(position) {
                firstEvent = state.events.isEmpty
                state.events.append(QueuedEvent(event: event, end: Position(segment: state.segment, offset: state.offset)))
            }
            let sync = state.syncScheduled ? nil : state.descriptor
            state.syncScheduled = true
            return .success((sync, firstEvent))
        }
        let (sync, events) = try outcome.get()
        if sync != nil {
            disk.asyncAfter(deadline: .now() + settings.syncInterval.seconds) { self.sync() }
        }
        if events { eventsWait() }
    }

    /// Whether the index is so far behind that no new exchange may begin.
    var isBacklogged: Bool { state.withLock { $0.events.count >= Self.mostEvents } }

    /// Events since the last call, in the order of the file.
    func takeEvents() -> [QueuedEvent] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// Puts events back in front that could not be indexed yet.
    func returnEvents(_ events: [QueuedEvent]) {
        state.withLock { $0.events = events + $0.events }
    }

    /// Waits until everything is on disk and closes the file.
    func close() {
        disk.sync {
            sync()
            state.withLock { state in
                guard state.descriptor >= 0 else { return }
                Glibc.close(state.descriptor)
                state.descriptor = -1
                state.failure = RecordError("the record is closed")
            }
        }
    }

    /// On the disk queue.
    private func sync() {
        let descriptor = state.withLock { state in
            state.syncScheduled = false
            return state.descriptor
        }
        // Only this queue closes descriptors, so this one stays open.
        guard descriptor >= 0, fdatasync(descriptor) != 0 else { return }
        fail("the segment file could not be brought to disk")
    }

    /// After a failed sync the kernel drops the pages and reports success next time, so nothing more may be trusted to it.
    private func fail(_ what: String) {
        let error = RecordError("\(what): \(String(cString: strerror(errno)))", hint: "check the disk, then start Sluice again")
        state.withLock { $0.failure = $0.failure ?? error }
    }

    private func rotate(_ state: inout State) -> RecordError? {
        let next: Int32
        do { next = try Self.create(files, state.segment + 1) } catch { return error }
        let full = state.descriptor
        disk.async {
            if fdatasync(full) != 0 { self.fail("a full segment file could not be brought to disk") }
            Glibc.close(full)
            Self.syncDirectory(self.files.directory)
        }
        state.descriptor = next
        state.segment += 1
        state.offset = Frame.fileHeader.count
        return nil
    }

    private static func create(_ files: SegmentFiles, _ number: Int) throws(RecordError) -> Int32 {
        let path = files.path(number)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RecordError(
                "\(path) cannot be made: \(String(cString: strerror(errno)))", hint: "check the free space and who may write to the data directory")
        }
        if let error = Frame.fileHeader.withUnsafeBytes({ write($0, to: descriptor) }) {
            Glibc.close(descriptor)
            unlink(path)
            throw error
        }
        return descriptor
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> RecordError? {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, base, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                return RecordError("the record could not be written: \(String(cString: strerror(errno)))", hint: "check the free space of the data directory")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return nil
    }

    /// Makes new names in the directory durable.
    private static func syncDirectory(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
