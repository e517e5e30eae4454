// Words of the shell: quotes, escapes, expansions and braces resolved into fields.
//
// Sources: POSIX.1-2024, Shell Command Language, 2.2 and 2.6; Bash Reference Manual 5.3, 3.1.2.4 (ANSI-C quoting), 3.5.1 (braces), 3.5.3 (parameters).

extension ShellParser {
    /// A field under construction, at the end of the session's arena.
    private struct Building {
        var start: Int
        var marks = ShellField.Marks(rawValue: 0)
        var flow = -1
        /// Unquoted `{`, `,`, `}` in it, as offsets of the arena.
        var braces: [Int] = []
        /// Where the word begins in the text.
        var source: Int
        var splits: Bool
    }

    /// Takes the word that begins here, and leaves its fields with the session.
    ///
    /// - Parameter splitting: whether unquoted expansions are cut at blanks, as they are everywhere but in assignments and here-strings.
    mutating func word(splitting: Bool = true) {
        var field = Building(start: session.arena.count, source: at, splits: splitting)
        while at < text.count {
            session.steps += 1
            let byte = text[at]
            switch Self.kinds[Int(byte)] {
            case .ordinary:
                var end = at + 1
                while end < text.count, Self.kinds[Int(text[end])] == .ordinary { end += 1 }
                session.arena.append(contentsOf: text[at..<end])
                at = end
            case .blank:
                return finish(&field)
            case .end:
                let next = peek(1)
                if byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">"), next == UInt8(ascii: "(") {
                    processSubstitution(&field)
                } else if byte == UInt8(ascii: "("), at > field.source, "?*+@!".utf8.contains(text[at - 1]), field.marks.contains(.pattern) || text[at - 1] != UInt8(ascii: "?") {
                    extendedPattern(&field)
                } else {
                    return finish(&field)
                }
            case .single:
                field.marks.insert(.quoted)
                let end = text[(at + 1)...].firstIndex(of: UInt8(ascii: "'"))
                session.arena.append(contentsOf: text[(at + 1)..<(end ?? text.count)])
                if end == nil { session.note(.malformed, places.place(at..<text.count)) }
                at = (end ?? text.count - 1) + 1
            case .double:
                field.marks.insert(.quoted)
                doubleQuoted(&field)
            case .backslash:
                at += 1
                guard at < text.count else { break }
                if text[at] == UInt8(ascii: "\n") {
                    at += 1
                } else if text[at] == 13, peek(1) == UInt8(ascii: "\n") {
                    at += 2
                } else {
                    field.marks.insert(.quoted)
                    session.arena.append(text[at])
                    at += 1
                }
            case .dollar:
                dollar(&field, quoted: false)
            case .backtick:
                backticks(&field, quoted: false)
            case .pattern:
                field.marks.insert(.pattern)
                session.arena.append(byte)
                at += 1
            case .brace:
                field.braces.append(session.arena.count)
                session.arena.append(byte)
                at += 1
            }
        }
        finish(&field)
    }

    /// Text in which only expansions are resolved, to its end: the body of a here-document.
    mutating func expandedText() {
        var field = Building(start: session.arena.count, source: 0, splits: false)
        while at < text.count { quotedByte(&field) }
    }

    /// Reads the substitutions of text in which nothing else counts, such as arithmetic, and drops it.
    mutating func quotedText(until end: Int) {
        let mark = session.mark
        var field = Building(start: session.arena.count, source: at, splits: false)
        while at < end { quotedByte(&field) }
        session.release(mark)
    }

    // MARK: Quotes

    private mutating func doubleQuoted(_ field: inout Building) {
        let start = at
        at += 1
        while at < text.count {
            if text[at] == UInt8(ascii: "\"") {
                at += 1
                return
            }
            quotedByte(&field)
        }
        session.note(.malformed, places.place(start..<text.count))
    }

    private mutating func quotedByte(_ field: inout Building) {
        session.steps += 1
        switch text[at] {
        case UInt8(ascii: "\\"):
            guard let next = peek(1) else {
                session.arena.append(UInt8(ascii: "\\"))
                at += 1
                return
            }
            switch next {
            case UInt8(ascii: "\n"): break
            case UInt8(ascii: "$"), UInt8(ascii: "`"), UInt8(ascii: "\""), UInt8(ascii: "\\"): session.arena.append(next)
            default:
                session.arena.append(UInt8(ascii: "\\"))
                session.arena.append(next)
            }
            at += 2
        case UInt8(ascii: "$"): dollar(&field, quoted: true)
        case UInt8(ascii: "`"): backticks(&field, quoted: true)
        case let byte:
            session.arena.append(byte)
            at += 1
        }
    }

    /// `$'…'`: the escapes of C, and `\cX`, `\uXXXX`, `\UXXXXXXXX` (Bash Reference Manual 3.1.2.4).
    private mutating func escapedQuote(_ field: inout Building) {
        field.marks.insert(.quoted)
        let start = at
        at += 2
        while at < text.count {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "'") { return }
            guard byte == UInt8(ascii: "\\"), at < text.count else {
                session.arena.append(byte)
                continue
            }
            at += Escapes.resolve(text, at: at, into: &session.arena)
        }
        session.note(.malformed, places.place(start..<text.count))
    }

    // MARK: Expansions

    private mutating func dollar(_ field: inout Building, quoted: Bool) {
        guard let next = peek(1) else {
            session.arena.append(UInt8(ascii: "$"))
            at += 1
            return
        }
        switch next {
        case UInt8(ascii: "("):
            if peek(2) == UInt8(ascii: "("), let end = arithmeticEnd(from: at + 3) {
                at += 3
                quotedText(until: end)
                at = min(end + 2, text.count)
                field.marks.insert(.unknown)
                session.arena.append(contentsOf: "$(())".utf8)
                return
            }
            substitute(substitution(input: .nothing), &field, quoted: quoted)
        case UInt8(ascii: "["):
            // The old form of arithmetic.
            let end = text[at...].firstIndex(of: UInt8(ascii: "]")) ?? text.count
            at += 2
            quotedText(until: min(end, text.count))
            at = min(end + 1, text.count)
            field.marks.insert(.unknown)
            session.arena.append(contentsOf: "$(())".utf8)
        case UInt8(ascii: "{"): parameter(&field, quoted: quoted)
        case UInt8(ascii: "'") where !quoted: escapedQuote(&field)
        case UInt8(ascii: "\"") where !quoted: at += 1
        case UInt8(ascii: "@"), UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "?"), UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "-"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            at += 2
            positional(next, &field, quoted: quoted)
        case let byte where Self.isName(byte):
            var end = at + 1
            while end < text.count, Self.isName(text[end]) { end += 1 }
            let name = String(decoding: text[(at + 1)..<end], as: UTF8.self)
            at = end
            variable(name, &field, quoted: quoted)
        default:
            session.arena.append(UInt8(ascii: "$"))
            at += 1
        }
    }

    /// What a script or function is called with. At the top of a text there is nothing, which is how `r$@m` hides a name.
    private mutating func positional(_ sign: UInt8, _ field: inout Building, quoted: Bool) {
        if let value = session.value(of: String(UnicodeScalar(sign))) { return append(value, &field, quoted: quoted, isList: true) }
        if sign != UInt8(ascii: "@"), sign != UInt8(ascii: "*"), sign < UInt8(ascii: "1") || sign > UInt8(ascii: "9") {
            field.marks.insert(.unknown)
            session.arena.append(contentsOf: "${".utf8)
            session.arena.append(sign)
            session.arena.append(UInt8(ascii: "}"))
            return
        }
        // Alone it stands for what is not known; within a word for nothing.
        field.marks.insert(.unknown)
        let starts = session.arena.count == field.start
        let endsHere = at >= text.count || Self.kinds[Int(text[at])] == .blank || Self.kinds[Int(text[at])] == .end || text[at] == UInt8(ascii: "\"")
        if starts, endsHere || session.functionDepth > 0 {
            session.arena.append(contentsOf: "${".utf8)
            session.arena.append(sign)
            session.arena.append(UInt8(ascii: "}"))
        }
    }

    private mutating func variable(_ name: String, _ field: inout Building, quoted: Bool) {
        guard let variable = session.variable(name) else {
            field.marks.insert(.unknown)
            if let flow = session.loopInput[name] { field.flow = session.keep(flow) }
            session.arena.append(contentsOf: "${".utf8)
            session.arena.append(contentsOf: name.utf8)
            session.arena.append(UInt8(ascii: "}"))
            return
        }
        if variable.isUnknown {
            field.marks.insert(.unknown)
            field.flow = session.keep(variable.flow)
        }
        append(variable.value, &field, quoted: quoted, isList: variable.isList)
    }

    /// `${…}`.
    private mutating func parameter(_ field: inout Building, quoted: Bool) {
        let start = at
        at += 2
        guard enter() else { return }
        defer { depth -= 1 }
        var indirect = false
        var counts = false
        if peek(0) == UInt8(ascii: "!") {
            indirect = true
            at += 1
        } else if peek(0) == UInt8(ascii: "#"), let next = peek(1), next != UInt8(ascii: "}") {
            counts = true
            at += 1
        }
        let nameStart = at
        while at < text.count, Self.isName(text[at]) { at += 1 }
        if at == nameStart, at < text.count, text[at] != UInt8(ascii: "}") { at += 1 }
        var name = String(decoding: text[nameStart..<at], as: UTF8.self)
        if peek(0) == UInt8(ascii: "[") {
            let start = at
            while at < text.count, text[at] != UInt8(ascii: "]") { at += 1 }
            at = min(at + 1, text.count)
            let element = name + String(decoding: text[start..<at], as: UTF8.self)
            if session.value(of: element) != nil { name = element }
        }
        // What follows the name, up to the closing brace: an operator and its word.
        let operatorStart = at
        while at < text.count, at - operatorStart < 2, ":-=+?%#/,^@".utf8.contains(text[at]) { at += 1 }
        let sign = Array(text[operatorStart..<at])
        let mark = session.mark
        var operand = Building(start: session.arena.count, source: at, splits: false)
        while at < text.count, text[at] != UInt8(ascii: "}"), !session.isStopped {
            switch text[at] {
            case UInt8(ascii: "'") where !quoted:
                let end = text[(at + 1)...].firstIndex(of: UInt8(ascii: "'")) ?? text.count
                session.arena.append(contentsOf: text[min(at + 1, end)..<end])
                at = min(end + 1, text.count)
            case UInt8(ascii: "\""): doubleQuoted(&operand)
            case UInt8(ascii: "\\"):
                if let next = peek(1) { session.arena.append(next) }
                at = min(at + 2, text.count)
            default: quotedByte(&operand)
            }
        }
        let word = Array(session.arena[mark.arena...])
        session.release(mark)
        if at < text.count { at += 1 } else { session.note(.malformed, places.place(start..<text.count)) }

        if indirect, let other = session.value(of: name) { name = String(decoding: other, as: UTF8.self) }
        if counts {
            field.marks.insert(.unknown)
            session.arena.append(contentsOf: "$(())".utf8)
            return
        }
        if name.utf8.count == 1, let byte = name.utf8.first, sign.isEmpty, !Self.isName(byte) || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
            return positional(byte, &field, quoted: quoted)
        }
        let known = session.variable(name)
        switch (sign.first, sign.dropFirst().first) {
        case (nil, _):
            return variable(name, &field, quoted: quoted)
        case (UInt8(ascii: ":"), UInt8(ascii: "-")), (UInt8(ascii: "-"), _), (UInt8(ascii: ":"), UInt8(ascii: "=")), (UInt8(ascii: "="), _):
            if let known, !known.value.isEmpty { return append(known.value, &field, quoted: quoted, isList: known.isList) }
            if known == nil, ShellSession.alwaysSet.contains(name) { return variable(name, &field, quoted: quoted) }
            field.marks.formUnion(operand.marks)
            if operand.flow >= 0 { field.flow = operand.flow }
            if sign.contains(UInt8(ascii: "=")) { session.assign(name, word) }
            return append(word, &field, quoted: quoted, isList: false)
        case (UInt8(ascii: ":"), UInt8(ascii: "+")), (UInt8(ascii: "+"), _):
            if known == nil, !ShellSession.alwaysSet.contains(name) { field.marks.insert(.unknown) }
            return append(word, &field, quoted: quoted, isList: false)
        case (UInt8(ascii: ":"), UInt8(ascii: "?")), (UInt8(ascii: "?"), _):
            return variable(name, &field, quoted: quoted)
        case (UInt8(ascii: ":"), _):
            if let value = known?.value ?? (ShellSession.paths.contains(name) ? [UInt8(ascii: "/")] : nil), let part = Self.substring(value, word) {
                return append(part, &field, quoted: quoted, isList: false)
            }
        case (UInt8(ascii: ","), _):
            if let known { return append(known.value.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, &field, quoted: quoted, isList: known.isList) }
        case (UInt8(ascii: "^"), _):
            if let known { return append(known.value.map { $0 >= 97 && $0 <= 122 ? $0 - 32 : $0 }, &field, quoted: quoted, isList: known.isList) }
        case (UInt8(ascii: "/"), let second):
            if let known {
                let parts = word.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
                let old = Array(parts.first ?? [])
                let value = Self.replacing(known.value, old, Array(parts.count > 1 ? parts[1] : []), all: second == UInt8(ascii: "/"))
                return append(value, &field, quoted: quoted, isList: known.isList)
            }
        case (UInt8(ascii: "#"), _):
            if let known, known.value.starts(with: word) { return append(Array(known.value.dropFirst(word.count)), &field, quoted: quoted, isList: false) }
        case (UInt8(ascii: "%"), _):
            if let known, known.value.reversed().starts(with: word.reversed()) {
                return append(Array(known.value.dropLast(word.count)), &field, quoted: quoted, isList: false)
            }
        default: break
        }
        if let known { append(known.value, &field, quoted: quoted, isList: known.isList) }
        if known == nil {
            field.marks.insert(.unknown)
            session.arena.append(contentsOf: "${".utf8)
            session.arena.append(contentsOf: name.utf8)
            session.arena.append(UInt8(ascii: "}"))
        }
    }

    /// `${NAME:offset:length}` of whole numbers.
    private static func substring(_ value: [UInt8], _ word: [UInt8]) -> [UInt8]? {
        let parts = word.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
            Int(String(decoding: $0, as: UTF8.self).split(separator: " ").joined())
        }
        guard let first = parts.first, let offset = first else { return nil }
        let start = offset < 0 ? max(0, value.count + offset) : min(offset, value.count)
        guard parts.count > 1 else { return Array(value[start...]) }
        guard let length = parts[1] else { return nil }
        let end = length < 0 ? max(start, value.count + length) : min(value.count, start + min(length, value.count))
        return Array(value[start..<end])
    }

    private static func replacing(_ value: [UInt8], _ old: [UInt8], _ new: [UInt8], all: Bool) -> [UInt8] {
        guard !old.isEmpty, old.count <= value.count else { return value }
        var result: [UInt8] = []
        var i = 0
        var done = false
        while i < value.count {
            if !done || all, value[i] == old[0], value[i...].starts(with: old) {
                result += new
                i += old.count
                done = true
            } else {
                result.append(value[i])
                i += 1
            }
        }
        return result
    }

    private mutating func backticks(_ field: inout Building, quoted: Bool) {
        let start = at
        at += 1
        var inner: [UInt8] = []
        var offsets: [Int] = []
        while at < text.count, text[at] != UInt8(ascii: "`") {
            if text[at] == UInt8(ascii: "\\"), let next = peek(1), next == UInt8(ascii: "`") || next == UInt8(ascii: "\\") || next == UInt8(ascii: "$") || next == UInt8(ascii: "\"") && quoted {
                at += 1
            }
            offsets.append(places.place(at..<at).lowerBound)
            inner.append(text[at])
            at += 1
        }
        offsets.append(places.place(at..<at).lowerBound)
        if at >= text.count { session.note(.malformed, places.place(start..<text.count)) }
        at = min(at + 1, text.count)
        guard enter() else { return }
        let mark = session.mark
        let outer = session.nest()
        var parser = ShellParser(inner, places: .listed(offsets), session: session, depth: depth)
        let output = parser.list(until: .end, input: .nothing)
        session.unnest(outer)
        session.release(mark)
        depth -= 1
        substitute(output, &field, quoted: quoted)
    }

    /// Puts what a substituted command writes into the word.
    private mutating func substitute(_ output: Flow, _ field: inout Building, quoted: Bool) {
        guard case .text(var bytes) = output else {
            field.marks.insert(.unknown)
            field.flow = session.keep(output)
            session.arena.append(contentsOf: "$()".utf8)
            return
        }
        while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        append(bytes, &field, quoted: quoted, isList: false)
    }

    /// The commands between `$(`, `<(` or `>(` and the parenthesis that closes it; gives what they write.
    private mutating func substitution(input: Flow) -> Flow {
        at += 2
        let mark = session.mark
        let outer = session.nest()
        let output = list(until: .parenthesis, input: input)
        session.unnest(outer)
        session.release(mark)
        return output
    }

    private mutating func processSubstitution(_ field: inout Building) {
        let output = substitution(input: .unknown)
        field.marks.insert([.unknown, .process])
        field.flow = session.keep(output)
        session.arena.append(contentsOf: "$()".utf8)
    }

    /// `@(a|b)` and its like: one field with a pattern.
    private mutating func extendedPattern(_ field: inout Building) {
        field.marks.insert(.pattern)
        var level = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "(") { level += 1 }
            if text[at] == UInt8(ascii: ")") { level -= 1 }
            session.arena.append(text[at])
            at += 1
            if level == 0 { return }
        }
    }

    /// A value in the word: whole between quotes, else cut at its blanks.
    private mutating func append(_ value: [UInt8], _ field: inout Building, quoted: Bool, isList: Bool) {
        guard session.spend(value.count, places.place(min(at, text.count)..<min(at, text.count))) else { return }
        if quoted && !isList || !field.splits {
            session.arena += value
            return
        }
        let separators = session.value(of: "IFS") ?? []
        for byte in value {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"),
                _ where separators.contains(byte):
                if session.arena.count > field.start || field.marks.contains(.quoted) {
                    let isQuoted = field.marks.contains(.quoted)
                    finish(&field)
                    field = Building(start: session.arena.count, source: field.source, splits: true)
                    if isQuoted { field.marks.insert(.quoted) }
                }
            default:
                if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") { field.marks.insert(.pattern) }
                session.arena.append(byte)
            }
        }
        // A quote before the blanks belongs to the field before them.
        if session.arena.count == field.start { field.marks.remove(.quoted) }
    }

    private mutating func finish(_ field: inout Building) {
        let end = session.arena.count
        guard end > field.start || field.marks.contains(.quoted) else { return }
        if field.braces.count >= 3, expandBraces(field) { return }
        session.fields.append(ShellField(bytes: field.start..<end, source: field.source..<at, marks: field.marks, flow: field.flow))
    }

    // MARK: Braces

    /// `a{b,c}d` as `abd acd`; false if there is no complete pair with a comma.
    private mutating func expandBraces(_ field: Building) -> Bool {
        let base = field.start
        let bytes = Array(session.arena[base...])
        func add(_ parts: ArraySlice<UInt8>...) -> Bool {
            let start = session.arena.count
            for part in parts { session.arena += part }
            guard session.spend(session.arena.count - start, places.place(field.source..<field.source)) else { return false }
            if session.arena.count > start { session.fields.append(ShellField(bytes: start..<session.arena.count, source: field.source..<at, marks: field.marks, flow: field.flow)) }
            return true
        }
        // One list without others in it, as most are.
        let (open, close) = (field.braces[0] - base, field.braces[field.braces.count - 1] - base)
        if bytes[open] == UInt8(ascii: "{"), bytes[close] == UInt8(ascii: "}"), field.braces[1..<field.braces.count - 1].allSatisfy({ bytes[$0 - base] == UInt8(ascii: ",") }) {
            for (before, after) in zip(field.braces, field.braces.dropFirst()) where !add(bytes[..<open], bytes[(before - base + 1)..<(after - base)], bytes[(close + 1)...]) { break }
            return true
        }
        var signs = Array(repeating: false, count: bytes.count)
        for offset in field.braces { signs[offset - base] = true }
        var results: [[UInt8]] = []
        var left = 256
        guard Braces.expand(bytes[...], signs, into: &results, &left), results.count > 1 || results.first?.count != bytes.count else { return false }
        for result in results where !add(result[...]) { break }
        return true
    }

    // MARK: Arithmetic

    /// Where the `))` stands that ends the arithmetic that begins at `start`; nil if it is a command within parentheses.
    func arithmeticEnd(from start: Int) -> Int? {
        guard session.spend(0, places.place(0..<0)) else { return nil }
        var level = 0
        var i = start
        while i < text.count, i - start < 4096 {
            session.steps += 1
            switch text[i] {
            case UInt8(ascii: "("): level += 1
            case UInt8(ascii: ")"):
                if level == 0 { return i + 1 < text.count && text[i + 1] == UInt8(ascii: ")") ? i : nil }
                level -= 1
            case UInt8(ascii: "\\"): i += 1
            case UInt8(ascii: "\n") where level == 0 && i - start > 512: return nil
            default: break
            }
            i += 1
        }
        return nil
    }

    // MARK: Bytes

    private enum Kind: UInt8 { case ordinary, blank, end, single, double, backslash, dollar, backtick, pattern, brace }

    private static let kinds: [Kind] = (0..<256).map { code in
        let byte = UInt8(code)
        if ends(byte) { return byte == UInt8(ascii: "\n") ? .blank : .end }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), 13: return .blank
        case UInt8(ascii: "'"): return .single
        case UInt8(ascii: "\""): return .double
        case UInt8(ascii: "\\"): return .backslash
        case UInt8(ascii: "$"): return .dollar
        case UInt8(ascii: "`"): return .backtick
        case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["): return .pattern
        case UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: "}"): return .brace
        default: return .ordinary
        }
    }
}

