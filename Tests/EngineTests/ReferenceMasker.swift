// The reference masker: docs/decisions/0001-the-meaning-of-masking.md, done the slow and obvious way on a whole body.

import Engine

/// What masking a body gives, for comparison with the engine.
struct MaskResult: Equatable {
    /// A `Finding` without its type, which only the engine can make.
    struct Found: Hashable, Comparable, CustomStringConvertible {
        var rule: String
        var range: Range<Int>
        var outcome: Finding.Outcome

        static func < (a: Found, b: Found) -> Bool {
            (a.range.lowerBound, a.range.upperBound, a.rule, a.outcome.rawValue) < (b.range.lowerBound, b.range.upperBound, b.rule, b.outcome.rawValue)
        }

        var description: String { "\(rule) \(range) \(outcome)" }
    }

    var output: [UInt8] = []
    var findings: [Found] = []
    var blocked: Found?
    var brokenJSONAt: Int?
}

/// A rule with its pattern parsed.
struct ReferenceRule {
    let rule: Rule
    let pattern: ReferencePattern
    let alphabet: [UInt8]
    let firstBytes: ByteSet

    init(_ rule: Rule) throws {
        self.rule = rule
        pattern = try ReferencePattern(rule.pattern)
        alphabet = Residuals.alphabet(of: pattern.whole)
        firstBytes = pattern.whole.firstBytes
    }

    /// Whether a match is sure at its first end, whatever follows.
    var isPrompt: Bool {
        let needsWholeValue = if case .mask = rule.action { true } else { [.hash, .token].contains(rule.action) }
        return rule.checks.isEmpty && !needsWholeValue && pattern.after == .empty && pattern.whole.hasUnboundedRepeat
    }

    /// The part of the match [start, end) to mask, not yet widened.
    func part(of match: Range<Int>, in text: [UInt8]) -> Range<Int> {
        guard let masked = pattern.masked else { return match }
        let finder = EndFinder(text: text)
        let starts = finder.ends(of: pattern.before, from: match.lowerBound)
        let rest = Syntax.sequence([masked, pattern.after])
        let start = match.first { p in
            guard starts.contains(p) else { return false }
            let left = Residuals(rest, previous: p > 0 ? text[p - 1] : nil).taking(text[p])
            // Only assertions can make what is left impossible.
            return rest.hasAssertions ? left.canEnd(alphabet) : !left.terms.isEmpty
        }!
        let end = (start...match.upperBound).last { q in finder.ends(of: pattern.after, from: q).contains(match.upperBound) }!
        return start..<end
    }

    func contextHolds(at start: Int, of text: ReferenceText) -> Bool {
        guard let context = rule.context else { return true }
        // The byte before those of the context is seen too, but no word begins with it.
        let inText = min(start, context.within + 1)
        let before = text.before.suffix(context.within + 1 - inText)
        return ReferenceChecks.holds(context, window: before + text.bytes[start - inText..<start])
    }
}

/// One match of one rule in one text. Offsets into the text.
struct ReferenceMatch {
    var rule: ReferenceRule
    var whole: Range<Int>
    /// The part to mask, widened to whole characters.
    var part: Range<Int>
    /// What of the part counts for components, widened.
    var core: Range<Int>
    /// The core of the whole match.
    var decided: Range<Int>
    /// Became a match without its checks: by its length, or because it has too many ends.
    var isOverlong: Bool
}

struct ReferenceMasker {
    static let longest = 4096
    static let mostEndsChecked = 64

    let rules: [ReferenceRule]
    let format: Format
    let fields: [Rule]
    let numbers: NumberPolicy
    /// How a plain text is written.
    var plain = ReferenceText.Kind.plain

    init(_ rules: [Rule], format: Format, numbers: NumberPolicy = .string) throws {
        self.rules = try rules.filter { !$0.pattern.isEmpty }.map(ReferenceRule.init)
        fields = rules.filter { !$0.fields.isEmpty }
        self.format = format
        self.numbers = numbers
    }

