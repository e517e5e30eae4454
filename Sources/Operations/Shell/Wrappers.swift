// Programs that run the command they are given: sudo, env, nohup, timeout, xargs, ssh, docker exec and their like.

/// How a program's own options are told from the command it runs.
struct Wrapper {
    /// Letters of options with a value.
    var valued = ""
    var long: Set<String> = []
    /// Operands before the command: the duration of timeout, the host of ssh.
    var operands = 0
    /// `NAME=value` may stand before the command.
    var assigns = false
    /// The command is handed to a shell as text: its words are joined and read once more.
    var isText = false
    /// Words of which one must come first: `exec` of docker.
    var subcommands: [String] = []
    /// The command is an option's value instead: letters or long names.
    var textOptions: [String] = []
    /// The command begins behind `--` alone.
    var afterDashes = false
}

enum Wrappers {
    static let table: [String: Wrapper] = {
        var table: [String: Wrapper] = [
            "sudo": Wrapper(valued: "CDghpRrTtUu", long: ["user", "group", "host", "prompt", "chdir", "chroot", "role", "type", "close-from", "other-user", "command-timeout"], assigns: true),
            "doas": Wrapper(valued: "Cu", assigns: true),
            "run0": Wrapper(valued: "ugD", long: ["user", "group", "chdir", "nice", "unit", "setenv", "slice"]),
            "pkexec": Wrapper(long: ["user"]),
            "env": Wrapper(valued: "uCPLU", long: ["unset", "chdir", "argv0"], assigns: true, textOptions: ["S", "split-string"]),
            "nice": Wrapper(valued: "n", long: ["adjustment"]),
            "ionice": Wrapper(valued: "cnpPu", long: ["class", "classdata", "pid"]),
            "chrt": Wrapper(valued: "pTPD", operands: 1),
            "taskset": Wrapper(operands: 1),
            "nohup": Wrapper(), "setsid": Wrapper(), "setarch": Wrapper(), "linux32": Wrapper(), "linux64": Wrapper(), "i386": Wrapper(), "i686": Wrapper(), "x86_64": Wrapper(), "aarch64": Wrapper(), "uname26": Wrapper(),
            "numactl": Wrapper(valued: "CNmpiP", long: ["interleave", "membind", "cpunodebind", "physcpubind", "preferred"]), "cgexec": Wrapper(valued: "g"), "choom": Wrapper(valued: "np", long: ["adjust", "pid"]),
            "prlimit": Wrapper(valued: "p", long: ["pid", "output"]), "proot": Wrapper(valued: "rbmwqkvir", long: ["rootfs", "bind", "mount", "cwd", "pwd", "qemu", "kernel-release"]), "builtin": Wrapper(), "noglob": Wrapper(), "nocorrect": Wrapper(),
            "busybox": Wrapper(), "toybox": Wrapper(), "caffeinate": Wrapper(valued: "tw"), "fakeroot": Wrapper(valued: "lisb"), "torsocks": Wrapper(),
            "proxychains": Wrapper(valued: "f"), "proxychains4": Wrapper(valued: "f"), "firejail": Wrapper(), "catchsegv": Wrapper(), "unbuffer": Wrapper(),
            "exec": Wrapper(valued: "a"), "coproc": Wrapper(), "time": Wrapper(valued: "fo", long: ["format", "output"]),
            "timeout": Wrapper(valued: "ks", long: ["signal", "kill-after"], operands: 1), "gtimeout": Wrapper(valued: "ks", operands: 1),
            "stdbuf": Wrapper(valued: "ioe", long: ["input", "output", "error"]), "chroot": Wrapper(long: ["userspec", "groups"], operands: 1),
            "unshare": Wrapper(valued: "RwSG"), "nsenter": Wrapper(valued: "tSGW", long: ["target", "setuid", "setgid", "wdns"]),
            "systemd-run": Wrapper(valued: "pGEHMu", long: ["unit", "property", "slice", "uid", "gid", "nice", "working-directory", "setenv", "description", "on-active", "on-calendar"]),
            "systemd-inhibit": Wrapper(long: ["what", "who", "why", "mode"]), "dbus-run-session": Wrapper(), "xvfb-run": Wrapper(valued: "efnpsw"),
            "strace": Wrapper(valued: "abeIoOpPsSuUEX"), "ltrace": Wrapper(valued: "aAeFlnopsuwx"), "perf": Wrapper(valued: "eo", subcommands: ["stat", "record", "trace"]),
            "valgrind": Wrapper(), "rlwrap": Wrapper(valued: "aCfHlpsO"), "setpriv": Wrapper(), "capsh": Wrapper(textOptions: ["c"]),
            "cross-env": Wrapper(assigns: true), "dotenv": Wrapper(valued: "efvp"), "direnv": Wrapper(operands: 1, subcommands: ["exec"]),
            "npx": Wrapper(valued: "p", long: ["package"], textOptions: ["c", "call"]), "bunx": Wrapper(), "uvx": Wrapper(), "pipx": Wrapper(subcommands: ["run"]),
            "uv": Wrapper(long: ["with", "python", "directory"], subcommands: ["run"]), "poetry": Wrapper(subcommands: ["run"]), "pipenv": Wrapper(subcommands: ["run"]),
            "pdm": Wrapper(subcommands: ["run"]), "hatch": Wrapper(subcommands: ["run"]), "bundle": Wrapper(subcommands: ["exec"]), "mise": Wrapper(subcommands: ["exec", "x"], afterDashes: true),
            "asdf": Wrapper(subcommands: ["exec"]), "conda": Wrapper(valued: "np", long: ["name", "prefix"], subcommands: ["run"]),
            "op": Wrapper(subcommands: ["run"], afterDashes: true), "doppler": Wrapper(subcommands: ["run"], textOptions: ["command"], afterDashes: true),
            "aws-vault": Wrapper(subcommands: ["exec"], afterDashes: true), "chamber": Wrapper(subcommands: ["exec"], afterDashes: true),
            "envchain": Wrapper(operands: 1), "sshpass": Wrapper(valued: "fdpP"), "flock": Wrapper(valued: "Ewo", operands: 1, textOptions: ["c", "command"]),
            "script": Wrapper(valued: "EIOTBmo", operands: .max, textOptions: ["c", "command"]), "su": Wrapper(operands: .max, textOptions: ["c", "command"]),
            "runuser": Wrapper(valued: "u", long: ["user"], textOptions: ["c", "command"]),
            "watch": Wrapper(valued: "nq", long: ["interval"], isText: true), "hyperfine": Wrapper(valued: "wmMrPDLpcSu", isText: true),
            "entr": Wrapper(), "at": Wrapper(operands: .max), "batch": Wrapper(operands: .max),
            "ssh": Wrapper(valued: "BbcDEeFIiJLlmOoPpQRSWw", operands: 1, isText: true), "mosh": Wrapper(operands: 1, isText: true), "autossh": Wrapper(valued: "MBbcDEeFIiJLlmOoPpQRSWw", operands: 1, isText: true),
            "salt": Wrapper(valued: "cutbLEGPNCIRS", long: ["timeout", "batch-size", "batch", "out", "output", "config-dir"], operands: 2, isText: true), "salt-call": Wrapper(valued: "clm", long: ["config-dir", "module-dirs", "out", "log-level"], operands: 1, isText: true),
            "pssh": Wrapper(valued: "hHlpoetOx", isText: true), "pdsh": Wrapper(valued: "wxgl", isText: true), "rsh": Wrapper(valued: "l", operands: 1, isText: true),
            "vagrant": Wrapper(subcommands: ["ssh"], textOptions: ["c", "command"]), "multipass": Wrapper(operands: 1, subcommands: ["exec"]),
            "lxc": Wrapper(operands: 1, subcommands: ["exec"]), "incus": Wrapper(operands: 1, subcommands: ["exec"]), "machinectl": Wrapper(operands: 1, subcommands: ["shell"]),
            "kubectl": Wrapper(valued: "ncls", long: ["namespace", "container", "context", "cluster", "kubeconfig", "user", "server", "token", "as", "pod-running-timeout", "filename"], operands: 1, subcommands: ["exec"]),
            "fab": Wrapper(valued: "HuigSfct", afterDashes: true), "az": Wrapper(operands: .max, textOptions: ["scripts"]),
            "oc": Wrapper(valued: "nc", long: ["namespace", "container", "context"], operands: 1, subcommands: ["exec", "rsh"]),
            "npm": Wrapper(textOptions: ["c", "call"], afterDashes: true), "pnpm": Wrapper(subcommands: ["exec", "dlx"]), "yarn": Wrapper(subcommands: ["exec", "dlx"]),
            "tmux": Wrapper(valued: "ceFnstLSxyf", isText: true, subcommands: ["new-session", "new", "new-window", "neww", "split-window", "splitw", "run-shell", "run"]),
            "screen": Wrapper(valued: "cehpsStT"), "man": Wrapper(valued: "CMSse", long: ["pager"], operands: .max, textOptions: ["P", "pager"]), "trap": Wrapper(isText: true), "tsocks": Wrapper(),
            "gcloud": Wrapper(operands: .max, textOptions: ["command"]), "heroku": Wrapper(valued: "a", long: ["app"], isText: true, subcommands: ["run"]), "fly": Wrapper(operands: .max, textOptions: ["C", "command"]),
        ]
        let containers = Wrapper(
            valued: "aceHhlmpuvwL",
            long: [
                "add-host", "attach", "cap-add", "cap-drop", "cidfile", "cpus", "cpuset-cpus", "cpu-shares", "detach-keys", "device", "dns", "entrypoint", "env", "env-file", "expose", "gpus", "group-add",
                "health-cmd", "host", "hostname", "context", "ip", "ipc", "label", "label-file", "link", "log-driver", "log-opt", "mac-address", "memory", "mount", "name", "network", "net", "network-alias", "pid",
                "pids-limit", "platform", "publish", "pull", "restart", "runtime", "secret", "security-opt", "shm-size", "stop-signal", "stop-timeout", "sysctl", "tmpfs", "ulimit", "user", "userns", "uts",
                "volume", "volume-driver", "volumes-from", "workdir", "project-name", "file", "profile", "index",
            ], operands: 1, subcommands: ["exec", "run"], textOptions: [])
        for name in ["docker", "podman", "nerdctl", "docker-compose", "podman-compose", "lima", "distrobox"] { table[name] = containers }
        return table
    }()
}

