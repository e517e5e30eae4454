// Policies that can never decide: found where they are, and nowhere else.

import Foundation
import Operations
import Testing

@testable import Proxy

@Suite("Policies that can never decide", .timeLimit(.minutes(3)))
struct PolicyReachTests {
    // MARK: Paths

    /// Every path of up to three segments over a few names, and one that ends with a slash.
    private static let paths: [String] = {
        let names = ["a", "b", "ab", "ba", "c", "ac", "acb"]
        var paths = [""]
        var all: [String] = []
        for _ in 0..<3 {
            paths = paths.flatMap { path in names.map { path + "/" + $0 } }
            all += paths + paths.map { $0 + "/" }
        }
        return ["/"] + all
    }()

    private static func pattern(_ generator: inout SeededGenerator) -> PathPattern {
        while true {
            let text = "/" + (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                Int.random(in: 0..<4, using: &generator) == 0 ? "**" : (0..<Int.random(in: 0...2, using: &generator)).map { _ in ["a", "b", "*"].randomElement(using: &generator)! }.joined()
            }.joined(separator: "/")
            // Targets with an empty segment are refused before policies see them.
            if let pattern = PathPattern(text), !text.dropLast().contains("//"), !text.hasSuffix("//") { return pattern }
        }
    }

    @Test("a path that is found is one, and where none is found there is none")
    func witnesses() {
        var found = 0
        for seed in UInt64(0)..<600 {
            var generator = SeededGenerator(seed: seed)
            let pattern = Self.pattern(&generator)
            let some = (0..<Int.random(in: 0...2, using: &generator)).map { _ in Self.pattern(&generator) }
            let none = (0..<Int.random(in: 0...3, using: &generator)).map { _ in Self.pattern(&generator) }
            func fits(_ path: String) -> Bool { pattern.matches(path) && (some.isEmpty || some.contains { $0.matches(path) }) && !none.contains { $0.matches(path) } }
            if let path = PathWitness.path(matching: pattern, andOneOf: some, butNoneOf: none) {
                found += 1
                #expect(fits(path) && !path.contains("//"), "seed \(seed): \(path) for \(pattern), \(some), not \(none)")
            } else if let path = Self.paths.first(where: fits) {
                Issue.record("seed \(seed): \(path) was not found for \(pattern), \(some), not \(none)")
            }
        }
        #expect(found > 200 && found < 400)
    }

    // MARK: Policies

    private static let catalogue: Catalogue = {
        var catalogue = Catalogue()
        catalogue.add(.init("x.one", severity: .low, verdict: .allow, sentence: "one"))
        catalogue.add(.init("x.two", severity: .high, verdict: .block, sentence: "two", permitted: [Glob("mine")]))
        catalogue.add(.init("y.one", severity: .medium, verdict: .approve, sentence: "three", protected: [Glob("root")]))
        return catalogue
    }()

    private static func policies(_ generator: inout SeededGenerator) -> [Policy] {
        func some(_ all: [String], _ generator: inout SeededGenerator) -> [String] {
            let chosen = all.filter { _ in Bool.random(using: &generator) }
            return chosen.isEmpty || chosen.count == all.count && Bool.random(using: &generator) ? ["*"] : chosen
        }
        return (0..<Int.random(in: 1...5, using: &generator)).map { index in
            var scope: OperationScope?
            if Int.random(in: 0..<3, using: &generator) == 0 {
                scope = OperationScope(
                    names: [["x.*"], ["x.two"], ["x.one", "y.one"], []].randomElement(using: &generator)!.map { Glob($0) }, severity: [.low, .medium, .high].randomElement(using: &generator)!,
                    objects: [[], [], ["mine"], ["**"]].randomElement(using: &generator)!.map { Glob($0) })
            }
            let effect: Policy.Effect = [.allow, .deny(reason: nil), .approve(ApprovalTerms(approvers: ["l"], reason: nil, deadline: .seconds(9)))].randomElement(using: &generator)!
            return Policy(
                name: "\(index)", groups: some(["g", "h"], &generator), connections: some(["v", "w"], &generator), methods: some(["GET", "PUT"], &generator),
                paths: [["/a"], ["/a", "/b"], ["/*"], ["/**"], ["/a/**"], ["/a*", "/b"]].randomElement(using: &generator)!.compactMap { PathPattern($0) }, operations: scope, effect: effect)
        }
    }

