// Rule sets of any size: fewer rules than a profile has, or more.

import Engine

enum GeneratedRules {
    /// `count` rules: evenly chosen from `rules`, or all of them and rules made up after their kind.
    ///
    /// Of the rules made up nine in ten look for a vendor's prefix and a run of token characters, the rest for a quoted value behind a keyword:
    /// about the share in collections of secret rules.
    static func rules(_ count: Int, from rules: [Rule]) -> [Rule] {
        guard count > rules.count else { return (0..<count).map { rules[$0 * rules.count / count] } }
        var random = SplitMix(state: 1000)
        return rules
            + (0..<count - rules.count).map { number in
                // The number keeps prefixes apart.
                let vendor = random.string(4, of: Alphabet.lower) + "\(number)"
                let pattern =
                    if number % 10 < 9 {
                        #"(?<![A-Za-z0-9])\#(vendor)_[A-Za-z0-9]{\#(20 + random.below(20)),}"#
                    } else {
                        #"\#(vendor)[_-]?token["']?[ ]?[:=][ ]{0,3}["']?(?<mask>[a-f0-9]{32,64})"#
                    }
                return Rule(id: "generated-\(number)", entity: "VENDOR_TOKEN", pattern: pattern)
            }
    }
}
