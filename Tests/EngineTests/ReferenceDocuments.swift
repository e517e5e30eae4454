// The reference masker's reader of documents in strings: all texts of a body, however deep, each with the raw bytes that wrote it.

import Engine

/// The value of a field where it stands in the body.
struct ReferenceFieldText {
    var value: ReferenceFieldValue
    /// The bytes of the body that wrote it, and its first byte.
    var raw: Range<Int>
    var first: Range<Int>
    /// As it stands in its document.
    var bytes: [UInt8]
    /// Documents around that one.
    var depth: Int
    /// Of a table: whether it stands between quotes.
    var cell: ReferenceText.Kind?
}

/// What a reader of a JSON body sees, of which some strings hold JSON.
struct ReferenceDocuments {
    private(set) var texts: [ReferenceText] = []
    /// Values of field rules that mask or block; no text begins in them.
    private(set) var values: [ReferenceFieldText] = []
    /// Findings of those that report.
    private(set) var reports: [(rule: String, raw: Range<Int>)] = []
    private let fields: [Rule]
    private(set) var brokenAt: Int?
    /// Of a body that goes on: the first byte of what cannot be read yet, an escape that is cut or a string that has not told what it holds.
    private(set) var unreadFrom: Int?
    /// Whether the latter is a string.
    private(set) var endsUndecided = false

    private static let deepest = 4
    private let goesOn: Bool

    /// - Parameter goesOn: `body` is the beginning of one.
    init(_ body: [UInt8], goesOn: Bool, fields: [Rule] = []) {
        self.goesOn = goesOn
        self.fields = fields
        read(body, origins: body.indices.map { $0..<$0 + 1 }, end: body.count, depth: 0, before: [], isOpen: true)
    }

    /// - Parameters:
    ///   - origins: of each byte of the document, the bytes of the body that wrote it.
    ///   - end: where it ends in the body.
    ///   - isOpen: the body ends where the document ends.
    private mutating func read(_ document: [UInt8], origins: [Range<Int>], end: Int, depth: Int, before: [UInt8], isOpen: Bool) {
        let json = ReferenceJSON(document)
        if depth == 0 { brokenAt = json.brokenAt }
        func place(_ offset: Int) -> Int { offset < origins.count ? origins[offset].lowerBound : end }
        var covered: [Range<Int>] = []
        for value in ReferenceFields(fields, document, brokenAt: json.brokenAt).values where !value.range.isEmpty {
            let raw = place(value.range.lowerBound)..<origins[value.range.upperBound - 1].upperBound
            if value.rule.action == .report {
                reports.append((value.rule.id, raw))
                continue
            }
            // A number that is masked for its length is one all the same.
            if value.kind == .number, value.range.count > 4096 { continue }
            values.append(ReferenceFieldText(value: value, raw: raw, first: origins[value.range.lowerBound], bytes: Array(document[value.range]), depth: depth))
            covered.append(value.range)
        }
        for var text in json.texts where !covered.contains(where: { $0.contains(text.start) }) {
            text.depth = depth
            text.before = Array((before + document[..<text.start]).suffix(102))
            text.isOpen = text.isOpen && isOpen
            if text.isOpen, goesOn, let escape = text.unfinishedEscape {
                let known = text.origins.prefix { $0.lowerBound < escape }.count
                text.bytes.removeLast(text.bytes.count - known)
                text.origins.removeLast(text.origins.count - known)
                unreadFrom = min(unreadFrom ?? .max, place(escape))
            }
            text.start = place(text.start)
            text.origins = text.origins.map { origins[$0.lowerBound].lowerBound..<origins[$0.upperBound - 1].upperBound }
            joinSharedBytes(&text.origins)
            if text.kind == .string, depth < Self.deepest {
                let sign = Self.sign(text.bytes)
                if sign == "document" {
                    let stop = text.origins.last?.upperBound ?? text.start
                    read(text.bytes, origins: text.origins, end: stop, depth: depth + 1, before: text.before, isOpen: text.isOpen)
                    continue
                }
                if sign == "cut", text.isOpen, goesOn {
                    unreadFrom = min(unreadFrom ?? .max, text.start)
                    endsUndecided = true
                }
            }
            texts.append(text)
        }
    }

    /// Raw bytes that wrote two neighbours, which an escape in an escape can do, belong to both.
    private func joinSharedBytes(_ origins: inout [Range<Int>]) {
        var index = 1
        while index < origins.count {
            let (left, right) = (origins[index - 1], origins[index])
            if left != right, right.lowerBound < left.upperBound {
                let both = min(left.lowerBound, right.lowerBound)..<max(left.upperBound, right.upperBound)
                for other in origins.indices where origins[other] == left || origins[other] == right { origins[other] = both }
                index = 0
            }
            index += 1
        }
    }

    /// `{` or brackets, then a quote, within the first 32 bytes; or all that behind a quote, the inner one escaped.
    private static func sign(_ text: [UInt8]) -> String {
        let start = String(decoding: text.prefix(32), as: Unicode.ASCII.self)
        let space = "[ \\t\\n\\r]*"
        let plain = try! Regex("^\(space)(\\[\(space))*(\\{\(space)|\\[\(space))\"")
        let quoted = try! Regex("^\(space)\"\\[*(\\{|\\[)\\\\")
        if start.firstMatch(of: plain) != nil || start.firstMatch(of: quoted) != nil { return "document" }
        let plainStart = try! Regex("^\(space)(\\[\(space))*(\\{\(space))?$")
        let quotedStart = try! Regex("^\(space)\"\\[*\\{?$")
        return text.count < 32 && (start.wholeMatch(of: plainStart) != nil || start.wholeMatch(of: quotedStart) != nil) ? "cut" : "text"
    }
}
