// Rules compiled together, shared by all maskers.

import ByteKernels
import Cryptography
import Dispatch
import Synchronization

/// A compiled set of rules. Immutable; any number of ``Masker``s on any thread use it at once.
public final class RuleSet: Sendable {
    public let rules: [Rule]
    /// SHA-256 over the rules and the meaning of this engine's version, in hexadecimal: the same on every machine.
    public let hash: String
    /// The most bytes of text that a match may be held for. In raw bytes of a JSON string at most six times as many.
    public static let longestHold = CompiledRule.longestHold

    let compiled: [CompiledRule]
    let finder: PlaceFinder
    let scout: Scout
    /// Of rules whose starts are not all found while their matches are open.
    let openAutomata: [OpenAutomata]
    /// Whether some rule looks back for context words.
    let usesContext: Bool
    /// What the rules' fields lead to.
    let fields: FieldSet
    /// What stands in the place of a masked number.
    public let numbers: NumberPolicy
    /// What the action `hash` makes its labels with. Without one it writes plain labels; programs that mask refuse such a set (``ruleThatNeedsKey``).
    let hashKey: HMACSHA256?
    /// What the action `token` does; without, it writes plain labels.
    let tokens: TokenUse?
    let judge: CommandJudge?
    /// What has commands judged; nil where no rule does, or nobody is there to be asked.
    let commands: CommandRule?
    private let idle: Idle

    /// Workspaces that nobody uses at the moment; shared by sets that share their tables.
    private final class Idle: Sendable {
        let workspaces = Mutex<[Workspace]>([])
    }

    /// Compiles `rules`, which takes some milliseconds each.
    ///
    /// - Throws: the first rule that cannot be loaded, and why.
    public convenience init(_ rules: [Rule]) throws(RuleError) {
        try Self.requireOwnIds(rules)
        let compiled = try Self.compile(rules.filter { !$0.hasNoPattern })
        try self.init(rules, compiled, PlaceFinder(compiled, variant: KernelVariant.best), Scout(compiled))
    }

    /// Compiles each rule, on all processors.
    ///
    /// - Throws: the first rule that cannot be loaded, and why.
    private static func compile(_ rules: [Rule]) throws(RuleError) -> [CompiledRule] {
        let results = Mutex([Result<CompiledRule, RuleError>?](repeating: nil, count: rules.count))
        DispatchQueue.concurrentPerform(iterations: rules.count) { index in
            let result = Result { () throws(RuleError) -> CompiledRule in
                let rule = try CompiledRule(rules[index])
                try Gauntlet.judge(rule)
                return rule
            }
            results.withLock { $0[index] = result }
        }
        var compiled: [CompiledRule] = []
        for case let result? in results.withLock({ $0 }) { compiled.append(try result.get()) }
        return compiled
    }

    /// Puts together rules that are ready.
    convenience init(compiled: [CompiledRule], variant: kernel_variant = KernelVariant.best) throws(RuleError) {
        try self.init(compiled.map(\.rule), compiled, PlaceFinder(compiled, variant: variant), Scout(compiled))
    }

    /// - Parameters:
    ///   - rules: all of them.
    ///   - compiled: those that have a pattern, in the same order.
    init(_ rules: [Rule], _ compiled: [CompiledRule], _ finder: PlaceFinder, _ scout: Scout, numbers: NumberPolicy = .string, hashKey: HMACSHA256? = nil, judge: CommandJudge? = nil) throws(RuleError) {
        self.rules = rules
        self.judge = judge
        commands = judge.flatMap { CommandRule($0, among: rules) }
        fields = try FieldSet(rules)
        self.numbers = numbers
        self.hashKey = hashKey
        self.compiled = compiled
        self.finder = finder
        self.scout = scout
        openAutomata = OpenAutomata.groups(of: compiled) { !$0.plan.findsOpenStarts }
        usesContext = rules.contains { $0.context != nil }
        tokens = nil
        idle = Idle()
        hash = Self.hash(of: rules, numbers)
    }

    /// The rules of `base`, with something else in the place of numbers, or a key for `hash`; nothing is compiled again.
    public convenience init(_ base: RuleSet, numbers: NumberPolicy, hashKey: HMACSHA256? = nil) throws(RuleError) {
        try self.init(base.rules, base.compiled, base.finder, base.scout, numbers: numbers, hashKey: hashKey ?? base.hashKey, judge: base.judge)
    }

    /// The rules of `base`, with somebody to ask about commands; all else is shared. Without one the rules that read commands find nothing.
    public convenience init(_ base: RuleSet, judge: CommandJudge) { self.init(sharing: base, base.tokens, judge: judge) }

    /// The same rules with nobody to ask about commands; all else is shared.
    public var withoutJudge: RuleSet { judge == nil ? self : RuleSet(sharing: self, tokens, judge: nil) }

    /// Whether a rule reads commands, so that somebody has to be asked about them.
    public var readsCommands: Bool { rules.contains(where: \.readsCommands) }

    /// The same rules with another use of tokens; all else is shared.
    convenience init(sharing base: RuleSet, _ tokens: TokenUse) { self.init(sharing: base, tokens, judge: base.judge) }

    private init(sharing base: RuleSet, _ tokens: TokenUse?, judge: CommandJudge?) {
        (rules, hash, compiled, finder, scout) = (base.rules, base.hash, base.compiled, base.finder, base.scout)
        (openAutomata, usesContext, fields, numbers, hashKey, idle) = (base.openAutomata, base.usesContext, base.fields, base.numbers, base.hashKey, base.idle)
        self.tokens = tokens
        self.judge = judge
        commands = judge.flatMap { CommandRule($0, among: base.rules) }
    }

