// From a configuration file to a `Configuration`: the settings by name, their bounds, and the rules between them.

import Cryptography
import Engine
import Foundation
import NIOSSL
import OpenID
import Operations
import Record

extension Configuration {
    /// Reads and checks the file at `path`, with all that it names: certificates, keys, credentials.
    ///
    /// Relative paths in it are relative to its own directory.
    ///
    /// - Parameters:
    ///   - environment: where `env:` credentials come from.
    ///   - readsSecrets: false for who only wants to know what is decided: random bytes then stand for credentials and keys, and the server's TLS is left out.
    /// - Throws: ``ConfigurationError`` with every mistake found.
    public static func load(
        _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment, readsSecrets: Bool = true
    ) throws(ConfigurationError) -> Configuration {
        try parse(text(of: path), file: path, environment: environment, readsSecrets: readsSecrets)
    }

    /// Like ``load(_:environment:readsSecrets:)``, for text that is already read; `file` is its name in messages, and where relative paths begin.
    public static func parse(
        _ text: String, file: String, environment: [String: String] = ProcessInfo.processInfo.environment, readsSecrets: Bool = true
    ) throws(ConfigurationError) -> Configuration {
        let reader = ConfigurationReader(file: file)
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
        let document = ConfigurationDocument(reader: reader, directory: directory, environment: environment, readsSecrets: readsSecrets)
        let configuration = document.read(text)
        guard let configuration, reader.problems.isEmpty else { throw reader.error }
        return configuration
    }

