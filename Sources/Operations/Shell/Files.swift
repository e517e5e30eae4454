// Programs that remove, overwrite, move and re-own files and disks.
//
// Sources: POSIX.1-2024, Utilities; GNU coreutils 9, findutils 4.10, util-linux 2.41, rsync 3.4 manuals.

extension ShellSession {
    private func noteEach(_ name: String, _ targets: [Argument], _ call: Call) {
        for target in targets { note(name, resolved(target.text), call.place.lowerBound..<max(call.place.lowerBound, target.place.upperBound)) }
    }

    func remove(_ call: Call) -> Flow {
        let options = Options(call.arguments)
        if options.has("help", "version") { return .nothing }
        if call.arguments.contains(where: { $0.text.utf8.count > 4 && ["-recurse", "-force", "-path", "-literalpath"].contains($0.text.lowercased()) }) { mayBePowerShell = true }
        let recursive = options.has("r", "R", "recursive")
        let name = recursive ? options.has("f", "force") ? "files.remove-recursively" : "files.remove-tree" : "files.remove"
        noteEach(name, options.operands, call)
        return .nothing
    }

    /// rimraf, del-cli: whatever they are given, with all below it.
    func removeTree(_ call: Call) -> Flow {
        noteEach("files.remove-recursively", Options(call.arguments).operands, call)
        return .nothing
    }

    func removeFile(_ call: Call) -> Flow {
        noteEach("files.remove", Options(call.arguments).operands, call)
        return .nothing
    }

    func copyBlocks(_ call: Call) -> Flow {
        var output: Flow = call.input
        for argument in call.arguments {
            if argument.text.hasPrefix("of=") {
                let target = resolved(String(argument.text.dropFirst(3)))
                note(Self.isDevice(target) ? "files.overwrite-device" : "files.overwrite", target, call.place)
                output = .nothing
            }
            if argument.text.hasPrefix("if=") {
                let source = String(argument.text.dropFirst(3))
                readFile(source, argument.place)
                output = isSecret(source) ? .secret : .file
            }
        }
        return output
    }

