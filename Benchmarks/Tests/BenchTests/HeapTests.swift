import CInstruments
import Testing

@testable import sluice_bench

// Other tests allocate at the same time, so figures are lower bounds.
@Suite struct HeapTests {
    private final class Block { var bytes = (0, 0, 0, 0) }

    @Test(.enabled(if: sluice_can_watch_heap())) func everyBlockOfTheSwiftRuntimeIsCounted() {
        var kept: [Block] = []
        kept.reserveCapacity(1000)
        sluice_watch_heap(true)
        for _ in 0..<1000 { kept.append(Block()) }
        let after = sluice_heap_figures()
        sluice_watch_heap(false)
        #expect(after.count >= 1000 && after.bytes >= 48_000 && after.live >= 48_000)
        withExtendedLifetime(kept) {}
        #expect(sluice_heap_figures().count >= after.count)
    }
}
