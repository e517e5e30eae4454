// Why a key or token is accepted or refused, for an operator: the gateway's own verdict, and what the token says.

import Cryptography
import OpenID
import Synchronization

/// The verdict of a configuration on a key or token, as a gateway would give it now. Asks issuers, as the gateway does.
public struct TokenCheck: Sendable {
    /// As whom it is accepted; nil if it is refused.
    public var identity: Identity?
    /// Why it is refused.
    public var refusal: String?
    /// What to do about that.
    public var hint: String?
    public var facts: [TokenFacts.Fact]
    /// What else is worth knowing, such as why an issuer's keys cannot be had.
    public var notes: [String]

    public init(_ token: String, _ configuration: Configuration) async throws {
        let said = Said()
        let authenticator = try Authenticator(configuration, previous: nil) { text in said.lines.withLock { $0.append(text) } }
        let read = token.hasPrefix(APIKey.prefix) ? nil : TokenFacts(token, issuers: configuration.identity.issuers)
        facts = read?.facts ?? [.init(name: "form", value: "an API key of a gateway")]
        do throws(Problem) {
            switch try authenticator.identify(["authorization": "Bearer \(token)"]) {
            case .known(let known): identity = known
            case .ask(let token, let digest): identity = try await authenticator.verify(token, digest: digest)
            }
        } catch {
            refusal = error.detail
            hint = TokenError(rawValue: error.detail).map(Self.hint)
        }
        notes = said.lines.withLock { $0 } + (read?.notes ?? [])
        if let identity, identity.groups.isEmpty { notes.append("it is in no group, so only policies with groups: [\"*\"] are about it") }
    }

    private final class Said: Sendable {
        let lines = Mutex<[String]>([])
    }

    private static func hint(_ error: TokenError) -> String {
        switch error {
        case .tooLong: "have the issuer send fewer groups, such as those assigned to the application only"
        case .malformed: "send the access or ID token itself, without quotes; for opaque tokens add  introspection  to the issuer"
        case .algorithm: "have the issuer sign with one of the issuer's algorithms under identity; shared secrets (HS256) and none are never accepted"
        case .extended, .type: "this is not an access or ID token; send one of those"
        case .issuer: "write the token's issuer, as it stands above, under identity.issuers, if it is to be trusted"
        case .unknownKey: "the token is of another environment of the issuer, or of a key that it has withdrawn: get a new one; new keys are found within  keys.refetch"
        case .signature: "the token was changed on its way, cut off while copying, or made by somebody else"
        case .audience: "have the client ask for a token for this gateway, or, if the audience above means this gateway, add it to  audience"
        case .party: "if the client above may call here, add it to  authorized_parties"
        case .noExpiry: "only tokens that end are accepted: have the issuer set exp"
        case .expired: "get a new token"
        case .notYetValid: "compare the clocks of the issuer and of this machine; up to five minutes can be allowed with  clock_skew"
        case .claims: "a claim above has another form than RFC 7519 gives it: have the issuer correct it"
        case .subject: "name a claim that every token has with  subject_claim; for email the issuer must say email_verified: true"
        case .bound: "have the issuer send plain Bearer tokens, or, for those bound to a certificate, send them with that certificate"
        case .inactive: "the token has expired, was revoked, or is of another issuer than the one that is asked"
        case .unavailable: "see the notes; the gateway refuses tokens of this issuer until it can be asked"
        }
    }
}