extension ShellSession {
    /// Looks at the command that a wrapper runs; at the wrapper itself by the table, if it runs none.
    func look(through wrapper: Wrapper, _ call: Call) -> Flow {
        var arguments = call.arguments
        var result = Flow.unknown
        if !wrapper.subcommands.isEmpty {
            // The subcommand may stand behind options, and behind the noun it belongs to (`docker compose exec`).
            guard arguments.contains(where: { wrapper.subcommands.contains($0.text) }) else { return lookByTable(call) }
            let words = Options(arguments, valued: wrapper.valued, long: wrapper.long).operands
            let found = words.first { !["container", "compose", "nohup"].contains($0.text) }
            guard let found, wrapper.subcommands.contains(found.text), let index = arguments.firstIndex(where: { $0.text == found.text && $0.place == found.place }) else {
                return lookByTable(call)
            }
            arguments = arguments[(index + 1)...]
        }
        for name in wrapper.textOptions {
            guard let text = Options(arguments, valued: wrapper.valued + (name.utf8.count == 1 ? name : ""), long: wrapper.long.union([name])).value(name) else { continue }
            result = read(text, input: call.input, depth: call.depth + 1)
        }
        let isBare = wrapper.subcommands.isEmpty && wrapper.textOptions.isEmpty
        if wrapper.afterDashes {
            guard let dashes = arguments.firstIndex(where: { $0.text == "--" }) else { return lookByTable(call) }
            return look(at: arguments[(dashes + 1)...], input: call.input, place: call.place, depth: call.depth)
        }
        if call.name == "sudo" || call.name == "doas", case .text(let text) = call.input, arguments.contains(where: { $0.text == "-s" || $0.text == "-i" }) {
            _ = read(text, place: call.place, input: .nothing, depth: call.depth + 1)
        }
        arguments = Self.command(in: arguments, wrapper)
        while wrapper.assigns, let first = arguments.first, Self.isAssignment(first.text) { arguments = arguments.dropFirst() }
        guard !arguments.isEmpty else {
            // A shell on another machine, or in a container, takes its commands from its input.
            if wrapper.operands > 0 || call.name == "sudo", case .text(let text) = call.input { _ = read(text, place: call.place, input: .nothing, depth: call.depth + 1) }
            return isBare ? result : lookByTable(call)
        }
        if wrapper.isText {
            if arguments.count == 1, let only = arguments.first { return read(only, input: call.input, depth: call.depth + 1) }
            // Words of their own for hyperfine and trap, of one text for ssh and watch: read both as one, apart by semicolons only where each is a text.
            let separator = call.name == "hyperfine" || call.name == "trap" ? "\n" : " "
            return read(arguments.map(\.text).joined(separator: separator), place: arguments.first!.place.lowerBound..<arguments.last!.place.upperBound, input: call.input, depth: call.depth + 1)
        }
        if !wrapper.subcommands.isEmpty { _ = lookByTable(call) }
        return look(at: arguments, input: call.input, place: call.place, depth: call.depth)
    }

