// The reference masker's reading of forms and of markup.

import Engine
import Foundation

enum ReferenceCodings {
    // MARK: Forms

    /// Names and values in order; those of fields apart.
    ///
    /// - Parameter goesOn: `body` is the beginning of one: an escape that is cut at its end is not read.
    static func form(_ body: [UInt8], fields: [Rule], goesOn: Bool) -> (
        texts: [ReferenceText], values: [ReferenceFieldText], reports: [(rule: String, raw: Range<Int>)]
    ) {
        var texts: [ReferenceText] = []
        var values: [ReferenceFieldText] = []
        var reports: [(rule: String, raw: Range<Int>)] = []
        var start = 0
        for pair in body.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let isLast = start + pair.count == body.count
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = formText(body, start..<(equals ?? start + pair.count), isOpen: isLast && equals == nil, goesOn: goesOn)
            texts.append(name)
            if let equals {
                let range = equals + 1..<start + pair.count
                let way = String(decoding: name.bytes, as: UTF8.self).split { "[].".contains($0) }.map(String.init)
                let rule = fields.isEmpty || equals - start > 384 ? nil : field(way, fields)
                if let rule, !range.isEmpty, rule.action != .report {
                    let value = ReferenceFieldValue(rule: rule, kind: .string, range: range)
                    values.append(ReferenceFieldText(value: value, raw: range, first: range.lowerBound..<range.lowerBound + 1, bytes: Array(body[range]), depth: 0))
                } else {
                    if let rule, !range.isEmpty { reports.append((rule.id, range)) }
                    texts.append(formText(body, range, isOpen: isLast, goesOn: goesOn))
                }
            }
            start += pair.count + 1
        }
        return (texts, values, reports)
    }

    /// A form says what a document of nested members would say.
    static func field(_ way: [String], _ fields: [Rule]) -> Rule? {
        var document = "0"
        for part in way.reversed() {
            if let number = Int(part) {
                document = "[" + String(repeating: "null,", count: min(number, 50)) + document + "]"
            } else {
                let name = String(decoding: try! JSONSerialization.data(withJSONObject: [part]), as: UTF8.self).dropFirst().dropLast()
                document = "{\(name):\(document)}"
            }
        }
        return ReferenceFields(fields, Array(document.utf8), brokenAt: nil).values.first?.rule
    }

    private static func formText(_ body: [UInt8], _ range: Range<Int>, isOpen: Bool, goesOn: Bool) -> ReferenceText {
        var text = ReferenceText(kind: .formPart, start: range.lowerBound)
        text.before = Array(body[..<range.lowerBound].suffix(102))
        text.isOpen = isOpen
        var at = range.lowerBound
        while at < range.upperBound {
            let hex = body[min(at + 1, range.upperBound)..<min(at + 3, range.upperBound)]
            if body[at] == UInt8(ascii: "%"), hex.count == 2, let value = UInt8(String(decoding: hex, as: UTF8.self), radix: 16), hex.allSatisfy(isHex) {
                text.append([value], from: at..<at + 3)
                at += 3
                continue
            }
            if body[at] == UInt8(ascii: "%"), hex.count < 2, hex.allSatisfy(isHex), isOpen, goesOn {
                text.unfinishedEscape = at
                return text
            }
            text.append([body[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : body[at]], from: at..<at + 1)
            at += 1
        }
        return text
    }

    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x41...0x46).contains(byte & 0xDF) }

    static func writtenInForm(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            if byte == 0x20 { return [UInt8(ascii: "+")] }
            if isDigit(byte) || isLetter(byte) || "*-._".utf8.contains(byte) { return [byte] }
            return Array(String(format: "%%%02X", byte).utf8)
        }
    }

    // MARK: Markup

    /// Some of the names; tests write no others that the engine knows.
    private static let names = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "commat": "@", "period": ".", "num": "#", "ndash": "–"]

    static func markup(_ body: [UInt8], goesOn: Bool) -> ReferenceText {
        var text = ReferenceText(kind: .markup, start: 0)
        text.isOpen = true
        let named = try! Regex("^&([A-Za-z]+);")
        let decimal = try! Regex("^&#([0-9]{1,10});?")
        let hexadecimal = try! Regex("^&#[xX]([0-9A-Fa-f]{1,10});?")
        let unfinished = try! Regex("^&([A-Za-z]{0,7}|#[0-9]{0,10}|#[xX][0-9A-Fa-f]{0,10})$")
        var at = 0
        while at < body.count {
            if body[at] == UInt8(ascii: "&") {
                let rest = String(String.UnicodeScalarView(body[at..<min(body.count, at + 24)].map { $0 < 0x80 ? Unicode.Scalar($0) : "\u{2603}" }))
                if goesOn, at + 24 > body.count, rest.wholeMatch(of: unfinished) != nil {
                    text.unfinishedEscape = at
                    return text
                }
                var written: String?
                var length = 0
                if let match = rest.firstMatch(of: hexadecimal), let digits = match.output[1].substring {
                    (written, length) = (character(digits, 16), match.output[0].substring!.count)
                } else if let match = rest.firstMatch(of: decimal), let digits = match.output[1].substring {
                    (written, length) = (character(digits, 10), match.output[0].substring!.count)
                } else if let match = rest.firstMatch(of: named), let name = match.output[1].substring, let known = names[String(name)] {
                    (written, length) = (known, match.output[0].substring!.count)
                }
                if let written {
                    text.append(Array(written.utf8), from: at..<at + length)
                    at += length
                    continue
                }
            }
            text.append([body[at]], from: at..<at + 1)
            at += 1
        }
        return text
    }

    private static func character(_ digits: Substring, _ radix: Int) -> String {
        guard let value = UInt32(digits, radix: radix), value > 0, let scalar = Unicode.Scalar(value) else { return "\u{FFFD}" }
        return String(scalar)
    }

    static func writtenInMarkup(_ text: [UInt8]) -> [UInt8] {
        let references: [UInt8: String] = [0x26: "&amp;", 0x3C: "&lt;", 0x3E: "&gt;", 0x22: "&quot;", 0x27: "&#39;"]
        return text.flatMap { references[$0].map { Array($0.utf8) } ?? [$0] }
    }
}
