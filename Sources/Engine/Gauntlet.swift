// The gauntlet: inputs made from a rule's own pattern that show the rule at its slowest, and the work it does on them.

/// Bodies that a rule finds hard, the same for the same rule on every machine.
///
/// Each is made from the rule's automaton: what nearly matches for long, what matches all the time, what begins to match at every byte. Who sends
/// such bodies on purpose must not be able to stall the gateway.
public struct Gauntlet: Sendable {
    /// One body of the gauntlet.
    public struct Input: Sendable {
        /// What it is made of, in words; unique in a gauntlet.
        public var name: String
        public var format: Format
        public var bytes: [UInt8]
        /// Bytes in each chunk that it is to be given in; nil where any size will do.
        public var chunk: Int?
    }

    public let rule: Rule
    public let inputs: [Input]

    /// Makes the gauntlet of one rule.
    ///
    /// - Parameters:
    ///   - count: bytes of text in each input; written as JSON they become more, as escapes six times as many.
    ///   - seed: chooses among bytes that the pattern treats alike.
    /// - Throws: what is wrong with the rule.
    public init(_ rule: Rule, bytes count: Int = 16 << 10, seed: UInt64 = 1) throws(RuleError) {
        try self.init(CompiledRule(rule), texts: count, seed: seed)
    }

    init(_ compiled: CompiledRule, texts count: Int, seed: UInt64 = 1) throws(RuleError) {
        rule = compiled.rule
        inputs = try HardTexts(compiled, seed: seed).units.flatMap { name, unit -> [Input] in
            let text = Self.repeated(unit, to: count)
            let strings = Self.strings(text, escaped: false)
            return [
                Input(name: name, format: .text, bytes: text),
                Input(name: name + ", in JSON strings", format: .json, bytes: strings),
                Input(name: name + ", in JSON strings, escaped", format: .json, bytes: Self.strings(text, escaped: true)),
                Input(name: name + ", a byte at a time", format: .text, bytes: text, chunk: 1),
                Input(name: name + ", in JSON strings, a byte at a time", format: .json, bytes: strings, chunk: 1),
            ]
        }
    }

    // MARK: Bodies

    private static func repeated(_ unit: [UInt8], to count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + unit.count)
        while bytes.count < count { bytes += unit }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Text in one string, long enough for much to go wrong in it, short enough for whole strings in a chunk of 16 KiB.
    private static let textInString = 8000

    private static func strings(_ text: [UInt8], escaped: Bool) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for start in stride(from: 0, to: text.count, by: textInString) {
            if start > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            for byte in text[start..<min(start + textInString, text.count)] {
                if byte < 0x80, escaped || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                } else {
                    bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        return bytes + [UInt8(ascii: "]")]
    }
}

// MARK: - Work

extension Gauntlet {
    /// The most units of work a byte that a rule may need. At about a nanosecond a unit a body made to hurt still goes at half a megabyte a second; a rule
    /// that needs more lets one request keep a core for as long as it likes.
    public static let mostWork = 2000.0

    /// Units of work a byte of input, counted and so the same on every machine, and the input that takes most.
    ///
    /// Counted where the body is read as text: there no first look spares the automaton a step.
    public struct Work: Sendable {
        public var input: Input
        public var unitsPerByte: Double
    }

    /// The hardest of a rule's inputs in units of work.
    ///
    /// - Throws: what the engine failed on, as a refusal of the rule.
    public static func hardest(_ rule: Rule) throws(RuleError) -> Work { try hardest(CompiledRule(rule)) }

    static func hardest(_ compiled: CompiledRule) throws(RuleError) -> Work {
        let alone = try RuleSet(compiled: [compiled])
        var hardest: Work?
        // Long enough for two holds and what comes between them.
        for input in try Gauntlet(compiled, texts: 3 * CompiledRule.longestHold).inputs where input.format == .text && input.chunk == nil {
            let before = alone.work
            do {
                try alone.mask(input.bytes)
            } catch {
                throw RuleError(rule: compiled.rule.id, message: "\(error)")
            }
            let work = Work(input: input, unitsPerByte: Double(alone.work - before) / Double(input.bytes.count))
            if work.unitsPerByte > hardest?.unitsPerByte ?? -1 { hardest = work }
        }
        guard let hardest else { throw RuleError(rule: compiled.rule.id, message: "no input can be made from the pattern") }
        return hardest
    }