    /// What a program's own words do, by the table.
    func lookByTable(_ call: Call) -> Flow {
        if let program = table.programs[call.name], let (name, object) = table.operation(of: program, call.arguments) { note(name, object, call.place) }
        return .unknown
    }

    /// What is left of the arguments behind the wrapper's own options and operands.
    private static func command(in arguments: ArraySlice<Argument>, _ wrapper: Wrapper) -> ArraySlice<Argument> {
        var rest = arguments
        var operands = wrapper.operands
        while let first = rest.first {
            let text = first.known
            if text == "--" {
                rest = rest.dropFirst()
                if operands > 0, operands < .max { rest = rest.dropFirst(operands) }
                break
            }
            if text.utf8.first == UInt8(ascii: "-"), text.utf8.count > 1 {
                rest = rest.dropFirst()
                if text.hasPrefix("--") {
                    if !text.contains("="), wrapper.long.contains(String(text.dropFirst(2))) { rest = rest.dropFirst() }
                } else if let letter = text.dropFirst().first(where: { wrapper.valued.contains($0) || wrapper.textOptions.contains(String($0)) }), text.last == letter {
                    rest = rest.dropFirst()
                }
                continue
            }
            guard operands > 0 else { break }
            if wrapper.assigns, isAssignment(text) {
                rest = rest.dropFirst()
                continue
            }
            operands -= 1
            rest = rest.dropFirst()
        }
        return rest.first?.text == "--" ? rest.dropFirst() : rest
    }