    /// Names of the policies that decide about some request, or some operation of one that is admitted.
    private static func deciding(_ set: PolicySet) -> Set<String> {
        var names: Set<String> = []
        let verdicts = ["x.one", "x.two", "y.one"].flatMap { name in
            ["", "mine", "root", "other"].map { catalogue.verdict(on: Operation(name, object: $0, range: 0..<1)) }
        } + [catalogue.verdict(on: Operation("unknown", object: "mine", range: 0..<1))]
        for groups in [[], ["g"], ["h"], ["g", "h"]] {
            for connection in ["v", "w"] {
                for method in ["GET", "PUT", "POST"] {
                    for path in ["/", "/a", "/b", "/c", "/ab", "/a/", "/a/b", "/b/a", "/c/c"] {
                        let request = AccessRequest(identity: Identity(name: "i", groups: groups), connection: connection, method: method, path: path, time: .distantPast)
                        let admission = set.decide(request)
                        switch admission {
                        case .deny(let policy, _):
                            if let policy { names.insert(policy) }
                            continue
                        case .allow(let policy), .approve(let policy, _): names.insert(policy)
                        }
                        for verdict in verdicts {
                            switch set.rule(on: [verdict], admission: admission, request: request).effect {
                            case .pass(.some(let policy)), .approve(let policy, _), .refuse(.some(let policy), _): names.insert(policy)
                            default: break
                            }
                        }
                    }
                }
            }
        }
        return names
    }

