// The credential a connection injects: where it comes from, and the form in which an upstream expects it.

import Foundation
import OpenID

/// A value that must not be seen: it prints, interpolates and mirrors as `<secret>`.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself. Name it only where it is sent.
    public let exposed: String

    public init(_ value: String) { exposed = value }

    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What proves to an upstream who calls.
public struct Credential: Sendable, Equatable {
    public enum Form: Sendable, Equatable {
        /// `Authorization: Bearer <secret>` (RFC 6750).
        case bearer
        /// `<name>: <secret>`
        case header(name: String)
        /// `Authorization: Basic <base64 of the secret>`; the secret is `user:password` (RFC 7617).
        case basic
        /// `<name>=<secret>`, percent-encoded, added to the query.
        case query(name: String)
    }

    public var form: Form
    public var secret: Secret

    /// The header field to add, if the form is one.
    public var headerField: (name: String, value: String)? {
        switch form {
        case .bearer: ("Authorization", "Bearer " + secret.exposed)
        case .header(let name): (name, secret.exposed)
        case .basic: ("Authorization", "Basic " + Data(secret.exposed.utf8).base64EncodedString())
        case .query: nil
        }
    }

    /// The query parameter to add, both sides percent-encoded, if the form is one.
    public var queryParameter: (name: String, value: String)? {
        guard case .query(let name) = form else { return nil }
        return (name.percentEncoded, secret.exposed.percentEncoded)
    }
}