    /// Reads only what the commands for records and approvals go by: where the records are, and who may decide.
    ///
    /// Credentials and private keys are not touched: whoever decides on a review need not be able to read them. What else the file says is
    /// not checked.
    public static func administration(_ path: String) throws(ConfigurationError) -> (dataDirectory: String, people: [Person]) {
        let reader = ConfigurationReader(file: path)
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let document = ConfigurationDocument(reader: reader, directory: directory, environment: [:], readsSecrets: false)
        let administration = document.administration(try text(of: path))
        guard let administration, reader.problems.isEmpty else { throw reader.error }
        return administration
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError([
                .init(file: path, line: nil, message: "cannot be read", hint: "check the name and who may read it, or copy config.example.yaml to it")
            ])
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Reads one file. Every method goes on after a mistake, so that all are told at once; what it then returns is thrown away.
struct ConfigurationDocument {
    let reader: ConfigurationReader
    /// Where relative paths begin.
    let directory: String
    let environment: [String: String]
    let readsSecrets: Bool

    private static let keys = ["listen", "data", "corpus", "cache", "hash_key", "limits", "timeouts", "record", "connections", "identity", "keys", "people", "policies"]

    func administration(_ text: String) -> (dataDirectory: String, people: [Person])? {
        guard let root = reader.root(text, keys: Self.keys), let data = dataDirectory(root) else { return nil }
        return (data, people(root))
    }

    private func dataDirectory(_ root: Section) -> String? {
        root.text("data", required: true, example: "/var/lib/sluice").map(absolute)
    }

    func read(_ text: String) -> Configuration? {
        guard let root = reader.root(text, keys: Self.keys) else { return nil }
        root.refuseUnknownKeys()

        let listen = listen(root)
        let data = dataDirectory(root)
        let corpus = root.text("corpus").map(absolute)
        if let corpus, !isDirectory(corpus) {
            root.report("corpus", "there is no directory \(corpus)", hint: "name the folder that holds pii/, secrets/ and profiles/, or leave it out")
        }
        let cache = root.text("cache").map(absolute)
        let hashKey = hashKey(root)
        let connections = connections(root)
        let people = people(root)
        let identity = identity(root, people: people)
        let entries = keyRing(root, people: people)
        refuseForeignNames(root, entries, people, identity.issuers)
        let callers = Set(entries.flatMap(\.identity.groups)).union(identity.groups)
        let problems = reader.problems.count
        let (sections, folder, version) = policySections(root, text)
        let policies = PolicySet(policies(sections, connections: connections.map(\.connection.name), callers: callers, people: people), version: version)
        // What they come to is worth asking of policies that say what they are meant to say.
        if reader.problems.count == problems { refuseUnreachable(connections, policies.policies) }
        if reader.problems.isEmpty { policies.deadAdmissions(connections: connections.map(\.connection.name)).forEach(reader.report) }

        guard let listen, let data else { return nil }
        return Configuration(
            file: reader.file, listen: listen, dataDirectory: data, corpusDirectory: corpus, cacheDirectory: cache, hashKey: hashKey,
            limits: limits(root), timeouts: timeouts(root), record: record(root), connections: connections.map(\.connection), keys: KeyRing(entries),
            identity: identity, people: people, policies: policies, policyFolder: folder)
    }

    // MARK: Server

    private func listen(_ root: Section) -> Configuration.Listen? {
        guard let section = root.section("listen", keys: ["host", "port", "tls", "plaintext"], required: true) else { return nil }
        section.refuseUnknownKeys()
        let host = section.text("host") ?? "127.0.0.1"
        let port = section.integer("port", in: 0...65535)
        if port == nil, !section.has("port") { section.report("port", "\"listen.port\" is missing", hint: "for example  port: 8443") }
        let tls = serverTLS(section)
        let plaintext = section.flag("plaintext") ?? false
        if !section.has("tls"), !plaintext, !Endpoint.isLoopback(host) {
            section.report(
                "host", "without \"listen.tls\" the API keys of clients would cross the network in clear text",
                hint: "add tls with a certificate and a key, or, where something in front of Sluice ends TLS, plaintext: true")
        }
        return Configuration.Listen(host: host, port: port ?? 0, tls: tls)
    }

    private func serverTLS(_ listen: Section) -> Configuration.ServerTLS? {
        guard let section = listen.section("tls", keys: ["certificate", "key"]) else { return nil }
        section.refuseUnknownKeys()
        let certificate = section.text("certificate", required: true, example: "/etc/sluice/tls.crt").map(absolute)
        let key = section.text("key", required: true, example: "/etc/sluice/tls.key").map(absolute)
        guard readsSecrets, let certificate, let key else { return nil }
        let chain = certificates(certificate, section, "certificate")
        guard isPrivateFile(key, section, "key") else { return nil }
        guard let privateKey = try? NIOSSLPrivateKey(file: key, format: .pem) else {
            section.report("key", "\(key) holds no private key in PEM form", hint: "it begins with -----BEGIN PRIVATE KEY-----")
            return nil
        }
        guard let chain else { return nil }
        let server = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        if (try? NIOSSLContext(configuration: server)) == nil {
            section.report("key", "the private key does not belong to the certificate", hint: "the certificate must come first in its file")
        }
        return Configuration.ServerTLS(certificateFile: certificate, keyFile: key)
    }

    private func limits(_ root: Section) -> Configuration.Limits {
        var limits = Configuration.Limits()
        guard let section = root.section("limits", keys: ["header", "request_body", "decoded_response", "expansion", "connections"]) else { return limits }
        section.refuseUnknownKeys()
        limits.headerBytes = section.bytes("header", in: 1024...(1 << 20)) ?? limits.headerBytes
        limits.requestBodyBytes = section.bytes("request_body", in: 0...(1 << 40)) ?? limits.requestBodyBytes
        limits.decodedResponseBytes = section.bytes("decoded_response", in: 0...(1 << 50)) ?? limits.decodedResponseBytes
        limits.expansion = section.integer("expansion", in: 1...1_000_000) ?? limits.expansion
        limits.connections = section.integer("connections", in: 1...1_000_000) ?? limits.connections
        return limits
    }

    private func timeouts(_ root: Section) -> Configuration.Timeouts {
        var timeouts = Configuration.Timeouts()
        guard let section = root.section("timeouts", keys: ["connect", "head", "idle", "total", "drain"]) else { return timeouts }
        section.refuseUnknownKeys()
        let range = Duration.milliseconds(1)...Duration.seconds(7 * 86_400)
        timeouts.connect = section.duration("connect", in: range) ?? timeouts.connect
        timeouts.head = section.duration("head", in: range) ?? timeouts.head
        timeouts.idle = section.duration("idle", in: range) ?? timeouts.idle
        timeouts.total = section.duration("total", in: range) ?? timeouts.total
        timeouts.drain = section.duration("drain", in: Duration.zero...Duration.seconds(86_400)) ?? timeouts.drain
        return timeouts
    }

    private func record(_ root: Section) -> Recorder.Settings {
        var settings = Recorder.Settings()
        guard let section = root.section("record", keys: ["body_limit", "sync_interval", "segment_size"]) else { return settings }
        section.refuseUnknownKeys()
        settings.bodyLimit = section.bytes("body_limit", in: 0...(1 << 40)) ?? settings.bodyLimit
        settings.syncInterval = section.duration("sync_interval", in: .milliseconds(1)...(.seconds(10))) ?? settings.syncInterval
        settings.segmentBytes = section.bytes("segment_size", in: (1 << 20)...(1 << 31)) ?? settings.segmentBytes
        return settings
    }

    // MARK: Connections

    private func connections(_ root: Section) -> [(line: Int, connection: Connection)] {
        let keys = ["name", "upstream", "plaintext", "credential", "tls", "profiles", "actions", "unknown_content", "content_coding", "mask_requests", "commands", "numbers"]
        var connections: [(line: Int, connection: Connection)] = []
        for section in root.sections("connections", keys: keys, required: true) {
            section.refuseUnknownKeys { Self.inlineSecretAdvice($0, in: section) }
            let name = connectionName(section)
            if let name, let first = connections.first(where: { $0.connection.name == name }) {
                section.report("name", "a second connection \"\(name)\"; the first is on line \(first.line)", hint: "give one of them another name")
                continue
            }
            let upstream = upstream(section)
            let (authorities, serverName) = upstreamTLS(section, upstream)
            let credential = credential(section)
            if let upstream, credential != nil, !upstream.tls, !Endpoint.isLoopback(upstream.host), section.flag("plaintext") != true {
                section.report(
                    "upstream", "the credential would cross the network in clear text", hint: "use https://, or say plaintext: true if the way there is safe")
            }
            let actions = section.actions("actions")
            // A name to go on with: policies are then not told that it does not exist.
            connections.append(
                (
                    section.line(of: "name"),
                    Connection(
                        name: name ?? section.name ?? "", upstream: upstream ?? Upstream(tls: true, host: "", port: 0, basePath: ""),
                        credential: credential, certificateAuthorityFile: authorities, serverName: serverName,
                        profiles: section.words("profiles", example: "default")?.map(\.text) ?? ["default"], actions: actions,
                        actionsLine: section.has("actions") ? section.line(of: "actions") : nil,
                        unknownContent: section.choice("unknown_content", Connection.UnknownContent.self) ?? .block,
                        masksRequests: section.flag("mask_requests") ?? false, commands: section.choice("commands", Connection.CommandChoice.self) ?? .judge, numbers: section.choice("numbers", NumberPolicy.self) ?? .string,
                        contentCoding: section.choice("content_coding", Connection.CodingChoice.self) ?? .keep)
                ))
        }
        if connections.isEmpty, root.has("connections") {
            root.report("connections", "there are no connections, so there is nothing to stand in front of", hint: "add one with a name and an upstream")
        }
        return connections
    }

    private func connectionName(_ section: Section) -> String? {
        guard let name = section.text("name", required: true, example: "billing") else { return nil }
        let isWord = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        guard isWord, name.utf8.count <= 64 else {
            section.report("name", "\"\(name)\" cannot be a path segment of its own", hint: "use up to 64 lower-case letters, digits, - and _")
            return nil
        }
        return name
    }

    private func upstream(_ section: Section) -> Upstream? {
        let example = "https://api.example.com/v1"
        guard let text = section.text("upstream", required: true, example: example) else { return nil }
        func refuse(_ message: String, hint: String = "for example  upstream: \(example)") -> Upstream? {
            section.report("upstream", message, hint: hint)
            return nil
        }
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased() else {
            return refuse("\"upstream\" is not a URL")
        }
        guard url.user == nil, url.password == nil else {
            return refuse("\"upstream\" carries a user or a password", hint: "take it out and use credential: {kind: basic, from: file:…}")
        }
        guard scheme == "https" || scheme == "http" else { return refuse("\"upstream\" has the scheme \"\(scheme)\"", hint: "use https:// or http://") }
        guard url.query == nil, url.fragment == nil else {
            return refuse("\"upstream\" has a query or a fragment", hint: "for a key in the query use credential: {kind: query, name: …, from: env:…}")
        }
        guard var host = url.host?.lowercased(), !host.isEmpty else { return refuse("\"upstream\" names no host") }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if let port = url.port, !(1...65535).contains(port) { return refuse("\"upstream\" has no valid port") }
        var basePath = url.percentEncodedPath
        while basePath.hasSuffix("/") { basePath.removeLast() }
        guard !basePath.split(separator: "/", omittingEmptySubsequences: false).contains(where: { $0 == "." || $0 == ".." }) else {
            return refuse("\"upstream\" has . or .. in its path", hint: "write the path as it is meant")
        }
        return Upstream(tls: scheme == "https", host: host, port: url.port ?? (scheme == "https" ? 443 : 80), basePath: basePath)
    }

    private func upstreamTLS(_ connection: Section, _ upstream: Upstream?) -> (authorities: String?, serverName: String?) {
        guard let section = connection.section("tls", keys: ["ca_file", "server_name"]) else { return (nil, nil) }
        section.refuseUnknownKeys { key in
            guard ["verify", "insecure", "insecure_skip_verify", "skip_verify"].contains(key) else { return nil }
            return ("the upstream's certificate is always verified", "name the authority that signed it in ca_file")
        }
        if let upstream, !upstream.tls {
            connection.report("tls", "\"\(connection.path("tls"))\" is given, but the upstream is http://", hint: "use https:// or remove it")
        }
        let authorities = section.text("ca_file").map(absolute)
        if let authorities { _ = certificates(authorities, section, "ca_file") }
        return (authorities, section.text("server_name"))
    }

    // MARK: Credentials

    private enum CredentialKind: String, CaseIterable { case bearer, header, basic, query }

    private func credential(_ connection: Section) -> Credential? {
        guard let given = connection.given("credential") else { return nil }
        if case .scalar = given.value {
            connection.report("credential", "\"credential\" must be a mapping; a secret is never written into this file", hint: Self.secretHint)
            return nil
        }
        guard let section = connection.section("credential", keys: ["kind", "name", "from"]) else { return nil }
        section.refuseUnknownKeys { Self.inlineSecretAdvice($0, in: section) }
        let kind = section.choice("kind", CredentialKind.self, required: true)
        let secret = secret(section)
        var form: Credential.Form?
        switch kind {
        case .bearer, .basic:
            section.refuse(["name"], only: "the kinds header and query")
            form = kind == .basic ? .basic : .bearer
            if kind == .basic, let secret, !secret.exposed.contains(":") {
                section.report("from", "a basic credential has the form user:password, and this one has no colon", hint: "store both, for example  printf 'user:password' > FILE")
            }
        case .header: form = headerName(section).map { .header(name: $0) }
        case .query: form = section.text("name", required: true, example: "key").map { .query(name: $0) }
        case nil: break
        }
        guard let form, let secret else { return nil }
        return Credential(form: form, secret: secret)
    }

    private func headerName(_ section: Section) -> String? {
        guard let name = section.text("name", required: true, example: "X-Api-Key") else { return nil }
        let punctuation = Set("!#$%&'*+-.^_`|~".utf8)
        guard name.utf8.allSatisfy({ punctuation.contains($0) || ($0 < 0x80 && Character(Unicode.Scalar($0)).isLetter) || (0x30...0x39).contains($0) }) else {
            section.report("name", "\"\(name)\" cannot be the name of a header field (RFC 9110 §5.6.2)", hint: "for example  name: X-Api-Key")
            return nil
        }
        let framing = ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect", "keep-alive"]
        guard !framing.contains(name.lowercased()) else {
            section.report("name", "\"\(name)\" frames the message and cannot carry a credential", hint: "for example  name: X-Api-Key")
            return nil
        }
        return name
    }

    /// The secret that a setting points to.
    func secret(_ section: Section, _ key: String = "from", what: String = "the credential", example: String = "env:BILLING_TOKEN", hint: String = secretHint) -> Secret? {
        guard let reference = section.text(key, required: true, example: example) else { return nil }
        guard reference.hasPrefix("env:") || reference.hasPrefix("file:") else {
            // The text is not repeated: it may be the secret itself.
            section.report(key, "\"\(section.path(key))\" must begin with env: or file:; a secret is never written into this file", hint: hint)
            return nil
        }
        // Of the form that the kind `basic` wants.
        guard readsSecrets else { return Secret("unread:" + hexadecimal(randomBytes(16))) }
        do throws(SecretReference.Failure) {
            return try SecretReference.read(reference, what: what, directory: directory, environment: environment)
        } catch {
            section.report(key, error.message, hint: error.hint)
            return nil
        }
    }

    /// The key for the action `hash`; a problem where it is given and cannot be had.
    private func hashKey(_ root: Section) -> HMACSHA256? {
        guard let reference = root.text("hash_key", example: "env:SLUICE_HASH_KEY") else { return nil }
        guard readsSecrets else { return HMACSHA256(key: randomBytes(32)) }
        do throws(SecretReference.Failure) {
            return try SecretReference.hashKey(reference, directory: directory, environment: environment)
        } catch {
            root.report("hash_key", error.message, hint: error.hint)
            return nil
        }
    }

    static let secretHint =
        "put it into an environment variable or a file of mode 0600, for example  credential: {kind: bearer, from: env:BILLING_TOKEN}"

    /// What to say to someone who writes a secret into the file.
    private static func inlineSecretAdvice(_ key: String, in section: Section) -> (message: String, hint: String)? {
        let words = ["token", "secret", "password", "value", "key", "api_key", "apikey", "bearer", "basic", "authorization"]
        guard words.contains(key.lowercased()) else { return nil }
        return ("\"\(section.path(key))\": a secret is never written into this file", secretHint)
    }

    // MARK: Who

    private func people(_ root: Section) -> [Person] {
        var people: [(line: Int, person: Person)] = []
        for section in root.sections("people", keys: ["name", "os_user", "groups", "subjects"]) {
            section.refuseUnknownKeys()
            let groups = section.words("groups", required: true, example: "leads")?.map(\.text) ?? []
            guard let name = section.text("name", required: true, example: "alice") else { continue }
            if let first = people.first(where: { $0.person.name == name }) {
                section.report("name", "a second person \"\(name)\"; the first is on line \(first.line)", hint: "keep one of them")
                continue
            }
            people.append((section.line(of: "name"), Person(name: name, osUser: section.text("os_user") ?? name, groups: groups, subjects: section.words("subjects")?.map(\.text) ?? [])))
        }
        return people.map(\.person)
    }

    private func keyRing(_ root: Section, people: [Person]) -> [KeyRing.Entry] {
        var entries: [(line: Int, entry: KeyRing.Entry)] = []
        for section in root.sections("keys", keys: ["name", "hash", "groups", "owner", "expires"], required: !root.has("identity")) {
            section.refuseUnknownKeys { key in
                guard ["key", "token", "secret", "value", "api_key"].contains(key.lowercased()) else { return nil }
                return ("\"\(section.path(key))\": a key is never written into this file, only its hash", "make one with: sluice key new --name NAME --groups GROUP")
            }
            let groups = section.words("groups", required: true, example: "agents") ?? []
            for group in groups where group.text == "*" {
                reader.report(group.line, "\"*\" cannot be a group: in policies it stands for everyone", hint: "name the group")
            }
            let owner = owner(section, people)
            let expires = expires(section)
            let hash = hash(section)
            guard let name = section.text("name", required: true, example: "research-agent") else { continue }
            if let first = entries.first(where: { $0.entry.identity.name == name }) {
                section.report("name", "a second key \"\(name)\"; the first is on line \(first.line)", hint: "records could not tell them apart: give one another name")
                continue
            }
            if let hash, let first = entries.first(where: { $0.entry.hash == hash }) {
                section.report("hash", "the same key as \"\(first.entry.identity.name)\" on line \(first.line)", hint: "make one key for each name: sluice key new --name \(name)")
                continue
            }
            entries.append(
                (
                    section.line(of: "name"),
                    KeyRing.Entry(identity: Identity(name: name, groups: groups.map(\.text), owner: owner), hash: hash ?? [], expires: expires)
                ))
        }
        return entries.map(\.entry)
    }

    func owner(_ section: Section, _ people: [Person]) -> String? {
        let owner = section.text("owner")
        if let owner, !people.contains(where: { $0.name == owner }) {
            section.report(
                "owner", "there is no person \"\(owner)\"",
                hint: nearest(to: owner, in: people.map(\.name)).map { "did you mean \"\($0)\"?" } ?? "add them to people, or leave owner out")
        }
        return owner
    }

    private func hash(_ section: Section) -> [UInt8]? {
        let hint = "make a key with: sluice key new --name NAME --groups GROUP"
        guard let text = section.text("hash", required: true, example: "\"sha256:…\"") else { return nil }
        guard text.hasPrefix("sha256:"), let hash = bytes(hexadecimal: text.dropFirst(7)), hash.count == SHA256.digestLength else {
            // Not repeated: it may be the key itself.
            section.report("hash", "\"\(section.path("hash"))\" is not sha256: and 64 hexadecimal digits", hint: hint)
            return nil
        }
        return hash
    }

    /// A day (until its end, UTC) or a moment (RFC 3339).
    private func expires(_ section: Section) -> Date? {
        guard let text = section.text("expires", example: "2027-12-31") else { return nil }
        if let expiry = KeyRing.expiry(text) { return expiry }
        section.report("expires", "\"\(text)\" is not a date", hint: "for example  expires: 2027-12-31  or  expires: \"2027-12-31T12:00:00Z\"")
        return nil
    }

    // MARK: Policies

    private enum Verdict: String, CaseIterable { case allow, deny, approve }

    static let policyKeys = [
        "name", "groups", "connections", "methods", "paths", "operations", "severity", "objects", "when", "mode", "mask_requests", "decision", "approvers", "reason", "deadline",
    ]

    private func policies(_ sections: [(section: Section, name: String)], connections: [String], callers: Set<String>, people: [Person]) -> [Policy] {
        let deciders = Set(people.flatMap(\.groups))
        var policies: [Policy] = []
        for (section, unnamed) in sections {
            section.refuseUnknownKeys()
            let name = section.text("name") ?? unnamed
            if let first = policies.first(where: { $0.name == name })?.place {
                section.report(
                    "name", "a second policy \"\(name)\"; the first is on line \(first.line)\(first.file == section.reader.file ? "" : " of \(first.file)")",
                    hint: "records could not tell them apart: give one another name")
            }
            let verdict = section.choice("decision", Verdict.self, required: true)
            if verdict != .approve { section.refuse(["approvers", "deadline"], only: "decision: approve") }
            let operations = operations(section)
            if verdict == .deny || operations != nil { section.refuse(["mask_requests"], only: "policies that admit requests") }
            if verdict == .allow { section.refuse(["reason"], only: "decision: deny and decision: approve") }
            policies.append(
                Policy(
                    name: name,
                    groups: known(section, "groups", in: callers, what: "group") {
                        deciders.contains($0) ? "only people have it, who decide on reviews and do not call" : "no key, no issuer and no certificate has it"
                    },
                    connections: known(section, "connections", in: connections, what: "connection") { _ in "it is not in connections" },
                    methods: methods(section), paths: paths(section), operations: operations, when: section.schedule("when"),
                    mode: section.choice("mode", Policy.Mode.self) ?? .enforce, masksRequests: section.flag("mask_requests") ?? false, effect: effect(section, verdict ?? .deny, people: people),
                    place: Policy.Place(file: section.reader.file, line: section.line)))
        }
        return policies
    }

    /// Words of which each is `*` or in `all`.
    private func known(_ section: Section, _ key: String, in all: some Collection<String>, what: String, why absent: (String) -> String) -> [String] {
        let words = section.words(key, required: true, example: all.min() ?? "*") ?? []
        for word in words where word.text != "*" && !all.contains(word.text) {
            section.reader.report(
                word.line, "there is no \(what) \"\(word.text)\": \(absent(word.text))",
                hint: nearest(to: word.text, in: all.sorted()).map { "did you mean \"\($0)\"?" }
                    ?? "known: \(all.isEmpty ? "none" : all.sorted().joined(separator: ", "))")
        }
        return words.map(\.text)
    }

    private func methods(_ section: Section) -> [String] {
        guard let words = section.words("methods", example: "GET, POST") else { return ["*"] }
        for word in words where word.text != "*" && !Exchange.methods.contains(word.text) {
            let hint = nearest(to: word.text, in: Exchange.methods.sorted()).map { "did you mean \"\($0)\"?" } ?? "for example  methods: [GET, POST]"
            section.reader.report(word.line, "\"\(word.text)\" is not a method that is passed on", hint: hint)
        }
        return words.map(\.text)
    }

    private func paths(_ section: Section) -> [PathPattern] {
        let words = section.words("paths", example: "\"/v1/customers/*\"") ?? [(section.line, "/**")]
        return words.compactMap { word in
            if let pattern = PathPattern(word.text) {
                if let (message, hint) = pattern.contradiction { section.reader.report(word.line, "no path matches \"\(word.text)\": \(message)", hint: hint) }
                return pattern
            }
            section.reader.report(
                word.line, "\"\(word.text)\" is not a path pattern",
                hint: "begin with /; * is one segment, ** as a whole segment is any number: /v1/customers/*/orders/**")
            return nil
        }
    }

    /// What of the catalogue it is about; whether the catalogue has it is checked when both are known.
    private func operations(_ section: Section) -> OperationScope? {
        guard section.has("operations") || section.has("severity") || section.has("objects") else { return nil }
        func globs(_ key: String, example: String) -> [Glob] { (section.words(key, example: example) ?? []).map { Glob($0.text) } }
        return OperationScope(
            names: globs("operations", example: "'sql.*'"), severity: section.choice("severity", Catalogue.Severity.self) ?? .low, objects: globs("objects", example: "'dev_*'"),
            line: section.has("operations") ? section.line(of: "operations") : nil)
    }

    private func effect(_ section: Section, _ verdict: Verdict, people: [Person]) -> Policy.Effect {
        let reason = section.text("reason")
        switch verdict {
        case .allow: return .allow
        case .deny: return .deny(reason: reason)
        case .approve:
            let groups = Set(people.flatMap(\.groups))
            let approvers = section.words("approvers", required: true, example: groups.min() ?? "leads") ?? []
            for group in approvers where !groups.contains(group.text) {
                section.reader.report(
                    group.line, "nobody in people is in group \"\(group.text)\", so nobody could approve",
                    hint: nearest(to: group.text, in: groups.sorted()).map { "did you mean \"\($0)\"?" }
                        ?? "add someone, for example  people: [{name: alice, groups: [\(group.text)]}]")
            }
            let deadline = section.duration("deadline", in: .seconds(1)...(.seconds(30 * 86_400))) ?? .seconds(15 * 60)
            return .approve(ApprovalTerms(approvers: approvers.map(\.text), reason: reason, deadline: deadline))
        }
    }

    /// A connection that no policy lets anyone use is a mistake: it looks protected, and is merely dead.
    private func refuseUnreachable(_ connections: [(line: Int, connection: Connection)], _ policies: [Policy]) {
        for (line, connection) in connections {
            let open = policies.contains { policy in
                if policy.operations != nil || policy.mode == .report { return false }
                if case .deny = policy.effect { return false }
                return policy.connections.contains("*") || policy.connections.contains(connection.name)
            }
            if !open {
                reader.report(
                    line, "connection \"\(connection.name)\" allows nobody, so no request could reach it",
                    hint: "add a policy, for example  - {groups: [agents], connections: [\(connection.name)], decision: allow}")
            }
        }
    }

    // MARK: Files and hosts

    func absolute(_ path: String) -> String {
        SecretReference.absolute(path, in: directory)
    }

    private func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The certificates in the PEM file at `path`; nil and a problem if it cannot be read or has none.
    func certificates(_ path: String, _ section: Section, _ key: String) -> [NIOSSLCertificate]? {
        guard let data = FileManager.default.contents(atPath: path) else {
            section.report(key, "\(path) cannot be read", hint: "check the name and who may read it")
            return nil
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(data)), !certificates.isEmpty else {
            section.report(key, "\(path) holds no certificate in PEM form", hint: "it begins with -----BEGIN CERTIFICATE-----")
            return nil
        }
        return certificates
    }

    /// Whether the file at `path` exists and only its owner can get at it.
    func isPrivateFile(_ path: String, _ section: Section, _ key: String) -> Bool {
        do throws(SecretReference.Failure) {
            try SecretReference.requirePrivate(path)
            return true
        } catch {
            section.report(key, error.message, hint: error.hint)
            return false
        }
    }
}
