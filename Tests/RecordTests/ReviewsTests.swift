// Approvals: who may decide, and that a request runs at most once.

import Foundation
import Synchronization
import Testing

@testable import Engine
@testable import Record

@Suite struct ReviewsTests {
    private let directory: TemporaryDirectory
    private let index: Index
    private let reviews: Reviews
    private let clock = ManualClock()
    private let bob = Approver(name: "bob", groups: ["leads"], proof: "os-user bob")

    init() throws {
        directory = try TemporaryDirectory()
        index = try Index(directory: directory.path, create: true)
        let clock = clock
        reviews = Reviews(index, now: { clock.now })
    }

    final class ManualClock: Sendable {
        private let time = Mutex(Timestamp(microseconds: 1_800_000_000_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    private func request(_ body: String = "body", identity: String = "agent", target: String = "/customers/7") -> ReviewRequest {
        let builder = RequestFingerprint.Builder(
            identity: identity, connection: "vendor", method: "DELETE", target: target, headers: [HeaderField(name: "content-type", value: "text/plain")])
        Array(body.utf8).withUnsafeBytes { builder.body($0) }
        return ReviewRequest(
            fingerprint: builder.finish(), identity: identity, owner: "alice", connection: "vendor", method: "DELETE", target: target,
            policy: "deletions", reason: "for good", approvers: ["leads", "security"], deadline: .seconds(900))
    }

    private func waiting(_ admission: Admission) throws -> Review {
        guard case .wait(let review) = admission else { throw RecordError("not waiting: \(admission)") }
        return review
    }

    @Test func askedApprovedRunOnce() async throws {
        let first = ExchangeID(at: .now)
        let asked = try waiting(try await reviews.admit(request(), exchange: first))
        #expect(asked.state == .pending && asked.exchange == first && asked.approvers == ["leads", "security"])
        #expect(asked.id.wholeMatch(of: /r-[0-9a-hjkmnp-tv-z]{10}/) != nil)
        #expect(try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now))).id == asked.id)

        let approved = try await reviews.approve(asked.id, by: bob, note: "go ahead")
        #expect(approved.state == .approved && approved.decidedBy == "bob" && approved.note == "go ahead")

        let second = ExchangeID(at: .now)
        guard case .run(let run) = try await reviews.admit(request(), exchange: second) else { throw RecordError("does not run") }
        #expect(run.id == asked.id && run.state == .used && run.usedBy == second)
        #expect(try await reviews.review(asked.id) == run)

        let anew = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        #expect(anew.id != asked.id)
        #expect(try await reviews.history(of: asked.id).map(\.state) == [.pending, .approved, .used])
        #expect(try await reviews.history(of: asked.id)[1].proof == "os-user bob")
        #expect(try await reviews.list().map(\.state).sorted { $0.rawValue < $1.rawValue } == [.pending, .used])
        #expect(try await reviews.list([.used]).map(\.id) == [asked.id])
    }

    @Test func anythingElseNeedsItsOwnApproval() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        _ = try await reviews.approve(asked.id, by: bob)
        for other in [request("bodY"), request(""), request(identity: "agent2"), request(target: "/customers/8")] {
            #expect(try waiting(try await reviews.admit(other, exchange: ExchangeID(at: .now))).id != asked.id)
        }
    }

    @Test func partsOfAFingerprintDoNotRunTogether() {
        func print(_ identity: String, _ connection: String, headers: [HeaderField] = [], body: String = "") -> RequestFingerprint {
            let builder = RequestFingerprint.Builder(identity: identity, connection: connection, method: "M", target: "/", headers: headers)
            // The same bytes in other pieces are the same body.
            for byte in body.utf8 { withUnsafeBytes(of: byte) { builder.body($0) } }
            return builder.finish()
        }
        #expect(print("ab", "c") != print("a", "bc"))
        #expect(print("a", "b", headers: [.init(name: "x", value: "")]) != print("a", "b", body: "x"))
        #expect(print("a", "b", headers: [.init(name: "x", value: "y")]) != print("a", "b", headers: [.init(name: "xy", value: "")]))
        #expect(print("a", "b", body: "xy") == print("a", "b", body: "xy"))
    }

    @Test func ofManyAtOnceOneRuns() async throws {
        for _ in 0..<5 {
            let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
            _ = try await reviews.approve(asked.id, by: bob)
            // Two pools on one file, as two processes would have.
            let clock = clock
            let other = Reviews(try Index(directory: directory.path), now: { clock.now })
            let request = request()
            let reviews = reviews
            let admissions = try await withThrowingTaskGroup(of: Admission.self) { group in
                for number in 0..<16 {
                    group.addTask { try await (number % 2 == 0 ? reviews : other).admit(request, exchange: ExchangeID(at: .now)) }
                }
                return try await group.reduce(into: [Admission]()) { $0.append($1) }
            }
            let runs = admissions.filter { if case .run = $0 { true } else { false } }
            #expect(runs.count == 1)
            let waits = Set(admissions.compactMap { if case .wait(let review) = $0 { review.id } else { nil } })
            #expect(waits.count == 1 && !waits.contains(asked.id))
            clock.advance(.seconds(1000))
        }
    }

    @Test func ofTwoDecisionsAtOnceOneHolds() async throws {
        let other = Reviews(try Index(directory: directory.path), now: { [clock] in clock.now })
        for number in 0..<10 {
            let asked = try waiting(try await reviews.admit(request("\(number)"), exchange: ExchangeID(at: .now)))
            async let approval = try? reviews.approve(asked.id, by: bob)
            async let denial = try? other.deny(asked.id, by: bob)
            let decided = await [approval, denial].compactMap { $0 }
            #expect(decided.count == 1)
            #expect(try await reviews.review(asked.id) == decided[0])
        }
    }

    @Test func whoAskedCannotDecide() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        for name in ["agent", "alice"] {
            let self_ = Approver(name: name, groups: ["leads"], proof: "test")
            await #expect(throws: ReviewError.ownRequest(id: asked.id)) { try await reviews.approve(asked.id, by: self_) }
            await #expect(throws: ReviewError.ownRequest(id: asked.id)) { try await reviews.deny(asked.id, by: self_) }
        }
        let stranger = Approver(name: "carol", groups: ["agents"], proof: "test")
        await #expect(throws: ReviewError.notApprover(id: asked.id, groups: ["leads", "security"])) {
            try await reviews.approve(asked.id, by: stranger)
        }
        await #expect(throws: ReviewError.unknown(id: "r-0")) { try await reviews.approve("r-0", by: bob) }
        #expect(try await reviews.review(asked.id)?.state == .pending)
        #expect(try await reviews.history(of: asked.id).count == 1)
    }

