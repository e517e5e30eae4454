// What is written in the place of a match.

extension CompiledRule {
    /// The bytes that stand for a match in a JSON string.
    func writtenEscaped(_ match: Match, in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if match.isOverlong { return escapedLabel }
        switch rule.action {
        case .redact, .block, .report: return escapedLabel
        case .mask, .remove: return JSONEscapes.escaped(written(match, in: text))
        }
    }

    /// The bytes that stand for a match, before they are escaped for where they stand.
    func written(_ match: Match, in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if match.isOverlong { return label }
        switch rule.action {
        case .redact, .block, .report: return label
        case .mask(let style): return style.filled(UnsafeBufferPointer(rebasing: text[match.partStart..<match.partEnd]))
        case .remove: return []
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
