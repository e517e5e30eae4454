// The grammar of POSIX sh and bash, read shallowly: lists, pipelines, compound commands, redirections and words.
//
// Sources: POSIX.1-2024 (IEEE 1003.1), Shell Command Language, sections 2.2 (quoting), 2.3 (tokens), 2.6 (expansions), 2.7 (redirection) and 2.9 (commands);
// Bash Reference Manual 5.3, chapters 3.1.2 ($'…'), 3.2 (commands), 3.5 (expansions), 3.6 (here-strings, &>).
//
// Commands are looked at as soon as they are complete, in the order of the text, so that what a variable or a substitution stands for is known where the text
// says it. It is lenient: what a shell would refuse (an operator without a command, a quote that is not closed) is read as far as it goes and noted.

struct ShellParser {
    let text: [UInt8]
    let places: PlaceMap
    let session: ShellSession
    /// How many substitutions, groups and texts stand around this.
    var depth: Int
    var at = 0
    /// A here-document's body is left out when the end of the line it was announced in is reached.
    private var lineEnd = -1
    private var afterBodies = -1
    /// The place last asked for a reserved word, and the answer.
    private var reservedAt = -1
    private var reservedHere: String?
    /// What the redirections behind the compound command that ended last give it.
    private var inputBehind = Flow.nothing
    /// Names of the functions around this place, the innermost last.
    private var functions: [String] = []

    init(_ text: [UInt8], places: PlaceMap, session: ShellSession, depth: Int) {
        self.text = text
        self.places = places
        self.session = session
        self.depth = depth
    }

    /// What ends a list of commands.
    enum Terminator: Equatable {
        case end, parenthesis, word(String)
        /// `;;` and its like, or `esac`.
        case item
    }

    // MARK: Lists and pipelines

    /// Commands up to the terminator, which is taken, except `;;` and `esac`.
    mutating func list(until terminator: Terminator, input: Flow) -> Flow {
        guard enter() else { return .unknown }
        defer { depth -= 1 }
        var output = Flow.nothing
        while !session.isStopped {
            session.steps += 1
            skipSpace(newlines: true)
            guard at < text.count else {
                if terminator != .end, terminator != .item { session.note(.malformed, places.place(max(0, text.count - 1)..<text.count)) }
                return output
            }
            let byte = text[at]
            switch byte {
            case UInt8(ascii: ";"):
                if terminator == .item, peek(1) == UInt8(ascii: ";") || peek(1) == UInt8(ascii: "&") { return output }
                at += 1
                continue
            case UInt8(ascii: "&"), UInt8(ascii: "|"):
                if byte == UInt8(ascii: "&"), peek(1) == UInt8(ascii: ">") { break }
                at += 1
                continue
            case UInt8(ascii: ")"):
                at += 1
                if terminator == .parenthesis { return output }
                session.note(.malformed, places.place(at - 1..<at))
                continue
            default: break
            }
            if let word = reservedWord() {
                if case .word(let closing) = terminator, word == closing {
                    at += word.utf8.count
                    redirections()
                    return output
                }
                if terminator == .item, word == "esac" { return output }
                if Self.connectives.contains(word) {
                    at += word.utf8.count
                    continue
                }
            }
            output.append(pipeline(input: input))
        }
        return output
    }

    private static let connectives: Set<String> = ["then", "else", "elif", "fi", "do", "done", "esac", "!", "}", "in"]

    private mutating func pipeline(input: Flow) -> Flow {
        var flow = input
        var calls = 0
        session.lastName = ""
        let first = at
        while !session.isStopped {
            let before = at
            session.previousName = session.lastName
            session.lastName = ""
            flow = command(input: flow)
            skipSpace(newlines: false)
            if !session.lastName.isEmpty, functions.contains(session.lastName) {
                calls += 1
                // A function that pipes into itself, or leaves itself running, doubles until the machine stops.
                if calls > 1 || peek(0) == UInt8(ascii: "&") && peek(1) != UInt8(ascii: "&") {
                    session.note("system.fork-bomb", session.lastName, places.place(first..<at))
                }
            }
            guard at < text.count, text[at] == UInt8(ascii: "|"), peek(1) != UInt8(ascii: "|") else {
                if at == before, at < text.count { at += 1 }
                break
            }
            at += peek(1) == UInt8(ascii: "&") ? 2 : 1
            skipSpace(newlines: true)
        }
        return flow
    }

