// The target of a request as the server will take it: path segments without tricks, and the query's fields.

/// A request target, read in the most lenient way that servers do.
///
/// Source: RFC 3986 §5.2.4 (dot segments), §6.2.2 (normalisation); RFC 9112 §3.2 (forms of the target).
struct HTTPTarget {
    /// In lower case, without port and user; nil if the target does not say.
    var host: String?
    var port: Int?
    var segments: [String]
    /// The path with `%2F` as part of a segment, where there is one: some services write ids so.
    var segmentsWithSlashes: [String]?
    var query: [FormField] = []
    /// Bytes of the target that are its path.
    var pathRange: Range<Int>

    /// - Parameter text: origin form, or a URL; the scheme may be missing, as curl and httpie permit.
    init(_ text: String) {
        let bytes = Array(text.utf8)
        var pathStart = 0
        if bytes.first != 0x2F, bytes.first != 0x3F {
            var authorityStart = 0
            if let colon = bytes.firstIndex(of: 0x3A), colon + 2 < bytes.count, bytes[colon + 1] == 0x2F, bytes[colon + 2] == 0x2F { authorityStart = colon + 3 }
            let end = bytes[authorityStart...].firstIndex { $0 == 0x2F || $0 == 0x3F || $0 == 0x23 || $0 == 0x5C } ?? bytes.count
            var authority = bytes[authorityStart..<end]
            if let at = authority.lastIndex(of: 0x40) { authority = authority[(at + 1)...] }
            if authority.first != 0x5B, let colon = authority.lastIndex(of: 0x3A) {
                port = Int(String(decoding: authority[(colon + 1)...], as: UTF8.self))
                authority = authority[..<colon]
            }
            // httpie takes :9200 for a port of this machine.
            let name = String(decoding: authority, as: UTF8.self).lowercased()
            host = name.isEmpty ? "localhost" : name.hasSuffix(".") ? String(name.dropLast()) : name
            pathStart = end
        }
        let fragment = bytes[pathStart...].firstIndex(of: 0x23) ?? bytes.count
        let question = bytes[pathStart..<fragment].firstIndex(of: 0x3F) ?? fragment
        pathRange = pathStart..<question
        let path = Array(bytes[pathStart..<question])
        segments = Self.segments(Self.decoded(path).split(whereSeparator: { $0 == 0x2F || $0 == 0x5C }))
        let raw = path.split(whereSeparator: { $0 == 0x2F || $0 == 0x5C }).map { Self.decoded(Array($0))[...] }
        if raw.contains(where: { $0.contains(0x2F) }) { segmentsWithSlashes = Self.segments(raw) }
        if question < fragment { FormField.forEach(in: bytes[(question + 1)..<fragment]) { query.append($0) } }
    }

    /// Without what servers pass over: empty parts, dots, parameters behind a semicolon.
    private static func segments(_ parts: [ArraySlice<UInt8>]) -> [String] {
        var segments: [String] = []
        for part in parts {
            let segment = part.prefix { $0 != 0x3B && $0 != 0 }
            if segment.isEmpty || segment.elementsEqual([0x2E]) { continue }
            if segment.elementsEqual([0x2E, 0x2E]) {
                if !segments.isEmpty { segments.removeLast() }
                continue
            }
            segments.append(String(decoding: segment, as: UTF8.self))
        }
        return segments
    }

    /// Decoded twice where it was encoded twice.
    private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        var decoded = bytes
        for _ in 0..<2 where decoded.contains(0x25) { decoded = percentDecoded(decoded, plusIsSpace: false) }
        return decoded
    }

    static func percentDecoded(_ bytes: [UInt8], plusIsSpace: Bool) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var i = 0
        while i < bytes.count {
            if bytes[i] == 0x25, i + 2 < bytes.count, let high = digit(bytes[i + 1]), let low = digit(bytes[i + 2]) {
                decoded.append(high << 4 | low)
                i += 3
            } else {
                decoded.append(plusIsSpace && bytes[i] == 0x2B ? 0x20 : bytes[i])
                i += 1
            }
        }
        return decoded
    }
}
