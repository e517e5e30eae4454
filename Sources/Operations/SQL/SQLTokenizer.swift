// Text to tokens of SQL, by the rules of one dialect.

/// Cuts a text into tokens. Every byte is looked at a bounded number of times.
struct SQLTokenizer {
    let text: [UInt8]
    let lexis: SQLLexis
    private(set) var tokens: [SQLToken] = []
    /// Whether the text breaks off within a string, a quoted name or a comment.
    private(set) var breaksOff = false
    /// How many tokens may name a column.
    private(set) var names: Int32 = 0

    private var position = 0
    private var beginsLine = true
    /// Set by the client command DELIMITER.
    private var delimiter: [UInt8] = []
    /// Within `/*! … */`, whose end is skipped.
    private var inExecutableComment = false
    private let keywords = SQLKeywordTable.shared

    init(_ text: [UInt8], _ lexis: SQLLexis) {
        self.text = text
        self.lexis = lexis
        tokens.reserveCapacity(text.count / 4 + 8)
    }

    private func byte(_ offset: Int) -> UInt8 {
        let index = position + offset
        return index < text.count ? text[index] : 0
    }

    /// All tokens, parentheses matched.
    mutating func run() {
        while position < text.count {
            let first = text[position]
            switch first {
            case 0x0A:
                beginsLine = true
                position += 1
                continue
            case 0x00...0x20, 0x7F:
                position += 1
                continue
            default: break
            }
            if !delimiter.isEmpty, starts(with: delimiter) {
                append(.separator, delimiter.count)
                continue
            }
            switch first {
            case 0x2D where byte(1) == 0x2D && (!lexis.contains(.dashNeedsSpace) || byte(2) <= 0x20): skipLine()
            case 0x23 where lexis.contains(.hashComment) || lexis.contains(.hashSpaceComment) && (byte(1) == 0x20 || byte(1) == 0x21): skipLine()
            case 0x2F where byte(1) == 0x2F && lexis.contains(.slashComments): skipLine()
            case 0x2F where byte(1) == 0x2A: comment()
            case 0x2A where byte(1) == 0x2F && inExecutableComment:
                inExecutableComment = false
                position += 2
            case 0x27: quoted(0x27, .string, prefix: 0, escapes: lexis.contains(.backslash))
            case 0x22: quoted(0x22, .quoted, prefix: 0, escapes: lexis.contains(.backslashInDouble))
            case 0x60: quoted(0x60, .quoted, prefix: 0, escapes: false)
            case 0x5B where lexis.contains(.brackets): quoted(0x5D, .quoted, prefix: 0, escapes: false)
            case 0x24: dollar()
            case 0x5C: backslash()
            case 0x40, 0x3F: variable()
            case 0x3A where isWordStart(byte(1)) && (position == 0 || text[position - 1] != 0x3A): variable()
            case 0x7B where byte(1) == 0x7B || byte(1) == 0x25: template()
            case 0x30...0x39: number()
            case 0x2E where byte(1) >= 0x30 && byte(1) <= 0x39 && !afterName: number()
            case 0x41...0x5A, 0x61...0x7A, 0x5F, 0x23, 0x80...: word()
            default:
                append(.symbol, 1)
                tokens[tokens.count - 1].symbol = first
            }
        }
        matchParentheses()
    }

    // MARK: Comments

    private mutating func skipLine() {
        while position < text.count && text[position] != 0x0A && text[position] != 0x0D { position += 1 }
    }

    private mutating func comment() {
        if lexis.contains(.executableComments), byte(2) == 0x21 || byte(2) | 0x20 == 0x6D && byte(3) == 0x21 {
            position += byte(2) == 0x21 ? 3 : 4
            while byte(0) >= 0x30 && byte(0) <= 0x39 { position += 1 }
            inExecutableComment = true
            return
        }
        var depth = 1
        position += 2
        while position < text.count {
            if text[position] == 0x2A && byte(1) == 0x2F {
                position += 2
                depth -= 1
                if depth == 0 { return }
            } else if text[position] == 0x2F && byte(1) == 0x2A && lexis.contains(.nestedComments) {
                position += 2
                depth += 1
            } else {
                position += 1
            }
        }
        breaksOff = true
    }

    // MARK: Quotes

