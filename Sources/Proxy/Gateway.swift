// A configuration made ready to serve: rules compiled, certificates read.

import Engine
import Foundation
import Logging
import NIOSSL
import OpenID
import Operations

/// What every exchange that begins now goes by. Immutable: a reload makes a new one.
public final class Gateway: Sendable {
    public let configuration: Configuration
    let logger: Logger
    private let routes: [String: Route]
    /// Rules for what is recorded of requests that name no connection; nil if there is none.
    let anyRules: RuleSet?
    /// For what passes the engine unscanned.
    let noRules: RuleSet
    /// Who calls.
    let authenticator: Authenticator
    /// What is known of operations; nil where no connection asks.
    let catalogue: Catalogue?
    /// Nil where clients speak plain HTTP.
    let serverTLS: NIOSSLContext?

    /// - Parameters:
    ///   - rules: the rules of a connection's profiles.
    ///   - compile: asked once for connections with the same rules. Never sees a credential.
    ///   - catalogue: asked if the requests of some connection are judged, or policies name operations.
    ///   - previous: the gateway whose place it takes; what it knows of issuers' keys is kept.
    /// - Throws: ``ConfigurationError``, or what `rules` and `compile` throw.
    public init(
        _ configuration: Configuration, logger: Logger, previous: Gateway? = nil, rules: (_ profiles: [String]) throws -> [Rule],
        compile: (_ rules: [Rule]) throws -> RuleSet = { rules in try RuleSet(rules) }, catalogue: () throws -> Catalogue
    ) throws {
        self.configuration = configuration
        self.logger = logger
        noRules = try RuleSet([])
        authenticator = try Authenticator(configuration, previous: previous?.authenticator) { logger.warning("\($0)") }
        self.catalogue = try configuration.checkedCatalogue(catalogue)
        serverTLS = try configuration.listen.tls.map { try Self.serverContext($0, clients: configuration.identity.certificates, file: configuration.file) }
        var routes: [String: Route] = [:]
        var compiled: [[Rule]: RuleSet] = [:]
        for connection in configuration.connections {
            let chosen = try configuration.override(rules(connection.profiles), for: connection)
            let set = try compiled[chosen] ?? compile(chosen)
            compiled[chosen] = set
            routes[connection.name] = try Route(connection, file: configuration.file, rules: configuration.prepare(set, for: connection))
        }
        self.routes = routes
        anyRules = configuration.connections.first.flatMap { routes[$0.name] }?.rules
    }

    private static func serverContext(_ tls: Configuration.ServerTLS, clients: ClientCertificates?, file: String) throws -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateFile).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: tls.keyFile, format: .pem)
            var context = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            context.minimumTLSVersion = .tlsv12
            context.applicationProtocols = ["http/1.1"]
            if let clients {
                context.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(clients.authorities))
                context.certificateVerification = clients.isRequired ? .noHostnameVerification : .optionalVerification
            }
            return try NIOSSLContext(configuration: context)
        } catch {
            throw ConfigurationError([
                ConfigurationProblem(
                    file: file, line: nil, message: "the certificate or key under listen.tls, or the authorities of clients, cannot be used: \(error)",
                    hint: "name two PEM files: the certificate chain, leaf first, and its private key")
            ])
        }
    }

    func route(named name: some StringProtocol) -> Route? { routes[String(name)] }
}

/// A connection made ready: where its requests go, and by which rules.
final class Route: Sendable {
    let connection: Connection
    /// The profiles' rules, and one for each form in which the vendor could echo the injected credential.
    let rules: RuleSet
    /// The same with somebody to ask about commands in answers, where a rule reads them.
    let answerRules: RuleSet
    /// Whether tokens are put in the place of values that clients send.
    let issuesTokens: Bool
    /// Nil for an upstream without TLS.
    let tls: NIOSSLContext?
    /// What the upstream's certificate must carry, and SNI asks for; nil where that is an address (RFC 6066 §3).
    let tlsServerName: String?

    /// - Parameter rules: those of the connection's profiles; shared by all connections that have them.
    init(_ connection: Connection, file: String, rules: RuleSet) throws {
        self.connection = connection
        answerRules = try connection.credential.map { try RuleSet(rules, adding: Self.echoRules($0)) } ?? rules
        // Commands in requests are judged by policies.
        self.rules = answerRules.withoutJudge
        issuesTokens = rules.rules.contains { $0.action == .token }
        guard connection.upstream.tls else {
            (tls, tlsServerName) = (nil, nil)
            return
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        configuration.minimumTLSVersion = .tlsv12
        if let authorities = connection.certificateAuthorityFile { configuration.trustRoots = .file(authorities) }
        do {
            tls = try NIOSSLContext(configuration: configuration)
        } catch {
            throw ConfigurationError([
                ConfigurationProblem(
                    file: file, line: nil, message: "connection \"\(connection.name)\": its certificate authorities cannot be used: \(error)",
                    hint: "name a PEM file with the certificates of the authorities")
            ])
        }
        tlsServerName = Endpoint.serverName(of: connection.serverName ?? connection.upstream.host)
    }

    /// One literal rule for each encoding in which a vendor could send the credential back; JSON escapes are the engine's matter.
    private static func echoRules(_ credential: Credential) -> [Rule] {
        let secret = credential.secret.exposed
        var forms = [secret, Data(secret.utf8).base64EncodedString()]
        if let parameter = credential.queryParameter { forms.append(parameter.value) }
        if let percent = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) { forms.append(percent) }
        if case .basic = credential.form, let colon = secret.firstIndex(of: ":") { forms.append(String(secret[secret.index(after: colon)...])) }
        var seen: Set<String> = [""]
        return forms.filter { seen.insert($0).inserted }.enumerated().map { number, form in
            Rule(
                id: number == 0 ? "injected-credential" : "injected-credential-\(number + 1)", entity: "INJECTED_CREDENTIAL",
                pattern: literal(form), priority: Int.max)
        }
    }

    /// The pattern that matches `text` and nothing else.
    private static func literal(_ text: String) -> String {
        var pattern = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "0"..."9", "A"..."Z", "a"..."z", " ", "\u{80}"...: pattern.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                pattern += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: pattern += "\\" + String(scalar)
            }
        }
        return pattern
    }
}
