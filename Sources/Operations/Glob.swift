// Globs of paths and names, as the catalogue writes targets.

/// `*` stands for anything but `/`, `**` for anything, `?` for one byte but `/`; all else for itself, and `\*` for a star. `folder/**` also stands for the folder.
public struct Glob: Hashable, Sendable {
    public let text: String
    /// With an escaped star as 1, a byte that no name has.
    private let bytes: [UInt8]
    /// Without wildcards: compared as a whole.
    private let plain: String?
    /// The byte that a match begins with, or 0 if that is open.
    fileprivate let first: UInt8
    /// What stands before a final `/**`.
    private let folder: [UInt8]

    public init(_ text: String) {
        self.text = text
        bytes = Array(text.replacing("\\*", with: "\u{1}").utf8)
        first = bytes.first.map { $0 < 2 || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") ? 0 : $0 } ?? 0
        plain = bytes.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") } ? nil : text.replacing("\\*", with: "*")
        folder = text.hasSuffix("/**") && text.utf8.count > 3 ? Array(bytes.dropLast(3)) : []
    }

    /// - Complexity: O(length of the glob × length of the text), in constant space.
    public func matches(_ text: String) -> Bool {
        if first != 0, text.utf8.first != first { return false }
        if let plain { return text == plain }
        var text = text
        return text.withUTF8 { Self.matches(bytes, $0) || !folder.isEmpty && Self.matches(folder, $0) }
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

/// Globs of which one must match, sorted so that few are tried.
public struct GlobList: Sendable {
    public let isEmpty: Bool
    /// By the byte that a match begins with; those for which that is open come first.
    private var byFirst: [[Glob]] = Array(repeating: [], count: 256)

    public init(_ globs: [Glob]) {
        isEmpty = globs.isEmpty
        for glob in globs { byFirst[Int(glob.first)].append(glob) }
    }

    public func matches(_ text: String) -> Bool {
        if isEmpty { return false }
        for glob in byFirst[0] where glob.matches(text) { return true }
        guard let first = text.utf8.first, first != 0 else { return false }
        for glob in byFirst[Int(first)] where glob.matches(text) { return true }
        return false
    }
}

/// File names as the shell writes them.
enum Path {
    /// Without `//`, `/./` and, where it is clear what they lead to, `..`.
    static func normalized(_ path: String) -> String {
        guard path.utf8.contains(UInt8(ascii: "/")) else { return path }
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

    static func joined(_ directory: String, _ path: String) -> String {
        if let first = path.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "~") || first == UInt8(ascii: "$") { return path }
        return directory + "/" + path
    }

    static func lastPart(_ path: String) -> Substring {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
    }
}
