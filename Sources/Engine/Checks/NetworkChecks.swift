// Checks of the addresses of devices.

extension Check {
    static let network: [Check] = [
        Check("ipv4-octets") { isIPv4(withoutPrefixLength($0, upTo: 32)) },
        Check("ipv6") { isIPv6(withoutPrefixLength($0, upTo: 128)) },
    ]
}

/// `value` without a prefix length at its end (`/24`), all of it if there is none up to `longest`.
///
/// Sources: RFC 4632 §3.1, RFC 4291 §2.3.
private func withoutPrefixLength(_ value: UnsafeRawBufferPointer, upTo longest: Int) -> UnsafeRawBufferPointer {
    guard let slash = value.lastIndex(of: UInt8(ascii: "/")), 1...3 ~= value.count - slash - 1 else { return value }
    var length = 0
    for byte in value[(slash + 1)...] {
        guard let digit = digitValue(byte) else { return value }
        length = length * 10 + digit
    }
    return length <= longest ? UnsafeRawBufferPointer(rebasing: value[..<slash]) : value
}

/// Whether `value` is four decimal numbers of 0…255 between dots, none with a leading zero.
///
/// Source: RFC 6943 §3.1.1 (strict form).
private func isIPv4(_ value: UnsafeRawBufferPointer) -> Bool {
    var octets = 0
    var at = 0
    while true {
        let start = at
        var octet = 0
        while at < value.count, at - start < 4, let digit = digitValue(value[at]) {
            octet = octet * 10 + digit
            at += 1
        }
        let digits = at - start
        guard digits > 0, octet <= 255, digits == 1 || value[start] != UInt8(ascii: "0") else { return false }
        octets += 1
        if at == value.count { return octets == 4 }
        guard octets < 4, value[at] == UInt8(ascii: ".") else { return false }
        at += 1
    }
}

/// Whether `value` is an IPv6 address: eight groups of one to four hexadecimal digits, the last two of them possibly as an IPv4
/// address, and at most one `::` for one or more groups of zeros.
///
/// Source: RFC 4291 §2.2.
private func isIPv6(_ value: UnsafeRawBufferPointer) -> Bool {
    let colon = UInt8(ascii: ":")
    var groups = 0
    var compressed = false
    var at = 0
    if value.count >= 2, value[0] == colon {
        guard value[1] == colon else { return false }
        compressed = true
        at = 2
        if at == value.count { return true }
    }
    while true {
        let start = at
        while at < value.count, at - start < 4, isHexDigit(value[at]) { at += 1 }
        if at < value.count, value[at] == UInt8(ascii: ".") {
            guard isIPv4(UnsafeRawBufferPointer(rebasing: value[start...])) else { return false }
            groups += 2
            break
        }
        guard at > start else { return false }
        groups += 1
        if at == value.count { break }
        guard groups < 8, value[at] == colon else { return false }
        at += 1
        if at < value.count, value[at] == colon {
            guard !compressed else { return false }
            compressed = true
            at += 1
            if at == value.count { break }
        }
    }
    return compressed ? groups < 8 : groups == 8
}

private func digitValue(_ byte: UInt8) -> Int? {
    let digit = byte &- UInt8(ascii: "0")
    return digit < 10 ? Int(digit) : nil
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    digitValue(byte) != nil || (byte | 0x20) &- UInt8(ascii: "a") < 6
}
