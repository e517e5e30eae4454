// Policies that only report: what would be decided if they were enforced.

import Operations
import Record

extension PolicySet {
    /// What would be decided if the policies that only report were enforced; nil where that would change nothing.
    ///
    /// - Parameter verdicts: what the request would do; nil where nobody looked, or where it is not decided upon.
    func dryRun(_ request: AccessRequest, _ verdicts: [Verdict]?) -> PolicyOutcome? {
        guard enforced.count < policies.count else { return nil }
        let outcome = Self.outcome(policies, request, verdicts)
        return outcome == Self.outcome(enforced, request, verdicts) ? nil : outcome
    }

    private static func outcome(_ policies: [Policy], _ request: AccessRequest, _ verdicts: [Verdict]?) -> PolicyOutcome {
        let admission = decide(request, by: policies)
        var outcome: PolicyOutcome
        switch admission {
        case .deny(let policy, _): return PolicyOutcome(decision: .deny, policy: policy)
        case .allow(let policy): outcome = PolicyOutcome(decision: .allow, policy: policy)
        case .approve(let policy, _): outcome = PolicyOutcome(decision: .approve, policy: policy)
        }
        guard let verdicts else { return outcome }
        switch rule(on: verdicts, admission: admission, request: request, by: policies).effect {
        case .pass(let policy): if outcome.decision == .allow { outcome.policy = policy ?? outcome.policy }
        case .approve(let policy, _): outcome = PolicyOutcome(decision: .approve, policy: policy)
        case .approverless: outcome = PolicyOutcome(decision: .deny, policy: nil)
        case .refuse(let policy, _): outcome = PolicyOutcome(decision: .deny, policy: policy)
        }
        return outcome
    }
}
