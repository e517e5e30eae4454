// Fragments that would change the statement they are put into: 1' OR '1'='1.

/// Reads a value that a program may put into a statement, as it would complete a statement that is not known: after a number or a name, within '…', within "…".
///
/// Prose has quotes, `or`, `and` and `--` too. What counts is a value that ends, with a condition, a set operation, another statement or a comment behind it, or a call
/// that nobody writes by chance.
///
/// Sources: OWASP "SQL Injection"; the same fragments, as the manuals of MySQL, PostgreSQL, SQL Server, Oracle and SQLite read them.
public enum SQLInjection {
    /// `sql.injection` if the text is such a fragment. The whole text is its place.
    ///
    /// - Complexity: linear in the text's length.
    public static func read(_ text: [UInt8]) -> Reading {
        var reading = Reading()
        let text = Array(text.prefix(1 << 16))
        var forms = [text]
        // As a form or a URL may still have it.
        if text.contains(0x25) || text.contains(0x2B) && !text.contains(0x20) { forms.append(HTTPTarget.percentDecoded(text, plusIsSpace: true)) }
        if forms.contains(where: isFragment) { reading.operations.append(Operation(SQLOperation.injection.rawValue, range: 0..<text.count)) }
        return reading
    }

    public static func read(_ text: some StringProtocol) -> Reading { read(Array(text.utf8)) }

    private static func isFragment(_ text: [UInt8]) -> Bool {
        // Mostly they do not differ in what stands here.
        let mattering = SQLLexis.mattering(in: text)
        let lexes: [SQLLexis] = SQLLexis.mysql.intersection(mattering) == SQLLexis.tsql.intersection(mattering) ? [.mysql] : [.mysql, .tsql]
        for (quote, isBare) in [([UInt8](), true), ([0x27], false), ([0x22], false), ([0x60], false)] where isBare || text.contains(quote[0]) {
            for lexis in lexes {
                var tokenizer = SQLTokenizer(quote + text, lexis)
                tokenizer.run()
                if changes(Fragment(tokenizer, quote + text), isBare: isBare) { return true }
            }
        }
        return false
    }

    /// The tokens of a fragment in one context.
    private struct Fragment {
        let tokens: [SQLToken]
        let text: [UInt8]

        init(_ tokenizer: SQLTokenizer, _ text: [UInt8]) {
            tokens = tokenizer.tokens
            self.text = text
        }

        func keyword(_ i: Int) -> SQLKeyword { tokens.indices.contains(i) ? tokens[i].keyword : .none }
        func symbol(_ i: Int) -> UInt8 { tokens.indices.contains(i) ? tokens[i].symbol : 0 }
        func isValue(_ i: Int) -> Bool {
            guard tokens.indices.contains(i) else { return false }
            switch tokens[i].kind {
            case .string, .number, .variable, .quoted: return true
            case .word: return [.null, .true, .false].contains(tokens[i].keyword)
            default: return false
            }
        }
        func isOperand(_ i: Int) -> Bool { isValue(i) || tokens.indices.contains(i) && (tokens[i].kind == .word && tokens[i].keyword.mayNameColumn || tokens[i].symbol == 0x28) }
        /// What stands behind the last token: only a comment can.
        var endsInComment: Bool {
            guard let last = tokens.last, last.closing > 0 || last.kind != .string && last.kind != .quoted else { return false }
            let rest = text[Int(last.end)...].drop { $0 <= 0x20 || $0 == 0x29 }
            return rest.starts(with: [0x2D, 0x2D]) || rest.first == 0x23 || rest.starts(with: [0x2F, 0x2A])
        }
    }

