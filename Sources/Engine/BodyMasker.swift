// A body that is one text, or one JSON document: chunks in, masked bytes out.

/// The state of one body that is read as `text` or `json`.
struct BodyMasker {
    /// Bytes taken into the window at a time. Keeps the work space small and in the cache.
    private static let stride = 32 * 1024
    /// Raw bytes that may be held. What a string holds of JSON within JSON within JSON takes up many times its bytes where each is an escape.
    static let mostHeld = 64 * 1024

    private let rules: RuleSet
    private var reader: BodyReader
    /// Bytes that arrived and were not released.
    private var held: [UInt8] = []
    /// Offset in the body of the first byte held.
    private var heldFrom = 0

    init(_ rules: RuleSet, _ reading: BodyReader.Reading) {
        self.rules = rules
        reader = BodyReader(rules, reading)
    }

    var heldCount: Int { held.count }
    /// Where the body stopped being JSON.
    var brokenJSONAt: Int? { reader.brokenJSONAt }

    /// Takes the next chunk. Not to be called again after a block or a throw.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        var offset = 0
        while offset < chunk.count, output.blocked == nil {
            let end = min(offset + Self.stride, chunk.count)
            try advance(UnsafeRawBufferPointer(rebasing: chunk[offset..<end]), chunkOffset: offset, isLast: false, into: &output)
            offset = end
        }
    }

    /// Ends the body.
    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        try advance(UnsafeRawBufferPointer(start: nil, count: 0), chunkOffset: 0, isLast: true, into: &output)
    }

    /// Scans what was held together with `new` and releases what it can.
    private mutating func advance(
        _ new: UnsafeRawBufferPointer, chunkOffset: Int, isLast: Bool, into output: inout MaskedBytes
    ) throws(MaskError) {
        let workspace = try rules.takeWorkspace()
        if !isLast, reader.stillHolds(held, new, workspace) {
            held.append(contentsOf: new)
            rules.give(back: workspace)
            return
        }
        let behind = reader.before.count
        held.withUnsafeBytes { held in reader.before.withUnsafeBytes { before in workspace.fillWindow(before, held, new) } }
        let window = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(workspace.window)[behind...])
        var writer = WindowWriter(window: window, heldCount: held.count, chunkOffset: chunkOffset, output: output)
        try reader.read(workspace, isLast: isLast, origin: .body(from: heldFrom), units: nil, &writer)
        output = writer.output
        if let block = writer.block {
            held = []
            output.blocked = block
        } else {
            held.removeAll(keepingCapacity: true)
            held.append(contentsOf: UnsafeBufferPointer(rebasing: window[writer.position...]))
        }
        heldFrom += writer.position
        rules.give(back: workspace)
        if held.count > Self.mostHeld { throw MaskError(description: "more than \(Self.mostHeld) bytes wait for the end of one value") }
    }
}
