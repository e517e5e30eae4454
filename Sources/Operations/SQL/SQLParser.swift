// Tokens of SQL to the operations of their statements: a shallow parser.

/// Reads one text in one dialect's lexical rules.
///
/// It looks for verbs where a statement can begin, and reads of each only what tells the operation: its object, and whether a condition bounds it. Grammar: ISO/IEC
/// 9075-2 §14 (data manipulation), §11 (schema definition), §12 (access control), §20 (dynamic SQL), and the statements' pages of the vendors named in ``SQLLexis``.
/// T-SQL needs nothing between statements, so a verb with its object also counts behind a complete expression.
struct SQLParser {
    let text: [UInt8]
    let lexis: SQLLexis
    let tokens: [SQLToken]
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
    private var definitionEnd = 0
    private var routine = ""
    /// Tokens that may still be looked at to find where routines end. Without them a routine ends with its first statement.
    private var steps: Int
    private var forcedStart = -1
    /// Behind the last semicolon.
    private var statementStart = 0
    private var knownEnd = (from: 0, end: -1)
    private let isDefinition: Bool
    /// Whether a routine extends to the end of its batch, as in T-SQL.
    private let batches: Bool

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
    private func exactKeyword(_ i: Int) -> SQLKeyword { i >= 0 && i < tokens.count && !tokens[i].flag ? tokens[i].keyword : .none }
    func symbol(_ i: Int) -> UInt8 { i >= 0 && i < tokens.count ? tokens[i].symbol : 0 }
    func text(_ i: Int) -> ArraySlice<UInt8> { text[Int(tokens[i].start)..<Int(tokens[i].end)] }
    private func kind(_ i: Int) -> SQLToken.Kind { i >= 0 && i < tokens.count ? tokens[i].kind : .separator }

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

    private func isName(_ i: Int) -> Bool {
        switch kind(i) {
        case .word: keyword(i).mayNameColumn
        case .quoted, .string, .variable, .number: true
        default: false
        }
    }