    func mask(_ body: [UInt8]) -> MaskResult {
        var result = MaskResult()
        var released = 0
        let texts: [ReferenceText]
        var values: [ReferenceFieldText] = []
        var reports: [(rule: String, raw: Range<Int>)] = []
        switch format {
        case .text: texts = [ReferenceText(kind: plain, raw: 0..<body.count, of: body)]
        case .json:
            let json = ReferenceDocuments(body, goesOn: false, fields: fields)
            texts = json.texts
            values = json.values
            reports = json.reports
            result.brokenJSONAt = json.brokenAt
        case .markup: texts = [ReferenceCodings.markup(body, goesOn: false)]
        case .form:
            let form = ReferenceCodings.form(body, fields: fields, goesOn: false)
            (texts, values, reports) = (form.texts, form.values, form.reports)
        case .csv:
            let table = ReferenceTable(body, fields: fields, goesOn: false)
            (texts, values, reports) = (table.texts, table.values, table.reports)
        case .multipart: return ReferenceMultipart(self, boundary: nil, .text).mask(body)
        case .sse, .ndjson, .jsonArray, .eventstream: preconditionFailure("the reference reads no events")
        }
        // Texts and values of fields, in order.
        let outcomes = texts.map { ($0.start, mask($0)) } + values.map { ($0.raw.lowerBound, mask($0)) }
        for (_, outcome) in outcomes.sorted(by: { $0.0 < $1.0 }) {
            for replacement in outcome.replacements where outcome.blocked.map({ replacement.raw.lowerBound < $0.range.lowerBound }) ?? true {
                result.output += body[released..<replacement.raw.lowerBound] + replacement.bytes
                released = replacement.raw.upperBound
                let end = min(replacement.raw.upperBound, outcome.blocked?.range.lowerBound ?? .max)
                result.findings.append(.init(rule: replacement.rule, range: replacement.raw.lowerBound..<end, outcome: .masked))
            }
            result.findings += outcome.reports
            if let blocked = outcome.blocked {
                result.blocked = blocked
                if released < blocked.range.lowerBound { result.output += body[released..<blocked.range.lowerBound] }
                result.findings += reports.filter { $0.raw.upperBound <= blocked.range.lowerBound }.map { .init(rule: $0.rule, range: $0.raw, outcome: .reported) }
                result.findings.sort()
                if let broken = result.brokenJSONAt, broken > blocked.range.lowerBound { result.brokenJSONAt = nil }
                return result
            }
        }
        result.findings += reports.map { .init(rule: $0.rule, range: $0.raw, outcome: .reported) }
        result.output += body[released...]
        result.findings.sort()
        return result
    }

    /// A body all of which is the value of a field rule.
    func mask(_ body: [UInt8], as rule: Rule) -> MaskResult {
        if body.isEmpty || rule.action == .report {
            var result = mask(body)
            if !body.isEmpty, result.blocked == nil {
                result.findings.append(.init(rule: rule.id, range: 0..<body.count, outcome: .reported))
                result.findings.sort()
            }
            return result
        }
        let value = ReferenceFieldValue(rule: rule, kind: .string, range: 0..<body.count)
        let outcome = mask(ReferenceFieldText(value: value, raw: 0..<body.count, first: 0..<1, bytes: body, depth: 0, cell: .plain))
        var result = MaskResult()
        result.blocked = outcome.blocked
        for replacement in outcome.replacements {
            result.output += replacement.bytes
            result.findings.append(.init(rule: replacement.rule, range: replacement.raw, outcome: .masked))
        }
        return result
    }

    private struct Outcome {
        var replacements: [(raw: Range<Int>, bytes: [UInt8], rule: String)] = []
        var reports: [MaskResult.Found] = []
        var blocked: MaskResult.Found?
    }

