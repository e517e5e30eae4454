// Example texts: generators in examples, so that no value that looks like a live credential stands in a file.

/// The text that an example of a corpus file stands for.
///
/// `${CLASS:COUNT}` stands for COUNT characters drawn from CLASS: characters and ranges as in a bracket expression, without the
/// brackets, for example `AKIA${A-Z2-7:16}` (a `-` at the end is itself). What is drawn depends on nothing but `seed`, CLASS, COUNT
/// and the place in the example: the same on every machine. `$${` stands for `${`.
///
/// - Parameter seed: what sets this example apart from others: rule, kind and number.
func expandExample(_ text: String, seed: String) throws(ExampleError) -> String {
    var result = ""
    var rest = Substring(text)
    var random = SplitMix64(seed: seed)
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        rest = rest[dollar...]
        if rest.hasPrefix("$${") {
            result += "${"
            rest = rest.dropFirst(3)
        } else if rest.hasPrefix("${") {
            guard let end = rest.firstIndex(of: "}") else { throw ExampleError(message: "a generator is not closed: \(rest.prefix(20))") }
            result += try generate(rest[rest.index(rest.startIndex, offsetBy: 2)..<end], &random)
            rest = rest[rest.index(after: end)...]
        } else {
            result += "$"
            rest = rest.dropFirst()
        }
    }
    return result + rest
}

/// Why an example cannot be read.
struct ExampleError: Error, Equatable {
    var message: String
    var hint = "write ${CLASS:COUNT}, for example ${A-Za-z0-9:24}, or $${ for the characters ${"
}

private func generate(_ generator: Substring, _ random: inout SplitMix64) throws(ExampleError) -> String {
    guard let colon = generator.lastIndex(of: ":"), let count = Int(generator[generator.index(after: colon)...]), (1...4000).contains(count)
    else { throw ExampleError(message: "\"${\(generator)}\" is not a generator") }
    let alphabet = try alphabet(of: generator[..<colon])
    return String((0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
}

/// The characters of a class like `A-Za-z0-9_-`, each once, in order of mention.
private func alphabet(of list: Substring) throws(ExampleError) -> [Character] {
    let members = Array(list.unicodeScalars)
    var alphabet: [Character] = []
    var at = 0
    while at < members.count {
        let first = members[at]
        if at + 2 < members.count, members[at + 1] == "-" {
            let last = members[at + 2]
            guard first.isASCII, last.isASCII, first <= last else {
                throw ExampleError(message: "\"\(first)-\(last)\" is not a range")
            }
            for value in first.value...last.value { alphabet.append(Character(Unicode.Scalar(UInt8(value)))) }
            at += 3
        } else {
            alphabet.append(Character(first))
            at += 1
        }
    }
    guard !alphabet.isEmpty else { throw ExampleError(message: "a generator has no characters to draw from") }
    return alphabet
}

/// A small pseudo-random sequence, the same on every machine. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators" (OOPSLA 2014); seeded with FNV-1a of a string.
struct SplitMix64 {
    private var state: UInt64

    init(seed: String) {
        state = 0xcbf2_9ce4_8422_2325
        for byte in seed.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