    /// Refuses a rule that some input can make too slow.
    ///
    /// Only a rule that could be is tried: most are known to be harmless by the width of their matches.
    static func judge(_ compiled: CompiledRule) throws(RuleError) {
        guard try mostWorkOfStart(compiled) > mostWork else { return }
        let hardest = try hardest(compiled)
        guard hardest.unitsPerByte > mostWork else { return }
        let shown = String(decoding: hardest.input.bytes.prefix(40), as: UTF8.self).debugDescription
        throw RuleError(
            rule: compiled.rule.id,
            message: "the pattern can take \(Int(hardest.unitsPerByte)) units of work a byte, more than \(Int(mostWork)): \(hardest.input.name), \(shown) and so on",
            hint: "let it begin with what is rare or behind a boundary, as in (?<![0-9]), or make the bounds of its repeats smaller")
    }

    /// Units of work that one start can take, at most: all of its width, and checks on as many ends as are tried.
    private static func mostWorkOfStart(_ compiled: CompiledRule) throws(RuleError) -> Double {
        let pattern = try compiled.pattern
        let longest = compiled.isPrompt ? compiled.core.whole.longestLength : pattern.longestLength
        let width = min(longest ?? .max, CompiledRule.longestHold)
        let ends = min(max(width - pattern.shortestLength, 0) + 1, CompiledRule.mostEndsChecked)
        return Double(width * (1 + compiled.rule.checks.count * ends) + 64)
    }
}

extension CompiledRule {
    /// The syntax tree, read anew: only its automata are kept.
    var pattern: Pattern {
        get throws(RuleError) {
            do { return try PatternParser.parse(rule.pattern) } catch {
                throw RuleError(rule: rule.id, message: error.message, hint: error.hint, patternOffset: error.offset)
            }
        }
    }
}

extension RuleSet {
    /// Masks a text in one chunk, and gives the number of findings.
    @discardableResult
    func mask(_ text: [UInt8]) throws(MaskError) -> Int {
        var masker = Masker(self, format: .text)
        let first = try text.withUnsafeBufferPointer { text throws(MaskError) in try masker.feed(UnsafeRawBufferPointer(text)).findings.count }
        return first + (try masker.finish().findings.count) + (masker.blocked == nil ? 0 : 1)
    }
}

extension Pattern {
    /// Bytes of the longest string that it matches, assertions aside; nil without bound.
    var longestLength: Int? {
        switch self {
        case .byte: return 1
        case .assertion: return 0
        case .masked(let part): return part.longestLength
        case .sequence(let parts):
            var length = 0
            for part in parts {
                guard let own = part.longestLength else { return nil }
                length += own
            }
            return length
        case .alternatives(let choices):
            var length = 0
            for choice in choices {
                guard let own = choice.longestLength else { return nil }
                length = max(length, own)
            }
            return length
        case .repeated(let part, _, let most):
            guard let most, let own = part.longestLength else { return nil }
            return own * most
        }
    }

    /// Bytes of the shortest string that it matches, assertions aside.
    var shortestLength: Int {
        switch self {
        case .byte: 1
        case .assertion: 0
        case .masked(let part): part.shortestLength
        case .sequence(let parts): parts.reduce(0) { $0 + $1.shortestLength }
        case .alternatives(let choices): choices.map(\.shortestLength).min() ?? 0
        case .repeated(let part, let least, _): part.shortestLength * least
        }
    }

    /// The longest run of bytes of which each is one character, or its two cases, in small letters; empty if there is none.
    var longestLiteral: [UInt8] {
        var longest: [UInt8] = []
        var run: [UInt8] = []
        func end() {
            if run.count > longest.count { longest = run }
            run = []
        }
        func walk(_ pattern: Pattern) {
            switch pattern {
            case .byte(let set):
                guard let byte = set.first, set.isSubset(of: ByteSet(byte).inBothCases) else { return end() }
                run.append(byte)
            case .assertion: break
            case .masked(let part): walk(part)
            case .sequence(let parts): parts.forEach(walk)
            case .alternatives(let choices):
                for choice in choices {
                    end()
                    walk(choice)
                }
                end()
            case .repeated(let part, let least, let most):
                if least == most { return (0..<min(least, 300)).forEach { _ in walk(part) } }
                end()
                walk(part)
                end()
            }
        }
        walk(self)
        end()
        return longest
    }
}
