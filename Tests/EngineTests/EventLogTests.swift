// The queue of events that wait keeps them as differences: whatever goes in comes out, in order, and only when it may.

@testable import Engine
import Testing

@Suite struct EventLogTests {
    @Test("Events come out as they went in, each when it ends before the place asked for", arguments: Effort.seeds(200))
    func queue(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var log = EventLog()
        var expected: [(event: [UInt8], start: Int)] = []
        var place = generator.below(1000)
        var event = Array(#"data: {"id":"c-1","n":0,"choices":[{"delta":{"content":"abc"}}]}"#.utf8)
        for _ in 0..<generator.within(1...400) {
            if generator.oneIn(3), let first = expected.first {
                // A place before its end, at it, or behind it.
                let end = first.start + first.event.count
                let asked = generator.pick([first.start, end - 1, end, end + 1, Int.max])
                let popped = log.popFirst(endingBy: asked)
                if asked < end {
                    #expect(popped == nil, "seed \(seed)")
                } else {
                    #expect(popped?.event == first.event && popped?.start == first.start, "seed \(seed)")
                    expected.removeFirst()
                }
            } else {
                event = next(after: event, &generator)
                if expected.isEmpty { place += generator.below(50) }
                log.append(event, at: place)
                expected.append((event, place))
                place += event.count
            }
            #expect(log.isEmpty == expected.isEmpty && log.eventBytes == expected.reduce(0) { $0 + $1.event.count }, "seed \(seed)")
        }
        while let first = expected.first {
            #expect(log.popFirst(endingBy: .max)?.event == first.event, "seed \(seed)")
            expected.removeFirst()
        }
        #expect(log.isEmpty)
    }

    /// An event that has most in common with the one before, or nothing.
    private func next(after event: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        let bytes = Array("\",}{\n:ab01é".utf8)
        func random(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] { (0..<count).map { _ in generator.pick(bytes) } }
        if generator.oneIn(8) { return random(generator.within(1...300), &generator) }
        var changed = event
        for _ in 0..<generator.within(0...3) {
            let start = generator.within(0...changed.count)
            let end = min(changed.count, start + generator.below(9))
            changed.replaceSubrange(start..<end, with: random(generator.below(9), &generator))
        }
        return changed.isEmpty ? [0x7B] : changed
    }
}
