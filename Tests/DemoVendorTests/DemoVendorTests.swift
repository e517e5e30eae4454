// The demonstration vendor's data: exact sizes, valid documents, and planted values that are really there.

import DemoVendor
import Foundation
import FoundationNetworking
import NIOCore
import NIOPosix
import Testing

@Suite struct DemoVendorTests {
    /// Asks a vendor started for this test and returns the body with chunks joined.
    private func get(_ path: String, key: String = "the-key") async throws -> (status: Int, body: Data) {
        let vendor = try await DemoVendor.start(key: "the-key")
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(vendor.port)\(path)")!, timeoutInterval: 30)
        request.setValue("Bearer " + key, forHTTPHeaderField: "Authorization")
        let (body, response) = try await URLSession(configuration: .ephemeral).data(for: request)
        try await vendor.stop()
        return ((response as! HTTPURLResponse).statusCode, body)
    }

    @Test(arguments: [0, 99, 1000, 16 << 10, 300_001, (4 << 20) - 1, (4 << 20) + 1, 11_000_003])
    func aListHasExactlyTheBytesAskedForAndParses(bytes: Int) async throws {
        let (status, body) = try await get("/customers?bytes=\(bytes)&seed=3&chunk=ragged")
        #expect(status == 200)
        if bytes >= 1000 { #expect(body.count == bytes) }
        let document = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
        #expect(document["has_more"] as? Bool == false)
        let customers = try #require(document["data"] as? [Any])
        #expect(customers.count >= bytes / 1000 + 1)
    }

    @Test func theSameSeedGivesTheSameBytesHoweverTheyAreCut() async throws {
        let whole = try await get("/customers?bytes=200000&seed=9").body
        let ragged = try await get("/customers?bytes=200000&seed=9&chunk=ragged").body
        let other = try await get("/customers?bytes=200000&seed=10").body
        #expect(whole == ragged)
        #expect(whole != other)
    }

    @Test func plantedValuesStandInTheTextOfTheDocument() async throws {
        struct Planted: Decodable { var values: [PlantedValue] }
        let planted = try JSONDecoder().decode(Planted.self, from: await get("/planted?bytes=100000&seed=5").body).values
        let document = try JSONSerialization.jsonObject(with: await get("/customers?bytes=100000&seed=5").body)
        var text = ""
        func read(_ value: Any) {
            switch value {
            case let object as [String: Any]: object.values.forEach(read)
            case let array as [Any]: array.forEach(read)
            case let string as String: text += string + "\n"
            default: text += "\(value)\n"
            }
        }
        read(document)
        #expect(Set(planted.map(\.entity)).isSuperset(of: ["CREDIT_CARD", "EMAIL_ADDRESS", "US_SSN", "IBAN_CODE", "PHONE_NUMBER"]))
        for value in planted { #expect(text.contains(value.value), "\(value.entity) is not in the document") }
    }

    @Test func everyLineOfTheEventsIsADocument() async throws {
        let body = try await get("/events.ndjson?bytes=50000&chunk=ragged").body
        #expect(body.count == 50_000)
        for line in body.split(separator: UInt8(ascii: "\n")) { _ = try JSONSerialization.jsonObject(with: line) }
    }

    @Test func anotherKeyIsRefused() async throws {
        #expect(try await get("/customers", key: "another").status == 401)
    }
}
