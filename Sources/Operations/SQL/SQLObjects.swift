// Statements of SQL on objects: DROP, CREATE, ALTER, and what a routine that is defined holds.

extension SQLParser {
    static let modifiers: Set<SQLKeyword> = [
        .temporary, .temp, .external, .foreign, .materialized, .virtual, .force, .unique, .dynamic, .hybrid, .iceberg, .transient, .volatile, .global, .local, .snapshot, .public_, .search,
        .vector, .fulltext, .bitmap, .spatial, .clustered, .nonclustered, .streaming, .live, .unlogged, .cached, .row, .security, .masking, .access, .private, .all, .full, .text, .join,
        .primary, .symmetric, .asymmetric, .master, .availability, .network, .password, .session, .storage, .api, .notification, .projection, .server, .resource, .aggregate, .shared, .no, .undo, .trusted,
    ]

    /// The operation that drops an object of a kind, nil if the word is none.
    func dropping(_ kind: SQLKeyword) -> SQLOperation? {
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

    mutating func drop(_ i: Int, _ surely: Bool) -> Int {
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
        // Kinds of tables that are not named above.
        if keyword(next) != .table, kind(next) == .word, keyword(next + 1) == .table { next += 1 }
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

    mutating func create(_ i: Int, _ surely: Bool) -> Int {
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
            // MySQL: a function of a library of machine code.
            if (afterName..<afterName + 8).contains(where: { keyword($0) == .sharedlibrary }) { emit(.loadCode, object, i, afterName) }
            return definition(from: afterName, object, kindOfObject)
        case .type where isType:
            emit(.createRoutine, object, i, afterName)
            return definition(from: afterName, object, .package)
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
    mutating func administrator(_ i: Int, _ object: String) {
        let end = statementEnd(i)
        for k in i..<min(end, i + 64) where [.superuser, .sysadmin, .superadmin, .accountadmin, .dba, .securityadmin, .db_owner].contains(keyword(k)) && symbol(k + 1) != 0x2E || [.quoted, .string].contains(kind(k)) && Self.administrators.contains(contents(k)) {
            emit(.grantAdministrator, object, i, k + 1)
            return
        }
    }

    static let administrators: Set<[UInt8]> = Set(["sysadmin", "db_owner", "securityadmin", "serveradmin", "ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "rds_superuser", "DBA"].map { Array($0.utf8) })

    /// What a routine holds, from behind its name: read, but not as run. Returns the index of the first token to go on from, which may lie within.
    mutating func definition(from first: Int, _ object: String, _ kindOfObject: SQLKeyword = .function) -> Int {
        guard first < tokens.count else { return first }
        // Within another routine nothing more is to be found out.
        guard first >= definitionEnd else { return first }
        routine = object
        definitionEnd = max(definitionEnd, kindOfObject == .package ? packageEnd(from: first) : kindOfObject == .macro ? macroEnd(from: first) : routineEnd(from: first))
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
    mutating func routineEnd(from first: Int) -> Int {
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

    /// Where the body of a package ends: at the END that is no routine's, if nothing but declarations and routines stands before it.
    mutating func packageEnd(from first: Int) -> Int {
        let limit = statementEnd(first)
        var k = first
        while k < tokens.count, kind(k) != .separator, steps > 0 {
            steps -= 1
            switch keyword(k) {
            case .begin:
                k = blockEnd(from: k)
                continue
            case .end: return k + 1
            case .drop, .delete, .truncate, .update, .grant, .alter, .execute, .exec, .call, .insert, .merge, .select, .create:
                if symbol(k - 1) == 0x3B { return limit }
            default: break
            }
            k += 1
        }
        return limit
    }

    /// Teradata's macros are statements in parentheses, each with its semicolon.
    mutating func macroEnd(from first: Int) -> Int {
        var open = 0
        var k = first
        while k < tokens.count, kind(k) != .separator, steps > 0 {
            steps -= 1
            if symbol(k) == 0x28 { open += 1 } else if symbol(k) == 0x29 {
                open -= 1
                if open == 0, keyword(k + 1) != .as { return k + 1 }
            } else if symbol(k) == 0x3B, open == 0 {
                break
            }
            k += 1
        }
        return statementEnd(first)
    }

    /// Whether what follows a semicolon can belong to the declarations of a routine: `name type …;`, `CURSOR …`, `BEGIN`.
    func declares(_ i: Int) -> Bool {
        keyword(i) == .begin || keyword(i) == .declare || kind(i) == .word && (kind(i + 1) == .word || kind(i + 1) == .quoted) && start(i) == .yes && keyword(i).mayNameColumn
            && ![.do, .copy, .call, .load, .kill, .shutdown, .set, .rename, .attach, .detach].contains(keyword(i))
    }

    /// Behind the END that belongs to a BEGIN; behind the first statement if there is none.
    mutating func blockEnd(from begin: Int) -> Int {
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

    mutating func alter(_ i: Int, _ surely: Bool) -> Int {
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
    func alteredPart(_ k: Int) -> (operation: SQLOperation, nameAt: Int)? {
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
}
