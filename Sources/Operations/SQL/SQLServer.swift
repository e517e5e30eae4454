// Statements of SQL on rights, the server, programs and files, and texts that are run.

extension SQLParser {
    // MARK: Rights and configuration

    mutating func grant(_ i: Int) -> Int {
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

    mutating func set(_ i: Int) -> Int {
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
    mutating func assignment(_ i: Int) {
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
    mutating func declare(_ i: Int) {
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
    mutating func system(_ i: Int) -> Int {
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

    mutating func execute(_ i: Int, _ surely: Bool) -> Int {
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

    mutating func explain(_ i: Int, _ surely: Bool) -> Int {
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

    mutating func copy(_ i: Int, _ surely: Bool) -> Int {
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

    mutating func load(_ i: Int, _ surely: Bool) -> Int {
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
    mutating func into(_ i: Int) -> Int {
        guard keyword(i + 1) == .outfile || keyword(i + 1) == .dumpfile else { return i + 1 }
        emit(.writeFile, i + 2 < tokens.count && kind(i + 2) == .string ? String(decoding: contents(i + 2), as: UTF8.self) : "", i, i + 3)
        return i + 2
    }

    /// What a function or procedure does beyond its query, if the word names one and is called; the index to go on from.
    mutating func effect(of keyword: SQLKeyword, at i: Int, isCalled: Bool = false) -> Int? {
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
    mutating func runsArgument(_ i: Int) -> Int {
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
    mutating func meta(_ i: Int) {
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

    func contains(_ words: [UInt8], _ word: String) -> Bool {
        let word = Array(word.utf8)
        guard words.count >= word.count else { return false }
        return (0...words.count - word.count).contains { words[$0..<$0 + word.count].elementsEqual(word) }
    }
}
