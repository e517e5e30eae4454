// Client certificates: whom their holders are taken for, and tokens that are bound to one.

import Cryptography
import Foundation
import Testing

@testable import OpenID
@testable import Proxy

@Suite struct CertificateTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A certificate of its own with these alternative names.
    private func certificate(_ names: String, subject: String = "/O=Example/CN=agent") throws -> Certificate {
        let path = directory.path + "/\(UUID().uuidString)"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", subject, "-addext", "subjectAltName=" + names,
            "-keyout", path + ".key", "-outform", "DER", "-out", path,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return try #require(Certificate(der: Array(Data(contentsOf: URL(filePath: path)))))
    }

    @Test func namesAreRead() throws {
        let certificate = try certificate("DNS:a.example,URI:spiffe://example.org/a,IP:127.0.0.1,DNS:B.example,email:a@b.example")
        #expect(certificate.subject == "CN=agent,O=Example")
        #expect(certificate.dnsNames == ["a.example", "B.example"] && certificate.uris == ["spiffe://example.org/a"])
        #expect(abs(certificate.expires.timeIntervalSinceNow - 2 * 86_400) < 120)
        // RFC 2253 writes a comma in a name so that it does not end it.
        #expect(try self.certificate("DNS:x", subject: "/CN=ci,O=Example").subject == #"CN=ci\,O=Example"#)
        #expect(Certificate(der: []) == nil && Certificate(der: [0x30, 0x03, 0x02, 0x01, 0x00]) == nil)
    }

    @Test func theFirstNameThatMatchesHolds() throws {
        func holders(_ names: ClientCertificates.Name...) -> ClientCertificates {
            ClientCertificates(authorities: [], isRequired: false, holders: names.enumerated().map { .init(name: $1, groups: ["\($0)"]) })
        }
        func uri(_ text: String) throws -> ClientCertificates.Name { .uri(try #require(ClientCertificates.path(ofURI: text).flatMap { PathPattern($0) })) }
        let one = try certificate("URI:spiffe://example.org/ns/a/sa/b,DNS:x.agents.example.org")
        for (holders, group) in [
            (holders(try uri("spiffe://example.org/ns/*/sa/b")), "0"), (holders(try uri("spiffe://example.org/**"), .dns("x.agents.example.org")), "0"), (holders(try uri("spiffe://example.org/ns/*")), nil),
            (holders(try uri("spiffe://example.com/**")), nil), (holders(try uri("https://example.org/**")), nil), (holders(try uri("spiffe://EXAMPLE.org/**")), nil), (holders(.dns("*.agents.example.org")), "0"),
            (holders(.dns("*.example.org")), nil), (holders(.dns("X.Agents.Example.org")), "0"), (holders(.dns("y.agents.example.org"), .subject("CN=agent,O=Example")), "1"), (holders(.subject("O=Example,CN=agent")), nil),
            (holders(.subject("CN=agent")), nil), (holders(), nil),
        ] { #expect(holders.identity(of: one)?.groups.first == group, "\(holders.holders)") }
        #expect(try holders(try uri("spiffe://example.org/**")).identity(of: certificate("URI:spiffe://example.org/a,URI:spiffe://example.org/b")) == nil)
        for text in ["spiffe://example.org/a/../b", "spiffe://example.org/./a", "spiffe://example.org//a", "spiffe://example.org/a%2Fb", "spiffe://", "://a", "example.org/a", "spiffe://a://b", "spiffe://a?b"] {
            #expect(ClientCertificates.path(ofURI: text) == nil, "\(text)")
        }
    }

    @Test func mistakesInTheConfiguration() throws {
        try directory.makeCertificate("server")
        func problems(_ settings: String, tls: Bool = true) -> [ConfigurationProblem] {
            let text = """
                listen: {port: 8080\(tls ? ", tls: {certificate: server.crt, key: server.key}" : "")}
                data: data
                connections: [{name: vendor, upstream: "https://vendor.example"}]
                policies: [{groups: ["*"], connections: [vendor], decision: allow}]
                identity: {client_certificates: {\(settings)}}
                """
            do {
                _ = try Configuration.parse(text, file: directory.path + "/sluice.yaml", environment: [:])
                return []
            } catch { return error.problems }
        }
        let holder = "holders: [{dns: a.example, groups: [agents]}]"
        #expect(problems("ca_file: server.crt, \(holder)").isEmpty)
        for (settings, tls, message) in [
            ("ca_file: server.crt, \(holder)", false, "no client could show a certificate"), (holder, true, "ca_file\" is missing"), ("ca_file: nowhere.pem, \(holder)", true, "cannot be read"), ("ca_file: server.key, \(holder)", true, "holds no certificate"),
            ("ca_file: server.crt", true, "holders\" is missing"), ("ca_file: server.crt, holders: [{groups: [agents]}]", true, "must have one of uri, dns and subject"),
            ("ca_file: server.crt, holders: [{dns: a, subject: CN=b, groups: [agents]}]", true, "must have one of"), ("ca_file: server.crt, holders: [{dns: a}]", true, "groups\" is missing"),
            ("ca_file: server.crt, holders: [{dns: 'a.*.example', groups: [agents]}]", true, "* can only be the whole first label"), ("ca_file: server.crt, holders: [{uri: /agents/*, groups: [agents]}]", true, "is not a URI"),
            ("ca_file: server.crt, holders: [{dns: a, groups: ['*']}]", true, "\"*\" cannot be a group"), ("ca_file: server.crt, holders: [{dns: a, groups: [b], owner: nobody}]", true, "there is no person \"nobody\""),
            ("ca_file: server.crt, require: true, \(holder)", true, "unknown setting \"require\""),
        ] {
            let found = problems(settings, tls: tls)
            #expect(found.count == 1 && found[0].line != nil && found[0].message.contains(message), "\(found)")
        }
    }

    @Test("A token that is bound to a certificate is accepted with it, and with no other or none")
    func boundTokens() async throws {
        let provider = try FakeProvider()
        var configuration = try Configuration.parse(
            """
            listen: {port: 8080}
            data: data
            connections: [{name: vendor, upstream: "https://vendor.example"}]
            policies: [{groups: ["*"], connections: [vendor], decision: allow}]
            keys: [{name: agent, groups: [agents], hash: "sha256:\(String(repeating: "0", count: 64))"}]
            """, file: "sluice.yaml", environment: [:])
        configuration.identity.issuers = [provider.issuer]
        let authenticator = try Authenticator(configuration, previous: nil) { _ in }
        let (own, other) = (try certificate("DNS:own.example"), try certificate("DNS:other.example"))
        let token = TestKeys.p256.token("ES256", provider.claims(["cnf": ["x5t#S256": base64URL(own.digest)]]))
        let digest = SHA256.digest(of: Array(token.utf8))
        for _ in 0..<2 {
            // Verified first, remembered then.
            for (certificate, isAccepted) in [(own, true), (other, false), (nil, false)] as [(Certificate?, Bool)] {
                let shown = certificate.map { ShownCertificate(certificate: $0, authorities: []) }
                let found: Identity?
                switch try? authenticator.identify(["authorization": "Bearer \(token)"], certificate: shown) {
                case .known(let identity): found = identity
                case .ask: found = try? await authenticator.verify(token, digest: digest, certificate: shown)
                case nil: found = nil
                }
                #expect((found != nil) == isAccepted)
            }
        }
    }
}
