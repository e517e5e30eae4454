// Strings made from a rule's pattern, for those who test rules. Nothing here is on the way of a body.

/// Draws strings that a pattern matches, and strings that it nearly matches.
///
/// Only bytes and their repeats are followed: assertions, checks and context are left to the caller, who has to try what was drawn.
public struct SampleMatches: Sendable {
    /// A string, and what else may stand at each of its bytes.
    public struct Draw: Sendable {
        public var bytes: [UInt8] = []
        /// As many as bytes: those that the pattern allows there, the ones that people write where it allows them.
        public var choices: [[UInt8]] = []
        /// The part to mask.
        public var mask = 0..<0

        public init(bytes: [UInt8] = [], choices: [[UInt8]] = [], mask: Range<Int> = 0..<0) {
            self.bytes = bytes
            self.choices = choices
            self.mask = mask
        }
    }

    private let pattern: Pattern
    /// Repeats that need more than none.
    private let shortable: Int

    /// - Throws: what is wrong with the pattern.
    public init(_ rule: Rule) throws(RuleError) {
        do { pattern = try PatternParser.parse(rule.pattern) } catch {
            throw RuleError(rule: rule.id, message: error.message, hint: error.hint, patternOffset: error.offset)
        }
        shortable = pattern.countOfNeedyRepeats
    }

    /// A string of the pattern.
    public func draw(_ random: inout some RandomNumberGenerator) -> Draw {
        var short: Int?
        return drawn(&random, short: &short)
    }

    /// A string in which one repeat stands once less than it has to; nil where the pattern has no such repeat.
    public func drawTooShort(_ random: inout some RandomNumberGenerator) -> Draw? {
        guard shortable > 0 else { return nil }
        var short: Int? = Int.random(in: 0..<shortable, using: &random)
        return drawn(&random, short: &short)
    }

    private func drawn(_ random: inout some RandomNumberGenerator, short: inout Int?) -> Draw {
        var draw = Draw()
        var mask: Range<Int>?
        walk(pattern, &draw, &mask, &random, &short)
        draw.mask = mask ?? 0..<draw.bytes.count
        return draw
    }

    /// More than a repeat asks for, at most, where it has a wide bound or none.
    private static let mostMore = 12

    /// - Parameter short: the number of the repeat that is to be cut short, counted down as they are met.
    private func walk(_ pattern: Pattern, _ draw: inout Draw, _ mask: inout Range<Int>?, _ random: inout some RandomNumberGenerator, _ short: inout Int?) {
        switch pattern {
        case .byte(let set):
            let choices = set.likely
            draw.bytes.append(choices.randomElement(using: &random) ?? 0)
            draw.choices.append(choices)
        case .assertion: break
        case .sequence(let parts): for part in parts { walk(part, &draw, &mask, &random, &short) }
        case .alternatives(let choices):
            // Those not taken are counted too, so that every repeat keeps its number.
            let chosen = Int.random(in: 0..<choices.count, using: &random)
            for (index, choice) in choices.enumerated() {
                if index == chosen { walk(choice, &draw, &mask, &random, &short) } else if let left = short { short = left - choice.countOfNeedyRepeats }
            }
        case .masked(let part):
            let start = draw.bytes.count
            walk(part, &draw, &mask, &random, &short)
            mask = start..<draw.bytes.count
        case .repeated(let part, let least, let most):
            var count = least + Int.random(in: 0...min((most ?? .max) - least, Self.mostMore), using: &random)
            if least > 0, let left = short {
                if left == 0 { count = least - 1 }
                short = left - 1
            }
            let inner = part.countOfNeedyRepeats
            // What is inside has one number for all its copies: the first is the one cut short.
            var inside = short
            for _ in 0..<count {
                walk(part, &draw, &mask, &random, &inside)
                inside = nil
            }
            if let left = short { short = left - inner }
        }
    }
}

extension Pattern {
    fileprivate var countOfNeedyRepeats: Int {
        switch self {
        case .byte, .assertion: 0
        case .sequence(let parts), .alternatives(let parts): parts.reduce(0) { $0 + $1.countOfNeedyRepeats }
        case .masked(let part): part.countOfNeedyRepeats
        case .repeated(let part, let least, _): part.countOfNeedyRepeats + (least > 0 ? 1 : 0)
        }
    }
}

extension ByteSet {
    /// Its members that are usually written: letters and digits if it has any, else what can be seen, else all. A wide set keeps to letters and digits,
    /// since punctuation would end most values.
    fileprivate var likely: [UInt8] {
        let members = (UInt8.min...UInt8.max).filter(contains)
        let plain = members.filter { ByteSet.word.contains($0) && $0 != UInt8(ascii: "_") }
        if plain.count >= 10 || plain.count * 2 >= members.count, !plain.isEmpty { return plain }
        let seen = members.filter { (0x20..<0x7F).contains($0) }
        return seen.isEmpty ? members : seen
    }
}
