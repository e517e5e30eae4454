// Programs that talk to other machines: what they fetch, what they send, what they ask servers to do.
//
// Sources: curl 8 and GNU Wget 1.25 manuals, HTTPie 3 documentation, Nmap's Ncat and socat 1.8 manuals.

extension ShellSession {
    /// Of these the next word is the value.
    private static let longOptionsOfCurl: Set<String> = [
        "request", "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "form", "form-string", "header", "output", "output-dir", "user", "user-agent", "referer", "upload-file", "url", "cookie", "cookie-jar",
        "proxy", "cert", "key", "cacert", "capath", "max-time", "connect-timeout", "retry", "retry-delay", "config", "write-out", "range", "resolve", "interface", "limit-rate", "unix-socket", "oauth2-bearer", "dump-header", "ciphers",
        "connect-to", "dns-servers", "max-redirs", "max-filesize", "proxy-user", "aws-sigv4", "url-query", "variable",
    ]

    func curl(_ call: Call) -> Flow {
        let options = Options(
            call.arguments, valued: "AbcCdDeEFHKmoPQrtTuUwxXyYz",
            long: Self.longOptionsOfCurl)
        var bodies: [[UInt8]] = []
        var file: Argument?
        for option in options.given {
            guard let value = option.value else { continue }
            if case .secret = value.flow { note("secrets.send", value.text, value.place) }
            switch option.name {
            case "d", "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json":
                if value.text.hasPrefix("@"), option.name != "data-raw" {
                    let path = String(value.text.dropFirst())
                    if isSecret(path) { note("secrets.send", resolved(path), value.place) }
                    if path == "-" || path == "/dev/stdin" {
                        if case .text(let bytes) = call.input { bodies.append(bytes) }
                        if case .secret = call.input { note("secrets.send", "", call.place) }
                    }
                } else {
                    bodies.append(Array(value.text.utf8))
                }
            case "F", "form", "T", "upload-file":
                let path = option.name == "T" || option.name == "upload-file" ? value.text : value.text.split(separator: "=", maxSplits: 1).last.map { $0.hasPrefix("@") || $0.hasPrefix("<") ? String($0.dropFirst().prefix { $0 != ";" }) : "" } ?? ""
                if isSecret(path) { note("secrets.send", resolved(path), value.place) }
                if path == "-", case .secret = call.input { note("secrets.send", "", call.place) }
                if bodies.isEmpty { bodies.append([]) }
            case "o", "output": file = value
            default: break
            }
        }
        let headers = Self.headers(options.given.filter { $0.name == "H" || $0.name == "header" })
        let method = options.value("X", "request")?.text
        let urls = options.operands + options.given.filter { $0.name == "url" }.compactMap(\.value)
        let hasBody = !bodies.isEmpty && !options.has("G", "get")
        for url in urls {
            if case .secret = url.flow { note("secrets.send", url.text, url.place) }
            let upload = options.given.contains { $0.name == "T" || $0.name == "upload-file" }
            let verb = method ?? (options.has("I", "head") ? "HEAD" : upload ? "PUT" : hasBody ? "POST" : "GET")
            read(HTTPReader.Request(method: verb, target: url.text, headers: headers, body: Array(bodies.joined(separator: [UInt8(ascii: "&")]))), place: call.place)
        }
        if let file, file.text != "-" {
            note("files.overwrite", resolved(file.text), call.place)
            downloadedFiles.insert(resolved(file.text))
            return .nothing
        }
        if options.given.contains(where: { $0.name == "O" || $0.name == "remote-name" || $0.name == "remote-name-all" }) {
            for url in urls { downloadedFiles.insert(resolved(Self.fileName(of: url.text))) }
            return .nothing
        }
        return urls.isEmpty ? .nothing : .downloaded
    }

    /// fetch, lynx, aria2c and their like: what they get, or the file they put it into.
    func download(_ call: Call) -> Flow {
        // The long options of lynx and w3m have one hyphen.
        if call.name == "lynx" || call.name == "w3m" { return call.arguments.contains { $0.text.hasPrefix("-") } ? .downloaded : .unknown }
        let options = Options(call.arguments, valued: "od", long: ["out", "output", "dir"])
        let urls = options.operands.filter { $0.text.contains(".") || $0.text.contains("/") }
        guard !urls.isEmpty else { return .unknown }
        if let file = options.value("o", "out", "output")?.text, file != "-" {
            note("files.overwrite", resolved(file), call.place)
            downloadedFiles.insert(resolved(file))
            return .nothing
        }
        if call.name == "aria2c" || call.name == "axel" { for url in urls { downloadedFiles.insert(resolved(Self.fileName(of: url.text))) } }
        return .downloaded
    }

    /// dig and its like: what a server of names answers is what somebody has put there.
    func lookUpName(_ call: Call) -> Flow { .downloaded }