    // MARK: Commands

    private mutating func command(input: Flow) -> Flow {
        skipSpace(newlines: false)
        guard at < text.count else { return .nothing }
        if text[at] == UInt8(ascii: "(") {
            if peek(1) == UInt8(ascii: "("), let end = arithmeticEnd(from: at + 2) {
                at += 2
                quotedText(until: end)
                at = min(end + 2, text.count)
                return .nothing
            }
            at += 1
            let directory = session.directory
            let output = list(until: .parenthesis, input: input)
            session.directory = directory
            redirections()
            return output
        }
        if let word = reservedWord(), let flow = compound(word, input: input) { return flow }
        return simpleCommand(input: input)
    }

    /// A command that begins with a reserved word, or nil if this is none.
    private mutating func compound(_ word: String, input: Flow) -> Flow? {
        switch word {
        case "{":
            at += 1
            return repeated(until: "}", input: input)
        case "if":
            at += 2
            return list(until: .word("fi"), input: input)
        case "while", "until":
            at += 5
            return repeated(until: "done", input: input)
        case "!":
            at += 1
            return command(input: input)
        case "for", "select":
            at += word.utf8.count
            return forLoop(input: input)
        case "case":
            at += 4
            return caseItems(input: input)
        case "function":
            at += 8
            skipSpace(newlines: false)
            let name = takeName()
            skipSpace(newlines: false)
            if peek(0) == UInt8(ascii: "("), peek(1) == UInt8(ascii: ")") { at += 2 }
            return functionBody(name, input: input)
        case "[[":
            return testExpression()
        case "coproc":
            at += 6
            skipSpace(newlines: false)
            // A name may stand in front of a compound command.
            let start = at
            _ = takeName()
            skipSpace(newlines: false)
            if !["{", "for", "while", "until", "if", "case"].contains(reservedWord()), peek(0) != UInt8(ascii: "(") { at = start }
            return command(input: input)
        default:
            return nil
        }
    }

    private mutating func functionBody(_ name: String, input: Flow) -> Flow {
        skipSpace(newlines: true)
        functions.append(name)
        session.functionDepth += 1
        guard enter() else { return .nothing }
        let start = at
        _ = command(input: input)
        depth -= 1
        session.functionDepth -= 1
        let body = text[min(start, at)..<at]
        if body.contains(UInt8(ascii: "$")) { session.functionBodies[name] = Array(body) }
        functions.removeLast()
        session.functions.insert(name)
        return .nothing
    }

    private mutating func forLoop(input: Flow) -> Flow {
        skipSpace(newlines: true)
        if peek(0) == UInt8(ascii: "("), peek(1) == UInt8(ascii: "("), let end = arithmeticEnd(from: at + 2) {
            at += 2
            quotedText(until: end)
            at = min(end + 2, text.count)
        } else {
            let name = takeName()
            skipSpace(newlines: true)
            if reservedWord() == "in" {
                at += 2
                let values = wordsUpToSeparator()
                session.assign(name, values, isList: true)
            }
        }
        return repeated(until: "done", input: input)
    }

    /// Lines of a known input with which a loop is read.
    private static let mostRepeated = 32

    /// The commands of a loop or group, which read what stands behind its end: once with nothing of that, to get there, and once more for each of its lines.
    private mutating func repeated(until closing: String, input: Flow) -> Flow {
        let (start, documents, before) = (at, (lineEnd, afterBodies), session.reading.operations.count)
        inputBehind = .nothing
        let output = list(until: .word(closing), input: input)
        var inputs: [Flow] = []
        switch (inputBehind, input) {
        case (.text(let bytes), _): inputs = bytes.split(separator: UInt8(ascii: "\n")).prefix(Self.mostRepeated).map { .text(Array($0)) }
        case (.nothing, .text(let bytes)): inputs = bytes.split(separator: UInt8(ascii: "\n")).dropFirst().prefix(Self.mostRepeated).map { .text(Array($0)) }
        case (.downloaded, _), (.decoded, _), (.unknown, _), (.secret, _): inputs = [inputBehind]
        case (.nothing, _), (.file, _): break
        }
        if inputs.isEmpty || session.isRepeating { return output }
        let (end, after) = (at, (lineEnd, afterBodies))
        // What was read with nothing, or the first line, coming in wrote that.
        var written = if case .nothing = inputBehind { output } else { Flow.nothing }
        session.isRepeating = true
        for input in inputs where session.spend(end - start, places.place(start..<end)) {
            at = start
            (lineEnd, afterBodies) = documents
            written.append(list(until: .word(closing), input: input))
        }
        session.isRepeating = false
        at = end
        (lineEnd, afterBodies) = after
        // Most is found each time.
        var seen = Set<Operation>()
        let found = session.reading.operations[before...].filter { seen.insert($0).inserted }
        session.reading.operations.replaceSubrange(before..., with: found)
        return written
    }

