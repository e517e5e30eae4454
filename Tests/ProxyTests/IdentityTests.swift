// API keys: how they are made, presented and refused.

import Cryptography
import Foundation
import NIOHTTP1
import Testing

@testable import Proxy

@Suite struct IdentityTests {
    private let key = APIKey()
    private let other = APIKey()

    private func ring(expires: Date? = nil) throws -> KeyRing {
        func hash(_ key: APIKey) throws -> [UInt8] { try #require(bytes(hexadecimal: key.hash.dropFirst("sha256:".count))) }
        return KeyRing([
            .init(identity: Identity(name: "agent", groups: ["agents"]), hash: try hash(key), expires: expires),
            .init(identity: Identity(name: "other", groups: []), hash: try hash(other)),
        ])
    }

    @Test func keysAreLongRandomAndRecognisable() {
        #expect(key.secret.exposed.wholeMatch(of: /slk_[A-Za-z0-9_-]{43}/) != nil)
        #expect(key.secret.exposed != other.secret.exposed)
        #expect(key.hash.wholeMatch(of: /sha256:[0-9a-f]{64}/) != nil)
        #expect(!"\(key)".contains(key.secret.exposed))
    }

    @Test func aKeyIsFoundInEveryFieldThatSDKsUse() throws {
        let value = key.secret.exposed
        for (name, value) in [
            ("Authorization", "Bearer \(value)"), ("authorization", "bearer   \(value) "), ("x-api-key", value), ("Api-Key", value),
            ("x-goog-api-key", value),
        ] {
            #expect(try ring().identify(HTTPHeaders([(name, value)])).name == "agent")
        }
    }

    @Test func theSameKeyTwiceIsFineAndTwoKeysAreNot() throws {
        let same = HTTPHeaders([("Authorization", "Bearer \(key.secret.exposed)"), ("x-api-key", key.secret.exposed)])
        #expect(try ring().identify(same).name == "agent")
        for headers in [
            HTTPHeaders([("Authorization", "Bearer \(key.secret.exposed)"), ("x-api-key", other.secret.exposed)]),
            HTTPHeaders([("Authorization", "Bearer \(key.secret.exposed)"), ("Authorization", "Bearer \(other.secret.exposed)")]),
        ] {
            #expect(throws: AuthenticationError.conflicting) { try ring().identify(headers) }
        }
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let value = key.secret.exposed
        for (headers, error) in [
            (HTTPHeaders(), AuthenticationError.missing), (HTTPHeaders([("Authorization", "")]), .missing),
            (HTTPHeaders([("Authorization", "Basic \(value)")]), .missing), (HTTPHeaders([("Authorization", value)]), .missing),
            (HTTPHeaders([("Authorization", "Bearer")]), .missing), (HTTPHeaders([("x-api-key", "")]), .missing),
            (HTTPHeaders([("Authorization", "Bearer \(value)x")]), .unknown), (HTTPHeaders([("x-api-key", String(value.dropLast()))]), .unknown),
            (HTTPHeaders([("x-api-key", value.lowercased() + "A")]), .unknown),
        ] {
            #expect(throws: error) { try ring().identify(headers) }
        }
    }

    @Test func anExpiredKeyIsRefusedFromThatMomentOn() throws {
        let moment = Date(timeIntervalSince1970: 1_800_000_000)
        let ring = try ring(expires: moment)
        #expect(try ring.identify(digest: SHA256.digest(of: Array(key.secret.exposed.utf8)), now: moment.addingTimeInterval(-1)).name == "agent")
        #expect(throws: AuthenticationError.expired) { try ring.identify(digest: SHA256.digest(of: Array(key.secret.exposed.utf8)), now: moment) }
    }

    @Test func datesOfExpiry() {
        #expect(KeyRing.expiry("2027-12-31") == Date(timeIntervalSince1970: 1_830_297_600))
        #expect(KeyRing.expiry("2027-12-31T12:00:00Z") == Date(timeIntervalSince1970: 1_830_254_400))
        for text in ["", "2027", "2027-13-01", "2027-12-31x", "31.12.2027", "tomorrow"] { #expect(KeyRing.expiry(text) == nil, "\(text)") }
    }

    @Test func digestsAreThoseOfTheStandard() {
        // FIPS 180-4 examples: "abc" and the empty message.
        #expect(hexadecimal(SHA256.digest(of: Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hexadecimal(SHA256.digest(of: [])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let pieces = SHA256()
        for byte in Array("abc".utf8) { pieces.update([byte]) }
        #expect(hexadecimal(pieces.finish()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(equalInConstantTime([1, 2], [1, 2]))
        #expect(!equalInConstantTime([1, 2], [1, 3]))
        #expect(!equalInConstantTime([1, 2], [1, 2, 3]))
    }
}

extension KeyRing {
    fileprivate func identify(_ headers: HTTPHeaders) throws(AuthenticationError) -> Identity {
        guard let key = try Self.presented(headers) else { throw .missing }
        return try identify(digest: SHA256.digest(of: Array(key.utf8)))
    }
}
