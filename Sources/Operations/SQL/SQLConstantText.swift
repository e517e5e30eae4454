// Strings that a statement puts together from literals, and then runs.

extension SQLParser {
    /// What an expression of strings comes to, so far as it can be told from the text.
    struct ConstantText {
        var bytes: [UInt8] = []
        /// False if a part is known only when the statement runs; a `?` stands for it.
        var isComplete = true
        /// Where literals stand in ``bytes``' place: from the first token to behind the last one.
        var range: Range<Int>
    }

    /// The text that an expression from a token on makes: literals, known variables and functions of constants, joined by `||`, `+`, `&` or nothing.
    func constantText(from first: Int, to high: Int, depth: Int = 0) -> ConstantText {
        var text = ConstantText(range: first..<first)
        var i = first
        var expectsTerm = true
        while i < high {
            let byte = symbol(i)
            if byte == 0x7C || byte == 0x2B || byte == 0x26 {
                i += 1
                expectsTerm = true
                continue
            }
            guard expectsTerm || tokens[i].kind == .string else { break }
            if byte == 0x2C || byte == 0x29 || byte == 0x3B { break }
            guard text.bytes.count < 1 << 13, let next = appendTerm(at: i, to: high, &text, depth) else { break }
            i = next
            expectsTerm = false
        }
        text.range = first..<max(i, first)
        return text
    }

    private func appendTerm(at i: Int, to high: Int, _ text: inout ConstantText, _ depth: Int) -> Int? {
        func unknown(_ next: Int) -> Int {
            text.bytes.append(0x3F)
            text.isComplete = false
            return next
        }
        switch tokens[i].kind {
        case .string:
            let prefix = tokens[i].opening > 1 ? lowercase(self.text[Int(tokens[i].start)]) : 0
            text.bytes += prefix == 0x78 ? Self.unhex(contents(i)) : contents(i)
            return i + 1
        case .quoted:
            text.bytes += contents(i)
            return i + 1
        case .number:
            let digits = self.text(i)
            if digits.count > 2, digits.dropFirst().first.map({ $0 | 0x20 }) == 0x78 {
                text.bytes += Self.unhex(Array(digits.dropFirst(2)))
            } else {
                text.bytes += digits
            }
            return i + 1
        case .variable:
            if let value = variables[variableName(i)] {
                text.bytes += value.bytes.prefix(1 << 13)
                text.isComplete = text.isComplete && value.isComplete
                return i + 1
            }
            return unknown(i + 1)
        case .symbol:
            guard symbol(i) == 0x28 else { return nil }
            let close = min(max(Int(tokens[i].match), i + 1), high)
            guard depth < 16 else { return unknown(close + 1) }
            let inner = constantText(from: i + 1, to: close, depth: depth + 1)
            text.bytes += inner.bytes
            text.isComplete = text.isComplete && inner.isComplete && inner.range.upperBound == close
            return close + 1
        case .word:
            guard symbol(i + 1) == 0x28 else {
                if let value = variables[variableName(i)] {
                    text.bytes += value.bytes.prefix(1 << 13)
                text.isComplete = text.isComplete && value.isComplete
                    return i + 1
                }
                return keyword(i).mayNameColumn ? unknown(i + 1) : nil
            }
            let close = min(max(Int(tokens[i + 1].match), i + 2), high)
            guard depth < 16 else { return unknown(close + 1) }
            let inside = i + 2
            switch keyword(i) {
            case .char, .chr, .nchar:
                for k in inside..<max(close, inside) where tokens[k].kind == .number {
                    let digits = String(decoding: self.text(k), as: UTF8.self)
                    let value = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
                    guard let value, let scalar = Unicode.Scalar(UInt32(clamping: value)) else { continue }
                    text.bytes += Array(Character(scalar).utf8)
                }
                return close + 1
            case .concat:
                var k = inside
                while k < close {
                    let part = constantText(from: k, to: close, depth: depth + 1)
                    text.bytes += part.bytes
                    text.isComplete = text.isComplete && part.isComplete
                    k = max(part.range.upperBound, k) + 1
                }
                return close + 1
            case .lower, .upper, .cast, .to_varchar, .convert_from, .reverse, .unhex, .hextoraw, .decode, .convert:
                var start = inside
                // CONVERT(varchar(10), x) has its type first.
                if keyword(i) == .convert, inside < close, tokens[inside].kind == .word { while start < close, symbol(start) != 0x2C { start = symbol(start) == 0x28 ? Int(tokens[start].match) : start + 1 }; start += 1 }
                let part = constantText(from: min(start, close), to: close, depth: depth + 1)
                var bytes = part.bytes
                if keyword(i) == .reverse { bytes.reverse() }
                if keyword(i) == .unhex || keyword(i) == .hextoraw { bytes = Self.unhex(bytes) }
                if keyword(i) == .decode, symbol(part.range.upperBound) == 0x2C, part.range.upperBound + 1 < close, contents(part.range.upperBound + 1) == Array("hex".utf8) { bytes = Self.unhex(bytes) }
                text.bytes += bytes
                text.isComplete = text.isComplete && part.isComplete
                return close + 1
            case .format, .replace:
                // The first argument is what is run but for the places that are filled in.
                let part = constantText(from: inside, to: close, depth: depth + 1)
                text.bytes += part.bytes
                text.isComplete = false
                return close + 1
            default:
                return unknown(close + 1)
            }
        case .separator, .meta: return nil
        }
    }

    private static func unhex(_ digits: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x41...0x46: value = digit - 0x37
            case 0x61...0x66: value = digit - 0x57
            default: continue
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}
