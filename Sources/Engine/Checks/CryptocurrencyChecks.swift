// Checks of the addresses of cryptocurrencies.

import Cryptography

extension Check {
    static let cryptocurrency: [Check] = [
        Check("base58check", passesBase58Check),
        Check("bech32", passesBech32),
        Check("eip-55", passesEIP55),
    ]
}

/// Whether `value`, white space around it aside, is Base58Check of 25 bytes: a version, a hash of 20 bytes, and four bytes of checksum.
///
/// Source: Bitcoin Wiki, "Base58Check encoding"; Bitcoin Core, src/base58.cpp (the alphabet leaves out 0, O, I and l).
private func passesBase58Check(_ value: UnsafeRawBufferPointer) -> Bool {
    var bytes = InlineArray<25, UInt8>(repeating: 0)
    for character in trimmed(value) {
        guard var carry = base58Digit(character) else { return false }
        for index in (0..<25).reversed() {
            carry += Int(bytes[index]) * 58
            bytes[index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        if carry != 0 { return false }
    }
    return withUnsafeTemporaryAllocation(byteCount: 21 + 2 * SHA256.digestLength, alignment: 1) { buffer in
        for index in 0..<21 { buffer[index] = bytes[index] }
        let once = UnsafeMutableRawBufferPointer(rebasing: buffer[21..<21 + SHA256.digestLength])
        let twice = UnsafeMutableRawBufferPointer(rebasing: buffer[(21 + SHA256.digestLength)...])
        SHA256.digest(of: UnsafeRawBufferPointer(rebasing: buffer[..<21]), into: once)
        SHA256.digest(of: UnsafeRawBufferPointer(once), into: twice)
        return (0..<4).allSatisfy { twice[$0] == bytes[21 + $0] }
    }
}

private func base58Digit(_ character: UInt8) -> Int? {
    switch character {
    case UInt8(ascii: "1")...UInt8(ascii: "9"): Int(character - UInt8(ascii: "1"))
    case UInt8(ascii: "A")...UInt8(ascii: "H"): Int(character - UInt8(ascii: "A")) + 9
    case UInt8(ascii: "J")...UInt8(ascii: "N"): Int(character - UInt8(ascii: "J")) + 17
    case UInt8(ascii: "P")...UInt8(ascii: "Z"): Int(character - UInt8(ascii: "P")) + 22
    case UInt8(ascii: "a")...UInt8(ascii: "k"): Int(character - UInt8(ascii: "a")) + 33
    case UInt8(ascii: "m")...UInt8(ascii: "z"): Int(character - UInt8(ascii: "m")) + 44
    default: nil
    }
}

/// Whether `value` is Bech32 or Bech32m: a readable part, the separator 1, and at least the six characters of checksum, all in one case.
///
/// Sources: BIP 173, BIP 350.
private func passesBech32(_ value: UnsafeRawBufferPointer) -> Bool {
    let text = trimmed(value)
    guard let separator = text.lastIndex(of: UInt8(ascii: "1")), separator > text.startIndex, text.endIndex - separator > 6 else { return false }
    let hasCapitals = text.contains { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
    if hasCapitals, text.contains(where: { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }) { return false }
    var checksum: UInt32 = 1
    func add(_ five: UInt32) {
        let top = checksum >> 25
        checksum = (checksum & 0x1FF_FFFF) << 5 ^ five
        let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        for bit in 0..<5 where top >> UInt32(bit) & 1 != 0 { checksum ^= generator[bit] }
    }
    for character in text[..<separator] { add(UInt32(character | 0x20) >> 5) }
    add(0)
    for character in text[..<separator] { add(UInt32(character | 0x20) & 31) }
    let alphabet: StaticString = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    for character in text[(separator + 1)...] {
        let small = Identifier.isLetter(character) ? character | 0x20 : character
        guard let five = alphabet.withUTF8Buffer({ $0.firstIndex(of: small) }) else { return false }
        add(UInt32(five))
    }
    return checksum == 1 || checksum == 0x2BC8_30A3
}

/// Whether `value` is an Ethereum address, `0x` and forty hexadecimal digits. If its letters are in both cases, they say the checksum.
///
/// Source: ERC-55, "Mixed-case checksum address encoding".
private func passesEIP55(_ value: UnsafeRawBufferPointer) -> Bool {
    let text = trimmed(value)
    guard text.count == 42, text[text.startIndex] == UInt8(ascii: "0"), text[text.startIndex + 1] | 0x20 == UInt8(ascii: "x") else { return false }
    let digits = text.dropFirst(2)
    guard digits.allSatisfy({ Identifier.digit($0) != nil || ($0 | 0x20) &- UInt8(ascii: "a") < 6 }) else { return false }
    let letters = digits.filter(Identifier.isLetter)
    if letters.allSatisfy({ $0 & 0x20 == 0 }) || letters.allSatisfy({ $0 & 0x20 != 0 }) { return true }
    let hash = keccak256(digits.map { Identifier.isLetter($0) ? $0 | 0x20 : $0 })
    return digits.enumerated().allSatisfy { place, character in
        let isHigh = hash[place / 2] >> (place % 2 == 0 ? 4 : 0) & 8 != 0
        return !Identifier.isLetter(character) || (character & 0x20 == 0) == isHigh
    }
}

/// Keccak-256 as Ethereum uses it, with the padding from before FIPS 202; of fewer than 136 bytes, which is one block.
///
/// Source: The Keccak reference, version 3.0, §1.2 (KECCAK-f[1600]).
private func keccak256(_ message: [UInt8]) -> [UInt8] {
    var state = [UInt64](repeating: 0, count: 25)
    var block = message + [UInt8](repeating: 0, count: 136 - message.count)
    block[message.count] ^= 0x01
    block[135] ^= 0x80
    for (index, byte) in block.enumerated() { state[index / 8] ^= UInt64(byte) << UInt64(index % 8 * 8) }

    func rotate(_ word: UInt64, _ bits: Int) -> UInt64 { bits == 0 ? word : word << UInt64(bits) | word >> UInt64(64 - bits) }
    // The round constants come from a shift register of eight bits.
    var register: UInt8 = 1
    for _ in 0..<24 {
        let columns = (0..<5).map { x in (0..<5).reduce(UInt64(0)) { $0 ^ state[x + 5 * $1] } }
        for x in 0..<5 {
            let parity = columns[(x + 4) % 5] ^ rotate(columns[(x + 1) % 5], 1)
            for y in 0..<5 { state[x + 5 * y] ^= parity }
        }
        var moved = state[1]
        var (x, y) = (1, 0)
        for step in 0..<24 {
            (x, y) = (y, (2 * x + 3 * y) % 5)
            let next = state[x + 5 * y]
            state[x + 5 * y] = rotate(moved, (step + 1) * (step + 2) / 2 % 64)
            moved = next
        }
        for y in 0..<5 {
            let row = (0..<5).map { state[$0 + 5 * y] }
            for x in 0..<5 { state[x + 5 * y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]) }
        }
        for bit in 0..<7 {
            if register & 1 != 0 { state[0] ^= 1 << UInt64((1 << bit) - 1) }
            register = register << 1 ^ (register & 0x80 != 0 ? 0x71 : 0)
        }
    }
    return (0..<32).map { UInt8(truncatingIfNeeded: state[$0 / 8] >> UInt64($0 % 8 * 8)) }
}

/// `value` without white space at its ends.
private func trimmed(_ value: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
    guard let first = value.firstIndex(where: { !isSpace($0) }), let last = value.lastIndex(where: { !isSpace($0) }) else { return value[..<0] }
    return value[first...last]
}
