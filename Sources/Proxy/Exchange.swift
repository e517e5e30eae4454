// One request and its response: every decision about them, in the order in which they are made.
//
//     receive(head)      well-formed? who? where to? may they?            -> begin the record
//     authenticated(_:)  who, where that takes asking the token's issuer  -> the same
//     receive(body)      small enough? decoded, scanned, recorded
//     receiveEnd()       blocked by a rule?                               -> judge what it asks for
//     judged(verdicts)   may it do that? needs approval?                  -> ask, refuse or forward
//     settle(admission)  approved?                                        -> refuse or forward
//     respond(head)      can its body be read?                            -> masked header fields, held until the body says something
//     respond(body)      decoded, masked, then recorded, then released
//     respondEnd()       the rest, and the evidence
//     fail(failure)      what ends an exchange early, wherever it was
//
// It holds no socket, task or clock: `ServerHandler` tells it what happened and does what it answers.

import ContentCoding
import Engine
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Operations
import Record

final class Exchange {
    /// What the handler is to do now.
    enum Step {
        /// Wait for what comes next.
        case wait
        /// Find out who calls, away from the event loop, then call ``authenticated(_:)``.
        case authenticate(@Sendable () async throws(Problem) -> Identity)
        /// Read the request's body; the client may be waiting for `100 Continue` first.
        case readBody(sendContinue: Bool)
        /// Read what the request asks for, away from the event loop, then call ``judged(_:)``.
        case judge(@Sendable () -> [Verdict])
        /// Ask the reviews whether the request may run, then call ``settle(_:)``.
        case admit(ReviewRequest, ExchangeID)
        /// Look a review up, or wait up to `wait` for its decision, then call ``show(_:)``.
        case lookUp(review: String, wait: Duration)
        /// Send to the vendor; `fresh` forbids a connection that was used before.
        case forward(ForwardedRequest, to: Route, fresh: Bool)
        /// Answer in the proxy's own name. The vendor, if there is one, is not heard any more.
        case answer(Answer)
        /// Send on to the client.
        case release(Release)
    }

    /// A whole response that the proxy made.
    struct Answer {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders
        var body: [UInt8]
        /// The answer to `HEAD` tells a length and sends nothing.
        var sendsBody: Bool
        /// The connection cannot go on after it.
        var close: Bool
    }

    /// Some of a vendor's response, on record already.
    struct Release {
        var head: Head?
        var bytes: MaskedBytes?
        /// The chunk that `bytes` refers to.
        var chunk = ByteBuffer()
        var ending = Ending.more

        struct Head {
            var status: HTTPResponseStatus
            var headers: HTTPHeaders
            var framing: BodyFraming
            /// What the body is coded in on its way to the client.
            var coding: ContentCoding?
            var close: Bool
        }

        enum Ending {
            case more
            case complete
            /// The body ends here without being whole, and the client must see that. What was released before still goes out.
            case brokenOff
            /// The same, at once: nobody is there to read, or nobody may.
            case cutOff
        }
    }

    /// A request as the vendor is to see it.
    struct ForwardedRequest {
        var head: HTTPRequestHead
        var body: ByteBuffer
    }

    /// What ends an exchange before its time.
    enum Failure: Equatable {
        case clientGone
        /// The client does not take the response.
        case clientStalled
        /// What the client sends is no HTTP, or its head is too large.
        case malformed, headerTooLarge
        case requestTimeout
        case connectTimeout, unreachable, vendorTLS
        case vendorTimeout, vendorBrokeOff, vendorProtocol
        /// The response's body is not in its coding, or expands too far.
        case vendorContent, vendorExpansion
        case totalTimeout
        /// What showed who calls has expired, and the configuration says to cut.
        case identityExpired
        case shutdown
        case engine, record
    }

    private enum Phase {
        case authenticating, request, judging, reviewing, lookingUp, upstream, done
    }

    /// Requests whose target and body have more bytes are read away from the event loop, which their reading would hold up.
    static let longestReadAtOnce = 4 << 10
    /// Operations of one exchange that are kept on record, and characters of each one's object.
    static let keptOperations = 32
    static let keptObject = 200

    /// The longest time a client may wait for a review's decision in one request.
    static let longestWaitSeconds = 55

    private let gateway: Gateway
    private let recorder: Recorder
    private let tokens: TokenVault
    private let peer: String
    /// What the client showed when it connected.
    private let certificate: ShownCertificate?
    /// When the request began.
    private let time: Date
    private var phase = Phase.request

    // The request.
    private var identity: Identity?
    private var route: Route?
    private var target: RequestTarget?
    private var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    /// As policies see it; nil until it is known who asks for what.
    private(set) var access: AccessRequest?
    /// What policies say about it before its body is read.
    private(set) var admission: Decision?
    /// Whether the vendor gets the body masked.
    private(set) var masksRequest = false
    private var terms: (policy: String, terms: ApprovalTerms)?
    private var codedRequest: CodedBody?
    /// Until its first bytes have told how to read it.
    private var requestLook: FormatLook?
    private var requestMasker: Masker?
    private var requestEvidence = BodyEvidence()
    private var fingerprint: RequestFingerprint.Builder?
    /// The body to forward: all of it, since the vendor may not see a byte before all of it was scanned.
    private var body = ByteBuffer()
    private var bodyBytes = 0
    private var review: (id: String, wait: Duration)?
    /// What it would do, and what is decided about that; nil until it is read for that.
    private(set) var verdicts: [Verdict]?
    private(set) var commands: CommandEvidence?
    /// What policies that only report would have decided.
    private(set) var dryRun: PolicyOutcome?
    /// The operation for which a person is asked.
    private var asking: Verdict?
    private var forwarded: ForwardedRequest?
    private var forwardedBytes = 0
    /// Whether a vendor's connection that broke before any answer allows a second attempt. An approval is for one.
    private var mayRunTwice = true

