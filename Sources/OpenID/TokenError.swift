// Why a token is refused.

/// Why a token is refused. The texts are fixed: nothing of a token is in them, so they may go to logs, records and clients.
public enum TokenError: String, Error, Sendable, CaseIterable {
    case tooLong = "the token is longer than 16 KiB"
    case malformed = "the token is no signed JWT"
    case algorithm = "the token's signature algorithm is not accepted"
    case extended = "the token's header demands an extension"
    case type = "the token is of a type that is not for calling with"
    case issuer = "no issuer of this gateway has made the token"
    case unknownKey = "the token is signed with a key that its issuer does not publish"
    case signature = "the token's signature is wrong"
    case audience = "the token is for another audience"
    case party = "the token was issued to a client that may not call here"
    case noExpiry = "the token does not say when it expires"
    case expired = "the token has expired"
    case notYetValid = "the token is not valid yet"
    case claims = "a claim of the token does not have its standard form"
    case subject = "the token does not say who its subject is"
    case bound = "the token is bound to a key, and the request does not prove that key"
    case inactive = "the token's issuer says that it is not active"
    /// Not the token's fault: it may be right.
    case unavailable = "the token cannot be verified at the moment"
}