    /// A name with its qualifiers, and the index behind it. Empty if there is none.
    private func name(_ first: Int) -> (object: String, next: Int) {
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
    private mutating func statementEnd(_ i: Int) -> Int {
        if i >= knownEnd.from && i <= knownEnd.end { return knownEnd.end }
        var end = i
        while end < tokens.count, symbol(end) != 0x3B, kind(end) != .separator, kind(end) != .meta { end += 1 }
        knownEnd = (i, end)
        return end
    }

    // MARK: Findings

    private mutating func emit(_ operation: SQLOperation, _ object: String = "", _ first: Int, _ next: Int) {
        let range = outerRange(first, next)
        if first < definitionEnd || isDefinition {
            guard operation.isDestructive else { return }
            found.append((.defineDestructive, routine.isEmpty ? object : routine, range))
        } else {
            found.append((operation, object, range))
        }
    }

    private func outerRange(_ first: Int, _ next: Int) -> Range<Int> {
        if let place { return place }
        guard !tokens.isEmpty else { return 0..<0 }
        let first = min(first, tokens.count - 1)
        let last = max(first, min(next, tokens.count) - 1)
        return Int(tokens[first].start)..<Int(tokens[last].end)
    }

    private mutating func obscure(_ reason: Obscurity.Reason, _ first: Int, _ next: Int) {
        guard first >= definitionEnd, !isDefinition else { return }
        obscurities.append(Obscurity(reason, range: outerRange(first, next)))
    }

    /// Reads a text that a statement runs.
    private mutating func read(_ inner: [UInt8], at range: Range<Int>, asDefinition: Bool = false) {
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
    private mutating func readText(from first: Int, to end: Int) -> Int {
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
    private enum Start { case no, afterExpression, yes }

    private func start(_ i: Int) -> Start {
        if i == 0 || i == forcedStart { return .yes }
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
    private mutating func word(_ i: Int) -> Int {
        let keyword = tokens[i].keyword
        if let next = effect(of: keyword, at: i) { return next }
        switch keyword {
        case .delete, .del, .update, .upd, .drop, .truncate, .insert, .ins, .replace, .upsert, .merge, .create, .alter, .grant, .revoke, .deny, .execute, .exec, .call, .copy, .load, .unload,
            .export, .attach, .detach, .shutdown, .kill, .rename, .explain, .describe, .desc, .prepare, .do, .set, .declare, .reset, .purge, .restore, .system, .vacuum, .bulk,
            .remove, .rm, .host, .source, .install, .select, .sel, .into, .flashback, .reassign, .define, .waitfor, .import_, .reconfigure, .fetch, .handler, .dbcc, .exchange, .let:
            let start = start(i)
            if keyword == .into { return into(i) }
            guard start != .no else { return i + 1 }
            return statement(i, keyword, start == .yes)
        default: return i + 1
        }
    }

    private mutating func statement(_ i: Int, _ verb: SQLKeyword, _ surely: Bool) -> Int {
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
            if symbol(i - 1) != 0x28, surely || keyword(statementStart) == .with { emit(.select, "", i, i + 1) }
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

    // MARK: Rows

    /// What stands in a statement on rows, from behind its table to its end.
    private struct Clauses {
        var condition: Range<Int>?
        var isLimited = false
        var setsColumns = false
        var end: Int
        /// Not broken off: no operator or FROM is left without what it needs, no parenthesis open.
        var isWhole = true
    }

    private mutating func clauses(from first: Int) -> Clauses {
        let limit = statementEnd(first)
        var clauses = Clauses(end: limit)
        var cases = 0
        var whereStart: Int?
        var conditionEnd: Int?
        var i = first
        scan: while i < limit {
            let byte = symbol(i)
            if byte == 0x28 {
                let close = Int(tokens[i].match)
                if close >= limit {
                    clauses.isWhole = false
                    i = limit
                    break
                }
                i = close + 1
                continue
            }
            if byte == 0x29 { break }
            if kind(i) == .word {
                switch exactKeyword(i) {
                case .case: cases += 1
                case .end where cases > 0: cases -= 1
                case .where where whereStart == nil: whereStart = i + 1
                case .set where whereStart == nil: clauses.setsColumns = true
                case .limit where i + 1 < limit && kind(i + 1) != .symbol,
                    .top where symbol(i + 1) == 0x28 || kind(i + 1) == .number:
                    clauses.isLimited = clauses.isLimited || keyword(i) == .limit || keyword(i) == .top
                    if whereStart != nil, conditionEnd == nil { conditionEnd = i }
                case .fetch where keyword(i + 1) == .first:
                    clauses.isLimited = true
                    if whereStart != nil, conditionEnd == nil { conditionEnd = i }
                case .order where keyword(i + 1) == .by,
                    .option where symbol(i + 1) == 0x28,
                    .returning,
                    .settings,
                    .output:
                    if whereStart != nil, conditionEnd == nil { conditionEnd = i }
                case .select, .insert, .update, .delete, .drop, .alter, .create, .execute, .exec, .truncate, .merge, .print, .declare, .while, .begin, .return_, .raiserror, .else, .end, .commit,
                    .rollback, .grant, .call:
                    if cases == 0, start(i) != .no, !(keyword(i) == .else && keyword(i + 1) == .insert) { break scan }
                case .if:
                    if cases == 0, i > first, symbol(i + 1) != 0x28, start(i) != .no, keyword(i + 1) != .exists || kind(i - 1) != .word || !tokens[i].beginsLine == false { break scan }
                default: break
                }
            }
            i += 1
        }
        clauses.end = i
        if let whereStart { clauses.condition = whereStart..<max(whereStart, min(conditionEnd ?? i, i)) }
        if i > first, danglesAfter(i - 1) { clauses.isWhole = false }
        return clauses
    }

    /// Whether a statement cannot end with a token.
    private func danglesAfter(_ i: Int) -> Bool {
        switch kind(i) {
        case .symbol: return "=<>+-/|&,.(!%^~".utf8.contains(symbol(i))
        case .word: return [.from, .join, .set, .where, .on, .and, .or, .into, .by, .in, .values, .as, .using, .not, .like, .between].contains(keyword(i))
        default: return false
        }
    }

    /// The operation on rows with the given clauses.
    private func bounds(_ clauses: Clauses, _ all: SQLOperation, _ limited: SQLOperation, _ bounded: SQLOperation) -> SQLOperation {
        if let condition = clauses.condition {
            if condition.isEmpty || truth(of: condition) == .always { return clauses.isLimited ? limited : all }
            return bounded
        }
        return clauses.isLimited ? limited : all
    }

    private mutating func delete(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        var isHistory = false
        var isLimited = false
        loop: while true {
            switch keyword(next) {
            case .low_priority, .quick, .ignore: next += 1
            case .history:
                isHistory = keyword(next + 1) == .from
                guard isHistory else { break loop }
                next += 1
            case .top where symbol(next + 1) == 0x28:
                isLimited = true
                next = Int(tokens[next + 1].match) + 1
            case .top where kind(next + 1) == .number:
                isLimited = true
                next += 2
            default: break loop
            }
        }
        let hasFrom = keyword(next) == .from
        guard hasFrom || surely else { return i + 1 }
        // Teradata empties a database.
        if !hasFrom, keyword(next) == .database || keyword(next) == .user, isName(next + 1) {
            let (object, end) = name(next + 1)
            emit(.dropDatabase, object, i, end)
            return end
        }
        if hasFrom { next += 1 }
        if keyword(next) == .only { next += 1 }
        if keyword(next) == .table && symbol(next + 1) != 0x28 { next += 1 }
        let isExpression = symbol(next) == 0x28
        let (object, afterName) = name(next)
        guard afterName > next || isExpression else { return i + 1 }
        if !hasFrom, keyword(next) == .statistics || kind(next) == .number || kind(next) == .string { return i + 1 }
        // DELETE a, b FROM …: not a name if an operator follows.
        if !hasFrom, "=<>+-/|&.!%:".utf8.contains(symbol(afterName)) { return i + 1 }
        let clauses = clauses(from: afterName)
        guard clauses.isWhole else { return afterName }
        if !hasFrom, clauses.condition == nil, afterName < clauses.end, !["from", "all", "output", "top", "option", "with", "as", "returning", "limit", "order"].contains(keyword(afterName).rawValue), symbol(afterName) != 0x2C,
            !(kind(afterName) == .word && keyword(afterName) == .none && afterName + 1 >= clauses.end)
        {
            return i + 1
        }
        var operation = bounds(clauses, .deleteAll, .deleteLimited, .delete)
        if isHistory { operation = .deleteAll } else if isLimited && operation == .deleteAll { operation = .deleteLimited }
        if operation == .deleteAll, !hasFrom || isExpression, keyword(next) == .openquery { operation = .remoteQuery }
        emit(operation, object, i, clauses.condition == nil ? afterName : clauses.end)
        return afterName
    }

    private mutating func update(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        var isLimited = false
        loop: while true {
            switch keyword(next) {
            case .low_priority, .ignore, .only: next += 1
            case .or where kind(next + 1) == .word: next += 2
            case .top where symbol(next + 1) == 0x28:
                isLimited = true
                next = Int(tokens[next + 1].match) + 1
            default: break loop
            }
        }
        guard keyword(next) != .statistics else { return i + 1 }
        let (object, afterName) = name(next)
        guard afterName > next || symbol(next) == 0x28 else { return i + 1 }
        let clauses = clauses(from: afterName)
        guard clauses.setsColumns, clauses.isWhole else { return i + 1 }
        var operation = bounds(clauses, .updateAll, .updateLimited, .update)
        if isLimited && operation == .updateAll { operation = .updateLimited }
        if keyword(next) == .openquery { operation = .remoteQuery }
        emit(operation, object, i, clauses.condition == nil ? afterName : clauses.end)
        return afterName
    }

    private mutating func merge(_ i: Int) -> Int {
        guard keyword(i + 1) == .into || isName(i + 1), symbol(i + 1) != 0x28, keyword(i + 1) != .join else { return i + 1 }
        let end = statementEnd(i)
        let (object, afterName) = name(keyword(i + 1) == .into ? i + 2 : i + 1)
        var deletes = false
        var merges = false
        var k = afterName
        while k < end {
            if symbol(k) == 0x28 {
                k = max(k + 1, Int(tokens[k].match) + 1)
                continue
            }
            if symbol(k) == 0x29 { break }
            if keyword(k) == .using { merges = true }
            if keyword(k) == .delete, keyword(k - 1) == .then || keyword(k + 1) == .where { deletes = true }
            if k > afterName, [.drop, .truncate].contains(keyword(k)), start(k) != .no { break }
            k += 1
        }
        guard merges else { return i + 1 }
        emit(deletes ? .mergeDelete : .merge, object, i, afterName)
        return k
    }

    private mutating func truncate(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        let hasTable = keyword(next) == .table || keyword(next) == .tables
        guard surely || hasTable, symbol(next) != 0x28 else { return i + 1 }
        if keyword(next) == .database || keyword(next) == .all && keyword(next + 1) == .tables || keyword(next) == .tables && keyword(next + 1) == .from {
            while [.database, .all, .tables, .from, .if, .exists].contains(keyword(next)) { next += 1 }
            let (object, end) = name(next)
            emit(.truncateDatabase, object, i, end)
            return end
        }
        if keyword(next) == .audit, keyword(next + 1) == .logs {
            emit(.purgeHistory, "", i, next + 2)
            return next + 2
        }
        while [.table, .temporary, .if, .exists, .only, .cluster, .materialized, .view, .foreign].contains(keyword(next)) { next += 1 }
        let (object, end) = name(next)
        guard end > next else { return i + 1 }
        if !hasTable, end < statementEnd(i), symbol(end) != 0x2C, symbol(end) != 0x2A, symbol(end) != 0x29, kind(end) == .word, keyword(end) == .none || keyword(end) == .table || keyword(end) == .from { return i + 1 }
        if !hasTable, symbol(end) == 0x3D || symbol(end) == 0x28 { return i + 1 }
        emit(.truncateTable, object, i, end)
        return end
    }

    // MARK: Objects

    private static let modifiers: Set<SQLKeyword> = [
        .temporary, .temp, .external, .foreign, .materialized, .virtual, .force, .unique, .dynamic, .hybrid, .iceberg, .transient, .volatile, .global, .local, .snapshot, .public_, .search,
        .vector, .fulltext, .bitmap, .spatial, .clustered, .nonclustered, .streaming, .live, .unlogged, .cached, .row, .security, .masking, .access, .private, .all, .full, .text, .join,
        .primary, .symmetric, .asymmetric, .master, .availability, .network, .password, .session, .storage, .api, .notification, .projection, .server, .resource, .aggregate, .shared, .no, .undo, .trusted,
    ]

    /// The operation that drops an object of a kind, nil if the word is none.
    private func dropping(_ kind: SQLKeyword) -> SQLOperation? {
        switch kind {
        case .table, .tables, .columnfamily: .dropTable
        case .database, .databases, .keyspace, .catalog, .namespace, .container, .cluster: .dropDatabase
        case .schema, .schemas: .dropSchema
        case .tablespace, .bufferpool, .nodegroup, .disk, .storage: .dropTablespace
        case .user, .role, .login, .group: .dropUser
        case .owned: .dropOwned
        case .view, .views, .synonym: .dropView
        case .index, .indexes: .dropIndex
        case .function, .procedure, .proc, .trigger, .package, .event, .task, .macro, .method, .aggregate, .routine, .assembly, .library, .script, .rule, .alert, .operator_, .flow: .dropRoutine
        case .stage, .volume, .bucket, .warehouse, .share, .datashare, .publication, .subscription, .stream, .pipe, .integration, .connection, .server, .repository, .app, .application, .model,
            .replica, .availability, .snapshot, .secret, .backup, .reservation, .capacity:
            .dropStorage
        case .sequence, .type, .domain, .policy, .extension, .queue, .service, .resource, .profile, .dictionary, .language, .cast, .collation, .conversion, .assignment, .graph, .property,
            .connector, .branch, .tag, .consumer, .statistics, .stats, .default, .partition, .column, .constraint, .primary, .prepare, .quota, .session, .credential, .certificate, .contract, .message,
            .text, .access, .transform, .foreign, .body, .hint, .link, .variable, .query, .search, .key, .context, .directory, .outline, .comment, .format, .statement, .plan, .file, .list:
            .dropObject
        default: nil
        }
    }

    private mutating func drop(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        var isTemporary = false
        while Self.modifiers.contains(keyword(next)), next < i + 5, keyword(next + 1) != .none || dropping(keyword(next)) == nil {
            // DROP STORAGE x: the last modifier is the kind itself.
            if dropping(keyword(next)) != nil, dropping(keyword(next + 1)) == nil, !Self.modifiers.contains(keyword(next + 1)) { break }
            if keyword(next) == .temporary || keyword(next) == .temp { isTemporary = true }
            next += 1
        }
        if keyword(i + 1) == .all, keyword(i + 2) == .objects {
            emit(.dropDatabase, "", i, i + 3)
            return i + 3
        }
        guard var operation = dropping(keyword(next)) else {
            guard surely, kind(next) == .word, text(next).first != 0x23, isName(next + 1) || keyword(next + 1) == .if, kind(next + 1) != .number, tokens.count > next + 1, keyword(i - 1) != .as else { return i + 1 }
            let (object, end) = name(keyword(next + 1) == .if ? next + 3 : next + 1)
            emit(.dropObject, object, i, end)
            return end
        }
        if !surely, operation == .dropObject || operation == .dropStorage { return i + 1 }
        let isBody = keyword(next + 1) == .body
        next += isBody ? 2 : 1
        if operation == .dropOwned, keyword(next) == .by { next += 1 }
        if operation == .dropDatabase, keyword(next) == .replica {
            operation = .dropStorage
            next += 1
        }
        if operation == .dropUser, keyword(next) == .mapping { operation = .dropObject; next += 1 }
        while [.if, .exists, .not, .concurrently, .only, .is].contains(keyword(next)) { next += 1 }
        let (object, end) = name(next)
        guard end > next || symbol(next) == 0x5B || operation != .dropTable && operation != .dropObject else { return i + 1 }
        if end == next, symbol(next) != 0x5B, operation != .dropOwned { return i + 1 }
        if operation == .dropTable, isTemporary || object.utf8.first == 0x23 { operation = .dropTemporaryTable }
        emit(operation, object, i, end)
        return end
    }

    private mutating func create(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        var replaces = false
        loop: while next < i + 12 {
            switch keyword(next) {
            case .or where keyword(next + 1) == .replace || keyword(next + 1) == .alter || keyword(next + 1) == .refresh:
                replaces = keyword(next + 1) == .replace
                next += 2
            case .definer, .sql:
                // DEFINER = `u`@`h` SQL SECURITY …
                next += 1
                while next < i + 12, symbol(next) == 0x3D || kind(next) == .quoted || kind(next) == .variable || kind(next) == .string || kind(next) == .word && dropping(keyword(next)) == nil { next += 1 }
            case .trusted, .constraint, .editionable, .noneditionable, .secure, .recursive, .algorithm, .set, .multiset, .copy, .column: next += 1
            case let keyword where Self.modifiers.contains(keyword) && keyword != .server && keyword != .resource:
                if dropping(keyword) != nil, dropping(self.keyword(next + 1)) == nil, !Self.modifiers.contains(self.keyword(next + 1)) { break loop }
                next += 1
            default: break loop
            }
        }
        let kindOfObject = keyword(next)
        guard surely || dropping(kindOfObject) != nil else { return i + 1 }
        let isType = kindOfObject == .type && keyword(next + 1) == .body || kindOfObject == .package
        if kindOfObject == .package || isType, keyword(next + 1) == .body { next += 1 }
        next += 1
        while [.if, .not, .exists, .concurrently].contains(keyword(next)) { next += 1 }
        let (object, afterName) = name(next)
        switch kindOfObject {
        case .function, .procedure, .proc, .trigger, .package, .event, .task, .macro, .rule, .alert, .routine, .flow, .script, .aggregate, .library:
            emit(.createRoutine, object, i, afterName)
            return definition(from: afterName, object)
        case .type where isType:
            emit(.createRoutine, object, i, afterName)
            return definition(from: afterName, object)
        case .user, .role, .login, .group:
            emit(.createUser, object, i, afterName)
            administrator(i, object)
            return afterName
        case .table where keyword(afterName - 1) == .function:
            let (object, afterName) = name(afterName)
            emit(.createRoutine, object, i, afterName)
            return definition(from: afterName, object)
        case .table where replaces:
            emit(.replaceTable, object, i, afterName)
            return afterName
        default:
            guard surely || afterName > next else { return i + 1 }
            emit(replaces ? (kindOfObject == .database || kindOfObject == .schema ? .replaceTable : .replaceObject) : .create, object, i, afterName)
            return afterName
        }
    }

    /// Whether a statement on a user or role makes it one that may do anything.
    private mutating func administrator(_ i: Int, _ object: String) {
        let end = statementEnd(i)
        for k in i..<min(end, i + 64) where [.superuser, .sysadmin, .superadmin, .accountadmin, .dba, .securityadmin, .db_owner].contains(keyword(k)) && symbol(k + 1) != 0x2E || [.quoted, .string].contains(kind(k)) && Self.administrators.contains(contents(k)) {
            emit(.grantAdministrator, object, i, k + 1)
            return
        }
    }

    private static let administrators: Set<[UInt8]> = Set(["sysadmin", "db_owner", "securityadmin", "serveradmin", "ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "rds_superuser", "DBA"].map { Array($0.utf8) })

    /// What a routine holds, from behind its name: read, but not as run. Returns the index of the first token to go on from, which may lie within.
    private mutating func definition(from first: Int, _ object: String) -> Int {
        guard first < tokens.count else { return first }
        // Within another routine nothing more is to be found out.
        guard first >= definitionEnd else { return first }
        routine = object
        definitionEnd = max(definitionEnd, routineEnd(from: first))
        let end = min(statementEnd(first), definitionEnd)
        // A body that is a string.
        var k = first
        while k < end {
            if kind(k) == .string, keyword(k - 1) == .as || keyword(k - 1) == .is || tokens[k].opening > 1 && text[Int(tokens[k].start)] == 0x24 {
                read(contents(k), at: k..<k + 1, asDefinition: true)
            }
            k += 1
        }
        return first
    }

    /// Where the definition of a routine ends: at the END of its block, or with its only statement.
    private mutating func routineEnd(from first: Int) -> Int {
        let limit = statementEnd(first)
        if batches {
            var end = first
            while end < tokens.count, kind(end) != .separator { end += 1 }
            return end
        }
        // The block may begin behind declarations, which end with semicolons themselves.
        var k = first
        var afterAs = false
        while k < tokens.count, kind(k) != .separator, steps > 0 {
            steps -= 1
            switch keyword(k) {
            case .begin where keyword(k + 1) != .tran && keyword(k + 1) != .transaction: return blockEnd(from: k)
            case .as, .is, .declare: afterAs = true
            case .drop, .delete, .truncate, .update, .grant, .alter, .execute, .exec, .call, .insert, .merge, .select, .create:
                if start(k) == .yes, symbol(k - 1) == 0x3B { return limit }
            default: break
            }
            if symbol(k) == 0x3B {
                guard afterAs, declares(k + 1) else { return limit }
            }
            k += 1
        }
        return limit
    }

    /// Whether what follows a semicolon can belong to the declarations of a routine: `name type …;`, `CURSOR …`, `BEGIN`.
    private func declares(_ i: Int) -> Bool {
        keyword(i) == .begin || keyword(i) == .declare || kind(i) == .word && (kind(i + 1) == .word || kind(i + 1) == .quoted) && start(i) == .yes && keyword(i).mayNameColumn
            && ![.do, .copy, .call, .load, .kill, .shutdown, .set, .rename, .attach, .detach].contains(keyword(i))
    }

    /// Behind the END that belongs to a BEGIN; behind the first statement if there is none.
    private mutating func blockEnd(from begin: Int) -> Int {
        var open = 0
        var k = begin
        while k < tokens.count, kind(k) != .separator, steps > 0 {
            steps -= 1
            switch keyword(k) {
            case .begin where keyword(k + 1) != .tran && keyword(k + 1) != .transaction && symbol(k + 1) != 0x3B: open += 1
            case .case where keyword(k - 1) != .end: open += 1
            case .end:
                if [.if, .loop, .while, .repeat, .for].contains(keyword(k + 1)) { break }
                open -= 1
                if open <= 0 { return k + 1 }
            default: break
            }
            k += 1
        }
        return statementEnd(begin)
    }

    private mutating func alter(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        while Self.modifiers.contains(keyword(next)), next < i + 5, dropping(keyword(next)) == nil || dropping(keyword(next + 1)) != nil { next += 1 }
        let kindOfObject = keyword(next)
        guard surely || dropping(kindOfObject) != nil || kindOfObject == .system else { return i + 1 }
        if kindOfObject == .package || kindOfObject == .type, keyword(next + 1) == .body { next += 1 }
        next += 1
        while [.if, .exists, .only].contains(keyword(next)) { next += 1 }
        let (object, afterName) = name(next)
        let end = statementEnd(i)
        switch kindOfObject {
        case .procedure, .proc, .function, .trigger, .view:
            for k in afterName..<max(afterName, min(end, afterName + 400)) where keyword(k) == .as {
                emit(.createRoutine, object, i, afterName)
                return kindOfObject == .view ? afterName : definition(from: afterName, object)
            }
        case .user, .role, .login, .group:
            emit(.alterUser, object, i, afterName)
            administrator(i, object)
            return kindOfObject == .group ? end : afterName
        case .system:
            emit(.configureServer, "", i, next)
            if keyword(next) == .kill || keyword(next) == .disconnect { emit(.killSession, "", i, next + 1) }
            if keyword(next) == .shutdown { emit(.shutdown, "", i, next + 1) }
            return next
        case .server where keyword(i + 2) == .role || keyword(i + 1) == .server:
            emit(keyword(next) == .role || keyword(next - 1) == .role ? .alterUser : .configureServer, object, i, afterName)
            administrator(i, object)
            return afterName
        default: break
        }
        var emitted = false
        var k = afterName
        // Publications, extensions and the like lose a member, not the table.
        let isGroup = [.publication, .extension, .datashare, .share, .policy, .pipe, .group, .subscription, .search, .text, .integration].contains(kindOfObject)
        while k < end {
            let word = keyword(k)
            if symbol(k) == 0x28, kindOfObject != .table || kind(k - 1) != .symbol {
                k = max(k + 1, min(Int(tokens[k].match) + 1, end))
                continue
            }
            if word == .drop || word == .remove, !isGroup, keyword(k + 1) != .not, kind(k - 1) != .symbol || symbol(k - 1) == 0x2C || symbol(k - 1) == 0x29 {
                let part = alteredPart(k)
                if let part {
                    let (inner, innerEnd) = name(part.nameAt)
                    emit(part.operation, part.operation == .dropTable ? inner : object + (inner.isEmpty ? "" : "." + inner), k, max(innerEnd, k + 1))
                    emitted = true
                }
            } else if word == .truncate, keyword(k + 1) == .partition || keyword(k + 1) == .subpartition {
                emit(.truncatePartition, object, k, k + 2)
                emitted = true
            } else if word == .delete, start(k) != .no, keyword(k + 1) == .where || keyword(k + 1) == .in || surely && isName(k + 1) && kindOfObject == .table {
                // ClickHouse: ALTER TABLE t DELETE WHERE …
                let clauses = clauses(from: k + 1)
                emit(bounds(clauses, .deleteAll, .deleteLimited, .delete), object, i, clauses.end)
                return clauses.end
            } else if word == .update, start(k) != .no, symbol(k + 2) == 0x3D || symbol(k + 4) == 0x3D {
                let clauses = clauses(from: k + 1)
                emit(bounds(clauses, .updateAll, .updateLimited, .update), object, i, clauses.end)
                return clauses.end
            } else if word == .rename {
                emit(.rename, object, i, k + 1)
                emitted = true
            } else if word == .exchange || word == .swap || word == .replace && keyword(k + 1) == .partition {
                emit(.replaceTable, object, i, k + 1)
                emitted = true
            } else if k > afterName, start(k) != .no, tokens[k].beginsLine, [.select, .insert, .exec, .execute, .create, .alter, .grant, .print].contains(word) {
                break
            }
            k += 1
        }
        if !emitted { emit(.alter, object, i, afterName) }
        return k
    }

    /// What ALTER … DROP takes away, and where its name stands.
    private func alteredPart(_ k: Int) -> (operation: SQLOperation, nameAt: Int)? {
        var next = k + 1
        while [.foreign, .primary, .unique, .check, .temporary, .skipping, .fulltext].contains(keyword(next)), keyword(next + 1) == .key || keyword(next + 1) == .index || keyword(next + 1) == .table { next += 1 }
        let operation: SQLOperation
        switch keyword(next) {
        case .column, .columns: operation = .dropColumn
        case .partition, .partitions, .part, .detached: operation = .dropPartition
        case .constraint, .key, .primary, .check, .foreign: operation = .dropConstraint
        case .index: operation = .dropIndex
        case .table: operation = .dropTable
        case .default, .identity, .expression, .not, .member, .tag, .tags, .search, .row, .masking, .statistics, .stats, .clustering, .policy: return (.alter, next + 1)
        case .database, .schema, .tablespace: operation = dropping(keyword(next)) ?? .dropObject
        case .if where keyword(next + 2) == .partition: return (.dropPartition, next + 3)
        case .if: return (.dropColumn, next + 2)
        case .all, .feature: return (.alter, next + 1)
        default:
            // DROP name: a column, if a name or a list in parentheses.
            return isName(next) || symbol(next) == 0x28 ? (.dropColumn, next) : nil
        }
        next += 1
        while [.if, .exists, .not].contains(keyword(next)) { next += 1 }
        return (operation, next)
    }

    // MARK: Rights and configuration

    private mutating func grant(_ i: Int) -> Int {
        let end = statementEnd(i)
        var target: Int?
        for k in i + 1..<max(i + 1, min(end, i + 400)) where keyword(k) == .to || keyword(k) == .from {
            target = k
            break
        }
        guard let target else { return i + 1 }
        let revokes = keyword(i) != .grant
        let (object, next) = name(target + 1)
        let isAdministrator =
            !revokes
            && ((i + 1..<target).contains { [.superuser, .sysadmin, .superadmin, .accountadmin, .dba, .securityadmin, .db_owner].contains(keyword($0)) || kind($0) == .quoted && Self.administrators.contains(contents($0)) }
                || keyword(i + 1) == .all && (symbol(target - 1) == 0x2A && symbol(target - 2) == 0x2E && symbol(target - 3) == 0x2A))
        emit(isAdministrator ? .grantAdministrator : revokes ? .revoke : .grant, object, i, next)
        return target
    }

    private mutating func set(_ i: Int) -> Int {
        var next = i + 1
        if [.global, .persist, .persist_only].contains(keyword(next)) {
            emit(.configureServer, name(next + 1).object, i, next + 2)
            return next + 1
        }
        if kind(next) == .variable {
            let variable = text(next).map(lowercase)
            if variable.starts(with: Array("@@global".utf8)) || variable.starts(with: Array("@@persist".utf8)) { emit(.configureServer, String(decoding: variable, as: UTF8.self), i, next + 1) }
        }
        if keyword(next) == .variable || keyword(next) == .var || keyword(next) == .local || keyword(next) == .session { next += 1 }
        if kind(next) != .variable { assignment(next) }
        return i + 1
    }

    /// `@x = 'text'`, `x := 'text'`, at the variable.
    private mutating func assignment(_ i: Int) {
        guard isName(i), kind(i) != .string, kind(i) != .number else { return }
        var next = i + 1
        if symbol(next) == 0x3A { next += 1 } else if symbol(next) == 0x2B { next += 1 }
        guard symbol(next) == 0x3D, symbol(next - 1) != 0x2B || next == i + 2 else { return }
        let text = constantText(from: next + 1, to: min(tokens.count, next + 65))
        guard !text.range.isEmpty, !text.bytes.isEmpty else { return }
        budget -= text.bytes.count / 4
        let name = variableName(i)
        guard budget > 0 else {
            variables[name] = nil
            return
        }
        if symbol(next - 1) == 0x2B, var longer = variables[name] {
            longer.bytes = Array((longer.bytes + text.bytes).prefix(1 << 13))
            longer.isComplete = longer.isComplete && text.isComplete
            variables[name] = longer
        } else {
            variables[name] = text
        }
    }

    /// `DECLARE @x varchar(10) = 'text'`, `DECLARE x STRING DEFAULT 'text'`, `x VARCHAR := 'text'`.
    private mutating func declare(_ i: Int) {
        guard isName(i + 1) else { return }
        let end = min(statementEnd(i), i + 64)
        var k = i + 2
        while k < end {
            if symbol(k) == 0x28 {
                k = max(k + 1, Int(tokens[k].match) + 1)
                continue
            }
            if symbol(k) == 0x3D || keyword(k) == .default {
                let text = constantText(from: k + 1, to: end)
                if !text.bytes.isEmpty { variables[variableName(i + 1)] = text }
                return
            }
            if symbol(k) == 0x2C { return }
            k += 1
        }
    }

    /// ClickHouse: SYSTEM SHUTDOWN, SYSTEM DROP REPLICA …; in the client of MySQL a command to the shell.
    private mutating func system(_ i: Int) -> Int {
        switch keyword(i + 1) {
        case .shutdown, .kill: emit(.shutdown, "", i, i + 2)
        case .drop: emit([.replica, .database].contains(keyword(i + 2)) ? .dropStorage : .configureServer, "", i, i + 3)
        case .stop, .start, .flush, .reload, .restart, .restore, .sync, .enable, .disable, .wait, .unfreeze, .refresh, .cancel, .unload, .load, .jemalloc: emit(.configureServer, "", i, i + 2)
        case .end, .into: break
        default:
            guard kind(i + 1) == .word, tokens[i].beginsLine, symbol(i + 1) != 0x3D else { return i + 1 }
            emit(.runProgram, "", i, i + 2)
        }
        return i + 2
    }

    // MARK: Programs and files

    private mutating func execute(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        let end = statementEnd(i)
        // T-SQL: EXEC @result = procedure …; EXECUTE AS USER = …
        if keyword(next) == .as || [.procedure, .function, .on, .to, .privilege].contains(keyword(next)) { return i + 1 }
        if keyword(next) == .immediate { next += 1 }
        let isImmediate = keyword(next - 1) == .immediate
        if kind(next) == .variable, symbol(next + 1) == 0x3D { next += 2 }
        if [.task, .script, .flow].contains(keyword(next)) || keyword(next) == .managed || keyword(next) == .notebook {
            emit(.call, name(next + 1).object, i, next + 2)
            return next + 1
        }
        guard next < end else { return i + 1 }
        switch kind(next) {
        case .string: return readText(from: next, to: end)
        case .symbol:
            guard symbol(next) == 0x28 else { return i + 1 }
            let close = min(Int(tokens[next].match), end)
            if [.select, .with].contains(keyword(next + 1)) {
                obscure(.computed, i, close)
                return next + 1
            }
            return readText(from: next + 1, to: close)
        case .variable where text(next).elementsEqual("$$".utf8): return i + 1
        case .word where isImmediate && keyword(next) == .from:
            emit(.runScript, "", i, next + 2)
            return next + 1
        case .variable where keyword(i) != .call:
            if isImmediate || variables[variableName(next)] != nil || symbol(next + 1) == 0x2B || symbol(next + 1) == 0x7C { return readText(from: next, to: end) }
            obscure(.computed, i, next + 1)
            return next + 1
        case .quoted where isImmediate || lexis.contains(.backslashInDouble) && symbol(next + 1) != 0x2E: return readText(from: next, to: end)
        case .word where isImmediate || symbol(next + 1) == 0x7C || symbol(next + 1) == 0x28 && [.concat, .format, .chr, .char, .convert_from, .cast, .decode].contains(keyword(next)):
            return readText(from: next, to: end)
        default: break
        }
        guard isName(next) || kind(next) == .word else { return i + 1 }
        // The procedure's own name is the last part: master..xp_cmdshell.
        let (object, afterName) = name(next)
        guard afterName > next, symbol(afterName - 1) != 0x2E else { return i + 1 }
        if let handled = effect(of: keyword(afterName - 1), at: afterName - 1, isCalled: true) { return handled }
        if kind(afterName - 1) == .quoted {
            let inner = SQLKeyword(rawValue: String(decoding: contents(afterName - 1).map(lowercase), as: UTF8.self)) ?? .none
            if let handled = effect(of: inner, at: afterName - 1, isCalled: true) { return handled }
        }
        if let value = variables[object.lowercased()] {
            if !value.isComplete { obscure(.computed, i, afterName) }
            read(value.bytes, at: next..<afterName)
            return afterName
        }
        guard surely || keyword(i) != .call else { return i + 1 }
        emit(.call, object, i, afterName)
        return afterName
    }

    private mutating func explain(_ i: Int, _ surely: Bool) -> Int {
        guard surely, i + 1 < tokens.count else { return i + 1 }
        let end = statementEnd(i)
        var runs = false
        var k = i + 1
        if symbol(k) == 0x28 {
            let close = min(Int(tokens[k].match), end)
            var option = k + 1
            while option < close {
                if keyword(option) == .analyze {
                    let value = keyword(option + 1)
                    runs = value != .false && value != .off && !(kind(option + 1) == .number && text(option + 1).elementsEqual([0x30]))
                }
                option += 1
            }
            k = close + 1
        }
        while k < end, ![.select, .with, .insert, .update, .delete, .merge, .create, .drop, .alter, .truncate, .replace, .execute, .exec, .table, .values, .call, .copy, .del, .upd].contains(keyword(k)) {
            if keyword(k) == .analyze { runs = true }
            if symbol(k) == 0x28 { break }
            k += 1
        }
        guard keyword(i) == .explain || k == i + 1 && kind(k) == .word && keyword(k) != .table else { return i + 1 }
        emit(.explain, "", i, i + 1)
        if runs {
            forcedStart = k
            return k
        }
        return end
    }

    private mutating func copy(_ i: Int, _ surely: Bool) -> Int {
        guard surely, symbol(i + 1) == 0x28 || isName(i + 1) || keyword(i + 1) == .into || keyword(i + 1) == .binary || keyword(i + 1) == .from else { return i + 1 }
        let end = statementEnd(i)
        var k = i + 1
        if symbol(k) == 0x28 { k = Int(tokens[k].match) + 1 }
        let (object, _) = name(keyword(i + 1) == .into || keyword(i + 1) == .binary ? i + 2 : i + 1)
        if keyword(i + 1) == .into || keyword(i + 1) == .files && keyword(i + 2) == .into {
            let target = keyword(i + 1) == .into ? i + 2 : i + 3
            let toStage = kind(target) == .string || kind(target) == .variable && symbol(target) != 0x7B && text(target).first == 0x40
            emit(toStage ? .writeFile : .load, object, i, target + 1)
            return target + 1
        }
        while k < min(end, i + 400) {
            if symbol(k) == 0x28 {
                k = max(k + 1, Int(tokens[k].match) + 1)
                continue
            }
            let isTo = keyword(k) == .to
            if isTo || keyword(k) == .from {
                if keyword(k + 1) == .program {
                    emit(.runProgram, object, i, k + 3)
                    return k + 2
                }
                if [.stdin, .stdout].contains(keyword(k + 1)) { return k + 2 }
                if isTo || kind(k + 1) == .string { emit(isTo ? .writeFile : .readFile, object, i, k + 2) } else { emit(.load, object, i, k + 1) }
                return symbol(i + 1) == 0x28 ? i + 2 : k + 1
            }
            k += 1
        }
        return i + 1
    }

    private mutating func load(_ i: Int, _ surely: Bool) -> Int {
        guard surely else { return i + 1 }
        switch keyword(i + 1) {
        case .data, .xml:
            let end = statementEnd(i)
            for k in i..<min(end, i + 8) where keyword(k) == .infile || keyword(k) == .inpath {
                emit(keyword(k) == .inpath ? .load : .readFile, k + 1 < end && kind(k + 1) == .string ? String(decoding: contents(k + 1), as: UTF8.self) : "", i, k + 2)
                return k + 1
            }
            if keyword(i + 2) == .overwrite { emit(.insertOverwrite, name(i + 3).object, i, i + 4) } else { emit(.load, "", i, i + 2) }
            return i + 2
        case .table, .into, .index: return i + 1
        default:
            guard kind(i + 1) == .string || i + 2 == statementEnd(i) && kind(i + 1) == .word else { return i + 1 }
            emit(.loadCode, name(i + 1).object, i, i + 2)
            return i + 2
        }
    }

    /// `SELECT … INTO OUTFILE 'x'`.
    private mutating func into(_ i: Int) -> Int {
        guard keyword(i + 1) == .outfile || keyword(i + 1) == .dumpfile else { return i + 1 }
        emit(.writeFile, i + 2 < tokens.count && kind(i + 2) == .string ? String(decoding: contents(i + 2), as: UTF8.self) : "", i, i + 3)
        return i + 2
    }

    /// What a function or procedure does beyond its query, if the word names one and is called; the index to go on from.
    private mutating func effect(of keyword: SQLKeyword, at i: Int, isCalled: Bool = false) -> Int? {
        let operation: SQLOperation
        switch keyword {
        case .xp_cmdshell, .sys_exec, .sys_eval, .dbms_scheduler, .dbms_java, .sp_oacreate, .sp_oamethod, .sp_execute_external_script, .sp_add_jobstep, .sp_start_job, .edit: operation = .runProgram
        case .lo_export, .pg_file_write, .writefile, .utl_file, .sp_makewebtask: operation = .writeFile
        case .xp_delete_file: operation = .removeFile
        case .load_file, .pg_read_file, .pg_read_binary_file, .pg_ls_dir, .lo_import, .readfile, .xp_fileexist, .xp_regread: operation = .readFile
        case .utl_http, .utl_tcp, .utl_smtp, .utl_inaddr, .httpuritype, .dblink, .dblink_connect, .dbms_ldap, .xp_dirtree, .dbms_cloud: operation = .remoteQuery
        case .dblink_exec: operation = .remoteQuery
        case .openrowset, .opendatasource, .openquery, .external_query: operation = .readRemote
        case .sleep, .pg_sleep, .benchmark, .dbms_lock: operation = .delay
        case .pg_terminate_backend, .pg_cancel_backend: operation = .killSession
        case .sp_configure, .pg_reload_conf, .xp_regwrite, .xp_regdeletekey, .xp_servicecontrol: operation = .configureServer
        case .sp_addsrvrolemember, .sp_addrolemember: operation = .grantAdministrator
        case .sp_addlogin: operation = .createUser
        case .sp_droplogin, .sp_dropuser, .sp_droprole: operation = .dropUser
        case .sp_dbremove: operation = .dropDatabase
        case .sp_rename, .sp_renamedb: operation = .rename
        case .sp_detach_db: operation = .detach
        case .sp_attach_db: operation = .attach
        case .load_extension, .fts3_tokenizer: operation = .loadCode
        case .sp_executesql, .sp_msforeachtable, .sp_msforeachdb, .sp_prepexec, .sp_prepare, .query_to_xml, .exec_ddl_statement, .dbms_sql: operation = .call
        default: return nil
        }
        let follows = symbol(i + 1)
        let isPackage = follows == 0x2E && [.dbms_scheduler, .dbms_java, .utl_file, .utl_http, .utl_tcp, .utl_smtp, .utl_inaddr, .dbms_ldap, .dbms_lock, .dbms_sql, .dbms_cloud].contains(keyword)
        if keyword == .dbms_sql, self.keyword(i + 2) != .parse { return nil }
        guard isCalled || follows == 0x28 || isPackage || start(i) == .yes && (keyword.rawValue.hasPrefix("xp_") || keyword.rawValue.hasPrefix("sp_")) else { return nil }
        if operation != .call { emit(operation, "", i, i + 1) }
        switch keyword {
        case .sp_executesql, .sp_msforeachtable, .sp_msforeachdb, .sp_prepexec, .query_to_xml, .exec_ddl_statement, .dbms_sql, .dblink_exec, .dblink, .openquery, .openrowset, .external_query, .sp_prepare:
            return runsArgument(i)
        default: return i + 1
        }
    }

    /// Reads the strings among the arguments of a function that runs one of them.
    private mutating func runsArgument(_ i: Int) -> Int {
        var low = i + 1
        while symbol(low) == 0x2E || kind(low) == .word && symbol(low + 1) == 0x28 || keyword(low) == .parse { low += 1 }
        var high = statementEnd(i)
        if low < tokens.count, symbol(low) == 0x28 {
            high = min(high, Int(tokens[low].match))
            low += 1
        }
        var k = low
        var isKnown = false
        var count = 0
        while k < high, count < 8 {
            // @stmt = N'…'
            if kind(k) == .variable, symbol(k + 1) == 0x3D { k += 2 }
            if kind(k) == .string || kind(k) == .variable && variables[variableName(k)] != nil || kind(k) == .quoted {
                isKnown = true
                count += 1
                k = max(readText(from: k, to: high), k + 1)
            } else if symbol(k) == 0x28 {
                k = max(k + 1, Int(tokens[k].match) + 1)
            } else {
                k += 1
            }
        }
        if !isKnown, keyword(i) != .openrowset { obscure(.computed, i, high) }
        return k
    }

    /// A command to the client.
    private mutating func meta(_ i: Int) {
        let line = text(i)
        let command = line.dropFirst().prefix { $0 > 0x20 && $0 != 0x7C }.map(lowercase)
        let name = String(decoding: command, as: UTF8.self)
        if name.hasPrefix("!") { return emit(.runProgram, "", i, i + 1) }
        switch name {
        case "copy":
            let words = line.map(lowercase)
            if contains(words, "program") { emit(.runProgram, "", i, i + 1) } else { emit(contains(words, " to ") ? .writeFile : .readFile, "", i, i + 1) }
        case "i", "ir", "include", "include_relative", ".": emit(.runScript, "", i, i + 1)
        case "o", "out", "w", "write", "g", "gx", "s", "t":
            let rest = line.dropFirst(1 + command.count).drop { $0 == 0x20 }
            if rest.first == 0x7C || line.dropFirst(1 + command.count).first == 0x7C { emit(.runProgram, "", i, i + 1) } else if rest.contains(where: { $0 > 0x20 && $0 != 0x3B }), name != "t" { emit(.writeFile, "", i, i + 1) }
        case "gexec": obscure(.computed, i, i + 1)
        case "setenv", "lo_import": emit(.readFile, "", i, i + 1)
        case "lo_export": emit(.writeFile, "", i, i + 1)
        default: break
        }
    }

    private func contains(_ words: [UInt8], _ word: String) -> Bool {
        let word = Array(word.utf8)
        guard words.count >= word.count else { return false }
        return (0...words.count - word.count).contains { words[$0..<$0 + word.count].elementsEqual(word) }
    }

    /// Where the last statement begins: what stands before is whole even if the text breaks off. A byte of the text.
    var lastStatementStart: Int {
        let last = tokens.lastIndex { $0.symbol == 0x3B || $0.kind == .separator || $0.kind == .meta }
        return last.map { Int(tokens[$0].end) } ?? 0
    }
}
