// Policies that can never decide: wherever they apply, another one does that holds before them.

import Operations

/// The one pass over a configuration's policies that tells which of them are dead.
///
/// A policy is alive if there is a request, by somebody with one of its groups (or with another one besides, where that is what admits them), for which it decides. Groups, connections, methods and operations are
/// few, so all are tried; paths are asked of ``PathWitness``. Of policies with times those count as holding before one that hold at the same times or always; ones that only report
/// hold before none, nor do those that close a connection.
struct PolicyReach {
    let policies: [Policy]
    /// Names of all connections.
    let connections: [String]

    /// What holds before a dead policy, or why there is nothing that it could hold for.
    enum Death: Equatable {
        /// These decide wherever it applies; in the order of the file.
        case outranked(by: [String])
        /// No policy admits a request that it could be about.
        case notAdmitted
        /// Its operations are less grave than it asks for.
        case tooMild
    }

    // MARK: Policies that admit

    /// Why the policy at `index`, which is about requests, can never decide; nil if it can.
    func deathOfAdmission(_ index: Int) -> Death? {
        let policy = policies[index]
        // It does something wherever it applies.
        if policy.masksRequests { return nil }
        let stronger = policies.indices.filter { policies[$0].operations == nil && outranks($0, index) }
        var killers: Set<Int> = []
        for group in policy.groups {
            for connection in expanded(policy.connections, connections) {
                for method in methods(policy) {
                    let before = stronger.filter { covers($0, [group], connection, method) }
                    for path in policy.paths where PathWitness.path(matching: path, butNoneOf: before.flatMap { policies[$0].paths }) != nil { return nil }
                    killers.formUnion(before)
                }
            }
        }
        return .outranked(by: killers.sorted().map { policies[$0].name })
    }

    // MARK: Policies about operations

    /// An operation as a policy's scope sees it.
    private struct Kind: Hashable {
        var name: String
        var severity: Catalogue.Severity
        /// A glob of the policy; nil where it has none.
        var object: String?
    }

    /// Why the policy at `index`, which is about operations, can never decide; nil if it can.
    func deathOfScope(_ index: Int, _ catalogue: Catalogue) -> Death? {
        let policy = policies[index]
        guard let scope = policy.operations else { return nil }
        let kinds = Self.kinds(of: scope, catalogue)
        guard !kinds.isEmpty else { return .tooMild }
        let stronger = policies.indices.filter { policies[$0].operations != nil && outranks($0, index) }
        // Operations that the same policies cover are alike.
        let before = Set(kinds.map { kind in Set(stronger.filter { Self.covers(policies[$0].operations, kind) }) })
        var isAdmitted = false
        var killers: Set<Int> = []
        for connection in expanded(policy.connections, connections) {
            for method in methods(policy) {
                for groups in admittedGroups(policy, connection, method) {
                    let admitting = policies.filter { $0.operations == nil && !$0.effect.isDeny && applies($0, groups, connection, method) }
                    let denying = policies.filter { $0.operations == nil && $0.effect.isDeny && alwaysHolds($0, with: policy) && applies($0, groups, connection, method) }
                    for path in policy.paths {
                        let admitted = (path, admitting.flatMap(\.paths), denying.flatMap(\.paths))
                        guard PathWitness.path(matching: admitted.0, andOneOf: admitted.1, butNoneOf: admitted.2) != nil else { continue }
                        isAdmitted = true
                        for covering in before {
                            let here = covering.filter { covers($0, groups, connection, method) }
                            let without = admitted.2 + here.flatMap { policies[$0].paths }
                            if PathWitness.path(matching: admitted.0, andOneOf: admitted.1, butNoneOf: without) != nil { return nil }
                            killers.formUnion(here)
                        }
                    }
                }
            }
        }
        return isAdmitted ? .outranked(by: killers.sorted().map { policies[$0].name }) : .notAdmitted
    }

    /// The fewest groups with which somebody can be admitted to what `policy` is about: one of its own, alone or with one of an admitting policy.
    private func admittedGroups(_ policy: Policy, _ connection: String, _ method: String) -> Set<Set<String>> {
        var sets: Set<Set<String>> = []
        for admitting in policies where admitting.operations == nil && !admitting.effect.isDeny && matches(admitting.connections, connection) && matches(admitting.methods, method) {
            for group in policy.groups {
                for other in admitting.groups { sets.insert(Set([group, other])) }
            }
        }
        return sets
    }

    private static func kinds(of scope: OperationScope, _ catalogue: Catalogue) -> Set<Kind> {
        // What the catalogue does not know is there too, and has a name that only a glob of everything matches.
        var severities: [(name: String, severity: Catalogue.Severity)] = [("\u{1}", .medium)]
        for entry in catalogue.entries.values {
            severities.append((entry.name, entry.severity))
            if !entry.permitted.isEmpty { severities.append((entry.name, .low)) }
            if !entry.protected.isEmpty { severities.append((entry.name, .critical)) }
        }
        let objects: [String?] = scope.objects.isEmpty ? [nil] : scope.objects.map(\.text)
        var kinds: Set<Kind> = []
        for (name, severity) in severities where severity >= scope.severity && (scope.names.isEmpty || scope.names.contains { $0.matches(name) }) {
            for object in objects { kinds.insert(Kind(name: name, severity: severity, object: object)) }
        }
        return kinds
    }

    /// Whether a scope covers all operations of a kind. Objects count as covered by the same glob, or by one of everything.
    private static func covers(_ scope: OperationScope?, _ kind: Kind) -> Bool {
        guard let scope, kind.severity >= scope.severity, scope.names.isEmpty || scope.names.contains(where: { $0.matches(kind.name) }) else { return false }
        return scope.objects.isEmpty || scope.objects.contains { $0.text == "**" || $0.text == kind.object }
    }

