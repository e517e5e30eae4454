import Operations
import Testing

@Suite struct OperationTests {
    @Test("Reasons have the names that configurations use")
    func reasons() {
        #expect(Obscurity.Reason.allCases.map(\.rawValue) == ["computed", "too-deep", "malformed", "too-long"])
    }
}
