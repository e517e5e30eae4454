// Brings what the segment files say to the index, in batches, behind the event loops' backs.

import Foundation
import Synchronization

/// An event with the place behind its frame: once it is indexed, so is everything before that place.
struct QueuedEvent: Sendable {
    var event: IndexEvent
    var end: Position
}

/// Takes events from the writer and applies them to the index, one transaction per batch, on a queue of its own.
final class Indexer: Sendable {
    private let index: Index
    private let onTrouble: @Sendable (RecordError) -> Void
    private let queue = DispatchQueue(label: "sluice.record.index")
    private let writer = Mutex<SegmentWriter?>(nil)

    /// How long events gather before they are indexed.
    private static let gather = DispatchTimeInterval.milliseconds(50)
    /// How long to wait after a failure.
    private static let pause = DispatchTimeInterval.seconds(1)
    /// Events per transaction.
    private static let batchSize = 2000

    init(_ index: Index, onTrouble: @escaping @Sendable (RecordError) -> Void) {
        self.index = index
        self.onTrouble = onTrouble
    }

    func start(_ writer: SegmentWriter) { self.writer.withLock { $0 = writer } }

    /// Ends the work, and the circle of references between this and the writer.
    func stop() { writer.withLock { $0 = nil } }

    /// Says that events wait. Returns at once.
    func wake() { queue.asyncAfter(deadline: .now() + Self.gather) { self.work() } }

    /// Waits until all events that wait now are in the index, or failed to get there.
    func flush() { queue.sync { work() } }

    private func work() {
        guard let writer = writer.withLock({ $0 }) else { return }
        var events = writer.takeEvents()[...]
        while !events.isEmpty {
            let batch = events.prefix(Self.batchSize)
            do {
                try index.apply(batch)
                events = events.dropFirst(batch.count)
            } catch {
                writer.returnEvents(Array(events))
                onTrouble(RecordError.database(error, index.directory))
                queue.asyncAfter(deadline: .now() + Self.pause) { self.work() }
                return
            }
        }
    }
}
