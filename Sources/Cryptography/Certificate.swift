// What a certificate says of its holder (X.509), read by OpenSSL.

import COpenSSL
import Foundation

/// The names in a certificate, and when it ends. Whether it is to be trusted was decided before, where the connection was made.
public struct Certificate: Sendable, Equatable {
    /// In the form of RFC 2253, last part first: `CN=ci,O=Example`.
    public let subject: String
    /// Of the subject's alternative names (RFC 5280 §4.2.1.6). Those with anything but visible ASCII in them are left out.
    public let dnsNames: [String]
    public let uris: [String]
    public let expires: Date
    /// SHA-256 of all of it.
    public let digest: [UInt8]

    /// - Parameter der: the certificate's bytes (DER).
    public init?(der: [UInt8]) {
        defer { ERR_clear_error() }
        let certificate = der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_X509(nil, &start, buffer.count)
        }
        guard let certificate else { return nil }
        defer { X509_free(certificate) }
        guard let subject = Self.text(of: X509_get_subject_name(certificate)) else { return nil }
        var end = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 else { return nil }
        self.subject = subject
        expires = Date(timeIntervalSince1970: TimeInterval(timegm(&end)))
        digest = SHA256.digest(of: der)

        var dnsNames: [String] = []
        var uris: [String] = []
        let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil).map { OpaquePointer($0) }
        defer { GENERAL_NAMES_free(names) }
        for index in 0..<max(0, OPENSSL_sk_num(names)) {
            var type: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(OPENSSL_sk_value(names, index)?.assumingMemoryBound(to: GENERAL_NAME.self), &type),
                type == GEN_DNS || type == GEN_URI
            else { continue }
            let string = value.assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            // A null byte once let one name pass for another.
            guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            if type == GEN_DNS { dnsNames.append(String(decoding: bytes, as: UTF8.self)) } else { uris.append(String(decoding: bytes, as: UTF8.self)) }
        }
        self.dnsNames = dnsNames
        self.uris = uris
    }

    private static func text(of name: OpaquePointer?) -> String? {
        guard let output = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(output) }
        guard X509_NAME_print_ex(output, name, 0, rfc2253Form) >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(output, &bytes, Int32(bytes.count))
        return count < bytes.count ? String(validating: bytes.prefix(Int(max(0, count))), as: UTF8.self) : nil
    }
}
