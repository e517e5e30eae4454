// Tokens of SQL to the operations of their statements: a shallow parser.

/// Reads one text in one dialect's lexical rules.
///
/// It looks for verbs where a statement can begin, and reads of each only what tells the operation: its object, and whether a condition bounds it. Grammar: ISO/IEC
/// 9075-2 §14 (data manipulation), §11 (schema definition), §12 (access control), §20 (dynamic SQL), and the statements' pages of the vendors named in ``SQLLexis``.
/// T-SQL needs nothing between statements, so a verb with its object also counts behind a complete expression.
struct SQLParser {
    let text: [UInt8]
    let lexis: SQLLexis
    private(set) var tokens: [SQLToken]
    let breaksOff: Bool
    let namesInAll: Int32
    /// How many texts this one stands in.
    let depth: Int
    /// Where all of this text stands in the outermost one, if it is not that one itself.
    let place: Range<Int>?
    /// A bounded number of bytes may be read in texts within the text.
    var budget: Int

    var found: [(operation: SQLOperation, object: String, range: Range<Int>)] = []
    var obscurities: [Obscurity] = []
    /// Plain assignments of strings, by the variable's name in lower case.
    var variables: [String: ConstantText] = [:]

    /// Up to this token statements are part of a routine that is defined, not run.
    var definitionEnd = 0
    var routine = ""
    /// Tokens that may still be looked at to find where routines end. Without them a routine ends with its first statement.
    var steps: Int
    var forcedStart = -1
    /// Behind the last semicolon.
    var statementStart = 0
    private var knownEnd = (from: 0, end: -1)
    private let isDefinition: Bool
    /// Where the last statement begins: what stands before is whole even if the text breaks off. A byte of the text; known once the tokens are given back.
    private(set) var lastStatementStart = 0
    /// Whether a routine extends to the end of its batch, as in T-SQL.
    let batches: Bool

    static let deepest = 5

    init(_ text: [UInt8], _ lexis: SQLLexis, batches: Bool, depth: Int, place: Range<Int>?, budget: Int, isDefinition: Bool = false) {
        var tokenizer = SQLTokenizer(text, lexis)
        tokenizer.run()
        self.text = text
        self.lexis = lexis
        tokens = tokenizer.tokens
        breaksOff = tokenizer.breaksOff
        namesInAll = tokenizer.names
        self.depth = depth
        self.place = place
        self.budget = budget
        self.isDefinition = isDefinition
        self.batches = batches
        steps = 4 * tokenizer.tokens.count
    }

    // MARK: Tokens

    func keyword(_ i: Int) -> SQLKeyword { i >= 0 && i < tokens.count ? tokens[i].keyword : .none }
    /// The keyword, if its letters are exactly these. What bounds a statement must be known to bound it.
    func exactKeyword(_ i: Int) -> SQLKeyword { i >= 0 && i < tokens.count && !tokens[i].flag ? tokens[i].keyword : .none }
    func symbol(_ i: Int) -> UInt8 { i >= 0 && i < tokens.count ? tokens[i].symbol : 0 }
    func text(_ i: Int) -> ArraySlice<UInt8> { text[Int(tokens[i].start)..<Int(tokens[i].end)] }
    func kind(_ i: Int) -> SQLToken.Kind { i >= 0 && i < tokens.count ? tokens[i].kind : .separator }

    /// A token's text without its quotes, escapes resolved.
    func contents(_ i: Int) -> [UInt8] {
        let token = tokens[i]
        guard token.opening > 0 else { return Array(text(i)) }
        let raw = text[min(Int(token.start) + Int(token.opening), Int(token.end) - Int(token.closing))..<Int(token.end) - Int(token.closing)]
        let quote: UInt8 = text[Int(token.start) + Int(token.opening) - 1]
        let doubles = quote == 0x27 || quote == 0x22 || quote == 0x60 || quote == 0x5B
        guard doubles, raw.contains(where: { $0 == quote || $0 == 0x5C || $0 == 0x5D }) else { return Array(raw) }
        let closing: UInt8 = quote == 0x5B ? 0x5D : quote
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var i = raw.startIndex
        while i < raw.endIndex {
            let byte = raw[i]
            let next = i + 1 < raw.endIndex ? raw[i + 1] : 0
            if byte == closing && next == closing {
                bytes.append(byte)
                i += 2
            } else if byte == 0x5C && token.flag && i + 1 < raw.endIndex {
                i += 2
                switch next {
                case 0x6E: bytes.append(0x0A)
                case 0x74: bytes.append(0x09)
                case 0x72: bytes.append(0x0D)
                case 0x30: bytes.append(0)
                case 0x78:
                    var value: UInt8 = 0
                    var digits = 0
                    while digits < 2, i < raw.endIndex, let digit = Character(Unicode.Scalar(raw[i])).hexDigitValue {
                        value = value << 4 | UInt8(digit)
                        digits += 1
                        i += 1
                    }
                    bytes.append(value)
                default: bytes.append(next)
                }
            } else {
                bytes.append(byte)
                i += 1
            }
        }
        return bytes
    }

