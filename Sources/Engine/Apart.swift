// A large value that is often not there.

/// Keeps a value outside of the one that has it, so that it takes no room where it is not. Changed in place.
@propertyWrapper
struct Apart<Value> {
    /// None or one.
    private var values: [Value]

    init(wrappedValue: Value?) { values = wrappedValue.map { [$0] } ?? [] }

    var isThere: Bool { !values.isEmpty }

    /// The value where it lies; there must be one. What is done for each chunk goes by this way: it moves nothing and copies nothing.
    @inline(__always)
    mutating func change<Result>(_ body: (inout Value) throws(MaskError) -> Result) throws(MaskError) -> Result { try body(&values[0]) }

    var wrappedValue: Value? {
        get { values.first }
        _modify {
            // Moved out, so that nothing in it is shared while it changes.
            var value = values.popLast()
            defer { if let value { values.append(value) } }
            yield &value
        }
    }
}
