// One record of the customers list, as a vendor would send it.

/// A customer in JSON, and what was planted in it.
///
/// Record `index` of a list depends on the list's seed and on `index` alone. About 15 % of the records carry personal data or a
/// credential; the others hold what looks like it to a careless rule: timestamps, amounts, opaque ids, hashes.
struct CustomerRecord {
    var json: String
    var planted: [PlantedValue] = []

    init(seed: UInt64, index: Int) {
        var random = SeededRandom(seed: seed &* 0x2545_F491_4F6C_DD1D &+ UInt64(index))
        _ = random.next()
        let id = "cus_" + random.string(14, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        json = "{\"id\":\"\(id)\",\"object\":\"customer\",\"created\":\(1_600_000_000 + random.below(150_000_000)),\"currency\":\"\(random.pick(["usd", "eur", "gbp", "jpy"]))\""
        json += ",\"balance\":\(random.below(2_000_000) - 500_000),\"discount\":\(random.below(60)).\(random.digits(2)),\"delinquent\":\(random.pick(["true", "false", "null"]))"
        if random.below(100) < 15 {
            appendPersonalData(&random)
        } else {
            appendBusinessData(&random)
        }
        json += ",\"preferred_locales\":[\"\(random.pick(["en-US", "de-DE", "fr-FR", "pt-BR"]))\"],\"tax_exempt\":\"none\"}"
    }

    private mutating func appendBusinessData(_ random: inout SeededRandom) {
        json += ",\"name\":null,\"description\":\"\(random.pick(Self.remarks))\""
        json += ",\"invoice_settings\":{\"prefix\":\"\(random.string(8, from: "ABCDEF0123456789"))\",\"next_sequence\":\(1 + random.below(900)),\"footer\":\"net 30\\/EOM\"}"
        json += ",\"etag\":\"\(random.string(32, from: "abcdef0123456789"))\",\"metadata\":{\"plan\":\"\(random.pick(["free", "team", "business"]))\",\"seats\":\"\(1 + random.below(400))\"}"
        json += ",\"usage\":[\(random.below(10_000)),\(random.below(10_000)),\(random.below(10_000))e-2],\"url\":\"https:\\/\\/api.vendor.example\\/v1\\/customers\\/\(random.digits(6))\""
    }

    private mutating func appendPersonalData(_ random: inout SeededRandom) {
        let name = random.firstName() + " " + random.lastName()
        json += ",\"name\":\"\(name)\""
        planted.append(PlantedValue(entity: "PERSON", value: name))

        let email = random.emailAddress()
        // Some vendors escape what need not be escaped; the reader sees the same text.
        json += ",\"email\":\"\(random.below(4) == 0 ? email.split(separator: "@").joined(separator: "\\u0040") : email)\""
        planted.append(PlantedValue(entity: "EMAIL_ADDRESS", value: email))

        let phone = random.phoneNumber()
        json += ",\"phone\":\"\(phone)\""
        planted.append(PlantedValue(entity: "PHONE_NUMBER", value: phone))

        switch random.below(7) {
        case 0:
            let card = random.cardNumber()
            json += ",\"card\":{\"number\":\"\(grouped(card, by: " "))\",\"exp_month\":\(1 + random.below(12)),\"exp_year\":\(2027 + random.below(6))}"
            planted.append(PlantedValue(entity: "CREDIT_CARD", value: grouped(card, by: " ")))
        case 1:
            let card = random.cardNumber()
            json += ",\"card\":{\"number\":\(card),\"funding\":\"credit\"}"
            planted.append(PlantedValue(entity: "CREDIT_CARD", value: card))
        case 2:
            // The first digit as an escape: bytes on the wire that only a reader of the document sees as a card number.
            let card = random.cardNumber()
            json += ",\"card\":{\"pan\":\"\\u003\(card.prefix(1))\(card.dropFirst())\"}"
            planted.append(PlantedValue(entity: "CREDIT_CARD", value: card))
        case 3:
            let number = random.socialSecurityNumber()
            json += ",\"tax\":{\"ssn\":\"\(number)\",\"country\":\"US\"}"
            planted.append(PlantedValue(entity: "US_SSN", value: number))
        case 4:
            let iban = random.iban()
            json += ",\"bank_account\":{\"iban\":\"\(iban)\",\"currency\":\"eur\"}"
            planted.append(PlantedValue(entity: "IBAN_CODE", value: iban))
        case 5:
            let secret = random.vendorSecret()
            json += ",\"notes\":\"rotated the integration, new credential is \(secret.value)\\nplease file it\""
            planted.append(secret)
        default:
            let card = random.cardNumber()
            let other = random.emailAddress()
            json += ",\"notes\":\"caller said \\\"use \(grouped(card, by: "-"))\\\" and write to \(other)\""
            planted.append(PlantedValue(entity: "CREDIT_CARD", value: grouped(card, by: "-")))
            planted.append(PlantedValue(entity: "EMAIL_ADDRESS", value: other))
        }
        json += ",\"address\":{\"line1\":\"\(1 + random.below(300)) \(random.pick(["Rue de l'Église", "High Street", "Hauptstraße", "Calle Mayor"]))\",\"city\":\"\(random.pick(["Lyon", "Leeds", "Köln", "Málaga"]))\",\"postal_code\":\"\(random.digits(5))\"}"
    }

    private static let remarks = [
        "prefers quarterly billing", "moved from the legacy plan\\nkeep the discount", "contact via the portal \\u2014 do not call",
        "said \\\"no newsletters\\\"", "migrated \\ud83d\\ude00", "renewal due, see the ticket", "",
    ]
}

/// The digits of a card in the groups printed on it.
func grouped(_ card: String, by separator: String) -> String {
    let widths = card.utf8.count == 15 ? [4, 6, 5] : [4, 4, 4, 4]
    var rest = card[...]
    return widths.map { width in
        defer { rest = rest.dropFirst(width) }
        return String(rest.prefix(width))
    }.joined(separator: separator)
}
