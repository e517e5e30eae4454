// What a process that ended at the wrong moment leaves behind, and what is made of it.

import Foundation
import Testing

@testable import Engine
@testable import Record

@Suite struct RecoveryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func whatTheIndexMissedIsReplayed() async throws {
        let recorder = try Recorder(directory: directory.path)
        let open = try recorder.begin(start("/open"))
        try open.response(status: 200, headers: [])
        // Bytes before the place to which the index has come count as well as those behind it.
        try passed("par") { try open.response($0, chunk: $1) }
        let indexed = try recorder.begin(start("/indexed"))
        recorder.flush()
        try indexed.end(ExchangeEnd(outcome: Outcome(.completed)))
        let late = try recorder.begin(start("/late"))
        try late.reviewed("r-1")
        try late.response(status: 403, headers: [])
        try late.end(ExchangeEnd(outcome: Outcome(.review)))
        try passed("tial") { try open.response($0, chunk: $1) }
        let crashed = try directory.copy()

        let recovered = try Recorder(directory: crashed.path)
        #expect(recovered.recovery.interrupted == [open.id])
        #expect(recovered.recovery.truncatedBytes == 0)
        recovered.close()
        let sessions = Sessions(recovered.index)
        #expect(try await sessions.list().map(\.exchanges) == [3])
        #expect(try await sessions.exchange(indexed.id)?.outcome == Outcome(.completed))
        let refused = try #require(try await sessions.exchange(late.id))
        #expect(refused.outcome == Outcome(.review) && refused.review == "r-1" && refused.status == 403)
        let interrupted = try #require(try await sessions.exchange(open.id))
        #expect(interrupted.outcome == Outcome(.interrupted, "process-ended"))
        #expect(interrupted.status == 200)
        #expect(interrupted.evidence?.response.bytesOut == 7)
        #expect(String(decoding: try await sessions.transcript(of: open.id).responseBody, as: UTF8.self) == "partial")

