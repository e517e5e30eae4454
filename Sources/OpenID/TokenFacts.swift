// What a token says, for the operator who set an issuer up: nothing of it is verified, and nothing can be done with it.

import Foundation

/// A token as it reads, for a person. Neither the token nor its signature can be put together from it.
public struct TokenFacts: Sendable {
    public struct Fact: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var facts: [Fact] = []
    /// What an operator will want to know beyond the verdict.
    public private(set) var notes: [String] = []

    public init(_ token: String, issuers: [Issuer]) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.document(parts[0]), let claims = Self.document(parts[1]) else {
            facts = [Fact(name: "form", value: parts.count == 3 ? "three parts, of which the first two are not well-formed" : "no signed token: \(parts.count) part\(parts.count == 1 ? "" : "s"), where one has three")]
            if parts.count == 5 { notes.append("five parts make an encrypted token (JWE): have the issuer sign tokens for this audience without encrypting them") }
            return
        }
        add("algorithm", header["alg"])
        add("key id", header["kid"])
        add("type", header["typ"])
        add("issuer", claims["iss"])
        add("audience", claims["aud"])
        for name in ["azp", "client_id", "appid", "cid"] { add("client (\(name))", claims[name]) }
        add("issued", time: claims["iat"])
        add("not before", time: claims["nbf"])
        add("expires", time: claims["exp"])
        guard let issuer = issuers.first(where: { claims["iss"]?.string?.utf8.elementsEqual($0.url.utf8) == true }) else {
            notes.append(issuers.isEmpty ? "the configuration has no issuers" : "the configuration has the issuers \(issuers.map(\.url).joined(separator: ", ")): an iss must be the same in every character")
            return
        }
        if !issuer.audiences.isEmpty { facts.append(Fact(name: "wanted audience", value: issuer.audiences.joined(separator: ", "))) }
        if !issuer.parties.isEmpty { facts.append(Fact(name: "wanted client", value: issuer.parties.joined(separator: ", "))) }
        add("subject (\(issuer.subjectClaim))", issuer.subjectClaim.value(in: claims))
        if issuer.subjectClaim == ClaimPath("email") { add("email_verified", claims["email_verified"] ?? .null) }
        guard let path = issuer.groupsClaim else { return }
        add("groups (\(path))", path.value(in: claims) ?? .null)
        if claims["_claim_names"] != nil || claims["hasgroups"] != nil {
            notes.append("the issuer has left out groups because there are too many (Entra ID's overage): have it send the groups assigned to the application only, or app roles")
        } else if path.value(in: claims) == nil {
            notes.append("the claims have no \(path); there are: \(Self.names(claims).joined(separator: ", "))")
        } else if let values = try? issuer.groupValues(path.value(in: claims) ?? .null), !issuer.groups.values.contains(where: { !$0.isDisjoint(with: values) }) {
            notes.append("none of its groups is under groups: of the issuer, which has \(issuer.groups.values.flatMap { $0 }.sorted().joined(separator: ", "))")
        }
    }

    private static func document(_ part: Substring.UTF8View.SubSequence) -> JSON? { Base64URL.decode(part).flatMap { JSON($0) } }

    private static func names(_ value: JSON) -> [String] {
        guard case .object(let members) = value else { return [] }
        return members.map { JSON.string($0.name).shown }
    }

    private mutating func add(_ name: String, _ value: JSON?) {
        if let value { facts.append(Fact(name: name, value: value.shown)) }
    }

    private mutating func add(_ name: String, time: JSON?) {
        guard let time else { return }
        let moment = time.number.flatMap { (0..<253_402_300_800).contains($0) ? Date(timeIntervalSince1970: $0) : nil }
        facts.append(Fact(name: name, value: moment.map { $0.formatted(.iso8601) } ?? "\(time.shown), which is no time in seconds since 1970"))
    }
}

extension JSON {
    /// On one line, and without anything that moves a terminal's cursor; long lists and texts are cut.
    fileprivate var shown: String {
        switch self {
        case .null: "nothing"
        case .boolean(let value): value ? "true" : "false"
        case .number(let number): number.formatted(.number.grouping(.never))
        case .string(let text):
            text.prefix(200).unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: scalar.escaped(asASCII: true)
                default: String(scalar)
                }
            }.joined() + (text.count > 200 ? "…" : "")
        case .array(let elements): elements.isEmpty ? "none" : elements.prefix(20).map(\.shown).joined(separator: ", ") + (elements.count > 20 ? ", … (\(elements.count))" : "")
        case .object(let members): "an object with \(members.prefix(20).map { JSON.string($0.name).shown }.joined(separator: ", "))"
        }
    }
}
