// Times at which policies hold: by the clocks of a place, past midnight, and where clocks are changed.

import Foundation
import Record
import Testing

@testable import Proxy

@Suite("Policies with times, and policies that only report", .timeLimit(.minutes(2)))
struct ScheduleTests {
    private static func schedule(_ days: [String], _ hours: [String], _ zone: String = "UTC") throws -> Schedule {
        Schedule(
            days: try days.reduce(into: Set()) { $0.formUnion(try #require(Schedule.days($1))) }, hours: try hours.map { try #require(Schedule.Hours($0)) },
            timeZone: try #require(TimeZone(identifier: zone)))
    }

    private static func moment(_ text: String) throws -> Date { try #require(Rehearsal.Request.time(text)) }

    // 2027-01-04 is a Monday.
    @Test(arguments: [
        ("2027-01-04T08:00:00Z", true), ("2027-01-04T07:59:59Z", false), ("2027-01-04T17:59:59Z", true), ("2027-01-04T18:00:00Z", false), ("2027-01-08T12:00:00Z", true),
        ("2027-01-09T12:00:00Z", false), ("2027-01-10T12:00:00Z", false), ("2027-01-04T08:30:00+01:00", false), ("2027-01-04T18:30:00+01:00", true),
    ])
    func workingHours(_ at: String, _ expected: Bool) throws {
        #expect(try Self.schedule(["mon-fri"], ["08:00-18:00"]).contains(Self.moment(at)) == expected)
    }

    @Test(arguments: [
        ("2027-01-08T21:59:00Z", false), ("2027-01-08T22:00:00Z", true), ("2027-01-09T05:59:00Z", true), ("2027-01-09T06:00:00Z", false),
        // It begins on a Friday: not the night before, nor the one after.
        ("2027-01-08T03:00:00Z", false), ("2027-01-09T23:00:00Z", false),
    ])
    func nights(_ at: String, _ expected: Bool) throws {
        #expect(try Self.schedule(["fri"], ["22:00-06:00"]).contains(Self.moment(at)) == expected)
        // Saturday's night ends on Sunday, which is the first day of the calendar's week.
        let later = try Self.moment(at).addingTimeInterval(86_400)
        #expect(try Self.schedule(["sat"], ["22:00-06:00"]).contains(later) == expected)
    }

    /// Berlin put its clocks forward on 2027-03-28 at 02:00 and back on 2027-10-31 at 03:00.
    @Test(arguments: [
        // Winter is an hour ahead of UTC, summer two.
        ("2027-03-27T07:30:00Z", true), ("2027-03-28T06:30:00Z", true), ("2027-03-27T06:30:00Z", false), ("2027-10-30T06:30:00Z", true), ("2027-10-31T06:30:00Z", false),
    ])
    func clocksThatChange(_ at: String, _ expected: Bool) throws {
        #expect(try Self.schedule([], ["08:00-09:00"], "Europe/Berlin").contains(Self.moment(at)) == expected)
    }

    @Test func theHourThatComesTwiceAndTheOneThatNeverComes() throws {
        let schedule = try Self.schedule([], ["02:00-03:00"], "Europe/Berlin")
        func minutes(_ from: String) throws -> Int { let start = try Self.moment(from); return (0..<1440).count { schedule.contains(start.addingTimeInterval(Double($0) * 60)) } }
        #expect(try minutes("2027-06-01T00:00:00Z") == 60)
        #expect(try minutes("2027-10-30T20:00:00Z") == 120)
        #expect(try minutes("2027-03-27T20:00:00Z") == 0)
    }

    @Test func whatIsWrittenIsRead() {
        #expect(Schedule.days("fri-mon") == [6, 7, 1, 2])
        #expect(Schedule.days("sun") == [1])
        for text in ["", "mo", "mon-", "mon-tue-wed", "MON"] { #expect(Schedule.days(text) == nil) }
        for text in ["8:00-18:00", "08:00", "08:00-08:00", "24:00-08:00", "08:00-24:01", "08:60-09:00", "08:00–18:00", "aa:00-bb:00", "-1:00-02:00"] { #expect(Schedule.Hours(text) == nil, "\(text)") }
        #expect(Schedule.Hours("18:00-24:00")?.end == 1440)
    }

    private static func parse(_ policy: String) throws -> Configuration {
        try Configuration.parse(
            """
            listen: {port: 8080}
            data: data
            connections: [{name: v, upstream: "http://127.0.0.1:1"}]
            keys: [{name: agent, hash: "sha256:\(String(repeating: "ab", count: 32))", groups: [agents]}]
            policies:
              - {groups: [agents], connections: [v], decision: allow}
              - {name: closed, groups: [agents], connections: [v], decision: deny, \(policy)}

            """, file: "sluice.yaml", environment: [:])
    }

    @Test func aPolicyHoldsAtItsTimes() throws {
        let policies = try Self.parse("when: {days: [sat, sun], time_zone: America/New_York}").policies
        let agent = Identity(name: "agent", groups: ["agents"])
        func decision(_ at: String) throws -> Decision { policies.decide(identity: agent, connection: "v", method: "GET", path: "/", time: try Self.moment(at)) }
        #expect(try decision("2027-01-09T12:00:00-05:00") == .deny(policy: "closed", reason: nil))
        #expect(try decision("2027-01-08T23:59:00-05:00") == .allow(policy: "policy 1"))
        #expect(try decision("2027-01-09T00:00:00Z") == .allow(policy: "policy 1"))
    }

    @Test(
        arguments: [
            ("when: {days: [someday]}", "\"someday\" is not a day", "mon-fri"), ("when: {hours: [\"9-17\"]}", "\"9-17\" are not hours", "08:00-18:00"),
            ("when: {days: [mon], time_zone: Europe/Berln}", "no time zone \"Europe/Berln\"", "did you mean \"Europe/Berlin\"?"), ("when: {time_zone: UTC}", "names neither days nor hours", "days: [mon-fri]"),
            ("when: {day: mon}", "unknown setting \"day\"", "did you mean \"days\"?"), ("mode: reprot", "\"policies[2].mode\" cannot be \"reprot\"", "did you mean \"report\"?"),
        ])
    func mistakes(_ policy: String, _ message: String, _ hint: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.parse(policy) }
        #expect(error?.problems.contains { $0.line == 7 && $0.message.contains(message) && ($0.hint ?? "").contains(hint) } == true, "\(String(describing: error))")
    }

    // MARK: Policies that mask

    @Test("a policy has requests masked where it applies, whichever decides, and the explanation says so")
    func masksRequests() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        func policy(_ name: String, groups: [String] = ["agents"], path: String, masks: Bool = true, mode: Policy.Mode = .enforce) -> Policy {
            Policy(name: name, groups: groups, connections: ["*"], methods: ["*"], paths: [PathPattern(path)!], mode: mode, masksRequests: masks, effect: .allow)
        }
        try await withGateway(to: vendor.port) { configuration in
            configuration.policies = PolicySet([
                policy("use", path: "/**", masks: false), policy("agents", path: "/personal/*"), policy("others", groups: ["others"], path: "/**"), policy("tried", path: "/tried", mode: .report),
            ])
        } _: { gateway in
            for (path, isMasked) in [("/personal/x", true), ("/plain", false), ("/tried", false)] {
                let body = "card \(TestRules.cardNumber)"
                #expect(try gateway.exchange("POST /v\(path)", ["Content-Type: text/plain"], body: body).status == 200)
                let sent = try #require(vendor.requests.last)
                #expect(sent.text == (isMasked ? "card \(TestRules.label)" : body), "\(path)")
                #expect(sent["content-length"] == "\(sent.body.count)")
            }
        }
    }

    // MARK: Policies that only report

    @Test("a policy that only reports decides nothing, and the record says what it would have decided")
    func reports() async throws {
        let vendor = try FakeVendor.answering { _ in response("done") }
        defer { vendor.stop() }
        func policy(_ name: String, path: String, mode: Policy.Mode = .report, _ effect: Policy.Effect, on scope: OperationScope? = nil) -> Policy {
            Policy(name: name, groups: ["agents"], connections: ["*"], methods: ["*"], paths: [PathPattern(path)!], operations: scope, mode: mode, effect: effect)
        }
        let truncations = OperationScope(names: [.init("sql.truncate-table")])
        try await withGateway(to: vendor.port) { configuration in
            configuration.policies = PolicySet([
                policy("use", path: "/open/**", mode: .enforce, .allow), policy("no drafts", path: "/open/drafts", .deny(reason: nil)), policy("more", path: "/closed/**", .allow),
                policy("lift", path: "/open/sql", .allow, on: truncations), policy("ask", path: "/open/asked", .approve(ApprovalTerms(approvers: ["chiefs"], reason: nil, deadline: .seconds(9)))),
            ])
        } _: { gateway in
            let truncate = #"{"sql": "TRUNCATE \#("TABLE") users"}"#
            let table: [(line: String, body: String?, status: Int, dryRun: PolicyOutcome?)] = [
                ("GET /v/open/x", nil, 200, nil), ("GET /v/open/drafts", nil, 200, .init(decision: .deny, policy: "no drafts")),
                ("GET /v/closed/x", nil, 403, .init(decision: .allow, policy: "more")), ("GET /v/other", nil, 403, nil), ("POST /v/open/sql", truncate, 403, .init(decision: .allow, policy: "lift")),
                ("GET /v/open/asked", nil, 200, .init(decision: .approve, policy: "ask")), ("POST /v/open/x", truncate, 403, nil),
            ]
            for one in table {
                let answer = try gateway.exchange(one.line, one.body == nil ? [] : ["Content-Type: application/json"], body: one.body)
                #expect(answer.status == one.status, "\(one.line): \(answer.text)")
                #expect(try gateway.record(of: answer).exchange.evidence?.dryRun == one.dryRun, "\(one.line)")
            }
        }
    }
}
