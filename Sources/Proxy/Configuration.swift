// What an operator wrote, read and checked: nothing of it can be wrong any more.
//
// `config.example.yaml` explains every setting; `ConfigurationDocument.swift` reads it.

import Cryptography
import Engine
import OpenID
import Record

/// Everything `sluice serve` needs to know. Immutable: a reload makes a new one, and an exchange keeps the one it began with.
public struct Configuration: Sendable {
    /// The file it was read from.
    public var file: String
    public var listen: Listen
    /// Absolute path of the directory that holds records and approvals.
    public var dataDirectory: String
    /// Absolute path of the rule folder; nil for the shipped one.
    public var corpusDirectory: String?
    /// Absolute path of the folder for compiled rules; nil for the user's own.
    public var cacheDirectory: String?
    /// What the action `hash` makes its labels with; nil where no rule needs it.
    public var hashKey: HMACSHA256?
    public var limits: Limits
    public var timeouts: Timeouts
    public var record: Recorder.Settings
    /// In the order of the file; names are unique.
    public var connections: [Connection]
    public var keys: KeyRing
    /// Whose tokens are accepted, and what expiry means.
    public var identity = IdentitySettings()
    /// Who may decide on reviews from the command line.
    public var people: [Person]
    public var policies: PolicySet
    /// Nil where policies stand in the configuration itself.
    public var policyFolder: PolicyFolder?

    /// Every group that somebody can be in.
    public var groups: Set<String> {
        Set(keys.entries.flatMap(\.identity.groups)).union(people.flatMap(\.groups)).union(identity.groups)
    }

    public struct IdentitySettings: Sendable, Equatable {
        public var issuers: [Issuer] = []
        /// Nil where none are asked for.
        public var certificates: ClientCertificates?
        /// What becomes of an exchange under way when the token, key or certificate that it began with expires.
        public var onExpiry = OnExpiry.finish

        public enum OnExpiry: String, Sendable, CaseIterable { case finish, cut }

        public init() {}
    }

    /// Where clients connect.
    public struct Listen: Sendable, Equatable {
        public var host: String
        public var port: Int
        /// Absent for plain HTTP.
        public var tls: ServerTLS?
    }

    /// PEM files of the server's certificate chain and private key.
    public struct ServerTLS: Sendable, Equatable {
        public var certificateFile: String
        public var keyFile: String
    }

    /// Bounds on what one client can make the proxy hold.
    public struct Limits: Sendable, Equatable {
        /// Request line and header fields together, in bytes; the same for responses.
        public var headerBytes = 64 * 1024
        /// Largest request body, in bytes.
        public var requestBodyBytes = 32 * 1024 * 1024
        /// Largest response body that was coded, in decoded bytes.
        public var decodedResponseBytes = 4 << 30
        /// Decoded bytes for each coded one of a response, beyond the first few MiB.
        public var expansion = 250
        /// Client connections open at once.
        public var connections = 10_000
    }

    public struct Timeouts: Sendable, Equatable {
        /// To reach the upstream, TLS included.
        public var connect = Duration.seconds(10)
        /// From the first byte of a request's head to its last, and from the request sent to the response's head.
        public var head = Duration.seconds(60)
        /// Without a byte in either direction, in the middle of an exchange or between two.
        public var idle = Duration.seconds(120)
        /// From the request's head to the response's end.
        public var total = Duration.seconds(3600)
        /// For exchanges under way when the server is told to stop.
        public var drain = Duration.seconds(30)
    }

