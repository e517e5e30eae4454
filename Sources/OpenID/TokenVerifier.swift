// Tokens in, who they stand for out: the issuers of a configuration and what is remembered of their tokens.

import Cryptography
import Foundation
import Synchronization

/// Verifies the tokens of all issuers. Shared by all threads.
public final class TokenVerifier: Sendable {
    /// SHA-256 of a token: what is remembered of it.
    public typealias Digest = [UInt8]

    private struct Remembered {
        var result: Result<VerifiedToken, TokenError>
        var issuer: Int
        /// Of the issuer's keys that verified it; nil for what the issuer itself said.
        var generation: Int?
        /// Not longer than the token holds.
        var until: Date
    }

    private struct Source: Sendable {
        let issuer: Issuer
        let inquiry: Inquiry
        let keys: IssuerKeys
    }

    private let sources: [Source]
    private let remembered = Mutex<[Digest: Remembered]>([:])
    private let questions = Mutex(0)
    private let log: @Sendable (String) -> Void

    /// Tokens that are remembered at most; of each, some 300 bytes.
    static let mostRemembered = 10_000
    /// Questions about opaque tokens that are open at the same time; beyond them tokens cannot be verified.
    static let mostQuestions = 100
    /// For so long an opaque token that is not active is refused without asking.
    static let inactiveTime: TimeInterval = 10

    /// - Parameters:
    ///   - previous: its keys are taken over where an issuer's settings are the same, so that a reload does not depend on whether issuers can be reached.
    ///   - log: told why keys cannot be had.
    /// - Throws: an issuer's certificate authorities cannot be used.
    public init(
        _ issuers: [Issuer], previous: TokenVerifier? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        log: @escaping @Sendable (String) -> Void
    ) throws {
        self.log = log
        sources = try issuers.map { issuer in
            if let same = previous?.sources.first(where: { $0.issuer == issuer }) { return same }
            let inquiry = try Inquiry(authorities: issuer.authorities)
            return Source(issuer: issuer, inquiry: inquiry, keys: IssuerKeys(issuer, inquiry, now: now, log: log))
        }
    }

    /// Begins to fetch the keys of all issuers, so that the first request need not wait for it.
    public func prepare() { for source in sources { source.keys.prepare() } }

    /// Whether any issuer could have made a token that looks like this.
    public func mayKnow(_ token: String) -> Bool {
        SignedToken.resembles(token) ? !sources.isEmpty : sources.contains { $0.issuer.introspection != nil }
    }

    /// What is remembered of the token with this digest. A few microseconds; call it on the event loop.
    ///
    /// - Returns: nil if it must be verified.
    public func remembered(_ digest: Digest, now: Date = Date()) -> Result<VerifiedToken, TokenError>? {
        guard let found = remembered.withLock({ $0[digest] }), now < found.until else { return nil }
        if let generation = found.generation { guard sources[found.issuer].keys.known()?.generation == generation else { return nil } }
        return found.result
    }

    /// Verifies a token. May ask its issuer, and wait for it.
    public func verify(_ token: String, digest: Digest, now: Date = Date()) async throws(TokenError) -> VerifiedToken {
        guard token.utf8.count <= SignedToken.longest else { throw .tooLong }
        return SignedToken.resembles(token) ? try await verifySigned(token, digest, now) : try await introspect(token, digest, now)
    }

    private func verifySigned(_ text: String, _ digest: Digest, _ now: Date) async throws(TokenError) -> VerifiedToken {
        let token = try SignedToken(text)
        // What it claims to be decides only with which keys that is proven.
        guard let claimed = token.claims["iss"]?.string, let index = sources.firstIndex(where: { $0.issuer.url.utf8.elementsEqual(claimed.utf8) }) else { throw .issuer }
        let source = sources[index]
        guard source.issuer.algorithms.contains(token.header.algorithm) else { throw .algorithm }
        let generation = try await prove(token, source.keys)
        let verified = try source.issuer.identity(of: token.claims, isComplete: true, now: now)
        remember(digest, Remembered(result: .success(verified), issuer: index, generation: generation, until: verified.expires ?? now))
        return verified
    }

    /// - Returns: the generation of the keys that prove it.
    private func prove(_ token: SignedToken, _ keys: IssuerKeys) async throws(TokenError) -> Int {
        if let known = keys.known() {
            do throws(TokenError) {
                try token.verify(by: known.set)
                return known.generation
            } catch {
                // A token without a key id that no key verifies may be of a new key.
                guard error == .unknownKey || token.header.keyID == nil else { throw error }
                guard let renewed = await keys.renewed(), renewed.generation != known.generation else { throw error }
                try token.verify(by: renewed.set)
                return renewed.generation
            }
        }
        guard let fetched = await keys.renewed() else { throw .unavailable }
        try token.verify(by: fetched.set)
        return fetched.generation
    }

    /// Asks the one issuer that is asked about opaque tokens (RFC 7662).
    private func introspect(_ token: String, _ digest: Digest, _ now: Date) async throws(TokenError) -> VerifiedToken {
        guard let index = sources.firstIndex(where: { $0.issuer.introspection != nil }), let settings = sources[index].issuer.introspection else { throw .malformed }
        // What a token may be made of (RFC 6750 §2.1).
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformed }
        let source = sources[index]
        let isFree = questions.withLock { open in
            guard open < Self.mostQuestions else { return false }
            open += 1
            return true
        }
        guard isFree else { throw .unavailable }
        defer { questions.withLock { $0 -= 1 } }
        let answer: JSON
        do {
            let endpoint = settings.endpoint == nil ? await source.keys.metadata()?["introspection_endpoint"]?.string.flatMap { Endpoint($0) } : settings.endpoint
            guard let endpoint else { throw Inquiry.Failure(description: "the issuer's metadata names no introspection_endpoint") }
            answer = try await source.inquiry.post([("token", token), ("token_type_hint", "access_token")], as: settings.client, to: endpoint)
        } catch {
            log("issuer \(source.issuer.url) cannot be asked about a token: \(error)")
            throw .unavailable
        }
        let active = answer["active"]
        guard active == .boolean(true) else {
            guard active == .boolean(false) else { throw .unavailable }
            remember(digest, Remembered(result: .failure(.inactive), issuer: index, until: now.addingTimeInterval(Self.inactiveTime)))
            throw .inactive
        }
        if let type = answer["token_type"] { guard let type = type.string?.lowercased(), ["bearer", "access_token"].contains(type) else { throw .bound } }
        let verified = try source.issuer.identity(of: answer, isComplete: false, now: now)
        let until = now.addingTimeInterval(settings.cache / .seconds(1))
        remember(digest, Remembered(result: .success(verified), issuer: index, until: min(until, verified.expires ?? until)))
        return verified
    }

    private func remember(_ digest: Digest, _ entry: Remembered) {
        remembered.withLock { remembered in
            if remembered.count >= Self.mostRemembered {
                let now = Date()
                remembered = remembered.filter { $0.value.until > now }
                // Made-up tokens do not drive out good ones.
                if remembered.count >= Self.mostRemembered, case .failure = entry.result { return }
                // Which ones give way is left to the table's order, which is different in each run.
                if remembered.count >= Self.mostRemembered { for digest in Array(remembered.keys.prefix(Self.mostRemembered / 4)) { remembered[digest] = nil } }
            }
            remembered[digest] = entry
        }
    }
}
