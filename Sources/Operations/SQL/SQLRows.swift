// Statements of SQL on rows: DELETE, UPDATE, MERGE, TRUNCATE, and what bounds them.

extension SQLParser {
    /// What stands in a statement on rows, from behind its table to its end.
    struct Clauses {
        var condition: Range<Int>?
        var isLimited = false
        var setsColumns = false
        var end: Int
        /// Not broken off: no operator or FROM is left without what it needs, no parenthesis open.
        var isWhole = true
    }

    mutating func clauses(from first: Int) -> Clauses {
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
    func danglesAfter(_ i: Int) -> Bool {
        switch kind(i) {
        case .symbol: return "=<>+-/|&,.(!%^~".utf8.contains(symbol(i))
        case .word: return [.from, .join, .set, .where, .on, .and, .or, .into, .by, .in, .values, .as, .using, .not, .like, .between].contains(keyword(i))
        default: return false
        }
    }

    /// The operation on rows with the given clauses.
    func bounds(_ clauses: Clauses, _ all: SQLOperation, _ limited: SQLOperation, _ bounded: SQLOperation) -> SQLOperation {
        if let condition = clauses.condition {
            if condition.isEmpty || truth(of: condition) == .always { return clauses.isLimited ? limited : all }
            return bounded
        }
        return clauses.isLimited ? limited : all
    }

    mutating func delete(_ i: Int, _ surely: Bool) -> Int {
        var next = i + 1
        var isHistory = false
        var isLimited = false
        loop: while true {
            switch keyword(next) {
            case .low_priority, .quick, .ignore: next += 1
            case .all where keyword(next + 1) == .from: next += 1
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

    mutating func update(_ i: Int, _ surely: Bool) -> Int {
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

    mutating func merge(_ i: Int) -> Int {
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

    mutating func truncate(_ i: Int, _ surely: Bool) -> Int {
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
}