    private func mask(_ field: ReferenceFieldText) -> Outcome {
        var outcome = Outcome()
        let (value, bytes) = (field.value, field.bytes)
        let label: [UInt8]
        switch value.rule.action {
        case .redact(let own): label = Array((own ?? "[REDACTED:\(value.rule.entity)]").utf8)
        case .mask, .hash, .token: label = Array("[REDACTED:\(value.rule.entity)]".utf8)
        case .remove: label = value.kind == .rest ? Array("[REDACTED:\(value.rule.entity)]".utf8) : []
        case .block, .report:
            outcome.blocked = .init(rule: value.rule.id, range: field.first, outcome: .blocked)
            return outcome
        }
        var text = label
        var style: Rule.MaskStyle?
        if case .mask(let own) = value.rule.action { style = own }
        if style != nil || value.rule.action == .hash, value.kind == .string || value.kind == .number, bytes.count <= Self.longest {
            // Without its end: the body may have ended in an escape.
            let string = [UInt8(ascii: "\"")] + bytes
            let decoded = value.kind == .string && field.cell != nil ? ReferenceTable.said(bytes, field.cell!) : format == .form ? ReferenceCodings.form([UInt8(ascii: "=")] + bytes, fields: [], goesOn: false).texts[1].bytes : ReferenceJSON(string).texts.first?.bytes ?? []
            let said = value.kind == .string ? decoded : bytes
            text = style.map { filled(said[...], $0) } ?? ReferenceHash.label(value.rule.entity, said)
        }
        let written: [UInt8]
        switch value.kind {
        case .rest: written = text
        case .string where field.cell != nil: written = ReferenceTable.written(text, field.cell!)
        case .string where format == .form: written = ReferenceCodings.writtenInForm(text)
        case .string: written = escaped(text)
        case .number: written = standsForNumber(escaped(text))
        case .literal: written = numbers == .zero ? Array("false".utf8) : standsForNumber(escaped(text))
        }
        outcome.replacements = [(field.raw, escaped(written, times: field.depth), value.rule.id)]
        return outcome
    }

