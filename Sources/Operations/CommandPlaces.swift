// Names under which commands stand: members of JSON, fields of forms, parameters of queries, arguments of tools.

/// A name, and what a value of this name is read as.
public struct CommandPlace: Hashable, Sendable {
    public enum Language: String, Hashable, Sendable, CaseIterable {
        case shell, powershell, code, sql
        /// A statement, a GraphQL document, or a command of a store.
        case query
        case mongo, redis
        /// A list of words behind the program that stands beside it, or with the program as the first.
        case arguments
        /// A URL, with `method` and `body` beside it.
        case request
    }

    /// As ``CommandPlaces/normalized(_:)`` writes it.
    public var name: String
    public var language: Language
    /// Whether what stands there is always a command. Otherwise prose may stand there too: SQL counts only where the text begins as a statement, and what is known only when it runs does not.
    public var isCertain: Bool

    public init(_ name: String, _ language: Language, isCertain: Bool = true) {
        self.name = CommandPlaces.normalized(name)
        self.language = language
        self.isCertain = isCertain
    }
}

/// All places, by their names.
public struct CommandPlaces: Sendable {
    public let all: [CommandPlace]
    private let byName: [String: CommandPlace]

    /// - Parameter places: of one name the first counts.
    public init(_ places: [CommandPlace] = []) {
        all = places
        byName = Dictionary(places.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The place of a name, in any case, whatever `-` and `_` it is written with; nil if no command stands under it.
    public func place(named name: some StringProtocol) -> CommandPlace? { byName[Self.normalized(name)] }

    /// In lower case, without `-` and `_`.
    static func normalized(_ name: some StringProtocol) -> String {
        String(decoding: name.utf8.lazy.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
