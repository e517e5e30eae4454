// Whether a condition depends on the rows it is asked of.

/// What a condition says of the rows of a table.
enum SQLTruth {
    case always
    case never
    /// Some rows may fulfil it and others not.
    case depends
}

extension SQLParser {
    /// What the condition in a range of tokens says. One that names no column does not depend on a row: unless it is plainly false it counts as
    /// always true. So does one that is nested too deeply to be read.
    func truth(of range: Range<Int>, depth: Int = 0) -> SQLTruth {
        var low = range.lowerBound
        var high = range.upperBound
        guard depth < 48 else { return .always }
        while low < high, symbol(low) == 0x28, Int(tokens[low].match) == high - 1 {
            low += 1
            high -= 1
        }
        guard low < high else { return .depends }
        if let parts = split(low, high, { keyword($0) == .or || isDoubled($0, 0x7C) && joinsConditions($0, low, high) }) {
            if parts.count <= 8, parts.indices.contains(where: { a in parts.indices.contains { isOpposite(parts[a], parts[$0]) } }) { return .always }
            var result = SQLTruth.never
            for part in parts {
                switch truth(of: part, depth: depth + 1) {
                case .always: return .always
                case .depends: result = .depends
                case .never: break
                }
            }
            return result
        }
        if let parts = split(low, high, { keyword($0) == .and && !isBetween(low, $0) || isDoubled($0, 0x26) }) {
            var result = SQLTruth.always
            for part in parts {
                switch truth(of: part, depth: depth + 1) {
                case .never: return .never
                case .depends: result = .depends
                case .always: break
                }
            }
            return result
        }
        if keyword(low) == .not || symbol(low) == 0x21 && symbol(low + 1) != 0x3D {
            switch truth(of: low + 1..<high, depth: depth + 1) {
            case .always: return .never
            case .never: return .always
            case .depends: return .depends
            }
        }
        return comparison(low, high)
    }

    /// Whether the second condition holds where the first does not: X and NOT X, X IS NULL and X IS NOT NULL. (Where X is unknown neither may hold.)
    private func isOpposite(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard b.count == a.count + 1, b.count <= 64 else { return false }
        if keyword(b.lowerBound) == .not { return sameOperand(a, b.dropFirst()) }
        // X IS NULL, X IS NOT NULL
        guard a.count > 2, keyword(a.upperBound - 1) == .null, keyword(a.upperBound - 2) == .is, keyword(b.upperBound - 1) == .null, keyword(b.upperBound - 2) == .not else { return false }
        return sameOperand(a.dropLast(2), b.dropLast(3))
    }

    /// The parts between the tokens that `isSeparator` finds outside of parentheses and CASE, or nil if there is just one.
    private func split(_ low: Int, _ high: Int, _ isSeparator: (Int) -> Bool) -> [Range<Int>]? {
        var parts: [Range<Int>] = []
        var start = low
        var cases = 0
        var i = low
        while i < high {
            if symbol(i) == 0x28 {
                i = max(i + 1, min(Int(tokens[i].match) + 1, high))
                continue
            }
            if keyword(i) == .case { cases += 1 } else if keyword(i) == .end, cases > 0 { cases -= 1 }
            if cases == 0, i > low, isSeparator(i) {
                parts.append(start..<i)
                i += isDoubled(i, symbol(i)) && keyword(i) == .none ? 2 : 1
                start = i
                continue
            }
            i += 1
        }
        guard !parts.isEmpty else { return nil }
        parts.append(start..<high)
        return parts
    }

    private func isDoubled(_ i: Int, _ byte: UInt8) -> Bool { byte != 0 && symbol(i) == byte && symbol(i + 1) == byte && tokens[i].end == tokens[i + 1].start }