    /// The words up to a separator, with single spaces between them.
    private mutating func wordsUpToSeparator() -> [UInt8] {
        let mark = session.mark
        defer { session.release(mark) }
        while at < text.count {
            skipSpace(newlines: false)
            let before = at
            guard at < text.count, !Self.ends(text[at]) else { break }
            word()
            if at == before { break }
        }
        var joined: [UInt8] = []
        for field in session.fields[mark.fields...] {
            if !joined.isEmpty { joined.append(UInt8(ascii: " ")) }
            joined += session.arena[field.bytes]
        }
        return joined
    }

    private mutating func caseItems(input: Flow) -> Flow {
        let mark = session.mark
        skipSpace(newlines: false)
        word()
        session.release(mark)
        skipSpace(newlines: true)
        if reservedWord() == "in" { at += 2 }
        var output = Flow.nothing
        while at < text.count, !session.isStopped {
            skipSpace(newlines: true)
            if reservedWord() == "esac" {
                at += 4
                redirections()
                return output
            }
            // Patterns, up to the parenthesis.
            if peek(0) == UInt8(ascii: "(") { at += 1 }
            while at < text.count, text[at] != UInt8(ascii: ")") {
                let before = at
                word()
                session.release(mark)
                skipSpace(newlines: true)
                if peek(0) == UInt8(ascii: "|") { at += 1 }
                if at == before { at += 1 }
            }
            if at < text.count { at += 1 }
            output.append(list(until: .item, input: input))
            while peek(0) == UInt8(ascii: ";") || peek(0) == UInt8(ascii: "&") { at += 1 }
        }
        session.note(.malformed, places.place(max(0, text.count - 1)..<text.count))
        return output
    }

    /// `[[ … ]]`: nothing in it runs but substitutions.
    private mutating func testExpression() -> Flow {
        let mark = session.mark
        at += 2
        while at < text.count, !session.isStopped {
            skipSpace(newlines: true)
            guard at < text.count else { break }
            if text[at...].starts(with: "]]".utf8) {
                at += 2
                break
            }
            let before = at
            word()
            session.release(mark)
            if at == before { at += 1 }
        }
        return .nothing
    }