    /// The first rule with the action `hash`, where there is no key for it.
    public var ruleThatNeedsKey: Rule? { hashKey == nil ? rules.first { $0.action == .hash } : nil }

    static func requireOwnIds(_ rules: [Rule]) throws(RuleError) {
        var ids = Set<String>()
        for rule in rules where !ids.insert(rule.id).inserted {
            throw RuleError(rule: rule.id, message: "another rule has this id", hint: "rename one of them")
        }
    }

    /// A workspace of this thread's own until it is given back.
    func takeWorkspace() throws(MaskError) -> Workspace {
        if let workspace = idle.workspaces.withLock({ $0.popLast() }) { return workspace }
        return Workspace(self, scratch: finder.cores.isEmpty ? nil : try finder.cores.makeScratch())
    }

    func give(back workspace: Workspace) { idle.workspaces.withLock { $0.append(workspace) } }

    /// Units of work since the set was made, by those who are done: see ``TextScanner/work``.
    var work: Int { idle.workspaces.withLock { $0.reduce(0) { $0 + $1.scanner.work } } }

    static func hash(of rules: [Rule], _ numbers: NumberPolicy = .string) -> String {
        // Values in a fixed order, each with its length in front, so that no two sets of rules read alike.
        var bytes: [UInt8] = []
        func add(_ text: String) { bytes.append(contentsOf: Array("\(text.utf8.count):\(text)".utf8)) }
        add("sluice meaning 5")
        for rule in rules {
            for text in [rule.id, rule.entity, rule.pattern, "\(rule.priority)", "\(rule.checks)", "\(rule.action)"] { add(text) }
            add(rule.context.map { "\($0.within) \($0.words)" } ?? "")
            add("\(rule.fields)")
            if rule.readsCommands { add("commands") }
        }
        add("\(numbers)")
        return hexadecimal(SHA256.digest(of: bytes))
    }
}

/// Buffers and scratch space for one scan at a time.
///
/// Handed from thread to thread through ``RuleSet``, used by one at a time: hence unchecked.
final class Workspace: @unchecked Sendable {
    let scanner: TextScanner
    /// What was found in the window, and in the arena.
    var places = Places()
    var arenaPlaces = Places()
    var texts: [JSONText] = []
    /// Room for them when values of fields are put among them.
    var merged: [JSONText] = []
    /// Values of fields in the window.
    var values: [FieldReader.Value] = []
    /// Of those the ones that are reported and end in the window.
    var reported: [Finding] = []
    var found: [FoundMatch] = []
    var decoded: [DecodedText] = []
    /// The texts of strings with escapes, each behind what stands before it, with ``CoreFinder/slack`` readable bytes on both sides.
    var arena: [UInt8] = []
    let scratch: OpaquePointer?
    private let finder: PlaceFinder

    /// Bytes to scan, with ``CoreFinder/slack`` readable bytes on both sides.
    private(set) var window: UnsafeMutableBufferPointer<UInt8>
    private var storage: UnsafeMutableBufferPointer<UInt8>
    private(set) var blocks: UnsafeMutablePointer<json_block>

    /// A match in a text of the window that needs nothing else.
    struct FoundMatch {
        /// Offsets count from the start of the text.
        var match: Match
        /// Where the text lies in the window.
        var text: Range<Int>
        var isNumber: Bool
    }

    /// A string with escapes, decoded.
    struct DecodedText {
        var start: Int
        var count: Int
        /// Raw bytes that were decoded.
        var rawCount: Int
        var units: UnitMap
        /// Where in the arena stands what its context sees before it, if that is not what stands before it in the window.
        var context: Range<Int>?
    }

    fileprivate init(_ rules: RuleSet, scratch: OpaquePointer?) {
        scanner = TextScanner(rules.compiled, rules.finder, rules.openAutomata, rules.scout)
        finder = rules.finder
        self.scratch = scratch
        storage = .allocate(capacity: 0)
        window = storage
        blocks = .allocate(capacity: 0)
        grow(to: 4096)
    }

    deinit {
        storage.deallocate()
        blocks.deallocate()
        if let scratch { CoreFinder.release(scratch: scratch) }
    }

    private func grow(to count: Int) {
        storage.deallocate()
        blocks.deallocate()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + 2 * CoreFinder.slack, alignment: 64)
        storage = memory.bindMemory(to: UInt8.self)
        storage.initialize(repeating: 0)
        blocks = .allocate(capacity: (count + 63) / 64)
    }

    /// Fills the window with up to three parts, in order.
    func fillWindow(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        _ third: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        let count = first.count + second.count + third.count
        if count + 2 * CoreFinder.slack > storage.count { grow(to: count * 2) }
        var end = UnsafeMutableRawPointer(storage.baseAddress.unsafelyUnwrapped) + CoreFinder.slack
        func add(_ part: UnsafeRawBufferPointer) {
            guard let base = part.baseAddress else { return }
            end.copyMemory(from: base, byteCount: part.count)
            end += part.count
        }
        add(first)
        add(second)
        add(third)
        window = UnsafeMutableBufferPointer(rebasing: storage[CoreFinder.slack..<CoreFinder.slack + count])
    }

    /// Finds the places in the window.
    func findInWindow() throws(MaskError) {
        try finder.find(in: UnsafeBufferPointer(window), scratch: scratch, into: &places)
    }

    /// Finds the places in the arena.
    func findInArena() throws(MaskError) {
        guard arena.count > 2 * CoreFinder.slack else { return }
        let count = arena.count - 2 * CoreFinder.slack
        try arena.withUnsafeBufferPointer { arena throws(MaskError) in
            try finder.find(in: UnsafeBufferPointer(rebasing: arena[CoreFinder.slack..<CoreFinder.slack + count]), scratch: scratch, into: &arenaPlaces)
        }
    }
}