    /// Whether `||` at an index stands for OR, as in MySQL: a comparison, a truth value or a number follows, and what stands before is complete without it.
    private func joinsConditions(_ i: Int, _ low: Int, _ high: Int) -> Bool {
        let next = i + 2
        guard next < high else { return false }
        if keyword(next) == .true || keyword(next) == .not { return true }
        var index = next
        while index < high, index < next + 8 {
            if "=<>".utf8.contains(symbol(index)) || [.like, .is, .in, .between].contains(keyword(index)) { return tokens[next].kind == .number || tokens[next].kind == .string || index == next + 1 }
            index += 1
        }
        return index == next + 1 && tokens[next].kind == .number
    }

    /// Whether the AND at an index belongs to the BETWEEN before it.
    private func isBetween(_ low: Int, _ i: Int) -> Bool {
        var index = i - 1
        var steps = 0
        while index >= low, steps < 24 {
            if keyword(index) == .between { return true }
            if keyword(index) == .and || keyword(index) == .or { return false }
            index -= 1
            steps += 1
        }
        return false
    }

    private func names(_ low: Int, _ high: Int) -> Bool {
        let after = high < tokens.count ? tokens[high].namesBefore : namesInAll
        return after > tokens[low].namesBefore
    }

    private func comparison(_ low: Int, _ high: Int) -> SQLTruth {
        if high - low == 1 {
            switch tokens[low].kind {
            case .number: return text(low).allSatisfy { $0 == 0x30 || $0 == 0x2E } ? .never : .always
            case .string: return .always
            case .word:
                if keyword(low) == .true { return .always }
                if keyword(low) == .false || keyword(low) == .null { return .never }
                return .depends
            default: return .depends
            }
        }
        // The operator outside of parentheses, and whether it is negated.
        var i = low
        var cases = 0
        while i < high {
            if symbol(i) == 0x28 {
                i = max(i + 1, min(Int(tokens[i].match) + 1, high))
                continue
            }
            if keyword(i) == .case { cases += 1 } else if keyword(i) == .end, cases > 0 { cases -= 1 }
            if cases == 0, i > low, "=<>!".utf8.contains(symbol(i)) || Self.operators.contains(keyword(i)) { break }
            i += 1
        }
        guard i < high else { return names(low, high) ? .depends : .always }
        let leftEnd = keyword(i - 1) == .not ? i - 1 : i
        let negated = leftEnd < i
        var sign = 0
        var isEqual = false
        var isStrict = false
        let word = keyword(i)
        if word == .none {
            while i < high, "=<>!".utf8.contains(symbol(i)) {
                sign += symbol(i) == 0x3C ? -1 : symbol(i) == 0x3E ? 1 : 0
                if symbol(i) == 0x3D { isEqual = true }
                if symbol(i) == 0x21 || (symbol(i) == 0x3E && i > low && symbol(i - 1) == 0x3C && tokens[i].start == tokens[i - 1].end) { isStrict = true }
                i += 1
            }
            if i - leftEnd == 3 && isEqual { isStrict = false }  // <=>
        } else {
            i += 1
        }
        guard i < high else { return .depends }
        func result(_ holds: Bool) -> SQLTruth { holds != negated ? .always : .never }
        let same = sameOperand(low..<leftEnd, i..<high)
        switch word {
        case .none:
            if same { return result(isEqual && !isStrict || !isStrict && sign == 0) }
            if let left = constant(low..<leftEnd), let right = constant(i..<high) {
                let order = left.compared(to: right)
                let holds = isStrict ? order != 0 : isEqual && order == 0 || sign < 0 && order < 0 || sign > 0 && order > 0
                return result(holds)
            }
        case .like, .ilike, .glob, .similar, .rlike, .regexp:
            if same { return result(true) }
            if high - i == 1, tokens[i].kind == .string {
                let pattern = contents(i)
                let holdsForAll =
                    word == .rlike || word == .regexp
                    ? [[], Array(".*".utf8), Array("^".utf8), Array(".".utf8), Array("^.*$".utf8), Array(".+".utf8)].contains(pattern)
                    : !pattern.isEmpty && pattern.allSatisfy { $0 == (word == .glob ? 0x2A : 0x25) }
                if holdsForAll { return result(true) }
            }
        case .is:
            var k = i
            let not = keyword(k) == .not
            if not { k += 1 }
            if keyword(k) == .distinct, keyword(k + 1) == .from, k + 2 < high, sameOperand(low..<leftEnd, k + 2..<high) { return result(not) }
            if !names(low, leftEnd), high - k == 1 {
                if keyword(k) == .null, leftEnd - low == 1 { return result((keyword(low) == .null) != not) }
            }
        case .in:
            if symbol(i) == 0x28, i + 2 < high, sameOperand(low..<leftEnd, i + 1..<min(i + 1 + leftEnd - low, high - 1)) { return result(true) }
        case .between:
            if leftEnd - low + i < high, sameOperand(low..<leftEnd, i..<i + leftEnd - low) { return result(true) }
        default: break
        }
        return names(low, high) ? .depends : .always
    }

