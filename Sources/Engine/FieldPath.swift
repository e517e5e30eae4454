// Which values a rule names: paths to members of JSON documents; and what stands for a masked number.

/// What stands in the place of a masked number, `true` or `false`, all of which leave the document valid.
public enum NumberPolicy: String, Sendable, Hashable, CaseIterable {
    /// A string with what the rule's action writes.
    case string
    /// `0`, and `false` for `true` or `false`.
    case zero
    case null
}

/// A member's name, or a way to it from the outermost value.
///
/// `password` is every member of that name. `data.customers[*].email` is a way: `*` stands for any member or element, `[*]` for any element, `[3]` for the
/// fourth; a `*` at its beginning for one or more of them. Names are compared without regard to ASCII case, `_`, `-` and spaces, so that `card_number` is `cardNumber` as well.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        /// Folded: see ``folded(_:)``.
        case name([UInt8])
        case any
        case anyElement
        case element(Int)
    }
    let steps: [Step]
    /// Any members and elements may stand before: none for a single name, one or more for a way that begins with a `*`.
    let isAnywhere: Bool
    public let description: String

    /// Names and elements on the longest way.
    static let longest = 32
    /// Bytes of a folded name.
    static let longestName = 64

    /// - Throws: what is wrong with `source`.
    public init(_ source: String) throws(FieldPathError) {
        description = source
        var steps: [Step] = []
        for part in source.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            if name == "*" {
                steps.append(.any)
            } else if !name.isEmpty {
                let folded = Self.folded(name.utf8)
                if folded.isEmpty { throw FieldPathError("\"\(name)\" in the field \"\(source)\" has neither letters nor digits") }
                if folded.count > Self.longestName { throw FieldPathError("the name \"\(name)\" has more than \(Self.longestName) bytes") }
                steps.append(.name(folded))
            } else if part.isEmpty || !steps.isEmpty {
                throw FieldPathError("the field \"\(source)\" has an empty name", hint: "write names with single dots between them, as in customer.email")
            }
            var rest = part.dropFirst(name.count)
            while !rest.isEmpty {
                guard rest.first == "[", let close = rest.firstIndex(of: "]") else {
                    throw FieldPathError("a bracket of the field \"\(source)\" is not closed", hint: "write [*] for every element, [0] for the first")
                }
                let index = rest[rest.index(after: rest.startIndex)..<close]
                if index == "*" {
                    steps.append(.anyElement)
                } else if let number = Int(index), number >= 0, index.first != "+" {
                    steps.append(.element(number))
                } else {
                    throw FieldPathError("\"[\(index)]\" in the field \"\(source)\" is no element", hint: "write [*] for every element, [0] for the first")
                }
                rest = rest[rest.index(after: close)...]
            }
        }
        if steps.count > Self.longest { throw FieldPathError("the field \"\(source)\" has more than \(Self.longest) steps") }
        guard case .name? = steps.last else {
            throw FieldPathError("the field \"\(source)\" does not end in a name", hint: "to mask all of a list, name the list: its elements are masked with it")
        }
        let beginsAnywhere = steps.count > 1 && steps[0] == .any
        isAnywhere = steps.count == 1 || beginsAnywhere
        self.steps = steps
    }

    /// The one name, if the path is no more.
    var onlyName: [UInt8]? {
        if steps.count == 1, case .name(let name) = steps[0] { name } else { nil }
    }

    /// A name as it is compared.
    static func folded(_ name: some Sequence<UInt8>) -> [UInt8] {
        var folded: [UInt8] = []
        for byte in name {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): folded.append(byte | 0x20)
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): break
            default: folded.append(byte)
            }
        }
        return folded
    }
}

/// Why a field cannot be read.
public struct FieldPathError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
    /// What to write instead.
    public var hint: String?

    init(_ description: String, hint: String? = nil) {
        self.description = description
        self.hint = hint
    }
}
