// Random numbers that are the same on every machine for the same seed.

/// SplitMix64: a small generator whose output is fixed by its seed, so that a body can be asked for again byte for byte.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `0..<bound`. The slight bias of a remainder does not matter for demonstration data.
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[below(choices.count)]
    }

    /// `count` characters, each drawn from `alphabet`, which must be ASCII.
    mutating func string(_ count: Int, from alphabet: StaticString) -> String {
        let size = alphabet.utf8CodeUnitCount
        return alphabet.withUTF8Buffer { letters in
            String(unsafeUninitializedCapacity: count) { output in
                for index in 0..<count { output.initializeElement(at: index, to: letters[below(size)]) }
                return count
            }
        }
    }

    mutating func digits(_ count: Int) -> String {
        string(count, from: "0123456789")
    }
}
