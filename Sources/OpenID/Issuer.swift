// An issuer of tokens as configured, and what a token of its must claim.

import Foundation

/// An OpenID provider or authorization server whose tokens are accepted.
public struct Issuer: Sendable, Equatable {
    /// Its `iss`, compared byte for byte.
    public var url: String
    /// One of them must be in a token's `aud`.
    public var audiences: [String]
    /// If any are given, a token must name one of them as the client that it was issued to.
    public var parties: [String] = []
    public var algorithms: Set<Algorithm> = Set(Algorithm.allCases)
    /// Which claim names the person or program.
    public var subjectClaim = ClaimPath("sub")
    public var groupsClaim: ClaimPath?
    /// The gateway's name of a group, and the values of the claim that put somebody into it. Other values are passed over.
    public var groups: [String: Set<String>] = [:]
    /// The groups of everyone who has a token of this issuer.
    public var defaultGroups: [String] = []
    /// How far the clocks of issuer and gateway may differ.
    public var clockSkew = Duration.seconds(60)
    /// Where its metadata is, if not at the standard's place.
    public var discovery: Endpoint?
    /// Where its keys are, if that is not asked of its metadata.
    public var keys: Endpoint?
    /// Certificates of the only authorities trusted for its addresses, as PEM; nil for the system's.
    public var authorities: [UInt8]?
    public var keyTimes = KeyTimes()
    /// How opaque tokens are asked about; nil where they are refused.
    public var introspection: Introspection?

    public init(url: String, audiences: [String]) {
        self.url = url
        self.audiences = audiences
    }

    public struct KeyTimes: Sendable, Equatable {
        /// After this time keys are fetched again, in the background.
        public var refresh = Duration.seconds(3600)
        /// Keys that are not known are looked for at most so often.
        public var refetch = Duration.seconds(30)
        /// For so long keys are used when the issuer cannot be reached; then its tokens are refused.
        public var keep = Duration.seconds(86_400)

        public init() {}
    }

    public struct Introspection: Sendable, Equatable {
        /// Nil to ask the metadata.
        public var endpoint: Endpoint?
        public var client: ClientCredential
        /// For so long an answer holds, and never beyond the token's own end.
        public var cache = Duration.seconds(60)

        public init(endpoint: Endpoint?, client: ClientCredential) {
            self.endpoint = endpoint
            self.client = client
        }
    }

    /// The longest subject, in bytes (OpenID Connect Core §2).
    static let longestSubject = 255

    /// What the claims say, checked against this issuer and the time.
    ///
    /// - Parameters:
    ///   - isComplete: the claims are a token's own. Those of an answer about a token may leave out what the issuer has checked itself (RFC 7662 §2.2).
    func identity(of claims: JSON, isComplete: Bool, now: Date) throws(TokenError) -> VerifiedToken {
        if let issuer = claims["iss"] {
            guard let issuer = issuer.string else { throw .claims }
            guard issuer.utf8.elementsEqual(url.utf8) else { throw .issuer }
        } else if isComplete {
            throw .issuer
        }
        // A token for signing somebody out has the form of an ID token, and this claim (OpenID Connect Back-Channel Logout §2.4).
        guard claims["events"] == nil else { throw .type }

        // For whom.
        let party = try party(claims)
        if claims["aud"] != nil || isComplete {
            try checkAudience(claims["aud"])
        } else {
            // Nothing says for whom it is, so who it was issued to must.
            guard !parties.isEmpty else { throw .audience }
        }
        if !parties.isEmpty { guard let party, parties.contains(where: { $0.utf8.elementsEqual(party.utf8) }) else { throw .party } }

        // When.
        let skew = TimeInterval(clockSkew.components.seconds)
        let expires = try time("exp", claims)
        if isComplete, expires == nil { throw .noExpiry }
        if let expires { guard now < expires.addingTimeInterval(skew) else { throw .expired } }
        if let begins = try time("nbf", claims) { guard now >= begins.addingTimeInterval(-skew) else { throw .notYetValid } }
        if let issued = try time("iat", claims) { guard now >= issued.addingTimeInterval(-skew) else { throw .notYetValid } }

        return VerifiedToken(
            issuer: url, subject: try subject(claims), groups: try groups(claims), expires: expires?.addingTimeInterval(skew), confirmation: try confirmation(claims))
    }