    /// The rules of a connection's profiles, with the actions that the connection gives them.
    ///
    /// - Throws: it gives one to a rule or entity that the profiles do not select.
    public func override(_ rules: [Rule], for connection: Connection) throws(ConfigurationError) -> [Rule] {
        let problems = connection.actions.unknown(in: rules).map { name in
            ConfigurationProblem(
                file: file, line: connection.actionsLine, message: "connection \"\(connection.name)\": its profiles select no rule or entity \"\(name)\"",
                hint: nearest(to: name, in: Set(rules.flatMap { [$0.id, $0.entity] }).sorted()).map { "did you mean \"\($0)\"?" }
                    ?? "write a rule id, an entity such as EMAIL_ADDRESS, or '*'")
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return connection.actions.applied(to: rules)
    }

    /// Compiled rules made ready for a connection: with what stands for its numbers, and the key for `hash`.
    ///
    /// - Throws: a rule hashes, and there is no key; or it puts tokens into requests that are not masked.
    public func prepare(_ rules: RuleSet, for connection: Connection) throws -> RuleSet {
        var rules = rules
        if connection.numbers != .string || hashKey != nil && rules.ruleThatNeedsKey != nil {
            rules = try RuleSet(rules, numbers: connection.numbers, hashKey: hashKey)
        }
        if !connection.masksRequests, let rule = rules.rules.first(where: { $0.action == .token }) {
            throw ConfigurationError([
                ConfigurationProblem(
                    file: file, line: nil, message: "connection \"\(connection.name)\": the rule \"\(rule.id)\" has the action token, and requests are not masked",
                    hint: "say mask_requests: true, or give the rule another action")
            ])
        }
        guard let rule = rules.ruleThatNeedsKey else { return rules }
        throw ConfigurationError([
            ConfigurationProblem(
                file: file, line: nil, message: "connection \"\(connection.name)\": the rule \"\(rule.id)\" has the action hash, and there is no key for it",
                hint: "make one with  openssl rand -hex 32  and name where it is, for example  hash_key: env:SLUICE_HASH_KEY")
        ])
    }

    public func connection(named name: some StringProtocol) -> Connection? {
        connections.first { $0.name == name }
    }
}

/// One upstream service, and how to speak to it.
public struct Connection: Sendable {
    /// The first segment of a request's path: lower-case letters, digits, `-` and `_`.
    public var name: String
    public var upstream: Upstream
    /// What proves to the upstream who calls; the client never sees it.
    public var credential: Credential?
    /// PEM file of the only authorities trusted for this upstream; nil for the system's.
    public var certificateAuthorityFile: String?
    /// The name the upstream's certificate must carry, where it is not the host of its URL.
    public var serverName: String?
    /// Profiles of the corpus whose rules apply.
    public var profiles: [String]
    /// What rules do on this connection instead of what the profiles say.
    public var actions = ActionOverrides()
    /// Where the latter stands in the file.
    var actionsLine: Int?
    /// What to do with a response whose content type is neither text nor JSON.
    public var unknownContent: UnknownContent
    /// Whether request bodies are masked on their way to the upstream. `block` rules hold for them in any case.
    public var masksRequests: Bool

    /// What becomes of the operations that requests ask for.
    public var commands = CommandChoice.judge

    public enum CommandChoice: String, Sendable, CaseIterable {
        /// Policies and the catalogue decide.
        case judge
        /// The same goes on record, and the request passes.
        case report
        /// They are not looked for.
        case off
    }

    /// What stands in the place of a masked number.
    public var numbers: NumberPolicy = .string

    /// What becomes of responses' content codings.
    public var contentCoding: CodingChoice

    public enum CodingChoice: String, Sendable, CaseIterable {
        /// Coded again as the vendor coded them, for clients that accept it.
        case keep
        /// Sent on decoded.
        case decode
        /// Not asked for; decoded where they come all the same.
        case off
    }

    public enum UnknownContent: String, Sendable, CaseIterable {
        /// Ends the exchange with a refusal.
        case block
        /// Passed on and recorded as unscanned.
        case pass
        /// Scanned as text.
        case text

        /// The same for a part of a body.
        var ofParts: UnscannablePart {
            switch self {
            case .block: .block
            case .pass: .pass
            case .text: .text
            }
        }
    }
}

/// The base URL of an upstream, in parts.
public struct Upstream: Sendable, Equatable {
    public var tls: Bool
    /// A name or an address, without brackets.
    public var host: String
    public var port: Int
    /// Put before every request's path: empty, or `/` and segments without a `/` at the end.
    public var basePath: String

    /// For a `Host` field: the port is left out where it is the scheme's own (RFC 9110 §7.2).
    public var authority: String {
        let bracketed = host.contains(":") ? "[\(host)]" : host
        return port == (tls ? 443 : 80) ? bracketed : "\(bracketed):\(port)"
    }
}

/// Someone who may decide on reviews.
public struct Person: Sendable, Equatable {
    public var name: String
    /// The operating system's user they work as.
    public var osUser: String
    public var groups: [String]
    /// Names of the identities that tokens of this person have: issuer, `#`, subject.
    public var subjects: [String] = []
}