    private static let operators: Set<SQLKeyword> = [.like, .ilike, .rlike, .regexp, .glob, .similar, .is, .in, .between]

    /// Whether two ranges of tokens are the same column or literal, qualified or not.
    private func sameOperand(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        var left = left
        var right = right
        while left.count > 2, symbol(left.lowerBound) == 0x28, Int(tokens[left.lowerBound].match) == left.upperBound - 1 { left = left.lowerBound + 1..<left.upperBound - 1 }
        while right.count > 2, symbol(right.lowerBound) == 0x28, Int(tokens[right.lowerBound].match) == right.upperBound - 1 { right = right.lowerBound + 1..<right.upperBound - 1 }
        guard !left.isEmpty, !right.isEmpty, left.count <= 64 else { return false }
        if left.count != right.count {
            // t.id = id
            if left.count > 2, right.count == 1, symbol(left.upperBound - 2) == 0x2E, left.count <= 7 { return sameText(left.upperBound - 1, right.lowerBound) }
            if right.count > 2, left.count == 1, symbol(right.upperBound - 2) == 0x2E, right.count <= 7 { return sameText(right.upperBound - 1, left.lowerBound) }
            return false
        }
        for (a, b) in zip(left, right) where !sameText(a, b) { return false }
        return true
    }

    private func sameText(_ a: Int, _ b: Int) -> Bool {
        guard tokens[a].kind != .variable || text(a).count > 1 else { return false }
        let left = tokens[a].kind == .word ? text(a) : contents(a)[...]
        let right = tokens[b].kind == .word ? text(b) : contents(b)[...]
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { lowercase($0) == lowercase($1) }
    }

    /// A literal that a comparison can be decided with.
    private enum Constant {
        case number(Double)
        case string([UInt8])

        func compared(to other: Constant) -> Int {
            switch (self, other) {
            case (.string(let a), .string(let b)):
                return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
            default:
                let a = number, b = other.number
                return a == b ? 0 : a < b ? -1 : 1
            }
        }

        private var number: Double {
            switch self {
            case .number(let number): number
            case .string(let bytes): Double(String(decoding: bytes, as: UTF8.self)) ?? 0
            }
        }
    }

    private func constant(_ range: Range<Int>) -> Constant? {
        var range = range
        var negative = false
        while range.count > 1, symbol(range.lowerBound) == 0x2D || symbol(range.lowerBound) == 0x2B {
            if symbol(range.lowerBound) == 0x2D { negative.toggle() }
            range = range.lowerBound + 1..<range.upperBound
        }
        guard range.count == 1, let i = range.first else { return nil }
        switch tokens[i].kind {
        case .number: return Double(String(decoding: text(i), as: UTF8.self)).map { .number(negative ? -$0 : $0) }
        case .string: return .string(contents(i))
        case .word where keyword(i) == .true: return .number(1)
        case .word where keyword(i) == .false: return .number(0)
        default: return nil
        }
    }
}
