// The ways of field rules as one automaton: a state for each set of steps that may be taken next, so that a value's place is one look-up, however many ways there are.

/// Where the ways of a rule set lead. Immutable.
struct FieldWays: Sendable {
    /// What is known of a value: all the ways that it may lie on.
    typealias State = Int32

    /// Of the outermost value, and of one from which only ways lead on that begin anywhere.
    static let outermost: State = 0, nowhere: State = 1

    /// From a value to one inside it.
    struct Move: Sendable {
        /// The way that ends there; of several the one with the highest rank.
        var way: FieldSet.Way?
        var next: State
    }

    /// States of a rule set, about 100 bytes each.
    static let mostStates = 4096

    let isEmpty: Bool
    /// State → moves to members whose names no way holds, and to elements that none numbers.
    private let others: [Move]
    private let elements: [Move]
    /// State → where its moves to members with names begin in `named`; one more for the end of the last.
    private let firstNamed: [Int32]
    private let named: [(name: UInt16, move: Move)]
    /// The same for elements.
    private let firstNumbered: [Int32]
    private let numbered: [(number: Int, move: Move)]

    /// More steps than can be numbered, or more states than there is room for.
    enum Excess: Error, CustomStringConvertible {
        case steps, states

        var description: String {
            switch self {
            case .steps: "the paths of all rules have more than \(UInt16.max) steps together"
            case .states: "the paths of all rules together can be followed in more than \(FieldWays.mostStates) ways at once"
            }
        }
    }

    /// All steps of all ways, one way behind the other.
    struct Builder {
        fileprivate enum Step: Hashable {
            /// By the name's number.
            case name(UInt16)
            case any, anyElement
            case element(Int)
        }
        fileprivate var steps: [Step] = []
        /// Step → the way it ends, if it is a last one.
        fileprivate var ends: [FieldSet.Way?] = []
        /// First steps of ways that begin at the outermost value, and of those that may begin at any.
        fileprivate var outermost: [UInt16] = []
        fileprivate var anywhere: [UInt16] = []

        /// - Parameter number: of a folded name.
        mutating func add(_ path: FieldPath, _ way: FieldSet.Way, number: ([UInt8]) -> UInt16) throws(Excess) {
            guard steps.count + path.steps.count <= UInt16.max else { throw .steps }
            if path.isAnywhere { anywhere.append(UInt16(steps.count)) } else { outermost.append(UInt16(steps.count)) }
            for step in path.steps {
                switch step {
                case .name(let name): steps.append(.name(number(name)))
                case .any: steps.append(.any)
                case .anyElement: steps.append(.anyElement)
                case .element(let index): steps.append(.element(index))
                }
            }
            ends += Array(repeating: nil, count: path.steps.count - 1) + [way]
        }
    }

    init(_ builder: Builder) throws(Excess) {
        isEmpty = builder.steps.isEmpty
        var states: [[UInt16]] = []
        var numbers: [[UInt16]: State] = [:]
        func state(_ set: Set<UInt16>) throws(Excess) -> State {
            let set = set.sorted()
            if let number = numbers[set] { return number }
            if states.count == Self.mostStates { throw .states }
            numbers[set] = State(states.count)
            states.append(set)
            return State(states.count - 1)
        }
        var others: [Move] = [], elements: [Move] = []
        var named: [(name: UInt16, move: Move)] = [], firstNamed: [Int32] = [0]
        var numbered: [(number: Int, move: Move)] = [], firstNumbered: [Int32] = [0]
        states.append(builder.outermost)
        numbers[builder.outermost.sorted()] = Self.outermost
        // Two numbers for one set where no way begins at the outermost value: nothing is told by them but where it is.
        states.append([])
        numbers[[]] = Self.nowhere
        while others.count < states.count {
            let taken = Set(states[others.count]).union(builder.anywhere)
            func move(_ leads: (Builder.Step) -> Bool) throws(Excess) -> Move {
                var way: FieldSet.Way?
                var next: Set<UInt16> = []
                for position in taken where leads(builder.steps[Int(position)]) {
                    if let end = builder.ends[Int(position)] {
                        if end.rank > way?.rank ?? -1 { way = end }
                    } else {
                        next.insert(position + 1)
                    }
                }
                return Move(way: way, next: try state(next))
            }
            var names: Set<UInt16> = [], indices: Set<Int> = []
            for position in taken {
                switch builder.steps[Int(position)] {
                case .name(let name): names.insert(name)
                case .element(let index): indices.insert(index)
                case .any, .anyElement: break
                }
            }
            others.append(try move { $0 == .any })
            elements.append(try move { $0 == .any || $0 == .anyElement })
            for name in names.sorted() { named.append((name, try move { $0 == .any || $0 == .name(name) })) }
            for index in indices.sorted() { numbered.append((index, try move { $0 == .any || $0 == .anyElement || $0 == .element(index) })) }
            firstNamed.append(Int32(named.count))
            firstNumbered.append(Int32(numbered.count))
        }
        (self.others, self.elements) = (others, elements)
        (self.named, self.firstNamed, self.numbered, self.firstNumbered) = (named, firstNamed, numbered, firstNumbered)
    }

    /// To a member whose name is on no way.
    @inline(__always)
    func move(from state: State) -> Move { others[Int(state)] }

    /// To a member by its name's number.
    @inline(__always)
    func move(from state: State, byName name: UInt16) -> Move {
        Self.find(name, in: named, Int(firstNamed[Int(state)])..<Int(firstNamed[Int(state) + 1]), \.name)?.move ?? others[Int(state)]
    }

    /// Whether some way leads to an element by its index.
    @inline(__always)
    func countsElements(from state: State) -> Bool { firstNumbered[Int(state)] < firstNumbered[Int(state) + 1] }

    @inline(__always)
    func move(from state: State, byElement index: Int) -> Move {
        Self.find(index, in: numbered, Int(firstNumbered[Int(state)])..<Int(firstNumbered[Int(state) + 1]), \.number)?.move ?? elements[Int(state)]
    }

    /// The entry with a key, of a range of entries that is sorted by it.
    @inline(__always)
    private static func find<Entry, Key: Comparable>(_ key: Key, in entries: [Entry], _ range: Range<Int>, _ keyOf: (Entry) -> Key) -> Entry? {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if keyOf(entries[middle]) < key { low = middle + 1 } else { high = middle }
        }
        return low < range.upperBound && keyOf(entries[low]) == key ? entries[low] : nil
    }
}