    /// A token in quotes that begins here, after `prefix` bytes.
    private mutating func quoted(_ quote: UInt8, _ kind: SQLToken.Kind, prefix: Int, escapes: Bool) {
        let start = position
        let first = position + prefix
        if lexis.contains(.tripleQuotes), quote != 0x60, byte(prefix + 1) == quote, byte(prefix + 2) == quote {
            position = first + 3
            while position < text.count {
                if text[position] == quote && byte(1) == quote && byte(2) == quote {
                    position += 3
                    return appendQuoted(kind, start, opening: prefix + 3, closing: 3, escapes: escapes)
                }
                position += escapes && text[position] == 0x5C ? 2 : 1
            }
        } else {
            position = first + 1
            while position < text.count {
                let byte = text[position]
                if byte == quote {
                    guard position + 1 < text.count, text[position + 1] == quote else {
                        position += 1
                        return appendQuoted(kind, start, opening: prefix + 1, closing: 1, escapes: escapes)
                    }
                    position += 2
                } else {
                    position += escapes && byte == 0x5C ? 2 : 1
                }
            }
        }
        position = text.count
        breaksOff = true
        appendQuoted(kind, start, opening: min(prefix + 1, text.count - start), closing: 0, escapes: escapes)
    }

    private mutating func appendQuoted(_ kind: SQLToken.Kind, _ start: Int, opening: Int, closing: Int, escapes: Bool) {
        var token = SQLToken(kind: kind, flag: escapes, beginsLine: beginsLine, start: Int32(start), end: Int32(position))
        token.opening = UInt8(truncatingIfNeeded: opening)
        token.closing = UInt8(truncatingIfNeeded: closing)
        tokens.append(token)
        beginsLine = false
    }

    /// `$tag$ … $tag$`, `$1`, `${x}`.
    private mutating func dollar() {
        let start = position
        var tagEnd = position + 1
        while tagEnd < text.count, tagEnd - start <= 64, isWordPart(text[tagEnd]), text[tagEnd] != 0x24 { tagEnd += 1 }
        let length = tagEnd - start + 1
        if tagEnd < text.count, text[tagEnd] == 0x24, lexis.contains(.dollarQuotes) || lexis.contains(.dollarPairs) && length == 2,
            length == 2 || !(byte(1) >= 0x30 && byte(1) <= 0x39)
        {
            position = tagEnd + 1
            while position < text.count {
                if text[position] == 0x24 && matches(start, length) {
                    position += length
                    return appendQuoted(.string, start, opening: length, closing: length, escapes: false)
                }
                position += 1
            }
            breaksOff = true
            return appendQuoted(.string, start, opening: length, closing: 0, escapes: false)
        }
        if byte(1) == 0x7B { return template() }
        variable()
    }

    /// Whether the `length` bytes here are those at `start`.
    private func matches(_ start: Int, _ length: Int) -> Bool {
        guard position + length <= text.count else { return false }
        for i in 0..<length where text[position + i] != text[start + i] { return false }
        return true
    }

    private func starts(with word: [UInt8]) -> Bool {
        guard position + word.count <= text.count else { return false }
        for i in 0..<word.count where text[position + i] != word[i] { return false }
        return true
    }

    /// Oracle's `q'[ … ]'`.
    private mutating func chosen(prefix: Int) {
        let start = position
        let open = byte(prefix + 1)
        let close: UInt8
        switch open {
        case 0x5B: close = 0x5D
        case 0x28: close = 0x29
        case 0x7B: close = 0x7D
        case 0x3C: close = 0x3E
        default: close = open
        }
        position = min(text.count, position + prefix + 2)
        while position < text.count {
            if text[position] == close && byte(1) == 0x27 {
                position += 2
                return appendQuoted(.string, start, opening: prefix + 2, closing: 2, escapes: false)
            }
            position += 1
        }
        breaksOff = true
        appendQuoted(.string, start, opening: min(prefix + 2, text.count - start), closing: 0, escapes: false)
    }

    // MARK: Others

    /// `\! ls`, `\copy t to 'x'`: to the end of the line. Any other backslash is a symbol.
    private mutating func backslash() {
        let next = byte(1) | 0x20
        guard byte(1) == 0x21 || byte(1) == 0x2E || next >= 0x61 && next <= 0x7A else {
            append(.symbol, 1)
            tokens[tokens.count - 1].symbol = 0x5C
            return
        }
        var end = position
        while end < text.count && text[end] != 0x0A { end += 1 }
        append(.meta, end - position)
    }

