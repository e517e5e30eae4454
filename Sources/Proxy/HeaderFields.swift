// Which header fields cross the proxy, in each direction.

import ContentCoding
import Engine
import NIOCore
import NIOHTTP1

/// Header fields by what the proxy does with them. Names are lower case.
enum HeaderFields {
    /// Meant for one connection only (RFC 9110 §7.6.1), besides those that `Connection` names.
    static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "te",
        "trailer", "transfer-encoding", "upgrade", "http2-settings",
    ]

    /// Fields of a request that are not forwarded: ours to set, about the path to us, or about parts and codings we cannot scan.
    private static let notForwarded: Set<String> = hopByHop.union(KeyRing.headerNames).union([
        "host", "content-length", "expect", "accept-encoding", "range", "if-range", "forwarded", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-proto", "x-real-ip", "via",
    ])

    /// Fields that are about the exact bytes of a body, and so untrue once it may be masked or was decoded.
    private static let aboutExactBytes: Set<String> = [
        "content-length", "etag", "content-md5", "digest", "content-digest", "repr-digest", "accept-ranges",
    ]

    /// Fields of a response that would lead the client around the proxy, or that the proxy sets.
    private static let notReturned: Set<String> = hopByHop.union(["alt-svc", "content-length"])

    /// The fields of a request as the vendor is to see them: framing, host and credential are still to be added.
    ///
    /// - Parameters:
    ///   - bodyIsChanged: the body may not be the bytes that came.
    ///   - bodyIsDecoded: what codings it had were undone.
    static func forwarded(_ headers: HTTPHeaders, bodyIsChanged: Bool, bodyIsDecoded: Bool) -> HTTPHeaders {
        let listed = namedByConnection(headers)
        var forwarded = HTTPHeaders()
        forwarded.reserveCapacity(headers.count + 5)
        for (name, value) in headers {
            let key = name.lowercased()
            if notForwarded.contains(key) || listed.contains(key) { continue }
            if bodyIsChanged || bodyIsDecoded, aboutExactBytes.contains(key) { continue }
            if bodyIsDecoded, key == "content-encoding" { continue }
            forwarded.add(name: name, value: value)
        }
        return forwarded
    }

    /// The fields of a response as the client may see them, values not masked yet.
    ///
    /// - Parameter bodyMayChange: the body passes the masker, so its length and digests are not known.
    static func returned(_ headers: HTTPHeaders, through connection: Connection, bodyMayChange: Bool) -> HTTPHeaders {
        let listed = namedByConnection(headers)
        var returned = HTTPHeaders()
        returned.reserveCapacity(headers.count + 1)
        for (name, value) in headers {
            let key = name.lowercased()
            if notReturned.contains(key) || listed.contains(key) || key.hasPrefix("sluice-") { continue }
            if bodyMayChange, aboutExactBytes.contains(key) { continue }
            returned.add(name: name, value: key == "location" ? location(value, through: connection) : value)
        }
        return returned
    }

    /// Says in a response's fields that its codings were undone, and which one was applied again.
    static func recode(_ headers: inout HTTPHeaders, as coding: ContentCoding?) {
        headers.remove(name: "content-encoding")
        if let coding { headers.add(name: "Content-Encoding", value: coding.rawValue) }
        // Which coding there is depends on what the client accepts, whoever decided (RFC 9110 §12.5.5).
        let varying = headers[canonicalForm: "vary"].map { $0.lowercased() }
        if !varying.contains("accept-encoding"), !varying.contains("*") { headers.add(name: "Vary", value: "Accept-Encoding") }
    }

    /// A redirection to the same vendor leads back through the proxy; others stay as they are.
    private static func location(_ value: String, through connection: Connection) -> String {
        let upstream = connection.upstream
        let origin = (upstream.tls ? "https://" : "http://") + upstream.authority
        let path = value.hasPrefix(origin) ? String(value.dropFirst(origin.count)) : value
        guard path.hasPrefix("/"), !path.hasPrefix("//"), path.hasPrefix(upstream.basePath) else { return value }
        let rest = path.dropFirst(upstream.basePath.count)
        return rest.hasPrefix("/") || rest.isEmpty ? "/\(connection.name)\(rest)" : value
    }

    private static func namedByConnection(_ headers: HTTPHeaders) -> Set<String> {
        var names: Set<String> = []
        for token in headers[canonicalForm: "connection"] { names.insert(token.lowercased()) }
        return names
    }

    /// Stands between the lines of fields that are scanned as one text: no white space or word runs over it.
    private static let separator: StaticString = "\u{0}\n\u{0}"

    /// Masks the values of `headers`.
    ///
    /// All lines are scanned as one text, so that the common case, nothing found, costs one pass. A value that a match touches is
    /// scanned again by itself; where it alone shows nothing (the match needed the name or a neighbour), the field is dropped.
    ///
    /// - Returns: nil if a `block` rule matched.
    static func masked(_ headers: HTTPHeaders, rules: RuleSet) throws(MaskError) -> (headers: HTTPHeaders, findings: [Finding])? {
        var text = ByteBuffer()
        var ends: [Int] = []
        ends.reserveCapacity(headers.count)
        for (name, value) in headers {
            text.writeString(name)
            text.writeStaticString(": ")
            text.writeString(value)
            text.writeStaticString(separator)
            ends.append(text.readableBytes)
        }
        var masker = Masker(rules, format: .text)
        let findings = try text.feed(&masker).findings + masker.finish().findings
        guard masker.blocked == nil else { return nil }
        guard findings.contains(where: { $0.action == .masked }) else { return (headers, findings) }

        var result = HTTPHeaders()
        var start = 0
        for ((name, value), end) in zip(headers, ends) {
            let line = start..<end
            start = end
            guard findings.contains(where: { $0.action == .masked && $0.range.overlaps(line) }) else {
                result.add(name: name, value: value)
                continue
            }
            guard let alone = try maskedText(value, rules: rules), alone != value, isFieldValue(alone) else { continue }
            result.add(name: name, value: alone)
        }
        return (result, findings)
    }

    /// `text` masked as one text of its own; nil if a `block` rule matched.
    static func maskedText(_ text: String, rules: RuleSet) throws(MaskError) -> String? {
        var masker = Masker(rules, format: .text)
        let chunk = ByteBuffer(string: text)
        var output: [UInt8] = []
        let released = try chunk.feed(&masker)
        chunk.withUnsafeReadableBytes { released.append(to: &output, chunk: $0) }
        try masker.finish().append(to: &output, chunk: UnsafeRawBufferPointer(start: nil, count: 0))
        return masker.blocked == nil ? String(decoding: output, as: UTF8.self) : nil
    }

    /// Whether a value holds no byte that ends a line or that a parser may refuse (RFC 9110 §5.5).
    static func isFieldValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
