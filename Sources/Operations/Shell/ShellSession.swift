// What is known while a shell text is read: variables, the folder, what flows through pipes; and what has been found.

/// The state of one reading, shared by the parsers of the text and of all texts in it.
final class ShellSession {
    let root: [UInt8]
    let table: CommandTable
    var reading = Reading()
    /// Resolved bytes of the fields of the commands around this place, the innermost last.
    var arena: [UInt8] = []
    var fields: [ShellField] = []
    var flows: [Flow] = []
    /// Where commands run, so far as `cd` says; nil where the text begins.
    var directory: String?
    var functions: Set<String> = []
    /// Their bodies, with which they are read once more for each call.
    var functionBodies: [String: [UInt8]] = [:]
    /// Bytes of bodies that may still be read for calls.
    private var leftForCalls: Int
    var functionDepth = 0
    var aliases: [String: String] = [:]
    /// Files that commands of this text have fetched.
    var downloadedFiles: Set<String> = []
    /// What commands of this text have written into files, where that is known.
    private var writtenFiles: [String: [UInt8]] = [:]
    /// The member of the pipeline in front of this one.
    var previousName = ""
    /// Some names in it are those of PowerShell or cmd.
    var mayBePowerShell = false
    /// Variables that `read` fills, with what from.
    var loopInput: [String: Flow] = [:]
    /// The name of the command last looked at.
    var lastName = ""
    /// A loop is read once more for a line of its input; those in it are not.
    var isRepeating = false
    /// Nothing more is read: the text is too long once expanded, or too deep.
    var isStopped = false
    /// Commands in their order, if somebody wants to see them.
    var trace: [ShellTrace]?
    /// Bytes and tokens looked at so far, each time one is.
    var steps = 0
    private var variables: [String: Variable] = [:]
    /// `0`, `1`, …, `@` and `*`: what the text or function under way is called with.
    private var parameters: [String: Variable] = [:]
    private var left: Int
    /// The latest names that were looked up: a text repeats its programs.
    private var recent: [(name: String, named: Named)?] = Array(repeating: nil, count: 16)

    /// Substitutions, groups and texts within each other.
    static let deepest = 48

    init(_ root: [UInt8], table: CommandTable, isTraced: Bool = false) {
        self.root = root
        self.table = table
        left = 65536 + 16 * root.count
        leftForCalls = 4096 + 2 * root.count
        if isTraced { trace = [] }
        arena.reserveCapacity(root.count + 64)
        fields.reserveCapacity(32)
    }

    // MARK: Findings

    func note(_ name: String, _ object: String, _ place: Range<Int>) {
        reading.operations.append(Operation(name, object: object, range: place))
    }

    func note(_ reason: Obscurity.Reason, _ place: Range<Int>) {
        // One of each kind says enough.
        if !reading.obscurities.contains(where: { $0.reason == reason }) { reading.obscurities.append(Obscurity(reason, range: place)) }
    }

    func record(_ writes: [(name: String, object: String, place: Range<Int>)]) {
        for write in writes where !Self.sinks.contains(write.object) { note(write.name, write.object, write.place) }
    }

    private static let sinks: Set<String> = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/1", "/dev/fd/2"]

    /// Takes from what may be read in all, which bounds the work that expansions can make.
    func spend(_ bytes: Int, _ place: Range<Int>) -> Bool {
        left -= bytes + 1
        steps += bytes + 1
        if left > 0 { return true }
        if !isStopped { note(.tooLong, place) }
        isStopped = true
        return false
    }

    // MARK: Fields

    struct Mark {
        var arena: Int
        var fields: Int
    }

    var mark: Mark { Mark(arena: arena.count, fields: fields.count) }

    func release(_ mark: Mark) {
        arena.removeSubrange(mark.arena...)
        fields.removeSubrange(mark.fields...)
    }

    func string(_ field: ShellField) -> String { String(decoding: arena[field.bytes], as: UTF8.self) }

    func keep(_ flow: Flow) -> Int {
        flows.append(flow)
        return flows.count - 1
    }

    /// What a subshell cannot change for those around it.
    struct Outer {
        var directory: String?
        var lastName: String
    }

    func nest() -> Outer { Outer(directory: directory, lastName: lastName) }

    func unnest(_ outer: Outer) {
        directory = outer.directory
        lastName = outer.lastName
    }

    // MARK: Variables

