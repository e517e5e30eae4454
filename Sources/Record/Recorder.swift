// Every exchange on record before a byte of it is released.

import Cryptography
import Engine
import Synchronization

/// Writes exchanges to the segment files of one data directory and keeps the index up to date behind them.
///
/// Used from any thread. What an exchange writes is in the kernel's page cache when the call returns, so it survives the end of the process; the
/// disk has it one `syncInterval` later.
public final class Recorder: Sendable {
    public struct Settings: Sendable, Equatable {
        /// Bytes of each body, request and response, that are kept. The rest is counted and hashed.
        public var bodyLimit = 1024 * 1024
        /// The longest time between a write and its `fdatasync`.
        public var syncInterval = Duration.milliseconds(5)
        /// A segment file is closed once it is this long.
        public var segmentBytes = 64 * 1024 * 1024

        public init() {}
    }

    /// What was found and done when the directory was opened.
    public struct Recovery: Sendable, Equatable {
        /// Exchanges that were under way when the last process ended, now on record as interrupted.
        public var interrupted: [ExchangeID] = []
        /// Records that the index had missed.
        public var replayed = 0
        /// Bytes of a half-written last record that were cut off.
        public var truncatedBytes = 0
    }

    public let recovery: Recovery

    /// The index of the same directory, for approvals and listings.
    public let index: Index

    /// Opens `directory`, creates it (mode 0700) if need be, takes its lock, and recovers what the last process left behind.
    public init(directory: String, settings: Settings) async throws {
        fatalError()
    }

    /// Puts the beginning of an exchange on record.
    ///
    /// - Throws: ``RecordError`` if it could not be written. The exchange must then not go on.
    public func begin(_ start: ExchangeStart, at time: Timestamp = .now) throws(RecordError) -> ExchangeRecord {
        fatalError()
    }

    /// Waits until everything written is on disk and in the index, and closes the files. Nothing may be recorded afterwards.
    public func close() async {
    }
}

/// The record of one exchange under way.
///
/// Calls are synchronous, cost a `write` each and must come from one thread at a time (the exchange's event loop). Each throws if the record could not
/// be written: what it describes must then not be released. If the last reference goes before ``end(_:)``, the exchange is recorded as interrupted.
public final class ExchangeRecord {
    public let id: ExchangeID
    init(id: ExchangeID) { self.id = id }

    /// The review that the request waits for or runs under.
    public func reviewed(_ review: String) throws(RecordError) {}

    /// A piece of the request body, as masked for the record. `chunk` is the one that was fed to the masker in this step.
    public func request(_ bytes: MaskedBytes, chunk: UnsafeRawBufferPointer) throws(RecordError) {}

    /// The head of the response, before it is sent.
    public func response(status: Int, headers: [HeaderField]) throws(RecordError) {}

    /// A piece of the response body, before it is sent.
    public func response(_ bytes: MaskedBytes, chunk: UnsafeRawBufferPointer) throws(RecordError) {}

    /// A piece of a response body that policy passes on unscanned. It is counted and hashed, never kept.
    public func unscannedResponse(_ bytes: UnsafeRawBufferPointer) throws(RecordError) {}

    /// A piece of a body that Sluice itself wrote (a refusal).
    public func ownResponse(_ bytes: UnsafeRawBufferPointer) throws(RecordError) {}

    /// The end. Nothing may follow.
    public func end(_ end: ExchangeEnd) throws(RecordError) {}
}

/// Why a record could not be written or read.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String
    /// What to do.
    public var hint: String?

    public init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message)\nhint: \($0)" } ?? message }
}
