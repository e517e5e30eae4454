// Values that look like a person's or a service's own, made at run time: none belongs to anyone, none is written in a file.

/// One value and what a vendor calls its field.
struct PersonalValue {
    var field: String
    var value: String
}

extension SplitMix {
    /// A value of the kind `index`, counted around: the first seven differ in kind.
    mutating func personalValue(_ index: Int) -> PersonalValue {
        switch index % 7 {
        case 0: PersonalValue(field: "email", value: email())
        case 1: PersonalValue(field: "phone", value: "+1 (4\(digits(2))) 555-0\(digits(3))")
        case 2: PersonalValue(field: "ssn", value: "\(100 + below(500))-\(10 + below(89))-\(1000 + below(8999))")
        case 3: PersonalValue(field: "card", value: card())
        case 4: PersonalValue(field: "last_ip", value: address())
        case 5: PersonalValue(field: "iban", value: iban())
        default: PersonalValue(field: "access_key_id", value: "AKI" + "A" + string(16, of: Alphabet.base32))
        }
    }

    mutating func digits(_ count: Int) -> String { string(count, of: Alphabet.digits) }

    /// At a domain that RFC 2606 sets aside.
    mutating func email() -> String { "\(pick(Words.given)).\(pick(Words.family))\(digits(2))@\(pick(["example.com", "example.org", "mail.example.net"]))" }

    /// IPv4, from the private ranges of RFC 1918 and the documentation range of RFC 5737.
    mutating func address() -> String {
        percent(50) ? "10.\(below(256)).\(below(256)).\(1 + below(254))" : "203.0.113.\(1 + below(254))"
    }

    /// Sixteen digits of Visa's range with a right check digit (ISO/IEC 7812-1, Annex B).
    mutating func card() -> String {
        var digits = [4] + (0..<14).map { _ in below(10) }
        let sum = digits.enumerated().reduce(0) { $0 + ($1.offset % 2 == 0 ? ($1.element * 2 > 9 ? $1.element * 2 - 9 : $1.element * 2) : $1.element) }
        digits.append((10 - sum % 10) % 10)
        return digits.map(String.init).joined()
    }

    /// A German account number with right check digits (ISO 7064 mod 97-10, by ISO 13616-1).
    mutating func iban() -> String {
        let account = digits(18)
        // The account, then "DE00" with letters as 10 … 35.
        let remainder = (account + "131400").utf8.reduce(0) { ($0 * 10 + Int($1) - 48) % 97 }
        let check = 98 - remainder
        return "DE\(check < 10 ? "0" : "")\(check)\(account)"
    }

    /// A version 4 UUID (RFC 9562).
    mutating func uuid() -> String {
        let hex = Alphabet.hexadecimal
        return "\(string(8, of: hex))-\(string(4, of: hex))-4\(string(3, of: hex))-a\(string(3, of: hex))-\(string(12, of: hex))"
    }

    /// A time in 2026 (RFC 3339).
    mutating func timestamp() -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "2026-\(two(1 + below(12)))-\(two(1 + below(28)))T\(two(below(24))):\(two(below(60))):\(two(below(60))).\(100 + below(900))Z"
    }
}

/// What generated bodies are written with.
enum Words {
    static let given = ["ada", "grace", "alan", "edsger", "barbara", "donald", "frances", "john", "radia", "ken", "margaret", "dennis", "shafi", "leslie"]
    static let family = [
        "novak", "moreau", "schmidt", "okafor", "tanaka", "silva", "haddad", "lindqvist", "kowalski", "nguyen", "rossi", "garcia", "mehta", "cohen",
    ]
    static let business = [
        "invoice", "renewed", "annual", "plan", "priority", "support", "shipment", "delayed", "warehouse", "north", "returned", "pending", "approved",
        "quarterly", "upgrade", "seats", "billing", "contact", "preferred", "region", "notes", "follow-up", "scheduled", "trial", "extended",
    ]
    static let prose = [
        "the", "customer", "asked", "whether", "we", "could", "move", "delivery", "to", "a", "later", "week", "because", "their", "office", "is", "closed",
        "until", "March", "and", "nobody", "will", "be", "there", "for", "it", "our", "team", "in", "Zürich", "has", "already", "confirmed", "that", "this",
        "change", "does", "not", "affect", "price", "of", "order", "but", "may", "add", "two", "days", "café", "receipts", "were", "sent", "again", "by",
        "post", "please", "check", "with", "accounts", "before", "closing", "case", "thank", "you", "東京", "naïve", "question", "about", "refund",
    ]
}
