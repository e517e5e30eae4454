// `identity:` of a configuration: the issuers whose tokens are accepted, and the authorities of client certificates.

import Foundation
import OpenID

extension Configuration.IdentitySettings {
    /// Every group that a token or certificate can put somebody into.
    var groups: Set<String> { Set(issuers.flatMap { $0.defaultGroups + $0.groups.keys } + (certificates?.holders.flatMap(\.groups) ?? [])) }
}

extension ConfigurationDocument {
    func identity(_ root: Section, people: [Person]) -> Configuration.IdentitySettings {
        var settings = Configuration.IdentitySettings()
        guard let section = root.section("identity", keys: ["issuers", "client_certificates", "on_expiry"]) else { return settings }
        section.refuseUnknownKeys()
        settings.onExpiry = section.choice("on_expiry", Configuration.IdentitySettings.OnExpiry.self) ?? .finish
        settings.issuers = issuers(section)
        settings.certificates = certificates(section, people)
        if settings.certificates != nil, root.section("listen", keys: [])?.has("tls") == false {
            section.report("client_certificates", "without \"listen.tls\" no client could show a certificate", hint: "add tls to listen, with a certificate and a key")
        }
        return settings
    }

    private func certificates(_ identity: Section, _ people: [Person]) -> ClientCertificates? {
        guard let section = identity.section("client_certificates", keys: ["ca_file", "required", "holders"]) else { return nil }
        section.refuseUnknownKeys()
        let required = section.flag("required") ?? false
        let holders = section.sections("holders", keys: ["uri", "dns", "subject", "groups", "owner"], required: true).compactMap { holder($0, people) }
        guard section.given("ca_file", required: true, example: "clients-ca.pem") != nil, let authorities = authorities(section) else { return nil }
        return ClientCertificates(authorities: authorities, isRequired: required, holders: holders)
    }

    /// The certificates in `ca_file`, as PEM.
    private func authorities(_ section: Section) -> [UInt8]? {
        guard let file = section.text("ca_file").map(absolute), certificates(file, section, "ca_file") != nil else { return nil }
        return FileManager.default.contents(atPath: file).map { Array($0) }
    }

    private func holder(_ section: Section, _ people: [Person]) -> ClientCertificates.Holder? {
        section.refuseUnknownKeys()
        let groups = section.words("groups", required: true, example: "agents")?.map(\.text) ?? []
        if groups.contains("*") { section.report("groups", "\"*\" cannot be a group: in policies it stands for everyone", hint: "name the group") }
        let kinds = ["uri", "dns", "subject"].filter(section.has)
        guard kinds.count == 1, let text = section.text(kinds[0]) else {
            reader.report(
                section.line, "\(section.name ?? "") must have one of uri, dns and subject",
                hint: "for example  uri: spiffe://example.org/agents/*  or  dns: \"*.agents.example.org\"  or  subject: \"CN=ci,O=Example\"")
            return nil
        }
        let name: ClientCertificates.Name
        switch kinds[0] {
        case "uri":
            guard let pattern = ClientCertificates.path(ofURI: text).flatMap({ PathPattern($0) }) else {
                section.report("uri", "\"\(text)\" is not a URI, or could be read in two ways", hint: "for example  uri: spiffe://example.org/agents/*")
                return nil
            }
            name = .uri(pattern)
        case "dns":
            guard !text.dropFirst(text.hasPrefix("*.") ? 2 : 0).contains(where: { $0 == "*" || $0 == " " || $0 == "/" }) else {
                section.report("dns", "\"\(text)\" is not a name: * can only be the whole first label", hint: "for example  dns: \"*.agents.example.org\"")
                return nil
            }
            name = .dns(text)
        default: name = .subject(text)
        }
        return ClientCertificates.Holder(name: name, groups: groups, owner: owner(section, people))
    }

    private static let issuerKeys = [
        "issuer", "audience", "authorized_parties", "algorithms", "subject_claim", "groups_claim", "groups", "default_groups", "clock_skew", "discovery", "jwks", "ca_file",
        "keys", "introspection",
    ]