    struct Variable {
        var value: [UInt8]
        /// Cut at blanks even between quotes: the values that a loop or an array gives.
        var isList: Bool
        /// Parts of the value are unknown, and stand in it as in a field.
        var isUnknown: Bool
        /// What a substitution in it gave.
        var flow = Flow.nothing
    }

    /// Variables that every shell has; `${HOME:-x}` is never x.
    static let alwaysSet: Set<String> = ["HOME", "PWD", "OLDPWD", "PATH", "USER", "SHELL", "LOGNAME"]
    /// Of these the first byte is a slash.
    static let paths: Set<String> = ["HOME", "PWD", "OLDPWD", "PATH", "SHELL"]

    func variable(_ name: String) -> Variable? {
        if let variable = Self.isParameter(name) ? parameters[name] : variables[name] { return variable }
        return name == "IFS" ? Variable(value: Array(" \t\n".utf8), isList: false, isUnknown: false) : nil
    }

    func value(of name: String) -> [UInt8]? { (Self.isParameter(name) ? parameters[name] : variables[name])?.value }

    private static func isParameter(_ name: String) -> Bool {
        guard name.utf8.count == 1, let byte = name.utf8.first else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "*")
    }

    func assign(_ name: String, _ value: [UInt8], isList: Bool = false) {
        guard spend(value.count, 0..<0) else { return }
        set(name, Variable(value: value, isList: isList, isUnknown: false))
    }

    func assignUnknown(_ name: String, _ value: [UInt8], _ flow: Flow = .unknown) {
        set(name, Variable(value: value, isList: false, isUnknown: true, flow: flow))
    }

    private func set(_ name: String, _ variable: Variable) {
        if Self.isParameter(name) { parameters[name] = variable } else { variables[name] = variable }
    }

    /// Reads with these as `$1`, …, `$@` and `$*`, and `$0` if it is given.
    func withParameters(_ arguments: ArraySlice<Argument>, name: Argument? = nil, _ read: () -> Flow) -> Flow {
        let before = parameters
        defer { parameters = before }
        if let name { assign("0", Array(name.text.utf8)) }
        assignParameters(arguments)
        return read()
    }

    // MARK: Paths

    /// A path from where the text begins, without detours.
    func resolved(_ path: String) -> String {
        guard let directory else { return Path.normalized(path) }
        return Path.normalized(Path.joined(directory, path))
    }

    /// A file gets a content that is known.
    func write(_ bytes: [UInt8], to path: String, appending: Bool) {
        guard spend(bytes.count, 0..<0) else { return }
        if appending { writtenFiles[path, default: []] += bytes } else { writtenFiles[path] = bytes }
    }

    /// What a file holds that this text has written.
    func content(of path: String) -> [UInt8]? {
        if writtenFiles.isEmpty { return nil }
        let path = resolved(path)
        return writtenFiles[path] ?? writtenFiles[String(path.trimmingPrefix("./"))]
    }

    func isSecret(_ path: String) -> Bool {
        guard path.utf8.count > 3 else { return false }
        let path = resolved(path)
        return table.secrets.matches(path)
    }

    /// A file is read.
    func readFile(_ path: String, _ place: Range<Int>) {
        if isSecret(path) { note("secrets.read", resolved(path), place) }
    }

    // MARK: Commands

    /// Looks at a command whose fields are complete.
    ///
    /// - Parameter networked: whether its input or output is a connection.
    /// - Returns: what it writes.
    func simpleCommand(fields range: Range<Int>, input: Flow, networked: Bool, place: Range<Int>, places: PlaceMap, depth: Int) -> Flow {
        let first = fields[range.lowerBound]
        var name = string(first)
        if trace != nil {
            trace?.append(ShellTrace(depth: depth, words: fields[range].map(string), range: place))
        }
        if !first.marks.isEmpty || first.flow >= 0 {
            if first.marks.contains(.unknown) {
                name = Argument(text: name, place: place, marks: first.marks).known
                if name.isEmpty || name.utf8.allSatisfy({ $0 == UInt8(ascii: "/") }) {
                    runComputed(string(first), first.flow >= 0 ? flows[first.flow] : .unknown, place)
                    return .unknown
                }
            } else if first.marks.contains(.pattern), name != "[", let known = Self.programName(matching: name) {
                name = known
            }
        }
        if !downloadedFiles.isEmpty, name.utf8.contains(UInt8(ascii: "/")), downloadedFiles.contains(resolved(name)) || downloadedFiles.contains(String(resolved(name).trimmingPrefix("./"))) { note("code.run-downloaded", name, place) }
        if name.utf8.contains(UInt8(ascii: "/")), let script = content(of: name) { _ = read(script, place: place, input: .nothing, depth: depth + 1) }
        name = Self.programName(name)
        lastName = name
        if networked, Self.isShell(name) || Interpreters.languages[name] != nil { note("code.reverse-shell", name, place) }
        let named = named(name)
        let known = named.known
        // Of the names that both have, only cmd's own means Windows.
        if !mayBePowerShell, known == nil || name == "cmd", named.isWindows { mayBePowerShell = true }
        if range.count > 1, let body = functionBodies[name] {
            let output = call(name, body, fields[range].dropFirst(), places, place, depth)
            // The definition may not have been reached.
            if known == nil, !named.isTabled { return output }
        }
        guard known != nil || named.isTabled || !aliases.isEmpty && aliases[name] != nil || Self.makesFileSystems(name) || mentionsRemoval(fields[range]) && !functions.contains(name)
        else { return .unknown }
        var arguments: [Argument] = []
        arguments.reserveCapacity(range.count - 1)
        for field in fields[range].dropFirst() {
            arguments.append(Argument(text: string(field), place: places.place(field.source), marks: field.marks, flow: field.flow >= 0 ? flows[field.flow] : .nothing))
        }
        if let alias = aliases[name] {
            aliases[name] = nil
            defer { aliases[name] = alias }
            let quoted = arguments.map { "'" + $0.text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" }
            return read(([alias] + quoted).joined(separator: " "), place: place, input: input, depth: depth + 1)
        }
        let output = look(Call(name: name, arguments: arguments[...], input: input, place: place, depth: depth), as: known)
        // A function of the name may have taken the program's place.
        return functions.isEmpty || !functions.contains(name) ? output : .unknown
    }

    /// A function with what it is called with; its body has been looked at before, without that.
    private func call(_ name: String, _ body: [UInt8], _ given: ArraySlice<ShellField>, _ places: PlaceMap, _ place: Range<Int>, _ depth: Int) -> Flow {
        guard functionDepth == 0, body.count <= leftForCalls else { return .unknown }
        leftForCalls -= body.count
        functionBodies[name] = nil
        defer { functionBodies[name] = body }
        let arguments = given.map { Argument(text: string($0), place: places.place($0.source), marks: $0.marks) }
        return withParameters(arguments[...]) { read(body, place: place, input: .nothing, depth: depth + 1) }
    }

    /// Whether a command that no table knows has a word such as `delete` among its first.
    private func mentionsRemoval(_ fields: ArraySlice<ShellField>) -> Bool {
        fields.dropFirst().prefix(8).contains { field in
            guard field.bytes.count >= 4, field.bytes.count <= 9 else { return false }
            switch arena[field.bytes.lowerBound] {
            case UInt8(ascii: "d"), UInt8(ascii: "p"), UInt8(ascii: "w"), UInt8(ascii: "t"), UInt8(ascii: "n"): return Self.removals.contains(string(field))
            default: return false
            }
        }
    }

    private static let removals: Set<String> = ["delete", "destroy", "purge", "wipe", "terminate", "nuke"]

    /// What a program's name says.
    private struct Named {
        var known: Known?
        /// The catalogue has forms for it.
        var isTabled: Bool
        /// It is one of PowerShell or cmd rather than of sh.
        var isWindows: Bool
    }

    private func named(_ name: String) -> Named {
        let place = Int((name.utf8.first ?? 0) &* 5 &+ (name.utf8.last ?? 0) &* 3 &+ UInt8(truncatingIfNeeded: name.utf8.count)) & (recent.count - 1)
        if let known = recent[place], known.name == name { return known.named }
        let named = Named(known: Self.known[name], isTabled: table.programs[name] != nil, isWindows: PowerShellReader.knows(name))
        recent[place] = (name, named)
        return named
    }

    func look(_ call: Call) -> Flow { look(call, as: named(call.name).known) }

    /// Looks at a command by its name.
    private func look(_ call: Call, as known: Known?) -> Flow {
        guard call.depth < Self.deepest else {
            note(.tooDeep, call.place)
            isStopped = true
            return .unknown
        }
        switch known {
        case .program(let look): return look(self)(call)
        case .shell: return shell(call)
        case .wrapper(let wrapper): return look(through: wrapper, call)
        case .language(let language): return interpreter(call, language)
        case nil: if Self.makesFileSystems(call.name) { return makeFileSystem(call) }
        }
        // What no table knows may still say plainly that it deletes.
        if let program = table.programs[call.name] ?? table.programs["*"] {
            if let (name, object) = table.operation(of: program, call.arguments) { note(name, object, call.place) }
        }
        return .unknown
    }

    /// The command that begins with `arguments`, run by another.
    func look(at arguments: ArraySlice<Argument>, input: Flow, place: Range<Int>, depth: Int) -> Flow {
        guard let first = arguments.first else { return .unknown }
        let known = first.known
        if known.isEmpty {
            runComputed(first.text, first.flow, place)
            return .unknown
        }
        return look(Call(name: Self.programName(known), arguments: arguments.dropFirst(), input: input, place: first.place.lowerBound..<max(place.upperBound, first.place.upperBound), depth: depth + 1))
    }

    /// Reads a text that an argument gives as commands.
    func read(_ argument: Argument, input: Flow = .nothing, depth: Int) -> Flow {
        if argument.marks.contains(.unknown) {
            switch argument.flow {
            case .downloaded, .decoded: runComputed(argument.text, argument.flow, argument.place)
            default:
                if argument.known.allSatisfy({ $0 == " " || $0 == ";" }) { runComputed(argument.text, argument.flow, argument.place) }
            }
        }
        return read(argument.text, place: argument.place, input: input, depth: depth)
    }

    /// Reads `text` as commands; `place` is what of the whole text gives it.
    func read(_ text: String, place: Range<Int>, input: Flow, depth: Int) -> Flow {
        read(Array(text.utf8), place: place, input: input, depth: depth)
    }

    func read(_ bytes: [UInt8], place: Range<Int>, input: Flow, depth: Int) -> Flow {
        guard spend(bytes.count, place) else { return .unknown }
        let mark = mark
        let outer = nest()
        defer {
            release(mark)
            unnest(outer)
        }
        var parser = ShellParser(bytes, places: placeMap(of: bytes, in: place), session: self, depth: depth)
        return parser.list(until: .end, input: input)
    }

    /// Exact places, where the text stands in the whole as it is but for the quotes around it.
    private func placeMap(of bytes: [UInt8], in place: Range<Int>) -> PlaceMap {
        for edge in 0...1 where place.count == bytes.count + 2 * edge && place.upperBound <= root.count {
            if root[(place.lowerBound + edge)..<(place.upperBound - edge)].elementsEqual(bytes) { return .shifted(place.lowerBound + edge) }
        }
        return .fixed(place)
    }

    /// Text is run that is not known before.
    func runComputed(_ object: String, _ flow: Flow, _ place: Range<Int>) {
        switch flow {
        case .downloaded: note("code.run-downloaded", object, place)
        case .decoded: note("code.run-decoded", object, place)
        case .file: break
        default:
            note("code.run-computed", object, place)
            note(.computed, place)
        }
    }

    // MARK: Names

    static func isShell(_ name: String) -> Bool { shells.contains(name) }
    static let shells: Set<String> = ["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "csh", "tcsh", "mksh", "rbash", "yash", "pwsh", "powershell", "cmd"]

    /// The name of a program from how it is called: without folder, in small letters, without `.exe`.
    static func programName(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { !($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: ".") }
        if isPlain { return text }
        var name = text
        if let slash = name.utf8.lastIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }) { name = String(name[name.utf8.index(after: slash)...]) }
        if name.utf8.contains(where: { $0 >= 65 && $0 <= 90 }) { name = name.lowercased() }
        if name.hasSuffix(".exe") || name.hasSuffix(".cmd") || name.hasSuffix(".bat") { name.removeLast(4) }
        return name
    }

    static func isLookedAt(_ name: String) -> Bool { known[name] != nil }

    /// mkfs.ext4, newfs_hfs: a name that is a whole family of programs.
    private static func makesFileSystems(_ name: String) -> Bool { name.hasPrefix("mkfs") || name.hasPrefix("newfs") }

    /// The program that a pattern such as `/bin/r?` most likely stands for, of those that are worth hiding.
    static func programName(matching pattern: String) -> String? {
        let last = String(Path.lastPart(pattern))
        guard last.utf8.contains(where: { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") }) || last.utf8.count > 1 else { return nil }
        let glob = Glob(BracketPattern.simplified(last))
        return hidden.first { glob.matches($0) }
    }

    private static let hidden = ["rm", "dd", "sh", "bash", "cat", "nc", "wget", "curl", "shred", "mkfs", "chmod", "chown", "find", "kill", "python", "python3", "perl", "git"]
}

/// One command as it was read, for people.
public struct ShellTrace: Sendable {
    /// How deep it stands in substitutions, groups and texts.
    public var depth: Int
    public var words: [String]
    public var range: Range<Int>
}

/// Bracket expressions of file name patterns.
enum BracketPattern {
    /// With `[…]` as `?`: it stands for one character.
    static func simplified(_ pattern: String) -> String {
        var result = ""
        var rest = Substring(pattern)
        while let open = rest.firstIndex(of: "[") {
            guard let close = rest[open...].dropFirst().firstIndex(of: "]") else { break }
            result += rest[..<open]
            // A set of one is that one.
            let inside = rest[rest.index(after: open)..<close]
            result += inside.count == 1 ? String(inside) : "?"
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}

/// Reads commands of POSIX sh and bash.
public enum ShellReader {
    /// What the commands in `text` would do, by what `table` knows of programs.
    public static func read(_ text: [UInt8], table: CommandTable) -> Reading {
        let session = ShellSession(text, table: table)
        return run(text, session)
    }

    /// The same, with every command as it was read.
    public static func explain(_ text: [UInt8], table: CommandTable) -> (reading: Reading, commands: [ShellTrace]) {
        let session = ShellSession(text, table: table, isTraced: true)
        let reading = run(text, session)
        return (reading, session.trace ?? [])
    }

    private static func run(_ text: [UInt8], _ session: ShellSession) -> Reading {
        // A function without a name is how a value of the environment made old versions of bash run what follows it (CVE-2014-6271).
        if text.drop(while: { $0 <= 0x20 }).starts(with: "() {".utf8) { session.note("code.run-input", "bash", 0..<text.count) }
        if let name = injected(text, session.table) { session.note("code.injection", name, 0..<text.count) }
        var parser = ShellParser(text, places: .shifted(0), session: session, depth: 0)
        _ = parser.list(until: .end, input: .nothing)
        // Names of Windows: what stands there is also read as PowerShell and cmd do.
        if session.mayBePowerShell { session.readPowerShell(text, place: 0..<text.count, depth: 1) }
        session.reading.operations.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        return session.reading
    }
}

extension ShellReader {
    /// The command that a text begins with which begins with an operator: no shell takes it, unless it is put behind another command.
    private static func injected(_ text: [UInt8], _ table: CommandTable) -> String? {
        let start = text.drop { $0 <= 0x20 }
        guard let first = start.first, first == UInt8(ascii: ";") || first == UInt8(ascii: "|") || first == UInt8(ascii: "&") else { return nil }
        let rest = start.drop { $0 <= 0x20 || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }
        let name = ShellSession.programName(String(decoding: rest.prefix { ShellParser.isName($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }, as: UTF8.self))
        return ShellSession.isLookedAt(name) || table.programs[name] != nil || looking.contains(name) ? name : nil
    }

    /// Programs that only look around, which is what injected commands do first.
    static let looking: Set<String> = ["id", "whoami", "who", "w", "uname", "ls", "ps", "ifconfig", "ip", "hostname", "pwd", "last", "lastlog", "lastlogin", "netstat", "ss", "arp", "route", "ping", "sleep", "nslookup", "dig", "host", "touch", "top", "df", "mount", "lsof", "dir", "type", "ver", "systeminfo", "for", "if"]

    /// What the PowerShell or cmd commands in `text` would do.
    public static func readPowerShell(_ text: [UInt8], table: CommandTable) -> Reading {
        let session = ShellSession(text, table: table)
        session.readPowerShell(text, place: 0..<text.count, depth: 0)
        return session.reading
    }

    /// What calls in a piece of code of no particular language would do.
    public static func readCode(_ text: [UInt8], table: CommandTable) -> Reading { readCode(text, .other, table: table) }

    /// What calls in a program of a language would do.
    static func readCode(_ text: [UInt8], _ language: Interpreters.Language, table: CommandTable) -> Reading {
        let session = ShellSession(text, table: table)
        session.readCode(String(decoding: text, as: UTF8.self), language, place: 0..<text.count, depth: 0)
        return session.reading
    }
}
