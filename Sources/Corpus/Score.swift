// The score of a set of rules on labelled cases: what it hides, what it leaves, and what it takes that is none of its business.

import Engine

/// What ``Scorer`` counted. Written as JSON it is the baseline that a later score is held against.
///
/// - *Hidden*: no letter, digit or non-ASCII byte of a labelled value stands outside what was masked; of a value with a loose place, at most half of them.
///   What an action keeps on purpose, as a card's last four digits, counts as masked. Any rule may hide a value.
/// - *Leaked*: not hidden; *in part* where some byte of it was masked.
/// - *True* is a finding that touches a label. *False* is one that touches nothing labelled in a text whose labels are exhaustive, one of an entity that the
///   source says is not there, and one of a labelled entity beside the places labelled. Others cannot be judged. For secrets any finding counts as false in a
///   text that is said not to hold the source's own kind: some hold another one, so that their precision is a lower bound.
/// - *Over-masked* are masked bytes outside all labels, in texts whose labels are exhaustive.
public struct Score: Sendable, Codable {
    /// Of this form of the score.
    public var version = 1
    public var profiles: [String] = []
    /// Of the rule set: the same for the same rules on every machine.
    public var rulesHash = ""
    public var cases = 0
    /// SHA-256 of the cases in hexadecimal: scores of different cases cannot be compared.
    public var casesHash = ""
    /// Personal data, secrets.
    public var domains: [Row] = []
    public var sources: [Row] = []
    public var entities: [Row] = []
    public var rules: [RuleRow] = []
    public var validators: [ValidatorRow] = []
    /// Of all rules together, where it was asked for.
    public var cost: SteadyCost?
    /// Present where a clean corpus was given.
    public var clean: CleanRow?
    /// The first of each, in the order of the cases.
    public var misses: [Miss]?
    public var falseFindings: [FalseFinding]?
    /// Against a baseline, where one was given.
    public var regressions: [Regression]?

    /// What was counted over the cases of a source, an entity or a domain.
    public struct Row: Sendable, Codable {
        public var name: String
        public var inContext = Leaks()
        public var bare = Leaks()
        public var weak = Leaks()
        public var unplaced = Leaks()
        /// Values in context that some finding touches, of a rule that masks or of one that reports.
        public var found = Proportion()
        /// True ones of the findings that can be judged.
        public var precision = Proportion()
        /// Bytes masked outside labels, of all bytes of texts with exhaustive labels.
        public var overMasked = Proportion()
        /// Texts said not to hold an entity in which a rule of it found something; for secrets, in which anything was found.
        public var falseAlarms = Proportion()
        /// Whether some rule has this entity; nil where the row is no entity, or its names are the source's own.
        public var hasRule: Bool?

        public init(_ name: String) { self.name = name }

        /// Values in context that are hidden.
        public var recall: Proportion { inContext.values.complement }

        public subscript(group: LabelledCase.Group) -> Leaks {
            get {
                switch group {
                case .inContext: inContext
                case .bare: bare
                case .weak: weak
                case .unplaced: unplaced
                }
            }
            set {
                switch group {
                case .inContext: inContext = newValue
                case .bare: bare = newValue
                case .weak: weak = newValue
                case .unplaced: unplaced = newValue
                }
            }
        }

        enum Key: CodingKey { case name, inContext, bare, weak, unplaced, found, precision, recall, f1, f2, overMasked, falseAlarms, hasRule }

