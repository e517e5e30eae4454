// What `Exchange` looks up: methods, fields, and the problem and outcome of each failure.

import ContentCoding
import Foundation
import NIOHTTP1
import Record

extension Exchange {
    /// Methods that are passed on, policy permitting: those registered for HTTP that a server answers without changing protocol. What else the codec
    /// can read (`CONNECT`, `TRACE`, those of RTSP and ICE) is refused.
    static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
        "REPORT", "SEARCH", "MKCALENDAR", "ACL", "BIND", "REBIND", "UNBIND", "LINK", "UNLINK", "MERGE", "CHECKOUT", "MKACTIVITY", "PURGE",
        "QUERY",
    ]

    /// Methods whose second execution changes nothing more (RFC 9110 §9.2.2).
    static let idempotent: Set<String> = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND", "REPORT", "SEARCH", "QUERY"]

    /// Fields of a request that are kept on record. None carries a credential.
    static let recorded: Set<String> = [
        "accept", "content-length", "content-type", "idempotency-key", "traceparent", "user-agent", "x-request-id",
    ]

    /// Fields that change what a request asks for, and so belong to what is approved.
    static func meaning(of headers: HTTPHeaders) -> [HeaderField] {
        let names: Set<String> = ["content-type", "content-encoding", "idempotency-key", "if-match", "if-none-match", "prefer", "destination", "overwrite", "depth"]
        return headers.filter { names.contains($0.name.lowercased()) || $0.name.lowercased().hasPrefix("x-http-method") }.recorded
    }

    static func problem(_ failure: Failure) -> Problem {
        switch failure {
        case .clientGone, .clientStalled: Problem(.requestTimeout, .requestTimeout, "the client went away")
        case .malformed: Problem(.badRequest, .malformed, "the request is not valid HTTP/1.1")
        case .headerTooLarge:
            Problem(.requestHeaderFieldsTooLarge, .headerTooLarge, "the request's head is larger than the gateway accepts")
        case .requestTimeout: Problem(.requestTimeout, .requestTimeout, "the request did not arrive in time")
        case .connectTimeout: Problem(.gatewayTimeout, .vendorTimeout, "the vendor could not be reached in time")
        case .unreachable: Problem(.badGateway, .connect, "the vendor cannot be reached")
        case .vendorTLS:
            Problem(
                .badGateway, .vendorTLS, "no secure connection to the vendor: its certificate or TLS version is not acceptable",
                hint: "an operator can name the authority with  certificate_authority")
        case .vendorTimeout: Problem(.gatewayTimeout, .vendorTimeout, "the vendor did not answer in time")
        case .vendorBrokeOff: Problem(.badGateway, .vendorBroke, "the vendor closed the connection before its answer was complete")
        case .vendorProtocol: Problem(.badGateway, .vendorProtocol, "the vendor's answer is not valid HTTP/1.1")
        case .vendorContent: Problem(.badGateway, .corrupt, "the vendor's answer is not in the coding that it names, or not all of it")
        case .vendorExpansion:
            Problem(
                .badGateway, .expansion, "the vendor's compressed answer is larger than this gateway decodes",
                hint: "an operator can raise  limits.decoded_response  and  limits.expansion")
        case .totalTimeout: Problem(.gatewayTimeout, .total, "the exchange took longer than the gateway allows")
        case .identityExpired: Problem(.unauthorized, .token, "the token or key expired while the exchange was under way", hint: "get a new one, and send the request again")
        case .shutdown: Problem(.serviceUnavailable, .draining, "the gateway stopped")
        case .engine: Problem(.badGateway, .engine, "the vendor's answer could not be masked")
        case .record: Problem(.serviceUnavailable, .record, "the exchange could not be recorded")
        }
    }

    /// What the record says of an exchange that a problem ended.
    static func outcome(_ problem: Problem) -> Outcome {
        switch problem.reason {
        case .blocked, .blockedByRule, .operation: Outcome(.blocked, problem.rule)
        case .approval: Outcome(.review, problem.review)
        case .requestTimeout, .vendorTimeout, .total: Outcome(.timedOut, problem.reason.rawValue)
        case .connect, .vendorTLS, .vendorBroke, .vendorProtocol, .corrupt: Outcome(.upstreamFailed, problem.reason.rawValue)
        case .engine: Outcome(.engineFailed)
        case .draining: Outcome(.interrupted)
        default: Outcome(.refused, problem.reason.rawValue)
        }
    }

    static func tooLarge(_ limit: Int) -> Problem {
        Problem(.payloadTooLarge, .bodyTooLarge, "the body is larger than \(limit) bytes, the most this gateway accepts")
    }

    /// A request whose body says nothing to the rules.
    static let unscannableRequest = Problem(
        .unsupportedMediaType, .requestContent, "the body's type or coding cannot be scanned, and the connection lets none through unscanned",
        hint: "send JSON or text in UTF-8, without Content-Encoding or in one that Accept-Encoding lists")

    static func problem(decodingRequest error: ContentCodingError, limit: Int) -> Problem {
        switch error {
        case .expandsTooFar: tooLarge(limit)
        case .corrupt, .truncated: Problem(.badRequest, .requestContent, "the body is not in the coding that Content-Encoding names, or not all of it")
        case .failed: Problem(.internalServerError, .engine, "the request could not be decoded")
        }
    }

    /// What becomes of an answer that cannot be scanned.
    static func unscannableAnswer(_ opaque: BodyReading.Opaque) -> Problem {
        let hint = "an operator can let it pass unscanned with  unknown_content: pass"
        return switch opaque {
        case .coding: Problem(.badGateway, .contentEncoding, "the vendor's answer is in a coding or character set that cannot be scanned", hint: hint)
        case .type: Problem(.badGateway, .content, "the vendor's answer is of a type that cannot be scanned", hint: hint)
        }
    }

    static func blockedRequest(by rule: String) -> Problem {
        Problem(.forbidden, .blockedByRule, "a rule forbids what the request asks for; the vendor saw nothing of it", rule: rule)
    }

    /// A request that asks for an operation that it may not have.
    ///
    /// - Parameter sentence: what the operation does, masked.
    static func refused(_ ruling: CommandRuling, sentence: String) -> Problem {
        let name = ruling.verdict?.operation?.name ?? ""
        var detail = sentence
        var hint: String?
        switch ruling.effect {
        case .refuse(.some, let reason): if let reason { detail += " (\(reason))" }
        case .refuse(nil, _): hint = "an operator can add a policy with  operations: [\(name)]  and  decision: approve  or  allow"
        case .approverless: hint = "a person must agree, and no policy says who: an operator can add one with  operations: [\(name)],  decision: approve  and  approvers: […]"
        case .approve, .pass: break
        }
        return Problem(.forbidden, .operation, detail, hint: hint).naming(ruling.verdict)
    }

    /// Why a person is asked: the operation that decided with its sentence, the others that are agreed to with it, and the operator's reason.
    static func reason(_ ruling: CommandRuling, sentence: String, _ reason: String?) -> String {
        let others = ruling.grave.filter { $0 != ruling.verdict?.operation?.name }
        var text = "\(ruling.verdict?.rule ?? ""): \(sentence)"
        if !others.isEmpty { text += " With it: " + others.prefix(8).joined(separator: ", ") + (others.count > 8 ? ", …" : "") + "." }
        return text + (reason.map { " (\($0))" } ?? "")
    }

    /// The name of a query parameter, percent-decoded.
    static func parameterName(_ parameter: Substring) -> String {
        let name = String(parameter.prefix { $0 != "=" })
        return name.removingPercentEncoding ?? name
    }
}

extension Sequence<(name: String, value: String)> {
    /// As records hold them: names in lower case, in order.
    var recorded: [HeaderField] { map { HeaderField(name: $0.name.lowercased(), value: $0.value) } }
}

extension Admission {
    var review: Review {
        switch self {
        case .run(let review), .wait(let review), .denied(let review): review
        }
    }
}

/// What `GET /.well-known/sluice/reviews/<id>` answers.
struct ReviewPage: Encodable {
    var id: String
    var state: Review.State
    var connection, method, target, policy: String
    var reason, note: String?
    var opened_at, expires_at: Timestamp
    /// What the agent does now: `wait` (ask again), `resend` (send the same request again, byte for byte) or `stop`.
    var next: String

    init(_ review: Review) {
        id = review.id
        state = review.state
        (connection, method, target, policy) = (review.connection, review.method, review.target, review.policy)
        (reason, note) = (review.reason, review.note)
        (opened_at, expires_at) = (review.openedAt, review.expiresAt)
        next =
            switch review.state {
            case .pending: "wait"
            case .approved: "resend"
            case .denied, .expired, .used: "stop"
            }
    }

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self))
        } catch {
            preconditionFailure("strings always encode: \(error)")
        }
    }
}
