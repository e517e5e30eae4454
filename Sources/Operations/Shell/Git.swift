// git: what throws away work, rewrites history or takes it from others.
//
// Source: git 2.51 manual pages of each subcommand.

extension ShellSession {
    func git(_ call: Call) -> Flow {
        // Options of git itself, which stand before the subcommand.
        var rest = call.arguments
        while let first = rest.first, first.known.utf8.first == UInt8(ascii: "-") {
            let text = first.known
            rest = rest.dropFirst()
            if text == "--help" || text == "--version" { return .nothing }
            var setting: String?
            if text == "-c" || text == "--config-env" {
                setting = rest.first?.text
                rest = rest.dropFirst()
            } else if text.hasPrefix("-c"), text.utf8.count > 2 {
                setting = String(text.dropFirst(2))
            } else if ["-C", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--super-prefix", "--attr-source"].contains(text) {
                rest = rest.dropFirst()
            }
            if let setting { readSetting(setting, call) }
        }
        guard let verb = rest.first else { return .unknown }
        let arguments = rest.dropFirst()
        if arguments.contains(where: { $0.text == "--help" }) { return .nothing }
        let place = call.place.lowerBound..<max(call.place.lowerBound, arguments.last?.place.upperBound ?? verb.place.upperBound)
        func found(_ name: String, _ object: String = "") { note(name, object, place) }

        switch verb.known.lowercased() {
        case "push":
            let options = Options(arguments, valued: "o", long: ["push-option", "receive-pack", "exec", "repo"])
            if options.has("n", "dry-run") { return .unknown }
            let refs = options.operands.dropFirst()
            // --force-with-lease and --force-if-includes refuse to drop what others have pushed; with both, the lease decides.
            let leased = options.given.contains { $0.name.hasPrefix("force-with-lease") || $0.name.hasPrefix("force-if-includes") }
            let forced = options.given.contains { $0.name == "f" || $0.name == "force" }
            let plus = refs.first { $0.text.hasPrefix("+") }
            if forced && !leased || plus != nil {
                found("git.push-force", plus?.text ?? refs.first?.text ?? "")
            } else if options.has("mirror", "prune") {
                found("git.push-mirror", options.operands.first?.text ?? "")
            } else if options.has("d", "delete") || refs.contains(where: { $0.text.hasPrefix(":") && $0.text.utf8.count > 1 }) {
                found("git.delete-remote-branch", refs.first?.text ?? "")
            } else if forced {
                found("git.push-force-with-lease", refs.first?.text ?? "")
            }
        case "reset":
            let words = arguments.map(\.known)
            // Behind the first operand that is no option git still takes options, but a pathspec of this name is none.
            if let mode = words.first(where: { ["--hard", "--merge", "--keep"].contains($0) || $0.utf8.count > 4 && "--hard".hasPrefix($0) }) { found(mode == "--keep" ? "git.reset-keep" : "git.reset-hard", words.first { !$0.hasPrefix("-") } ?? "") }
        case "clean":
            let options = Options(arguments, valued: "e", long: ["exclude"])
            if options.has("f", "force"), !options.has("dry-run"), !(options.has("n") && !options.has("f")) { found("git.clean", options.operands.first?.text ?? "") }
        case "checkout": checkout(arguments, found)
        case "switch":
            let options = Options(arguments, valued: "cC", long: ["create", "force-create", "conflict", "orphan"])
            if options.has("f", "force", "discard-changes") { found("git.discard-changes", options.operands.first?.text ?? "") }
            if let branch = options.value("C", "force-create") { found("git.move-branch", branch.text) }
        case "restore":
            let options = Options(arguments, valued: "sU", long: ["source", "conflict", "unified", "pathspec-from-file"])
            let stagedOnly = options.has("S", "staged") && !options.has("W", "worktree")
            if !stagedOnly, !options.operands.isEmpty || options.value("pathspec-from-file") != nil { found("git.discard-changes", options.operands.first?.text ?? "") }
        case "branch":
            let options = Options(arguments, valued: "u", long: ["set-upstream-to", "contains", "merged", "no-merged", "sort", "format", "points-at"])
            let deletes = options.has("d", "delete")
            if options.has("D") || deletes && options.has("f", "force") {
                found("git.delete-branch", options.operands.first?.text ?? "")
            } else if deletes {
                found("git.delete-merged-branch", options.operands.first?.text ?? "")
            } else if options.has("f", "force", "M", "C") {
                found("git.move-branch", options.operands.first?.text ?? "")
            }
        case "stash":
            switch arguments.first?.text {
            case "drop": found("git.drop-stash", arguments.dropFirst().first?.text ?? "")
            case "clear": found("git.drop-stash", "all")
            default: break
            }
        case "tag":
            let options = Options(arguments, valued: "mFu", long: ["message", "file", "local-user"])
            if options.has("d", "delete") { found("git.delete-tag", options.operands.first?.text ?? "") }
        case "worktree":
            if arguments.first?.text == "remove", Options(arguments).has("f", "force") { found("git.remove-worktree", arguments.last?.text ?? "") }
        case "reflog":
            if arguments.first?.text == "expire" || arguments.first?.text == "delete" { found("git.expire-reflog", arguments.last { !$0.text.hasPrefix("-") }?.text ?? "") }
        case "gc":
            if arguments.contains(where: { $0.text == "--prune=now" || $0.text == "--prune=all" || $0.text == "--aggressive=now" }) { found("git.prune") }
        case "prune":
            if !Options(arguments).has("n", "dry-run") { found("git.prune") }
        case "filter-branch", "filter-repo", "replace": found("git.rewrite-history")
        case "update-ref":
            let options = Options(arguments, valued: "m")
            if options.has("d", "stdin") { found("git.delete-reference", options.operands.first?.text ?? "") }
        case "symbolic-ref":
            if Options(arguments).has("d", "delete") { found("git.delete-reference", arguments.last?.text ?? "") }
        case "checkout-index":
            let options = Options(arguments)
            if options.has("f", "force"), options.has("a", "all") || !options.operands.isEmpty { found("git.discard-changes", options.operands.first?.text ?? "all files") }
        case "read-tree":
            if arguments.contains(where: { $0.text == "--reset" }), arguments.contains(where: { $0.text.hasPrefix("-u") }) { found("git.discard-changes") }
        case "rm":
            let options = Options(arguments)
            if !options.has("cached", "n", "dry-run"), options.has("f", "force") || options.has("r") && options.operands.contains(where: { [".", "*", "/"].contains($0.text) }) { found("git.remove-files", options.operands.first?.text ?? "") }
        case "remote":
            if let verb = arguments.first?.text, verb == "remove" || verb == "rm" { found("git.remove-remote", arguments.dropFirst().first?.text ?? "") }
        case "submodule":
            if arguments.first?.text == "deinit", Options(arguments).has("f", "force") { found("git.remove-submodule", arguments.last?.text ?? "") }
            if let index = arguments.firstIndex(where: { $0.text == "foreach" }) {
                let command = arguments[(index + 1)...].drop { $0.text.hasPrefix("--") }
                return read(command.map(\.text).joined(separator: " "), place: place, input: .nothing, depth: call.depth + 1)
            }
        case "bisect":
            if arguments.first?.text == "run" { return look(at: arguments.dropFirst(), input: .nothing, place: place, depth: call.depth) }
        case "rebase":
            if let command = Options(arguments, valued: "xCsX", long: ["exec", "onto", "strategy"]).value("x", "exec") { _ = read(command, depth: call.depth + 1) }
        case "config":
            if let index = arguments.firstIndex(where: { $0.text.hasPrefix("alias.") || $0.text == "core.pager" || $0.text == "core.editor" || $0.text == "core.sshCommand" }), index + 1 < arguments.endIndex {
                readSetting(arguments[index].text + "=" + arguments[index + 1].text, call)
            }
        case "annex":
            if let verb = arguments.first?.text, verb == "drop" || verb == "dropunused", Options(arguments).has("force") { found("git.remove-files", arguments.last?.text ?? "") }
        case "svn":
            if arguments.first?.text == "reset" { found("git.reset-hard") }
        case "show", "cat-file":
            for argument in arguments { readFile(argument.text, argument.place) }
        default: break
        }
        return .unknown
    }

