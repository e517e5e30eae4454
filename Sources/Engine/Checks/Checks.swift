// Checks (validators): conditions on a matched value that a pattern cannot say.

/// A condition on the part to mask. Pure, bounded, and false when in doubt about the shape.
///
/// To add one: a function, and its line in the table of its subject (`Check.payment`, `Check.european`, …).
public struct Check: Sendable, Hashable, CustomStringConvertible {
    /// As in corpus files: `luhn`, `card-issuer`, `pl-pesel`.
    public let name: String
    /// The argument of ``entropy(_:)``.
    public let number: Double?
    private let holds: @Sendable (UnsafeRawBufferPointer) -> Bool

    init(_ name: String, number: Double? = nil, _ holds: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool) {
        self.name = name
        self.number = number
        self.holds = holds
    }

    /// Whether `value` meets the condition.
    ///
    /// - Parameter value: the bytes of the part to mask, as a reader of the text sees them. Separators that the pattern let
    ///   through (spaces, hyphens, dots) may still be in it.
    /// - Complexity: O(`value.count`).
    public func passes(_ value: UnsafeRawBufferPointer) -> Bool { holds(value) }

    public var description: String { number.map { "\(name)(\($0))" } ?? name }

    public static func == (a: Check, b: Check) -> Bool { a.name == b.name && a.number == b.number }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(number)
    }
}

// MARK: - By name

extension Check {
    /// Every check without an argument.
    static let all = arithmetic + payment + network + cryptocurrency + vehicles + american + british + european + asian + pacificAndAfrican

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// Names in corpus files.
    public static let names = all.map(\.name) + ["entropy"]

    /// The check of that name; `number` is the argument of `entropy`, refused elsewhere.
    public init?(name: String, number: Double? = nil) {
        switch (name, number) {
        case ("entropy", let bits?): self = .entropy(bits)
        case (_, nil):
            guard let check = Self.byName[name] else { return nil }
            self = check
        default: return nil
        }
    }

    // Those that code names, in tests and benchmarks.
    public static let luhn = named("luhn"), iban = named("iban"), cardIssuer = named("card-issuer")
    public static let ipv4Octets = named("ipv4-octets"), ipv6 = named("ipv6"), ssnArea = named("ssn-area")

    private static func named(_ name: String) -> Check {
        guard let check = byName[name] else { preconditionFailure("there is no check \(name)") }
        return check
    }
}
