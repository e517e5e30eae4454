// The reference masker's reading of tables (CSV): record by record, field by field.

import Engine

struct ReferenceTable {
    private(set) var texts: [ReferenceText] = []
    private(set) var values: [ReferenceFieldText] = []
    private(set) var reports: [(rule: String, raw: Range<Int>)] = []
    /// Of a body that goes on: what came may be the beginning of a byte-order mark.
    private(set) var isUndecided = false

    private let body: [UInt8]
    private let goesOn: Bool
    private var at = 0
    private var delimiter: UInt8?
    private var names: [[UInt8]]?
    private let fields: [Rule]

    /// - Parameter goesOn: `body` is the beginning of one.
    init(_ body: [UInt8], fields: [Rule], goesOn: Bool) {
        (self.body, self.fields, self.goesOn) = (body, fields, goesOn)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if goesOn, body.count < 3, body == Array(mark.prefix(body.count)) {
            isUndecided = !body.isEmpty
            return
        }
        if body.starts(with: mark) { at = 3 }
        while at < body.count {
            if isLineEnd(body[at]) { at += 1 } else { record() }
        }
    }

    private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private mutating func isDelimiter(_ byte: UInt8) -> Bool {
        if delimiter == nil, names == nil, [0x2C, 0x3B, 0x09, 0x7C].contains(byte) { delimiter = byte }
        return byte == delimiter
    }

    private mutating func record() {
        var row: [[UInt8]] = []
        while true {
            var name: [UInt8]?
            if at < body.count, body[at] == 0x22 { name = quoted(column: row.count) }
            let start = at
            while at < body.count, !isLineEnd(body[at]), !isDelimiter(body[at]) { at += 1 }
            var text = ReferenceText(kind: .cell, raw: start..<at, of: body)
            text.isOpen = at == body.count
            if start < at { add(text, start..<at, column: row.count) }
            let raw = name ?? text.bytes
            row.append(raw)
            guard at < body.count, !isLineEnd(body[at]) else { break }
            at += 1
        }
        if names == nil, !goesOn || at < body.count {
            if row.count == 2, row[0] == Array("sep=".utf8), row[1].isEmpty { return }
            delimiter = delimiter ?? 0x2C
            names = row
        }
    }

    /// - Returns: what it says, if it can be a name.
    private mutating func quoted(column: Int) -> [UInt8] {
        let start = at + 1
        var text = ReferenceText(kind: .quotedCell, start: start)
        text.isOpen = true
        at = start
        while at < body.count {
            if body[at] != 0x22 {
                text.append([body[at]], from: at..<at + 1)
                at += 1
            } else if at + 1 < body.count, body[at + 1] == 0x22 {
                text.append([0x22], from: at..<at + 2)
                at += 2
            } else if at + 1 == body.count, goesOn {
                text.unfinishedEscape = at
                at += 1
                break
            } else {
                text.isOpen = false
                break
            }
        }
        add(text, start..<at, column: column)
        let name = at - start > 384 ? [] : text.bytes
        if !text.isOpen { at += 1 }
        return name
    }

    private mutating func add(_ text: ReferenceText, _ raw: Range<Int>, column: Int) {
        var text = text
        let name = (names ?? []).indices.contains(column) ? names![column].count > 384 ? [] : names![column] : []
        text.before = Array(((names == nil || name.isEmpty ? [] : name + [0x3A])).reversed() + body[..<text.start].suffix(102).reversed()).prefix(102).reversed()
        let way = String(decoding: name, as: UTF8.self).split { "[].".contains($0) }.map(String.init)
        guard !fields.isEmpty, !raw.isEmpty, !way.isEmpty, let rule = ReferenceCodings.field(way, fields) else { return texts.append(text) }
        if rule.action == .report {
            reports.append((rule.id, raw))
            return texts.append(text)
        }
        let value = ReferenceFieldValue(rule: rule, kind: .string, range: raw)
        values.append(
            ReferenceFieldText(value: value, raw: raw, first: raw.lowerBound..<raw.lowerBound + 1, bytes: Array(body[raw]), depth: 0, cell: text.kind))
    }

    static func said(_ raw: [UInt8], _ kind: ReferenceText.Kind) -> [UInt8] {
        kind != .quotedCell ? raw : Array(String(String.UnicodeScalarView(raw.map { Unicode.Scalar($0) })).replacing("\"\"", with: "\"").unicodeScalars.map { UInt8($0.value) })
    }

    static func written(_ text: [UInt8], _ kind: ReferenceText.Kind) -> [UInt8] {
        switch kind {
        case .cell: text.map { [0x2C, 0x3B, 0x09, 0x7C, 0x22, 0x0D, 0x0A].contains($0) ? 0x20 : $0 }
        case .quotedCell: text.flatMap { $0 == 0x22 ? [$0, $0] : [$0] }
        default: text
        }
    }
}
