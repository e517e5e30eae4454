// The credential a connection injects: where it comes from, and the form in which an upstream expects it.

import Foundation

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
        return (Self.percentEncoded(name), Self.percentEncoded(secret.exposed))
    }

    /// All but unreserved characters encoded (RFC 3986 §2.3).
    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                output.append(byte)
            default:
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
