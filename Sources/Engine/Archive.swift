// Compiled rules as bytes: what an archive holds, what it is valid for, and how it is read without being believed.
//
//     magic (16) · key (32) · content's length (8) · SHA-256 of all the rest (32) · content
//
// The key is a digest of everything that the content depends on. Whether to keep an archive, and where, is the caller's matter: the engine
// touches no files.

import Cryptography

/// Why an archive is not used; the rules then have to be compiled.
public enum ArchiveError: Error, Sendable, CustomStringConvertible {
    /// Made by another version of the engine or of Hyperscan, for another processor, or from other rules.
    case foreign
    /// Cut off, changed, or no archive at all.
    case damaged
    /// Hyperscan could not write a database: it has no memory for it.
    case notWritten

    public var description: String {
        switch self {
        case .foreign: "the archive belongs to another engine, processor or set of rules"
        case .damaged: "the archive is damaged"
        case .notWritten: "the archive cannot be written: Hyperscan has no memory for it"
        }
    }
}

extension RuleSet {
    /// What an archive of these rules is named by, in hexadecimal: it differs where the rules, the engine, Hyperscan or the kind of processor do.
    public static func archiveKey(of rules: [Rule]) -> String { hexadecimal(Archive.key(hash(of: rules))) }

    /// The compiled rules, to be given to ``init(_:archive:)`` by the same program on the same kind of machine.
    ///
    /// The tables spell out the patterns: a set with a secret in it must not be archived. Several megabytes for a hundred rules.
    public func archive() throws(ArchiveError) -> [UInt8] {
        var content = ArchiveWriter()
        for rule in compiled { rule.tables.write(to: &content) }
        try finder.write(to: &content)
        return Archive.seal(content.bytes, key: Archive.key(hash))
    }

    /// The same as `RuleSet(rules)`, out of what ``archive()`` gave for them; nothing is compiled.
    ///
    /// Damage is found: the content is read only if its digest is right, and even then no number in it is used to address memory before it was compared with
    /// its bound. Only Hyperscan's databases are taken on the digest's word, so an archive must come from where nobody else can write.
    ///
    /// - Throws: where the archive cannot be used. Compile the rules then.
    public convenience init(_ rules: [Rule], archive: UnsafeRawBufferPointer) throws(ArchiveError) {
        var content = ArchiveReader(try Archive.open(archive, key: Archive.key(Self.hash(of: rules))))
        var compiled: [CompiledRule] = []
        for rule in rules where !rule.hasNoPattern {
            let tables = try CompiledRule.Tables(of: rule, from: &content)
            // The key names the rules, and they were compiled once: they are sound.
            guard let rule = try? CompiledRule(rule, tables: tables) else { throw .damaged }
            compiled.append(rule)
        }
        let finder = try PlaceFinder(compiled, from: &content)
        guard content.isAtEnd else { throw .damaged }
        do { try self.init(rules, compiled, finder, Scout(compiled)) } catch { throw .damaged }
    }
}

private enum Archive {
    /// Raised whenever what is written changes its order, width or meaning.
    static let format = 3
    private static let magic = Array("sluice archive \n".utf8)
    private static let headSize = magic.count + SHA256.digestLength + 8 + SHA256.digestLength

    /// What the content depends on besides the rules. Tables are built by code that changes without anybody thinking of archives; so the tables of
    /// patterns that use every construct are part of the key.
    private static let engine: [UInt8] = {
        var bytes = ArchiveWriter()
        bytes.append(Array("sluice archive \(format), \(CoreFinder.platform)".utf8))
        for (number, pattern) in [
            #"(?i)\ba[b-d]{1,3}(?:e|\d{2})?(?<mask>\w+)"#, #"(?<!x)[^a-f]{2}(?<mask>\s\S|é)(?=y)z\B.$"#, #"^(?:ab|c?d){2,4}(?![0-9])"#,
            #"[a-z.]{1,9}@(?:[a-z]{1,9}\.){1,3}[a-z]{2,4}\b"#,
        ].enumerated() {
            let context = number == 3 ? Rule.Context(words: ["card", "visa"], within: 20) : nil
            guard let rule = try? CompiledRule(Rule(id: "\(number)", entity: "", pattern: pattern, context: context)) else { fatalError("pattern \(number) of the key does not load") }
            rule.tables.write(to: &bytes)
            bytes.append(Array(rule.core.expression.utf8))
        }
        return SHA256.digest(of: bytes.bytes)
    }()

