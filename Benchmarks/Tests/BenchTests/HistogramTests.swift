import Testing

@testable import sluice_bench

@Suite struct HistogramTests {
    @Test func percentilesAreSamplesByNearestRank() {
        let histogram = Histogram((1...100).reversed())
        #expect([histogram.p50, histogram.p90, histogram.p99, histogram.max] == [50, 90, 99, 100])
        let three = Histogram([7, 1, 3])
        #expect([three.p50, three.p90, three.p99, three.max] == [3, 7, 7, 7])
        let none = Histogram([])
        #expect([none.samples, none.p50, none.p99, none.max] == [0, 0, 0, 0])
    }

    @Test func bucketsEndBeforePowersOfTwoAndHoldEverySample() {
        let histogram = Histogram([0, 0, 1, 2, 3, 4, 1000])
        #expect(
            histogram.buckets == [
                .init(upTo: 0, count: 2), .init(upTo: 1, count: 1), .init(upTo: 3, count: 2), .init(upTo: 7, count: 1), .init(upTo: 1023, count: 1),
            ])
        #expect(histogram.share(upTo: 3) == 5.0 / 7)
    }

    @Test func theMedianOfAnEvenNumberIsAFigureThatWasMeasured() {
        #expect(Rounds([4, 1, 3, 2]).median == 2)
        #expect(Rounds([5, 1, 9]).median == 5)
        #expect((Rounds([2, 9]) / Rounds([4, 3])).values == [0.5, 3])
    }

    @Test func doublingAndHalvingCancelOut() {
        #expect(abs(geometricMean([2, 0.5, 1]) - 1) < 1e-12)
    }
}
