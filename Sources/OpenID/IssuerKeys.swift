// The keys of one issuer as they change: fetched, kept, fetched again.

import Foundation
import Synchronization

/// What an issuer publishes, as it was when last asked.
///
/// Keys are fetched when they are first needed, again in the background after `refresh`, and at once when a token names one that is not known, but then at most every
/// `refetch`: whoever invents key ids makes no questions of them. After a failure the next question waits, twice as long each time and with chance in it, so that
/// gateways that lost their issuer together do not all come back together. Until `keep` has passed since the last answer the old keys hold; then there are none.
final class IssuerKeys: Sendable {
    private struct State {
        var set: KeySet?
        /// Counts the different sets there were.
        var generation = 0
        var metadata: JSON?
        var answeredAt: ContinuousClock.Instant?
        /// Before it no question is asked.
        var nextQuestion: ContinuousClock.Instant?
        var failures = 0
        var question: Task<Void, Never>?
    }

    /// The keys of a moment. What was verified with those of one generation need not hold in the next.
    struct Known: Sendable {
        var set: KeySet
        var generation: Int
    }

    private let issuer: Issuer
    private let inquiry: Inquiry
    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant
    private let log: @Sendable (String) -> Void

    private static let longestBackOff = Duration.seconds(60)

    init(_ issuer: Issuer, _ inquiry: Inquiry, now: @escaping @Sendable () -> ContinuousClock.Instant, log: @escaping @Sendable (String) -> Void) {
        self.issuer = issuer
        self.inquiry = inquiry
        self.now = now
        self.log = log
    }

    /// The keys that may be used now, without waiting; if it is time, a fetch begins behind them.
    func known() -> Known? {
        let now = now()
        return state.withLock { state in
            guard let set = state.set, let answeredAt = state.answeredAt, now < answeredAt + issuer.keyTimes.keep else { return nil }
            if now >= answeredAt + issuer.keyTimes.refresh { _ = question(&state, now) }
            return Known(set: set, generation: state.generation)
        }
    }

    /// Begins to fetch the keys if none were fetched yet.
    func prepare() {
        let now = now()
        state.withLock { state in if state.answeredAt == nil { _ = question(&state, now) } }
    }

    /// The keys after a fetch, if one may begin now or is under way, else those that are there.
    func renewed() async -> Known? {
        let now = now()
        let question = state.withLock { self.question(&$0, now) }
        await question?.value
        return known()
    }

    /// The issuer's metadata, fetched if it is not there.
    func metadata() async -> JSON? {
        if let metadata = state.withLock({ $0.metadata }) { return metadata }
        _ = await renewed()
        return state.withLock { $0.metadata }
    }

    /// The fetch that is under way, or a new one if it may begin.
    private func question(_ state: inout State, _ now: ContinuousClock.Instant) -> Task<Void, Never>? {
        if let question = state.question { return question }
        if let next = state.nextQuestion, now < next { return nil }
        let question = Task { await fetch() }
        state.question = question
        return question
    }

    private func fetch() async {
        do throws(Inquiry.Failure) {
            let (metadata, set) = try await ask()
            let now = now()
            state.withLock { state in
                if state.set?.document != set?.document { state.generation += 1 }
                state.set = set
                state.metadata = metadata
                state.answeredAt = now
                state.nextQuestion = now + issuer.keyTimes.refetch
                state.failures = 0
                state.question = nil
            }
        } catch {
            let now = now()
            let wait = state.withLock { state in
                let longest = min(Self.longestBackOff, .seconds(1 << min(state.failures, 6)))
                let wait = longest * Double.random(in: 0.5...1)
                state.failures += 1
                state.nextQuestion = now + wait
                state.question = nil
                return wait
            }
            log("the keys of issuer \(issuer.url) cannot be had, asked again after \(Int((wait / .milliseconds(1)).rounded())) ms at the earliest: \(error)")
        }
    }

    private func ask() async throws(Inquiry.Failure) -> (metadata: JSON?, set: KeySet?) {
        var metadata: JSON?
        var keys = issuer.keys
        if keys == nil || issuer.introspection.map({ $0.endpoint == nil }) ?? false {
            guard let address = issuer.discovery ?? Endpoint.metadata(of: issuer.url) else { throw Inquiry.Failure(description: "the issuer is no https URL") }
            let document = try await inquiry.get(address)
            // Else one issuer could speak for another (OpenID Connect Discovery §4.3).
            guard document["issuer"]?.string?.utf8.elementsEqual(issuer.url.utf8) == true else {
                throw Inquiry.Failure(description: "the metadata at \(address) is of another issuer than \(issuer.url)")
            }
            metadata = document
            if keys == nil, let named = document["jwks_uri"] {
                guard let endpoint = named.string.flatMap({ Endpoint($0) }) else { throw Inquiry.Failure(description: "the metadata at \(address) has a jwks_uri that is no https URL") }
                keys = endpoint
            }
        }
        guard let keys else {
            // Who has opaque tokens only may have no keys.
            guard issuer.introspection != nil else { throw Inquiry.Failure(description: "its metadata names no jwks_uri") }
            return (metadata, nil)
        }
        let document = try await inquiry.get(keys)
        guard let set = KeySet(document) else { throw Inquiry.Failure(description: "\(keys) has no key by which a token could be verified") }
        return (metadata, set)
    }
}