    private mutating func variable() {
        var length = 1
        if byte(0) == 0x40 {
            while byte(length) == 0x40 { length += 1 }
            // A name in quotes after @ names a variable or a stage.
            if byte(length) == 0x60 || byte(length) == 0x27 || byte(length) == 0x22 { return append(.variable, length) }
        }
        while isWordPart(byte(length)) { length += 1 }
        append(.variable, length)
    }

    /// `{{ x }}`, `{% x %}`, `${x}`.
    private mutating func template() {
        var end = position + 2
        while end < text.count, end - position < 512, text[end] != 0x7D, text[end] != 0x0A { end += 1 }
        guard end < text.count, text[end] == 0x7D else {
            let first = text[position]
            append(.symbol, 1)
            tokens[tokens.count - 1].symbol = first
            return
        }
        end += 1
        if end < text.count, text[end] == 0x7D, byte(1) == 0x7B { end += 1 }
        append(.variable, end - position)
    }

    private mutating func number() {
        var length = 0
        if byte(0) == 0x30, byte(1) | 0x20 == 0x78 {
            length = 2
            while isHexDigit(byte(length)) { length += 1 }
        } else {
            func digits() { while byte(length) >= 0x30 && byte(length) <= 0x39 { length += 1 } }
            digits()
            if byte(length) == 0x2E { length += 1 }
            digits()
            if byte(length) | 0x20 == 0x65 {
                let sign = byte(length + 1) == 0x2B || byte(length + 1) == 0x2D ? 1 : 0
                if byte(length + 1 + sign) >= 0x30 && byte(length + 1 + sign) <= 0x39 {
                    length += 1 + sign
                    digits()
                }
            }
        }
        append(.number, length)
    }

    private var afterName: Bool {
        guard let last = tokens.last, Int(last.end) == position else { return false }
        return last.kind == .word || last.kind == .quoted
    }

    private mutating func append(_ kind: SQLToken.Kind, _ length: Int) {
        tokens.append(SQLToken(kind: kind, beginsLine: beginsLine, start: Int32(position), end: Int32(position + length)))
        position += length
        beginsLine = false
    }

    // MARK: Words