    private func checkAudience(_ claim: JSON?) throws(TokenError) {
        let given: [String]
        switch claim {
        case .string(let one)?: given = [one]
        case .array?:
            guard let several = claim?.strings else { throw .claims }
            given = several
        case nil: throw .audience
        default: throw .claims
        }
        guard given.contains(where: { one in audiences.contains { $0.utf8.elementsEqual(one.utf8) } }) else { throw .audience }
    }

    /// The client that the token was issued to: `azp` (OpenID Connect), `client_id` (RFC 9068), and what Entra ID (version 1) and Okta call it.
    private func party(_ claims: JSON) throws(TokenError) -> String? {
        for name in ["azp", "client_id", "appid", "cid"] {
            guard let claim = claims[name] else { continue }
            guard let party = claim.string else { throw .claims }
            return party
        }
        return nil
    }

    /// A moment in seconds since 1970 (RFC 7519 §2, NumericDate).
    private func time(_ name: String, _ claims: JSON) throws(TokenError) -> Date? {
        guard let claim = claims[name] else { return nil }
        // To the year 9999, so that sums with it stay what they are.
        guard let seconds = claim.number, (0..<253_402_300_800).contains(seconds) else { throw .claims }
        return Date(timeIntervalSince1970: seconds)
    }

    private func subject(_ claims: JSON) throws(TokenError) -> String {
        guard let subject = subjectClaim.value(in: claims)?.string, !subject.isEmpty, subject.utf8.count <= Self.longestSubject else { throw .subject }
        // It stands in records, logs and on terminals.
        let isVisible = subject.unicodeScalars.allSatisfy {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: false
            default: true
            }
        }
        guard isVisible else { throw .subject }
        if subjectClaim == Self.address, !isVerified(claims) { throw .subject }
        return subject
    }

    private static let address = ClaimPath("email")

    /// Whether the address is more than what somebody wrote into a form (OpenID Connect Core §5.1, §5.7).
    private func isVerified(_ claims: JSON) -> Bool { claims["email_verified"] == .boolean(true) || claims["email_verified"] == .string("true") }

    private func groups(_ claims: JSON) throws(TokenError) -> [String] {
        var found = defaultGroups
        if let claim = groupsClaim?.value(in: claims), groupsClaim != Self.address || isVerified(claims) {
            let values = Set(try groupValues(claim).map { Array($0.utf8) })
            for (name, meant) in groups.sorted(by: { $0.key < $1.key }) where !found.contains(name) && meant.contains(where: { values.contains(Array($0.utf8)) }) { found.append(name) }
        }
        return found
    }

    /// A list of strings, or one string with commas or, if it has none, spaces between them.
    func groupValues(_ claim: JSON) throws(TokenError) -> [String] {
        if case .string(let text) = claim { return text.split(separator: text.contains(",") ? "," : " ").map { $0.trimmingCharacters(in: .whitespaces) } }
        guard let strings = claim.strings else { throw .claims }
        return strings
    }

    /// The certificate that the sender must have shown (RFC 8705 §3.1). Tokens bound in other ways cannot be proven here.
    private func confirmation(_ claims: JSON) throws(TokenError) -> [UInt8]? {
        guard let claim = claims["cnf"] else { return nil }
        guard case .object(let members) = claim, members.count == 1, let digest = claim["x5t#S256"]?.string.flatMap({ Base64URL.decode($0.utf8) }), digest.count == 32
        else { throw .bound }
        return digest
    }
}

/// What a token that was verified says.
public struct VerifiedToken: Sendable, Equatable {
    public var issuer: String
    public var subject: String
    /// The gateway's names.
    public var groups: [String]
    /// From this moment on it is not accepted any more, the clocks' difference included; nil if the issuer does not say.
    public var expires: Date?
    /// SHA-256 of the client certificate without which it proves nothing.
    public var confirmation: [UInt8]?

    /// One text for both: an issuer has no `#` in it (OpenID Connect Core §2), so no two of them have the same.
    public var name: String { "\(issuer)#\(subject)" }
}

/// What proves the gateway to an issuer's endpoints.
public struct ClientCredential: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let id: String
    let secret: String

    public init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }

    public var description: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