/// Brace expansion (Bash Reference Manual 3.5.1), of lists with commas.
enum Braces {
    /// The words that `bytes` stands for.
    ///
    /// - Parameters:
    ///   - signs: of each byte of the whole word whether it is an unquoted `{`, `,` or `}`.
    ///   - left: how many words may still be made.
    /// - Returns: false if nothing in it is a list.
    static func expand(_ bytes: ArraySlice<UInt8>, _ signs: [Bool], into results: inout [[UInt8]], _ left: inout Int) -> Bool {
        guard left > 0, let open = bytes.indices.first(where: { signs[$0] && bytes[$0] == UInt8(ascii: "{") }) else { return false }
        var level = 0
        var commas: [Int] = []
        var close: Int?
        for i in open..<bytes.endIndex where signs[i] {
            switch bytes[i] {
            case UInt8(ascii: "{"): level += 1
            case UInt8(ascii: ","): if level == 1 { commas.append(i) }
            default:
                level -= 1
                if level == 0 { close = i }
            }
            if close != nil { break }
        }
        guard let close, !commas.isEmpty else { return false }
        let tail = close + 1..<bytes.endIndex
        var tails: [[UInt8]] = []
        if !expand(bytes[tail], signs, into: &tails, &left) { tails = [Array(bytes[tail])] }
        var start = open + 1
        for comma in commas + [close] {
            var middles: [[UInt8]] = []
            if !expand(bytes[start..<comma], signs, into: &middles, &left) { middles = [Array(bytes[start..<comma])] }
            for middle in middles {
                for tail in tails {
                    left -= 1
                    guard left > 0 else { return true }
                    results.append(bytes[bytes.startIndex..<open] + middle + tail)
                }
            }
            start = comma + 1
        }
        return true
    }
}