    private func isWordStart(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x5F || byte >= 0x80 }
    private func isHexDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66 }
    /// `$` and `#` stand within names in Oracle, Db2 and T-SQL.
    private func isWordPart(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == 0x5F || byte == 0x24 || byte >= 0x80
    }

    private mutating func word() {
        let start = position
        var hash = SQLKeywordTable.seed
        while position < text.count {
            let byte = text[position]
            if byte >= 0x80 { return foldedWord(from: start) }
            guard isWordPart(byte) || byte == 0x23 && (position == start || !lexis.contains(.hashComment)) else { break }
            hash = SQLKeywordTable.step(hash, lowercase(byte))
            position += 1
        }
        let length = position - start
        if length <= 2, position < text.count, text[position] == 0x27, prefixed(start, length) { return }
        if length == 1, position < text.count, text[position] == 0x22, lexis.contains(.rawPrefix) || lexis.contains(.tripleQuotes), prefixed(start, length) { return }
        let text = self.text
        let keyword = keywords.keyword(hash: hash, count: length) { lowercase(text[start + $0]) }
        add(keyword, from: start)
    }

    private mutating func add(_ keyword: SQLKeyword, from start: Int, folded: Bool = false) {
        if beginsLine && keyword == .delimiter { return setDelimiter() }
        var kind = SQLToken.Kind.word
        if beginsLine && keyword == .go && endsBatch() { kind = .separator }
        var token = SQLToken(kind: kind, flag: folded, beginsLine: beginsLine, start: Int32(start), end: Int32(position))
        token.keyword = keyword
        tokens.append(token)
        beginsLine = false
    }

    /// A string with letters before its quote: N'…', E'…', r'…', q'[…]', x'…'. The position is then behind it.
    private mutating func prefixed(_ start: Int, _ length: Int) -> Bool {
        let last = text[start + length - 1] | 0x20
        let first = text[start] | 0x20
        let quote = text[position]
        let kind: SQLToken.Kind = quote == 0x27 ? .string : .quoted
        if last == 0x71, length == 1 || first == 0x6E, lexis.contains(.chosenQuotes), quote == 0x27 {
            position = start
            chosen(prefix: length)
            return true
        }
        guard length == 1 || first == 0x72 && last == 0x62 || first == 0x62 && last == 0x72 else { return false }
        let raw = last == 0x72 || first == 0x72
        switch last {
        case 0x65, 0x6E, 0x72, 0x62, 0x78:
            let escapes = raw && lexis.contains(.rawPrefix) ? false : last == 0x65 && lexis.contains(.escapePrefix) || lexis.contains(.backslash)
            position = start
            quoted(quote, kind, prefix: length, escapes: escapes)
            return true
        default: return false
        }
    }

    /// Whether nothing else stands in the line but a count, so that GO ends a batch.
    private func endsBatch() -> Bool {
        var index = position
        while index < text.count, text[index] != 0x0A {
            switch text[index] {
            case 0x20, 0x09, 0x0D, 0x3B, 0x30...0x39: index += 1
            case 0x2D where index + 1 < text.count && text[index + 1] == 0x2D: return true
            default: return false
            }
        }
        return true
    }

    private mutating func setDelimiter() {
        while byte(0) == 0x20 || byte(0) == 0x09 { position += 1 }
        let start = position
        while position < text.count, text[position] > 0x20 { position += 1 }
        delimiter = Array(text[start..<position].prefix(16))
        if delimiter == [0x3B] { delimiter = [] }
    }

    /// A word with other letters than those of ASCII: white space ends it, letters that look like Latin ones count as these.
    private mutating func foldedWord(from start: Int) {
        position = start
        var hash = SQLKeywordTable.seed
        var letters: [UInt8] = []
        var folded = false
        loop: while position < text.count {
            let byte = text[position]
            if byte < 0x80 {
                guard isWordPart(byte) || byte == 0x23 && position == start else { break }
                letters.append(lowercase(byte))
                hash = SQLKeywordTable.step(hash, lowercase(byte))
                position += 1
                continue
            }
            let (scalar, length) = UTF8Scalars.decode(text, at: position)
            switch LookAlikes.meaning(of: scalar) {
            case .space: break loop
            case .nothing:
                guard lexis.contains(.joinsAcrossZeroWidth) else { break loop }
                position += length
                folded = true
            case .letter(let letter):
                folded = true
                letters.append(letter)
                hash = SQLKeywordTable.step(hash, letter)
                position += length
            case .other:
                letters.append(byte)
                hash = SQLKeywordTable.step(hash, byte)
                position += length
            }
        }
        if position == start {
            // White space that takes more than one byte.
            let (scalar, length) = UTF8Scalars.decode(text, at: position)
            if scalar == 0x2028 || scalar == 0x2029 || scalar == 0x85 { beginsLine = true }
            position += length
            return
        }
        guard !letters.isEmpty else { return }
        let keyword = keywords.keyword(hash: hash, count: letters.count) { letters[$0] }
        add(keyword, from: start, folded: folded)
    }

    // MARK: Parentheses

    private mutating func matchParentheses() {
        var open: [Int] = []
        for i in tokens.indices {
            tokens[i].namesBefore = names
            tokens[i].isInParentheses = !open.isEmpty
            switch tokens[i].kind {
            case .symbol:
                switch tokens[i].symbol {
                case 0x28: open.append(i)
                case 0x29: if let opening = open.popLast() { tokens[opening].match = Int32(i) }
                case 0x3B:
                    for opening in open { tokens[opening].match = Int32(i) }
                    open.removeAll(keepingCapacity: true)
                default: break
                }
            case .separator:
                for opening in open { tokens[opening].match = Int32(i) }
                open.removeAll(keepingCapacity: true)
            case .quoted, .variable: names += 1
            case .word:
                let called = i + 1 < tokens.count && tokens[i + 1].symbol == 0x28
                if tokens[i].keyword.mayNameColumn && !called { names += 1 }
            case .string, .number, .meta: break
            }
        }
        for opening in open { tokens[opening].match = Int32(tokens.count) }
    }
}

@inline(__always) func lowercase(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
