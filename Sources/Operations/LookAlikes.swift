// Characters that are taken for others: letters that look like Latin ones, spaces, and characters without width.

/// What a character beyond ASCII stands for to somebody who reads a command.
///
/// Sources: Unicode 16, UnicodeData.txt (White_Space, Default_Ignorable_Code_Point, decompositions `<wide>`, `<font>`, `<circle>`); UTS #39, confusables.txt (Cyrillic
/// and Greek letters with a Latin skeleton).
enum LookAlikes {
    enum Meaning: Equatable {
        case space
        case nothing
        /// A letter, digit or underscore of ASCII, in lower case.
        case letter(UInt8)
        case other
    }

    static func meaning(of scalar: UInt32) -> Meaning {
        switch scalar {
        case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: .space
        case 0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0,
            0xE0000...0xE0FFF:
            .nothing
        case 0xFF10...0xFF19: .letter(UInt8(scalar - 0xFF10 + 0x30))
        case 0xFF21...0xFF3A: .letter(UInt8(scalar - 0xFF21 + 0x61))
        case 0xFF41...0xFF5A: .letter(UInt8(scalar - 0xFF41 + 0x61))
        case 0xFF3F: .letter(0x5F)
        case 0x24B6...0x24CF: .letter(UInt8(scalar - 0x24B6 + 0x61))
        case 0x24D0...0x24E9: .letter(UInt8(scalar - 0x24D0 + 0x61))
        case 0x1D400...0x1D6A3: .letter(UInt8((scalar - 0x1D400) % 26 + 0x61))
        // Letters with diacritics, and signs, are beyond these blocks or before them.
        case ..<0x130, 0x2000...0x2129, 0x2130...: .other
        default: letters[scalar].map { .letter($0) } ?? .other
        }
    }

    private static let letters: [UInt32: UInt8] = {
        let pairs: [(String, String)] = [
            ("АаᴀΑα", "a"), ("ВвΒ", "b"), ("СсϹϲ", "c"), ("Ԁԁ", "d"), ("ЕеΕ", "e"), ("НнҺһΗ", "h"), ("ІіΙιıİ", "i"), ("Јј", "j"), ("КкΚκ\u{212A}", "k"), ("Ӏӏ", "l"), ("МмΜ", "m"),
            ("Νո", "n"), ("ОоΟοօ", "o"), ("РрΡρ", "p"), ("Ԛԛ", "q"), ("г", "r"), ("Ѕѕſ", "s"), ("ТтΤτ", "t"), ("υս", "u"), ("Ѵѵν", "v"), ("Ԝԝ", "w"), ("ХхΧχ", "x"),
            ("УуΥҮү", "y"), ("Ζᴢ", "z"),
        ]
        var letters: [UInt32: UInt8] = [:]
        for (alike, letter) in pairs {
            for scalar in alike.unicodeScalars { letters[scalar.value] = letter.utf8.first }
        }
        return letters
    }()
}

/// One scalar of UTF-8 at a time; a byte that is not part of one counts as a scalar of Latin-1, as servers with that encoding read it.
enum UTF8Scalars {
    static func decode(_ text: [UInt8], at index: Int) -> (scalar: UInt32, length: Int) {
        let first = text[index]
        let length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xC2 && first < 0xE0 ? 2 : 1
        guard length > 1, index + length <= text.count else { return (UInt32(first), 1) }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for i in 1..<length {
            guard text[index + i] & 0xC0 == 0x80 else { return (UInt32(first), 1) }
            scalar = scalar << 6 | UInt32(text[index + i] & 0x3F)
        }
        return (scalar, length)
    }
}
