// What a body is read as: by its declared type, and by its first bytes where these say otherwise.

import Testing

@testable import Engine

@Suite("The format of a body")
struct FormatDetectionTests {
    typealias Verdict = FormatDetection.Verdict

    private static func verdict(_ declared: Format?, _ body: some Collection<UInt8>, isWhole: Bool = false) -> Verdict {
        Array(body).withUnsafeBytes { FormatDetection.verdict(declared: declared, beginning: $0, isWhole: isWhole) }
    }

    /// Bodies, and what each is where text, JSON or events were declared.
    private static let bodies: [(body: String, text: Format, json: Format, sse: Format)] = [
        // JSON, whatever it was called.
        (#"{"a": 1}"#, .json, .json, .json),
        ("\u{FEFF} \r\n\t{ \"a\": 1}", .json, .json, .json),
        (#"{}"#, .json, .json, .json),
        (#"[{"a":1}]"#, .json, .json, .json),
        (#"["a"]"#, .json, .json, .json),
        ("[]", .json, .json, .json),
        ("[[[-1.5e3 , 2]]]", .json, .json, .json),
        ("[true]", .json, .json, .json),
        ("[null,1]", .json, .json, .json),
        ("{\"a\":1}\n{\"a\":2}\n", .json, .json, .json),
        // An array of the events of an answer, and arrays that are none.
        ("[{\"candidates\": [{\"index\":0}]}]", .jsonArray, .jsonArray, .jsonArray),
        ("\u{FEFF} [\r\n{\n  \"usageMetadata\" : {}}]", .jsonArray, .jsonArray, .jsonArray),
        ("[{\"candidate\": 1}]", .json, .json, .json),
        ("[[{\"candidates\": 1}]]", .json, .json, .json),
        ("[{\"candid", .json, .json, .json),
        // Events without their type.
        ("data: {\"a\":1}\n\n", .sse, .sse, .sse),
        ("data:[DONE]\n\n", .sse, .sse, .sse),
        ("event: message_start\ndata: {}\n\n", .sse, .sse, .sse),
        (": ping\n\ndata: {}\n\n", .sse, .sse, .sse),
        ("\u{FEFF}id: 1\r\nretry: 10\r\ndata: hello\r\n\r\n", .sse, .sse, .sse),
        ("data: hello\n\ndata: world\n\n", .sse, .sse, .sse),
        ("data: hello\rdata: world\r\r", .sse, .sse, .sse),
        ("data: hello\nid: 4\n\n", .sse, .sse, .sse),
        ("data: hello", .sse, .sse, .sse),
        // Text. Called JSON it is read as JSON, which becomes text where it breaks; called events, as events.
        ("hello", .text, .json, .sse),
        ("", .text, .json, .sse),
        (" \n", .text, .json, .sse),
        ("[4111 1111 1111 1111] paid", .text, .json, .json),
        ("[2024-01-02 03:04:05] started", .text, .json, .json),
        ("[INFO] started", .text, .json, .json),
        ("[true story]", .text, .json, .json),
        ("[link](https://example.org)", .text, .json, .json),
        ("{{ template }}", .text, .json, .json),
        ("{'a': 1}", .text, .json, .json),
        ("[{x}]", .text, .json, .json),
        ("id: 5\nkey: |\n  -----BEGIN", .text, .sse, .sse),
        ("event: fair\nplace: hall\n", .text, .sse, .sse),
        ("data: see below\nmore\n\n", .text, .sse, .sse),
        ("database", .text, .json, .sse),
        ("dat", .text, .json, .sse),
        (": comment\ntext", .text, .sse, .sse),
        ("<html>", .text, .json, .sse),
        ("\"a string\"", .text, .json, .sse),
    ]

    @Test("the first bytes tell, against what was declared if need be")
    func table() {
        for (body, text, json, sse) in Self.bodies {
            #expect(Self.verdict(.text, body.utf8, isWhole: true) == .format(text), "\(body.debugDescription) as text")
            #expect(Self.verdict(.json, body.utf8, isWhole: true) == .format(json), "\(body.debugDescription) as json")
            #expect(Self.verdict(.sse, body.utf8, isWhole: true) == .format(sse), "\(body.debugDescription) as sse")
            let undeclared: FormatDetection.Verdict = body.hasPrefix("<") ? .format(.markup) : text == .text ? .unknown : .format(text)
            #expect(Self.verdict(nil, body.utf8, isWhole: true) == undeclared, "\(body.debugDescription) undeclared")
        }
    }

    @Test("a message of an event stream is known by the checksum of its lengths")
    func messages() {
        let message = ReferenceMessage("ping", Array("{}".utf8)).bytes
        var broken = message
        broken[9] ^= 1
        for declared: Format? in [nil, .text, .json, .sse, .form] {
            #expect(Self.verdict(declared, message) == .format(.eventstream))
            #expect(Self.verdict(declared, message.prefix(11)) == .undecided)
            #expect(Self.verdict(declared, broken) == (declared.map { .format($0) } ?? .unknown))
            #expect(Self.verdict(declared, message.prefix(11), isWhole: true) == (declared.map { .format($0) } ?? .unknown))
        }
    }

    @Test("a verdict does not depend on how the body is cut: what one beginning says, every longer one says")
    func stable() {
        var random = SystemRandomNumberGenerator()
        let words = ["{", "[", "\"", "}", "]", ",", " ", "\n", "\r", "data:", "event:", "id:", "retry:", ":", "1", "-", "true", "null", "x", "\u{FEFF}", "da", "\"candidates\"", "\0"]
        for round in 0..<4000 {
            let body =
                round < Self.bodies.count
                ? Array(Self.bodies[round].body.utf8)
                : (0..<Int.random(in: 1...12, using: &random)).flatMap { _ in Array(words.randomElement(using: &random)!.utf8) }
            for declared: Format? in [nil, .text, .json, .sse] {
                let whole = Self.verdict(declared, body, isWhole: true)
                var known: Verdict?
                for count in 0...body.count {
                    let verdict = Self.verdict(declared, body.prefix(count))
                    if let known { #expect(verdict == known, "\(body) as \(String(describing: declared)), \(count) bytes") }
                    if verdict != .undecided { known = verdict }
                }
                #expect(known == nil || known == whole, "\(body) as \(String(describing: declared))")
                #expect(whole != .undecided)
            }
        }
    }

    @Test("no more is waited for than needed")
    func early() {
        #expect(Self.verdict(.json, "{".utf8) == .format(.json))
        #expect(Self.verdict(.sse, "d".utf8) == .format(.sse))
        #expect(Self.verdict(.text, "h".utf8) == .format(.text))
        #expect(Self.verdict(.text, "{\"".utf8) == .format(.json))
        #expect(Self.verdict(.text, "data: {".utf8) == .format(.sse))
        #expect(Self.verdict(nil, [0x89, 0x50]) == .unknown)
        #expect(Self.verdict(.text, "[12".utf8) == .undecided)
    }

    @Test("a beginning that never tells is looked at up to the limit")
    func bound() {
        for (declared, verdict) in [(nil, .unknown), (.text, .format(.text)), (.json, .format(.json)), (.sse, .format(.sse))] as [(Format?, Verdict)] {
            let spaces = [UInt8](repeating: 0x20, count: FormatDetection.longestLook)
            #expect(Self.verdict(declared, spaces.dropLast()) == .undecided)
            #expect(Self.verdict(declared, spaces) == verdict)
            #expect(Self.verdict(declared, spaces + Array("{}".utf8)) == verdict)
        }
    }
}
