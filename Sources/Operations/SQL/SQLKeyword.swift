// The words of SQL that the reader knows, found by their bytes without making a string.

/// A word with a meaning for the reader. Whether it stands for that meaning or names something is for the parser to say.
enum SQLKeyword: String, CaseIterable {
    case none = ""
    // Verbs.
    case select, insert, update, delete, merge, replace, upsert, drop, truncate, alter, create, grant, revoke, deny, execute, exec, call, copy, load, unload
    case export, attach, detach, shutdown, kill, rename, explain, describe, desc, prepare, with, `do`, begin, declare, set, reset, purge, backup, restore
    case flush, handler, lock, unlock, system, analyze, vacuum, optimize, undrop, use, show, values, table, msck, remove, rm, put, get, import_ = "import"
    case install, uninstall, pragma, del, upd, sel, ins, host, source, delimiter, go, waitfor, bulk, dbcc, reconfigure, openquery, openrowset, opendatasource
    case comment, refresh, cache, commit, rollback, savepoint, start, end, define, flashback, reassign, security, exchange, undelete, swap, dump
    // Clauses and operators.
    case from, `where`, limit, top, fetch, first, offset, order, group, having, by, on, `for`, of, or, and, not, xor, null, `true`, `false`, like, ilike, rlike
    case regexp, glob, similar, match, between, `in`, `is`, exists, any, all, some, distinct, `as`, into, join, inner, left, right, full, cross, outer, natural, using, union, except
    case intersect, returning, output, option, settings, current, then, `else`, `case`, when, `if`, `elseif`, elsif, loop, `while`, `repeat`, until, atomic, work, tran
    case transaction, `try`, `catch`, exception, immediate, plan, extended, format, verbose, key, after, before, instead, conflict, duplicate, only
    case cascade, restrict, constraints, temporary, temp, global, local, overwrite, directory, outfile, dumpfile, infile, program, stdin, stdout, data, add, modify
    case change, to, at, off, concurrently, language, sql, javascript, python, java, escape, collate, interval, date, time, timestamp, low_priority, quick, ignore
    case history, preferring, partition, subpartition, column, columns, constraint, matched, row, each, statement, unknown, binary, varchar, nvarchar, char
    case character, text, superuser, sysadmin, superadmin, admin, accountadmin, login, password, identified, force, volatile, transient, external, foreign, materialized
    case dynamic, hybrid, iceberg, virtual, unique, unlogged, cached, snapshot, search, vector, fulltext, bitmap, spatial, primary, clustered
    case nonclustered, live, streaming, incremental, shadow, body, sync, no, delay, memory, permanently, authorization, session, connection, query, statistics, stats
    case quoted, return_ = "return", print, raiserror, open, close, deallocate, goto, continue_ = "continue", break_ = "break"
    // Kinds of objects.
    case database, databases, schema, schemas, view, views, index, indexes, sequence, procedure, proc, function, trigger, package, type, domain, user, role, tablespace, keyspace
    case catalog, event, task, alert, macro, rule, stage, stream, pipe, warehouse, share, integration, policy, server, owned, objects, tables, logs, audit, `extension`, publication
    case subscription, synonym, cluster, queue, service, resource, profile, aggregate, method, assembly, datashare, model, secret, volume, network, dictionary, library
    case operator_ = "operator", cast, collation, conversion, bucket, reservation, assignment, capacity, graph, namespace, container, app, application
    case bundle, repository, flow, link, property, contract, message, credential, certificate, symmetric, asymmetric, master, availability, partitions, privilege, privileges
    case binlog, slave, replica, replicas, disk, storage, routine, hint, identity, restart, space, connector, branch, tag, script, consumer, columnfamily, bufferpool, nodegroup
    // Functions and procedures with effects outside of the query.
    case xp_cmdshell, xp_regread, xp_regwrite, xp_regdeletekey, xp_dirtree, xp_fileexist, xp_servicecontrol, xp_delete_file, sp_configure, sp_executesql, sp_oacreate, sp_oamethod, sp_addsrvrolemember
    case sp_addrolemember, sp_addlogin, sp_droplogin, sp_dropuser, sp_rename, sp_renamedb, sp_dbremove, sp_detach_db, sp_attach_db, sp_makewebtask, sp_start_job, sp_add_jobstep
    case sp_msforeachtable, sp_msforeachdb, sp_execute_external_script, sp_droprole, sp_prepexec, sp_prepare, sp_execute, sp_cursoropen, load_file, load_extension, writefile, readfile
    case pg_read_file, pg_read_binary_file, pg_ls_dir, pg_terminate_backend, pg_cancel_backend, pg_reload_conf, pg_file_write, pg_sleep, lo_import, lo_export, dblink, dblink_exec
    case dblink_connect, query_to_xml, sleep, benchmark, sys_exec, sys_eval, utl_http, utl_file, utl_tcp, utl_smtp, utl_inaddr, httpuritype, dbms_scheduler, dbms_java, dbms_lock, dbms_sql, dbms_pipe
    case dbms_utility, dbms_xmlquery, dbms_ldap, dbms_cloud, exec_ddl_statement, parse, eval, edit, fts3_tokenizer, external_query, mysqlsh, remote, remotesecure, file, url, s3, executable
    case sharedlibrary = "soname", plugin, component, extractvalue, updatexml, information_schema, drop_database
    // Further words of definitions and options.
    case `let`, mutation, definer, editionable, noneditionable, secure, recursive, algorithm, multiset, masking, access, `private`, api, notification, projection, shared, undo, trusted
    case mapping, `default`, part, detached, expression, member, tags, clustering, check, skipping, dba, securityadmin, db_owner, persist, persist_only, `var`
    case disconnect, feature, stop, reload, enable, disable, wait, unfreeze, cancel, jemalloc, managed, notebook, files, xml, inpath, variable, transform, outline, quota, context, list
    case public_ = "public"
    // Constants and functions of constants.
    case current_date, current_time, current_timestamp, now, sysdate, getdate, chr, nchar, concat, reverse, unhex, lower, upper, convert_from, decode, convert
    case quote_ident, quote_literal, from_base64, to_varchar, replicate, hextoraw, row_number, array