    func variableName(_ i: Int) -> String { String(decoding: text(i).drop { $0 == 0x3A }.map(lowercase), as: UTF8.self) }

    func isName(_ i: Int) -> Bool {
        switch kind(i) {
        case .word: keyword(i).mayNameColumn
        case .quoted, .string, .variable, .number: true
        default: false
        }
    }

    /// A name with its qualifiers, and the index behind it. Empty if there is none.
    func name(_ first: Int) -> (object: String, next: Int) {
        var i = first
        var object: [UInt8] = []
        while isName(i) || i > first && kind(i) == .word || i > first && symbol(i) == 0x2A {
            object += kind(i) == .quoted || kind(i) == .string ? contents(i) : Array(text(i))
            i += 1
            // 2024_logs, @{x}, my-project.
            while i < tokens.count, tokens[i].start == tokens[i - 1].end, kind(i - 1) == .number && kind(i) == .word || kind(i - 1) == .variable && kind(i) != .symbol || symbol(i) == 0x2D && isName(i + 1) && tokens[i + 1].start == tokens[i].end || symbol(i - 1) == 0x2D && isName(i) {
                object += text(i)
                i += 1
            }
            guard symbol(i) == 0x2E else { break }
            while symbol(i) == 0x2E {
                object.append(0x2E)
                i += 1
            }
        }
        // Where [ ] are no quotes, they stand for themselves.
        return (String(decoding: object, as: UTF8.self), i)
    }

    /// The end of the statement that a token belongs to: its semicolon, or what else ends it.
    mutating func statementEnd(_ i: Int) -> Int {
        if i >= knownEnd.from && i <= knownEnd.end { return knownEnd.end }
        var end = i
        while end < tokens.count, symbol(end) != 0x3B, kind(end) != .separator, kind(end) != .meta { end += 1 }
        knownEnd = (i, end)
        return end
    }

    // MARK: Findings

    mutating func emit(_ operation: SQLOperation, _ object: String = "", _ first: Int, _ next: Int) {
        let range = outerRange(first, next)
        if first < definitionEnd || isDefinition {
            guard operation.isDestructive else { return }
            found.append((.defineDestructive, routine.isEmpty ? object : routine, range))
        } else {
            found.append((operation, object, range))
        }
    }

    func outerRange(_ first: Int, _ next: Int) -> Range<Int> {
        if let place { return place }
        guard !tokens.isEmpty else { return 0..<0 }
        let first = min(first, tokens.count - 1)
        let last = max(first, min(next, tokens.count) - 1)
        return Int(tokens[first].start)..<Int(tokens[last].end)
    }

    mutating func obscure(_ reason: Obscurity.Reason, _ first: Int, _ next: Int) {
        guard first >= definitionEnd, !isDefinition else { return }
        obscurities.append(Obscurity(reason, range: outerRange(first, next)))
    }

    /// Reads a text that a statement runs.
    mutating func read(_ inner: [UInt8], at range: Range<Int>, asDefinition: Bool = false) {
        let outer = outerRange(range.lowerBound, range.upperBound)
        guard depth < Self.deepest else { return obscure(.tooDeep, range.lowerBound, range.upperBound) }
        guard inner.count <= budget else { return obscure(.tooLong, range.lowerBound, range.upperBound) }
        budget -= inner.count
        var parser = SQLParser(inner, lexis, batches: batches, depth: depth + 1, place: outer, budget: budget, isDefinition: asDefinition || isDefinition || range.lowerBound < definitionEnd)
        parser.routine = routine
        parser.variables = variables
        parser.run()
        budget = parser.budget
        found += parser.found
        obscurities += parser.obscurities
    }

