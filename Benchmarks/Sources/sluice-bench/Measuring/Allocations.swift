// Heap blocks that the engine takes once it is warm.

import CInstruments

struct Allocations: Codable, Equatable {
    /// Blocks and bytes asked for, per MB (10⁶ bytes) of input.
    var perMB, bytesPerMB: Double
    /// Blocks per call of `feed`.
    var perChunk: Double

    /// Counted from the second quarter of the body on, until before its end, in a pass that follows others: buffers have grown, nothing is opened or
    /// closed. Nil where the heap cannot be counted or the body is less than four chunks.
    init?(_ run: Run) throws {
        guard sluice_can_watch_heap(), run.ends.count >= 4 else { return nil }
        let first = run.ends.count / 4 - 1
        let last = run.ends.count - 1
        var counted = sluice_heap()
        _ = try run.mask { number in
            if number == first { sluice_watch_heap(true) }
            if number == last {
                counted = sluice_heap_figures()
                sluice_watch_heap(false)
            }
        }
        let megabytes = Double(run.ends[last] - run.ends[first]) / 1e6
        perMB = Double(counted.count) / megabytes
        bytesPerMB = Double(counted.bytes) / megabytes
        perChunk = Double(counted.count) / Double(last - first)
    }
}
