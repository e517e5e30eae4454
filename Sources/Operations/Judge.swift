// The judgement of a command: which reader reads it, and what the catalogue makes of what was read.

/// Reads commands and says what is to happen to them.
public struct Judge: Sendable {
    public let catalogue: Catalogue

    public init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// What a command is written in.
    public enum Language: String, Sendable, CaseIterable {
        case shell, powershell, sql, mongo, redis, http, code
    }

    /// Commands longer than this are not read: 1 MiB.
    public static let longest = 1 << 20

    /// What is to happen to `command`.
    ///
    /// - Parameter domain: what the caller says that it is; told from the text if nil or not known.
    public func judge(_ command: String, domain: String? = nil) -> Verdict { catalogue.verdict(on: reading(of: command, domain: domain)) }

    /// What `command` would do.
    ///
    /// - Complexity: O(bytes of the command).
    public func reading(of command: String, domain: String? = nil) -> Reading {
        let bytes = Array(command.utf8)
        guard bytes.count <= Self.longest else {
            var reading = Reading()
            reading.obscurities.append(Obscurity(.tooLong, range: 0..<bytes.count))
            return reading
        }
        let language = Self.language(of: bytes, domain: domain)
        var reading = read(bytes, as: language)
        // As it stands, and as a person would take it.
        if let (resolved, offsets) = ApparentText.resolved(bytes) {
            let other = read(resolved, as: language)
            for operation in other.operations {
                var moved = operation
                moved.range = offsets[min(operation.range.lowerBound, resolved.count)]..<offsets[min(operation.range.upperBound, resolved.count)]
                if !reading.operations.contains(where: { $0.name == moved.name && $0.object == moved.object }) { reading.operations.append(moved) }
            }
        }
        return reading
    }

    /// What `command` would do, and its commands as the shell's reader took them.
    public func explain(_ command: String, domain: String? = nil) -> (reading: Reading, commands: [ShellTrace]) {
        let bytes = Array(command.utf8)
        guard bytes.count <= Self.longest, Self.language(of: bytes, domain: domain) == .shell else { return (reading(of: command, domain: domain), []) }
        return (reading(of: command, domain: domain), ShellReader.explain(bytes, table: catalogue.commands).commands)
    }

    private func read(_ bytes: [UInt8], as language: Language) -> Reading {
        switch language {
        case .shell: Self.isCall(bytes) ? ShellReader.readCode(bytes, table: catalogue.commands) : ShellReader.read(bytes, table: catalogue.commands)
        case .powershell: ShellReader.readPowerShell(bytes, table: catalogue.commands)
        case .code: ShellReader.readCode(bytes, table: catalogue.commands)
        case .sql: SQLReader.read(bytes)
        case .mongo, .redis, .http: Reading()
        }
    }

    /// Whether a text is a call with a dotted name, `gateway.customer.delete('x')`, which no shell has.
    private static func isCall(_ bytes: [UInt8]) -> Bool {
        guard let open = bytes.prefix(80).firstIndex(of: UInt8(ascii: "(")), open > 2, let first = bytes.first, ShellParser.isName(first) else { return false }
        return bytes[..<open].contains(UInt8(ascii: ".")) && bytes[..<open].allSatisfy { ShellParser.isName($0) || $0 == UInt8(ascii: ".") } && ShellParser.isName(bytes[open - 1])
    }

    /// Which language a text is in, by what the caller says or else by how it begins.
    public static func language(of bytes: [UInt8], domain: String?) -> Language {
        switch domain {
        case "powershell": return .powershell
        case "mongo", "nosql-mongo": return .mongo
        case "redis": return .redis
        case "code": return .code
        case "sql": return .sql
        default: return .shell
        }
    }
}
