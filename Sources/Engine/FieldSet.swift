// Field rules made ready: names are looked up by a hash, ways are followed step by step.

/// The field rules of a set. Immutable, shared by all threads.
final class FieldSet: Sendable {
    final class Field: Sendable {
        let rule: Rule
        let label: [UInt8]
        /// The label as it stands in a JSON string.
        let escapedLabel: [UInt8]
        /// Its values are listed, and left as they are.
        let isReported: Bool

        init(_ rule: Rule) {
            self.rule = rule
            label = Array((rule.action.label ?? "[REDACTED:\(rule.entity)]").utf8)
            escapedLabel = JSONEscapes.escaped(label)
            isReported = rule.action == .report
        }
    }

    let fields: [Field]
    private let names: FieldNames
    private let ways: FieldWays

    /// A path and what it leads to.
    struct Way: Sendable, Hashable {
        let field: Int
        /// Of ways that lead to the same value the one with the highest rank counts.
        let rank: Int
    }

    /// Whether some path is more than a name, so that the way to each value has to be known.
    var hasPaths: Bool { !ways.isEmpty }
    var isEmpty: Bool { fields.isEmpty }

    /// - Parameter rules: those without fields have no part in it.
    /// - Throws: the first rule that cannot be used, and why.
    init(_ rules: [Rule]) throws(RuleError) {
        let rules = rules.filter { !$0.fields.isEmpty }
        fields = rules.map(Field.init)
        // The longest way first, then priority, then the smallest id; of equal ones the first.
        let ways = rules.enumerated().flatMap { field, rule in rule.fields.map { (field: field, rule: rule, path: $0) } }
        let ranked = ways.enumerated().sorted { a, b in
            let (first, second) = (a.element, b.element)
            if first.path.steps.count != second.path.steps.count { return first.path.steps.count < second.path.steps.count }
            if first.rule.priority != second.rule.priority { return first.rule.priority < second.rule.priority }
            if first.rule.id != second.rule.id { return second.rule.id.utf8.lexicographicallyPrecedes(first.rule.id.utf8) }
            return a.offset > b.offset
        }
        var builder = FieldWays.Builder()
        var names = FieldNames.Builder()
        for (rank, (_, element)) in ranked.enumerated() {
            let (field, rule, path) = element
            let way = Way(field: field, rank: rank)
            if let name = path.onlyName {
                names.add(name) { $0.whole = way }
                continue
            }
            do throws(FieldWays.Excess) {
                try builder.add(path, way) { names.step($0) }
            } catch {
                throw RuleError(rule: rule.id, message: "\(error)")
            }
            if case .name(let name)? = path.steps.last { names.add(name) { $0.last = way } }
        }
        // No field, but known: see ``FieldReader``.
        if !rules.isEmpty {
            names.add(Self.properties) {
                $0.isProperties = true
                $0.whole = $0.whole ?? Way(field: Self.noField, rank: -1)
            }
        }
        self.names = FieldNames(names)
        do throws(FieldWays.Excess) {
            self.ways = try FieldWays(builder)
        } catch {
            throw RuleError(
                rule: rules.last { $0.fields.contains { $0.onlyName == nil } }?.id ?? "", message: "\(error)",
                hint: "ways with many * between their names can be taken in many ways at once: write names or [*] for some")
        }
    }

    /// The member of a JSON Schema that holds the schemas of an object's members (JSON Schema 2020-12, Core §10.3.2.1).
    static let properties = Array("properties".utf8)
    /// What ``field(named:)`` gives for ``properties`` if no rule names it.
    static let noField = -1
    /// Members of a schema that say what a value is like, and hold none: JSON Schema 2020-12, Validation §6, §7, §9, Core §8; OpenAPI 3.0.
    static let annotations: Set<[UInt8]> = Set(
        [
            "type", "description", "title", "format", "pattern", "$ref", "$comment", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
            "nullable", "readOnly", "writeOnly", "deprecated", "required", "additionalProperties", "contentEncoding", "contentMediaType",
        ].map { FieldPath.folded($0.utf8) })

    /// How a value is reached from the one around it.
    enum Link {
        /// The name, folded.
        case member([UInt8])
        case element(Int)
    }