    @Test func aDenialStandsUntilTheDeadline() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        let denied = try await reviews.deny(asked.id, by: bob, note: "not today")
        #expect(try await reviews.admit(request(), exchange: ExchangeID(at: .now)) == .denied(denied))
        await #expect(throws: ReviewError.settled(id: asked.id, .denied)) { try await reviews.approve(asked.id, by: bob) }
        clock.advance(.seconds(900))
        #expect(try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now))).id != asked.id)
        #expect(try await reviews.review(asked.id)?.state == .denied)
    }

    @Test func nothingHappensAfterTheDeadline() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        let approved = try waiting(try await reviews.admit(request("other"), exchange: ExchangeID(at: .now)))
        _ = try await reviews.approve(approved.id, by: bob)
        clock.advance(.seconds(899))
        #expect(try await reviews.review(asked.id)?.state == .pending)
        clock.advance(.seconds(1))
        #expect(try await reviews.review(asked.id)?.state == .expired)
        #expect(try await reviews.list([.expired]).count == 2)
        await #expect(throws: ReviewError.settled(id: asked.id, .expired)) { try await reviews.approve(asked.id, by: bob) }
        #expect(try waiting(try await reviews.admit(request("other"), exchange: ExchangeID(at: .now))).id != approved.id)
        #expect(try await reviews.history(of: approved.id).map(\.state) == [.pending, .approved, .expired])
    }

    @Test func waitingEndsWithTheDecisionOfAnotherProcess() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        let still = try await reviews.wait(for: asked.id, timeout: .milliseconds(50))
        #expect(still?.state == .pending)
        let other = Reviews(try Index(directory: directory.path), now: { [clock] in clock.now })
        let bob = bob
        async let decision: Void = {
            try await Task.sleep(for: .milliseconds(100))
            _ = try await other.approve(asked.id, by: bob)
        }()
        let begin = ContinuousClock.now
        #expect(try await reviews.wait(for: asked.id, timeout: .seconds(20))?.state == .approved)
        #expect(ContinuousClock.now - begin < .seconds(10))
        try await decision
        #expect(try await reviews.wait(for: "r-0", timeout: .seconds(20)) == nil)
    }

    @Test func reviewsOutliveTheProcess() async throws {
        let asked = try waiting(try await reviews.admit(request(), exchange: ExchangeID(at: .now)))
        _ = try await reviews.approve(asked.id, by: bob)
        let crashed = try directory.copy()
        let again = Reviews(try Index(directory: crashed.path), now: { [clock] in clock.now })
        guard case .run(let run) = try await again.admit(request(), exchange: ExchangeID(at: .now)) else { throw RecordError("does not run") }
        #expect(run.id == asked.id)
    }

    @Test func aDirectoryWithoutRecordsIsToldSo() throws {
        let empty = try TemporaryDirectory()
        #expect { try Index(directory: empty.path) } throws: { "\($0)".contains("there are no records in") && "\($0)".contains("hint:") }
    }
}
