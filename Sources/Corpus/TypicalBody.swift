// A body like those that vendors send, to measure rules on: records of customers and lines of all sorts, some with personal values.

import Engine

enum TypicalBody {
    /// A JSON array of records, about `count` bytes, the same for the same seed on every machine. Of 100 records 15 hold personal values.
    static func json(bytes count: Int, seed: String = "typical") -> [UInt8] {
        var random = SplitMix64(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        func digits(_ count: Int) -> String { (0..<count).map { _ in String(below(10)) }.joined() }
        func word(_ count: Int) -> String { String((0..<count).map { _ in Array("abcdefghijklmnopqrstuvwxyz")[below(26)] }) }
        let lines = SampleTraffic.bytes.split(separator: UInt8(ascii: "\n")).map { quoted($0) }
        var body: [UInt8] = [UInt8(ascii: "[")]
        var number = 0
        while body.count < count {
            let isPersonal = below(100) < 15
            let email = isPersonal ? "\"\(word(6)).\(word(8))@\(word(7)).example\"" : "null"
            let phone = isPersonal ? "\"+1 \(digits(3)) 555 01\(digits(2))\"" : "null"
            let card = isPersonal && below(3) == 0 ? ",\"card\":{\"number\":\"\(cardNumber("4" + digits(14)))\",\"exp_year\":2031}" : ""
            let record = """
                {"id":"cus_\(word(4))\(digits(3))\(word(6))","object":"customer","balance":\(below(100_000)),"created":\(1_600_000_000 + below(99_999_999)),\
                "currency":"usd","delinquent":false,"email":\(email),"phone":\(phone)\(card),"livemode":true,"invoice_prefix":"\(digits(7))A",\
                "metadata":{"order_id":"\(digits(6))","plan":"\(word(9)) (annual)"},"name":"\(word(6)) \(word(8))","next_invoice_sequence":\(below(90)),\
                "preferred_locales":["en-GB"],"score":0.\(digits(9)),"url":"https://api.vendor.example/v1/customers/\(digits(8))","note":"
                """
            if number > 0 { body += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
            body += Array(record.utf8) + lines[number % lines.count] + Array("\"}".utf8)
            number += 1
        }
        return body + [UInt8(ascii: "]")]
    }

    /// The bytes of a JSON string.
    private static func quoted(_ text: some Sequence<UInt8>) -> [UInt8] {
        text.flatMap { byte in byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), byte] : [byte] }
    }

    /// With the digit behind that makes it pass the Luhn check (ISO/IEC 7812-1, Annex B).
    private static func cardNumber(_ digits: String) -> String {
        var sum = 0
        for (place, byte) in digits.utf8.reversed().enumerated() {
            let digit = Int(byte & 15) * (place % 2 == 0 ? 2 : 1)
            sum += digit > 9 ? digit - 9 : digit
        }
        return digits + String((10 - sum % 10) % 10)
    }
}
