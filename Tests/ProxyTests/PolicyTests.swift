// Policies: what applies, and which of several holds.

import Foundation
import Testing

@testable import Proxy

@Suite struct PolicyTests {
    private let agent = Identity(name: "agent", groups: ["agents", "interns"])

    private func policy(
        _ name: String, _ effect: Policy.Effect, groups: [String] = ["agents"], connections: [String] = ["vendor"], methods: [String] = ["*"],
        paths: [String] = ["/**"]
    ) throws -> Policy {
        Policy(
            name: name, groups: groups, connections: connections, methods: methods, paths: try paths.map { try #require(PathPattern($0)) },
            effect: effect)
    }

    private let terms = ApprovalTerms(approvers: ["leads"], reason: nil, deadline: .seconds(60))

    @Test func nothingIsAllowedByDefault() {
        #expect(PolicySet([]).decide(identity: agent, connection: "vendor", method: "GET", path: "/") == .deny(policy: nil, reason: nil))
    }

    @Test func aPolicyAppliesOnlyWhereEverythingFits() throws {
        let set = PolicySet([try policy("p", .allow, methods: ["GET"], paths: ["/a/*"])])
        #expect(set.decide(identity: agent, connection: "vendor", method: "GET", path: "/a/b") == .allow(policy: "p"))
        let denied = Decision.deny(policy: nil, reason: nil)
        #expect(set.decide(identity: agent, connection: "vendor", method: "POST", path: "/a/b") == denied)
        #expect(set.decide(identity: agent, connection: "vendor", method: "GET", path: "/a") == denied)
        #expect(set.decide(identity: agent, connection: "other", method: "GET", path: "/a/b") == denied)
        #expect(set.decide(identity: Identity(name: "x", groups: []), connection: "vendor", method: "GET", path: "/a/b") == denied)
    }

    @Test func starsStandForEverything() throws {
        let set = PolicySet([try policy("p", .allow, groups: ["*"], connections: ["*"])])
        #expect(set.decide(identity: Identity(name: "x", groups: []), connection: "any", method: "PURGE", path: "/") == .allow(policy: "p"))
    }

    @Test func theMostRestrictiveHoldsInEveryOrder() throws {
        let all = [
            try policy("allow", .allow), try policy("allow too", .allow), try policy("approve", .approve(terms)),
            try policy("deny", .deny(reason: "no")), try policy("elsewhere", .deny(reason: nil), connections: ["other"]),
        ]
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let chosen = all.shuffled(using: &generator).prefix(Int.random(in: 0...all.count, using: &generator))
            let decision = PolicySet(Array(chosen)).decide(identity: agent, connection: "vendor", method: "GET", path: "/x")
            let names = chosen.map(\.name)
            if names.contains("deny") {
                #expect(decision == .deny(policy: "deny", reason: "no"))
            } else if names.contains("approve") {
                #expect(decision == .approve(policy: "approve", terms))
            } else if let first = names.first(where: { $0.hasPrefix("allow") }) {
                #expect(decision == .allow(policy: first))
            } else {
                #expect(decision == .deny(policy: nil, reason: nil))
            }
        }
    }
}

extension PolicySet {
    func decide(identity: Identity, connection: String, method: String, path: String, time: Date = Date()) -> Decision {
        decide(AccessRequest(identity: identity, connection: connection, method: method, path: path, time: time))
    }
}

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("/", "/", true), ("/", "", false), ("/", "/a", false), ("/a", "/a", true), ("/a", "/A", false), ("/a", "/a/", false), ("/a/", "/a/", true),
        ("/*", "/a", true), ("/*", "/", false), ("/*", "/a/b", false), ("/**", "/", true), ("/**", "/a/b/c", true), ("/a/**", "/a", true),
        ("/a/**", "/a/", true), ("/a/**", "/ab", false), ("/a/**/z", "/a/z", true), ("/a/**/z", "/a/b/c/z", true), ("/a/**/z", "/a/b/c", false),
        ("/a/*/c", "/a/b/c", true), ("/a/*/c", "/a//c", false), ("/v*", "/v1", true), ("/v*", "/v", true), ("/v*", "/w", false),
        ("/*.json", "/a.json", true), ("/*.json", "/a.jsonx", false), ("/a*b*c", "/a-b-c", true), ("/a*b*c", "/a-c-b", false),
        ("/a*b*c", "/abc", true), ("/aba*aba", "/aba", false), ("/**/**", "/a", true), ("/é/*", "/é/x", true),
    ])
    func matches(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try #require(PathPattern(pattern)).matches(path) == expected)
    }

    @Test(arguments: ["", "a", "*", "a/b", "/a**", "/**a", "/a/***", "/a?b=1", "/a#b"])
    func refuses(_ pattern: String) {
        #expect(PathPattern(pattern) == nil)
    }

    /// An obvious recursion over segments and characters must agree on random patterns and paths.
    @Test func agreesWithTheDefinition() throws {
        for seed in UInt64(0)..<20_000 {
            var generator = SeededGenerator(seed: seed)
            func segment(_ choices: [String]) -> String {
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in choices.randomElement(using: &generator)! }.joined()
            }
            let pattern = "/" + (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Int.random(in: 0..<4, using: &generator) == 0 ? "**" : segment(["a", "b", "*"])
            }.joined(separator: "/")
            let path = "/" + (0..<Int.random(in: 1...5, using: &generator)).map { _ in segment(["a", "b"]) }.joined(separator: "/")
            guard let compiled = PathPattern(pattern) else { continue }
            let expected = Self.matches(
                pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...],
                path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...])
            #expect(compiled.matches(path) == expected, "seed \(seed): \(pattern) on \(path)")
        }
    }

    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" { return (0...path.count).contains { matches(pattern.dropFirst(), path.dropFirst($0)) } }
        guard let name = path.first else { return false }
        return matches(Array(first), Array(name)) && !(first == "*" && name.isEmpty) && matches(pattern.dropFirst(), path.dropFirst())
    }

    private static func matches(_ pattern: [Character], _ name: [Character]) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let rest = Array(pattern.dropFirst())
        if first == "*" { return (0...name.count).contains { matches(rest, Array(name.dropFirst($0))) } }
        return name.first == first && matches(rest, Array(name.dropFirst()))
    }
}

/// SplitMix64: the same sequence for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