    static func key(_ hash: String) -> [UInt8] { SHA256.digest(of: engine + Array(hash.utf8)) }

    static func seal(_ content: [UInt8], key: [UInt8]) -> [UInt8] {
        let count = withUnsafeBytes(of: UInt64(content.count)) { Array($0) }
        let head = magic + key + count
        return head + digest(head, content.withUnsafeBytes { $0 }) + content
    }

    /// The content of an archive that has this key and is whole.
    static func open(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) throws(ArchiveError) -> UnsafeRawBufferPointer {
        guard bytes.count >= headSize, bytes.starts(with: magic) else { throw .damaged }
        guard bytes[magic.count..<magic.count + key.count].elementsEqual(key) else { throw .foreign }
        let content = UnsafeRawBufferPointer(rebasing: bytes[headSize...])
        let head = Array(bytes[..<(headSize - SHA256.digestLength)])
        guard head.suffix(8).elementsEqual(withUnsafeBytes(of: UInt64(content.count)) { Array($0) }),
            bytes[head.count..<headSize].elementsEqual(digest(head, content))
        else { throw .damaged }
        return content
    }

    private static func digest(_ head: [UInt8], _ content: UnsafeRawBufferPointer) -> [UInt8] {
        let hash = SHA256()
        hash.update(head)
        hash.update(content)
        return hash.finish()
    }
}

/// Appends numbers and tables to an archive's content, in the machine's own byte order.
struct ArchiveWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: Double) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    mutating func append(_ value: Int) { withUnsafeBytes(of: Int64(value)) { bytes.append(contentsOf: $0) } }

    /// With their number in front.
    mutating func append(_ table: UnsafeRawBufferPointer) {
        append(table.count)
        bytes.append(contentsOf: table)
    }

    mutating func append(_ table: [UInt8]) { table.withUnsafeBytes { append($0) } }
    mutating func append(_ table: [UInt16]) { table.withUnsafeBytes { append($0) } }
    mutating func append(_ table: [Bool]) { append(table.map { $0 ? UInt8(1) : 0 }) }

    /// Elements, with their number in front.
    mutating func append<Element>(_ list: [Element], _ write: (Element, inout ArchiveWriter) -> Void) {
        append(list.count)
        for element in list { write(element, &self) }
    }

    /// One element, or none.
    mutating func append<Element>(_ one: Element?, _ write: (Element, inout ArchiveWriter) -> Void) {
        append(one == nil ? 0 : 1)
        if let one { write(one, &self) }
    }
}

/// Reads an archive's content in the order in which it was written. Every length is compared with what is left before it is used.
///
/// Does not own the bytes.
struct ArchiveReader {
    private var rest: UnsafeRawBufferPointer

    init(_ content: UnsafeRawBufferPointer) { rest = content }

    var isAtEnd: Bool { rest.isEmpty }

    /// A number from 0 to `most`, none where that is negative.
    mutating func count(atMost most: Int) throws(ArchiveError) -> Int {
        let value = Int(try take(8).loadUnaligned(as: Int64.self))
        guard value >= 0, value <= most else { throw .damaged }
        return value
    }

    mutating func number() throws(ArchiveError) -> Double { try take(8).loadUnaligned(as: Double.self) }

    mutating func list<Element>(_ read: (inout ArchiveReader) throws(ArchiveError) -> Element) throws(ArchiveError) -> [Element] {
        var list: [Element] = []
        // Each element takes a byte at least.
        for _ in 0..<(try count(atMost: rest.count)) { list.append(try read(&self)) }
        return list
    }

    mutating func one<Element>(_ read: (inout ArchiveReader) throws(ArchiveError) -> Element) throws(ArchiveError) -> Element? {
        try count(atMost: 1) == 1 ? read(&self) : nil
    }

    /// Bytes, where they lie.
    mutating func bytes() throws(ArchiveError) -> UnsafeRawBufferPointer { try take(count(atMost: rest.count)) }

