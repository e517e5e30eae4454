// Globs of paths and names, as the catalogue writes targets.

/// `*` stands for anything but `/`, `**` for anything, `?` for one byte but `/`; all else for itself, and `\*` for a star. `folder/**` also stands for the folder.
public struct Glob: Hashable, Sendable {
    public let text: String
    /// With an escaped star as 1, a byte that no name has.
    private let bytes: [UInt8]
    /// It has no wildcards.
    let isPlain: Bool
    /// What stands before a final `/**`.
    private let folder: [UInt8]
    /// The byte that a match begins with, or 0 if that is open.
    fileprivate let first: UInt8
    /// Bytes that every match holds.
    fileprivate let needed: ByteKinds

    public init(_ text: String) {
        self.text = text
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "*"), bytes.last == UInt8(ascii: "\\") { bytes[bytes.count - 1] = 1 } else { bytes.append(byte) }
        }
        self.bytes = bytes
        first = bytes.first.map { $0 < 2 || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") ? 0 : $0 } ?? 0
        isPlain = !bytes.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
        folder = text.hasSuffix("/**") && text.utf8.count > 3 ? Array(bytes.dropLast(3)) : []
        needed = ByteKinds((folder.isEmpty ? bytes : folder).filter { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") }.map { $0 == 1 ? UInt8(ascii: "*") : $0 })
    }

    /// - Complexity: O(length of the glob × length of the text), in constant space.
    public func matches(_ text: String) -> Bool {
        if first != 0, text.utf8.first != first { return false }
        var text = text
        return text.withUTF8 { matches($0) }
    }

    fileprivate func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if isPlain, text.count != bytes.count { return false }
        return Self.matches(bytes, text) || !folder.isEmpty && Self.matches(folder, text)
    }

    private static func matches(_ bytes: [UInt8], _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var pattern = 0
        var at = 0
        // Where to go on when what follows the last star does not fit: one byte more for the star. A `**` is never taken back for a later `*`.
        var star: (pattern: Int, at: Int)?
        var wide: (pattern: Int, at: Int)?
        while at < text.count || pattern < bytes.count {
            if pattern < bytes.count, bytes[pattern] == UInt8(ascii: "*") {
                if pattern + 1 < bytes.count, bytes[pattern + 1] == UInt8(ascii: "*") {
                    pattern += 2
                    wide = (pattern, at)
                    star = nil
                } else {
                    pattern += 1
                    star = (pattern, at)
                }
                continue
            }
            if pattern < bytes.count, at < text.count, bytes[pattern] == text[at] || bytes[pattern] == 1 && text[at] == UInt8(ascii: "*") || bytes[pattern] == UInt8(ascii: "?") && text[at] != UInt8(ascii: "/") {
                pattern += 1
                at += 1
                continue
            }
            if let last = star, last.at < text.count, text[last.at] != UInt8(ascii: "/") {
                star = (last.pattern, last.at + 1)
                (pattern, at) = (last.pattern, last.at + 1)
            } else if let last = wide, last.at < text.count {
                star = nil
                wide = (last.pattern, last.at + 1)
                (pattern, at) = (last.pattern, last.at + 1)
            } else {
                return false
            }
        }
        return true
    }
}

/// Which bytes a text holds, of 64 kinds: enough to tell at once that most globs do not match.
private struct ByteKinds: Hashable, Sendable {
    private var bits: UInt64 = 0

    init(_ bytes: some Sequence<UInt8>) { for byte in bytes { bits |= 1 << UInt64(byte & 63) } }

    @inline(__always) func isSubset(of other: ByteKinds) -> Bool { bits & ~other.bits == 0 }
}

/// Globs of which one must match, sorted so that few are tried.
public struct GlobList: Sendable {
    /// By the byte that a match begins with; those for which that is open come first.
    private let globs: [Glob]
    /// What each of them needs, side by side.
    private let needed: [ByteKinds]
    /// Where those of a first byte begin, and the end.
    private let starts: [Int]

    public var isEmpty: Bool { globs.isEmpty }

    public init(_ globs: [Glob]) {
        self.globs = globs.sorted { $0.first < $1.first }
        needed = self.globs.map(\.needed)
        var starts = Array(repeating: 0, count: 257)
        for glob in globs { starts[Int(glob.first) + 1] += 1 }
        for byte in 1...256 { starts[byte] += starts[byte - 1] }
        self.starts = starts
    }

    public func matches(_ text: String) -> Bool {
        if globs.isEmpty { return false }
        var text = text
        return text.withUTF8 { bytes in
            let first = Int(bytes.first ?? 0)
            if starts[1] == 0, starts[first] == starts[first + 1] { return false }
            let kinds = ByteKinds(bytes)
            return matches(bytes, kinds, 0) || first != 0 && matches(bytes, kinds, first)
        }
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, _ kinds: ByteKinds, _ first: Int) -> Bool {
        for index in starts[first]..<starts[first + 1] where needed[index].isSubset(of: kinds) && globs[index].matches(text) { return true }
        return false
    }
}

/// File names as the shell writes them.
enum Path {
    /// Without `//`, `/./` and, where it is clear what they lead to, `..`.
    static func normalized(_ path: String) -> String {
        guard hasDetours(path) else { return path }
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == "." { continue }
            if part == "..", let last = parts.last, last != "..", !last.contains("$"), !last.hasPrefix("~"), !last.contains("*") {
                parts.removeLast()
            } else if part == "..", parts.isEmpty, isAbsolute {
                continue
            } else {
                parts.append(part)
            }
        }
        if parts.isEmpty { return isAbsolute ? "/" : "." }
        return (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    }

    /// Whether it may hold `//` or `/.`, or ends in a slash.
    private static func hasDetours(_ path: String) -> Bool {
        var last: UInt8 = 0
        for byte in path.utf8 {
            if last == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return true }
            last = byte
        }
        return last == UInt8(ascii: "/") || path.utf8.first == UInt8(ascii: ".")
    }

    static func joined(_ directory: String, _ path: String) -> String {
        if let first = path.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "~") || first == UInt8(ascii: "$") { return path }
        return directory + "/" + path
    }

    static func lastPart(_ path: String) -> Substring {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
    }
}