    /// What leads on from a value, and which field it is.
    struct Place {
        /// Index of the field; nil if it is none.
        var field: Int?
        var state: FieldWays.State
    }

    /// The place of a document.
    var outermost: Place { Place(field: nil, state: FieldWays.outermost) }

    /// Whether the elements of an array are in more than one place.
    @inline(__always)
    func countsElements(from state: FieldWays.State) -> Bool { ways.countsElements(from: state) }

    /// The place of a value that no way leads on from.
    func astray(field: Int?) -> Place { Place(field: field, state: FieldWays.nowhere) }

    /// The place of a value.
    ///
    /// - Parameters:
    ///   - inherited: the field that all of the value around it belongs to.
    ///   - state: of the value around it.
    @inline(__always)
    func place(_ link: Link, inherited: Int?, from state: FieldWays.State) -> Place {
        switch link {
        case .member(let name): place(of: name.withUnsafeBufferPointer { names.known($0) }, inherited: inherited, from: state)
        case .element(let number): place(ways.move(from: state, byElement: number), nil, inherited)
        }
    }

    /// The place of a member by its name, and whether that is ``properties``: the same as ``place(_:inherited:from:)``, without a copy of the name.
    ///
    /// - Parameter name: raw bytes between the quotes, without escapes.
    @inline(__always)
    func place(ofMember name: UnsafeBufferPointer<UInt8>, inherited: Int?, from state: FieldWays.State) -> (Place, isProperties: Bool) {
        guard names.mayHold(name), let known = names.known(name) else { return (place(of: nil, inherited: inherited, from: state), false) }
        return (place(of: known, inherited: inherited, from: state), known.isProperties)
    }

    @inline(__always)
    private func place(of known: FieldNames.Known?, inherited: Int?, from state: FieldWays.State) -> Place {
        let named = known?.whole?.field == Self.noField ? nil : known?.whole
        return place(known?.step.map { ways.move(from: state, byName: $0) } ?? ways.move(from: state), named, inherited)
    }

    @inline(__always)
    private func place(_ move: FieldWays.Move, _ named: Way?, _ inherited: Int?) -> Place {
        var field = inherited
        if let way = move.way, way.rank > named?.rank ?? -1 { field = way.field } else if let named { field = named.field }
        return Place(field: field, state: move.next)
    }

    /// The field of a name that is a way: `user[pin]` and `user.pin`, as `{"user": {"pin": …}}` would be.
    ///
    /// - Parameter name: without escapes.
    func field(ofWay name: [UInt8]) -> Int? {
        var place = outermost
        for part in name.split(whereSeparator: { "[].".utf8.contains($0) }) {
            let number = Int(String(decoding: part, as: UTF8.self))
            place = self.place(number.map { .element($0) } ?? .member(FieldPath.folded(part)), inherited: place.field, from: place.state)
        }
        return place.field
    }

    /// The field of a member where the way to it is not known: each path counts as its last name.
    func field(_ link: Link) -> Int? {
        guard case .member(let name) = link, let known = name.withUnsafeBufferPointer({ names.known($0) }) else { return nil }
        return [known.last, known.whole].compactMap { $0?.field }.first { $0 != Self.noField }
    }

    /// The field of a name of which no path is more, or ``noField``.
    ///
    /// - Parameter name: raw bytes between the quotes, without escapes.
    func field(named name: UnsafeBufferPointer<UInt8>) -> Int? { names.known(name)?.whole?.field }

    /// Whether a name looks like one that rules know.
    ///
    /// - Parameter name: as for ``field(named:)``, but escapes may stand before the last three bytes.
    @inline(__always)
    func mayName(_ name: UnsafeBufferPointer<UInt8>) -> Bool { names.mayHold(name) }

    /// Whether none of those names ends so: a first look, which is enough for most.
    ///
    /// - Parameters:
    ///   - quote: the one behind a name.
    ///   - window: raw bytes of JSON.
    @inline(__always)
    func isEndOfNone(before quote: Int, in window: UnsafeBufferPointer<UInt8>) -> Bool { names.holdsNone(endingBefore: quote, in: window) }
}