        public init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: Key.self)
            name = try keys.decode(String.self, forKey: .name)
            inContext = try keys.decode(Leaks.self, forKey: .inContext)
            bare = try keys.decode(Leaks.self, forKey: .bare)
            weak = try keys.decode(Leaks.self, forKey: .weak)
            unplaced = try keys.decode(Leaks.self, forKey: .unplaced)
            found = try keys.decode(Proportion.self, forKey: .found)
            precision = try keys.decode(Proportion.self, forKey: .precision)
            overMasked = try keys.decode(Proportion.self, forKey: .overMasked)
            falseAlarms = try keys.decode(Proportion.self, forKey: .falseAlarms)
            hasRule = try keys.decodeIfPresent(Bool.self, forKey: .hasRule)
        }

        public func encode(to encoder: any Encoder) throws {
            var keys = encoder.container(keyedBy: Key.self)
            try keys.encode(name, forKey: .name)
            try keys.encode(inContext, forKey: .inContext)
            try keys.encode(bare, forKey: .bare)
            try keys.encode(weak, forKey: .weak)
            try keys.encode(unplaced, forKey: .unplaced)
            try keys.encode(found, forKey: .found)
            try keys.encode(precision, forKey: .precision)
            try keys.encode(recall, forKey: .recall)
            try keys.encodeIfPresent(FScore(precision: precision, recall: recall, beta: 1)?.value, forKey: .f1)
            try keys.encodeIfPresent(FScore(precision: precision, recall: recall, beta: 2)?.value, forKey: .f2)
            try keys.encode(overMasked, forKey: .overMasked)
            try keys.encode(falseAlarms, forKey: .falseAlarms)
            try keys.encodeIfPresent(hasRule, forKey: .hasRule)
        }
    }

    /// What stays readable of a group of labelled values.
    public struct Leaks: Sendable, Codable, Equatable {
        /// Leaked values of all.
        public var values = Proportion()
        /// Of the leaked ones, those of which something was masked.
        public var inPart = 0
        /// Readable bytes of labelled ones.
        public var bytes = Proportion()

        public init() {}

        static func += (a: inout Leaks, b: Leaks) {
            a.values += b.values
            a.inPart += b.inPart
            a.bytes += b.bytes
        }
    }

    /// What one rule did in the set. A replacement that several rules share counts for the one that labels it.
    public struct RuleRow: Sendable, Codable {
        public var rule: String
        public var entity: String
        /// In labelled texts, masked or reported.
        public var findings = 0
        public var precision = Proportion()
        /// Values in context of the rule's entity that it touches. Of several rules with one entity each has its share.
        public var recall = Proportion()
        /// Labelled values of any entity and group that it touches.
        public var touched = 0
        public var overMaskedBytes = 0
        public var falseAlarms = 0
        /// On the clean corpus.
        public var clean: ByteRate?
        public var cleanMaskedBytes: Int?
        /// Where it was asked for.
        public var cost: SteadyCost?

        public init(rule: String, entity: String) {
            self.rule = rule
            self.entity = entity
        }
    }

    /// Values for checksums and formats, by source and entity.
    ///
    /// Judged by the rules of the entity in the whole corpus without their context: a valid value must be found as a whole, an invalid one not. Where no
    /// rule has the entity a check of this name is asked; where there is none either, nothing is.
    public struct ValidatorRow: Sendable, Codable {
        public var source: String
        public var entity: String
        public var right = Proportion()
        /// Cases that nothing could judge.
        public var untried = 0
        /// Ids of the cases that were judged wrongly.
        public var wrong: [String] = []

        public init(source: String, entity: String) {
            self.source = source
            self.entity = entity
        }
    }

    /// What was found in traffic without labels: all of it counts as false.
    public struct CleanRow: Sendable, Codable {
        public var bodies = 0
        /// SHA-256 of the bodies in hexadecimal.
        public var hash = ""
        public var findings = ByteRate()
        /// Masked bytes of all.
        public var masked = Proportion()
        public var files: [File] = []

        public struct File: Sendable, Codable {
            public var name: String
            public var findings = ByteRate()
            public var masked = Proportion()
        }
    }

    /// A labelled value that leaked.
    public struct Miss: Sendable, Codable {
        public var id: String
        public var entity: String
        public var group: LabelledCase.Group
        /// Byte offsets into the text; nil where the source gives no place.
        public var start: Int?
        public var end: Int?
        public var isInPart: Bool
        /// Only where it was asked for.
        public var value: String?
    }

    /// A finding that is known to be wrong.
    public struct FalseFinding: Sendable, Codable {
        public var id: String
        public var rule: String
        public var start: Int
        public var end: Int
        /// Only where it was asked for.
        public var value: String?
    }
}
