// What holds for any shell text. A failing case prints the seed that repeats it.

import Testing

@testable import Operations

@Suite struct ShellPropertyTests {
    typealias Random = SQLPropertyTests.Random

    private static let words = ["rm", "-rf", "/", "a b", "it's", "x\"y", "$HOME", "`id`", "a\\b", "*", "#c", "~", ";", "a|b", "\n", "é", "{a,b}", "-n", "=", "(", "&&"]

    /// A way to write a word so that a shell reads this word.
    private static func quoted(_ word: String, _ random: inout Random) -> String {
        var text = ""
        for scalar in word.unicodeScalars {
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where scalar != "'": text += "'\(scalar)'"
            case 1 where !"$`\"\\".unicodeScalars.contains(scalar): text += "\"\(scalar)\""
            case 2 where scalar != "\n" && scalar.isASCII: text += "\\\(scalar)"
            case 3: text += "$'\\U\(String(scalar.value, radix: 16).leftPadded(8))'"
            default: text += scalar == "'" ? "\"'\"" : "''\"\"'\(scalar)'"
            }
            if Int.random(in: 0..<6, using: &random) == 0 { text += ["''", "\"\"", "\\\n", "$''"].randomElement(using: &random)! }
        }
        return text
    }

    @Test("However words are quoted, they read as the same words")
    func quoting() {
        var random = Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        for _ in 0..<4000 {
            let words = (0..<Int.random(in: 1..<6, using: &random)).map { _ in Self.words.randomElement(using: &random)! }
            let gaps = [" ", "\t", "  ", " \\\n "]
            let text = words.map { Self.quoted($0, &random) + gaps.randomElement(using: &random)! }.joined()
            // Assignments and reserved words are told by how they stand, so the command's name is one of neither.
            let read = ShellGrammarTests.commands("x " + text)
            #expect(read.count == 1 && read[0] == ["x"] + words, "seed \(seed): \(text)")
        }
    }

    private static let pieces =
        words + [
            "'", "\"", "`", "$(", "${", "}", ")", "$((", "))", "<<E\n", "E\n", "<<<", "<(", ">(", "> f", "2>&1", "|", "&", ";;", "case x in", "esac", "if", "then", "fi", "for x in", "do", "done", "while", "function f", "f()", "{", "[[", "]]",
            "x=1", "x=(", "$x", "${x:-", "${x/", "$'\\x", "\\", "echo", "base64 -d", "bash -c", "eval", "xargs", "sudo", "find . -exec", "python3 -c", "printf", "%s", "{a,", ",b}", "\u{200B}", "read x", "alias a=", "cd ..", "parallel :::", "curl x", "Remove-Item -Recurse",
        ]

    @Test("Any bytes are read to an end, and places lie within them")
    func anyBytes() {
        var random = Random(state: UInt64.random(in: 0 ... .max))
        let seed = random.state
        for _ in 0..<8000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                if Int.random(in: 0..<8, using: &random) == 0 { bytes.append(UInt8.random(in: 0 ... 255, using: &random)) } else { bytes += Array(Self.pieces.randomElement(using: &random)!.utf8) }
                if Bool.random(using: &random) { bytes.append(0x20) }
            }
            for reading in [ShellReader.read(bytes, table: CommandTable()), ShellReader.readPowerShell(bytes, table: CommandTable()), ShellReader.readCode(bytes, table: CommandTable())] {
                let places = reading.operations.map(\.range) + reading.obscurities.map(\.range)
                #expect(places.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= bytes.count }, "seed \(seed): \(bytes)")
            }
        }
    }

    @Test("A name of bytes that are no UTF-8 takes these bytes and no more")
    func names() {
        for text in ["$(function \u{1}", "for \u{1}", "${x:-\"$(function a\u{1}"] {
            let bytes = Array(text.utf8).map { $0 == 1 ? 0xF7 : $0 }
            let reading = ShellReader.read(bytes, table: CommandTable())
            #expect(reading.obscurities.contains { $0.reason == .malformed })
            #expect(reading.obscurities.allSatisfy { $0.range.upperBound <= bytes.count })
        }
    }

    @Test(
        "Twice the text takes at most about twice the steps",
        arguments: [
            "rm -rf a; ", "$(", "`", "${x:-", "$((", "<<E ", "<<E\n", "'", "\"", "\"$(", "(", "{ ", "if ", "case x in a) ", "{a,", "{a,b}", "a=$a$a ", "x=1 ", "echo a | ", "f() { ", "<(", "\\\n", "# a\n", "[[ ", "bash -c '", "eval ", "sudo ", "xargs ", "a=(", "@(", "$'\\", "ls <<E\n$(ls)\nE\n",
            "alias a='b ' ; a ", "parallel a ::: b ", "python3 -c 'f(' ", "find . -exec ", "a[$(b)]=$(", "a[$(", "f() { g $1; }; f x; ", "set -- a b; $@ ", "IFS=,; $x ", "coproc x ", "while read x; do $x; done <<< ls\n", "while read x; do ", "done <<< 'ls' ", "{ read x; } <<< a; ", "for i in a; do { read x <<< y; } <<< z; done <<< w; ",
        ])
    func linear(_ piece: String) {
        func steps(_ count: Int) -> Int {
            let text = Array(String(repeating: piece, count: count).utf8)
            let session = ShellSession(text, table: CommandTable())
            var parser = ShellParser(text, places: .shifted(0), session: session, depth: 0)
            _ = parser.list(until: .end, input: .nothing)
            return session.steps
        }
        let one = steps(1000)
        let two = steps(2000)
        #expect(two <= 2 * one + one / 4 + 64, "\(one) steps, then \(two)")
        #expect(one < 1000 * piece.utf8.count * 64 + 200_000, "\(one) steps")
    }
}

extension String {
    fileprivate func leftPadded(_ width: Int) -> String { String(repeating: "0", count: max(0, width - count)) + self }
}
