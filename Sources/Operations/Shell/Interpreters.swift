// Programs that run text: shells, and the one-liners of scripting languages.

enum Interpreters {
    enum Language: String, Sendable { case python, node, perl, ruby, php, lua, other }

    static let languages: [String: Language] = {
        var languages: [String: Language] = [
            "python": .python, "python2": .python, "python3": .python, "pypy": .python, "pypy3": .python, "ipython": .python, "py": .python, "node": .node, "nodejs": .node, "deno": .node, "bun": .node, "ts-node": .node, "tsx": .node,
            "perl": .perl, "perl5": .perl, "ruby": .ruby, "irb": .ruby, "jruby": .ruby, "php": .php, "lua": .lua, "luajit": .lua, "osascript": .other, "rscript": .other, "groovy": .other, "tclsh": .other, "elixir": .other, "jshell": .other, "julia": .other, "erl": .other,
        ]
        for minor in 6...15 { languages["python3.\(minor)"] = .python }
        languages["python2.7"] = .python
        for minor in 4...8 { languages["php\(minor)"] = .php }
        return languages
    }()

    /// Options whose value is code.
    static func codeOptions(_ language: Language) -> Set<String> {
        switch language {
        case .python: ["-c"]
        case .node: ["-e", "--eval", "-p", "--print", "-pe", "eval"]
        case .perl, .ruby, .lua: ["-e", "-E"]
        case .php: ["-r", "--run", "-B", "-R", "-E"]
        case .other: ["-e", "--eval", "-eval"]
        }
    }
}