    // The response.
    private var record: ExchangeRecord?
    private var codedResponse: CodedBody?
    /// Until its first bytes have told how to read it; with the head, where that depends on it.
    private var responseLook: FormatLook?
    private var undecidedHead: HTTPResponseHead?
    /// What separates the parts of its body, if it is one of parts.
    private var boundary: [UInt8]?
    private var vendorHasEnded = false
    private var masker: Masker?
    /// Gives the client back what it sent, where the vendor repeats a token of its session; records keep the token.
    private var restorer: Masker?
    /// The response's body is passed on without being scanned.
    private var isUnscanned = false
    private var refusedContent: Problem?
    private var maskedInHead: [String: Int] = [:]
    private var pendingHead: Release.Head?
    private var headReleased = false

    /// Whether it is not known yet who calls, so that nothing more of the request is to be read.
    var isAuthenticating: Bool { phase == .authenticating }

    /// When the exchange is to be ended although it is not over; nil if it may finish.
    var cutAt: Date? { gateway.configuration.identity.onExpiry == .cut ? identity?.expires : nil }

    /// Whether the client's connection can carry another exchange after this one.
    private(set) var keepAlive = true

    init(gateway: Gateway, recorder: Recorder, tokens: TokenVault, peer: String, certificate: ShownCertificate?, time: Date) {
        self.gateway = gateway
        self.recorder = recorder
        self.tokens = tokens
        self.peer = peer
        self.certificate = certificate
        self.time = time
    }

    // MARK: 1. The request's head

    /// - Parameter draining: the proxy is about to stop, so the connection ends with this exchange.
    func receive(_ head: HTTPRequestHead, draining: Bool) -> Step {
        self.head = head
        keepAlive = head.isKeepAlive && head.version == .http1_1 && !draining
        do throws(Problem) {
            try checkFraming(head)
            let target = try readTarget(head.uri)
            self.target = target

            // The proxy's own pages.
            if target.path.hasPrefix("/.well-known/sluice/") { return try ownPage(target, draining: draining) }

            route = gateway.route(named: target.connection.name)
            return try identify()
        } catch {
            return refuse(error)
        }
    }

    // Who.
    private func identify() throws(Problem) -> Step {
        let answer: Authenticator.Answer
        do {
            answer = try gateway.authenticator.identify(head.headers, certificate: certificate)
        } catch {
            throw unidentified(error)
        }
        switch answer {
        case .known(let identity): return try authorize(identity)
        case .ask(let token, let digest):
            phase = .authenticating
            return .authenticate { [authenticator = gateway.authenticator, certificate] () async throws(Problem) in
                try await authenticator.verify(token, digest: digest, certificate: certificate)
            }
        }
    }

    func authenticated(_ found: Result<Identity, any Error>) -> Step {
        guard phase == .authenticating else { return .wait }
        phase = .request
        do throws(Problem) {
            switch found {
            case .success(let identity): return try authorize(identity)
            case .failure(let error): throw unidentified(error as? Problem ?? Authenticator.problem(.unavailable))
            }
        } catch {
            return refuse(error)
        }
    }

    /// What to refuse with; on record, unless it is about a page of the proxy's own.
    private func unidentified(_ problem: Problem) -> Problem {
        guard review == nil else { return problem }
        do throws(Problem) {
            try beginRecord(.deny, policy: nil)
            return problem
        } catch {
            return error
        }
    }

    private func authorize(_ identity: Identity) throws(Problem) -> Step {
        self.identity = identity
        if review != nil { return .readBody(sendContinue: false) }
        guard let target else { return .wait }

        // Where to.
        guard let route else {
            try beginRecord(.deny, policy: nil)
            throw Problem(
                .notFound, .unknownConnection, "no connection has the name that the path begins with",
                hint: "ask for /<connection>/<path at the vendor>")
        }

        // May they.
        let access = AccessRequest(identity: identity, connection: route.connection.name, method: head.method.rawValue, path: target.connection.path, time: time)
        self.access = access
        let admission = gateway.configuration.policies.decide(access)
        self.admission = admission
        masksRequest = route.connection.masksRequests || gateway.configuration.policies.masksRequest(access)
        switch admission {
        case .deny(let policy, let reason):
            dryRun = gateway.configuration.policies.dryRun(access, nil)
            try beginRecord(.deny, policy: policy)
            throw Problem(
                .forbidden, .policy, reason ?? "no policy lets \(identity.name) do this on \"\(route.connection.name)\"",
                hint: reason == nil ? "an operator can add a policy for the method and path" : nil)
        case .allow(let policy):
            try beginRecord(.allow, policy: policy)
            if route.connection.commands == .judge, gateway.configuration.policies.asksApprovalOfOperations(access) {
                fingerprint = makeFingerprint(identity, route)
            }
        case .approve(let policy, let terms):
            self.terms = (policy, terms)
            try beginRecord(.approve, policy: policy)
            fingerprint = makeFingerprint(identity, route)
        }
        return try prepareBody(route)
    }

    private func makeFingerprint(_ identity: Identity, _ route: Route) -> RequestFingerprint.Builder {
        RequestFingerprint.Builder(
            identity: identity.name, connection: route.connection.name, method: head.method.rawValue, target: head.uri, headers: Self.meaning(of: head.headers))
    }

