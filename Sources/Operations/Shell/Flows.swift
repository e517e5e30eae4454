// Programs whose output is known from what they are given: what echo says, base64 decodes and tr turns around, and then runs.
//
// Sources: POSIX.1-2024, Utilities (echo, printf, tr, cat); GNU coreutils 9 manual (base64, base32); Vim's xxd manual.

extension ShellSession {
    /// The arguments as text, or nil if something in them is unknown.
    private func joined(_ arguments: ArraySlice<Argument>) -> [UInt8] {
        var bytes: [UInt8] = []
        for argument in arguments {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
            bytes += argument.text.utf8
        }
        return bytes
    }

    func echo(_ call: Call) -> Flow {
        var arguments = call.arguments
        var interprets = false
        while let first = arguments.first?.text.utf8, first.count > 1, first.first == UInt8(ascii: "-"), first.dropFirst().allSatisfy({ "neE".utf8.contains($0) }) {
            if first.contains(UInt8(ascii: "e")) { interprets = true }
            arguments = arguments.dropFirst()
        }
        if let flow = Self.unknownFlow(arguments) { return flow }
        let bytes = joined(arguments)
        return .text((interprets ? Self.unescaped(bytes) : bytes) + [UInt8(ascii: "\n")])
    }

    /// What comes out where arguments hold what is not known: the most alarming of it. Nil if all that is unknown are plain variables within a longer text.
    private static func unknownFlow(_ arguments: ArraySlice<Argument>) -> Flow? {
        var flow = Flow.nothing
        var isAlarming = false
        for argument in arguments where argument.marks.contains(.unknown) {
            switch argument.flow {
            case .downloaded, .decoded, .secret: isAlarming = true
            default: break
            }
            flow.append(argument.flow)
        }
        if isAlarming { return flow }
        let known = arguments.contains { !$0.known.isEmpty }
        return known || arguments.isEmpty ? nil : .unknown
    }

    func printFormat(_ call: Call) -> Flow {
        var arguments = call.arguments
        if arguments.first?.text == "--" { arguments = arguments.dropFirst() }
        if arguments.first?.text == "-v", arguments.count > 2 {
            let name = arguments[arguments.startIndex + 1].text
            if case .text(let bytes) = formatted(arguments.dropFirst(2)) { assign(name, bytes) }
            return .nothing
        }
        return formatted(arguments)
    }

    private func formatted(_ arguments: ArraySlice<Argument>) -> Flow {
        guard let format = arguments.first else { return .nothing }
        if let flow = Self.unknownFlow(arguments) { return flow }
        let template = Array(format.text.utf8)
        var values = arguments.dropFirst().map(\.text)[...]
        var bytes: [UInt8] = []
        repeat {
            let before = values.count
            var i = 0
            while i < template.count {
                if template[i] == UInt8(ascii: "\\"), i + 1 < template.count {
                    i += 1 + Escapes.resolve(template, at: i + 1, into: &bytes)
                } else if template[i] == UInt8(ascii: "%"), i + 1 < template.count {
                    var end = i + 1
                    while end < template.count, "-+ #0123456789.*".utf8.contains(template[end]) { end += 1 }
                    guard end < template.count else { break }
                    switch template[end] {
                    case UInt8(ascii: "%"): bytes.append(UInt8(ascii: "%"))
                    case UInt8(ascii: "b"): bytes += Self.unescaped(Array((values.popFirst() ?? "").utf8))
                    default: bytes += (values.popFirst() ?? "").utf8
                    }
                    i = end + 1
                } else {
                    bytes.append(template[i])
                    i += 1
                }
            }
            // The format is used again while arguments are left.
            if values.count == before { break }
            guard spend(template.count, format.place) else { break }
        } while !values.isEmpty
        return .text(bytes)
    }

