// What the configuration accepts, and what it says about every mistake.

import Cryptography
import Engine
import Foundation
import Testing

@testable import Proxy

@Suite struct ConfigurationTests {
    @Test func theExampleLoads() throws {
        let configuration = try Configuration.load(
            examplePath, environment: ["BILLING_TOKEN": "secret-one", "SEARCH_KEY": "secret-two"])
        #expect(configuration.listen == .init(host: "127.0.0.1", port: 8080, tls: nil))
        #expect(configuration.dataDirectory.hasSuffix("/data"))
        #expect(configuration.limits == .init())
        #expect(configuration.timeouts == .init())
        #expect(configuration.connections.map(\.name) == ["billing", "search"])
        let billing = try #require(configuration.connection(named: "billing"))
        #expect(billing.upstream == Upstream(tls: true, host: "api.example.com", port: 443, basePath: "/v1"))
        #expect(billing.credential?.headerField?.value == "Bearer secret-one")
        #expect(billing.unknownContent == .block)
        #expect(billing.numbers == .string)
        #expect(configuration.people.map(\.osUser) == ["alice", "bob"])
        #expect(configuration.keys.entries.first?.identity == Identity(name: "research-agent", groups: ["agents"], owner: "alice"))
        #expect(billing.commands == .judge)
        #expect(configuration.policies.policies.count == 4)
        let scope = try #require(configuration.policies.policies[2].operations)
        #expect(scope.names.map(\.text) == ["sql.*", "nosql.*"] && scope.severity == .high && scope.objects.isEmpty)
        let agent = try #require(configuration.keys.entries.first?.identity)
        let decision = configuration.policies.decide(identity: agent, connection: "billing", method: "DELETE", path: "/customers/7")
        #expect(
            decision
                == .approve(
                    policy: "deletions need a lead",
                    ApprovalTerms(approvers: ["leads"], reason: "deletes a customer for good", deadline: .seconds(900))))
    }

    /// So that the example cannot fall behind: uncommented, it must still be accepted but for the files that it names.
    @Test func theExampleWithEverythingUncommentedNamesOnlyKnownSettings() throws {
        let text = try String(contentsOfFile: examplePath, encoding: .utf8)
        let uncommented = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard let mark = line.range(of: #"^ *# (?=(  )?[a-z_]+:( |$))"#, options: .regularExpression) else { return String(line) }
            return String(repeating: " ", count: line[mark].count - 2) + line[mark.upperBound...]
        }.joined(separator: "\n")
        for setting in ["tls:", "plaintext:", "corpus:", "hash_key:", "header:", "request_body:", "connections:", "connect:", "head:", "idle:", "total:", "drain:",
            "commands:", "objects:", "when:", "mode:", "body_limit:", "sync_interval:", "segment_size:", "ca_file:", "server_name:", "expires:", "on_expiry:", "authorized_parties:", "algorithms:", "subject_claim:", "default_groups:", "clock_skew:", "discovery:", "jwks:",
            "refresh:", "refetch:", "keep:", "introspection:", "subjects:"]
        {
            #expect(uncommented.split(separator: "\n").contains { $0.drop { $0 == " " }.hasPrefix(setting) }, "\(setting) is not in the example")
        }
        do {
            _ = try Configuration.parse(uncommented, file: "/nowhere/sluice.yaml", environment: ["BILLING_TOKEN": "a", "SEARCH_KEY": "b"])
            Issue.record("the files it names do not exist")
        } catch {
            let others = error.problems.filter { !$0.message.contains("cannot be read") && !$0.message.contains("there is no directory") }
            #expect(others.isEmpty, "\(others)")
        }
    }

    @Test func defaultsAreFilledIn() throws {
        let configuration = try parse(Self.small)
        #expect(configuration.record.bodyLimit == 1 << 20)
        #expect(configuration.record.syncInterval == .milliseconds(5))
        let connection = try #require(configuration.connections.first)
        #expect(connection.profiles == ["default"])
        #expect(connection.credential == nil)
        #expect(!connection.masksRequests)
        #expect(configuration.policies.policies.first?.name == "policy 1")
        #expect(configuration.policies.policies.first?.methods == ["*"])
    }

    @Test func relativePathsBeginAtTheFile() throws {
        #expect(try parse(Self.small, file: "/etc/sluice/sluice.yaml").dataDirectory == "/etc/sluice/data")
    }

    @Test func upstreamsAreTakenApart() throws {
        let table: [(String, Upstream, String)] = [
            ("https://a.example", .init(tls: true, host: "a.example", port: 443, basePath: ""), "a.example"),
            ("https://A.Example:8443/", .init(tls: true, host: "a.example", port: 8443, basePath: ""), "a.example:8443"),
            ("http://127.0.0.1:9000/x/y/", .init(tls: false, host: "127.0.0.1", port: 9000, basePath: "/x/y"), "127.0.0.1:9000"),
            ("http://[::1]:9000", .init(tls: false, host: "::1", port: 9000, basePath: ""), "[::1]:9000"),
        ]
        for (text, upstream, authority) in table {
            let parsed = try parse(Self.small.replacing("https://vendor.example", with: "\"\(text)\"")).connections[0].upstream
            #expect(parsed == upstream)
            #expect(parsed.authority == authority)
        }
    }

    @Test func durationsAndSizes() throws {
        let text = Self.small + "timeouts: {connect: 250ms, head: 2m, idle: 1h, total: 7d, drain: 0s}\nlimits: {header: 16KiB, request_body: 1 GiB, decoded_response: 1 MiB, expansion: 30}\n"
        let configuration = try parse(text)
        #expect(configuration.timeouts.connect == .milliseconds(250))
        #expect(configuration.timeouts.head == .seconds(120))
        #expect(configuration.timeouts.total == .seconds(604_800))
        #expect(configuration.timeouts.drain == .zero)
        #expect(configuration.limits.headerBytes == 16384)
        #expect(configuration.limits.requestBodyBytes == 1 << 30)
        #expect(configuration.limits.decodedResponseBytes == 1 << 20)
        #expect(configuration.limits.expansion == 30)
    }

    @Test func administrationNeedsNoSecrets() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/sluice.yaml"
        let text = Self.small.replacing(
            "upstream: https://vendor.example", with: "upstream: https://vendor.example\n    credential: {kind: bearer, from: env:NOT_SET_HERE}")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: ConfigurationError.self) { try Configuration.load(path, environment: [:]) }
        let administration = try Configuration.administration(path)
        #expect(administration.dataDirectory == directory.path + "/data")
        #expect(administration.people == [Person(name: "alice", osUser: "alice", groups: ["leads"])])
    }

    // MARK: Mistakes

    /// A line of `small` replaced (or text added behind it), and what must be said: line, message and hint, each as far as given.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var replace: String
        var with: String
        var line: Int?
        var message: String
        var hint: String
        var testDescription: String { message }

        init(_ replace: String, _ with: String, _ line: Int?, _ message: String, _ hint: String) {
            self.replace = replace
            self.with = with
            self.line = line
            self.message = message
            self.hint = hint
        }
    }

    /// A configuration with one of everything needed. The tests below count its lines.
    static let small = """
        listen: {port: 8080}
        data: data
        connections:
          - name: vendor
            upstream: https://vendor.example
        keys:
          - name: agent
            hash: "sha256:\(String(repeating: "ab", count: 32))"
            groups: [agents]
        people:
          - name: alice
            groups: [leads]
        policies:
          - groups: [agents]
            connections: [vendor]
            decision: allow

        """

    static let credential = "upstream: https://vendor.example\n    credential: "

    static let mistakes: [Mistake] = [
        // The file
        .init("data: data", "data: [data", 3, "not valid YAML", "indentation"),
        .init("data: data", "data: data\ndata: other", 2, "\"data\" is given more than once", "keep one"),
        .init("data: data", "data: data\ndatta: other", 3, "unknown setting \"datta\"", "did you mean \"data\"?"),
        .init("data: data", "data: data\ntelemetry: {}", 3, "unknown setting \"telemetry\"", "known here: listen, data,"),
        .init("data: data", "data: 7", 2, "\"data\" must be text, not a number", "quotes"),
        .init("data: data", "data:", 2, "\"data\" has no value", "for example  data: /var/lib/sluice"),
        .init("data: data\n", "", 1, "\"data\" is missing", "for example  data: /var/lib/sluice"),
        .init("data: data", "data: data\ncorpus: no-such-folder", 3, "there is no directory", "leave it out"),
        // listen
        .init("listen: {port: 8080}", "listen: 8080", 1, "\"listen\" must be a mapping of names to values, not a number", "known names: host, port, tls"),
        .init("port: 8080", "port: \"8080\"", 1, "\"listen.port\" must be a whole number, not text", "without quotes"),
        .init("port: 8080", "port: 80800", 1, "\"listen.port\" is 80800, outside 0 to 65535", ""),
        .init("port: 8080", "host: localhost", 1, "\"listen.port\" is missing", "port: 8443"),
        .init("port: 8080", "port: 8080, prot: 1", 1, "unknown setting \"prot\" in listen", "did you mean \"port\"?"),
        .init("port: 8080", "port: 8080, host: 0.0.0.0", 1, "without \"listen.tls\" the API keys", "plaintext: true"),
        .init("port: 8080", "port: 8080, plaintext: maybe", 1, "\"listen.plaintext\" must be true or false, not text", ""),
        .init("port: 8080", "port: 8080, tls: {key: x}", 1, "\"listen.tls.certificate\" is missing", "/etc/sluice/tls.crt"),
        .init("port: 8080", "port: 8080, tls: {certificate: /nonexistent/c, key: /nonexistent/k}", 1, "/nonexistent/c cannot be read", "who may read it"),
        // limits, timeouts, record
        .init("data: data", "data: data\nlimits: {header: 12 parsecs}", 3, "\"limits.header\" must be a size, not text", "64 KiB"),
        .init("data: data", "data: data\nlimits: {header: 1}", 3, "\"limits.header\" is 1 bytes, outside 1024 to 1048576", ""),
        .init("data: data", "data: data\ntimeouts: {idle: 10}", 3, "\"timeouts.idle\" must be a time, not a number", "idle: 10s"),
        .init("data: data", "data: data\ntimeouts:\n  idel: 10s", 4, "unknown setting \"idel\" in timeouts", "did you mean \"idle\"?"),
        .init("data: data", "data: data\nrecord: {sync_interval: 1h}", 3, "\"record.sync_interval\" is 1h, outside 1ms to 10s", ""),
        // connections
        .init("name: vendor\n", "name: Vendor!\n", 4, "\"Vendor!\" cannot be a path segment", "lower-case"),
        .init("- name: vendor\n    upstream", "- upstream", 4, "\"connections[1].name\" is missing", "name: billing"),
        .init("  - name: vendor\n    upstream: https://vendor.example\n", "  vendor: https://vendor.example\n", 3, "\"connections\" must be a list, not a mapping", "- "),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n  - name: vendor\n    upstream: https://other.example", 6, "a second connection \"vendor\"; the first is on line 4", "another name"),
        .init("upstream: https://vendor.example", "upstream: ftp://vendor.example", 5, "\"upstream\" has the scheme \"ftp\"", "https://"),
        .init("upstream: https://vendor.example", "upstream: vendor.example", 5, "\"upstream\" is not a URL", "https://api.example.com"),
        .init("upstream: https://vendor.example", "upstream: https://u:p@vendor.example", 5, "\"upstream\" carries a user or a password", "kind: basic"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example?key=1", 5, "\"upstream\" has a query", "kind: query"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example/a/../b", 5, "\"upstream\" has . or .. in its path", ""),
        .init("upstream: https://vendor.example", "upstrem: https://vendor.example", 5, "unknown setting \"upstrem\" in connections[1]", "did you mean \"upstream\"?"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    numbers: zeros", 6, "\"connections[1].numbers\" cannot be \"zeros\"", "did you mean \"zero\"?"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    unknown_content: blok", 6, "\"connections[1].unknown_content\" cannot be \"blok\"", "did you mean \"block\"?"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    mask_requests: 1", 6, "must be true or false, not a number", ""),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    profiles: []", 6, "\"connections[1].profiles\" is empty", "profiles: [default]"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    tls: {ca_file: /nonexistent/ca}", 6, "/nonexistent/ca cannot be read", ""),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    tls: {verify: false}", 6, "the upstream's certificate is always verified", "ca_file"),
        .init("upstream: https://vendor.example", "upstream: http://127.0.0.1:1\n    tls: {server_name: x}", 6, "but the upstream is http://", "https://"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: [hash]", 6, "\"connections[1].actions\" must be a mapping of rules and entities to actions", "EMAIL_ADDRESS: hash"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: {CREDIT_CARD: hush}", 6, "\"connections[1].actions.CREDIT_CARD\" cannot be \"hush\"", "did you mean \"hash\"?"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: {CREDIT_CARD: {hash: {}}}", 6, "unknown setting \"hash\"", "mask"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: {CREDIT_CARD: {mask: {keep_lest: 4}}}", 6, "unknown setting \"keep_lest\"", "did you mean \"keep_last\"?"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: {CREDIT_CARD: {mask: {fill: ab}}}", 6, "must be one character", "fill: '*'"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    actions: {CREDIT_CARD: {mask: {}, redact: {}}}", 6, "must be one action", "keep_last"),
        // credentials
        .init("upstream: https://vendor.example", credential + "hunter2", 6, "a secret is never written into this file", "env:"),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, from: hunter2}", 6, "must begin with env: or file:", "mode 0600"),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, token: hunter2, from: env:TOKEN}", 6, "a secret is never written into this file", "env:"),
        .init("upstream: https://vendor.example", "upstream: https://vendor.example\n    token: hunter2", 6, "a secret is never written into this file", "credential:"),
        .init("upstream: https://vendor.example", credential + "{kind: baerer, from: env:TOKEN}", 6, "cannot be \"baerer\"", "did you mean \"bearer\"?"),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, from: env:TOKENN}", 6, "the environment has no variable \"TOKENN\"", "file:PATH"),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, from: env:EMPTY}", 6, "the credential is empty", ""),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, from: env:BROKEN}", 6, "has a line break", ""),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, from: file:/nonexistent/t}", 6, "/nonexistent/t cannot be read", ""),
        .init("upstream: https://vendor.example", credential + "{kind: bearer, name: X, from: env:TOKEN}", 6, "is only for the kinds header and query", "remove"),
        .init("upstream: https://vendor.example", credential + "{kind: header, from: env:TOKEN}", 6, "\"connections[1].credential.name\" is missing", "X-Api-Key"),
        .init("upstream: https://vendor.example", credential + "{kind: header, name: \"X Key\", from: env:TOKEN}", 6, "cannot be the name of a header field", "X-Api-Key"),
        .init("upstream: https://vendor.example", credential + "{kind: header, name: Host, from: env:TOKEN}", 6, "\"Host\" frames the message", ""),
        .init("upstream: https://vendor.example", credential + "{kind: basic, from: env:TOKEN}", 6, "user:password", "printf"),
        .init("upstream: https://vendor.example", "upstream: http://vendor.example\n    credential: {kind: bearer, from: env:TOKEN}", 5, "the credential would cross the network in clear text", "https://"),
        // the key for hash
        .init("data: data", "data: data\nhash_key: hunter2", 3, "the hash key must begin with env: or file:", "mode 0600"),
        .init("data: data", "data: data\nhash_key: env:TOKENN", 3, "the environment has no variable \"TOKENN\"", "file:PATH"),
        .init("data: data", "data: data\nhash_key: env:TOKEN", 3, "fewer than 32", "openssl rand -hex 32"),
        .init("data: data", "data: data\nhash_key: file:/nonexistent/k", 3, "/nonexistent/k cannot be read", ""),
        // keys and people
        .init("    hash:", "    key: hunter2\n    hash:", 8, "a key is never written into this file, only its hash", "sluice key new"),
        .init("sha256:ab", "sha256:zz", 8, "is not sha256: and 64 hexadecimal digits", "sluice key new"),
        .init("sha256:", "sha1:", 8, "is not sha256: and 64 hexadecimal digits", "sluice key new"),
        .init("    groups: [agents]\npeople", "people", 7, "\"keys[1].groups\" is missing", "groups: [agents]"),
        .init("groups: [agents]\npeople", "groups: [agents, agents]\npeople", 9, "names \"agents\" twice", ""),
        .init("groups: [agents]\npeople", "groups: [agents, \"*\"]\npeople", 9, "\"*\" cannot be a group", "name the group"),
        .init("groups: [agents]\npeople", "groups: [agents]\n    owner: alicia\npeople", 10, "there is no person \"alicia\"", "did you mean \"alice\"?"),
        .init("groups: [agents]\npeople", "groups: [agents]\n    expires: soon\npeople", 10, "\"soon\" is not a date", "2027-12-31"),
        .init("people:", "  - {name: agent, hash: \"sha256:\(String(repeating: "cd", count: 32))\", groups: [agents]}\npeople:", 10, "a second key \"agent\"; the first is on line 7", "another name"),
        .init("people:", "  - {name: other, hash: \"sha256:\(String(repeating: "ab", count: 32))\", groups: [agents]}\npeople:", 10, "the same key as \"agent\" on line 7", "sluice key new --name other"),
        .init("policies:", "  - {name: alice, groups: [leads]}\npolicies:", 13, "a second person \"alice\"; the first is on line 11", ""),
        // policies
        .init("connections: [vendor]\n    decision: allow", "connections: [vender]\n    decision: allow", 15, "there is no connection \"vender\"", "did you mean \"vendor\"?"),
        .init("- groups: [agents]", "- groups: [agnets]", 14, "there is no group \"agnets\"", "did you mean \"agents\"?"),
        .init("decision: allow", "decision: alow", 16, "cannot be \"alow\"", "did you mean \"allow\"?"),
        .init("    decision: allow", "", 14, "\"policies[1].decision\" is missing", "decision: allow"),
        .init("decision: allow", "decision: allow\n    methods: [get]", 17, "\"get\" is not a method", "did you mean \"GET\"?"),
        .init("decision: allow", "decision: allow\n    paths: [v1]", 17, "\"v1\" is not a path pattern", "begin with /"),
        .init("decision: allow", "decision: allow\n    paths: [/a, /b**]", 17, "\"/b**\" is not a path pattern", "**"),
        .init("decision: allow", "decision: allow\n    deadline: 5m", 17, "is only for decision: approve", "remove"),
        .init("decision: allow", "decision: allow\n    reason: because", 17, "is only for decision: deny and decision: approve", "remove"),
        .init("decision: allow", "decision: approve", 14, "\"policies[1].approvers\" is missing", "approvers: [leads]"),
        .init("decision: allow", "decision: approve\n    approvers: [leeds]", 17, "nobody in people is in group \"leeds\"", "did you mean \"leads\"?"),
        .init("decision: allow", "decision: approve\n    approvers: [leads]\n    deadline: 90d", 18, "is 90d, outside 1s to 30d", ""),
        .init("decision: allow", "decision: allow\n    operations: ['sql.*']\n    mask_requests: true", 18, "is only for policies that admit requests", "remove"),
        .init("decision: allow", "decision: deny", 4, "connection \"vendor\" allows nobody, so no request could reach it", "decision: allow"),
    ]

    @Test(arguments: mistakes) func aMistakeIsToldWithItsLineAndAHint(_ mistake: Mistake) throws {
        let range = try #require(Self.small.range(of: mistake.replace), "the case does not fit the text")
        let text = Self.small.replacingCharacters(in: range, with: mistake.with)
        do {
            _ = try parse(text)
            Issue.record("accepted")
        } catch {
            #expect(
                error.problems.contains {
                    $0.line == mistake.line && $0.message.contains(mistake.message) && (mistake.hint.isEmpty || $0.hint?.contains(mistake.hint) == true)
                }, "said instead:\n\(error)")
            #expect(!"\(error)".contains("hunter2"), "a secret is repeated")
            #expect("\(error)".hasPrefix("error: sluice.yaml:\(error.problems[0].line.map { "\($0): " } ?? " ")"))
        }
    }

    @Test func allMistakesAreToldAtOnceInOrder() throws {
        let text = Self.small.replacing("port: 8080", with: "port: x").replacing("data: data", with: "dada: data")
            .replacing("decision: allow", with: "decision: no way")
        do {
            _ = try parse(text)
            Issue.record("accepted")
        } catch {
            // That nobody may use the connection is no mistake of its own.
            #expect(error.problems.map(\.line) == [1, 1, 2, 16])
        }
    }

    @Test func anEmptyFileAndAnAbsentOneAreErrors() {
        #expect(throws: ConfigurationError.self) { try parse("") }
        #expect(throws: ConfigurationError.self) { try parse("- a\n- b\n") }
        #expect(throws: ConfigurationError.self) { try Configuration.load("/nonexistent/sluice.yaml", environment: [:]) }
    }

    @Test func aConnectionGivesActionsToRulesOfItsProfiles() throws {
        let configuration = try parse(
            Self.small.replacing(
                "upstream: https://vendor.example",
                with: "upstream: https://vendor.example\n    actions: {card: {mask: {fill: '#', keep_first: 1, keep_last: 4, keep_punctuation: false}}, MAIL: hash, '*': {redact: {label: X}}}"))
        let connection = configuration.connections[0]
        let rules = [
            Rule(id: "card", entity: "MAIL", pattern: "a"), Rule(id: "mail", entity: "MAIL", pattern: "b"), Rule(id: "other", entity: "OTHER", pattern: "c", action: .block),
        ]
        #expect(
            try configuration.override(rules, for: connection).map(\.action)
                == [.mask(.init(fill: "#", keepFirst: 1, keepLast: 4, keepPunctuation: false)), .hash, .redact(label: "X")])
        do {
            _ = try configuration.override([Rule(id: "cart", entity: "MAIL", pattern: "a")], for: connection)
            Issue.record("accepted")
        } catch {
            #expect(error.problems.map(\.message) == ["connection \"vendor\": its profiles select no rule or entity \"card\""])
            #expect(error.problems[0].hint == "did you mean \"cart\"?" && error.problems[0].line == 6)
        }
    }

    @Test func theKeyForHashIsReadFromAPrivateFileAndShowsNowhere() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/hash.key"
        let key = "key-" + String(repeating: "0f", count: 20)
        try Data("\(key)\n".utf8).write(to: URL(fileURLWithPath: path))
        let text = Self.small.replacing("data: data", with: "data: data\nhash_key: file:hash.key")
        chmod(path, 0o644)
        #expect(throws: ConfigurationError.self) { try parse(text, file: directory.path + "/sluice.yaml") }
        chmod(path, 0o600)
        let configuration = try parse(text, file: directory.path + "/sluice.yaml")
        let hashKey = try #require(configuration.hashKey)
        let value = Array("4242".utf8)
        #expect(value.withUnsafeBytes { hashKey.code(of: $0) } == value.withUnsafeBytes { HMACSHA256(key: Array(key.utf8)).code(of: $0) })
        var dumped = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("0f0f0f"))
    }

    @Test func filesOfCredentialsAreReadOnlyIfTheyAreTheirOwnersAlone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/token"
        try Data("file-secret\n".utf8).write(to: URL(fileURLWithPath: path))
        let text = Self.small.replacing(
            "upstream: https://vendor.example", with: "upstream: https://vendor.example\n    credential: {kind: query, name: k, from: file:token}")
        let file = directory.path + "/sluice.yaml"

        chmod(path, 0o640)
        do {
            _ = try parse(text, file: file)
            Issue.record("accepted")
        } catch {
            #expect(error.problems.map(\.message) == ["\(path) has mode 0640: others than its owner can get at it"])
            #expect(error.problems.map(\.hint) == ["chmod 600 \(path)"])
        }

        chmod(path, 0o600)
        let credential = try #require(try parse(text, file: file).connections[0].credential)
        #expect(credential.headerField == nil)
        #expect(credential.queryParameter?.value == "file-secret")
        #expect(!"\(credential)".contains("file-secret"))
        var dumped = ""
        dump(credential, to: &dumped)
        #expect(!dumped.contains("file-secret"))
    }

    @Test func certificateAndKeyMustBelongTogether() throws {
        let directory = try TemporaryDirectory()
        try directory.makeCertificate("one")
        try directory.makeCertificate("two")
        func text(_ certificate: String, _ key: String) -> String {
            Self.small.replacing("port: 8080", with: "port: 8080, host: 0.0.0.0, tls: {certificate: \(certificate), key: \(key)}")
        }
        let file = directory.path + "/sluice.yaml"
        let tls = try parse(text("one.crt", "one.key"), file: file).listen.tls
        #expect(tls?.keyFile == directory.path + "/one.key")
        for (certificate, key, message) in [
            ("one.crt", "two.key", "the private key does not belong to the certificate"),
            ("one.key", "one.key", "holds no certificate in PEM form"), ("one.crt", "one.crt", "others than its owner"),
        ] {
            do {
                _ = try parse(text(certificate, key), file: file)
                Issue.record("accepted")
            } catch {
                #expect(error.problems.contains { $0.message.contains(message) }, "\(error)")
            }
        }
    }

    private func parse(_ text: String, file: String = "sluice.yaml") throws(ConfigurationError) -> Configuration {
        try Configuration.parse(text, file: file, environment: ["TOKEN": "t0ken", "EMPTY": " ", "BROKEN": "a\nb"])
    }

    private var examplePath: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
            + "/config.example.yaml"
    }
}