    /// Numbers, each below `limit`; exactly `count`, if that is given.
    mutating func numbers(_ count: Int? = nil, below limit: Int) throws(ArchiveError) -> [UInt16] {
        let numbers = try bytes()
        let count = count ?? numbers.count / MemoryLayout<UInt16>.stride
        guard numbers.count == count * MemoryLayout<UInt16>.stride else { throw .damaged }
        let array = [UInt16](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: numbers)
            initialized = count
        }
        guard array.allSatisfy({ $0 < limit }) else { throw .damaged }
        return array
    }

    /// Exactly `count` truth values.
    mutating func flags(_ count: Int) throws(ArchiveError) -> [Bool] {
        let flags = try bytes()
        guard flags.count == count, flags.allSatisfy({ $0 <= 1 }) else { throw .damaged }
        return flags.map { $0 == 1 }
    }

    private mutating func take(_ count: Int) throws(ArchiveError) -> UnsafeRawBufferPointer {
        guard count <= rest.count else { throw .damaged }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }
}

// MARK: What is in it

extension CompiledRule.Tables {
    func write(to archive: inout ArchiveWriter) {
        plan.write(to: &archive)
        forward.write(to: &archive)
        archive.append(starts) { $0.write(to: &$1) }
        archive.append(rest) { $0.write(to: &$1) }
        archive.append(prefixes) { prefix, archive in archive.append(prefix) { $0.write(to: &$1) } }
        archive.append(open) { $0.write(to: &$1) }
    }

    init(of rule: Rule, from archive: inout ArchiveReader) throws(ArchiveError) {
        plan = try Plan(of: rule, from: &archive)
        forward = try ForwardAutomaton(from: &archive)
        starts = try archive.one(ReverseAutomaton.init(from:))
        rest = try archive.one(ReverseAutomaton.init(from:))
        prefixes = try archive.list { archive throws(ArchiveError) in try archive.one(ReverseAutomaton.init(from:)) }
        open = try archive.list(ReverseAutomaton.init(from:))
        for case .pivot(let prefix) in plan.entries.map(\.anchor) where !prefixes.indices.contains(prefix) { throw .damaged }
    }
}

extension Plan {
    /// What was chosen; what was weighed and dearer is not kept, nor the patterns of prefixes, whose automata are.
    func write(to archive: inout ArchiveWriter) {
        archive.append(isForHyperscan ? 1 : 0)
        archive.append(chosen) { choice, archive in
            archive.append(Lane.allCases.firstIndex(of: choice.lane)!)
            archive.append(choice.distance)
            archive.append(choice.hitsPerKB)
            archive.append(choice.cost)
            archive.append(choice.entries) { $0.write(to: &$1) }
        }
    }

    init(of rule: Rule, from archive: inout ArchiveReader) throws(ArchiveError) {
        let isForHyperscan = try archive.count(atMost: 1) == 1
        let chosen = try archive.list { archive throws(ArchiveError) in
            var choice = Choice(lane: Lane.allCases[try archive.count(atMost: Lane.allCases.count - 1)])
            choice.distance = try archive.count(atMost: CompiledRule.longestHold)
            (choice.hitsPerKB, choice.cost) = (try archive.number(), try archive.number())
            choice.entries = try archive.list { archive throws(ArchiveError) in try Entry(of: rule, from: &archive) }
            return choice
        }
        self.init(chosen: chosen, isForHyperscan: isForHyperscan)
    }
}

extension Plan.Entry {
    func write(to archive: inout ArchiveWriter) {
        let (kind, value) =
            switch anchor {
            case .start(let before): (0, before)
            case .pivot(let prefix): (1, prefix)
            case .word(let word): (2, word)
            case .gate(let word): (3, word)
            }
        archive.append(kind)
        archive.append(value)
        gram.sets.withUnsafeBytes { archive.append($0) }
    }

    fileprivate init(of rule: Rule, from archive: inout ArchiveReader) throws(ArchiveError) {
        switch try archive.count(atMost: 3) {
        case 0: anchor = .start(before: try archive.count(atMost: CompiledRule.longestHold))
        case 1: anchor = .pivot(prefix: try archive.count(atMost: CompiledRule.mostPositions))
        case 2: anchor = .word(try archive.count(atMost: (rule.context?.words.count ?? 0) - 1))
        default: anchor = .gate(try archive.count(atMost: (rule.context?.words.count ?? 0) - 1))
        }
        gram = Gram()
        let sets = try archive.bytes()
        guard sets.count == gram.sets.count * MemoryLayout<ByteSet>.stride else { throw .damaged }
        for (index, offset) in Gram.offsets.enumerated() {
            gram[offset] = sets.loadUnaligned(fromByteOffset: index * MemoryLayout<ByteSet>.stride, as: ByteSet.self)
        }
    }
}