    /// What makes a message's framing or addressee doubtful is refused, not repaired (RFC 9112 §3.2, §6.1, §6.3).
    private func checkFraming(_ head: HTTPRequestHead) throws(Problem) {
        guard head.version == .http1_1 || head.version == .http1_0 else {
            throw Problem(.httpVersionNotSupported, .malformed, "HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        guard Self.methods.contains(head.method.rawValue) else {
            throw Problem(.notImplemented, .method, "this method is not passed on")
        }
        let headers = head.headers
        let hosts = headers["host"]
        if hosts.count > 1 || hosts.isEmpty && head.version == .http1_1 {
            throw Problem(.badRequest, .malformed, "a request carries exactly one Host field")
        }
        if headers.contains(name: "upgrade") {
            throw Problem(.notImplemented, .upgrade, "protocol upgrades are not passed on", hint: "leave the Upgrade field out")
        }
        let codings = headers["transfer-encoding"]
        let lengths = headers["content-length"]
        if !codings.isEmpty {
            guard codings.count == 1, codings[0].lowercased() == "chunked", lengths.isEmpty, head.version == .http1_1 else {
                throw Problem(.badRequest, .malformed, "the body's length is not clear: one chunked coding, or one Content-Length")
            }
        }
        if lengths.count > 1 || lengths.contains(where: { $0.isEmpty || !$0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
            throw Problem(.badRequest, .malformed, "Content-Length is one number")
        }
        if let expectation = headers.first(name: "expect"), expectation.lowercased() != "100-continue" {
            throw Problem(.expectationFailed, .expectation, "100-continue is the one expectation met here")
        }
        guard headers.allSatisfy({ HeaderFields.isFieldValue($0.value) }) else {
            throw Problem(.badRequest, .malformed, "a header field holds a control byte")
        }
    }

    private func readTarget(_ uri: String) throws(Problem) -> RequestTarget {
        do {
            return try RequestTarget(uri)
        } catch {
            throw Problem(.badRequest, .target, error.detail, hint: "send the path as the vendor documents it, percent-encoded once")
        }
    }

    /// Puts the exchange on record before anything of it goes anywhere, and stops it if the target itself is a blocked command.
    private func beginRecord(_ decision: ExchangeStart.Decision, policy: String?) throws(Problem) {
        guard let rules = route?.rules ?? gateway.anyRules else { return }
        var shown = target.map { $0.query == nil ? $0.path : "\($0.path)?\($0.query ?? "")" } ?? ""
        var blocked: String?
        var headers: [HeaderField] = []
        do throws(MaskError) {
            let masked = try PercentCoding.masked(shown, rules: rules)
            shown = masked.text
            blocked = masked.blocked
            var kept = HTTPHeaders()
            for (name, value) in head.headers where Self.recorded.contains(name.lowercased()) { kept.add(name: name, value: value) }
            for (name, value) in try HeaderFields.masked(kept, rules: rules)?.headers ?? [:] {
                headers.append(HeaderField(name: name.lowercased(), value: value))
            }
        } catch {
            throw Problem(.internalServerError, .engine, "the request could not be scanned")
        }
        do {
            record = try recorder.begin(
                ExchangeStart(
                    identity: identity?.name, groups: identity?.groups ?? [], connection: route?.connection.name, method: head.method.rawValue,
                    target: shown, peer: peer, headers: headers, decision: blocked == nil ? decision : .deny, policy: policy,
                    policyVersion: gateway.configuration.policies.version, corpusHash: route?.rules.hash))
        } catch {
            gateway.logger.error("an exchange cannot be recorded, so it is refused: \(error)")
            throw Problem(.serviceUnavailable, .record, "the exchange cannot be recorded, so it cannot take place")
        }
        if let blocked { throw Self.blockedRequest(by: blocked) }
    }

    /// Decides how the body is read, before the client is asked for it.
    private func prepareBody(_ route: Route) throws(Problem) -> Step {
        let limit = gateway.configuration.limits.requestBodyBytes
        let length = head.headers.first(name: "content-length").map { Int($0) ?? Int.max }
        if let length, length > limit { throw Self.tooLarge(limit) }
        guard length ?? 0 > 0 || head.headers.contains(name: "transfer-encoding") else { return .readBody(sendContinue: false) }

        let reading = BodyReading(head.headers)
        switch reading.treatment(route.connection.unknownContent) {
        case .scan(let format): requestLook = FormatLook(declared: format)
        case .look: requestLook = FormatLook(declared: nil)
        case .pass: break
        case .refuse: throw Self.unscannableRequest
        }
        if requestLook != nil, !reading.codings.isEmpty {
            codedRequest = CodedBody(reading.codings, limits: .init(decodedBytes: limit))
        }
        body.reserveCapacity(min(length ?? 0, 1 << 20))
        return .readBody(sendContinue: head.headers.contains(name: "expect"))
    }

    // MARK: 2. The request's body

    func receive(_ chunk: ByteBuffer) -> Step {
        guard phase == .request else { return .wait }
        do throws(Problem) {
            let limit = gateway.configuration.limits.requestBodyBytes
            bodyBytes += chunk.readableBytes
            if bodyBytes > limit { throw Self.tooLarge(limit) }
            if let fingerprint { chunk.withUnsafeReadableBytes { fingerprint.body($0) } }
            if codedRequest != nil {
                codedRequest?.take(chunk)
                try decodeRequest()
            } else {
                try scanRequest(chunk)
            }
            return .wait
        } catch {
            return refuse(error)
        }
    }

    /// All of what arrived: its decoded form is bounded like any other body.
    private func decodeRequest() throws(Problem) {
        while codedRequest?.hasMore == true {
            let piece: ByteBuffer
            do {
                piece = try codedRequest!.next()
            } catch {
                throw Self.problem(decodingRequest: error, limit: gateway.configuration.limits.requestBodyBytes)
            }
            try scanRequest(piece)
        }
    }

    private func scanRequest(_ chunk: ByteBuffer) throws(Problem) {
        if requestLook != nil {
            guard let found = requestLook?.take(chunk) else { return }
            try readRequest(as: found.verdict, found.bytes)
        } else {
            try maskRequest(chunk)
        }
    }

    /// The first bytes have told, or the body is over.
    private func readRequest(as verdict: FormatDetection.Verdict, _ bytes: ByteBuffer) throws(Problem) {
        guard let route else { return }
        requestLook = nil
        switch verdict {
        case .format(let format):
            var rules = route.rules
            if route.issuesTokens, let identity { rules = RuleSet(rules, issuing: tokens.makeTable(of: identity.name, on: route.connection.name)) }
            requestMasker = Masker(
                rules, format: format, boundary: BodyReading.boundary(head.headers), unscannable: route.connection.unknownContent.ofParts)
        case .unknown, .undecided:
            guard route.connection.unknownContent == .pass else { throw Self.unscannableRequest }
        }
        try maskRequest(bytes)
    }

    private func maskRequest(_ chunk: ByteBuffer) throws(Problem) {
        guard requestMasker != nil else {
            body.writeImmutableBuffer(chunk)
            return
        }
        let masked: MaskedBytes
        do {
            masked = try chunk.feed(&requestMasker!)
        } catch {
            throw Problem(.internalServerError, .engine, "the request could not be scanned")
        }
        try keepRequest(masked, chunk: chunk)
        if let blocked = masked.blocked { throw Self.blockedRequest(by: blocked.rule) }
    }

    func receiveEnd() -> Step {
        guard phase == .request else { return .wait }
        // Pages of the proxy's own do not look at bodies.
        if let review {
            phase = .lookingUp
            return .lookUp(review: review.id, wait: .zero)
        }
        guard let route, let target else { return .wait }
        do throws(Problem) {
            if codedRequest != nil {
                do {
                    try codedRequest?.finish()
                } catch {
                    throw Self.problem(decodingRequest: error, limit: gateway.configuration.limits.requestBodyBytes)
                }
            }
            if let found = requestLook?.end(), found.bytes.readableBytes > 0 { try readRequest(as: found.verdict, found.bytes) }
            if requestMasker != nil {
                let rest: MaskedBytes
                do {
                    rest = try requestMasker!.finish()
                } catch {
                    throw Problem(.internalServerError, .engine, "the request could not be scanned")
                }
                try keepRequest(rest, chunk: ByteBuffer())
                if let blocked = rest.blocked { throw Self.blockedRequest(by: blocked.rule) }
            }
            closeRequestEvidence()
            return try judge(target, route)
        } catch {
            return refuse(error)
        }
    }

    // MARK: 3. What it asks for

    /// Reads the request as the vendor will: its target, fields and body as they would be sent.
    private func judge(_ target: RequestTarget, _ route: Route) throws(Problem) -> Step {
        guard route.connection.commands != .off, let catalogue = gateway.catalogue else {
            dryRun = access.flatMap { gateway.configuration.policies.dryRun($0, nil) }
            return try askOrForward(nil, sentence: nil)
        }
        let upstream = route.connection.upstream
        let types = head.headers["content-type"]
        let request = HTTPReader.Request(
            method: head.method.rawValue, target: upstream.basePath + target.connection.path + (target.query.map { "?" + $0 } ?? ""), host: upstream.host, port: upstream.port,
            headers: Array(head.headers), contentType: types.count == 1 ? types[0] : nil)
        let read: @Sendable () -> [Verdict] = { [body] in
            var request = request
            request.body = Array(body.readableBytesView)
            return catalogue.verdicts(on: catalogue.commands.requests.read(request))
        }
        phase = .judging
        return body.readableBytes + request.target.utf8.count > Self.longestReadAtOnce ? .judge(read) : judged(.success(read()))
    }

    /// What the request would do, and what the catalogue says of it.
    func judged(_ verdicts: Result<[Verdict], any Error>) -> Step {
        guard phase == .judging, let route, let access, let admission, let catalogue = gateway.catalogue else { return .wait }
        do throws(Problem) {
            guard case .success(let verdicts) = verdicts else { throw Problem(.serviceUnavailable, .engine, "the request could not be read") }
            self.verdicts = verdicts
            let policies = gateway.configuration.policies
            dryRun = policies.dryRun(access, route.connection.commands == .judge ? verdicts : nil)
            let ruling = policies.rule(on: verdicts, admission: admission, request: access)
            guard let verdict = ruling.verdict, let operation = verdict.operation else { return try askOrForward(nil, sentence: nil) }
            var kept: [CommandEvidence.Operation] = []
            for verdict in verdicts.prefix(Self.keptOperations) {
                guard let operation = verdict.operation else { continue }
                kept.append(
                    .init(name: operation.name, object: try shown(operation.object, route.rules), severity: verdict.severity?.rawValue ?? "", verdict: verdict.decision.rawValue))
            }
            let sentence = catalogue.sentence(operation.name, object: try shown(operation.object, route.rules))
            var decision: CommandEvidence.Decision
            var policy: String?
            switch ruling.effect {
            case .pass(let name): (decision, policy) = (.pass, name)
            case .approve(let name, _): (decision, policy) = (.approve, name)
            case .approverless: decision = .refuse
            case .refuse(let name, _): (decision, policy) = (.refuse, name)
            }
            if route.connection.commands == .report, decision != .pass { decision = .report }
            commands = CommandEvidence(decision: decision, rule: verdict.rule, policy: policy, operations: kept, count: verdicts.count)
            if decision == .refuse { throw Self.refused(ruling, sentence: sentence) }
            return try askOrForward(decision == .approve ? ruling : nil, sentence: sentence)
        } catch {
            return refuse(error)
        }
    }

    /// What an operation is done to, as problems, records and approvers may see it.
    private func shown(_ object: String, _ rules: RuleSet) throws(Problem) -> String {
        guard !object.isEmpty else { return "" }
        do {
            // What is too long to be shown is not worth scanning, and a part of it may be a part of a value.
            let masked = object.utf8.count <= 1 << 16 ? try HeaderFields.maskedText(object, rules: rules) : nil
            return masked.map { $0.count > Self.keptObject ? $0.prefix(Self.keptObject) + "…" : $0 } ?? "[hidden]"
        } catch {
            throw Problem(.internalServerError, .engine, "the request could not be scanned")
        }
    }

    // MARK: 4. Approval

    /// Sends the request on, or asks for the approval that its policy, or one for what it asks for, needs.
    ///
    /// - Parameter ruling: an operation needs a person to agree; `sentence` says what it does.
    private func askOrForward(_ ruling: CommandRuling?, sentence: String?) throws(Problem) -> Step {
        guard let route, let identity, let target else { return .wait }
        var asked = terms
        if case .approve(let policy, let terms)? = ruling?.effect { asked = (policy, terms) }
        guard let (policy, terms) = asked else { return forward(target, to: route) }
        guard let fingerprint, let record else { throw Problem(.serviceUnavailable, .review, "approvals cannot be had at the moment") }
        phase = .reviewing
        asking = ruling?.verdict
        let shown: String
        do {
            shown = try PercentCoding.masked(head.uri, rules: route.rules).text
        } catch {
            throw Problem(.internalServerError, .engine, "the request could not be scanned")
        }
        let reason = ruling.map { Self.reason($0, sentence: sentence ?? "", terms.reason) } ?? terms.reason
        return .admit(
            ReviewRequest(
                fingerprint: fingerprint.finish(), identity: identity.name, owner: identity.owner, connection: route.connection.name, method: head.method.rawValue, target: shown,
                policy: policy, reason: reason, approvers: terms.approvers, deadline: terms.deadline),
            record.id)
    }

    /// What the reviews said about a request that needs one.
    func settle(_ admission: Result<Admission, any Error>) -> Step {
        guard phase == .reviewing, let route, let target, let record else { return .wait }
        let decided: Admission
        do {
            decided = try admission.get()
            try record.reviewed(decided.review.id)
        } catch {
            gateway.logger.error("a request that needs approval is refused: \(error)")
            return refuse(Problem(.serviceUnavailable, .review, "approvals cannot be had at the moment"))
        }
        switch decided {
        case .wait(let review):
            return refuse(
                Problem(
                    .forbidden, .approval, review.reason ?? "a person must approve this request first",
                    hint: "wait for the decision at the address in \"wait\", then send the same request again, byte for byte", review: review.id
                ).naming(asking))
        case .denied(let review):
            return refuse(Problem(.forbidden, .reviewDenied, review.note ?? "a person decided against this request", review: review.id))
        case .run:
            mayRunTwice = false
            return forward(target, to: route)
        }
    }

    // MARK: 5. To the vendor

    private func forward(_ target: RequestTarget, to route: Route) -> Step {
        phase = .upstream
        let upstream = route.connection.upstream
        let credential = route.connection.credential
        var uri = upstream.basePath + target.connection.path
        var parameters = target.query.map { $0.split(separator: "&", omittingEmptySubsequences: false) } ?? []
        if let (name, value) = credential?.queryParameter {
            parameters.removeAll { Self.parameterName($0) == Self.parameterName(name[...]) }
            parameters.append("\(name)=\(value)")
        }
        if target.query != nil || !parameters.isEmpty { uri += "?" + parameters.joined(separator: "&") }

        var headers = HTTPHeaders()
        headers.add(name: "Host", value: upstream.authority)
        headers.add(
            contentsOf: HeaderFields.forwarded(
                head.headers, bodyIsChanged: masksRequest && requestMasker != nil, bodyIsDecoded: codedRequest != nil))
        headers.add(name: "Accept-Encoding", value: route.connection.contentCoding == .off ? "identity" : AcceptedCodings(head.headers).field)
        headers.add(name: "Via", value: "1.1 sluice")
        if let (name, value) = credential?.headerField { headers.replaceOrAdd(name: name, value: value) }
        if body.readableBytes > 0 || head.headers.contains(name: "content-length") || head.headers.contains(name: "transfer-encoding") {
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        forwardedBytes = body.readableBytes
        let request = ForwardedRequest(head: HTTPRequestHead(version: .http1_1, method: head.method, uri: uri, headers: headers), body: body)
        forwarded = request
        body = ByteBuffer()
        return .forward(request, to: route, fresh: false)
    }

    // MARK: 6. The response's head

    func respond(_ head: HTTPResponseHead) -> Step {
        guard phase == .upstream, pendingHead == nil, undecidedHead == nil, !headReleased, let route else { return .wait }
        forwarded = nil
        // Codings of the transfer that nobody asked for would hide the body from the rules.
        let codings = head.headers["transfer-encoding"]
        guard head.status.code >= 200, codings.isEmpty || codings.map({ $0.lowercased() }) == ["chunked"],
            codings.isEmpty || !head.headers.contains(name: "content-length")
        else { return fail(.vendorProtocol) }
        let isEmpty = !hasBody(head) || head.headers.first(name: "content-length") == "0"
        let reading = BodyReading(head.headers)
        boundary = BodyReading.boundary(head.headers)
        let treatment = reading.treatment(route.connection.unknownContent)
        switch treatment {
        case .scan, .look:
            if !isEmpty, !reading.codings.isEmpty {
                let limits = gateway.configuration.limits
                codedResponse = CodedBody(
                    reading.codings, limits: .init(decodedBytes: limits.decodedResponseBytes, expansion: limits.expansion))
            }
        case .pass, .refuse: break
        }
        switch treatment {
        case .scan(let format):
            responseLook = FormatLook(declared: format)
            return prepareHead(head, isScanned: true, decoded: reading.codings)
        case .look(let orPass):
            responseLook = FormatLook(declared: nil)
            // What is to come decides about the head too; where nothing is, there is nothing to wait for.
            if isEmpty { return prepareHead(head, isScanned: !orPass, decoded: []) }
            undecidedHead = head
            return .wait
        case .pass:
            passUnscanned()
            return prepareHead(head, isScanned: false, decoded: [])
        case .refuse(let opaque):
            refusedContent = Self.unscannableAnswer(opaque)
            return prepareHead(head, isScanned: true, decoded: [])
        }
    }

    private func hasBody(_ head: HTTPResponseHead) -> Bool {
        self.head.method != .HEAD && head.status != .noContent && head.status != .notModified
    }

    /// The engine lets everything through without a rule, so that what is released is of its type even here.
    private func passUnscanned() {
        masker = Masker(gateway.noRules, format: .text)
        isUnscanned = true
    }

    /// - Parameters:
    ///   - isScanned: the body may be masked, so what was said about its bytes is not true any more.
    ///   - decoded: the codings of the body that are undone.
    private func prepareHead(_ head: HTTPResponseHead, isScanned: Bool, decoded: [ContentCoding]) -> Step {
        guard let route else { return .wait }
        let hasBody = hasBody(head)
        let isEmpty = !hasBody || head.headers.first(name: "content-length") == "0"
        // The last one applied that the client accepts. The answer to `HEAD` has the fields of one to `GET` (RFC 9110 §9.3.2).
        var coding: ContentCoding?
        if route.connection.contentCoding == .keep, !isEmpty || !hasBody {
            let accepted = AcceptedCodings(self.head.headers)
            coding = decoded.last { accepted.contains($0) }
        }
        var headers: HTTPHeaders
        do {
            var returned = HeaderFields.returned(head.headers, through: route.connection, bodyMayChange: isScanned || !decoded.isEmpty)
            if !decoded.isEmpty { HeaderFields.recode(&returned, as: coding) }
            guard let masked = try HeaderFields.masked(returned, rules: route.rules) else {
                return refuse(Problem(.badGateway, .blocked, "a rule stopped the vendor's answer"))
            }
            headers = masked.headers
            for finding in masked.findings where finding.action == .masked { maskedInHead[finding.rule, default: 0] += 1 }
        } catch {
            return fail(.engine)
        }
        let framing: BodyFraming =
            if !hasBody {
                .none
            } else if isEmpty {
                .length(0)
            } else if self.head.version == .http1_0 {
                .untilClose
            } else if !isScanned, decoded.isEmpty, let length = head.headers.first(name: "content-length").flatMap({ Int($0) }) {
                .length(length)
            } else {
                .chunked
            }
        if framing == .untilClose { keepAlive = false }
        if let record { headers.add(name: "Sluice-Exchange", value: record.id.description) }
        pendingHead = Release.Head(status: head.status, headers: headers, framing: framing, coding: isEmpty ? nil : coding, close: !keepAlive)
        return .wait
    }

    /// The head has waited long enough for a body that could still turn it into a refusal.
    func releaseHead() -> Step {
        guard phase == .upstream, pendingHead != nil, refusedContent == nil else { return .wait }
        return release(nil, chunk: ByteBuffer(), ending: .more)
    }

    /// Whether the client waits on the page of a review.
    var isWaitingForReview: Bool { phase == .lookingUp }

    /// Whether a response's head is here and not sent yet.
    var isHeadPending: Bool { pendingHead != nil }

    // MARK: 7. The response's body: decode, mask, record, release

    /// - Returns: nothing yet for a coded body: its pieces are asked for with ``respondMore()``.
    func respond(_ chunk: ByteBuffer) -> Step {
        guard phase == .upstream, pendingHead != nil || headReleased || undecidedHead != nil else { return .wait }
        if let refusedContent { return refuse(refusedContent) }
        guard codedResponse == nil else {
            codedResponse?.take(chunk)
            return .wait
        }
        return read(chunk)
    }

    func respondEnd() -> Step {
        guard phase == .upstream, pendingHead != nil || headReleased || undecidedHead != nil else { return .wait }
        vendorHasEnded = true
        return respondMore()
    }

    /// Whether ``respondMore()`` has something to do: what arrived is not all decoded, or the end of the body not dealt with.
    var hasMore: Bool { phase == .upstream && (codedResponse?.hasMore == true || vendorHasEnded) }

    /// The next piece of a coded body, or the end of any.
    func respondMore() -> Step {
        guard phase == .upstream else { return .wait }
        do {
            if let piece = try codedResponse.next() { return read(piece) }
            guard vendorHasEnded else { return .wait }
            try codedResponse?.finish()
        } catch {
            switch error {
            case .corrupt, .truncated: return fail(.vendorContent)
            case .expandsTooFar: return fail(.vendorExpansion)
            case .failed: return fail(.engine)
            }
        }
        if let found = responseLook?.end(), found.bytes.readableBytes > 0 { return read(as: found.verdict, found.bytes) }
        if let head = undecidedHead {
            // Not a byte came, so there is nothing to be unsure about.
            undecidedHead = nil
            if case let step = prepareHead(head, isScanned: true, decoded: BodyReading(head.headers).codings), phase != .upstream { return step }
        }
        let rest: MaskedBytes?
        do {
            rest = refusedContent == nil ? try masker?.finish() : nil
        } catch {
            return fail(.engine)
        }
        return release(rest, chunk: ByteBuffer(), ending: .complete)
    }

    private func read(_ chunk: ByteBuffer) -> Step {
        guard responseLook != nil else { return mask(chunk) }
        guard let found = responseLook?.take(chunk) else { return .wait }
        return read(as: found.verdict, found.bytes)
    }

    /// The first bytes have told how the body is to be read, or it is over.
    private func read(as verdict: FormatDetection.Verdict, _ bytes: ByteBuffer) -> Step {
        guard let route else { return .wait }
        responseLook = nil
        switch verdict {
        case .format(let format):
            masker = Masker(route.answerRules, format: format, boundary: boundary, unscannable: route.connection.unknownContent.ofParts)
            if route.issuesTokens, let identity, let table = tokens.table(of: identity.name, on: route.connection.name), !table.isEmpty {
                restorer = Masker(RuleSet(restoring: table), format: format, boundary: boundary, unscannable: .pass)
            }
        case .unknown, .undecided:
            guard route.connection.unknownContent == .pass else { return refuse(Self.unscannableAnswer(.type)) }
            passUnscanned()
        }
        if let head = undecidedHead {
            undecidedHead = nil
            let step = prepareHead(head, isScanned: !isUnscanned, decoded: codedResponse == nil ? [] : BodyReading(head.headers).codings)
            if phase != .upstream { return step }
        }
        return mask(bytes)
    }

    private func mask(_ chunk: ByteBuffer) -> Step {
        guard masker != nil else { return fail(.vendorProtocol) }
        let masked: MaskedBytes
        do {
            masked = try chunk.feed(&masker!)
        } catch {
            return fail(.engine)
        }
        return release(masked, chunk: chunk, ending: .more)
    }

    /// Every byte of a vendor's body goes through here.
    private func release(_ masked: MaskedBytes?, chunk: ByteBuffer, ending: Release.Ending) -> Step {
        let hasBytes = (masked?.count ?? 0) > 0
        if let blocked = masked?.blocked, !headReleased, !hasBytes {
            return refuse(Problem(.badGateway, .blocked, "a rule stopped the vendor's answer", rule: blocked.rule))
        }
        if ending == .more, !hasBytes, pendingHead == nil || masked != nil, masked?.blocked == nil { return .wait }
        var release = Release(bytes: masked, chunk: chunk, ending: masked?.blocked == nil ? ending : .brokenOff)
        do {
            if let head = pendingHead { try record?.response(status: Int(head.status.code), headers: head.headers.recorded) }
            if let masked, hasBytes {
                try chunk.withUnsafeReadableBytes {
                    if isUnscanned { try record?.unscannedResponse($0) } else { try record?.response(masked, chunk: $0) }
                }
            }
            if let blocked = masked?.blocked {
                try endRecord(Outcome(.blocked, blocked.rule))
            } else if ending == .complete {
                try endRecord(Outcome(.completed))
            }
        } catch {
            gateway.logger.error("a response cannot be recorded, so it ends: \(error)")
            return fail(.record)
        }
        do {
            try restoreTokens(&release)
        } catch {
            return fail(.engine)
        }
        release.head = pendingHead
        if pendingHead != nil { headReleased = true }
        pendingHead = nil
        if release.ending != .more { phase = .done }
        return .release(release)
    }

    /// Puts back what the client sent, in what is on record with tokens.
    private func restoreTokens(_ release: inout Release) throws(MaskError) {
        guard restorer != nil else { return }
        var bytes: [UInt8] = []
        release.chunk.withUnsafeReadableBytes { release.bytes?.append(to: &bytes, chunk: $0) }
        release.chunk = ByteBuffer(bytes: bytes)
        var restored = try release.chunk.feed(&restorer!)
        if release.ending != .more { restored.append(end: try restorer!.finish()) }
        release.bytes = restored
    }

    // MARK: 8. What ends an exchange early

    /// - Parameter usedConnection: the vendor's connection had carried an exchange before, so it may have been closing already.
    func fail(_ failure: Failure, usedConnection: Bool = false) -> Step {
        guard phase != .done else { return .wait }
        if failure == .vendorBrokeOff, usedConnection, mayRunTwice, Self.idempotent.contains(head.method.rawValue), let forwarded, let route {
            mayRunTwice = false
            return .forward(forwarded, to: route, fresh: true)
        }
        switch failure {
        case .clientGone: return cutOff(Outcome(.clientGone))
        case .clientStalled: return cutOff(Outcome(.timedOut, "client"))
        default: break
        }
        let problem = Self.problem(failure)
        guard headReleased else { return refuse(problem) }
        keepAlive = false
        end(Self.outcome(problem))
        switch failure {
        case .totalTimeout, .identityExpired, .shutdown, .record: return .release(Release(ending: .cutOff))
        default: return .release(Release(ending: .brokenOff))
        }
    }

    private func cutOff(_ outcome: Outcome) -> Step {
        keepAlive = false
        end(outcome)
        return .release(Release(ending: .cutOff))
    }

    private func refuse(_ problem: Problem) -> Step {
        answer(
            problem.status, problem.headers, problem.document(exchange: record?.id.description), outcome: Self.outcome(problem),
            close: problem.endsConnection)
    }

    private func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: [UInt8], outcome: Outcome, close: Bool = false) -> Step {
        if close { keepAlive = false }
        var headers = headers
        if let record {
            headers.add(name: "Sluice-Exchange", value: record.id.description)
            do {
                try record.response(status: Int(status.code), headers: headers.recorded)
                try body.withUnsafeBytes { try record.ownResponse($0) }
            } catch {
                // Nothing of a vendor's is in an answer of our own, so it may leave.
                gateway.logger.error("a refusal could not be recorded: \(error)")
            }
        }
        end(outcome)
        return .answer(Answer(status: status, headers: headers, body: body, sendsBody: head.method != .HEAD, close: !keepAlive))
    }

    /// Ends the record where nothing more can be done if that fails.
    private func end(_ outcome: Outcome) {
        phase = .done
        do {
            try endRecord(outcome)
        } catch {
            gateway.logger.error("the end of an exchange could not be recorded: \(error)")
        }
    }

    private func endRecord(_ outcome: Outcome) throws(RecordError) {
        guard let record else { return }
        self.record = nil
        closeRequestEvidence()
        var response = masker.map { BodyEvidence($0.statistics) } ?? BodyEvidence()
        if isUnscanned {
            response.bytesUnscanned = response.bytesScanned
            response.bytesScanned = 0
        }
        if let codedResponse { response.bytesIn = codedResponse.bytesIn }
        response.masked.merge(maskedInHead, uniquingKeysWith: +)
        try record.end(ExchangeEnd(outcome: outcome, commands: commands, dryRun: dryRun, request: requestEvidence, response: response))
    }

    // MARK: The request on record

    /// Records a piece of the request, and keeps what goes to the vendor.
    private func keepRequest(_ masked: MaskedBytes, chunk: ByteBuffer) throws(Problem) {
        do {
            try chunk.withUnsafeReadableBytes { try record?.request(masked, chunk: $0) }
        } catch {
            gateway.logger.error("a request cannot be recorded, so it is refused: \(error)")
            throw Problem(.serviceUnavailable, .record, "the exchange cannot be recorded, so it cannot take place")
        }
        guard masksRequest else {
            body.writeImmutableBuffer(chunk)
            return
        }
        for piece in masked.pieces {
            switch piece {
            case .bytes(let bytes): body.writeBytes(bytes)
            case .passed(let range): body.writeBytes(chunk.readableBytesView.dropFirst(range.lowerBound).prefix(range.count))
            }
        }
    }

    private func closeRequestEvidence() {
        if let requestMasker {
            requestEvidence = BodyEvidence(requestMasker.statistics)
        } else {
            requestEvidence.bytesIn = bodyBytes
            requestEvidence.bytesUnscanned = bodyBytes
        }
        if codedRequest != nil { requestEvidence.bytesIn = bodyBytes }
        requestEvidence.bytesOut = forwardedBytes
    }

    // MARK: The proxy's own pages

    private func ownPage(_ target: RequestTarget, draining: Bool) throws(Problem) -> Step {
        let page = target.path.dropFirst("/.well-known/sluice/".count)
        guard head.method == .GET || head.method == .HEAD else {
            throw Problem(.methodNotAllowed, .method, "the proxy's own pages are read with GET")
        }
        if page == "health" {
            if draining { throw Problem(.serviceUnavailable, .draining, "the gateway is about to stop") }
            return answer(.ok, ["Content-Type": "text/plain", "Cache-Control": "no-store"], Array("ok\n".utf8), outcome: Outcome(.completed))
        }
        guard page.hasPrefix("reviews/"), !page.dropFirst("reviews/".count).contains("/") else {
            throw Problem(.notFound, .notFound, "the proxy has no such page")
        }
        var wait = Duration.zero
        for parameter in (target.query ?? "").split(separator: "&") where parameter.hasPrefix("wait=") {
            let text = parameter.dropFirst("wait=".count)
            guard let seconds = Int(text.hasSuffix("s") ? text.dropLast() : text), seconds >= 0 else {
                throw Problem(.badRequest, .malformed, "wait is a number of seconds", hint: "for example  ?wait=55s")
            }
            wait = .seconds(min(seconds, Self.longestWaitSeconds))
        }
        review = (String(page.dropFirst("reviews/".count)), wait)
        return try identify()
    }

    /// A review that was looked up: shown to who asked for it and to who may decide on it; to all others it does not exist.
    func show(_ found: Result<Review?, any Error>) -> Step {
        guard phase == .lookingUp, let identity, let asked = review else { return .wait }
        switch found {
        case .failure(let error):
            gateway.logger.error("a review cannot be read: \(error)")
            return refuse(Problem(.serviceUnavailable, .review, "approvals cannot be had at the moment"))
        case .success(let found):
            guard let found, found.identity == identity.name || found.approvers.contains(where: identity.groups.contains) else {
                return refuse(Problem(.notFound, .notFound, "there is no such review, or it is not yours to see"))
            }
            if found.state == .pending, asked.wait > .zero {
                review = (asked.id, .zero)
                return .lookUp(review: asked.id, wait: asked.wait)
            }
            return answer(
                .ok, ["Content-Type": "application/json", "Cache-Control": "no-store"], ReviewPage(found).json, outcome: Outcome(.completed))
        }
    }
}