    /// Reads the text that the expression from a token on makes, and says so if it is not known in full.
    @discardableResult
    mutating func readText(from first: Int, to end: Int) -> Int {
        let text = constantText(from: first, to: end)
        budget -= text.bytes.count / 4
        guard !text.range.isEmpty else {
            obscure(.computed, first, max(end, first + 1))
            return first
        }
        if !text.isComplete { obscure(.computed, first, text.range.upperBound) }
        if budget > 0 { read(text.bytes, at: text.range) } else { obscure(.tooLong, first, text.range.upperBound) }
        return text.range.upperBound
    }

    // MARK: Statements

    /// How surely a statement can begin at a token.
    enum Start { case no, afterExpression, yes }

    func start(_ i: Int) -> Start {
        if i == 0 || i == forcedStart { return .yes }
        let start = startAfter(i)
        // Statements without anything between them do not stand in parentheses.
        return start == .afterExpression && tokens[i].isInParentheses ? .no : start
    }

    func startAfter(_ i: Int) -> Start {
        let previous = tokens[i - 1]
        switch previous.kind {
        case .separator, .meta: return .yes
        case .string, .number, .variable, .quoted: return .afterExpression
        case .symbol:
            switch previous.symbol {
            case 0x3B, 0x28, 0x7D, 0x7B: return .yes
            case 0x29, 0x5D, 0x2A: return .afterExpression
            case 0x3E: return symbol(i - 2) == 0x3E ? .yes : .no
            case 0x3A: return .afterExpression
            case 0x2F: return previous.beginsLine && tokens[i].beginsLine ? .yes : .no
            case 0x5C: return .afterExpression
            default: return .no
            }
        case .word:
            switch previous.keyword {
            case .begin, .then, .else, .loop, .do, .repeat, .as, .is, .atomic, .try, .catch, .work, .tran, .transaction, .end, .instead: return .yes
            case .none, .null, .true, .false: return .afterExpression
            case .on, .of, .or, .for, .after, .before, .key, .commit, .only, .statement, .to, .no: return .no
            default: return previous.keyword.mayNameColumn ? .afterExpression : .no
            }
        }
    }

    mutating func run() {
        var i = 0
        while i < tokens.count {
            if i > 0, symbol(i - 1) == 0x3B || kind(i - 1) == .separator { statementStart = i }
            switch tokens[i].kind {
            case .word:
                let next = tokens[i].keyword == .none ? i : word(i)
                i = max(next, i + 1)
            case .meta:
                meta(i)
                i += 1
            case .variable:
                assignment(i)
                i += 1
            default:
                i += 1
            }
        }
    }

    /// What a keyword says, if it says something where it stands; the index to go on from.
    mutating func word(_ i: Int) -> Int {
        let keyword = tokens[i].keyword
        if let next = effect(of: keyword, at: i) { return next }
        switch keyword {
        case .delete, .del, .update, .upd, .drop, .truncate, .insert, .ins, .replace, .upsert, .merge, .create, .alter, .grant, .revoke, .deny, .execute, .exec, .call, .copy, .load, .unload,
            .export, .attach, .detach, .shutdown, .kill, .rename, .explain, .describe, .desc, .prepare, .do, .set, .declare, .reset, .purge, .restore, .system, .vacuum, .bulk,
            .remove, .rm, .host, .source, .install, .select, .sel, .into, .flashback, .reassign, .define, .waitfor, .import_, .reconfigure, .fetch, .handler, .dbcc, .exchange, .let:
            let start = start(i)
            if keyword == .into { return into(i) }
            guard start != .no else { return i + 1 }
            // In parentheses only what reads or changes rows is run.
            if symbol(i - 1) == 0x28, ![.select, .sel, .insert, .update, .upd, .delete, .del, .merge, .replace].contains(keyword), i >= definitionEnd { return i + 1 }
            return statement(i, keyword, start == .yes)
        default: return i + 1
        }
    }