    @Test("a policy is called dead if no request and no operation is decided by it")
    func agreesWithTrying() {
        var dead = 0
        for seed in UInt64(0)..<400 {
            var generator = SeededGenerator(seed: seed)
            let policies = Self.policies(&generator)
            let deciding = Self.deciding(PolicySet(policies))
            let reach = PolicyReach(policies: policies, connections: ["v", "w"])
            for (index, policy) in policies.enumerated() {
                let death = policy.operations == nil ? reach.deathOfAdmission(index) : reach.deathOfScope(index, Self.catalogue)
                if death != nil { dead += 1 }
                let said: Comment = "seed \(seed), policy \(policy.name), \(String(describing: death))"
                #expect(death == nil || !deciding.contains(policy.name), said)
                // How grave an operation is depends on what it is done to, so policies about objects may be dead without being called so; and what closes a connection kills none.
                if policies.allSatisfy({ ($0.operations?.objects.isEmpty ?? true) && !PolicyReach.closes($0) }) { #expect(death != nil || deciding.contains(policy.name), said) }
            }
        }
        #expect(dead > 50)
    }

    // MARK: Configurations

    private static func parse(_ policies: String) throws -> Configuration {
        try Configuration.parse(
            """
            listen: {port: 8080}
            data: data
            connections: [{name: v, upstream: "http://127.0.0.1:1"}, {name: w, upstream: "http://127.0.0.1:1"}]
            keys: [{name: agent, hash: "sha256:\(String(repeating: "ab", count: 32))", groups: [agents, interns]}]
            people: [{name: ada, groups: [leads]}]
            policies:
              - {name: use, groups: [agents], connections: ['*'], decision: allow}

            """ + policies, file: "sluice.yaml", environment: [:])
    }

    @Test(
        "a policy that can never decide is refused where it stands, and so are names that nothing has",
        arguments: [
            ("  - {groups: [agents], connections: [v], methods: [GET], decision: allow}", "policy \"policy 2\" never decides: wherever it applies, \"use\" does", "remove it"),
            ("  - {groups: [agnts], connections: [v], decision: deny}", "there is no group \"agnts\"", "did you mean \"agents\"?"),
            ("  - {groups: [leads], connections: [v], decision: deny}", "only people have it", "known: agents, interns"),
            ("  - {groups: [], connections: [v], decision: deny}", "\"policies[2].groups\" is empty", "[agents]"),
            ("  - {groups: [interns], connections: [x], decision: deny}", "there is no connection \"x\"", "did you mean"),
            ("  - {groups: [interns], connections: [v], methods: [GTE], decision: deny}", "\"GTE\" is not a method", "did you mean \"GET\"?"),
            ("  - {groups: [interns], connections: [v], methods: [CONNECT], decision: deny}", "\"CONNECT\" is not a method", "methods: [GET, POST]"),
            ("  - {groups: [interns], connections: [v], paths: [\"/a//b\"], decision: deny}", "no path matches \"/a//b\"", "refused in any case"),
            ("  - {groups: [interns], connections: [v], paths: [\"/%61\"], decision: deny}", "no path matches \"/%61\"", "decode"),
            ("  - {groups: [interns], connections: [v], paths: [\"/é/*\"], decision: deny}", "no path matches \"/é/*\"", "/%C3%A9/*"),
            ("  - {groups: [interns], connections: [v], paths: [\"/a%2fb\"], decision: deny}", "no path matches", "refused in any case"),
        ])
    func refusals(entry: String, message: String, hint: String) {
        do {
            _ = try Self.parse(entry + "\n")
            Issue.record("it was accepted")
        } catch let error as ConfigurationError {
            #expect(error.problems.contains { $0.line == 8 && $0.message.contains(message) && ($0.hint ?? "").contains(hint) }, "\(error)")
        } catch {
            Issue.record(error)
        }
    }

    @Test(
        "so is one about operations",
        arguments: [
            ("operations: [sql.drop-tabel], decision: deny", "there is no operation \"sql.drop-tabel\"", "did you mean \"sql.drop-table\"?"),
            ("operations: [sql.drop-table], objects: [dev_*], decision: allow", "wherever it applies, \"drops\" does", "deny holds before"),
            ("operations: [sql.select], severity: critical, decision: deny", "none of its operations is so grave", "severity"),
            ("operations: ['git.*'], methods: [PUT], paths: [/closed/x], decision: deny", "no policy admits a request", "without operations"),
        ])
    func scopes(entry: String, message: String, hint: String) throws {
        let configuration = try Self.parse(
            """
              - {name: closed, groups: ['*'], connections: ['*'], paths: ["/closed/**"], decision: deny}
              - {name: drops, groups: ['*'], connections: ['*'], operations: ['sql.drop-*'], decision: deny}
              - {groups: [agents], connections: [v], \(entry)}

            """)
        do {
            _ = try configuration.checkedCatalogue { try shippedCatalogue.get() }
            Issue.record("it was accepted")
        } catch let error as ConfigurationError {
            #expect(error.problems.count == 1 && error.problems.contains { $0.file == "sluice.yaml" && $0.line == 10 && $0.message.contains(message) && ($0.hint ?? "").contains(hint) }, "\(error)")
        }
    }

    @Test("a connection can be closed whatever else is written")
    func closing() throws {
        for groups in ["agents", "'*'"] {
            let configuration = try Self.parse("  - {name: stop, groups: [\(groups)], connections: ['*'], decision: deny}\n  - {groups: [agents], connections: [v], operations: ['git.*'], decision: allow}\n")
            #expect(try configuration.checkedCatalogue { try shippedCatalogue.get() } != nil)
            let agent = Identity(name: "agent", groups: ["agents"])
            #expect(configuration.policies.decide(identity: agent, connection: "v", method: "GET", path: "/") == .deny(policy: "stop", reason: nil))
        }
    }

    @Test("exceptions, orders and narrower policies are none of that")
    func alive() throws {
        let configuration = try Self.parse(
            """
              - {groups: [agents], connections: [v], paths: ["/a/**"], decision: approve, approvers: [leads]}
              - {groups: [agents], connections: [v], paths: ["/a/b"], decision: deny}
              - {groups: [interns], connections: [v], decision: allow}
              - {groups: ['*'], connections: ['*'], decision: allow}
              - {groups: [interns], connections: [w], operations: ['sql.*'], objects: ['dev_*'], decision: allow}
              - {groups: ['*'], connections: [w], operations: ['sql.*'], severity: high, decision: approve, approvers: [leads]}

            """)
        #expect(configuration.policies.policies.count == 7)
        #expect(try configuration.checkedCatalogue { try shippedCatalogue.get() } != nil)
    }
}