    private mutating func simpleCommand(input: Flow) -> Flow {
        let mark = session.mark
        defer { session.release(mark) }
        var redirection = Redirection(input: input)
        let start = at
        var end = at
        var assigning = true
        words: while at < text.count, !session.isStopped {
            skipSpace(newlines: false)
            guard at < text.count else { break }
            let byte = text[at]
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: ")"): break words
            case UInt8(ascii: "&"):
                guard peek(1) == UInt8(ascii: ">") else { break words }
                redirect(into: &redirection)
            case UInt8(ascii: "<"), UInt8(ascii: ">"):
                if peek(1) == UInt8(ascii: "(") { word() } else { redirect(into: &redirection) }
            case UInt8(ascii: "("):
                if session.fields.count == mark.fields + 1, let field = session.fields.last, nextIsClosing() {
                    let name = session.string(field)
                    session.release(mark)
                    while text[at] != UInt8(ascii: ")") { at += 1 }
                    at += 1
                    return functionBody(name, input: input)
                }
                // No shell accepts it here; what stands in it is read all the same.
                session.note(.malformed, places.place(at..<at + 1))
                at += 1
                _ = list(until: .parenthesis, input: .nothing)
            case UInt8(ascii: "0")...UInt8(ascii: "9") where isDescriptor():
                while at < text.count, text[at] >= UInt8(ascii: "0"), text[at] <= UInt8(ascii: "9") { at += 1 }
                redirect(into: &redirection)
            default:
                if assigning, assignment() {
                    end = at
                    continue
                }
                assigning = false
                let before = at
                word()
                if at == before { at += 1 }
            }
            end = at
        }
        let place = places.place(start..<max(start, end))
        session.record(redirection.writes)
        guard session.fields.count > mark.fields else {
            return redirection.input.isBare ? redirection.input : .nothing
        }
        var output = session.simpleCommand(
            fields: mark.fields..<session.fields.count, input: redirection.input, networked: redirection.isNetwork, place: place, places: places, depth: depth)
        if redirection.takesOutput {
            switch output {
            case .downloaded: session.downloadedFiles.formUnion(redirection.writes.map(\.object))
            case .text(let bytes): for write in redirection.writes { session.write(bytes, to: write.object, appending: write.name == "files.append") }
            case .nothing, .file, .decoded, .secret, .unknown: break
            }
            output = .nothing
        }
        return output
    }

    /// `NAME=word`, `NAME+=word` or `NAME=(words)` here, taken and remembered.
    private mutating func assignment() -> Bool {
        var end = at
        while end < text.count, Self.isName(text[end]) || text[end] == UInt8(ascii: "-") && end > at { end += 1 }
        guard end > at, end < text.count, text[at] > UInt8(ascii: "9") || text[at] == UInt8(ascii: "_") else { return false }
        let name = String(decoding: text[at..<end], as: UTF8.self)
        var element = name
        var index = 0..<0
        if text[end] == UInt8(ascii: "["), let close = text[end...].prefix(256).firstIndex(of: UInt8(ascii: "]")) {
            element += String(decoding: text[end...close], as: UTF8.self)
            index = end + 1..<close
            end = close + 1
        }
        let adds = end < text.count && text[end] == UInt8(ascii: "+")
        if adds { end += 1 }
        guard end < text.count, text[end] == UInt8(ascii: "=") else { return false }
        // An index is arithmetic, in which substitutions run.
        if text[index].contains(where: { $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "`") }), session.spend(index.count, places.place(index)) {
            var inner = ShellParser(Array(text[index]), places: .fixed(places.place(index)), session: session, depth: depth)
            inner.quotedText(until: index.count)
        }
        at = end + 1
        if peek(0) == UInt8(ascii: "(") {
            at += 1
            var values: [UInt8] = []
            while at < text.count, !session.isStopped {
                skipSpace(newlines: true)
                if at >= text.count { break }
                if text[at] == UInt8(ascii: ")") {
                    at += 1
                    break
                }
                let more = wordsUpToSeparator()
                if !values.isEmpty { values.append(UInt8(ascii: " ")) }
                values += more
                if more.isEmpty, at < text.count, text[at] != UInt8(ascii: ")"), text[at] != UInt8(ascii: "\n") { at += 1 }
            }
            session.assign(name, values, isList: true)
            return true
        }
        let mark = session.mark
        defer { session.release(mark) }
        word(splitting: false)
        guard let field = session.fields[mark.fields...].first else {
            session.assign(name, [])
            return true
        }
        var value = Array(session.arena[field.bytes])
        if adds { value = (session.value(of: name) ?? []) + value }
        if field.marks.contains(.unknown) {
            session.assignUnknown(name, value, field.flow >= 0 ? session.flows[field.flow] : .unknown)
        } else {
            session.assign(name, value)
            if element != name { session.assign(element, value) }
        }
        // bash runs it before each prompt.
        if name == "PROMPT_COMMAND" { _ = session.read(value, place: places.place(min(at, text.count)..<min(at, text.count)), input: .nothing, depth: depth + 1) }
        return true
    }

    // MARK: Redirections

    /// Where a command's input and output come from and go to.
    private struct Redirection {
        var input: Flow
        var writes: [(name: String, object: String, place: Range<Int>)] = []
        var takesOutput = false
        /// Its input or output is a connection (`/dev/tcp/…`).
        var isNetwork = false
    }

    private mutating func redirections() {
        var redirection = Redirection(input: .nothing)
        while at < text.count {
            skipSpace(newlines: false)
            guard at < text.count else { break }
            if isDescriptor() {
                while at < text.count, text[at] >= UInt8(ascii: "0"), text[at] <= UInt8(ascii: "9") { at += 1 }
            }
            guard at < text.count, text[at] == UInt8(ascii: "<") || text[at] == UInt8(ascii: ">") || text[at] == UInt8(ascii: "&") && peek(1) == UInt8(ascii: ">")
            else { break }
            redirect(into: &redirection)
        }
        inputBehind = redirection.input
        session.record(redirection.writes)
        if redirection.isNetwork, ShellSession.isShell(session.lastName) { session.note("code.reverse-shell", session.lastName, places.place(max(0, at - 1)..<at)) }
    }

    private mutating func redirect(into redirection: inout Redirection) {
        let start = at
        if text[at] == UInt8(ascii: "&") { at += 1 }
        let isInput = text[at] == UInt8(ascii: "<")
        at += 1
        if isInput, peek(0) == UInt8(ascii: "<") {
            if peek(1) == UInt8(ascii: "<") {
                at += 2
                redirection.input = operandFlow()
            } else {
                at += 1
                redirection.input = hereDocument()
            }
            return
        }
        var appends = false
        var duplicates = false
        if let next = peek(0) {
            switch next {
            case UInt8(ascii: ">"):
                appends = !isInput
                at += 1
            case UInt8(ascii: "|"): at += 1
            case UInt8(ascii: "&"):
                duplicates = true
                at += 1
            default: break
            }
        }
        let mark = session.mark
        defer { session.release(mark) }
        skipSpace(newlines: false)
        word()
        guard let field = session.fields[mark.fields...].first else { return }
        let target = session.string(field)
        if target.hasPrefix("/dev/tcp/") || target.hasPrefix("/dev/udp/") {
            redirection.isNetwork = true
            session.note("code.open-connection", target, places.place(start..<at))
            if isInput { redirection.input = .downloaded }
            return
        }
        if duplicates, target == "-" || target.allSatisfy(\.isNumber) { return }
        if isInput {
            redirection.input = field.flow >= 0 ? session.flows[field.flow] : session.isSecret(target) ? .secret : .file
            if field.marks.contains(.process) { return }
            if field.flow < 0 { session.readFile(target, places.place(start..<at)) }
        } else {
            redirection.takesOutput = true
            redirection.writes.append((appends ? "files.append" : "files.overwrite", session.resolved(target), places.place(start..<at)))
        }
    }

    /// The word of a here-string.
    private mutating func operandFlow() -> Flow {
        let mark = session.mark
        defer { session.release(mark) }
        skipSpace(newlines: false)
        word(splitting: false)
        guard let field = session.fields[mark.fields...].first else { return .nothing }
        if field.marks.contains(.unknown) { return field.flow >= 0 ? session.flows[field.flow] : .unknown }
        return .text(Array(session.arena[field.bytes]) + [UInt8(ascii: "\n")])
    }

    /// The body of a here-document whose operator has been read; it stands after the end of this line (POSIX 2.7.4).
    private mutating func hereDocument() -> Flow {
        let dropsTabs = peek(0) == UInt8(ascii: "-")
        if dropsTabs { at += 1 }
        skipSpace(newlines: false)
        let wordStart = at
        let mark = session.mark
        word(splitting: false)
        let delimiter = session.fields[mark.fields...].first.map { Array(session.arena[$0.bytes]) } ?? []
        session.release(mark)
        let isLiteral = text[wordStart..<at].contains { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        if lineEnd < at {
            lineEnd = endOfLine(from: at)
            session.steps += lineEnd - at
            afterBodies = lineEnd + 1
        }
        let bodyStart = min(afterBodies, text.count)
        var line = bodyStart
        var body: [UInt8] = []
        var closed = false
        while line < text.count {
            let end = text[line...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            var content = text[line..<end]
            if dropsTabs { content = content.drop { $0 == UInt8(ascii: "\t") } }
            line = end + 1
            if content.elementsEqual(delimiter) || content.last == 13 && content.dropLast().elementsEqual(delimiter) {
                closed = true
                break
            }
            body += content
            body.append(UInt8(ascii: "\n"))
        }
        if !closed { session.note(.malformed, places.place(bodyStart..<text.count)) }
        session.steps += min(line, text.count) - bodyStart
        afterBodies = min(line, text.count)
        if isLiteral { return .text(body) }
        guard body.contains(where: { $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "\\") }) else { return .text(body) }
        // Expansions happen in it as between double quotes, but quotes are ordinary.
        var inner = ShellParser(body, places: .fixed(places.place(bodyStart..<min(line, text.count))), session: session, depth: depth)
        let expanded = session.mark
        defer { session.release(expanded) }
        inner.expandedText()
        return .text(Array(session.arena[expanded.arena...]))
    }

    /// The offset of the newline that ends the line of `start`, past quoted newlines; the end of the text if there is none.
    private func endOfLine(from start: Int) -> Int {
        var i = start
        var quote: UInt8 = 0
        while i < text.count {
            let byte = text[i]
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "'") {
                i += 2
                continue
            }
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == UInt8(ascii: "\n") {
                return i
            }
            i += 1
        }
        // A quote that is not closed on its line was an apostrophe.
        return quote == 0 ? text.count : text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
    }

    // MARK: Tokens

    /// Passes over blanks, line continuations and, where a command may begin, newlines and comments.
    mutating func skipSpace(newlines: Bool) {
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): at += 1
            case UInt8(ascii: "\\"):
                guard peek(1) == UInt8(ascii: "\n") else { return }
                at += 2
            case UInt8(ascii: "\n"):
                guard newlines else { return }
                at = at == lineEnd ? max(at + 1, afterBodies) : at + 1
            case UInt8(ascii: "#"):
                // A comment begins where a word would.
                if at > 0, !Self.ends(text[at - 1]), text[at - 1] != UInt8(ascii: " "), text[at - 1] != UInt8(ascii: "\t") { return }
                while at < text.count, text[at] != UInt8(ascii: "\n") { at += 1 }
            default: return
            }
        }
    }

    /// The unquoted word of letters and reserved signs that stands here whole, if one of those the grammar reserves.
    private mutating func reservedWord() -> String? {
        if reservedAt == at { return reservedHere }
        reservedAt = at
        reservedHere = readReservedWord()
        return reservedHere
    }

    private func readReservedWord() -> String? {
        guard at < text.count, !Self.reservedByFirst[Int(text[at])].isEmpty else { return nil }
        var end = at
        while end < text.count, end - at < 9, !Self.ends(text[end]), text[end] != UInt8(ascii: " "), text[end] != UInt8(ascii: "\t"), text[end] != 13 { end += 1 }
        guard end > at, end - at <= 8 else { return nil }
        return Self.reservedByFirst[Int(text[at])].first { $0.utf8.count == end - at && text[at..<end].elementsEqual($0.utf8) }
    }

    private static let reserved = [
        "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "{", "}", "!", "function", "select", "[[", "coproc",
    ]
    private static let reservedByFirst: [[String]] = (0..<256).map { byte in reserved.filter { $0.utf8.first! == UInt8(byte) } }

    /// A name, which may be of any bytes: decoded it may have more of them than it takes.
    private mutating func takeName() -> String {
        let start = at
        while at < text.count, !Self.ends(text[at]), text[at] != UInt8(ascii: " "), text[at] != UInt8(ascii: "\t") { at += 1 }
        return String(decoding: text[start..<at], as: UTF8.self)
    }

    private func isDescriptor() -> Bool {
        var i = at
        while i < text.count, text[i] >= UInt8(ascii: "0"), text[i] <= UInt8(ascii: "9") { i += 1 }
        return i > at && i < text.count && (text[i] == UInt8(ascii: "<") || text[i] == UInt8(ascii: ">")) && i - at < 5
    }

    private func nextIsClosing() -> Bool {
        var i = at + 1
        while i < text.count, text[i] == UInt8(ascii: " ") { i += 1 }
        guard i < text.count, text[i] == UInt8(ascii: ")") else { return false }
        return true
    }

    func peek(_ ahead: Int) -> UInt8? { at + ahead < text.count ? text[at + ahead] : nil }

    /// Bytes that end a word where they are not quoted, but for blanks.
    static func ends(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"): true
        default: false
        }
    }

    static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// One level deeper, unless that is too deep.
    mutating func enter() -> Bool {
        depth += 1
        if depth <= ShellSession.deepest { return true }
        depth -= 1
        session.note(.tooDeep, places.place(min(at, text.count)..<text.count))
        session.isStopped = true
        return false
    }
}

extension Flow {
    /// Whether a command of redirections alone passes it on, as `$(< file)` does.
    fileprivate var isBare: Bool {
        switch self {
        case .file, .secret, .text, .downloaded: true
        case .nothing, .decoded, .unknown: false
        }
    }
}
