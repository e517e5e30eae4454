// What a stream costs in memory while it is open, with others open beside it.

import CInstruments
import Engine

struct StreamState: Codable {
    var workload: String
    var streams: Int
    /// Bytes of one stream: the masker itself and its heap blocks, without what all streams share.
    /// Just opened; at the end of the body with nothing held, nil if something is held there; and the most behind any chunk.
    var opened, most: Int
    var idle: Int?
    /// GB/s of input, all streams together, each fed one chunk in turn.
    var engine: Rounds

    /// - Throws: ``MaskError``, or ``UnevenStreams`` if streams that were fed the same did not come to the same.
    static func measure(_ run: Run, title: String, streams: Int, rounds: Int) throws -> StreamState {
        // Shared workspaces grow to what one stream needs of them.
        _ = try run.mask()
        var speeds: [Double] = []
        for _ in 0..<rounds { speeds.append(Double(run.bytes * streams) / Double(try feed(run, streams) { _, _ in })) }

        let inline = MemoryLayout<Masker>.stride
        var state = StreamState(workload: title, streams: streams, opened: 0, most: 0, idle: nil, engine: Rounds(speeds))
        sluice_watch_heap(true)
        defer { sluice_watch_heap(false) }
        var before: Int64 = 0
        _ = try feed(run, streams) { moment, maskers in
            let live = sluice_heap_figures().live
            if moment == .before { before = live }
            let each = inline + Int(live - before) / streams
            switch moment {
            case .before: break
            case .opened: state.opened = each
            case .chunk: state.most = max(state.most, each)
            case .end: state.idle = maskers.allSatisfy { $0.statistics.held == 0 } ? each : nil
            }
        }
        return state
    }

    private enum Moment { case before, opened, chunk, end }

    /// Feeds `streams` maskers in turns.
    ///
    /// - Parameter look: called at each moment, outside of the time taken.
    /// - Returns: nanoseconds in `feed`.
    private static func feed(_ run: Run, _ streams: Int, look: (Moment, [Masker]) -> Void) throws -> Int {
        var maskers: [Masker] = []
        maskers.reserveCapacity(streams)
        look(.before, maskers)
        for _ in 0..<streams { maskers.append(Masker(run.rules, format: run.format)) }
        look(.opened, maskers)
        var nanoseconds = 0
        try run.body.withBytes { bytes in
            var at = 0
            for end in run.ends {
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[at..<end])
                let start = now()
                for index in maskers.indices { _ = try maskers[index].feed(chunk) }
                nanoseconds += now() - start
                at = end
                look(.chunk, maskers)
            }
        }
        look(.end, maskers)
        for index in maskers.indices {
            _ = try maskers[index].finish()
            if maskers[index].statistics.bytesOut != maskers[0].statistics.bytesOut { throw UnevenStreams(index: index) }
        }
        return max(nanoseconds, 1)
    }
}

struct UnevenStreams: Error, CustomStringConvertible {
    var index: Int
    var description: String { "stream \(index) was fed the same as stream 0 and gave another number of bytes" }
}