    /// `git checkout` switches branches, and throws away changes of files.
    private func checkout(_ arguments: ArraySlice<Argument>, _ found: (String, String) -> Void) {
        let words = arguments.prefix { $0.text != "--" }
        let options = Options(ArraySlice(words), valued: "bBU", long: ["conflict", "orphan", "unified", "pathspec-from-file", "inter-hunk-context"])
        if options.has("f", "force") { return found("git.discard-changes", options.operands.first?.text ?? "") }
        if options.value("b", "B", "orphan") != nil { return }
        if words.count < arguments.count {
            // Behind two dashes stand files.
            if let file = arguments.dropFirst(words.count + 1).first { found("git.discard-changes", file.text) }
            return
        }
        if options.value("pathspec-from-file") != nil || options.has("ours", "theirs") { return found("git.discard-changes", options.operands.first?.text ?? "") }
        var operands = options.operands
        // --track may carry its mode as a word of its own.
        if options.has("t", "track"), let first = operands.first, first.text == "inherit" || first.text == "direct" { operands.removeFirst() }
        guard let first = operands.first else { return }
        // A tree and then files; or something that can only be a file.
        if operands.count > 1 { return found("git.discard-changes", operands[1].text) }
        if first.text == "." || first.text == "*" || first.text.hasPrefix("./") || first.text.hasPrefix(":/") || first.text.hasPrefix("*.") { found("git.discard-changes", first.text) }
    }

    /// `alias.x=!command`, `core.pager=command`.
    private func readSetting(_ setting: String, _ call: Call) {
        let parts = setting.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return }
        let name = parts[0].lowercased()
        if name.hasPrefix("alias."), parts[1].hasPrefix("!") {
            _ = read(String(parts[1].dropFirst()), place: call.place, input: .nothing, depth: call.depth + 1)
        } else if name.hasPrefix("alias.") {
            _ = read("git " + parts[1], place: call.place, input: .nothing, depth: call.depth + 1)
        } else if ["core.pager", "core.editor", "core.sshcommand", "core.fsmonitor", "diff.external", "sequence.editor"].contains(name) {
            _ = read(String(parts[1]), place: call.place, input: .nothing, depth: call.depth + 1)
        }
    }
}