        let again = try Recorder(directory: crashed.path)
        #expect(again.recovery == Recovery())
        again.close()
        recorder.close()
    }

    /// The count goes on behind what is kept, so that an interrupted record does not claim that little was sent.
    @Test func bytesThatAreNotKeptAreCountedForInterruptedExchangesToo() async throws {
        var settings = Recorder.Settings()
        settings.bodyLimit = 1000
        let recorder = try Recorder(directory: directory.path, settings: settings)
        let open = try recorder.begin(start())
        let chunk = String(repeating: "x", count: 10_000)
        for _ in 0..<100 { try passed(chunk) { try open.response($0, chunk: $1) } }
        let crashed = try directory.copy()
        let recovered = try Recorder(directory: crashed.path, settings: settings)
        recovered.close()
        let sent = try #require(try await Sessions(recovered.index).exchange(open.id)?.evidence?.response.bytesOut)
        #expect(sent <= 1_000_000 && sent > 1_000_000 - ExchangeRecord.countInterval - chunk.utf8.count)
        recorder.close()
    }

    /// A lost index is made again from the segments alone.
    @Test func aFileCutOffAnywhereLosesOnlyItsLastRecord() async throws {
        let recorder = try Recorder(directory: directory.path)
        var ids: [ExchangeID] = []
        for number in 0..<3 {
            let exchange = try recorder.begin(start("/\(number)"))
            try exchange.response(status: 200, headers: [])
            try passed("body \(number)") { try exchange.response($0, chunk: $1) }
            try exchange.end(ExchangeEnd(outcome: Outcome(.completed)))
            ids.append(exchange.id)
        }
        recorder.close()
        try directory.removeIndex()
        let path = SegmentFiles(in: directory.path).path(1)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        // Where each frame ends, which exchange it is of, and whether it is its end.
        var boundaries: [(end: Int, id: ExchangeID?, kind: Frame.Kind?)] = [(Frame.fileHeader.count, nil, nil)]
        whole.withUnsafeBytes { file in
            _ = SegmentFiles.frames(in: file, from: 0) { boundaries.append(($0.range.upperBound, $0.exchange, $0.kind)) }
        }
        #expect(boundaries.last?.end == whole.count)
        #expect(boundaries.count == 13)

        for cut in 0...whole.count {
            // Every byte is checked by reading, each boundary and both its sides by a whole recovery.
            let survivors = boundaries.filter { $0.end <= cut }
            let readable = whole.prefix(cut).withUnsafeBytes { SegmentFiles.frames(in: $0, from: 0) { _ in } }
            #expect(readable == survivors.last?.end ?? 0, "cut at \(cut)")
            guard boundaries.contains(where: { abs($0.end - cut) <= 1 }) || cut % 97 == 0 else { continue }

            let crashed = try TemporaryDirectory()
            try FileManager.default.createDirectory(atPath: SegmentFiles(in: crashed.path).directory, withIntermediateDirectories: true)
            try whole.prefix(cut).write(to: URL(fileURLWithPath: SegmentFiles(in: crashed.path).path(1)))
            let recovered = try Recorder(directory: crashed.path)
            recovered.close()
            #expect(recovered.recovery.truncatedBytes == cut - readable, "cut at \(cut)")
            let sessions = Sessions(recovered.index)
            for id in ids {
                let begun = survivors.contains { $0.id == id }
                let ended = survivors.contains { $0.id == id && $0.kind == .end }
                let outcome = try await sessions.exchange(id)?.outcome?.kind
                #expect(outcome == (ended ? .completed : begun ? .interrupted : nil), "cut at \(cut)")
                #expect(recovered.recovery.interrupted.contains(id) == (begun && !ended))
            }
            let again = try Recorder(directory: crashed.path)
            #expect(again.recovery == Recovery(), "cut at \(cut)")
            again.close()
        }
    }

    @Test func whatIsCutOffIsKeptBesideTheSegment() throws {
        let recorder = try Recorder(directory: directory.path)
        try recorder.begin(start()).end(ExchangeEnd(outcome: Outcome(.completed)))
        recorder.close()
        let path = SegmentFiles(in: directory.path).path(1)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data("half a frame".utf8))
        try file.close()
        let recovered = try Recorder(directory: directory.path)
        #expect(recovered.recovery.truncatedBytes == 12)
        #expect(recovered.recovery.messages == ["bytes of a half-written last record cut off: 12"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".torn")) == Data("half a frame".utf8))
        recovered.close()
    }

    @Test func damageInAnEarlierSegmentIsToldAndTheRestIsRead() async throws {
        var settings = Recorder.Settings()
        settings.segmentBytes = 1500
        let recorder = try Recorder(directory: directory.path, settings: settings)
        for number in 0..<20 { try recorder.begin(start("/\(number)")).end(ExchangeEnd(outcome: Outcome(.completed))) }
        recorder.close()
        try directory.removeIndex()
        let path = SegmentFiles(in: directory.path).path(2)
        var contents = try Data(contentsOf: URL(fileURLWithPath: path))
        contents[contents.count / 2] ^= 1
        try contents.write(to: URL(fileURLWithPath: path))
        let recovered = try Recorder(directory: directory.path, settings: settings)
        #expect(recovered.recovery.damaged == [path])
        recovered.close()
        let targets = try await Sessions(recovered.index).exchanges(of: try await Sessions(recovered.index).list()[0].id).map(\.target)
        #expect(targets.contains("/0") && targets.contains("/19"))
    }

    /// A real `kill -9` of a real process in the middle of a response.
    @Test func nothingAcknowledgedIsLostWhenTheProcessIsKilled() async throws {
        let path = Self.path(ofChildOf: getpid())
        try? FileManager.default.removeItem(atPath: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = RecoveryTests.path(ofChildOf: getppid())
            let recorder = try Recorder(directory: path)
            let done = try recorder.begin(start("/done"))
            try done.end(ExchangeEnd(outcome: Outcome(.completed)))
            let open = try recorder.begin(start("/open"))
            try open.response(status: 200, headers: [])
            var acknowledged = 0
            for number in 0..<1000 {
                try passed("chunk \(number)\n") { try open.response($0, chunk: $1) }
                acknowledged += 1
            }
            try "\(done.id) \(open.id) \(acknowledged)".write(toFile: path + "/acknowledged", atomically: true, encoding: .utf8)
            kill(getpid(), SIGKILL)
        }
        let words = try String(contentsOfFile: path + "/acknowledged", encoding: .utf8).split(separator: " ")
        let done = try #require(ExchangeID(words[0]))
        let open = try #require(ExchangeID(words[1]))
        let recovered = try Recorder(directory: path)
        #expect(recovered.recovery.interrupted == [open])
        recovered.close()
        let sessions = Sessions(recovered.index)
        #expect(try await sessions.exchange(done)?.outcome == Outcome(.completed))
        #expect(try await sessions.exchange(open)?.outcome?.kind == .interrupted)
        let expected = (0..<(try #require(Int(words[2])))).map { "chunk \($0)\n" }.joined()
        #expect(String(decoding: try await sessions.transcript(of: open).responseBody, as: UTF8.self) == expected)
    }

    /// A frame that was written in part, here because the file may not grow, is cut off again: what comes after it can be read.
    @Test func aFrameWrittenInPartDoesNotStandInTheWay() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let files = SegmentFiles(in: directory.path)
            try FileManager.default.createDirectory(atPath: files.directory, withIntermediateDirectories: true)
            let writer = try SegmentWriter(files, segment: 1, settings: .init()) {}
            let frame = Frame.bytes(kind: .responseBody, time: .now, exchange: ExchangeID(at: .now), payload: [UInt8](repeating: 7, count: 1900))
            signal(SIGXFSZ, SIG_IGN)
            func limitFiles(to bytes: rlim_t) {
                var limit = rlimit(rlim_cur: bytes, rlim_max: .max)
                setrlimit(__rlimit_resource_t(1), &limit)
            }
            try frame.withUnsafeBytes { bytes throws in
                try writer.append(bytes)
                limitFiles(to: 3000)
                #expect(throws: RecordError.self) { try writer.append(bytes) }
                limitFiles(to: .max)
                try writer.append(bytes)
            }
            writer.close()
            let contents = try files.contents(1)
            var frames = 0
            let end = contents.withUnsafeBytes { SegmentFiles.frames(in: $0, from: 0) { _ in frames += 1 } }
            guard frames == 2, end == contents.count else { exit(1) }
        }
    }

    /// Parent and child work out the same name; nothing else can be handed over.
    static func path(ofChildOf parent: Int32) -> String { FileManager.default.temporaryDirectory.path + "/sluice-kill-\(parent)" }
}
