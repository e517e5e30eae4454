// Bodies that make a stream keep as much as it ever may: nothing in them is decided, so nothing is let go.

enum OpenMatches {
    /// One JSON string, every byte an escape, whose beginning could be that of a long token.
    static func escapedString(_ shape: BodyShape) -> [UInt8] {
        var writer = JSONWriter(escapes: 100, seed: shape.seed, capacity: shape.bytes + 100)
        writer.raw(#"{"note":"#)
        writer.string(token(shape.bytes / 6, shape))
        return writer.bytes.dropLast()
    }

    /// The same as plain text.
    static func text(_ shape: BodyShape) -> [UInt8] { Array(token(shape.bytes, shape).utf8) }

    /// Opening brackets up to the deepest nesting that is followed.
    static func nesting(_ shape: BodyShape) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "["), count: shape.bytes) }

    /// Events of one choice that wait for the token that another choice began, then one event that grows too long to be held.
    static func events(_ shape: BodyShape) -> [UInt8] {
        var writer = JSONWriter(escapes: shape.escapes, seed: shape.seed, capacity: shape.bytes + 100)
        func delta(_ choice: Int, _ text: String) {
            writer.raw(#"data: {"object":"chat.completion.chunk","choices":[{"index":\#(choice),"delta":{"content":"#)
            writer.string(text)
        }
        delta(0, String(token(200, shape)))
        writer.raw("}}]}\n\n")
        var random = SplitMix(state: shape.seed)
        while writer.bytes.count < shape.bytes {
            delta(1, Prose.sentence(shape, &random))
            writer.raw("}}]}\n\n")
        }
        delta(1, String(repeating: "and so on, ", count: 3500))
        return writer.bytes
    }

    /// An assigned secret that does not end: its entropy is checked, so it must be seen whole, or up to the longest hold.
    private static func token(_ count: Int, _ shape: BodyShape) -> String {
        var random = SplitMix(state: shape.seed)
        return "api" + "_key=" + random.string(max(count - 8, 0), of: Alphabet.alphanumeric)
    }
}
