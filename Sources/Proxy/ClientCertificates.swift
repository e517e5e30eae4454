// Client certificates: whom the configuration takes their holders for.

import Cryptography
import Foundation

/// Whose certificates are accepted, and as whom.
public struct ClientCertificates: Sendable, Equatable {
    /// Certificates of the authorities that sign them, as PEM. A client's counts as long as they are the same.
    public var authorities: [UInt8]
    /// Nobody connects without one.
    public var isRequired: Bool
    /// The first that matches holds.
    public var holders: [Holder]

    /// Certificates with one name, or names of one form.
    public struct Holder: Sendable, Equatable {
        public var name: Name
        public var groups: [String]
        public var owner: String?
    }

    public enum Name: Sendable, Equatable {
        /// The one URI among the alternative names, such as a SPIFFE ID; `*` is one segment, `**` any number of them.
        case uri(PathPattern)
        /// A DNS name among the alternative names; `*.` at its beginning is one label.
        case dns(String)
        /// The subject as RFC 2253 writes it.
        case subject(String)
    }

    /// What the names of such identities begin with.
    static let prefix = "cert:"

    /// Whom the holder of a certificate is taken for; nil for nobody.
    func identity(of certificate: Certificate) -> Identity? {
        for holder in holders {
            if let name = Self.name(of: certificate, as: holder.name) {
                return Identity(name: Self.prefix + name, groups: holder.groups, owner: holder.owner, expires: certificate.expires)
            }
        }
        return nil
    }

    private static func name(of certificate: Certificate, as wanted: Name) -> String? {
        switch wanted {
        case .uri(let pattern):
            // With several nobody could say which one speaks (SPIFFE X.509-SVID §2).
            guard certificate.uris.count == 1, let path = path(ofURI: certificate.uris[0]), pattern.matches(path) else { return nil }
            return certificate.uris[0]
        case .dns(let name):
            return certificate.dnsNames.first { given in
                let given = given.lowercased()
                guard name.hasPrefix("*.") else { return given == name.lowercased() }
                guard let dot = given.firstIndex(of: "."), dot > given.startIndex, !given.hasPrefix("*") else { return false }
                return given[dot...] == name.lowercased().dropFirst()
            }
        case .subject(let subject): return certificate.subject.utf8.elementsEqual(subject.utf8) ? subject : nil
        }
    }

    /// A URI as a path whose first segments are scheme and authority, so that a pattern for paths is one for URIs; nil if it could be read in two ways.
    static func path(ofURI uri: String) -> String? {
        let parts = uri.components(separatedBy: "://")
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !uri.contains(where: { "%?#\\".contains($0) }) else { return nil }
        let segments = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { return nil }
        return "/" + parts[0].lowercased() + "/" + parts[1]
    }
}

/// A certificate that a client showed, and proved to hold, when it connected.
struct ShownCertificate: Sendable {
    var certificate: Certificate
    /// Of ``ClientCertificates/authorities``, by which it was verified.
    var authorities: [UInt8]
}