    /// Longest word in bytes; longer ones have no meaning here.
    static let longest = 32
}

/// The keywords by their bytes.
struct SQLKeywordTable {
    private static let slotCount = 2048
    /// A keyword stands at the first free place from its hash on.
    private var slots = [SQLKeyword](repeating: .none, count: slotCount)
    /// Where the letters of each begin in ``letters``.
    private var places = [UInt16](repeating: 0, count: slotCount)
    private var lengths = [UInt8](repeating: 0, count: slotCount)
    private var letters: [UInt8] = []

    static let shared = SQLKeywordTable()

    static let seed: UInt64 = 0xCBF2_9CE4_8422_2325
    /// A word's hash with one byte more: FNV-1a with a wider multiplier.
    @inline(__always) static func step(_ hash: UInt64, _ lowercase: UInt8) -> UInt64 { (hash ^ UInt64(lowercase)) &* 0x9E37_79B9_7F4A_7C15 }
    @inline(__always) private static func slot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 32) & (slotCount - 1) }

    private init() {
        for keyword in SQLKeyword.allCases where keyword != .none {
            let bytes = Array(keyword.rawValue.utf8)
            var slot = Self.slot(bytes.reduce(Self.seed, Self.step))
            while slots[slot] != .none { slot = (slot + 1) & (Self.slotCount - 1) }
            slots[slot] = keyword
            places[slot] = UInt16(letters.count)
            lengths[slot] = UInt8(bytes.count)
            letters += bytes
        }
    }

    /// The keyword that `count` bytes make, whose ``step``s gave `hash`. Bytes are compared, so that no name can pass for a keyword by its hash.
    ///
    /// - Parameter byte: the byte at an index, in lower case.
    @inline(__always)
    func keyword(hash: UInt64, count: Int, byte: (Int) -> UInt8) -> SQLKeyword {
        guard count <= SQLKeyword.longest else { return .none }
        var slot = Self.slot(hash)
        while slots[slot] != .none {
            if Int(lengths[slot]) == count {
                let place = Int(places[slot])
                var equal = 0
                while equal < count && letters[place + equal] == byte(equal) { equal += 1 }
                if equal == count { return slots[slot] }
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return .none
    }
}

extension SQLKeyword {
    /// Whether it can stand for a column or a table without quotes in some dialect. Words that only ever are part of a statement's form are not names.
    var mayNameColumn: Bool {
        switch self {
        case .select, .insert, .update, .delete, .drop, .alter, .create, .grant, .revoke, .from, .where, .order, .group, .having, .by, .on, .for, .or, .and, .not, .xor, .null, .true,
            .false, .like, .ilike, .rlike, .regexp, .between, .in, .is, .exists, .all, .some, .distinct, .as, .into, .join, .inner, .cross, .using, .union, .except, .intersect,
            .then, .else, .case, .when, .end, .set, .with, .values, .limit, .interval, .unknown, .current_date, .current_time, .current_timestamp, .sysdate, .any, .similar, .outer,
            .binary, .collate, .escape, .returning, .natural, .execute, .exec, .truncate, .merge:
            false
        default: true
        }
    }
}
