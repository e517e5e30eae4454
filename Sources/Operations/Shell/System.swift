// Processes, schedules and kernel settings.
//
// Sources: POSIX.1-2024 (kill, crontab); procps-ng 4 and psmisc 23 manuals.

extension ShellSession {
    func kill(_ call: Call) -> Flow {
        var words = call.arguments.map(\.known)[...]
        if words.first == "-l" || words.first == "-L" || words.first == "--help" { return .nothing }
        if let first = words.first, first.hasPrefix("-") {
            // A signal, but for a lone `-1` behind one.
            words = words.dropFirst(first == "-s" || first == "-n" || first == "--signal" ? 2 : 1)
            if first == "-1", words.isEmpty { words = [first] }
        }
        if words.first == "--" { words = words.dropFirst() }
        for word in words {
            if word == "-1" || word == "1" || word == "0" {
                note("process.kill-all", word, call.place)
            } else {
                note("process.kill", word, call.place)
            }
        }
        return .nothing
    }

    func killByName(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "ugtsGUPFonyZ", long: ["user", "group", "signal", "older-than", "younger-than", "ns", "context", "terminal", "session", "parent", "pidfile"])
        if options.has("l", "list", "V", "version") { return .nothing }
        let pattern = options.operands.first?.text ?? ""
        let isEverything = ["", ".", ".*", "*", "-1"].contains(pattern)
        if isEverything, options.operands.isEmpty, options.given.isEmpty { return .nothing }
        note(isEverything || ["init", "systemd", "sshd", "dockerd", "containerd", "kubelet", "dbus-daemon"].contains(pattern) ? "process.kill-all" : "process.kill", pattern, call.place)
        return .nothing
    }

    func scheduleTable(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "u")
        if options.has("r") { note("system.remove-schedule", options.value("u")?.text ?? "", call.place) }
        if options.has("l") { return .file }
        if let first = options.operands.first, first.text != "-" {
            note("system.replace-schedule", first.text, call.place)
        } else if case .text(let bytes) = call.input {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let command = line.split(separator: " ", maxSplits: 5)
                if command.count == 6 { _ = read(String(command[5]), place: call.place, input: .nothing, depth: call.depth + 1) }
            }
        }
        return .nothing
    }

    func kernelSetting(_ call: Call) -> Flow {
        for argument in call.arguments where argument.text.contains("=") && !argument.text.hasPrefix("-") { note("system.set-kernel", argument.text, call.place) }
        return .nothing
    }
}
