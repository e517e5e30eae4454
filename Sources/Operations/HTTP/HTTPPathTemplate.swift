// Paths with places for names, as vendors' documentation writes them: /repos/{owner}/{repo}.

/// A path template. A segment is fixed, `{name}`, `{name}` with fixed text around it (`{id}.json`, `{name}:stop`), or, as the last one, `{name*}` for all that follows.
public struct HTTPPathTemplate: Hashable, Sendable {
    enum Segment: Hashable, Sendable {
        /// In lower case.
        case fixed(String)
        case name(String, prefix: String, suffix: String)
        case rest(String)
    }

    let segments: [Segment]
    /// How many segments are fixed: of two templates that match, the one with more says more.
    let fixedCount: Int
    /// Its last segment stands for all that follow.
    private let isOpen: Bool

    /// What is wrong with a template.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }

    public init(_ text: String) throws(Malformed) {
        guard text.hasPrefix("/") else { throw Malformed(description: "a path begins with /") }
        var segments: [Segment] = []
        var names: Set<String> = []
        let parts = text.split(separator: "/", omittingEmptySubsequences: true)
        for (index, part) in parts.enumerated() {
            guard let open = part.firstIndex(of: "{") else {
                guard !part.contains("}") else { throw Malformed(description: "\"\(part)\" has } without {") }
                segments.append(.fixed(part.lowercased()))
                continue
            }
            guard let close = part.firstIndex(of: "}"), open < close else { throw Malformed(description: "\"\(part)\" has { without }") }
            var name = String(part[part.index(after: open)..<close])
            let isRest = name.hasSuffix("*")
            if isRest { name.removeLast() }
            guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else { throw Malformed(description: "\"\(part)\" needs a name of letters, digits and _ in { }") }
            guard names.insert(name).inserted else { throw Malformed(description: "\"\(name)\" stands twice") }
            let prefix = String(part[..<open]).lowercased()
            let suffix = String(part[part.index(after: close)...]).lowercased()
            guard !suffix.contains("{"), !suffix.contains("}") else { throw Malformed(description: "\"\(part)\" has more than one name") }
            if isRest {
                guard index == parts.count - 1, prefix.isEmpty, suffix.isEmpty else { throw Malformed(description: "\"{\(name)*}\" must be the whole last segment") }
                segments.append(.rest(name))
            } else {
                segments.append(.name(name, prefix: prefix, suffix: suffix))
            }
        }
        self.segments = segments
        if case .rest? = segments.last { isOpen = true } else { isOpen = false }
        fixedCount = segments.reduce(0) { count, segment in
            switch segment {
            case .fixed: count + 2
            case .name(_, let prefix, let suffix): count + (prefix.isEmpty && suffix.isEmpty ? 0 : 1)
            case .rest: count - 1
            }
        }
    }

    /// The names' values, if the segments are those of the template. Fixed text matches in any case.
    ///
    /// - Parameter lowered: the whole path in lower case; `path` is the end of it.
    func match(_ path: ArraySlice<String>, lowered: [String]) -> [(name: String, value: String)]? {
        guard path.count == segments.count || path.count > segments.count && isOpen else { return nil }
        // The first segment tells most endpoints apart.
        if case .fixed(let text)? = segments.first, lowered[path.startIndex] != text { return nil }
        var values: [(String, String)] = []
        var i = path.startIndex
        for segment in segments {
            if case .rest(let name) = segment {
                guard i < path.endIndex else { return nil }
                values.append((name, path[i...].joined(separator: "/")))
                return values
            }
            guard i < path.endIndex else { return nil }
            switch segment {
            case .fixed(let text):
                guard lowered[i] == text else { return nil }
            case .name(let name, let prefix, let suffix):
                let value = path[i]
                if prefix.isEmpty && suffix.isEmpty {
                    values.append((name, value))
                } else {
                    guard lowered[i].hasPrefix(prefix), lowered[i].hasSuffix(suffix), lowered[i].utf8.count > prefix.utf8.count + suffix.utf8.count else { return nil }
                    values.append((name, String(value.dropFirst(prefix.count).dropLast(suffix.count))))
                }
            case .rest: break
            }
            i += 1
        }
        return i == path.endIndex ? values : nil
    }

    /// The names that stand in it.
    public var names: Set<String> {
        Set(
            segments.compactMap {
                switch $0 {
                case .fixed: nil
                case .name(let name, _, _), .rest(let name): name
                }
            })
    }

    /// A path that it matches, with x for every name.
    public var example: String {
        "/"
            + segments.map {
                switch $0 {
                case .fixed(let text): text
                case .name(_, let prefix, let suffix): prefix + "x" + suffix
                case .rest: "x"
                }
            }.joined(separator: "/")
    }
}
