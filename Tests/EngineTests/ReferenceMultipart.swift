// The reference masker's reading of bodies of parts: lines first, then what lies between those that are delimiters.

import Engine

struct ReferenceMultipart {
    private let masker: ReferenceMasker
    private var boundary: String?
    private let unscannable: UnscannablePart
    private let level: Int

    init(_ masker: ReferenceMasker, boundary: String?, _ unscannable: UnscannablePart, level: Int = 0) {
        (self.masker, self.boundary, self.unscannable, self.level) = (masker, boundary, unscannable, level)
    }

    private static func isBoundary(_ name: String) -> Bool {
        name.wholeMatch(of: #/[0-9A-Za-z'()+_,.\/:=? -]{0,69}[0-9A-Za-z'()+_,.\/:=?-]/#) != nil
    }

    /// A line with its end.
    private struct Line {
        var range: Range<Int>
        /// Without the end of the line, and one carriage return before it.
        var text: String
    }

    private func lines(_ body: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var start = 0
        while start < body.count {
            let end = body[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.count
            var text = String(String.UnicodeScalarView(body[start..<end].map { Unicode.Scalar($0) }).filter { $0 != "\n" })
            if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
            lines.append(Line(range: start..<end, text: text))
            start = end
        }
        return lines
    }

    func mask(_ body: [UInt8]) -> MaskResult {
        var result = MaskResult()
        var boundary = self.boundary
        /// Adds what masking a stretch gave; false where it ended the body.
        func add(_ range: Range<Int>, _ mask: ([UInt8]) throws -> MaskResult) -> Bool {
            guard let part = try? mask(Array(body[range])) else { preconditionFailure("the rules were made before") }
            func moved(_ found: MaskResult.Found) -> MaskResult.Found {
                .init(rule: found.rule, range: found.range.lowerBound + range.lowerBound..<found.range.upperBound + range.lowerBound, outcome: found.outcome)
            }
            result.output += part.output
            result.findings += part.findings.map(moved)
            result.blocked = part.blocked.map(moved)
            return result.blocked == nil
        }
        func without(_ end: Int, from start: Int) -> Int {
            var end = end
            if end > start, body[end - 1] == 0x0A { end -= 1 } else { return end }
            if end > start, body[end - 1] == 0x0D { end -= 1 }
            return end
        }
        let lines = lines(body)
        var start = 0
        var isPart = false
        var sawLast = false
        for (number, line) in lines.enumerated() where !sawLast {
            guard line.text.hasPrefix("--") else { continue }
            let padding = line.text.unicodeScalars.reversed().prefix { $0 == " " || $0 == "\t" }.count
            let said = String(line.text.dropLast(padding).dropFirst(2))
            if boundary == nil, line.range.upperBound < body.count || body.last == 0x0A, Self.isBoundary(said), padding <= 256 {
                boundary = said
                if !isPart, !add(start..<without(line.range.lowerBound, from: start), { try text($0) }) { break }
                result.output += body[without(line.range.lowerBound, from: start)..<line.range.upperBound]
                (start, isPart) = (line.range.upperBound, true)
                continue
            }
            guard let boundary, said == boundary || said == boundary + "--", padding <= 256 else { continue }
            var end = without(line.range.lowerBound, from: start)
            if isPart {
                guard let bodyEnd = part(lines[..<number].filter { $0.range.lowerBound >= start }, start..<line.range.lowerBound, body, isDelimited: true, add) else { break }
                end = bodyEnd
            } else if !add(start..<end, { try text($0) }) {
                break
            }
            result.output += body[end..<line.range.upperBound]
            (start, isPart, sawLast) = (line.range.upperBound, true, said != boundary)
        }
        if result.blocked == nil {
            if sawLast || !isPart {
                _ = add(start..<body.count) { try text($0) }
            } else {
                _ = part(lines.filter { $0.range.lowerBound >= start }, start..<body.count, body, isDelimited: false, add)
            }
        }
        result.findings.sort()
        return result
    }

    /// - Returns: where its body ends; nil where it ended all.
    private func part(
        _ lines: [Line], _ range: Range<Int>, _ body: [UInt8], isDelimited: Bool, _ add: (Range<Int>, ([UInt8]) throws -> MaskResult) -> Bool
    ) -> Int? {
        var end = range.upperBound
        func trim(_ from: Int) {
            guard isDelimited, end > from, body[end - 1] == 0x0A else { return }
            end -= 1
            if end > from, body[end - 1] == 0x0D { end -= 1 }
        }
        guard let blank = lines.first(where: { $0.text.isEmpty && body[$0.range.upperBound - 1] == 0x0A && $0.range.upperBound - range.lowerBound <= 16384 }) else {
            if isDelimited, range.count <= 16384 { return add(range, { try fields($0) }) ? end : nil }
            trim(range.lowerBound)
            return add(range.lowerBound..<end, { try text($0) }) ? end : nil
        }
        guard add(range.lowerBound..<blank.range.upperBound, { try fields($0) }) else { return nil }
        let head = lines.prefix { $0.range.lowerBound < blank.range.lowerBound }.map(\.text).joined(separator: "\n").replacing(#/\n[ \t]/#, with: " ")
        trim(blank.range.upperBound)
        return add(blank.range.upperBound..<end, { try content($0, head) }) ? end : nil
    }

    private func masker(_ format: Format, _ plain: ReferenceText.Kind = .plain) throws -> ReferenceMasker {
        var other = try ReferenceMasker(masker.rules.map(\.rule) + masker.fields.filter(\.pattern.isEmpty), format: format, numbers: masker.numbers)
        other.plain = plain
        return other
    }

    private func text(_ bytes: [UInt8]) throws -> MaskResult { try masker(.text).mask(bytes) }
    private func fields(_ bytes: [UInt8]) throws -> MaskResult { try masker(.text, .cell).mask(bytes) }

    private func content(_ bytes: [UInt8], _ head: String) throws -> MaskResult {
        func says(_ name: String) -> String? {
            (head.firstMatch(of: try! Regex("(?im)^\(name):[ \\t]*([^\\n]*)$"))?.output[1].substring).map(String.init)
        }
        let type = says("content-type")?.split(separator: ";").first.map { $0.lowercased() } ?? "text/plain"
        let name = says("content-disposition")?.firstMatch(of: #/; name="([^"]*)"/#).map { String($0.output.1) }
        let isEncoded = says("content-transfer-encoding").map { !["7bit", "8bit", "binary"].contains($0) } ?? false
        if let name, !isEncoded, ["text/plain", "text/html", "application/x-own"].contains(type) {
            let way = name.split { "[].".contains($0) }.map(String.init)
            if !way.isEmpty, let rule = ReferenceCodings.field(way, masker.fields) { return try masker(.text).mask(bytes, as: rule) }
        }
        let formats: [String: Format] = ["application/json": .json, "text/csv": .csv, "text/html": .markup, "application/x-www-form-urlencoded": .form, "text/plain": .text]
        if !isEncoded, type == "multipart/mixed" {
            if level == 4 { return try text(bytes) }
            let inner = says("content-type")?.firstMatch(of: #/boundary=([^;]*)/#).map { String($0.output.1) }.flatMap { Self.isBoundary($0) ? $0 : nil }
            return ReferenceMultipart(masker, boundary: inner, unscannable, level: level + 1).mask(bytes)
        }
        if !isEncoded, type != "image/png" {
            switch bytes.withUnsafeBytes({ FormatDetection.verdict(declared: formats[type] ?? (type.hasPrefix("text/") ? .text : nil), beginning: $0, isWhole: true) }) {
            case .format(let format): return try masker(format).mask(bytes)
            case .unknown, .undecided: break
            }
            if bytes.isEmpty { return MaskResult() }
        }
        switch unscannable {
        case .text: return try text(bytes)
        case .pass: return MaskResult(output: bytes)
        case .block: return MaskResult(blocked: .init(rule: "unscannable-part", range: 0..<0, outcome: .blocked))
        }
    }
}