    private static func changes(_ fragment: Fragment, isBare: Bool) -> Bool {
        let tokens = fragment.tokens
        guard !tokens.isEmpty else { return false }
        var first = 0
        if !isBare {
            // The value must end within the fragment.
            guard tokens[0].closing > 0 else { return false }
            first = 1
            if tokens.count == 1 { return fragment.endsInComment }
            if fragment.endsInComment, [.or, .and, .union, .having, .order, .group, .limit].contains(fragment.keyword(1)) || tokens[1].symbol != 0 && tokens[1].symbol != 0x2C && tokens[1].symbol != 0x2E { return true }
        } else if verb(fragment, 0), fragment.endsInComment || tokens.last?.symbol == 0x3B {
            return true
        } else if fragment.endsInComment, tokens.count <= 2, fragment.isValue(0), text(fragment, 0).allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            return true
        }
        var i = first
        while i < tokens.count {
            let word = fragment.keyword(i)
            switch word {
            case .or, .and, .xor, .having, .not:
                if i > 0 || word != .not, condition(fragment, i + 1, isBare: isBare) { return true }
            case .union, .except, .intersect:
                let next = [.all, .distinct].contains(fragment.keyword(i + 1)) ? i + 2 : i + 1
                if fragment.keyword(next) == .select || fragment.symbol(next) == 0x28 && fragment.keyword(next + 1) == .select { return true }
            case .select:
                if selects(fragment, i) { return true }
            case .into where fragment.keyword(i + 1) == .outfile || fragment.keyword(i + 1) == .dumpfile: return true
            case .order where fragment.keyword(i + 1) == .by && !isBare && i == 1: return true
            case .waitfor where fragment.keyword(i + 1) == .delay: return true
            case .sleep, .benchmark, .pg_sleep, .load_file, .extractvalue, .updatexml, .xp_cmdshell, .xp_dirtree, .dbms_pipe, .utl_inaddr, .dblink_connect, .lo_import, .pg_read_file:
                if fragment.symbol(i + 1) == 0x28 { return true }
            case .information_schema where fragment.symbol(i + 1) == 0x2E: return true
            case .none:
                if tokens[i].symbol == 0x3B, i > 0 || !isBare, verb(fragment, i + 1) { return true }
                if tokens[i].symbol == 0x7C || tokens[i].symbol == 0x26, fragment.symbol(i + 1) == tokens[i].symbol, condition(fragment, i + 2, isBare: isBare) { return true }
                if !isBare, i == 1, comparesDirectly(fragment) { return true }
            default: break
            }
            i += 1
        }
        return false
    }

    private static func text(_ fragment: Fragment, _ i: Int) -> ArraySlice<UInt8> { fragment.text[Int(fragment.tokens[i].start)..<Int(fragment.tokens[i].end)] }

    /// Whether a condition stands at a token: a comparison, a lone value, or a call.
    private static func condition(_ fragment: Fragment, _ start: Int, isBare: Bool) -> Bool {
        var i = start
        while fragment.keyword(i) == .not || fragment.symbol(i) == 0x28 || fragment.symbol(i) == 0x21 || fragment.symbol(i) == 0x2D { i += 1 }
        guard fragment.isOperand(i) || [.exists, .case, .select, .if, .like].contains(fragment.keyword(i)) else { return false }
        if fragment.keyword(i) == .exists || fragment.keyword(i) == .case || fragment.keyword(i) == .select { return true }
        // Further parts of a name, or a call's arguments.
        var next = i + 1
        while fragment.symbol(next) == 0x2E, next + 1 < fragment.tokens.count { next += 2 }
        if fragment.symbol(next) == 0x28, fragment.tokens[i].kind == .word, fragment.tokens[next].start == fragment.tokens[i].end {
            if !isBare { return true }
            next = max(next + 1, Int(fragment.tokens[next].match) + 1)
        }
        if isBare, fragment.symbol(next) == 0 {
            // Words that prose has as well must have what only a condition has behind them.
            switch fragment.keyword(next) {
            case .in: return fragment.symbol(next + 1) == 0x28
            case .is: return [.null, .true, .false].contains(fragment.keyword(next + 1)) || fragment.keyword(next + 1) == .not && fragment.keyword(next + 2) == .null
            case .like, .rlike, .regexp, .glob, .between: return fragment.isValue(next + 1)
            default: break
            }
        }
        if "=<>!".utf8.contains(fragment.symbol(next)) || [.like, .rlike, .regexp, .glob, .between, .is, .in].contains(fragment.keyword(next)) {
            if fragment.isOperand(next + 1) || "=<>".utf8.contains(fragment.symbol(next + 1)) || !isBare { return fragment.isValue(i) || fragment.isValue(next + 1) || fragment.isValue(next + 2) || !isBare || fragment.symbol(next) == 0x3D }
            return false
        }
        // ' OR '1, ' OR 1 --
        let isLast = next >= fragment.tokens.count
        if !isBare, fragment.isValue(i) { return true }
        return isLast && fragment.endsInComment
    }

    /// `'='`, `'-0`, `'||'a`: an operator on what the quote has ended.
    private static func comparesDirectly(_ fragment: Fragment) -> Bool {
        let operators = "=<>|*+-/%&^".utf8
        guard operators.contains(fragment.symbol(1)) else { return false }
        var i = 1
        while operators.contains(fragment.symbol(i)) { i += 1 }
        guard fragment.isValue(i) || fragment.symbol(i) == 0x28 else { return false }
        return fragment.tokens.count <= i + 1 || fragment.endsInComment || fragment.tokens[i].kind == .string
    }

    /// Whether a SELECT stands at a token, rather than the word.
    private static func selects(_ fragment: Fragment, _ i: Int) -> Bool {
        let limit = min(fragment.tokens.count, i + 64)
        guard i + 1 < limit else { return false }
        if fragment.symbol(i - 1) == 0x28 { return fragment.isOperand(i + 1) || fragment.symbol(i + 1) == 0x2A }
        if fragment.isValue(i + 1) || fragment.symbol(i + 1) == 0x2A || fragment.symbol(i + 2) == 0x28 { return i == 0 || fragment.symbol(i - 1) == 0x3B || fragment.keyword(i - 1) != .none || fragment.isValue(i - 1) }
        for k in i + 1..<limit where fragment.keyword(k) == .from {
            // SELECT a, b FROM t; not "select one from the list".
            return k > i + 1 && (k == i + 2 || fragment.symbol(i + 2) == 0x2C || fragment.symbol(i + 2) == 0x2E || fragment.symbol(i + 2) == 0x28) && (k + 2 >= fragment.tokens.count || [.where, .order, .group, .limit, .union, .having, .join, .left, .inner, .for, .into].contains(fragment.keyword(k + 2)) || fragment.symbol(k + 2) != 0)
        }
        return false
    }

    /// Whether a statement follows a semicolon.
    private static func verb(_ fragment: Fragment, _ i: Int) -> Bool {
        switch fragment.keyword(i) {
        case .drop, .truncate, .alter, .create: [.table, .database, .schema, .user, .view, .index, .procedure, .function, .role, .login, .or].contains(fragment.keyword(i + 1))
        case .insert: fragment.keyword(i + 1) == .into
        case .delete: fragment.keyword(i + 1) == .from
        case .update: (i + 2..<i + 8).contains { fragment.keyword($0) == .set }
        case .exec, .execute, .declare: i + 1 < fragment.tokens.count
        case .select: i + 1 < fragment.tokens.count
        case .shutdown, .waitfor: true
        case .merge, .grant, .copy: i + 2 < fragment.tokens.count
        default: false
        }
    }
}
