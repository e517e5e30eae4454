// An address of an issuer that the gateway may ask.

import Foundation

/// An `https` URL, or an `http` one of this machine, in parts.
public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    let isTLS: Bool
    /// A name or an address, without brackets.
    let host: String
    let port: Int
    /// Path and query, as they are sent.
    let target: String
    public let description: String

    /// - Returns: nil for what is no URL, has a user or a fragment, or would cross the network in clear text.
    public init?(_ text: String) {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http", url.user == nil, url.password == nil,
            url.fragment == nil, var host = url.host?.lowercased(), !host.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        isTLS = scheme == "https"
        guard isTLS || Self.isLoopback(host), (1...65535).contains(url.port ?? 443) else { return nil }
        self.host = host
        port = url.port ?? (isTLS ? 443 : 80)
        target = (url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath) + (url.percentEncodedQuery.map { "?" + $0 } ?? "")
        description = text
    }

    /// Whether `host` is this machine, so that nothing crosses a network on the way to it.
    public static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "::1" || numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
    }

    /// What a TLS client asks a server for: `host`, or nil where it is an address, which has no name to be asked for (RFC 6066 §3).
    public static func serverName(of host: String) -> String? { host.contains(":") || host.split(separator: ".").allSatisfy { UInt8($0) != nil } ? nil : host }

    /// For a `Host` field (RFC 9110 §7.2).
    var authority: String {
        let bracketed = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? bracketed : "\(bracketed):\(port)"
    }

    /// Where an issuer's metadata is (OpenID Connect Discovery §4). Nil where the issuer is no such URL, or has a query (§2).
    public static func metadata(of issuer: String) -> Endpoint? {
        guard !issuer.contains("?"), !issuer.contains("#") else { return nil }
        return Endpoint((issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration")
    }
}