extension ShellSession {
    /// sh, bash and their like.
    func shell(_ call: Call) -> Flow {
        var rest = call.arguments
        var readsText = false
        var readsInput = false
        // Commands are only checked for their form.
        var runsNothing = false
        while let first = rest.first {
            let text = first.known
            if text == "--" {
                rest = rest.dropFirst()
                // What follows is a script's name, or (`bash -- -c`) was meant to be options.
                if rest.first?.text != "-c" { break }
                continue
            }
            guard text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+"), text.utf8.count > 1 else {
                if text == "-" {
                    readsInput = true
                    rest = rest.dropFirst()
                    continue
                }
                break
            }
            rest = rest.dropFirst()
            if text.hasPrefix("--") {
                if text == "--rcfile" || text == "--init-file" || text == "--command" {
                    if text == "--command" { readsText = true } else { rest = rest.dropFirst() }
                }
                continue
            }
            let letters = text.utf8.dropFirst()
            if letters.contains(UInt8(ascii: "c")) { readsText = true }
            if letters.contains(UInt8(ascii: "s")) { readsInput = true }
            if letters.contains(UInt8(ascii: "n")), text.utf8.first == UInt8(ascii: "-") { runsNothing = true }
            if letters.last == UInt8(ascii: "o") || letters.last == UInt8(ascii: "O") { rest = rest.dropFirst() }
        }
        if runsNothing { return .nothing }
        if readsText {
            guard let text = rest.first else { return .unknown }
            // Behind the text stand $0, $1, …
            return withParameters(rest.dropFirst(2), name: rest.dropFirst().first) { read(text, input: call.input, depth: call.depth + 1) }
        }
        guard rest.isEmpty || readsInput else {
            guard let script = rest.first else { return .unknown }
            if script.marks.contains(.process) { return run(script.flow, by: call) }
            if downloadedFiles.contains(resolved(script.text)) { note("code.run-downloaded", script.text, call.place) }
            if let text = content(of: script.text) { return withParameters(rest.dropFirst(), name: script) { read(text, place: call.place, input: call.input, depth: call.depth + 1) } }
            if script.text == "/dev/stdin" || script.text.hasPrefix("/dev/fd/") { return run(call.input, by: call) }
            return .unknown
        }
        return run(call.input, by: call)
    }

    /// What flows into an interpreter is run by it.
    private func run(_ flow: Flow, by call: Call) -> Flow {
        switch flow {
        case .text(let bytes): return read(bytes, place: call.place, input: .nothing, depth: call.depth + 1)
        case .downloaded, .decoded: runComputed(call.name, flow, call.place)
        case .unknown: note("code.run-output", call.name, call.place)
        case .nothing, .file, .secret: break
        }
        return .unknown
    }

    func source(_ call: Call) -> Flow {
        guard let file = call.arguments.first else { return .nothing }
        if file.marks.contains(.process) { return run(file.flow, by: call) }
        if file.text == "/dev/stdin" { return run(call.input, by: call) }
        if downloadedFiles.contains(resolved(file.text)) { note("code.run-downloaded", file.text, call.place) }
        if let text = content(of: file.text) { return read(text, place: call.place, input: .nothing, depth: call.depth + 1) }
        return .nothing
    }

    /// python, node, perl and their like.
    func interpreter(_ call: Call, _ language: Interpreters.Language) -> Flow {
        let options = Interpreters.codeOptions(language)
        var rest = call.arguments
        var hasScript = false
        while let first = rest.first {
            rest = rest.dropFirst()
            let text = first.known
            var code: Argument?
            if options.contains(text) {
                code = rest.first
            } else if language != .node, language != .php, text.hasPrefix("-"), !text.hasPrefix("--"), let last = text.last, options.contains("-\(last)") {
                // perl -ne '…', python -Bc '…'
                code = rest.first
            } else if language == .python, text.hasPrefix("-c"), text.utf8.count > 2 {
                code = first
                code?.text.removeFirst(2)
            } else if language == .node, let equals = text.firstIndex(of: "="), options.contains(String(text[..<equals])) {
                code = first
                code?.text = String(text[text.index(after: equals)...])
            } else if text == "-m", language == .python {
                hasScript = true
                break
            } else if !text.hasPrefix("-") {
                hasScript = true
                if first.marks.contains(.process) { return run(first.flow, language, call) }
                // A script that the catalogue knows as a program: manage.py, artisan.
                let script = Self.programName(first.text)
                if let program = table.programs[script], let (name, object) = table.operation(of: program, rest) { note(name, object, call.place) }
                if downloadedFiles.contains(resolved(first.text)) { note("code.run-downloaded", first.text, call.place) }
                if let text = content(of: first.text) { readCode(String(decoding: text, as: UTF8.self), language, place: call.place, depth: call.depth + 1) }
                break
            }
            if let code {
                if code.marks.contains(.unknown), code.known.isEmpty { runComputed(code.text, code.flow, code.place) }
                readCode(code.text, language, place: code.place, depth: call.depth + 1)
                return .unknown
            }
        }
        if !hasScript { return run(call.input, language, call) }
        return .unknown
    }

    private func run(_ flow: Flow, _ language: Interpreters.Language, _ call: Call) -> Flow {
        switch flow {
        case .text(let bytes): readCode(String(decoding: bytes, as: UTF8.self), language, place: call.place, depth: call.depth + 1)
        case .downloaded, .decoded: runComputed(call.name, flow, call.place)
        default: break
        }
        return .unknown
    }

    func awk(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "Ffv", long: ["field-separator", "assign", "file"], stopsAtOperand: true)
        guard let program = options.operands.first, options.value("f", "file") == nil else { return .unknown }
        readCode(program.text, .other, place: program.place, depth: call.depth + 1)
        for command in Self.pipedCommands(inAwk: Array(program.text.utf8)) { _ = read(command, place: program.place, input: .nothing, depth: call.depth + 1) }
        if case .text = call.input { return .decoded }
        let files = options.operands.dropFirst()
        for file in files { readFile(file.text, file.place) }
        return files.contains { isSecret($0.text) } ? .secret : files.isEmpty ? .unknown : .file
    }

    /// Strings at a pipe: `"command" | getline`, `print | "command"` (gawk manual, 5.7 and 4.10).
    private static func pipedCommands(inAwk program: [UInt8]) -> [[UInt8]] {
        guard program.contains(UInt8(ascii: "|")) else { return [] }
        var commands: [[UInt8]] = []
        var last: [UInt8]?
        var isPiped = false
        var i = 0
        while i < program.count {
            if program[i] == UInt8(ascii: "\"") {
                var text: [UInt8] = []
                i += 1
                while i < program.count, program[i] != UInt8(ascii: "\"") {
                    if program[i] == UInt8(ascii: "\\"), i + 1 < program.count { i += 1 + Escapes.resolve(program, at: i + 1, into: &text) } else {
                        text.append(program[i])
                        i += 1
                    }
                }
                if isPiped { commands.append(text) } else { last = text }
                isPiped = false
            } else if program[i] == UInt8(ascii: "|") {
                if let last, program[i...].dropFirst().drop(while: { $0 == UInt8(ascii: "&") || $0 <= 0x20 }).starts(with: "getline".utf8) { commands.append(last) }
                isPiped = true
            } else if program[i] > 0x20, program[i] != UInt8(ascii: "&") {
                (last, isPiped) = (nil, false)
            }
            i += 1
        }
        return commands
    }

    /// ed: lines that begin with `!`.
    func lineEditor(_ call: Call) -> Flow {
        guard case .text(let bytes) = call.input else { return .nothing }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "!") { _ = read(Array(line.dropFirst()), place: call.place, input: .nothing, depth: call.depth + 1) }
        return .nothing
    }

    /// vim -c '!command'.
    func editor(_ call: Call) -> Flow {
        for argument in call.arguments {
            guard let bang = argument.text.firstIndex(of: "!"), bang == argument.text.startIndex || ":%.'\"c+".contains(argument.text[argument.text.index(before: bang)]) else { continue }
            _ = read(String(argument.text[argument.text.index(after: bang)...]), place: argument.place, input: .nothing, depth: call.depth + 1)
        }
        return .nothing
    }

    func powerShell(_ call: Call) -> Flow {
        let words = Array(call.arguments)
        for (index, argument) in words.enumerated() {
            let name = argument.text.lowercased()
            guard name.hasPrefix("-"), name.utf8.count > 1, index + 1 < words.count else { continue }
            let rest = words[(index + 1)...]
            if "-encodedcommand".hasPrefix(name), name.hasPrefix("-e") && !name.hasPrefix("-ex") {
                guard let bytes = Decoding.base64(rest.first!.text.utf8) else { return .unknown }
                readPowerShell(Array(Decoding.utf16(bytes)), place: rest.first!.place, depth: call.depth + 1)
                return .unknown
            }
            if "-command".hasPrefix(name), name.hasPrefix("-c") {
                if rest.first!.text == "-" { break }
                let place = rest.first!.place.lowerBound..<max(rest.first!.place.upperBound, rest.last!.place.upperBound)
                readPowerShell(Array(rest.map(\.text).joined(separator: " ").utf8), place: place, depth: call.depth + 1)
                return .unknown
            }
            if "-file".hasPrefix(name), name.hasPrefix("-f") { return .unknown }
        }
        if let first = words.first, !first.text.hasPrefix("-"), !first.text.lowercased().hasSuffix(".ps1") {
            readPowerShell(Array(words.map(\.text).joined(separator: " ").utf8), place: call.place, depth: call.depth + 1)
        }
        switch call.input {
        case .text(let bytes): readPowerShell(bytes, place: call.place, depth: call.depth + 1)
        case .downloaded, .decoded: runComputed(call.name, call.input, call.place)
        default: break
        }
        return .unknown
    }

    func commandPrompt(_ call: Call) -> Flow {
        let words = Array(call.arguments)
        guard let index = words.firstIndex(where: { ["/c", "/k", "/r"].contains($0.text.lowercased()) || $0.text.lowercased().hasSuffix("/c") }), index + 1 < words.count else { return .unknown }
        let rest = words[(index + 1)...]
        readPowerShell(Array(rest.map(\.text).joined(separator: " ").utf8), place: rest.first!.place.lowerBound..<max(rest.first!.place.upperBound, rest.last!.place.upperBound), depth: call.depth + 1)
        return .unknown
    }
}