    private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var i = 0
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: "\\"), i + 1 < bytes.count {
                i += 1 + Escapes.resolve(bytes, at: i + 1, into: &result)
            } else {
                result.append(bytes[i])
                i += 1
            }
        }
        return result
    }

    func concatenate(_ call: Call) -> Flow {
        let files = call.arguments.filter { !$0.text.hasPrefix("-") || $0.text == "-" }
        return read(files: files, otherwise: call.input)
    }

    /// What a program that shows files passes on.
    private func read(files: [Argument], otherwise input: Flow) -> Flow {
        guard !files.isEmpty else { return input }
        var output = Flow.nothing
        for file in files {
            readFile(file.text, file.place)
            if file.text == "-" || file.text == "/dev/stdin" {
                output.append(input)
            } else if file.marks.contains(.process) {
                output.append(file.flow)
            } else {
                output.append(isSecret(file.text) ? .secret : .file)
            }
        }
        return output
    }

    /// head, grep and their like: part of what they read.
    func filter(_ call: Call) -> Flow {
        let files = call.arguments.filter { isSecret($0.text) }
        for file in files { readFile(file.text, file.place) }
        if !files.isEmpty { return .secret }
        switch call.input {
        case .text(let bytes):
            // Of one line nothing is left out.
            let lines = bytes.split(separator: UInt8(ascii: "\n"))
            if lines.count <= 1, ["head", "tail", "sort", "uniq", "tac", "iconv", "dos2unix", "less", "more"].contains(call.name) { return call.input }
            if call.name == "tac" { return .text(Array(lines.reversed().joined(separator: [UInt8(ascii: "\n")]))) }
            return .unknown
        case .nothing: return call.arguments.isEmpty ? .nothing : .file
        default: return call.input
        }
    }

    /// less, more: what they read, and `+!command`.
    func pager(_ call: Call) -> Flow {
        for argument in call.arguments where argument.text.hasPrefix("+!") { _ = read(String(argument.text.dropFirst(2)), place: argument.place, input: .nothing, depth: call.depth + 1) }
        return filter(call)
    }

    func decodeBase64(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "wi", long: ["wrap"])
        let isBase32 = options.has("base32")
        guard options.has("d", "D", "decode") else {
            return read(files: options.operands, otherwise: encoded(call.input))
        }
        if let file = options.operands.first, file.text != "-", file.text != "/dev/stdin" {
            if case .text(let bytes) = file.flow { return Decoding.base64(bytes).map { .text($0) } ?? .decoded }
            return .decoded
        }
        guard case .text(let bytes) = call.input else { return Self.decodedUnknown(call.input) }
        if isBase32 { return Decoding.base32(bytes).map { .text($0) } ?? .decoded }
        return Decoding.base64(bytes).map { .text($0) } ?? .decoded
    }

    /// Encoding hides a secret, but it is still one.
    private func encoded(_ input: Flow) -> Flow {
        if case .text = input { return .unknown }
        return input
    }

    private static func decodedUnknown(_ input: Flow) -> Flow {
        switch input {
        case .downloaded, .secret: input
        default: .decoded
        }
    }

    func decodeBase32(_ call: Call) -> Flow {
        guard Options(call.arguments).has("d", "decode") else { return encoded(call.input) }
        guard case .text(let bytes) = call.input else { return Self.decodedUnknown(call.input) }
        return Decoding.base32(bytes).map { .text($0) } ?? .decoded
    }

    func decodeHexadecimal(_ call: Call) -> Flow {
        let options = Options(call.arguments, valued: "scl")
        guard options.has("r") || call.arguments.contains(where: { $0.text == "-revert" || $0.text == "-r" }) else { return read(files: options.operands, otherwise: encoded(call.input)) }
        guard case .text(let bytes) = call.input else { return Self.decodedUnknown(call.input) }
        return Decoding.hexadecimal(bytes).map { .text($0) } ?? .decoded
    }

    func reverse(_ call: Call) -> Flow {
        guard case .text(let bytes) = call.input else { return call.input }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return .text(Array(lines.map { String($0.reversed()) }.joined(separator: "\n").utf8))
    }

    func translate(_ call: Call) -> Flow {
        guard case .text(let bytes) = call.input else { return call.input }
        let options = Options(call.arguments)
        let sets = options.operands.map { Self.set($0.text) }
        guard let from = sets.first else { return .unknown }
        if options.has("c", "C", "complement") { return .unknown }
        if options.has("d", "delete") { return .text(bytes.filter { !from.contains($0) }) }
        guard sets.count > 1, let last = sets[1].last else { return .text(bytes) }
        return .text(bytes.map { byte in from.firstIndex(of: byte).map { $0 < sets[1].count ? sets[1][$0] : last } ?? byte })
    }

    /// The bytes of a set of tr: ranges, escapes, `[:upper:]`.
    private static func set(_ text: String) -> [UInt8] {
        let classes: [String: [UInt8]] = ["[:upper:]": Array(65...90), "[:lower:]": Array(97...122), "[:digit:]": Array(48...57), "[:space:]": [9, 10, 11, 12, 13, 32], "[:alpha:]": Array(65...90) + Array(97...122)]
        var bytes: [UInt8] = []
        var rest = text
        for (name, members) in classes where rest.contains(name) {
            bytes += members
            rest = rest.split(separator: name, omittingEmptySubsequences: false).joined()
        }
        let plain = unescaped(Array(rest.utf8))
        var i = 0
        while i < plain.count {
            if i + 2 < plain.count, plain[i + 1] == UInt8(ascii: "-"), plain[i] <= plain[i + 2] {
                bytes += plain[i]...plain[i + 2]
                i += 3
            } else {
                bytes.append(plain[i])
                i += 1
            }
        }
        return bytes
    }

    func decompress(_ call: Call) -> Flow {
        let decodes = call.name != "gzip" && call.name != "bzip2" && call.name != "xz" && call.name != "zstd" || Options(call.arguments).has("d", "decompress")
        if call.name == "gpg" {
            if let program = table.programs["gpg"], let (name, object) = table.operation(of: program, call.arguments) { note(name, object, call.place) }
            guard Options(call.arguments).has("d", "decrypt") else { return .unknown }
        }
        switch call.input {
        case .downloaded: return .downloaded
        default: return decodes ? .decoded : .unknown
        }
    }

    func cipher(_ call: Call) -> Flow {
        let words = call.arguments.map(\.text)
        if words.first == "s_client" { return .downloaded }
        guard words.contains("-d"), words.contains("base64") || words.contains("-base64") || words.contains("-a") || words.contains("enc") else { return .unknown }
        if words.contains("base64") || words.contains("-base64") || words.contains("-a"), case .text(let bytes) = call.input, words.allSatisfy({ !$0.hasPrefix("-aes") }) {
            return Decoding.base64(bytes).map { .text($0) } ?? .decoded
        }
        return Self.decodedUnknown(call.input)
    }

    func environment(_ call: Call) -> Flow {
        guard call.name == "env", let wrapper = Wrappers.table["env"], call.arguments.contains(where: { !Self.isAssignment($0.text) }) else { return .secret }
        return look(through: wrapper, call)
    }
}