    private func issuers(_ identity: Section) -> [Issuer] {
        var issuers: [(line: Int, issuer: Issuer)] = []
        for section in identity.sections("issuers", keys: Self.issuerKeys, required: !identity.has("client_certificates")) {
            section.refuseUnknownKeys { key in
                guard ["verify", "insecure", "skip_verify", "skip_issuer_check", "skip_audience_check"].contains(key) else { return nil }
                return ("\"\(section.path(key))\": tokens are always verified in full", "remove it")
            }
            guard let issuer = issuer(section) else { continue }
            if let first = issuers.first(where: { $0.issuer.url == issuer.url }) {
                section.report("issuer", "a second issuer \"\(issuer.url)\"; the first is on line \(first.line)", hint: "keep one of them; its audience can be a list")
                continue
            }
            if issuer.introspection != nil, let first = issuers.first(where: { $0.issuer.introspection != nil }) {
                section.report(
                    "introspection", "a second issuer that is asked about opaque tokens; the first is on line \(first.line)",
                    hint: "an opaque token does not tell who made it, and none is shown to two issuers: keep one of them")
                continue
            }
            issuers.append((section.line(of: "issuer"), issuer))
        }
        return issuers.map(\.issuer)
    }

    private func issuer(_ section: Section) -> Issuer? {
        let url = section.text("issuer", required: true, example: "https://login.example.com")
        if let url, Endpoint.metadata(of: url) == nil {
            section.report("issuer", "\"\(section.path("issuer"))\" is not an https:// URL without a query", hint: "write it as it stands in the tokens' iss claim; http:// is for this machine only")
        }
        let audiences = section.words("audience", required: true, example: "sluice")
        var issuer = Issuer(url: url ?? "", audiences: audiences?.map(\.text) ?? [])
        issuer.parties = section.words("authorized_parties", example: "my-client")?.map(\.text) ?? []
        if let names = section.words("algorithms", example: "RS256, ES256") {
            issuer.algorithms = Set(
                names.compactMap { name in
                    if let algorithm = Algorithm(rawValue: name.text) { return algorithm }
                    let isShared = name.text.hasPrefix("HS") || name.text.lowercased() == "none"
                    reader.report(
                        name.line, isShared ? "\"\(name.text)\" proves nothing about who made a token" : "there is no signature algorithm \"\(name.text)\"",
                        hint: "one of: \(Algorithm.allCases.map(\.rawValue).joined(separator: ", "))")
                    return nil
                })
        }
        issuer.subjectClaim = claim(section, "subject_claim") ?? issuer.subjectClaim
        groups(section, &issuer)
        issuer.clockSkew = section.duration("clock_skew", in: .zero...(.seconds(300))) ?? issuer.clockSkew
        issuer.discovery = endpoint(section, "discovery")
        issuer.keys = endpoint(section, "jwks")
        issuer.authorities = authorities(section)
        if let keys = section.section("keys", keys: ["refresh", "refetch", "keep"]) {
            keys.refuseUnknownKeys()
            var times = Issuer.KeyTimes()
            times.refresh = keys.duration("refresh", in: .seconds(10)...(.seconds(86_400))) ?? times.refresh
            times.refetch = keys.duration("refetch", in: .seconds(1)...(.seconds(3600))) ?? times.refetch
            times.keep = keys.duration("keep", in: .seconds(10)...(.seconds(7 * 86_400))) ?? times.keep
            if times.keep < times.refresh {
                keys.report("keep", "keys would be given up before they are fetched again", hint: "let keep be longer than refresh, which is \(times.refresh.setting)")
            }
            issuer.keyTimes = times
        }
        issuer.introspection = introspection(section)
        return url.map { _ in issuer }
    }

