// A customers list as a vendor's API sends it: one document, or a record a line (NDJSON).

enum VendorJSON {
    /// - Parameters:
    ///   - lines: one record a line in place of one document.
    static func make(_ shape: BodyShape, lines: Bool) -> [UInt8] {
        var random = SplitMix(state: shape.seed)
        var writer = JSONWriter(escapes: shape.escapes, seed: shape.seed, capacity: shape.bytes + 2000)
        if !lines { writer.raw(#"{"object":"list","url":"/v1/customers","has_more":true,"data":["#) }
        var number = 0
        while writer.bytes.count < shape.bytes {
            if number > 0, !lines { writer.raw(",") }
            write(number, shape, &random, &writer)
            if lines { writer.raw("\n") }
            number += 1
        }
        if !lines { writer.raw("]}") }
        return writer.bytes
    }

    private static func write(_ number: Int, _ shape: BodyShape, _ random: inout SplitMix, _ writer: inout JSONWriter) {
        func text(_ key: String, _ value: String) {
            writer.raw(#""\#(key)":"#)
            writer.string(value)
            writer.raw(",")
        }
        writer.raw("{")
        text("id", "cus_" + random.string(14, of: Alphabet.alphanumeric))
        text("object", "customer")
        writer.raw(#""balance":\#(random.below(200_000) - 50_000),"created":\#(1_600_000_000 + number * 37),"#)
        text("currency", "usd")
        text("description", (0..<6 + random.below(18)).map { _ in random.pick(Words.business) }.joined(separator: " "))
        text("invoice_prefix", random.string(8, of: Alphabet.upperAndDigits))
        writer.raw(#""livemode":false,"delinquent":\#(random.below(20) == 0),"metadata":{"#)
        text("order_id", "\(random.below(1_000_000))")
        writer.raw(#""tier":"#)
        writer.string(random.pick(Words.business))
        writer.raw(#"},"tax_rate":\#(random.below(3000)).\#(random.below(100)),"#)
        text("request", random.uuid())
        if random.percent(shape.density) {
            let first = random.below(7)
            for offset in 0..<(shape.values ?? 1 + random.below(2)) {
                let personal = random.personalValue(first + offset)
                text(personal.field, personal.value)
            }
        }
        writer.raw(#""updated":"#)
        writer.string(random.timestamp())
        writer.raw("}")
    }
}
