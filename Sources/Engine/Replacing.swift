// What is written in the place of a match.

extension CompiledRule {
    /// The bytes that stand for a masked value, before they are escaped for where they stand.
    ///
    /// - Parameter value: the part to mask, as its reader sees it.
    func replacement(for value: UnsafeBufferPointer<UInt8>, isOverlong: Bool) -> [UInt8] {
        switch rule.action {
        case .redact, .block, .report: label
        case .mask(let style): isOverlong ? label : style.filled(value)
        case .remove: isOverlong ? label : []
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
        let total = starts.filter(counts).count
        let keepsAll = keepFirst + keepLast >= total
        var filled: [UInt8] = []
        var seen = 0
        for (number, start) in starts.enumerated() {
            let character = value[start..<(number + 1 < starts.count ? starts[number + 1] : value.count)]
            let isCounted = counts(start)
            let isKept = !isCounted || (!keepsAll && (seen < keepFirst || seen >= total - keepLast))
            if isCounted { seen += 1 }
            filled.append(contentsOf: isKept ? Array(character) : Array(String(fill).utf8))
        }
        return filled
    }
}
