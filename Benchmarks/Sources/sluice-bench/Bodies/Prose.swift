// What people write to each other about orders, with values of theirs in some sentences.

enum Prose {
    static func make(_ shape: BodyShape) -> [UInt8] {
        var random = SplitMix(state: shape.seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shape.bytes + 500)
        while bytes.count < shape.bytes {
            bytes.append(contentsOf: sentence(shape, &random).utf8)
            bytes.append(random.percent(15) ? UInt8(ascii: "\n") : UInt8(ascii: " "))
        }
        return bytes
    }

    static func sentence(_ shape: BodyShape, _ random: inout SplitMix) -> String {
        var words = (0..<7 + random.below(14)).map { _ in random.pick(Words.prose) }
        words[0] = words[0].prefix(1).uppercased() + words[0].dropFirst()
        if random.percent(shape.density) {
            let first = random.below(7)
            for offset in 0..<(shape.values ?? 1) {
                let personal = random.personalValue(first + offset)
                words.insert("\(personal.field.replacing("_", with: " ")) \(personal.value)", at: 1 + random.below(words.count))
            }
        }
        return words.joined(separator: " ") + "."
    }
}