    func makeFileSystem(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "tbCgGiIJlmMNoOrTUELSndFs")
        if options.has("help", "V", "n") && call.name != "mkswap" && options.operands.isEmpty { return .nothing }
        for target in options.operands.prefix(1) { note("disk.format", target.text, call.place) }
        return .nothing
    }

    func wipeSignatures(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "otOp", long: ["offset", "types", "output"])
        guard options.has("a", "all", "o", "offset"), !options.has("n", "no-act") else { return .nothing }
        noteEach("disk.wipe", options.operands, call)
        return .nothing
    }

    func shred(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "ns", long: ["iterations", "size", "random-source"])
        if options.has("help", "version") { return .nothing }
        for target in options.operands { note(Self.isDevice(target.text) ? "disk.wipe" : "files.shred", resolved(target.text), call.place) }
        return .nothing
    }

    func truncate(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "sr", long: ["size", "reference"])
        if let size = options.value("s", "size")?.text, size.hasPrefix("+") || size.hasPrefix(">") { return .nothing }
        // A size of its own mostly makes a file; zero, or less than before, empties one.
        let size = options.value("s", "size")?.text ?? "0"
        let empties = size.first == "-" || size.first == "<" || size.first == "/" || size.allSatisfy { !$0.isNumber || $0 == "0" }
        noteEach(empties ? "files.truncate" : "files.overwrite", options.operands, call)
        return .nothing
    }

    func changeMode(_ call: Call) -> Flow {
        // The mode itself may look like options: chmod -w file.
        let options = Options(call.arguments, long: ["reference"])
        var operands = options.operands
        let mode = options.value("reference") == nil && !operands.isEmpty ? operands.removeFirst().text : ""
        let recursive = options.has("R", "recursive")
        let opens = mode.hasSuffix("777") || mode.hasSuffix("666") || mode.hasPrefix("a+") && mode.contains("w") || mode.hasPrefix("o+") && mode.contains("w") || mode == "+w"
        let closes = mode.utf8.allSatisfy { $0 == UInt8(ascii: "0") } && !mode.isEmpty
        if mode.contains("s"), mode.contains("+"), !mode.hasPrefix("+t") { noteEach("files.set-user-id", operands, call) }
        if mode.utf8.count == 4, let first = mode.utf8.first, first >= UInt8(ascii: "2"), first <= UInt8(ascii: "7") { noteEach("files.set-user-id", operands, call) }
        noteEach(recursive ? opens || closes ? "files.open-to-all-recursively" : "files.change-mode-recursively" : opens ? "files.open-to-all" : "files.change-mode", operands, call)
        return .nothing
    }

    func changeOwner(_ call: Call) -> Flow {
        let options = Options(call.arguments, long: ["reference", "from"])
        noteEach(options.has("R", "recursive") ? "files.change-owner-recursively" : "files.change-owner", Array(options.operands.dropFirst()), call)
        return .nothing
    }

    func move(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "tS", long: ["target-directory", "suffix"])
        guard let target = options.value("t", "target-directory") ?? options.operands.last else { return .nothing }
        let sources = options.value("t", "target-directory") == nil ? Array(options.operands.dropLast()) : options.operands
        if resolved(target.text) == "/dev/null" {
            noteEach("files.discard", sources, call)
        } else {
            noteEach("files.move", sources, call)
            note("files.overwrite", resolved(target.text), call.place)
        }
        return .nothing
    }

    func copy(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "tSmog", long: ["target-directory", "suffix", "mode", "owner", "group"])
        guard let target = options.value("t", "target-directory") ?? options.operands.last else { return .nothing }
        for source in options.operands.dropLast() { readFile(source.text, source.place) }
        let object = resolved(target.text)
        note(Self.isDevice(object) ? "files.overwrite-device" : "files.overwrite", object, call.place)
        return .nothing
    }

    func link(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "tS")
        guard options.has("f", "force"), options.operands.count > 1, let target = options.operands.last else { return .nothing }
        note("files.overwrite", resolved(target.text), call.place)
        return .nothing
    }

    func tee(_ call: Call) -> Flow {
        let options = Options(call.arguments)
        for target in options.operands where !target.marks.contains(.process) {
            let object = resolved(target.text)
            if object == "/dev/null" || object == "/dev/tty" || object == "/dev/stderr" { continue }
            let appends = options.has("a", "append")
            note(Self.isDevice(object) ? "files.overwrite-device" : appends ? "files.append" : "files.overwrite", object, call.place)
            if case .text(let bytes) = call.input { write(bytes, to: object, appending: appends) }
        }
        return call.input
    }

    /// What stands in place of the pattern in a command `s` of sed that runs it (GNU sed manual, 3.3, flag `e`).
    private static func substitutedCommand(_ script: [UInt8]) -> [UInt8]? {
        guard script.count > 4, script[0] == UInt8(ascii: "s") else { return nil }
        var parts: [[UInt8]] = [[]]
        var i = 2
        while i < script.count, parts.count < 3 {
            if script[i] == UInt8(ascii: "\\"), i + 1 < script.count {
                parts[parts.count - 1].append(script[i + 1])
                i += 1
            } else if script[i] == script[1] {
                parts.append([])
            } else {
                parts[parts.count - 1].append(script[i])
            }
            i += 1
        }
        return parts.count == 3 && script[i...].prefix { $0 != UInt8(ascii: ";") }.contains(UInt8(ascii: "e")) ? parts[1] : nil
    }

    /// sed -i, and its command `e`, which runs a shell.
    func edit(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "efEl", long: ["expression", "file"])
        let scripts = options.given.filter { $0.name == "e" || $0.name == "expression" }.compactMap(\.value)
        var operands = options.operands
        let script = scripts.isEmpty ? operands.isEmpty ? nil : operands.removeFirst() : scripts.first
        if options.given.contains(where: { $0.name == "i" || $0.name.hasPrefix("in-place") || $0.name == "in-place" }) { noteEach("files.edit", operands, call) }
        for file in operands { readFile(file.text, file.place) }
        // s/…/command/e
        if let script, let command = Self.substitutedCommand(Array(script.text.utf8)) { _ = read(command, place: script.place, input: .nothing, depth: call.depth + 1) }
        if let script, let first = script.text.drop(while: { $0.isNumber || $0 == "$" || $0 == " " }).first, first == "e" {
            _ = read(String(script.text.drop { $0.isNumber || $0 == "$" || $0 == " " }.dropFirst()), place: script.place, input: .nothing, depth: call.depth + 1)
        }
        if operands.contains(where: { isSecret($0.text) }) { return .secret }
        if operands.isEmpty, case .text = call.input { return .decoded }
        return operands.isEmpty ? .unknown : .file
    }

    /// Tests of find that take a word, which may look like an action.
    private static let findTests: Set<String> = [
        "-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-lname", "-ilname", "-type", "-xtype", "-size", "-user", "-group", "-uid", "-gid", "-perm", "-newer", "-anewer", "-cnewer",
        "-mtime", "-atime", "-ctime", "-mmin", "-amin", "-cmin", "-maxdepth", "-mindepth", "-samefile", "-links", "-inum", "-fstype", "-used", "-printf", "-regextype", "-context",
    ]

    func find(_ call: Call) -> Flow {
        let words = Array(call.arguments)
        var roots: [Argument] = []
        var i = 0
        while i < words.count, ["-H", "-L", "-P"].contains(words[i].text) || words[i].text.hasPrefix("-O") || words[i].text == "-D" { i += words[i].text == "-D" ? 2 : 1 }
        while i < words.count, !words[i].text.hasPrefix("-"), words[i].text != "(", words[i].text != "!" {
            roots.append(words[i])
            i += 1
        }
        if roots.isEmpty { roots = [Argument(text: ".", place: call.place)] }
        while i < words.count {
            let word = words[i].text
            i += 1
            if Self.findTests.contains(word) {
                i += 1
            } else if word == "-delete" {
                noteEach("files.delete-found", roots, call)
            } else if word == "-fprint" || word == "-fprintf" || word == "-fls" || word == "-fprint0" {
                if i < words.count { note("files.overwrite", resolved(words[i].text), call.place) }
                i += 1
            } else if word == "-exec" || word == "-execdir" || word == "-ok" || word == "-okdir" {
                let start = i
                while i < words.count, words[i].text != ";", !(words[i].text == "+" && i > start && words[i - 1].text == "{}") { i += 1 }
                let command = words[start..<i].map { argument in
                    guard argument.text.contains("{}"), roots.count == 1 else { return argument }
                    var filled = argument
                    // Anything below the root.
                    filled.text = argument.text.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: roots[0].text + "/*")
                    return filled
                }
                let before = reading.operations.count
                _ = look(at: command[...], input: .nothing, place: call.place, depth: call.depth)
                // What is removed one by one is removed all the same.
                for index in before..<reading.operations.count where ["files.remove", "files.remove-tree", "files.remove-recursively"].contains(reading.operations[index].name) {
                    reading.operations[index].name = "files.delete-found"
                }
                i += 1
            }
        }
        return .unknown
    }

    func synchronize(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "eBTfM", long: ["rsh", "exclude", "include", "exclude-from", "include-from", "files-from", "filter", "bwlimit", "port", "log-file", "partial-dir", "temp-dir", "backup-dir", "rsync-path", "compare-dest", "link-dest", "chmod", "chown"])
        let shell = options.value("e", "rsh")
        if let shell, !shell.text.hasPrefix("ssh") { _ = read(shell, depth: call.depth + 1) }
        for source in options.operands.dropLast() where isSecret(source.text) && options.operands.last!.text.contains(":") { note("secrets.send", source.text, call.place) }
        guard let target = options.operands.last, !options.has("n", "dry-run", "list-only") else { return .nothing }
        if options.given.contains(where: { $0.name == "del" || $0.name.hasPrefix("delete") }) {
            note("files.sync-delete", resolved(target.text), call.place)
        }
        if options.has("remove-source-files") { note("files.sync-delete", options.operands.first!.text, call.place) }
        return .nothing
    }

    /// scp: what it writes to a host's system folders, and secrets that it sends.
    func copyOverNetwork(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "cDFiJloPSX")
        guard options.operands.count > 1, let target = options.operands.last else { return .nothing }
        for source in options.operands.dropLast() where isSecret(source.text) && target.text.contains(":") { note("secrets.send", source.text, call.place) }
        let path = target.text.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        note(options.has("r") ? "files.copy-tree-to-host" : "files.overwrite", target.text.contains(":") ? Path.normalized(path) : resolved(path), call.place)
        return .nothing
    }

    func archive(_ call: Call) -> Flow {
        for argument in call.arguments {
            for option in ["--checkpoint-action=exec=", "--to-command=", "--use-compress-program=", "--rsh-command="] where argument.text.hasPrefix(option) {
                _ = read(String(argument.text.dropFirst(option.utf8.count)), place: argument.place, input: .nothing, depth: call.depth + 1)
            }
            if !argument.text.hasPrefix("-"), isSecret(argument.text) {
                readFile(argument.text, argument.place)
                return .secret
            }
        }
        for (letters, target) in zip(call.arguments, call.arguments.dropFirst()) where Self.isDevice(target.text) {
            // `tar cf DEVICE …`, `tar -czf DEVICE …`
            if letters.text.last == "f" || letters.text == "--file", call.arguments.contains(where: { $0.text == "--create" || !$0.text.hasPrefix("--") && $0.text.prefix(8).contains("c") && ($0.text.hasPrefix("-") || $0.place == call.arguments.first?.place) }) {
                note("files.overwrite-device", target.text, call.place)
            }
        }
        if call.arguments.contains(where: { $0.text == "--remove-files" }) { note("files.sync-delete", call.arguments.last!.text, call.place) }
        let first = call.arguments.first?.text ?? ""
        return first.contains("x") && call.arguments.contains { $0.text == "-O" || $0.text == "--to-stdout" } ? .decoded : .file
    }

    /// Disks and what holds them, as special files.
    static func isDevice(_ path: String) -> Bool {
        guard path.hasPrefix("/dev/") else { return false }
        let name = path.dropFirst(5)
        return ["sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "rdisk", "mapper/", "md", "dm-", "loop", "mem", "kmem", "port", "zd", "usb"].contains { name.hasPrefix($0) }
    }
}