    /// A claim's name, or a list of names from the outside in.
    private func claim(_ section: Section, _ key: String) -> ClaimPath? {
        guard let entry = section.given(key) else { return nil }
        if case .sequence = entry.value { return section.words(key).map { ClaimPath(names: $0.map(\.text)) } }
        return section.text(key).map { ClaimPath($0) }
    }

    private func groups(_ section: Section, _ issuer: inout Issuer) {
        issuer.groupsClaim = claim(section, "groups_claim")
        if section.has("groups") {
            issuer.groupsClaim = issuer.groupsClaim ?? ClaimPath("groups")
        } else if section.has("groups_claim") {
            section.report(
                "groups_claim", "\"\(section.path("groups_claim"))\" puts nobody into a group, since the gateway takes over none but those that it is told",
                hint: "list them, for example  groups: [agents]  or, by the claim's values,  groups: {agents: [\"2f1c9e44-…\"]}")
        }
        if let entry = section.given("groups") {
            if case .mapping(let mapping) = entry.value {
                let names = mapping.keys.compactMap(\.scalar?.string)
                guard let values = reader.section(entry.value, name: section.path("groups"), keys: Array(names)) else { return }
                for name in names { issuer.groups[name] = Set(values.words(name, required: true, example: "agents")?.map(\.text) ?? []) }
            } else {
                for word in section.words("groups", example: "agents") ?? [] { issuer.groups[word.text] = [word.text] }
            }
        }
        issuer.defaultGroups = section.words("default_groups", example: "employees")?.map(\.text) ?? []
        for (key, names) in [("groups", Array(issuer.groups.keys)), ("default_groups", issuer.defaultGroups)] where names.contains("*") {
            section.report(key, "\"*\" cannot be a group: in policies it stands for everyone", hint: "name the group")
        }
    }

    private func introspection(_ issuer: Section) -> Issuer.Introspection? {
        guard let section = issuer.section("introspection", keys: ["endpoint", "client_id", "client_secret", "cache"]) else { return nil }
        section.refuseUnknownKeys()
        let secret = secret(
            section, "client_secret", what: "the client secret", example: "env:SLUICE_CLIENT_SECRET",
            hint: "put it into an environment variable or a file of mode 0600, for example  client_secret: env:SLUICE_CLIENT_SECRET")
        let endpoint = endpoint(section, "endpoint")
        guard let client = section.text("client_id", required: true, example: "sluice"), let secret else { return nil }
        var introspection = Issuer.Introspection(endpoint: endpoint, client: ClientCredential(id: client, secret: secret.exposed))
        introspection.cache = section.duration("cache", in: .zero...(.seconds(3600))) ?? introspection.cache
        return introspection
    }

    private func endpoint(_ section: Section, _ key: String) -> Endpoint? {
        guard let text = section.text(key, example: "https://login.example.com/keys") else { return nil }
        if let endpoint = Endpoint(text) { return endpoint }
        section.report(key, "\"\(section.path(key))\" is not an https:// URL", hint: "for example  \(key): https://login.example.com/keys; http:// is for this machine only")
        return nil
    }

    /// Names that a token's identity could have too, and subjects of nobody.
    func refuseForeignNames(_ root: Section, _ entries: [KeyRing.Entry], _ people: [Person], _ issuers: [Issuer]) {
        for entry in entries where entry.identity.name.hasPrefix(ClientCertificates.prefix) || issuers.contains(where: { entry.identity.name.hasPrefix($0.url + "#") }) {
            root.report("keys", "the key \"\(entry.identity.name)\" has a name that a token or certificate could have", hint: "records could not tell them apart: give the key another name")
        }
        for person in people {
            for subject in person.subjects where !issuers.contains(where: { subject.hasPrefix($0.url + "#") && subject.count > $0.url.count + 1 }) {
                root.report(
                    "people", "\"\(subject)\" of \"\(person.name)\" is not the subject of an issuer under identity",
                    hint: "write the issuer, # and the subject, for example  subjects: [\"\(issuers.first?.url ?? "https://login.example.com")#\(person.name)\"]")
            }
        }
    }
}
