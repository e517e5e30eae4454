// An OpenID provider at the socket: what it publishes is up to the test.

import Cryptography
import Foundation
import Synchronization

@testable import OpenID

final class FakeProvider: Sendable {
    /// What it answers; all values are JSON texts.
    struct Script: Sendable {
        var keys = TestKeys.all.map { json($0.jwk()) }
        /// Members of the metadata in the place of the usual ones.
        var metadata: [String: String] = [:]
        /// Whole answers by path, in the place of the usual ones.
        var answers: [String: String] = [:]
        /// What introspection says, by token; of others that they are not active.
        var tokens: [String: String] = [:]
        /// Seconds before each answer.
        var delay: TimeInterval = 0
    }

    private final class State: Sendable {
        let script = Mutex(Script())
    }

    private let state: State
    private let vendor: FakeVendor

    init() throws {
        let state = State()
        self.state = state
        vendor = try FakeVendor { vendor, connection in
            while true {
                let request = try vendor.receive(from: connection)
                let script = state.script.withLock { $0 }
                if script.delay > 0 { Thread.sleep(forTimeInterval: script.delay) }
                try connection.send(Self.answer(request, script))
            }
        }
    }

    var url: String { "http://127.0.0.1:\(vendor.port)" }

    /// An issuer as a configuration would have it.
    var issuer: Issuer {
        var issuer = Issuer(url: url, audiences: ["sluice"])
        issuer.groupsClaim = ClaimPath("groups")
        issuer.groups = ["agents": ["agents"], "leads": ["leads"]]
        return issuer
    }

    func change(_ change: (inout Script) -> Void) { state.script.withLock { change(&$0) } }

    /// What was asked for on this path.
    func requests(_ path: String) -> [RawMessage] { vendor.requests.filter { $0.startLine.contains(" \(path) ") } }

    /// From now on nobody answers.
    func stop() { vendor.stop() }

    /// Claims that are all right at this moment.
    func claims(_ members: [String: Any] = [:]) -> [String: Any] {
        let now = Int(Date().timeIntervalSince1970)
        let usual: [String: Any] = ["iss": url, "sub": "ada", "aud": "sluice", "iat": now - 5, "exp": now + 600, "groups": ["agents"]]
        return usual.merging(members) { $1 }.filter { !($0.value is NSNull) }
    }

    private static func answer(_ request: RawMessage, _ script: Script) -> String {
        let path = String(request.startLine.split(separator: " ")[1])
        if let answer = script.answers[path] { return answer }
        let url = "http://\(request["host"] ?? "")"
        switch path {
        case "/.well-known/openid-configuration":
            let usual = ["issuer": "\"\(url)\"", "jwks_uri": "\"\(url)/keys\"", "introspection_endpoint": "\"\(url)/introspect\""]
            let members = usual.merging(script.metadata) { $1 }.map { "\"\($0.key)\": \($0.value)" }
            return response("{\(members.joined(separator: ", "))}", type: "application/json")
        case "/keys": return response("{\"keys\": [\(script.keys.joined(separator: ", "))]}", type: "application/json")
        case "/introspect":
            let form = URLComponents(string: "?" + request.text)?.queryItems ?? []
            let token = form.first { $0.name == "token" }?.value ?? ""
            return response(script.tokens[token] ?? #"{"active": false}"#, type: "application/json")
        default: return response("", status: "404 Not Found")
        }
    }
}

extension TokenVerifier {
    /// Why a token is refused; nil if it is accepted.
    func refusal(of token: String, now: Date = Date()) async -> TokenError? {
        do throws(TokenError) {
            _ = try await verify(token, digest: SHA256.digest(of: Array(token.utf8)), now: now)
            return nil
        } catch {
            return error
        }
    }
}
