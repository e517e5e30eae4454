// Path patterns of policies: `*` for one segment, `**` for any number of them.

import Foundation

/// A pattern for a normalised path, such as `/v1/customers/*/orders/**`.
///
/// `*` stands for any characters within one segment (at least one where it is the whole segment), `**` as a whole segment for any number of segments, none
/// included. Everything else stands for itself, with regard to case. A `/` at the end counts: `/a` and `/a/` are different paths.
public struct PathPattern: Sendable, Equatable, CustomStringConvertible {
    public let description: String
    let segments: [Segment]

    enum Segment: Sendable, Equatable {
        /// `**`
        case any
        /// Literal parts around each `*`; one part is a literal segment.
        case parts([[UInt8]])
    }

    /// - Parameter text: begins with `/`; `**` only as a whole segment. Nil otherwise.
    public init?(_ text: String) {
        guard text.hasPrefix("/"), !text.contains("?"), !text.contains("#") else { return nil }
        description = text
        var segments: [Segment] = []
        for segment in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.elementsEqual("**".utf8) {
                segments.append(.any)
            } else {
                let parts = segment.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
                // Two stars in a row would read like `**`, which means something else.
                if parts.count > 2, parts.dropFirst().dropLast().contains(where: \.isEmpty) { return nil }
                segments.append(.parts(parts))
            }
        }
        self.segments = segments
    }

    /// Bytes that stand for themselves somewhere in it.
    var literals: Set<UInt8> {
        Set(segments.flatMap { segment -> [UInt8] in if case .parts(let parts) = segment { parts.flatMap(\.self) } else { [] } })
    }

    /// Why no request can have a path that matches: it is written otherwise than paths are compared. Nil if one can.
    var contradiction: (message: String, hint: String)? {
        // A star that stands for a part of an escape: which one is open.
        for case .parts(let parts) in segments where parts.dropLast().contains(where: { $0.suffix(2).contains(UInt8(ascii: "%")) }) { return nil }
        let sample = segments.map { segment -> String in
            if case .parts(let parts) = segment { parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "x") } else { "x" }
        }
        let text = "/" + sample.joined(separator: "/")
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return ("it has characters that are percent-encoded in every path", "write \(description.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "them percent-encoded")")
        }
        do throws(RequestTarget.Refusal) {
            let normal = try RequestTarget(text).path
            return normal == text ? nil : ("paths are compared with unreserved characters decoded and escapes in upper case", "decode what need not be encoded, and write escapes like %2C")
        } catch {
            return (error.detail, "requests with such a path are refused in any case: leave the pattern out")
        }
    }

    /// Whether `path` matches.
    ///
    /// - Complexity: O(path length × pattern length), without backtracking over `**`.
    public func matches(_ path: some StringProtocol) -> Bool {
        guard path.utf8.first == UInt8(ascii: "/") else { return false }
        let names = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        // reached[i]: the first i segments of the pattern match the names so far.
        var reached = [Bool](repeating: false, count: segments.count + 1)
        reached[0] = true
        closeOverAny(&reached)
        for name in names {
            var next = [Bool](repeating: false, count: segments.count + 1)
            for (index, segment) in segments.enumerated() {
                switch segment {
                case .any: if reached[index] || reached[index + 1] { next[index + 1] = true }
                case .parts(let parts): if reached[index], Self.matches(parts, Array(name)) { next[index + 1] = true }
                }
            }
            closeOverAny(&next)
            reached = next
        }
        return reached[segments.count]
    }

    /// `**` matches no segment at all.
    private func closeOverAny(_ reached: inout [Bool]) {
        for (index, segment) in segments.enumerated() where segment == .any && reached[index] { reached[index + 1] = true }
    }

    /// Whether `name` is the first part, anything, the next part, …, the last part.
    private static func matches(_ parts: [[UInt8]], _ name: [UInt8]) -> Bool {
        guard parts.count > 1 else { return parts[0] == name }
        if parts.allSatisfy(\.isEmpty) { return !name.isEmpty }
        guard name.starts(with: parts[0]) else { return false }
        var position = parts[0].count
        for part in parts.dropFirst().dropLast() {
            // The leftmost place leaves the most room for what follows.
            guard let found = (position..<max(position, name.count - part.count + 1)).first(where: { name[$0...].starts(with: part) })
            else { return false }
            position = found + part.count
        }
        let last = parts[parts.count - 1]
        return name.count - position >= last.count && name.suffix(last.count).elementsEqual(last)
    }
}
