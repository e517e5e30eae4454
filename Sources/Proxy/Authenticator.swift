// Who calls: the one place that asks API keys, tokens and client certificates in turn.

import Cryptography
import Foundation
import NIOHTTP1
import OpenID

/// What a gateway knows about callers. Shared by all threads.
struct Authenticator: Sendable {
    private let keys: KeyRing
    private let people: [Person]
    private let certificates: ClientCertificates?
    let tokens: TokenVerifier

    /// - Parameter previous: its keys of issuers are taken over.
    init(_ configuration: Configuration, previous: Authenticator?, log: @escaping @Sendable (String) -> Void) throws {
        keys = configuration.keys
        people = configuration.people
        certificates = configuration.identity.certificates
        do {
            tokens = try TokenVerifier(configuration.identity.issuers, previous: previous?.tokens, log: log)
        } catch {
            throw ConfigurationError([
                ConfigurationProblem(
                    file: configuration.file, line: nil, message: "the certificate authorities of an issuer cannot be used: \(error)",
                    hint: "name a PEM file with the certificates of the authorities")
            ])
        }
    }

    enum Answer {
        case known(Identity)
        /// Nobody knows this token yet: ``verify(_:digest:certificate:)`` does, away from the event loop.
        case ask(token: String, digest: [UInt8])
    }

    /// By which authorities client certificates are verified now; nil where none are asked for.
    var authorities: [UInt8]? { certificates?.authorities }

    /// Whose request this is, asked of each one anew. A key or token counts before the connection's certificate.
    func identify(_ headers: HTTPHeaders, certificate: ShownCertificate? = nil) throws(Problem) -> Answer {
        let presented: String
        let digest: [UInt8]
        do throws(AuthenticationError) {
            guard let found = try KeyRing.presented(headers) else { return .known(try identity(certificate)) }
            presented = found
            digest = SHA256.digest(of: Array(presented.utf8))
            do throws(AuthenticationError) {
                return .known(try keys.identify(digest: digest))
            } catch {
                guard error == .unknown else { throw error }
            }
        } catch {
            throw Self.problem(error)
        }
        if let remembered = tokens.remembered(digest) { return .known(try identity(remembered, certificate)) }
        guard !presented.hasPrefix(APIKey.prefix), tokens.mayKnow(presented) else { throw Self.problem(.unknown) }
        return .ask(token: presented, digest: digest)
    }

    private func identity(_ shown: ShownCertificate?) throws(AuthenticationError) -> Identity {
        guard let shown, let certificates, shown.authorities == certificates.authorities else { throw .missing }
        guard let identity = certificates.identity(of: shown.certificate) else { throw .stranger }
        // It may have ended since the connection was made.
        guard Date() < shown.certificate.expires else { throw .expired }
        return identity
    }

    func verify(_ token: String, digest: [UInt8], certificate: ShownCertificate? = nil) async throws(Problem) -> Identity {
        let verified: Result<VerifiedToken, TokenError>
        do throws(TokenError) {
            verified = .success(try await tokens.verify(token, digest: digest))
        } catch {
            verified = .failure(error)
        }
        return try identity(verified, certificate)
    }

    private func identity(_ verified: Result<VerifiedToken, TokenError>, _ shown: ShownCertificate?) throws(Problem) -> Identity {
        switch verified {
        case .success(let token):
            // Bound to a certificate it is worth nothing without it (RFC 8705 §3).
            guard token.confirmation == nil || token.confirmation == shown?.certificate.digest else { throw Self.problem(.bound) }
            return Identity(name: token.name, groups: token.groups, owner: owner(of: token), expires: token.expires)
        case .failure(let error): throw Self.problem(error)
        }
    }

    /// The person that a token stands for: who has its name among their subjects, or is called like its subject. Whom the latter makes the owner of a stranger's token
    /// cannot approve what it asks for, and loses nothing else by it.
    private func owner(of token: VerifiedToken) -> String? {
        let person = people.first { $0.subjects.contains(token.name) } ?? people.first { $0.name.lowercased() == token.subject.lowercased() }
        return person?.name
    }

    private static func problem(_ error: AuthenticationError) -> Problem {
        Problem(.unauthorized, .unauthenticated, error.rawValue, hint: "send a key of this gateway, or a token of an issuer that it knows, as  Authorization: Bearer …")
    }

    static func problem(_ error: TokenError) -> Problem {
        error == .unavailable
            ? Problem(.serviceUnavailable, .identity, error.rawValue, hint: "try again; an operator finds why in the gateway's log")
            : Problem(.unauthorized, .token, error.rawValue, hint: "get a new token; an operator can see why with  sluice token check")
    }
}
