// The programs that are looked at by code; others by the catalogue's table (`CommandTable`).

extension ShellSession {
    typealias Look = @Sendable (ShellSession) -> (Call) -> Flow

    /// How a program is looked at.
    enum Known {
        case program(Look)
        /// Its text is commands.
        case shell
        /// It runs the command it is given.
        indirect case wrapper(Wrapper)
        /// Its text is code.
        case language(Interpreters.Language)
    }

    /// All programs that are looked at by code, by name.
    static let known: [String: Known] = {
        var known = programs.mapValues { Known.program($0) }
        known.merge(shells.map { ($0, .shell) }) { first, _ in first }
        known.merge(Wrappers.table.mapValues { .wrapper($0) }) { first, _ in first }
        known.merge(Interpreters.languages.mapValues { .language($0) }) { first, _ in first }
        return known
    }()

    static let programs: [String: Look] = {
        var programs: [String: Look] = [
            // Files.
            "rm": { $0.remove }, "rimraf": { $0.removeTree }, "del-cli": { $0.removeTree }, "rmdir": { $0.removeFile }, "unlink": { $0.removeFile }, "dd": { $0.copyBlocks }, "dcfldd": { $0.copyBlocks }, "mkswap": { $0.makeFileSystem }, "mke2fs": { $0.makeFileSystem },
            "wipefs": { $0.wipeSignatures }, "shred": { $0.shred }, "truncate": { $0.truncate }, "chmod": { $0.changeMode }, "chown": { $0.changeOwner }, "chgrp": { $0.changeOwner }, "mv": { $0.move }, "cp": { $0.copy },
            "install": { $0.copy }, "ln": { $0.link }, "tee": { $0.tee }, "sponge": { $0.tee }, "sed": { $0.edit }, "gsed": { $0.edit }, "find": { $0.find }, "gfind": { $0.find }, "rsync": { $0.synchronize },
            "scp": { $0.copyOverNetwork }, "tar": { $0.archive }, "bsdtar": { $0.archive },
            // The shell's own.
            "eval": { $0.evaluate }, "command": { $0.commandBuiltin }, "export": { $0.declare }, "declare": { $0.declare }, "typeset": { $0.declare }, "local": { $0.declare }, "readonly": { $0.declare },
            "alias": { $0.alias }, "read": { $0.readVariables }, "cd": { $0.changeDirectory }, "pushd": { $0.changeDirectory }, "source": { $0.source }, ".": { $0.source }, "java": { $0.java }, "ansible": { $0.ansible }, "fd": { $0.findByName }, "fdfind": { $0.findByName }, "xargs": { $0.xargs }, "parallel": { $0.parallel },
            // What flows.
            "echo": { $0.echo }, "printf": { $0.printFormat }, "cat": { $0.concatenate }, "base64": { $0.decodeBase64 }, "gbase64": { $0.decodeBase64 }, "base32": { $0.decodeBase32 }, "xxd": { $0.decodeHexadecimal }, "rev": { $0.reverse },
            "tr": { $0.translate }, "openssl": { $0.cipher }, "basenc": { $0.decodeBase64 },
            // git, processes.
            "git": { $0.git }, "kill": { $0.kill }, "pkill": { $0.killByName }, "killall": { $0.killByName }, "crontab": { $0.scheduleTable }, "sysctl": { $0.kernelSetting },
            // The network.
            "curl": { $0.curl }, "wget": { $0.wget }, "http": { $0.httpie }, "https": { $0.httpie }, "xh": { $0.httpie }, "xhs": { $0.httpie }, "httpie": { $0.httpie }, "nc": { $0.netcat }, "ncat": { $0.netcat }, "netcat": { $0.netcat }, "socat": { $0.socat }, "telnet": { $0.netcat },
            // Databases.
            "psql": { $0.sqlClient }, "mysql": { $0.sqlClient }, "mariadb": { $0.sqlClient }, "sqlite3": { $0.sqlClient }, "sqlcmd": { $0.sqlClient }, "clickhouse-client": { $0.sqlClient }, "clickhouse": { $0.sqlClient },
            "snowsql": { $0.sqlClient }, "duckdb": { $0.sqlClient }, "spark-sql": { $0.sqlClient }, "beeline": { $0.sqlClient }, "hive": { $0.sqlClient }, "impala-shell": { $0.sqlClient }, "pgcli": { $0.sqlClient }, "mycli": { $0.sqlClient }, "litecli": { $0.sqlClient }, "vsql": { $0.sqlClient }, "mssql-cli": { $0.sqlClient }, "aws": { $0.amazon }, "awslocal": { $0.amazon }, "bq": { $0.sqlClient }, "cockroach": { $0.sqlClient }, "usql": { $0.sqlClient }, "sqlplus": { $0.sqlClient }, "cqlsh": { $0.sqlClient }, "trino": { $0.sqlClient }, "presto": { $0.sqlClient },
            "mongosh": { $0.mongoShell }, "mongo": { $0.mongoShell }, "redis-cli": { $0.redisClient }, "valkey-cli": { $0.redisClient }, "keydb-cli": { $0.redisClient },
            // Hosts that read PowerShell and cmd.
            "pwsh": { $0.powerShell }, "powershell": { $0.powerShell }, "cmd": { $0.commandPrompt },
            "start-stop-daemon": { $0.daemon }, "bwrap": { $0.sandbox }, "ip": { $0.networkNamespace }, "gdb": { $0.debugger }, "expect": { $0.expect }, "which": { $0.which }, "mktemp": { $0.temporaryFile }, "set": { $0.setParameters }, "mapfile": { $0.readLines }, "readarray": { $0.readLines },
            "dig": { $0.lookUpName }, "drill": { $0.lookUpName }, "host": { $0.lookUpName }, "nslookup": { $0.lookUpName }, "fetch": { $0.download }, "lynx": { $0.download }, "aria2c": { $0.download }, "axel": { $0.download }, "w3m": { $0.download }, "ed": { $0.lineEditor }, "red": { $0.lineEditor },
            "awk": { $0.awk }, "gawk": { $0.awk }, "mawk": { $0.awk }, "vim": { $0.editor }, "vi": { $0.editor }, "nvim": { $0.editor }, "ex": { $0.editor }, "less": { $0.pager }, "more": { $0.pager }, "env": { $0.environment }, "printenv": { $0.environment },
        ]
        for name in ["gzip", "gunzip", "zcat", "bzip2", "bunzip2", "bzcat", "xz", "unxz", "xzcat", "zstd", "zstdcat", "lz4", "lzma", "uudecode", "gpg", "uncompress", "7z", "unzip", "funzip"] { programs[name] = { $0.decompress } }
        for name in ["head", "tail", "sort", "uniq", "cut", "grep", "egrep", "fgrep", "rg", "nl", "tac", "strings", "bat", "fold", "paste", "column", "od", "hexdump", "jq", "yq", "iconv", "dos2unix"] { programs[name] = { $0.filter } }
        return programs
    }()
}