extension PlaceFinder {
    func write(to archive: inout ArchiveWriter) throws(ArchiveError) {
        archive.append(sieves) { sieve, archive in
            archive.append(sieve.entries.map { UInt16($0.number) })
            archive.append(sieve.buckets) { $1.append($0.map { UInt16($0) }) }
        }
        try cores.write(to: &archive)
    }

    convenience init(_ rules: [CompiledRule], from archive: inout ArchiveReader) throws(ArchiveError) {
        let all = Self.entries(of: rules[...])
        var taken = [Bool](repeating: false, count: all.count)
        let sieves = try archive.list { archive throws(ArchiveError) in
            let numbers = try archive.numbers(below: all.count).map { Int($0) }
            let buckets = try archive.list { archive throws(ArchiveError) in try archive.numbers(below: SieveBuckets.most) }
            // Every gram is in one bucket: one that is in none would never be found.
            let members = buckets.joined().map { Int($0) }
            guard members.count == numbers.count, members.sorted().elementsEqual(members.indices), buckets.count <= Sieve.bucketCount,
                buckets.allSatisfy({ $0.count <= SieveBuckets.mostInBucket })
            else { throw ArchiveError.damaged }
            for number in numbers {
                if taken[number] { throw ArchiveError.damaged }
                taken[number] = true
            }
            return Sieve(numbers.map { all[$0] }, buckets: buckets.map { $0.map { Int($0) } }, variant: KernelVariant.best)
        }
        guard !taken.contains(false) else { throw .damaged }
        self.init(rules, sieves, try CoreFinder(from: &archive))
    }
}

extension StateTable {
    func write(to archive: inout ArchiveWriter) {
        archive.append(symbolCount)
        archive.append(UnsafeRawBufferPointer(start: classes, count: 256))
        archive.append(stateCount)
        archive.append(UnsafeRawBufferPointer(UnsafeBufferPointer(start: entries, count: stateCount * symbolCount)))
    }

    convenience init(from archive: inout ArchiveReader) throws(ArchiveError) {
        let symbolCount = try archive.count(atMost: 257)
        let classes = try archive.bytes()
        guard symbolCount > 1, classes.count == 256, classes.allSatisfy({ $0 < symbolCount - 1 }) else { throw .damaged }
        let stateCount = try archive.count(atMost: Int(Self.stateMask) + 1)
        let entries = try archive.bytes()
        guard stateCount > 0, entries.count == stateCount * symbolCount * MemoryLayout<UInt16>.stride else { throw .damaged }
        self.init(symbolCount: symbolCount, stateCount: stateCount, entries: entries, classes: classes)
        guard leadsToStatesOnly else { throw .damaged }
    }

    /// No entry names a state that the table has not.
    private var leadsToStatesOnly: Bool {
        var highest: UInt16 = 0
        for index in 0..<stateCount * symbolCount { highest = max(highest, entries[index] & Self.stateMask) }
        return highest < stateCount
    }
}

extension ForwardAutomaton {
    func write(to archive: inout ArchiveWriter) {
        table.write(to: &archive)
        archive.append(starts)
        for flags in [accepts, isDecided, canGoOn, isInMask] { archive.append(flags) }
    }

    convenience init(from archive: inout ArchiveReader) throws(ArchiveError) {
        let table = try StateTable(from: &archive)
        let starts = try archive.numbers(table.symbolCount, below: table.stateCount)
        let accepts = try archive.flags(table.stateCount)
        let isDecided = try archive.flags(table.stateCount)
        let canGoOn = try archive.flags(table.stateCount)
        let isInMask = try archive.flags(table.stateCount)
        self.init(table: table, starts: starts, accepts: accepts, isDecided: isDecided, canGoOn: canGoOn, isInMask: isInMask)
    }
}

extension ReverseAutomaton {
    func write(to archive: inout ArchiveWriter) {
        table.write(to: &archive)
        archive.append(initial)
    }

    convenience init(from archive: inout ArchiveReader) throws(ArchiveError) {
        let table = try StateTable(from: &archive)
        self.init(table: table, initial: try archive.numbers(table.symbolCount, below: table.stateCount))
    }
}
