// A rule's plan in words and figures, for those who tune rules.

/// Where the planner put a rule, why, and what it knows about it.
public struct PlanReport: Sendable, Encodable {
    /// A way to find the places where matches may start.
    public struct Way: Sendable, Encodable {
        public var name: String
        /// What is looked for: the bytes that stand there, written as a pattern.
        public var grams: [String]
        /// Places in 1,000 bytes of sample traffic at which the rule is looked at, and nanoseconds that these looks are expected to take.
        public var expectedHitsPerKB, expectedNanosecondsPerKB: Double
    }

    /// A bucket of the sieve in which the rule has grams: what stands there is told apart only once the bucket has passed.
    public struct Bucket: Sendable, Encodable {
        public var sieve, bucket: Int
        public var grams, gramsOfAll: Int
        /// Other rules in it.
        public var sharedWith: [String]
    }

    /// States of the automata.
    public struct States: Sendable, Encodable {
        /// Finds the longest end from a start.
        public var forward: Int
        /// Find starts that are still open at the end of a chunk; several where one would be too large, none where the places tell.
        public var open: [Int]
        /// Find the starts in front of pivots.
        public var pivots: [Int]
        /// Finds starts from the end of a core that Hyperscan reported.
        public var core: Int?
        /// Finds where the part to mask ends.
        public var behindMask: Int?
    }

    public var rule, entity, pattern: String
    /// `sieve` or `Hyperscan`.
    public var lane: String
    /// One, or one for each alternative that the pattern begins with.
    public var chosen: [Way]
    /// Weighed and dearer, the cheapest first.
    public var others: [Way]
    public var expectedNanosecondsPerKB: Double
    /// Bytes of the shortest and the longest match; nil without bound.
    public var shortestMatch: Int
    public var longestMatch: Int?
    /// Commits at its first end, so that nothing of a long match is held.
    public var isPrompt: Bool
    public var checks: [String]
    public var contextWords: [String]
    /// Bytes looked back for a context word.
    public var contextWithin: Int?
    public var states: States
    /// In the set that was asked.
    public var buckets: [Bucket]
    /// Offsets from the anchor at which the sieve looks.
    public static let sieveOffsets = Sieve.allOffsets.sorted()
}

extension RuleSet {
    /// The plan of one of the rules, with its place among the others; nil if there is no rule of that id.
    public func report(on id: String) throws(RuleError) -> PlanReport? {
        guard let index = compiled.firstIndex(where: { $0.rule.id == id }) else { return nil }
        let rule = compiled[index]
        let (plan, pattern) = (rule.plan, try rule.pattern)
        func way(_ choice: Plan.Choice) -> PlanReport.Way {
            PlanReport.Way(
                name: choice.name, grams: choice.entries.map(\.gram.written), expectedHitsPerKB: choice.hitsPerKB, expectedNanosecondsPerKB: choice.cost)
        }
        return PlanReport(
            rule: id, entity: rule.rule.entity, pattern: rule.rule.pattern, lane: plan.isForHyperscan ? "Hyperscan" : "sieve", chosen: plan.chosen.map(way),
            others: plan.others.sorted { $0.cost < $1.cost }.map(way), expectedNanosecondsPerKB: plan.cost, shortestMatch: pattern.shortestLength,
            longestMatch: pattern.longestLength, isPrompt: rule.isPrompt, checks: rule.rule.checks.map { "\($0)" },
            contextWords: rule.rule.context?.words ?? [], contextWithin: rule.rule.context?.within,
            states: PlanReport.States(
                forward: rule.forward.table.stateCount, open: rule.open.map(\.table.stateCount), pivots: rule.prefixes.compactMap { $0?.table.stateCount },
                core: rule.starts?.table.stateCount, behindMask: rule.rest?.automaton.table.stateCount),
            buckets: buckets(of: index))
    }

    private func buckets(of rule: Int) -> [PlanReport.Bucket] {
        finder.sieves.enumerated().flatMap { number, sieve in
            sieve.buckets.enumerated().compactMap { bucket, members -> PlanReport.Bucket? in
                let rules = members.map { sieve.entries[$0].rule }
                guard rules.contains(rule) else { return nil }
                return PlanReport.Bucket(
                    sieve: number, bucket: bucket, grams: rules.count { $0 == rule }, gramsOfAll: rules.count,
                    sharedWith: Set(rules).subtracting([rule]).sorted().map { compiled[$0].rule.id })
            }
        }
    }
}

extension Gram {
    /// As a pattern, up to the last byte of which something is known.
    var written: String {
        let last = Self.offsets.last { $0 >= 0 && self[$0] != .all } ?? 0
        var text = self[-1] == .all ? "" : "(?<=\(self[-1].written))"
        var offset = 0
        while offset <= last {
            var count = 1
            while offset + count <= last, self[offset + count] == self[offset] { count += 1 }
            let set = self[offset].written
            text += count > 3 ? "\(set){\(count)}" : String(repeating: set, count: count)
            offset += count
        }
        return text
    }
}

extension ByteSet {
    /// As a class of a pattern.
    var written: String {
        if self == .all { return "." }
        if count == 1, let byte = first { return Self.written(byte, inClass: false) }
        let isNegated = count > 128
        let set = isNegated ? ~self : self
        var text = ""
        var byte = 0
        while byte < 256 {
            guard set.contains(UInt8(byte)) else {
                byte += 1
                continue
            }
            var last = byte
            while last < 255, set.contains(UInt8(last + 1)) { last += 1 }
            text += Self.written(UInt8(byte), inClass: true)
            if last > byte + 1 { text += "-" }
            if last > byte { text += Self.written(UInt8(last), inClass: true) }
            byte = last + 1
        }
        return "[\(isNegated ? "^" : "")\(text)]"
    }

    private static func written(_ byte: UInt8, inClass: Bool) -> String {
        switch byte {
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\t"): return "\\t"
        case UInt8(ascii: "\r"): return "\\r"
        case 0x20..<0x7F:
            let character = Character(UnicodeScalar(byte))
            return (inClass ? "\\]^-[" : "\\.[](){}*+?|^$").contains(character) ? "\\\(character)" : String(character)
        default: return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
