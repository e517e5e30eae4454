// Made-up personal data and credentials that pass the checks real ones pass.
//
// Nothing here is written down as a whole value: each is put together when it is asked for, so that neither this repository nor a
// build of it holds anything that looks like a credential.

/// A value that a body was given on purpose, and that must not leave the gateway.
public struct PlantedValue: Sendable, Codable, Equatable {
    /// Presidio's entity name where one exists, as in the corpus.
    public var entity: String
    /// What a reader of the document sees, escapes resolved.
    public var value: String
}

extension SeededRandom {
    mutating func firstName() -> String {
        pick(["Ana", "Björn", "Chloé", "Dmitri", "Elif", "Farah", "Grace", "Hana", "Ivo", "Jürgen", "Kofi", "Lucía", "Mei", "Noor", "Olu", "Zoë"])
    }

    mutating func lastName() -> String {
        pick(["Adeyemi", "Brandt", "Costa", "Dubois", "Eriksson", "Fernández", "García", "Horvat", "Ivanov", "Jensen", "Kowalski", "Łukasik", "Müller", "Novak", "O'Brien", "Zhang"])
    }

    mutating func emailAddress() -> String {
        let local = string(3 + below(8), from: "abcdefghijklmnopqrstuvwxyz") + pick(["", ".", "_", "+"]) + string(2 + below(5), from: "abcdefghijklmnopqrstuvwxyz0123456789")
        return local + "@" + pick(["example.com", "mail.example.org", "example.co.uk", "kunden.example.net"])
    }

    /// A card number that passes Luhn, digits only. Issuer ranges: Visa 4, Mastercard 51–55, American Express 34 and 37.
    mutating func cardNumber() -> String {
        let prefix = pick(["4", "4", "4", "51", "52", "53", "54", "55", "34", "37"])
        let length = prefix.hasPrefix("3") ? 15 : 16
        let body = prefix + digits(length - 1 - prefix.utf8.count)
        return body + luhnDigit(for: body)
    }

    /// A social security number outside the areas that were never given out (000, 666, 900–999).
    mutating func socialSecurityNumber() -> String {
        var area = 1 + below(898)
        if area == 666 { area = 667 }
        return padded(area, to: 3) + "-" + padded(1 + below(99), to: 2) + "-" + padded(1 + below(9999), to: 4)
    }

    /// An IBAN that passes mod-97, without spaces.
    mutating func iban() -> String {
        let (country, account): (String, String) =
            switch below(3) {
            case 0: ("DE", digits(18))
            case 1: ("NL", string(4, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + digits(10))
            default: ("GB", string(4, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + digits(14))
            }
        let check = 98 - remainder97(account + country + "00")
        return country + padded(check, to: 2) + account
    }

    mutating func phoneNumber() -> String {
        switch below(3) {
        case 0: "+1 (" + pick(["212", "303", "415", "617", "713"]) + ") " + digit(from: 2) + digits(2) + "-" + digits(4)
        case 1: "+44 20 7" + digits(3) + " " + digits(4)
        default: "+49 30 " + digit(from: 1) + digits(7)
        }
    }

    /// A credential in the form one of the common vendors gives out.
    mutating func vendorSecret() -> PlantedValue {
        switch below(4) {
        case 0:
            PlantedValue(entity: "AWS_ACCESS_KEY_ID", value: "AK" + "IA" + string(16, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
        case 1:
            PlantedValue(
                entity: "STRIPE_KEY",
                value: ["sk", "live", string(24, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")].joined(separator: "_"))
        case 2:
            PlantedValue(
                entity: "SLACK_TOKEN",
                value: ["xo" + "xb", digits(12), digits(13), string(24, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")]
                    .joined(separator: "-"))
        default:
            // The header and the claims are base64url of {"alg":"HS256","typ":"JWT"} and of {"sub":"<digits>…; only their form matters.
            PlantedValue(
                entity: "JWT",
                value: [
                    "ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
                    "ey" + "JzdWIiOiIxMjM0NTY3ODkw" + string(24, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
                    string(43, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
                ].joined(separator: "."))
        }
    }

    private mutating func digit(from lowest: Int) -> String {
        String(lowest + below(10 - lowest))
    }
}

private func padded(_ number: Int, to width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}

/// The digit that makes `body` pass the Luhn check. Source: ISO/IEC 7812-1, Annex B.
private func luhnDigit(for body: String) -> String {
    var sum = 0
    for (index, byte) in body.utf8.reversed().enumerated() {
        let digit = Int(byte) - 48
        sum += index.isMultiple(of: 2) ? (digit < 5 ? 2 * digit : 2 * digit - 9) : digit
    }
    return String((10 - sum % 10) % 10)
}

/// `text` read as a number in which A…Z stand for 10…35, modulo 97. Source: ISO 13616-1, ISO/IEC 7064.
private func remainder97(_ text: String) -> Int {
    var remainder = 0
    for byte in text.utf8 {
        if byte >= 65 {
            remainder = (remainder * 100 + Int(byte) - 55) % 97
        } else {
            remainder = (remainder * 10 + Int(byte) - 48) % 97
        }
    }
    return remainder
}
