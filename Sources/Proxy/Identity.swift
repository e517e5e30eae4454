// Who calls, and API keys, which stand for identities of the configuration. `Authenticator.swift` has the other ways to show one.

import Cryptography
import Foundation
import NIOHTTP1

/// Who makes a request.
public struct Identity: Sendable, Hashable {
    /// Of an API key its name in the configuration; of a token its issuer, `#` and its subject; of a certificate `cert:` and what was matched.
    public var name: String
    public var groups: [String]
    /// The person it belongs to, who therefore cannot approve what it asks for.
    public var owner: String?
    /// From this moment on what showed it is not accepted any more.
    public var expires: Date?

    public init(name: String, groups: [String], owner: String? = nil, expires: Date? = nil) {
        self.name = name
        self.groups = groups
        self.owner = owner
        self.expires = expires
    }
}

/// Why a request has no identity. The text is for the operator's log and the client alike: it tells nothing about any key.
public enum AuthenticationError: String, Error, Sendable {
    case missing = "no API key or token"
    case stranger = "the client certificate is nobody's here"
    case conflicting = "several different API keys or tokens"
    case unknown = "unknown API key"
    case expired = "expired API key"
}

/// A new API key, in the one moment in which it is known.
///
/// A key is `slk_` and 256 random bits in base64url (43 characters). Because it has full entropy, one round of SHA-256 is
/// enough to store it: nobody can try 2²⁵⁶ keys however fast the hash is. A slow hash (bcrypt, Argon2) protects what people
/// choose; here it would only cost the proxy milliseconds on every request.
public struct APIKey: Sendable {
    public static let prefix = "slk_"

    public let secret: Secret

    public init() {
        let encoded = Data(randomBytes(32)).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
        secret = Secret(Self.prefix + encoded)
    }

    /// `sha256:` and 64 hexadecimal digits, for `hash:` in the configuration.
    public var hash: String { "sha256:" + hexadecimal(digest) }

    /// What a ``KeyRing`` keeps of it.
    var digest: [UInt8] { SHA256.digest(of: Array(secret.exposed.utf8)) }
}

/// The keys of a configuration.
public struct KeyRing: Sendable {
    /// One key as configured.
    public struct Entry: Sendable, Equatable {
        public var identity: Identity
        /// SHA-256 of the key.
        public var hash: [UInt8]
        /// From this moment on the key is refused.
        public var expires: Date?

        public init(identity: Identity, hash: [UInt8], expires: Date? = nil) {
            self.identity = identity
            self.hash = hash
            self.expires = expires
        }
    }

    public let entries: [Entry]

    public init(_ entries: [Entry]) { self.entries = entries }

    /// Header fields in which a client may present its key or token, in lower case: `authorization` (as `Bearer`), and those that the SDKs of
    /// Anthropic, Azure OpenAI and Google use. None of them is ever forwarded.
    public static let headerNames = ["authorization", "x-api-key", "api-key", "x-goog-api-key"]

    /// The key or token that a request presents. It may be given in several fields if it is the same one.
    public static func presented(_ headers: HTTPHeaders) throws(AuthenticationError) -> String? {
        var presented: String?
        for name in Self.headerNames {
            for value in headers[name] {
                let key: String
                if name == "authorization" {
                    guard let token = Self.bearerToken(value) else { continue }
                    key = token
                } else {
                    key = value
                }
                guard !key.isEmpty else { continue }
                if let presented, presented != key { throw .conflicting }
                presented = key
            }
        }
        return presented
    }

    /// Whose key this is.
    ///
    /// Every stored hash is compared, each in constant time, so that the time tells nothing about which keys exist. A few microseconds; call it on the event loop.
    ///
    /// - Parameter digest: SHA-256 of the key.
    public func identify(digest: [UInt8], now: Date = Date()) throws(AuthenticationError) -> Identity {
        var found: Entry?
        for entry in entries where equalInConstantTime(entry.hash, digest) { found = entry }
        guard let found else { throw .unknown }
        if let expires = found.expires, now >= expires { throw .expired }
        var identity = found.identity
        identity.expires = found.expires
        return identity
    }

    /// When a key of `expires: <text>` ends: after that day (UTC, `2027-12-31`) or at that moment (RFC 3339). Nil for anything else.
    public static func expiry(_ text: String) -> Date? {
        if let day = try? Date(text, strategy: Date.ISO8601FormatStyle().year().month().day()), text.utf8.count == 10 {
            return day.addingTimeInterval(86_400)
        }
        return (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// The token of `Bearer <token>` (RFC 6750 §2.1; the scheme's name in any case, RFC 9110 §11.1).
    private static func bearerToken(_ value: String) -> String? {
        let scheme = value.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        // By bytes: trimming by characters took longer than all else that is done with a key.
        var token = value.utf8.dropFirst(scheme.utf8.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        while token.last == UInt8(ascii: " ") || token.last == UInt8(ascii: "\t") { token.removeLast() }
        return String(Substring(token))
    }
}
