// What must hold for every input, whatever the rules.

import Engine
import Foundation

extension FuzzCase {
    /// Masks the body in one piece and in the chosen chunks.
    ///
    /// - Throws: the first property that does not hold (``Failure``), or what the engine threw.
    public func check() throws {
        let sets = try CompiledSets.shared.sets(rules)
        let whole = try ended { try Run(sets.compiled, format, body, chunks: [0..<body.count], placement: placement) }
        let cut = try ended { try Run(sets.loaded, format, body, chunks: chunks, placement: placement) }
        guard let whole, let cut else {
            if whole == nil, cut == nil { return }
            throw Failure("whether the body comes to the bound of its state depends on the cuts")
        }

        // C1: the same for every cut.
        if !Self.areSame(cut.output[...], whole.output[...]) { throw Failure("output depends on the cuts: \(Self.firstDifference(cut.output, whole.output))") }
        if cut.findings != whole.findings { throw Failure("findings depend on the cuts:\n  in chunks \(cut.findings)\n  in one    \(whole.findings)") }
        if cut.blocked != whole.blocked { throw Failure("the block depends on the cuts: \(cut.blocked as Any) and \(whole.blocked as Any)") }
        if cut.brokenJSONAt != whole.brokenJSONAt || cut.masked != whole.masked || cut.reported != whole.reported { throw Failure("statistics depend on the cuts") }

        try checkUntouched(whole)
        if whole.blocked == nil { try checkShape(whole) }
    }

    /// C4: an event stream that leaves too much undecided ends, closed (decision 0002): nil then.
    private func ended(_ run: () throws -> Run) throws -> Run? {
        do {
            return try run()
        } catch let error as MaskError where isEventStream {
            if format == .eventstream || error.description.hasPrefix("more than ") { return nil }
            throw error
        }
    }

    /// C5: what stands before the first replacement and behind the last leaves as it came; so with none the body does.
    private func checkUntouched(_ run: Run) throws {
        let masked = run.findings.filter { $0.action == .masked }
        let end = run.blocked?.range.lowerBound ?? body.count
        let before = min(masked.first?.range.lowerBound ?? end, end)
        // In an event stream a block gives up the event that it stands in, and puts an event of its own at the end.
        if isEventStream, run.blocked != nil { return }
        // A message in which something is masked gets other lengths and checksums.
        if format == .eventstream, !masked.isEmpty { return }
        if !Self.areSame(run.output.prefix(before), body[..<before]) {
            throw Failure("bytes before the first match were changed: \(Self.firstDifference(run.output, Array(body[..<before])))")
        }
        if masked.isEmpty, run.output.count != before { throw Failure("nothing was masked, and \(run.output.count) bytes came out of \(before)") }
        if run.blocked == nil, let after = masked.map(\.range.upperBound).max() {
            let tail = body[after...]
            if !Self.areSame(run.output.suffix(tail.count), tail) { throw Failure("bytes behind the last match were changed") }
        }
    }

    /// C5: JSON stays JSON, UTF-8 stays UTF-8.
    private func checkShape(_ run: Run) throws {
        // Values one behind the other, which the grammar takes, are JSON to the one format and no array to the other.
        let isJSON = format == .json || format == .jsonArray && body.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
        if isJSON, JSONGrammar.accepts(body), !JSONGrammar.accepts(run.output) { throw Failure("was JSON, and is none after masking") }
        // A message in which something is masked gets other lengths and checksums, which are any bytes.
        if format == .eventstream { return }
        if String(validating: body, as: UTF8.self) != nil, String(validating: run.output, as: UTF8.self) == nil {
            throw Failure("was UTF-8, and is not after masking")
        }
    }

    /// By `memcmp`: a loop of ours would be instrumented, and be a quarter of all the time.
    private static func areSame(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.count == 0 || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 } }
    }

    private static func firstDifference(_ got: [UInt8], _ expected: [UInt8]) -> String {
        let same = zip(got, expected).prefix { $0 == $1 }.count
        func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes[max(0, same - 20)..<min(bytes.count, same + 60)], as: UTF8.self).debugDescription }
        return "from byte \(same) on (of \(got.count) and \(expected.count)):\n  got      …\(shown(got))\n  expected …\(shown(expected))"
    }

    /// The case in words, for who looks at a failure.
    public var summary: String {
        """
        format    \(format.rawValue)
        rules     \(FuzzRules.all[rules].name)
        chunks    \(chunks.count), of \(chunks.prefix(40).map(\.count))\(chunks.count > 40 ? " and so on" : "")
        placement \(placement)
        body      \(body.count) bytes: \(String(decoding: body.prefix(600), as: UTF8.self).debugDescription)
        """
    }
}

/// Compiles all rule sets, which inputs otherwise wait for.
public func compileRules() throws {
    for index in FuzzRules.all.indices { _ = try CompiledSets.shared.sets(index) }
}

/// The rule sets compiled so far. Used by one thread, the one that runs the inputs: hence unchecked.
private final class CompiledSets: @unchecked Sendable {
    static let shared = CompiledSets()

    /// The same rules, come by in two ways, which must not make a difference.
    struct Sets {
        /// Compiled together.
        var compiled: RuleSet
        /// Loaded from an archive; of the small sets only half of the rules were in it, the others were added.
        var loaded: RuleSet
    }

    private var known = [Sets?](repeating: nil, count: FuzzRules.all.count)
    /// Larger sets are not compiled a second time in parts: under the sanitizer that takes seconds.
    private static let small = 20

    func sets(_ index: Int) throws -> Sets {
        if let sets = known[index] { return sets }
        let rules = try FuzzRules.all[index].rules()
        let compiled = try RuleSet(rules)
        let first = rules.count > Self.small ? rules : Array(rules[..<(rules.count / 2)])
        let archive = rules.count > Self.small ? try compiled.archive() : try RuleSet(first).archive()
        let loaded = try archive.withUnsafeBytes { try RuleSet(first, archive: $0) }
        let sets = Sets(compiled: compiled, loaded: try RuleSet(loaded, adding: Array(rules[first.count...])))
        known[index] = sets
        return sets
    }
}