    private func standsForNumber(_ text: [UInt8]) -> [UInt8] {
        switch numbers {
        case .string: [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        case .zero: Array("0".utf8)
        case .null: Array("null".utf8)
        }
    }

    private func mask(_ text: ReferenceText) -> Outcome {
        var outcome = Outcome()
        if text.kind == .number, text.bytes.count > Self.longest {
            let label = standsForNumber(Array("[REDACTED:OVERSIZED_NUMBER]".utf8))
            outcome.replacements = [(text.raw(0..<text.bytes.count), escaped(label, times: text.depth), "oversized-number")]
            return outcome
        }
        var matches = rules.flatMap { self.matches(of: $0, in: text) }

        let blocks = matches.filter { $0.rule.rule.action == .block }
        if let block = blocks.min(by: { orderOfBlocks($0) < orderOfBlocks($1) }) {
            let end = block.whole.lowerBound
            matches.removeAll { $0.whole.lowerBound >= end || $0.rule.rule.action == .report && $0.whole.upperBound > end }
            outcome.blocked = .init(rule: block.rule.rule.id, range: text.raw(block.decided), outcome: .blocked)
        }
        outcome.reports = matches.filter { $0.rule.rule.action == .report }.map {
            .init(rule: $0.rule.rule.id, range: text.raw($0.whole), outcome: .reported)
        }
        matches.removeAll { [.report, .block].contains($0.rule.rule.action) }

        for group in groups(of: components(of: matches)) {
            let written = render(group.winner, in: text)
            if text.kind == .number {
                // Any match masks the whole number; the first group's winner decides.
                outcome.replacements = [(text.raw(0..<text.bytes.count), escaped(standsForNumber(escaped(written)), times: text.depth), group.winner.rule.rule.id)]
                return outcome
            }
            outcome.replacements.append((text.raw(group.span), written, group.winner.rule.rule.id))
        }
        return outcome
    }

    // MARK: Matches of one rule

    func matches(of rule: ReferenceRule, in text: ReferenceText) -> [ReferenceMatch] {
        var result: [ReferenceMatch] = []
        var start = 0
        while start < text.bytes.count {
            let ends = ends(of: rule, at: start, in: text)
            if let match = match(of: rule, at: start, ends: ends, in: text) {
                result.append(match)
                start = match.whole.upperBound
            } else {
                start += 1
            }
        }
        return result
    }

    private func ends(of rule: ReferenceRule, at start: Int, in text: ReferenceText) -> [Int] {
        guard rule.firstBytes.contains(text.bytes[start]), !isContinuation(text.bytes[start]) else { return [] }
        let ends = EndFinder(text: text.bytes).ends(of: rule.pattern.whole, from: start).sorted()
        return ends.isEmpty || !rule.contextHolds(at: start, of: text) ? [] : ends
    }

    /// The match that begins at `start`, where the pattern has these ends in ascending order and the context holds.
    func match(of rule: ReferenceRule, at start: Int, ends: [Int], in text: ReferenceText) -> ReferenceMatch? {
        let bytes = text.bytes
        guard let first = ends.first, let last = ends.last else { return nil }
        if rule.isPrompt {
            return made(rule, start..<last, core: start..<first, isOverlong: false, in: bytes)
        }
        let limit = start + Self.longest
        if limit <= bytes.count, first <= limit, isAlive(rule, from: start, at: limit, in: bytes) {
            return made(rule, start..<last, core: start..<limit, isOverlong: true, in: bytes)
        }
        for end in ends.suffix(Self.mostEndsChecked).reversed() {
            let part = rule.part(of: start..<end, in: bytes)
            if rule.rule.checks.allSatisfy({ ReferenceChecks.passes($0, bytes[part]) }) {
                return made(rule, start..<end, core: start..<end, isOverlong: false, in: bytes)
            }
        }
        if ends.count > Self.mostEndsChecked { return made(rule, start..<last, core: start..<last, isOverlong: true, in: bytes) }
        return nil
    }

    /// Whether a match that began at `start` could still end after `limit`.
    private func isAlive(_ rule: ReferenceRule, from start: Int, at limit: Int, in bytes: [UInt8]) -> Bool {
        var residuals = Residuals(rule.pattern.whole, previous: start > 0 ? bytes[start - 1] : nil)
        for byte in bytes[start..<limit] {
            residuals.take(byte)
            if residuals.terms.isEmpty { return false }
        }
        return residuals.wantsByte(rule.alphabet)
    }

    func made(_ rule: ReferenceRule, _ whole: Range<Int>, core: Range<Int>, isOverlong: Bool, in bytes: [UInt8]) -> ReferenceMatch {
        var part = rule.part(of: whole, in: bytes)
        // Its end was not known when it was decided, so neither was what follows the mask group.
        if isOverlong { part = part.lowerBound..<max(whole.upperBound, core.upperBound) }
        return ReferenceMatch(
            rule: rule, whole: whole.lowerBound..<max(whole.upperBound, core.upperBound), part: widened(part, in: bytes), core: widened(part.clamped(to: core), in: bytes), decided: core,
            isOverlong: isOverlong)
    }

    /// The range with the rest of the characters it cuts, at most three bytes on either side.
    private func widened(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start > 0, range.lowerBound - start < 3, isContinuation(bytes[start]), bytes[start - 1] >= 0x80 { start -= 1 }
        if bytes[end - 1] >= 0x80 {
            while end < bytes.count, end - range.upperBound < 3, isContinuation(bytes[end]) { end += 1 }
        }
        return start..<end
    }

    // MARK: Components and groups

    struct Component {
        var members: [ReferenceMatch]

        var start: Int { members.map(\.core.lowerBound).min()! }
        /// Where its first match begins, the part before the mask group included.
        var matchStart: Int { members.map(\.whole.lowerBound).min()! }
        var coreEnd: Int { members.map(\.core.upperBound).max()! }
        var span: Range<Int> { members.map(\.part.lowerBound).min()!..<members.map(\.part.upperBound).max()! }

        var winner: ReferenceMatch { members.min { order($0) < order($1) }! }

        private func order(_ match: ReferenceMatch) -> (Int, Int, String, Int) {
            (-match.rule.rule.priority, -match.core.count, match.rule.rule.id, match.core.lowerBound)
        }
    }

    func components(of matches: [ReferenceMatch]) -> [Component] {
        var result: [Component] = []
        for match in matches.sorted(by: { ($0.core.lowerBound, $0.core.upperBound) < ($1.core.lowerBound, $1.core.upperBound) }) {
            if let last = result.last, match.core.lowerBound < last.coreEnd, match.core.lowerBound - last.start < Self.longest {
                result[result.count - 1].members.append(match)
            } else {
                result.append(Component(members: [match]))
            }
        }
        return result
    }

    func groups(of components: [Component]) -> [(span: Range<Int>, winner: ReferenceMatch)] {
        var result: [(span: Range<Int>, winner: ReferenceMatch)] = []
        for component in components {
            if let last = result.last, component.span.lowerBound <= last.span.upperBound {
                result[result.count - 1].span = last.span.lowerBound..<max(last.span.upperBound, component.span.upperBound)
            } else {
                result.append((component.span, component.winner))
            }
        }
        return result
    }

    private func orderOfBlocks(_ match: ReferenceMatch) -> (Int, Int, Int, String) {
        (match.whole.lowerBound, -match.rule.rule.priority, -match.decided.count, match.rule.rule.id)
    }

    // MARK: What is written

    private func render(_ winner: ReferenceMatch, in text: ReferenceText) -> [UInt8] {
        let rule = winner.rule.rule
        let plain = "[REDACTED:\(rule.entity)]"
        let written: [UInt8] =
            switch rule.action {
            case .redact(let label): Array((label ?? plain).utf8)
            case .mask(let style): winner.isOverlong ? Array(plain.utf8) : filled(text.bytes[winner.part], style)
            case .token: Array(plain.utf8)
            case .hash: winner.isOverlong ? Array(plain.utf8) : ReferenceHash.label(rule.entity, Array(text.bytes[winner.part]))
            case .remove: winner.isOverlong ? Array(plain.utf8) : []
            case .block, .report: fatalError("never wins")
            }
        switch text.kind {
        case .plain: return escaped(written, times: text.depth)
        case .string: return escaped(written, times: text.depth + 1)
        case .number: return written
        case .formPart: return ReferenceCodings.writtenInForm(written)
        case .markup: return ReferenceCodings.writtenInMarkup(written)
        case .quotedCell, .cell: return ReferenceTable.written(written, text.kind)
        }
    }

    private func escaped(_ bytes: [UInt8], times: Int) -> [UInt8] { (0..<times).reduce(bytes) { bytes, _ in escaped(bytes) } }

    private func filled(_ value: ArraySlice<UInt8>, _ style: Rule.MaskStyle) -> [UInt8] {
        var characters: [[UInt8]] = []
        for byte in value {
            if isContinuation(byte), let last = characters.last, last.count < 4 {
                characters[characters.count - 1].append(byte)
            } else {
                characters.append([byte])
            }
        }
        let counted = characters.indices.filter { index in
            let byte = characters[index][0]
            return !style.keepPunctuation || byte >= 0x80 || isLetter(byte) || isDigit(byte)
        }
        let keepsAll = style.keepFirst + style.keepLast >= counted.count
        let filled = keepsAll ? counted[...] : counted.dropFirst(style.keepFirst).dropLast(style.keepLast)
        for index in filled { characters[index] = Array(String(style.fill).utf8) }
        return characters.flatMap { $0 }
    }

    private func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [UInt8(ascii: "\\"), byte]
            case 0x08: return Array("\\b".utf8)
            case 0x09: return Array("\\t".utf8)
            case 0x0A: return Array("\\n".utf8)
            case 0x0C: return Array("\\f".utf8)
            case 0x0D: return Array("\\r".utf8)
            case 0x00...0x1F:
                let digits = String(byte, radix: 16)
                return Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: return [byte]
            }
        }
    }
}