    mutating func statement(_ i: Int, _ verb: SQLKeyword, _ surely: Bool) -> Int {
        switch verb {
        case .delete, .del: return delete(i, surely)
        case .update, .upd: return update(i, surely)
        case .drop: return drop(i, surely)
        case .truncate: return truncate(i, surely)
        case .create: return create(i, surely)
        case .alter: return alter(i, surely)
        case .merge: return merge(i)
        case .execute, .exec, .call: return execute(i, surely)
        case .grant, .revoke, .deny: return grant(i)
        case .insert, .ins, .upsert:
            if keyword(i + 1) == .overwrite {
                var next = i + 2
                while [.table, .into, .directory, .local].contains(keyword(next)) { next += 1 }
                let (object, end) = name(next)
                let isFile = keyword(i + 2) == .directory || keyword(i + 3) == .directory
                emit(isFile ? .writeFile : .insertOverwrite, object, i, end)
                return end
            }
            // Multi-table and conditional inserts have words before INTO.
            var next = i + 1
            while next < i + 6, keyword(next) != .into, !(keyword(next) == .none && isName(next)), next < tokens.count { next += 1 }
            if keyword(next) == .into { next += 1 }
            while [.table, .function].contains(keyword(next)) { next += 1 }
            let (object, end) = name(next)
            guard surely || keyword(i + 1) == .into else { return i + 1 }
            emit(.insert, object, i, end)
            return end
        case .replace:
            guard surely, symbol(i + 1) != 0x28 else { return i + 1 }
            if [.function, .procedure, .macro, .view, .trigger].contains(keyword(i + 1)) { return create(i, surely) }
            if keyword(i + 1) == .table || keyword(i + 2) == .table {
                let (object, end) = name(keyword(i + 1) == .table ? i + 2 : i + 3)
                emit(.replaceTable, object, i, end)
                return end
            }
            var next = i + 1
            while [.low_priority, .delay, .into].contains(keyword(next)) { next += 1 }
            guard keyword(i + 1) == .into || isName(next) else { return i + 1 }
            let (object, end) = name(next)
            let follows = keyword(end) == .values || keyword(end) == .select || keyword(end) == .set || symbol(end) == 0x28 || keyword(i + 1) == .into || keyword(end) == .none && kind(end) == .word
            guard follows else { return i + 1 }
            emit(.replaceRows, object, i, end)
            return end
        case .select, .sel:
            var before = i - 1
            while before >= statementStart, symbol(before) == 0x28 { before -= 1 }
            if before < statementStart || symbol(i - 1) != 0x28 && (surely || keyword(statementStart) == .with) { emit(.select, "", i, i + 1) }
            return i + 1
        case .explain, .describe, .desc: return explain(i, surely)
        case .copy: return copy(i, surely)
        case .load: return load(i, surely)
        case .unload:
            guard surely, keyword(i + 1) != .table || kind(i + 2) != .separator else { return i + 1 }
            guard symbol(i + 1) == 0x28 || keyword(i + 1) == .to || kind(i + 1) == .string else { return i + 1 }
            emit(.writeFile, "", i, i + 1)
            return i + 1
        case .export:
            guard surely, i + 1 < tokens.count, kind(i + 1) != .symbol || symbol(i + 1) == 0x28 else { return i + 1 }
            emit(.writeFile, name(i + 1).object, i, i + 2)
            return i + 1
        case .import_:
            guard surely, keyword(i + 1) == .into || keyword(i + 1) == .from || keyword(i + 1) == .table || keyword(i + 1) == .database || keyword(i + 1) == .foreign else { return i + 1 }
            emit(.load, "", i, i + 2)
            return i + 1
        case .attach, .detach:
            guard surely, isName(i + 1) || keyword(i + 1) == .database || keyword(i + 1) == .table else { return i + 1 }
            var next = i + 1
            while [.database, .table, .if, .not, .exists, .dictionary, .view].contains(keyword(next)) { next += 1 }
            let (object, end) = name(next)
            guard end > next else { return i + 1 }
            emit(verb == .attach ? .attach : .detach, object, i, end)
            return end
        case .shutdown:
            guard surely, i + 1 == statementEnd(i) || [.with, .immediate, .transaction].contains(keyword(i + 1)) || kind(i + 1) == .word else { return i + 1 }
            guard i + 1 == statementEnd(i) || [.with, .immediate].contains(keyword(i + 1)) || depth == 0 && tokens.count <= i + 3 else { return i + 1 }
            emit(.shutdown, "", i, i + 1)
            return i + 1
        case .kill:
            guard surely, isName(i + 1) || keyword(i + 1) == .query || keyword(i + 1) == .all || keyword(i + 1) == .session || keyword(i + 1) == .mutation else { return i + 1 }
            let end = min(statementEnd(i), i + 5)
            emit(keyword(i + 1) == .query ? .cancelQuery : .killSession, name(max(i + 1, min(i + 2, end - 1))).object, i, end)
            return i + 2
        case .rename:
            guard surely, kind(i + 1) == .word || kind(i + 1) == .quoted else { return i + 1 }
            let isKind = [.table, .tables, .column, .index, .database, .user, .schema, .view, .dictionary, .role, .sequence].contains(keyword(i + 1))
            let (object, end) = name(isKind ? i + 2 : i + 1)
            guard isKind || keyword(end) == .to else { return i + 1 }
            emit(.rename, object, i, end)
            return end
        case .prepare:
            guard surely, isName(i + 1) else { return i + 1 }
            var next = i + 2
            if symbol(next) == 0x28 { next = Int(tokens[next].match) + 1 }
            if keyword(next) == .as {
                forcedStart = next + 1
                return next + 1
            }
            guard keyword(next) == .from else { return i + 1 }
            if kind(next + 1) == .word, [.select, .insert, .update, .delete, .drop, .truncate, .create, .alter, .merge, .with].contains(keyword(next + 1)) {
                forcedStart = next + 1
                return next + 1
            }
            return readText(from: next + 1, to: statementEnd(i))
        case .do:
            guard surely, keyword(i - 1) != .conflict else { return i + 1 }
            var next = i + 1
            if keyword(next) == .language { next += 2 }
            guard kind(next) == .string else { return i + 1 }
            read(contents(next), at: next..<next + 1)
            return next + 1
        case .set:
            guard surely else { return i + 1 }
            return set(i)
        case .let:
            guard surely, isName(i + 1) else { return i + 1 }
            assignment(i + 1)
            return i + 1
        case .declare:
            guard surely else { return i + 1 }
            declare(i)
            return i + 1
        case .reset:
            guard surely, keyword(i + 1) == .master || keyword(i + 1) == .binary || keyword(i + 1) == .slave || keyword(i + 1) == .replica else { return i + 1 }
            emit(.purgeHistory, "", i, i + 2)
            return i + 2
        case .purge:
            guard surely, [.binary, .master, .table, .index, .database, .tablespace, .system].contains(keyword(i + 1)) || ["recyclebin", "dba_recyclebin"].contains(name(i + 1).object.lowercased()) else { return i + 1 }
            emit(.purgeHistory, "", i, i + 2)
            return i + 2
        case .restore, .flashback:
            guard surely, [.database, .table, .logs, .tablespace, .replicas, .schema].contains(keyword(i + 1)) || kind(i + 1) == .variable else { return i + 1 }
            let (object, end) = name(i + 2)
            emit(.restore, object, i, end)
            return end
        case .reassign:
            guard surely, keyword(i + 1) == .owned else { return i + 1 }
            emit(.alterUser, "", i, i + 2)
            return i + 2
        case .system:
            guard surely else { return i + 1 }
            return system(i)
        case .vacuum:
            // Delta Lake: without history nothing can be restored.
            let end = statementEnd(i)
            guard surely else { return i + 1 }
            for k in i..<min(end, i + 12) where kind(k) == .number && text(k).elementsEqual([0x30]) {
                emit(.purgeHistory, name(i + 1).object, i, k + 1)
                break
            }
            return i + 1
        case .bulk:
            guard keyword(i + 1) == .insert else { return i + 1 }
            let (object, end) = name(i + 2)
            emit(.readFile, object, i, end)
            return end
        case .remove, .rm:
            guard surely, kind(i + 1) == .variable else { return i + 1 }
            emit(.removeFile, String(decoding: text(i + 1), as: UTF8.self), i, i + 2)
            return i + 2
        case .host, .source:
            guard tokens[i].beginsLine, i == 0 || symbol(i - 1) == 0x3B || kind(i - 1) == .meta, isName(i + 1), symbol(i + 2) != 0x3D else { return i + 1 }
            emit(verb == .host ? .runProgram : .runScript, "", i, i + 2)
            return i + 1
        case .install:
            guard surely, keyword(i + 1) == .plugin || keyword(i + 1) == .component || kind(i + 1) == .string || kind(i + 1) == .word && i + 2 >= statementEnd(i) else { return i + 1 }
            emit(.loadCode, "", i, i + 2)
            return i + 2
        case .waitfor:
            guard keyword(i + 1) == .delay || keyword(i + 1) == .time else { return i + 1 }
            emit(.delay, "", i, i + 2)
            return i + 2
        case .reconfigure:
            guard surely else { return i + 1 }
            emit(.configureServer, "", i, i + 1)
            return i + 1
        default: return i + 1
        }
    }

    /// Gives the tokens back: of a text that is read by the rules of many dialects only what was found is kept.
    mutating func dropTokens() {
        let last = tokens.lastIndex { $0.symbol == 0x3B || $0.kind == .separator || $0.kind == .meta }
        lastStatementStart = last.map { Int(tokens[$0].end) } ?? 0
        tokens = []
    }
}
