// Every exchange on record before a byte of it is released.

import Foundation

/// Writes exchanges to the segment files of one data directory and keeps the index up to date behind them.
///
/// Used from any thread. What an exchange writes is in the kernel's page cache when the call returns, so it survives the end of the process; the
/// disk has it one `syncInterval` later. The index follows within a fraction of a second; what it misses when the process ends is made good at the
/// next start.
public final class Recorder: Sendable {
    public struct Settings: Sendable, Equatable {
        /// Bytes of each body, request and response, that are kept. The rest is counted and hashed.
        public var bodyLimit = 1024 * 1024
        /// The longest time between a write and its `fdatasync`.
        public var syncInterval = Duration.milliseconds(5)
        /// A segment file is closed once the next frame would make it longer than this.
        public var segmentBytes = 64 * 1024 * 1024

        public init() {}
    }

    /// What was found and done when the directory was opened.
    public let recovery: Recovery

    /// The index of the same directory, for approvals and listings.
    public let index: Index

    private let settings: Settings
    private let writer: SegmentWriter
    private let indexer: Indexer
    private let lock: DirectoryLock

    /// Opens `directory`, makes it (mode 0700) if need be, takes its lock, and recovers what the last process left behind.
    ///
    /// Blocks for as long as that takes; call it before serving, not on an event loop.
    ///
    /// - Parameter onTrouble: called, on a thread of the recorder's own, when the index cannot be written. Records are still safe in the segment files
    ///   and it goes on trying.
    /// - Throws: ``RecordError``, among others if another process has the directory open.
    public init(
        directory: String, settings: Settings = Settings(), onTrouble: @escaping @Sendable (RecordError) -> Void = { _ in }
    ) throws(RecordError) {
        do {
            for path in [directory, SegmentFiles(in: directory).directory] {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw RecordError("\(directory) cannot be made", hint: "check who may write to the directory above it")
        }
        lock = try DirectoryLock(directory)
        let files = SegmentFiles(in: directory)
        let index = try Index(directory: directory, create: true)
        var replay = try Replay(files, index)
        let indexer = Indexer(index, onTrouble: onTrouble)
        let writer = try SegmentWriter(files, segment: replay.nextSegment, settings: settings) { indexer.wake() }
        indexer.start(writer)
        try replay.endOpenExchanges(writer)
        recovery = replay.recovery
        self.index = index
        self.indexer = indexer
        self.writer = writer
        self.settings = settings
    }

    /// Puts the beginning of an exchange on record.
    ///
    /// - Throws: ``RecordError`` if it could not be written. The exchange must then not go on.
    public func begin(_ start: ExchangeStart, at time: Timestamp = .now) throws(RecordError) -> ExchangeRecord {
        guard !writer.isBacklogged else {
            throw RecordError("the index is too far behind", hint: "check the free space and the speed of the disk of the data directory")
        }
        let record = ExchangeRecord(id: ExchangeID(at: time), writer: writer, bodyLimit: settings.bodyLimit)
        try record.begin(start, at: time)
        return record
    }

    /// Waits until everything recorded so far is in the index. For listings and tests; blocks.
    public func flush() {
        indexer.flush()
    }

    /// Brings everything to disk and into the index, and closes the files; blocks. Nothing may be recorded afterwards.
    public func close() {
        writer.close()
        indexer.flush()
        indexer.stop()
        lock.release()
    }

    deinit { indexer.stop() }
}
