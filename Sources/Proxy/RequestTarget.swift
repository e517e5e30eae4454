// The request target: the one reading of a path that policy, vendor and record share.

/// A request target in origin form (RFC 9112 §3.2.1) whose path nobody can read in two ways.
///
/// Unreserved characters that came percent-encoded are decoded and the remaining escapes are upper case (RFC 3986 §6.2.2), so a
/// policy that names `/v1/admin` also sees `/v1/%61dmin`. What a server behind us might resolve further is refused rather
/// than resolved: dot segments, empty segments, encoded slashes, backslashes, control bytes, and escapes of escapes.
struct RequestTarget: Sendable, Equatable {
    /// Begins with `/`.
    let path: String
    /// Without the `?`; nil where the target has none.
    let query: String?

    /// Why a target is not accepted. The text holds nothing of the target.
    struct Refusal: Error, Equatable {
        let detail: String
    }

    /// Reads the target of a request line.
    ///
    /// - Complexity: O(`raw.utf8.count`).
    init(_ raw: String) throws(Refusal) {
        guard raw.utf8.first == UInt8(ascii: "/") else {
            throw Refusal(detail: "the request target must be a path that begins with \"/\" (origin form)")
        }
        for byte in raw.utf8 where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\\") {
            throw Refusal(detail: "the request target holds a byte that must be percent-encoded")
        }
        let parts = raw.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        path = try Self.normalise(parts[0])
        query = parts.count == 2 ? String(parts[1]) : nil
    }

    /// The name of the connection (the first segment), and the path below it as the vendor is to see it.
    var connection: (name: Substring, path: String) {
        let rest = path.dropFirst()
        guard let slash = rest.firstIndex(of: "/") else { return (rest, "/") }
        return (rest[..<slash], String(rest[slash...]))
    }

    private static func normalise(_ raw: Substring.UTF8View.SubSequence) throws(Refusal) -> String {
        var path: [UInt8] = []
        path.reserveCapacity(raw.count)
        var index = raw.startIndex
        while index < raw.endIndex {
            let byte = raw[index]
            raw.formIndex(after: &index)
            guard byte == UInt8(ascii: "%") else {
                path.append(byte)
                continue
            }
            guard index < raw.endIndex, let high = PercentCoding.hexValue(raw[index]) else {
                throw Refusal(detail: "the path holds a percent sign that begins no escape")
            }
            raw.formIndex(after: &index)
            guard index < raw.endIndex, let low = PercentCoding.hexValue(raw[index]) else {
                throw Refusal(detail: "the path holds a percent sign that begins no escape")
            }
            raw.formIndex(after: &index)
            let value = high << 4 | low
            switch value {
            case 0..<0x20, 0x7F, UInt8(ascii: "/"), UInt8(ascii: "\\"):
                throw Refusal(detail: "the path holds an encoded slash, backslash or control byte")
            case UInt8(ascii: "%"):
                if raw[index...].count >= 2, raw[index...].prefix(2).allSatisfy({ PercentCoding.hexValue($0) != nil }) {
                    throw Refusal(detail: "the path is percent-encoded twice")
                }
                path.append(contentsOf: "%25".utf8)
            case _ where isUnreserved(value):
                path.append(value)
            default:
                path.append(UInt8(ascii: "%"))
                path.append(PercentCoding.upperHexDigits[Int(high)])
                path.append(PercentCoding.upperHexDigits[Int(low)])
            }
        }
        let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if segments.dropLast().contains(where: \.isEmpty) {
            throw Refusal(detail: "the path holds an empty segment (\"//\")")
        }
        for segment in segments {
            // Some servers take path parameters off before they resolve dots: "..;x" is ".." to them.
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                throw Refusal(detail: "the path holds a \".\" or \"..\" segment")
            }
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
