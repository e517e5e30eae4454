// Where in a token's claims a value stands.

/// The place of a claim, as a configuration names it.
public struct ClaimPath: Sendable, Equatable, CustomStringConvertible {
    /// Member names from the outside in.
    let names: [String]

    /// A name as it stands: `groups`, `https://example.com/groups`. Where the claims have no such member, and it has dots in it, a path: `realm_access.roles`.
    public init(_ text: String) { names = [text] }

    /// A path whose names may have dots in them.
    public init(names: [String]) { self.names = names }

    public var description: String { names.joined(separator: " › ") }

    /// The value there; nil where there is none, and for `null`.
    func value(in claims: JSON) -> JSON? {
        let found: JSON?
        if names.count == 1, claims[names[0]] == nil {
            found = names[0].split(separator: ".", omittingEmptySubsequences: false).reduce(claims as JSON?) { $0?[String($1)] }
        } else {
            found = names.reduce(claims as JSON?) { $0?[$1] }
        }
        return found == .null ? nil : found
    }
}
