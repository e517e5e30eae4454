// Files of expected decisions: what a configuration's policies are meant to do, so that a change that does otherwise is seen.

import Foundation

/// One entry under `tests:`: a request, and what is to be decided about it.
public struct ExpectedDecision: Sendable {
    public var file: String
    public var line: Int
    public var name: String
    public var request: Rehearsal.Request
    public var decision: PolicyExplanation.Decision
    /// The policy and the operation that must decide, and what `Sluice-Denied` must say; nil for any.
    public var policy, operation, reason: String?

    private static let keys = ["name", "as", "groups", "method", "url", "headers", "body", "at", "expect", "policy", "operation", "reason"]

    /// Reads and checks the file at `path`.
    ///
    /// - Parameter configuration: whose keys, groups and policies it may name.
    /// - Throws: ``ConfigurationError`` with every mistake found.
    public static func load(_ path: String, for configuration: Configuration) throws(ConfigurationError) -> [ExpectedDecision] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError([.init(file: path, line: nil, message: "cannot be read", hint: "check the name and who may read it")])
        }
        return try parse(String(decoding: data, as: UTF8.self), file: path, for: configuration)
    }

    /// Like ``load(_:for:)``, for text that is already read.
    public static func parse(_ text: String, file: String, for configuration: Configuration) throws(ConfigurationError) -> [ExpectedDecision] {
        let reader = ConfigurationReader(file: file)
        var expected: [ExpectedDecision] = []
        if let root = reader.root(text, keys: ["tests"], hint: "docs/POLICY.md shows how to begin") {
            root.refuseUnknownKeys()
            for section in root.sections("tests", keys: keys, required: true) {
                guard let one = ExpectedDecision(section, configuration) else { continue }
                if let first = expected.first(where: { $0.name == one.name }) {
                    section.report("name", "a second test \"\(one.name)\"; the first is on line \(first.line)", hint: "give one of them another name")
                }
                expected.append(one)
            }
            if expected.isEmpty, reader.problems.isEmpty { root.report("tests", "there are no tests", hint: "add one with as, method, url and expect") }
        }
        guard reader.problems.isEmpty else { throw reader.error }
        return expected
    }

    private init?(_ section: Section, _ configuration: Configuration) {
        section.refuseUnknownKeys()
        let identity = Self.identity(section, configuration)
        let method = section.text("method", required: true, example: "GET")
        let url = section.text("url", required: true, example: "/billing/customers/7")
        let decision = section.choice("expect", PolicyExplanation.Decision.self, required: true)
        policy = section.text("policy")
        if let policy, !configuration.policies.policies.contains(where: { $0.name == policy }) {
            section.report(
                "policy", "there is no policy \"\(policy)\"",
                hint: nearest(to: policy, in: configuration.policies.policies.map(\.name)).map { "did you mean \"\($0)\"?" } ?? "leave it out, or name one of the configuration")
        }
        operation = section.text("operation")
        reason = section.text("reason")
        if let reason, Problem.Reason(rawValue: reason) == nil {
            let known = Problem.Reason.allCases.map(\.rawValue)
            section.report("reason", "Sluice-Denied never says \"\(reason)\"", hint: nearest(to: reason, in: known).map { "did you mean \"\($0)\"?" } ?? "one of: \(known.joined(separator: ", "))")
        }
        file = section.reader.file
        line = section.line
        name = section.text("name") ?? [method, url].compactMap(\.self).joined(separator: " ")
        guard let identity, let method, let url, let decision else { return nil }
        self.decision = decision
        request = Rehearsal.Request(identity: identity, method: method, target: url)
        if let moment = section.text("at", example: "2027-01-04T09:30:00+01:00") {
            if let time = Rehearsal.Request.time(moment) { request.time = time } else { section.report("at", "\"\(moment)\" is not a moment", hint: "for example  at: 2027-01-04T09:30:00+01:00") }
        }
        request.headers = section.texts("headers", example: "Content-Type: application/json")
        request.body = section.text("body").map { Array($0.utf8) } ?? []
    }

    private static func identity(_ section: Section, _ configuration: Configuration) -> Identity? {
        let groups = section.words("groups", example: "agents")
        guard let name = section.text("as", required: true, example: "research-agent") else { return nil }
        do {
            return try configuration.identity(named: name, groups: groups?.map(\.text))
        } catch {
            section.report(groups == nil ? "as" : "groups", error.message, hint: error.hint)
            return nil
        }
    }

    /// What of `explanation` is not as expected, in a sentence each; empty if all is.
    public func differences(from explanation: PolicyExplanation) -> [String] {
        func difference(_ what: String, _ expected: String?, _ found: String?) -> String? {
            expected == nil || expected == found ? nil : "expected \(what) \(expected!), got \(found ?? "none")"
        }
        return [
            difference("decision", decision.rawValue, explanation.decision.rawValue), difference("policy", policy.map { "\"\($0)\"" }, explanation.policy.map { "\"\($0)\"" }),
            difference("operation", operation, explanation.operation), difference("reason", reason, explanation.reason),
        ].compactMap(\.self)
    }
}

extension Configuration {
    /// Why somebody cannot be made up for a rehearsal.
    public struct UnknownIdentity: Error, Sendable {
        public var message: String
        public var hint: String
    }

    /// Somebody to ask in a ``Rehearsal``: the holder of the key `name`, or whoever has that name and these groups.
    ///
    /// - Parameter groups: nil for those of the key of that name.
    public func identity(named name: String, groups: [String]?) throws(UnknownIdentity) -> Identity {
        let key = keys.entries.first { $0.identity.name == name }?.identity
        guard let groups else {
            if let key { return key }
            throw UnknownIdentity(
                message: "there is no key \"\(name)\", so its groups are not known",
                hint: nearest(to: name, in: keys.entries.map(\.identity.name)).map { "did you mean \"\($0)\"?" } ?? "name the groups that it is in")
        }
        let known = self.groups
        if let stranger = groups.first(where: { !known.contains($0) }) {
            throw UnknownIdentity(
                message: "there is no group \"\(stranger)\": no key, no issuer and no person has it",
                hint: nearest(to: stranger, in: known.sorted()).map { "did you mean \"\($0)\"?" } ?? "known: \(known.sorted().joined(separator: ", "))")
        }
        return Identity(name: name, groups: groups, owner: key?.owner)
    }
}