    static func isAssignment(_ text: String) -> Bool {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals > text.utf8.startIndex else { return false }
        return text.utf8[..<equals].allSatisfy { ShellParser.isName($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") } && text.utf8.first != UInt8(ascii: "-")
    }

    // MARK: Commands made from input

    /// xargs: its command, with what it reads as further arguments.
    func xargs(_ call: Call) -> Flow {
        let own = Options(call.arguments, valued: "EILPRnsadJS", long: ["arg-file", "delimiter", "max-args", "max-procs", "max-chars", "max-lines", "process-slot-var"], stopsAtOperand: true)
        let mark = own.value("I")?.text ?? own.value("J")?.text ?? (own.has("i", "replace") ? own.value("replace")?.text ?? "{}" : nil)
        var command = own.operands[...]
        guard let first = command.first else { return .unknown }
        var items: [Argument] = []
        if case .text(let bytes) = call.input {
            items = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).prefix(64).map { Argument(text: String($0), place: first.place) }
        } else {
            items = [Argument(text: "${input}", place: first.place, marks: .unknown, flow: call.input)]
        }
        if let mark {
            for item in items {
                // Where the mark is missing, the author took it to be there.
                let template = command.contains { $0.text.contains(mark) } ? command : command + [Argument(text: mark, place: first.place)]
                let filled = template.map { argument in
                    var filled = argument
                    guard argument.text.contains(mark) else { return filled }
                    filled.text = argument.text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: item.text)
                    filled.marks.formUnion(item.marks)
                    filled.flow = item.flow
                    return filled
                }
                _ = look(at: filled[...], input: .nothing, place: call.place, depth: call.depth)
                runsInput(command, mark, call)
            }
            return .unknown
        }
        command += items
        runsInput(own.operands[...], nil, call)
        return look(at: command, input: .nothing, place: call.place, depth: call.depth)
    }