    // MARK: Both

    /// Whether the policy at `first` holds before the one at `second` where both apply.
    private func outranks(_ first: Int, _ second: Int) -> Bool {
        let (left, right) = (policies[first].effect.restriction, policies[second].effect.restriction)
        return (left > right || left == right && first < second) && alwaysHolds(policies[first], with: policies[second])
    }

    /// Whether `other` is in force whenever `policy` is, and not there to close what others open.
    private func alwaysHolds(_ other: Policy, with policy: Policy) -> Bool {
        other.mode == .enforce && (other.when == nil || other.when == policy.when) && !Self.closes(other)
    }

    /// Whether a policy forbids everything to a group on a connection: a switch for emergencies, which must work whatever else is written.
    static func closes(_ policy: Policy) -> Bool {
        policy.effect.isDeny && policy.operations == nil && policy.methods.contains("*") && policy.paths.contains { $0.description == "/**" }
    }

    private func covers(_ index: Int, _ groups: Set<String>, _ connection: String, _ method: String) -> Bool { applies(policies[index], groups, connection, method) }

    private func applies(_ policy: Policy, _ groups: Set<String>, _ connection: String, _ method: String) -> Bool {
        (policy.groups.contains("*") || policy.groups.contains(where: groups.contains)) && matches(policy.connections, connection) && matches(policy.methods, method)
    }

    private func matches(_ words: [String], _ word: String) -> Bool { words.contains("*") || words.contains(word) }

    private func expanded(_ words: [String], _ all: [String]) -> [String] { words.contains("*") ? all : words }

    /// The methods of a policy; of those that no policy names, one stands for all.
    private func methods(_ policy: Policy) -> [String] {
        guard policy.methods.contains("*") else { return policy.methods }
        let named = Set(policies.flatMap(\.methods)).subtracting(["*"])
        return named.sorted() + (Exchange.methods.subtracting(named).min().map { [$0] } ?? [])
    }
}

extension Policy.Effect {
    /// The greater one holds.
    var restriction: Int {
        switch self {
        case .allow: 0
        case .approve: 1
        case .deny: 2
        }
    }

    var isDeny: Bool { restriction == 2 }
}

extension PolicySet {
    /// Policies about requests that can never decide.
    func deadAdmissions(connections: [String]) -> [ConfigurationProblem] {
        let reach = PolicyReach(policies: policies, connections: connections)
        return policies.indices.filter { policies[$0].operations == nil }.compactMap { index in reach.deathOfAdmission(index).map { problem(index, $0) } }
    }

    /// Policies about operations that can never decide, or that name an operation that is in no catalogue.
    func deadScopes(connections: [String], _ catalogue: Catalogue) -> [ConfigurationProblem] {
        let reach = PolicyReach(policies: policies, connections: connections)
        return policies.indices.flatMap { index -> [ConfigurationProblem] in
            let unknown = unknownOperations(index, catalogue)
            return unknown.isEmpty ? reach.deathOfScope(index, catalogue).map { [problem(index, $0)] } ?? [] : unknown
        }
    }

    private func problem(_ index: Int, _ death: PolicyReach.Death) -> ConfigurationProblem {
        let policy = policies[index]
        let message: String
        let hint: String
        switch death {
        case .outranked(let names):
            let others = names.map { "\"\($0)\"" }.joined(separator: ", ")
            message = "policy \"\(policy.name)\" never decides: wherever it applies, \(others) \(names.count == 1 ? "does" : "do"), and \(names.count == 1 ? "holds" : "hold") before it"
            hint = "deny holds before approve before allow, and of the same decision the first: remove it, or narrow the groups, methods or paths of what holds before it"
        case .notAdmitted:
            message = "policy \"\(policy.name)\" never decides: no policy admits a request that it could be about"
            hint = "policies about operations decide about requests that others admit: add one without operations that allows them"
        case .tooMild:
            message = "policy \"\(policy.name)\" never decides: none of its operations is so grave"
            hint = "sluice judge --list shows how grave they are; lower  severity"
        }
        return problem(at: index, message, hint: hint)
    }

    private func unknownOperations(_ index: Int, _ catalogue: Catalogue) -> [ConfigurationProblem] {
        (policies[index].operations?.names ?? []).compactMap { glob in
            guard !catalogue.entries.keys.contains(where: glob.matches) else { return nil }
            let hint =
                nearest(to: glob.text, in: catalogue.entries.keys.sorted()).map { "did you mean \"\($0)\"?" }
                ?? "sluice judge --list shows all of them; a glob names a family, for example  operations: ['sql.*']"
            var problem = problem(at: index, "policy \"\(policies[index].name)\": there is no operation \"\(glob.text)\"", hint: hint)
            problem.line = policies[index].operations?.line ?? problem.line
            return problem
        }
    }

    private func problem(at index: Int, _ message: String, hint: String) -> ConfigurationProblem {
        ConfigurationProblem(file: policies[index].place?.file ?? "", line: policies[index].place?.line, message: message, hint: hint)
    }
}

extension Configuration {
    /// The catalogue, if the requests of some connection are judged or policies name operations.
    ///
    /// - Throws: ``ConfigurationError`` where a policy about operations would never hold; or what `catalogue` throws.
    public func checkedCatalogue(_ catalogue: () throws -> Catalogue) throws -> Catalogue? {
        guard connections.contains(where: { $0.commands != .off }) || policies.policies.contains(where: { $0.operations != nil }) else { return nil }
        let catalogue = try catalogue()
        let problems = policies.deadScopes(connections: connections.map(\.name), catalogue)
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return catalogue
    }
}