    func wget(_ call: Call) -> Flow {
        let options = Options(
            call.arguments, valued: "aoOtTwPUeiDIXARlQB",
            long: ["method", "body-data", "body-file", "post-data", "post-file", "header", "output-document", "output-file", "user", "password", "user-agent", "timeout", "tries", "directory-prefix", "load-cookies", "limit-rate", "wait", "level", "accept", "reject"])
        var body: [UInt8] = []
        for option in options.given {
            guard let value = option.value else { continue }
            if case .secret = value.flow { note("secrets.send", value.text, value.place) }
            switch option.name {
            case "body-data", "post-data": body += value.text.utf8
            case "body-file", "post-file": if isSecret(value.text) { note("secrets.send", resolved(value.text), value.place) }
            default: break
            }
        }
        let headers = Self.headers(options.given.filter { $0.name == "header" })
        let posts = options.given.contains { $0.name.hasPrefix("post-") }
        for url in options.operands {
            if case .secret = url.flow { note("secrets.send", url.text, url.place) }
            read(HTTPReader.Request(method: options.value("method")?.text ?? (posts ? "POST" : "GET"), target: url.text, headers: headers, body: body), place: call.place)
        }
        if let file = options.value("O", "output-document")?.text {
            if file == "-" || file == "/dev/stdout" { return .downloaded }
            note("files.overwrite", resolved(file), call.place)
            downloadedFiles.insert(resolved(file))
        } else {
            let folder = options.value("P", "directory-prefix")?.text
            for url in options.operands {
                let name = Self.fileName(of: url.text)
                downloadedFiles.insert(resolved(folder.map { $0 + "/" + name } ?? name))
            }
        }
        return .nothing
    }

    private static func headers(_ given: [(name: String, value: Argument?)]) -> [(name: String, value: String)] {
        given.compactMap { option in
            let parts = (option.value?.text ?? "").split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1].drop { $0 == " " })) : nil
        }
    }

    private static func fileName(of url: String) -> String {
        let path = url.split(separator: "?", maxSplits: 1).first ?? ""
        return String(Path.lastPart(String(path)))
    }

    /// HTTPie and xh: `http METHOD URL item…`.
    func httpie(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "aAopsP", long: ["auth", "auth-type", "output", "print", "style", "session", "proxy", "verify", "cert", "timeout", "raw"])
        var words = options.operands[...]
        guard let first = words.first else { return .nothing }
        var method: String?
        if first.text.utf8.allSatisfy({ $0 >= 65 && $0 <= 90 || $0 >= 97 && $0 <= 122 }), words.count > 1, first.text.lowercased() != "localhost" {
            method = first.text.uppercased()
            words = words.dropFirst()
        }
        guard let url = words.popFirst() else { return .nothing }
        var body: [UInt8] = Array((options.value("raw")?.text ?? "").utf8)
        var fields: [String] = []
        for item in words {
            if let range = item.text.firstRange(of: ":=") {
                fields.append("\"\(item.text[..<range.lowerBound])\":\(item.text[range.upperBound...])")
            } else if let at = item.text.firstIndex(of: "@"), isSecret(String(item.text[item.text.index(after: at)...])) {
                note("secrets.send", item.text, item.place)
            } else if let equals = item.text.firstIndex(of: "="), !item.text.contains("==") {
                fields.append("\"\(item.text[..<equals])\":\"\(item.text[item.text.index(after: equals)...])\"")
            }
        }
        if !fields.isEmpty { body += "{\(fields.joined(separator: ","))}".utf8 }
        if case .text(let bytes) = call.input { body += bytes }
        if case .secret = call.input { note("secrets.send", "", call.place) }
        var target = url.text
        if target.hasPrefix(":/") || target == ":" { target = "localhost" + target.dropFirst() } else if target.hasPrefix(":") { target = "localhost" + target }
        read(HTTPReader.Request(method: method ?? (body.isEmpty ? "GET" : "POST"), target: target, body: body), place: call.place)
        return .downloaded
    }

    func netcat(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "ecpswqigGIOPTVxXb", long: ["exec", "sh-exec", "lua-exec", "source-port", "proxy", "wait", "idle-timeout"])
        if let program = options.value("e", "exec", "c", "sh-exec") { note("code.reverse-shell", program.text, call.place) }
        if Self.isShell(previousName) || Interpreters.languages[previousName] != nil { note("code.reverse-shell", previousName, call.place) }
        if case .secret = call.input { note("secrets.send", options.operands.first?.text ?? "", call.place) }
        return .downloaded
    }

    func socat(_ call: Call) -> Flow {
        for argument in call.arguments {
            let upper = argument.text.uppercased()
            if upper.hasPrefix("EXEC:") || upper.hasPrefix("SYSTEM:") { note("code.reverse-shell", argument.text, call.place) }
        }
        if case .secret = call.input { note("secrets.send", "", call.place) }
        return .downloaded
    }
}
