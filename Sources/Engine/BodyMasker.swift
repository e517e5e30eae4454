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
    /// What judges commands before they are masked, and the bytes that wait for that.
    @Apart private var gate: CommandGate? = nil
    private var unjudged: [UInt8] = []

    init(_ rules: RuleSet, _ reading: BodyReader.Reading) {
        self.rules = rules
        reader = BodyReader(rules, reading)
        gate = CommandGate(rules, reading)
    }

    var heldCount: Int { held.count + unjudged.count }
    /// Where the body stopped being JSON.
    var brokenJSONAt: Int? { reader.brokenJSONAt }

    /// Takes the next chunk. Not to be called again after a block or a throw.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        if gate == nil { try mask(chunk, upTo: chunk.count, into: &output) } else { try judge(chunk, into: &output) }
    }

    /// Ends the body.
    mutating func finish(into output: inout MaskedBytes) throws(MaskError) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        if gate != nil { try judge(nil, into: &output) }
        if output.blocked == nil { try advance(nothing, chunkOffset: 0, isLast: true, into: &output) }
        list(into: &output)
    }

    /// Masks the first `end` bytes of a chunk.
    private mutating func mask(_ chunk: UnsafeRawBufferPointer, upTo end: Int, into output: inout MaskedBytes) throws(MaskError) {
        var offset = 0
        while offset < end, output.blocked == nil {
            let next = min(offset + Self.stride, end)
            try advance(UnsafeRawBufferPointer(rebasing: chunk[offset..<next]), chunkOffset: offset, isLast: false, into: &output)
            offset = next
        }
    }

    /// Masks what is judged of the bytes that wait and of a chunk. A command that is blocked ends the body: what stands before it is masked as if it were all.
    private mutating func judge(_ chunk: UnsafeRawBufferPointer?, into output: inout MaskedBytes) throws(MaskError) {
        let start = gate?.position ?? 0
        let open = gate?.take(chunk) ?? 0
        let first = start - unjudged.count
        if !unjudged.isEmpty, open > first {
            let judged = Array(unjudged.prefix(open - first))
            unjudged.removeFirst(judged.count)
            try judged.withUnsafeBufferPointer { judged throws(MaskError) in
                let judged = UnsafeRawBufferPointer(judged)
                var masked = MaskedBytes()
                try mask(judged, upTo: judged.count, into: &masked)
                output.append(copying: masked, of: judged)
            }
        }
        if let chunk, output.blocked == nil {
            let judged = max(0, open - start)
            try mask(chunk, upTo: judged, into: &output)
            unjudged.append(contentsOf: chunk[judged...])
        }
        if output.blocked == nil, let block = gate?.verdicts.blocked {
            try advance(UnsafeRawBufferPointer(start: nil, count: 0), chunkOffset: 0, isLast: true, into: &output)
            output.blocked = output.blocked ?? block
        }
        if output.blocked != nil { unjudged = [] }
        list(into: &output)
        if unjudged.count > Self.mostHeld { throw MaskError(description: "more than \(Self.mostHeld) bytes wait for the end of one command") }
    }

    /// Lists the commands that are reported and have gone out.
    private mutating func list(into output: inout MaskedBytes) {
        let end = output.blocked?.range.lowerBound ?? heldFrom
        if let listed = gate?.findings(before: end) { output.findings += listed }
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
