// Masks an event that is too large to be held, while it streams: each of its lines on its own, or an element of an array as the document that it is.

/// Masks an event that is too large to be held, line by line, as it streams.
struct LineMasker {
    private let rules: RuleSet
    private let kind: EventFraming.Kind
    /// Offset in the body of the next byte.
    private(set) var position: Int
    /// Bytes of the field name and the first byte of the value, until it is known how to read the line.
    private var prefix: [UInt8] = []
    private var masker: BodyMasker?
    /// Offsets in the body of the line and of its value.
    private var lineStart = 0
    private var valueStart = 0

    init(_ rules: RuleSet, _ kind: EventFraming.Kind, at position: Int) {
        self.rules = rules
        self.kind = kind
        self.position = position
    }

    var heldCount: Int { prefix.count + (masker?.heldCount ?? 0) }

    mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout MaskedBytes) throws(MaskError) {
        var start = 0
        while start < bytes.count, output.blocked == nil {
            if kind != .elements, bytes[start] == 0x0A || bytes[start] == 0x0D {
                try endLine(into: &output)
                if output.blocked == nil { output.append([bytes[start]]) }
                position += 1
                start += 1
                continue
            }
            var end = kind == .elements ? bytes.count : start
            while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
            try feedLine(UnsafeBufferPointer(rebasing: bytes[start..<end]), into: &output)
            position += end - start
            start = end
        }
    }

    mutating func finish(into output: inout MaskedBytes) throws(MaskError) { try endLine(into: &output) }

    private mutating func feedLine(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout MaskedBytes) throws(MaskError) {
        guard masker == nil else { return try feedValue(UnsafeRawBufferPointer(bytes), into: &output) }
        if prefix.isEmpty { lineStart = position }
        // A byte-order mark and "data: {" are the longest that tells how to read the line.
        prefix.append(contentsOf: bytes)
        guard prefix.count >= 10, kind != .elements || elementStart < prefix.count else { return }
        try begin(into: &output)
    }

    private var elementStart: Int { prefix.withUnsafeBufferPointer { ElementFraming.startOfElement(in: $0, isFirst: lineStart == 0) } }

    private mutating func begin(into output: inout MaskedBytes) throws(MaskError) {
        let mark = lineStart == 0 && prefix.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var value = (kind == .elements ? elementStart : mark)..<prefix.count
        var isData = kind != .serverSent
        if !isData {
            let line = prefix.withUnsafeBufferPointer { EventLine($0, value) }
            (value, isData) = (line.value, line.isData)
        }
        let first = prefix[value].first { $0 > 0x20 }
        let isJSON = kind == .elements || isData && (first == UInt8(ascii: "{") || first == UInt8(ascii: "["))
        masker = BodyMasker(rules, isJSON ? .json : .text)
        let begun = prefix
        prefix = []
        output.append(Array(begun[..<value.lowerBound]))
        valueStart = lineStart + value.lowerBound
        try begun.withUnsafeBufferPointer { begun throws(MaskError) in
            try feedValue(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: begun[value])), into: &output)
        }
    }

    private mutating func feedValue(_ bytes: UnsafeRawBufferPointer, into output: inout MaskedBytes) throws(MaskError) {
        var masked = MaskedBytes()
        try masker?.feed(bytes, into: &masked)
        add(masked, chunk: bytes, to: &output)
    }

    private mutating func endLine(into output: inout MaskedBytes) throws(MaskError) {
        if !prefix.isEmpty { try begin(into: &output) }
        guard output.blocked == nil else { return }
        var masked = MaskedBytes()
        try masker?.finish(into: &masked)
        add(masked, chunk: UnsafeRawBufferPointer(start: nil, count: 0), to: &output)
        masker = nil
    }

    private func add(_ masked: MaskedBytes, chunk: UnsafeRawBufferPointer, to output: inout MaskedBytes) {
        output.append(copying: masked, of: chunk, bodyOffset: valueStart)
    }
}

extension MaskedBytes {
    mutating func append(_ bytes: [UInt8]) { pieces.append(.bytes(bytes)) }

    /// Appends what was masked of bytes that are not part of the chunk.
    ///
    /// - Parameter bodyOffset: where what its findings count from begins in the body.
    mutating func append(copying other: MaskedBytes, of chunk: UnsafeRawBufferPointer, bodyOffset: Int = 0) {
        var bytes: [UInt8] = []
        other.append(to: &bytes, chunk: chunk)
        var copied = other
        copied.pieces = [.bytes(bytes)]
        append(copied, from: 0, bodyOffset: bodyOffset)
    }

    /// Appends what was masked of a part of the chunk.
    ///
    /// - Parameters:
    ///   - start: where the part begins in the chunk.
    ///   - bodyOffset: where what its findings count from begins in the body.
    mutating func append(_ other: MaskedBytes, from start: Int, bodyOffset: Int) {
        for piece in other.pieces {
            if case .passed(let range) = piece { pieces.append(.passed(start + range.lowerBound..<start + range.upperBound)) } else { pieces.append(piece) }
        }
        findings += other.findings.map { $0.moved(by: bodyOffset) }
        if let found = other.blocked { blocked = found.moved(by: bodyOffset) }
    }
}
