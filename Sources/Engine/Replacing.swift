// What is written in the place of a match.

extension CompiledRule {
    /// The bytes that stand for a match in a JSON string.
    ///
    /// - Parameter rules: that the rule is of: they have the key of `hash` and the tokens.
    func writtenEscaped(_ match: Match, in text: UnsafeBufferPointer<UInt8>, _ rules: RuleSet) -> [UInt8] {
        if match.isOverlong { return escapedLabel }
        switch rule.action {
        case .redact, .block, .report: return escapedLabel
        case .mask, .hash, .token, .remove: return JSONEscapes.escaped(written(match, in: text, rules))
        }
    }

    /// The bytes that stand for a match, before they are escaped for where they stand.
    func written(_ match: Match, in text: UnsafeBufferPointer<UInt8>, _ rules: RuleSet) -> [UInt8] {
        if match.isOverlong { return label }
        switch rule.action {
        case .redact, .block, .report: return label
        case .mask(let style): return style.filled(UnsafeBufferPointer(rebasing: text[match.partStart..<match.partEnd]))
        case .hash: return HashLabel.written(rule.entity, of: UnsafeBufferPointer(rebasing: text[match.partStart..<match.partEnd]), rules.hashKey) ?? label
        case .token: return rules.tokens?.written(rule.entity, of: UnsafeBufferPointer(rebasing: text[match.partStart..<match.partEnd])) ?? label
        case .remove: return []
        }
    }
}

extension NumberPolicy {
    /// What stands for a number.
    ///
    /// - Parameter escaped: what the rule's action writes, as it stands in a JSON string.
    func written(_ escaped: [UInt8]) -> [UInt8] {
        switch self {
        case .string: [UInt8(ascii: "\"")] + escaped + [UInt8(ascii: "\"")]
        case .zero: [UInt8(ascii: "0")]
        case .null: Array("null".utf8)
        }
    }
}

extension FieldSet.Field {
    /// What stands for a value; nil if all of it has to be known first.
    ///
    /// - Parameters:
    ///   - raw: what of the value is there: for a string, what stands between the quotes.
    ///   - rules: that the field is of.
    func written(_ value: FieldReader.Value, _ raw: UnsafeBufferPointer<UInt8>, _ rules: RuleSet, _ coding: TextCoding) -> [UInt8]? {
        switch value.kind {
        case .rest: return label
        case .literal:
            if rules.numbers == .zero { return Array("false".utf8) }
            return rules.numbers.written(rule.action == .remove ? [] : escapedLabel)
        case .string, .number:
            guard let text = writtenInString(value, raw, rules, coding) else { return nil }
            return value.kind == .number ? rules.numbers.written(text) : text
        }
    }

    private func writtenInString(_ value: FieldReader.Value, _ raw: UnsafeBufferPointer<UInt8>, _ rules: RuleSet, _ coding: TextCoding) -> [UInt8]? {
        let escapedLabel = coding == .json ? self.escapedLabel : coding.encoded(label)
        switch rule.action {
        case .redact, .block, .report: return escapedLabel
        case .remove: return []
        case .mask, .hash, .token:
            if raw.count > CompiledRule.longestHold { return escapedLabel }
            if !value.isClosed { return nil }
            return coding.decoded(raw).withUnsafeBufferPointer { text in
                if case .mask(let style) = rule.action { return coding.encoded(style.filled(text)) }
                let label = rule.action == .hash ? HashLabel.written(rule.entity, of: text, rules.hashKey) : rules.tokens?.written(rule.entity, of: text)
                return label.map { coding.encoded($0) } ?? escapedLabel
            }
        }
    }
}

extension Rule.MaskStyle {
    /// `value` with its characters filled, but for those that the style keeps.
    ///
    /// Where the style would keep every character, none is kept.
    func filled(_ value: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        // A character is a byte and the continuation bytes behind it, at most three.
        var starts: [Int] = []
        for index in value.indices where starts.isEmpty || !ByteSet.continuation.contains(value[index]) || index - starts[starts.count - 1] > 3 {
            starts.append(index)
        }
        func counts(_ start: Int) -> Bool {
            !keepPunctuation || value[start] >= 0x80 || (ByteSet.word.contains(value[start]) && value[start] != UInt8(ascii: "_"))
        }
        let total = starts.reduce(0) { $0 + (counts($1) ? 1 : 0) }
        let keepsAll = keepFirst + keepLast >= total
        let fill = Array(String(self.fill).utf8)
        var filled: [UInt8] = []
        filled.reserveCapacity(value.count)
        var seen = 0
        for (number, start) in starts.enumerated() {
            let isCounted = counts(start)
            let isKept = !isCounted || (!keepsAll && (seen < keepFirst || seen >= total - keepLast))
            if isCounted { seen += 1 }
            if isKept {
                filled.append(contentsOf: value[start..<(number + 1 < starts.count ? starts[number + 1] : value.count)])
            } else {
                filled.append(contentsOf: fill)
            }
        }
        return filled
    }
}
