// The checks, on values whose validity their standards or the public case tables state.

import Foundation
import Testing

@testable import Engine

@Suite("Checks") struct ChecksTests {
    private func passes(_ check: Check, _ value: String) -> Bool {
        var bytes = Array(value.utf8)
        return bytes.withUnsafeMutableBytes { check.passes(UnsafeRawBufferPointer($0)) }
    }

    @Test(
        "Luhn accepts the networks' test numbers with and without separators",
        arguments: [
            "4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "3056 930902 5904", "6011111111111117",
            "79927398713", "18",
        ])
    func luhnAccepts(_ value: String) { #expect(passes(.luhn, value)) }

    @Test(
        "Luhn refuses a wrong digit, swapped digits, one repeated digit and no digits",
        arguments: ["4111111111111112", "4532015112830367", "79927398710", "5555555555554445", "0000000000000000", "0", "", "abc", "8 "])
    func luhnRefuses(_ value: String) { #expect(!passes(.luhn, value)) }

    @Test("Luhn catches every single wrong digit of a card number")
    func luhnCatchesSingleErrors() {
        let card = Array("6011000990139424".utf8)
        for index in card.indices {
            for digit in UInt8(ascii: "0")...UInt8(ascii: "9") where digit != card[index] {
                var wrong = card
                wrong[index] = digit
                #expect(!wrong.withUnsafeBytes { Check.luhn.passes($0) })
            }
        }
    }

    @Test(
        "Issuer ranges accept numbers of each network at its lengths",
        arguments: [
            "4111111111111111", "4222222222222", "4000000000000000006", "5105105105105100", "2221000000000009", "2720999999999999",
            "341111111111111", "371449635398431", "36006666333344", "6011 0004 0000 0000", "6240 0086 3140 1148", "3530111333300000",
            "502052441750", "2200000000000004", "9792000000000001", "5061000000000000007",
        ])
    func issuerAccepts(_ value: String) { #expect(passes(.cardIssuer, value)) }

    @Test(
        "Issuer ranges refuse unused ranges and lengths that the range does not have",
        arguments: [
            "1234567890123456", "411111111111111", "41111111111111111", "2220999999999999", "2721000000000000", "3411111111111111",
            "0000000000000000", "7111111111111111", "505874873961308160", "1690000000000", "4111", "",
        ])
    func issuerRefuses(_ value: String) { #expect(!passes(.cardIssuer, value)) }

    @Test("Issuer ranges are in order and do not overlap")
    func issuerRangesAreSorted() {
        for (issuer, next) in zip(cardIssuers, cardIssuers.dropFirst()) { #expect(issuer.last < next.first) }
        for issuer in cardIssuers {
            #expect(issuer.first <= issuer.last && !issuer.lengths.isEmpty)
            #expect(issuer.lengths.allSatisfy { (12...19).contains($0) })
        }
    }

    @Test(
        "IBAN accepts the registry's examples, in print and electronic form, in both cases",
        arguments: [
            "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "gb29 nwbk 6016 1331 9268 19",
            "NO9386011117947", "MT84MALT011000012345MTLCAST001S", "FR1420041010050500013M02606", "KZ86 125K ZT50 0410 0100",
            "BR1800360305000010009795493C1", "AD54-0006-5864-YLWD-JANQ-N5MF", "LC55HEMM000100010012001200023015",
        ])
    func ibanAccepts(_ value: String) { #expect(passes(.iban, value)) }

    @Test(
        "IBAN refuses wrong check digits, wrong lengths, unknown countries and other characters",
        arguments: [
            "DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130000", "ZZ89370400440532013000",
            "ZZZFO6666000000000000031231ZZZ", "DE8A370400440532013000", "DE89.3704.0044.0532.0130.00", "", "DE", "8937DE04004405320130",
        ])
    func ibanRefuses(_ value: String) { #expect(!passes(.iban, value)) }

    @Test(
        "IPv4 accepts strict dotted decimal", arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.0.1", "8.8.8.8"])
    func ipv4Accepts(_ value: String) { #expect(passes(.ipv4Octets, value)) }

    @Test(
        "IPv4 refuses leading zeros, values over 255, and other shapes",
        arguments: [
            "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.", ".1.2.3", "1.2.3.4 ", "", "1.2.3.1000",
            "a.b.c.d", "1.2.3.4.",
        ])
    func ipv4Refuses(_ value: String) { #expect(!passes(.ipv4Octets, value)) }

    @Test(
        "IPv6 accepts every form of RFC 4291 §2.2",
        arguments: [
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a", "FF01::101", "::1",
            "::", "0:0:0:0:0:0:13.1.68.3", "::13.1.68.3", "::FFFF:129.144.52.38", "2001:db8::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
            "2001:db8::192.168.1.1", "A099::09C0:876A:130B",
        ])
    func ipv6Accepts(_ value: String) { #expect(passes(.ipv6, value)) }

    @Test(
        "IPv6 refuses two compressions, too many or too few groups, long groups and stray colons",
        arguments: [
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::1", "g::1", ":", "",
            ":::", "1:::2", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:256.1.1.1", "1:2:3:4:5:6:7::8", "00:1A:2B:3C:4D:5E",
            "684D:1111:222:3333:4444:5555:77",
        ])
    func ipv6Refuses(_ value: String) { #expect(!passes(.ipv6, value)) }

    @Test("Social security numbers that can have been issued", arguments: ["078-05-1120", "536 90 4399", "001010001", "899-99-9999"])
    func ssnAccepts(_ value: String) { #expect(passes(.ssnArea, value)) }

    @Test(
        "Social security numbers that cannot have been issued, and other lengths",
        arguments: ["000-12-3456", "666-12-3456", "900-12-3456", "987-65-4321", "536-00-4399", "078-05-0000", "12345678", "1234567890", ""])
    func ssnRefuses(_ value: String) { #expect(!passes(.ssnArea, value)) }

    @Test("Entropy is that of the byte histogram")
    func entropy() {
        #expect(passes(.entropy(2), "abcd"))
        #expect(!passes(.entropy(2.01), "abcd"))
        #expect(passes(.entropy(1), "abab"))
        #expect(!passes(.entropy(0.1), "aaaa"))
        #expect(!passes(.entropy(0.1), ""))
        #expect(passes(.entropy(0), ""))
        #expect(passes(.entropy(4), "0123456789abcdef"))
        #expect(!passes(.entropy(3), "password"))
    }

    @Test("Names in corpus files make the checks; an argument belongs to entropy alone")
    func names() {
        for name in Check.names where name != "entropy" {
            #expect(Check(name: name) != nil)
            #expect(Check(name: name, number: 1) == nil)
        }
        #expect(Check(name: "entropy") == nil)
        #expect(Check(name: "entropy", number: 3.5) == .entropy(3.5))
        #expect(Check(name: "mod11") == nil)
        #expect(Set(Check.names).count == Check.names.count)
        #expect("\(Check.luhn) \(Check.entropy(3.5))" == "luhn entropy(3.5)")
    }

    @Test("Published identifiers pass their checks, and those with a slip do not", arguments: publishedIdentifiers.keys.sorted())
    func published(_ name: String) throws {
        let check = try #require(Check(name: name))
        let (valid, invalid) = try #require(publishedIdentifiers[name])
        for value in valid { #expect(passes(check, value), "\(value)") }
        for value in invalid { #expect(!passes(check, value), "\(value)") }
        #expect(!passes(check, ""))
        #expect(!passes(check, String(repeating: "7", count: 200)))
    }

    @Test("Every check has published identifiers or tests of its own")
    func allArePublished() {
        let own: Set = ["luhn", "card-issuer", "iban", "ipv4-octets", "ipv6", "ssn-area", "entropy"]
        #expect(Set(Check.names).subtracting(own) == Set(publishedIdentifiers.keys))
    }

    @Test("A digit that is wrong is caught by every check that is a sum", arguments: publishedIdentifiers.keys.sorted())
    func singleErrors(_ name: String) throws {
        // Those without check digits, and those of which a digit is no part of the sum.
        let loose: Set = [
            "varied", "us-ssn-in-use", "mx-rfc", "uk-driving-licence", "kr-rrn", "my-nric", "id-nik", "eg-id", "dk-cpr", "au-medicare", "uk-utr", "bech32", "eip-55",
            "uk-nino", "de-physician", "lv-personas-kods", "cz-rodne-cislo",
        ]
        guard !loose.contains(name) else { return }
        let check = try #require(Check(name: name))
        var tried = 0
        var passed = 0
        for value in publishedIdentifiers[name]!.valid.map({ Array($0.utf8) }) {
            for index in value.indices where isDigit(value[index]) {
                for digit in UInt8(ascii: "0")...UInt8(ascii: "9") where digit != value[index] {
                    var wrong = value
                    wrong[index] = digit
                    tried += 1
                    if wrong.withUnsafeBytes({ check.passes($0) }) { passed += 1 }
                }
            }
        }
        // A remainder of 11 that is written as one digit lets some through.
        #expect(Double(passed) <= Double(tried) * 0.12, "\(passed) of \(tried)")
    }

    @Test("Checks agree with the reference on values made from published ones", arguments: Check.names.filter { $0 != "entropy" })
    func agreeWithReference(_ name: String) throws {
        let check = try #require(Check(name: name))
        guard ReferenceChecks.knows(check) else { return }
        let own = ["luhn": ["4111 1111 1111 1111"], "iban": ["DE89 3704 0044 0532 0130 00"], "ipv4-octets": ["10.0.0.1", "10.0.0.0/24"], "ssn-area": ["536-90-4399"]]
        let values = publishedIdentifiers[name].map { $0.valid + $0.invalid } ?? own[name] ?? []
        var random = SystemRandomNumberGenerator()
        for value in values.map({ Array($0.utf8) }) {
            for _ in 0..<1500 {
                var changed = value
                for _ in 0..<Int.random(in: 0...3, using: &random) where !changed.isEmpty {
                    let index = Int.random(in: changed.indices, using: &random)
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0: changed.remove(at: index)
                    case 1: changed.insert(Array(" -./".utf8).randomElement(using: &random)!, at: index)
                    case 2 where isLetter(changed[index]): changed[index] = UInt8.random(in: UInt8(ascii: "A")...UInt8(ascii: "Z"), using: &random)
                    case 3: changed.swapAt(index, max(index - 1, 0))
                    default: if isDigit(changed[index]) { changed[index] = UInt8.random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &random) }
                    }
                }
                let mine = changed.withUnsafeBytes { check.passes($0) }
                #expect(mine == ReferenceChecks.passes(check, changed[...]), "\(String(decoding: changed, as: UTF8.self))")
            }
        }
    }

    @Test("Checks agree with the validators of public case tables", .enabled(if: SharedCases.folder != nil, SharedCases.absent))
    func publicTables() throws {
        let names = [
            "LUHN": "luhn", "IBAN": "iban", "SSN": "ssn-area", "ABA_RTN": "us-routing-number", "US_NPI": "us-npi", "VERHOEFF": "verhoeff", "NHS": "uk-nhs",
            "BTC": "base58check", "CHINESE_ID": "cn-id", "SINGAPORE_NRIC": "sg-nric", "BR_CPF": "br-cpf", "BR_TITULO": "br-voter", "DE_TAX_ID": "de-tax-id",
            "PORTUGUESE_TAX_ID": "pt-nif", "ROMANIAN_PERSONAL_NUMERIC_CODE": "ro-cnp", "SLOVENIA_TIN": "si-tax-id", "DE_LANR": "de-physician",
            "AUSTRIAN_SSN": "at-svnr", "DUTCH_BSN": "nl-bsn", "BELGIUM_NATIONAL_REGISTER": "be-nrn", "POLISH_NATIONAL_ID": "pl-pesel",
            "ZA_ID_NUMBER": "za-id", "ES_NIE": "es-nif", "TH_TNIN": "th-tnin", "UK_TRN": "uk-utr", "DE_SOCIAL_SECURITY": "de-pension",
        ]
        let checks = try names.mapValues { try #require(Check(name: $0)) }
        // What a pattern decides before the check: a number that forms show, Bech32 in a table of Base58 addresses, small letters, a symbol among digits.
        let patterns: Set = ["123-45-6789", "3 7 8 2 8 2 2 4ABC, 6 3 1 🎅0 0 0 5"]
        var compared = 0
        for file in ["dd-sds", "alcatraz", "presidio"] {
            for record in try SharedCases.records("pii/\(file).jsonl") {
                guard let entity = record["entity"] as? String, let check = checks[entity], let text = record["text"] as? String,
                    let valid = record["valid"] as? Bool, !patterns.contains(text)
                else { continue }
                #expect(passes(check, text) == valid, "\(record["id"] ?? "")")
                compared += 1
            }
        }
        #expect(compared >= 60)
        for record in try SharedCases.records("pii/iban-registry.jsonl") {
            for value in record["values"] as? [String] ?? [] {
                #expect(passes(.iban, value), "\(record["id"] ?? "")")
                compared += 1
            }
        }
        #expect(compared >= 90)
    }
}

/// The labelled cases of public projects that are kept beside the repository.
private enum SharedCases {
    static let absent: Comment = "no case tables: set SLUICE_SHARED to the folder that holds cases/, or put it beside the package as ../shared"

    static let folder: URL? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["SLUICE_SHARED"].map { URL(filePath: $0) }
        return [named, package.deletingLastPathComponent().appending(path: "shared")].compactMap { $0 }
            .first { FileManager.default.fileExists(atPath: $0.appending(path: "cases").path) }
    }()

    static func records(_ path: String) throws -> [[String: Any]] {
        guard let folder else { return [] }
        let text = try String(contentsOf: folder.appending(path: "cases/\(path)"), encoding: .utf8)
        return try text.split(separator: "\n").compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }
}
