// Refusals: one problem document (RFC 9457) for each reason the proxy can say no.

import ContentCoding
import Foundation
import NIOCore
import NIOHTTP1
import Operations

/// A refusal or failure that the proxy answers in its own name. Never carries a value of the request or the response.
struct Problem: Error, Sendable, Equatable {
    var status: HTTPResponseStatus
    var reason: Reason
    /// For the person who reads it.
    var detail: String
    /// What to do about it.
    var hint: String?
    /// Id of the review that can let the request pass.
    var review: String?
    /// Id of the rule that stopped it; of an operation its name, with `:protected` where its object is.
    var rule: String?
    /// The operation that stopped it, and how grave it is.
    var operation: String?
    var severity: String?

    /// The same problem, by what stopped it.
    func naming(_ verdict: Verdict?) -> Problem {
        guard let verdict else { return self }
        var problem = self
        problem.rule = verdict.rule
        problem.operation = verdict.operation?.name
        problem.severity = verdict.severity?.rawValue
        return problem
    }

    init(_ status: HTTPResponseStatus, _ reason: Reason, _ detail: String, hint: String? = nil, review: String? = nil, rule: String? = nil) {
        self.status = status
        self.reason = reason
        self.detail = detail
        self.hint = hint
        self.review = review
        self.rule = rule
    }

    /// What `Sluice-Denied` says, for programs.
    enum Reason: String, Sendable, CaseIterable {
        // What came from the client cannot be accepted.
        case malformed = "malformed-request"
        case target = "ambiguous-target"
        case method = "method-not-supported"
        case upgrade = "upgrade-not-supported"
        case expectation = "expectation-not-supported"
        case headerTooLarge = "header-too-large"
        case bodyTooLarge = "body-too-large"
        case requestTimeout = "request-timeout"
        // The caller may not do this.
        case unauthenticated
        case token = "invalid-token"
        case unknownConnection = "unknown-connection"
        case notFound = "not-found"
        case policy
        case approval = "approval-required"
        case reviewDenied = "review-denied"
        case blockedByRule = "blocked-by-rule"
        case operation
        case requestContent = "request-content"
        // The vendor's answer cannot be had, or not be passed on.
        case blocked
        case contentEncoding = "content-encoding"
        case content = "content-type"
        case corrupt = "content-corrupt"
        case expansion = "content-expansion"
        case connect = "vendor-unreachable"
        case vendorTLS = "vendor-tls"
        case vendorBroke = "vendor-broke-off"
        case vendorProtocol = "vendor-protocol"
        case vendorTimeout = "vendor-timeout"
        case total = "total-timeout"
        // The proxy cannot keep its promises.
        case engine = "masking-failed"
        case record = "recording-failed"
        case review = "reviews-unavailable"
        case identity = "identity-unavailable"
        case draining
    }

    /// The members of the document, in JSON.
    ///
    /// - Parameter exchange: id of the exchange on record, by which an operator finds it.
    func document(exchange: String?) -> [UInt8] {
        struct Document: Encodable {
            var type, title: String
            var status: UInt
            var detail: String
            var hint, operation, rule, severity, exchange, review, next, wait: String?
        }
        let document = Document(
            type: "urn:sluice:problem:\(reason.rawValue)", title: status.reasonPhrase, status: status.code, detail: detail, hint: hint,
            operation: operation, rule: rule, severity: severity, exchange: exchange, review: review, next: review == nil ? nil : "wait",
            wait: review.map { "/.well-known/sluice/reviews/\($0)?wait=55s" })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(document))
        } catch {
            preconditionFailure("strings and numbers always encode: \(error)")
        }
    }

    /// Whether what follows on the connection cannot be trusted, or is not wanted.
    var endsConnection: Bool {
        switch reason {
        case .malformed, .upgrade, .headerTooLarge, .bodyTooLarge, .requestTimeout, .draining: true
        default: false
        }
    }

    /// The fields that go with the document.
    var headers: HTTPHeaders {
        var headers: HTTPHeaders = ["Content-Type": "application/problem+json", "Cache-Control": "no-store", "Sluice-Denied": reason.rawValue]
        if let review { headers.add(name: "Sluice-Review", value: review) }
        if reason == .requestContent {
            headers.add(name: "Accept-Encoding", value: ContentCoding.allCases.map(\.rawValue).joined(separator: ", "))
        }
        if status == .unauthorized {
            // The error is told only to who sent a token (RFC 6750 §3.1).
            headers.add(name: "WWW-Authenticate", value: #"Bearer realm="sluice""# + (reason == .token ? #", error="invalid_token""# : ""))
        }
        if status == .serviceUnavailable { headers.add(name: "Retry-After", value: "5") }
        return headers
    }
}
