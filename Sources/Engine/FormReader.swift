// Cuts a form into the texts that its reader sees: names and values. Works on any cut.
//
// Source: WHATWG URL Standard §5.1.

/// Where a form is.
struct FormReader {
    private var isInValue = false
    /// The text under way began in an earlier window.
    private var isContinued = false
    /// What of a name that goes on was released in earlier windows, raw.
    private var begunName: [UInt8] = []
    /// The field that the value under way belongs to.
    private var field: Int?
    private let rules: FieldSet

    init(_ rules: FieldSet) { self.rules = rules }

    /// Appends the texts of a window. The next one begins inside the last of them if that is open.
    ///
    /// - Parameter values: those of texts that are values of fields; `kind` of these texts is `field`.
    mutating func read(_ window: UnsafeBufferPointer<UInt8>, isLast: Bool, into texts: inout [JSONText], _ values: inout [FieldReader.Value]) {
        var start = 0
        for (index, byte) in window.enumerated() where byte == UInt8(ascii: "&") || byte == UInt8(ascii: "=") && !isInValue {
            add(start..<index, window, isClosed: true, to: &texts, &values)
            if !isInValue, byte == UInt8(ascii: "=") {
                field = rules.isEmpty ? nil : self.field(begunName + window[start..<index])
                isInValue = true
            } else {
                isInValue = false
            }
            begunName.removeAll(keepingCapacity: true)
            isContinued = false
            start = index + 1
        }
        add(start..<window.count, window, isClosed: isLast, to: &texts, &values)
        isContinued = true
    }

    /// Notes how far the last text of the window was released.
    mutating func keep(_ window: UnsafeBufferPointer<UInt8>, from start: Int, released: Int) {
        let room = FieldReader.longestKey + 1 - begunName.count
        if !isInValue, released > start, room > 0 { begunName.append(contentsOf: window[start..<min(released, start + room)]) }
    }

    private func add(
        _ range: Range<Int>, _ window: UnsafeBufferPointer<UInt8>, isClosed: Bool, to texts: inout [JSONText], _ values: inout [FieldReader.Value]
    ) {
        if isInValue, let field {
            values.append(
                FieldReader.Value(field: field, start: range.lowerBound, end: range.upperBound, kind: .string, isContinued: isContinued, isClosed: isClosed))
            if rules.fields[field].rule.action != .report {
                texts.append(
                    JSONText(kind: .field(values.count - 1), start: range.lowerBound, end: range.upperBound, isContinued: isContinued, isClosed: isClosed))
                return
            }
        }
        // Decoded even where there is nothing to decode: what stands before a text, `=` or `&`, is no edge of a text to the sieve.
        texts.append(JSONText(kind: .string(hasEscape: true), start: range.lowerBound, end: range.upperBound, isContinued: isContinued, isClosed: isClosed))
    }

    private func field(_ raw: [UInt8]) -> Int? {
        raw.count > FieldReader.longestKey ? nil : rules.field(ofWay: raw.withUnsafeBufferPointer { TextCoding.form.decoded($0) })
    }
}