    /// A shell that is given each line of the input as its commands.
    private func runsInput(_ command: ArraySlice<Argument>, _ mark: String?, _ call: Call) {
        guard let option = command.firstIndex(where: { $0.text == "-c" }), let shell = command.first, Self.isShell(Self.programName(shell.text)) else { return }
        let next = command.index(after: option)
        if next == command.endIndex || command[next].text == mark { note("code.run-input", shell.text, call.place) }
    }

    /// GNU parallel: its command with each of the inputs behind `:::`.
    func parallel(_ call: Call) -> Flow {
        let own = Options(call.arguments, valued: "jSaIdnNLX", long: ["jobs", "sshlogin", "arg-file", "colsep", "delimiter", "joblog", "results", "tmpdir", "max-args", "timeout", "retries", "delay", "load", "memfree"], stopsAtOperand: true)
        let parts = own.operands.split(omittingEmptySubsequences: false) { $0.text == ":::" || $0.text == ":::+" || $0.text == "::::" }
        let command = parts.first ?? []
        var items = parts.dropFirst().flatMap { $0 }
        if parts.count < 2, case .text(let bytes) = call.input {
            items = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(64).map { Argument(text: String($0), place: call.place) }
        }
        if command.isEmpty {
            for item in items.prefix(64) { _ = read(item, depth: call.depth + 1) }
            return .unknown
        }
        if items.isEmpty { items = [Argument(text: "${input}", place: call.place, marks: .unknown)] }
        let isShell = Self.isShell(Self.programName(command.first!.text))
        for item in items.prefix(64) {
            var words = command.map(\.text)
            if words.contains(where: { $0.contains("{}") }) {
                words = words.map { $0.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: item.text) }
            } else {
                words.append(item.text)
            }
            // Its words reach a shell, as text that it reads again; those of `bash -c` are that shell's.
            if isShell {
                let arguments = words.map { Argument(text: $0, place: call.place, marks: item.marks) }
                _ = look(at: arguments[...], input: .nothing, place: call.place, depth: call.depth)
            } else {
                _ = read(words.joined(separator: " "), place: call.place, input: .nothing, depth: call.depth + 1)
            }
        }
        return .unknown
    }

    /// ansible's modules that run commands, and what it takes away from all its hosts.
    func ansible(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "miauflcetMTP", long: ["module-name", "args", "inventory", "limit", "user", "forks", "extra-vars"])
        let module = options.value("m", "module-name")?.text ?? "command"
        let name = module.split(separator: ".").last.map(String.init) ?? module
        let text = options.value("a", "args")
        if ["shell", "command", "raw", "script", "win_shell", "win_command"].contains(name), let text { return read(text, depth: call.depth + 1) }
        if name == "reboot" || name == "win_reboot" { note("system.shut-down", options.operands.first?.text ?? "", call.place) }
        if let text, text.text.contains("state=absent") || text.text.contains("state=stopped") { note("infrastructure.destroy", "\(name) \(text.text)", call.place) }
        return .unknown
    }

    /// start-stop-daemon: the program that `--exec` or `--startas` names, with what stands behind `--`.
    func daemon(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "xanpuNgcdIk", long: ["exec", "startas", "name", "pidfile", "user", "nicelevel", "chuid", "chdir", "group", "chroot", "umask", "signal", "retry"])
        let dashes = call.arguments.firstIndex { $0.text == "--" } ?? call.arguments.endIndex
        guard let program = options.value("a", "startas") ?? options.value("x", "exec") else { return look(at: call.arguments[dashes...].dropFirst(), input: .nothing, place: call.place, depth: call.depth) }
        return look(at: ([program] + call.arguments[dashes...].dropFirst())[...], input: .nothing, place: call.place, depth: call.depth)
    }

    /// bwrap: what stands behind its options, each of which takes as many words as it needs.
    func sandbox(_ call: Call) -> Flow {
        let two: Set<String> = ["--bind", "--bind-try", "--dev-bind", "--dev-bind-try", "--ro-bind", "--ro-bind-try", "--setenv", "--symlink", "--file", "--bind-data", "--ro-bind-data", "--chmod"]
        let none: Set<String> = ["--new-session", "--die-with-parent", "--as-pid-1", "--clearenv", "--disable-userns"]
        var rest = call.arguments
        while let option = rest.first?.text, option.hasPrefix("--") {
            rest = rest.dropFirst(two.contains(option) ? 3 : none.contains(option) || option.hasPrefix("--unshare-") || option.hasPrefix("--share-") || option == "--" ? 1 : 2)
        }
        return look(at: rest, input: call.input, place: call.place, depth: call.depth)
    }

    /// ip: the command that `ip netns exec NAME` runs.
    func networkNamespace(_ call: Call) -> Flow {
        let words = call.arguments.drop { $0.text.hasPrefix("-") }
        guard words.prefix(2).map(\.text) == ["netns", "exec"] || words.prefix(2).map(\.text) == ["vrf", "exec"] else { return lookByTable(call) }
        return look(at: words.dropFirst(3), input: call.input, place: call.place, depth: call.depth)
    }

    /// gdb: the program it is given, and commands for a shell.
    func debugger(_ call: Call) -> Flow {
        let options = Options(call.arguments)
        if let index = call.arguments.firstIndex(where: { $0.text == "--args" || $0.text == "-args" }) { _ = look(at: call.arguments[(index + 1)...], input: .nothing, place: call.place, depth: call.depth) }
        for text in options.operands + options.given.compactMap(\.value) {
            for prefix in ["shell ", "!", "make "] where text.text.hasPrefix(prefix) { _ = read(String(text.text.dropFirst(prefix.utf8.count)), place: text.place, input: .nothing, depth: call.depth + 1) }
        }
        return .unknown
    }

    /// expect -c: the programs that its script spawns.
    func expect(_ call: Call) -> Flow {
        guard let script = Options(call.arguments, valued: "cdf").value("c") else { return .unknown }
        for line in script.text.split(whereSeparator: { $0 == "\n" || $0 == ";" }) {
            for verb in ["spawn ", "exec ", "system "] { if let start = line.firstRange(of: verb)?.upperBound { _ = read(String(line[start...]), place: script.place, input: .nothing, depth: call.depth + 1) } }
        }
        return .unknown
    }

    /// fd: a command for each file found.
    func findByName(_ call: Call) -> Flow {
        guard let index = call.arguments.firstIndex(where: { ["-x", "-X", "--exec", "--exec-batch"].contains($0.text) }) else { return .unknown }
        return look(at: call.arguments[(index + 1)...] + [Argument(text: "${input}", place: call.place, marks: .unknown)], input: .nothing, place: call.place, depth: call.depth)
    }

    /// `java -jar tool.jar …`: the tool.
    func java(_ call: Call) -> Flow {
        guard let option = call.arguments.firstIndex(where: { $0.text == "-jar" }), option + 1 < call.arguments.endIndex else { return .unknown }
        var name = Self.programName(call.arguments[option + 1].text)
        if name.hasSuffix(".jar") { name.removeLast(4) }
        return look(Call(name: name, arguments: call.arguments[(option + 2)...], input: call.input, place: call.place, depth: call.depth + 1))
    }

    /// `command NAME …`, but not `command -v NAME`, which only looks.
    func commandBuiltin(_ call: Call) -> Flow {
        var rest = call.arguments
        var looks = false
        while let first = rest.first, first.text.hasPrefix("-"), first.text.utf8.count > 1 {
            if first.text.contains("v") || first.text.contains("V") { looks = true }
            rest = rest.dropFirst()
        }
        // What it prints is the program's path, which runs it as its name does.
        if looks, rest.count < 2 { return which(call) }
        return look(at: rest, input: call.input, place: call.place, depth: call.depth)
    }

    /// `which NAME`, `command -v NAME`, `type -P NAME`: where the program is.
    func which(_ call: Call) -> Flow {
        let names = Options(call.arguments).operands
        guard !names.isEmpty, names.allSatisfy({ !$0.marks.contains(.unknown) }) else { return .unknown }
        return .text(Array((names.map(\.text).joined(separator: "\n") + "\n").utf8))
    }

    /// `mktemp`: a name below /tmp, unless it is told another folder.
    func temporaryFile(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "ps", long: ["suffix"])
        let folder = options.value("p", "tmpdir")?.text ?? options.operands.first.map { $0.text.contains("/") ? "" : options.has("t") ? "/tmp" : "." } ?? "/tmp"
        let template = options.operands.first?.text ?? "tmp.XXXXXXXXXX"
        return .text(Array(((folder.isEmpty ? template : folder + "/" + template) + "\n").utf8))
    }

    /// `set -- WORD …`: what `$1`, `$@` and their like stand for from here on.
    func setParameters(_ call: Call) -> Flow {
        if let mark = call.arguments.firstIndex(where: { $0.text == "--" || $0.text == "-" }) {
            assignParameters(call.arguments[(mark + 1)...])
        } else if let first = call.arguments.first?.text, !first.hasPrefix("-"), !first.hasPrefix("+") {
            assignParameters(call.arguments)
        }
        return .nothing
    }

    /// What `$1`, …, `$@` and `$*` stand for.
    func assignParameters(_ arguments: ArraySlice<Argument>) {
        for (index, argument) in arguments.prefix(9).enumerated() { assign("\(index + 1)", Array(argument.text.utf8)) }
        guard !arguments.isEmpty else { return }
        let all = Array(arguments.map(\.text).joined(separator: " ").utf8)
        assign("@", all, isList: true)
        assign("*", all, isList: true)
    }

    /// mapfile: all lines that come in, as a list.
    func readLines(_ call: Call) -> Flow {
        guard case .text(let bytes) = call.input else { return .nothing }
        let name = Options(call.arguments, valued: "dnOsuCc").operands.last?.text ?? "MAPFILE"
        assign(name, bytes.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }, isList: true)
        return .nothing
    }

    func evaluate(_ call: Call) -> Flow {
        guard let first = call.arguments.first, let last = call.arguments.last else { return .nothing }
        var whole = first
        whole.text = call.arguments.map(\.text).joined(separator: " ")
        whole.place = first.place.lowerBound..<max(first.place.upperBound, last.place.upperBound)
        for argument in call.arguments {
            whole.marks.formUnion(argument.marks)
            switch argument.flow {
            case .nothing: break
            default: whole.flow = argument.flow
            }
        }
        // What a local program prints for the shell to evaluate (`ssh-agent -s`) is that program's doing.
        if whole.text == "$()", case .unknown = whole.flow { return .unknown }
        return read(whole, input: call.input, depth: call.depth + 1)
    }

    /// `export NAME=value`, `declare`, `local`, `readonly`.
    func declare(_ call: Call) -> Flow {
        for argument in call.arguments where Self.isAssignment(argument.text) {
            let equals = argument.text.firstIndex(of: "=")!
            let value = Array(argument.text[argument.text.index(after: equals)...].utf8)
            if argument.marks.contains(.unknown) {
                assignUnknown(String(argument.text[..<equals]), value, argument.flow)
            } else {
                assign(String(argument.text[..<equals]), value)
            }
        }
        return .nothing
    }

    func alias(_ call: Call) -> Flow {
        for argument in call.arguments where Self.isAssignment(argument.text) {
            let equals = argument.text.firstIndex(of: "=")!
            let name = String(argument.text[..<equals])
            aliases[name] = String(argument.text[argument.text.index(after: equals)...])
        }
        return .nothing
    }

    /// `read NAME`: the variable holds what comes in.
    func readVariables(_ call: Call) -> Flow {
        let names = Options(call.arguments, valued: "adinNptu").operands.map(\.text)
        if case .text(let bytes) = call.input {
            let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
            if names.count == 1 {
                assign(names[0], Array(line))
            } else {
                let words = line.split(maxSplits: max(0, names.count - 1), whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
                for (name, word) in zip(names, words) { assign(name, Array(word)) }
            }
        } else {
            for name in names { loopInput[name] = call.input }
        }
        return .nothing
    }

    func changeDirectory(_ call: Call) -> Flow {
        let target = Options(call.arguments).operands.first?.text ?? "~"
        if target == "-" { return .nothing }
        directory = resolved(target)
        return .nothing
    }
}
