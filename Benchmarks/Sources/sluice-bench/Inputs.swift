// What is measured: vendor payloads from files, and generated vendor JSON.

import Foundation

struct Input {
    var name: String
    var bytes: [UInt8]
}

enum Inputs {
    /// Every `.json` file of a folder, by name.
    static func payloads(in folder: URL) throws -> [Input] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted().map {
            Input(name: $0, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))))
        }
    }

    /// A customers list as a vendor's API would send it, the same bytes on every machine. About 15 % of the records carry personal data.
    static func customers(megabytes: Int) -> Input {
        var random = SplitMix(state: 2026)
        var bytes = Array(#"{"object":"list","url":"/v1/customers","has_more":true,"data":["#.utf8)
        bytes.reserveCapacity(megabytes * 1_000_000 + 2000)
        var number = 0
        while bytes.count < megabytes * 1_000_000 {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += record(number, &random).utf8
            number += 1
        }
        return Input(name: "customers (generated)", bytes: bytes + Array("]}".utf8))
    }

    private static let words = [
        "invoice", "renewed", "annual", "plan", "priority", "support", "shipment", "delayed", "warehouse", "north", "returned", "pending", "approved",
        "quarterly", "upgrade", "seats", "billing", "contact", "preferred", "region", "notes", "follow-up", "scheduled", "trial", "extended",
    ]

    private static func record(_ number: Int, _ random: inout SplitMix) -> String {
        func id(_ length: Int) -> String {
            let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
            return String((0..<length).map { _ in alphabet[random.below(alphabet.count)] })
        }
        let note = (0..<6 + random.below(18)).map { _ in words[random.below(words.count)] }.joined(separator: " ")
        var fields = [
            #""id":"cus_\#(id(14))""#, #""object":"customer""#, #""balance":\#(random.below(200_000) - 50_000)"#,
            #""created":\#(1_600_000_000 + number * 37)"#, #""currency":"usd""#, #""delinquent":\#(random.below(20) == 0)"#,
            #""description":"\#(note)""#, #""invoice_prefix":"\#(id(8).uppercased())""#, #""livemode":false"#,
            #""metadata":{"order_id":"\#(random.below(1_000_000))","tier":"\#(words[random.below(words.count)])"}"#,
            #""tax_rate":\#(random.below(3000)).\#(random.below(100))"#, #""updated":"2026-0\#(1 + random.below(9))-1\#(random.below(10))T08:15:30Z""#,
        ]
        if random.below(100) < 15 { fields.append(personal(&random)) }
        return "{" + fields.joined(separator: ",") + "}"
    }

    private static func personal(_ random: inout SplitMix) -> String {
        func digits(_ count: Int) -> String { String((0..<count).map { _ in Character(String(random.below(10))) }) }
        let mail = "\(words[random.below(words.count)]).\(digits(3))@example.com"
        switch random.below(5) {
        case 0: return #""email":"\#(mail)""#
        case 1: return #""email":"\#(mail)","phone":"+1 (4\#(digits(2))) 555-0\#(digits(3))""#
        case 2: return #""ssn":"\#(100 + random.below(500))-\#(10 + random.below(89))-\#(1000 + random.below(8999))""#
        case 3: return #""card":"\#(card(&random))""#
        default: return #""last_ip":"10.\#(random.below(256)).\#(random.below(256)).\#(random.below(256))""#
        }
    }

    /// A Visa test number with a right check digit (ISO/IEC 7812-1, Annex B).
    private static func card(_ random: inout SplitMix) -> String {
        var digits = [4] + (0..<14).map { _ in random.below(10) }
        let sum = digits.enumerated().reduce(0) { $0 + ($1.offset % 2 == 0 ? ($1.element * 2 > 9 ? $1.element * 2 - 9 : $1.element * 2) : $1.element) }
        digits.append((10 - sum % 10) % 10)
        return digits.map(String.init).joined()
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
