// Checks (validators): conditions on a matched value that a pattern cannot say.

/// A condition on the part to mask. Pure, bounded, and false when in doubt about the shape.
public enum Check: Sendable, Hashable {
    /// Payment cards and others: the digits pass ISO/IEC 7812-1 Annex B and are not all the same.
    case luhn
    /// Digits and letters pass ISO 7064 MOD 97-10 after the first four characters moved to the end (ISO 13616, IBAN).
    case iban
    /// The digits begin with an issuer range in use, and their number fits it.
    case cardIssuer
    /// Four numbers of 0…255 separated by dots, without leading zeros (RFC 6943 §3.1.1, strict form).
    case ipv4Octets
    /// A valid IPv6 address (RFC 4291 §2.2) with at least two colons.
    case ipv6
    /// A US social security number that can have been issued: area not 000, 666 or 900–999, group not 00, serial not 0000 (20 CFR 422.103, SSA randomization 2011).
    case ssnArea
    /// At least this many bits per byte (Shannon entropy of the byte histogram).
    case entropy(Double)

    /// Names in corpus files: `luhn`, `iban`, `card-issuer`, `ipv4-octets`, `ipv6`, `ssn-area`, `entropy`.
    public static let names = ["luhn", "iban", "card-issuer", "ipv4-octets", "ipv6", "ssn-area", "entropy"]

    /// The check of that name; `number` is the argument of `entropy`, refused elsewhere.
    public init?(name: String, number: Double? = nil) {
        switch (name, number) {
        case ("luhn", nil): self = .luhn
        case ("iban", nil): self = .iban
        case ("card-issuer", nil): self = .cardIssuer
        case ("ipv4-octets", nil): self = .ipv4Octets
        case ("ipv6", nil): self = .ipv6
        case ("ssn-area", nil): self = .ssnArea
        case ("entropy", let bits?): self = .entropy(bits)
        default: return nil
        }
    }
}
