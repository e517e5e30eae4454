// The customers list: one document of any size, made from a block of records that is generated once and repeated.

import NIOCore

/// A list of customers of an exact number of bytes, as one JSON document or as JSON Lines.
///
///     head │ block │ block │ … │ whole records of a last block │ last record, padding, end
///
/// Only the block (at most 4 MiB) is in memory, however long the list is, and pieces of it are slices that copy nothing.
struct CustomerList {
    enum Form: Hashable {
        case document
        case lines
    }

    /// A list repeats after this many bytes.
    static let blockBytes = 4 << 20

    /// Bytes of the whole body. Never less than an empty list takes.
    let bytes: Int
    private let head: ByteBuffer
    private let records: RecordBlock
    private let repeats: Int
    private let lastBlockBytes: Int
    private let end: ByteBuffer

    /// - Parameter records: made by `RecordBlock(seed:form:bytes:)` with the same form, for at least this many bytes.
    init(records: RecordBlock, bytes requested: Int) {
        self.records = records
        switch records.form {
        case .document:
            head = ByteBuffer(string: "{\"object\":\"list\",\"url\":\"/customers\",\"data\":[\n")
        case .lines:
            head = ByteBuffer()
        }
        let last = "{\"id\":\"cus_last\",\"object\":\"customer\"}"
        let closing = records.form == .document ? "\n],\"has_more\":false}\n" : "\n"
        let fixedBytes = head.readableBytes + last.utf8.count + closing.utf8.count
        let recordBytes = max(0, requested - fixedBytes)
        repeats = records.isWhole ? recordBytes / records.buffer.readableBytes : 0
        lastBlockBytes = records.wholeRecordBytes(atMost: recordBytes - repeats * records.buffer.readableBytes)
        let padding = recordBytes - repeats * records.buffer.readableBytes - lastBlockBytes
        end = ByteBuffer(string: last + String(repeating: " ", count: padding) + closing)
        bytes = fixedBytes + recordBytes
    }

    /// At most `count` bytes of the body from `offset` on; empty only at its end.
    func slice(at offset: Int, atMost count: Int) -> ByteBuffer {
        var offset = offset
        if offset < head.readableBytes { return part(of: head, at: offset, atMost: count) }
        offset -= head.readableBytes
        let blockBytes = records.buffer.readableBytes
        if offset < repeats * blockBytes { return part(of: records.buffer, at: offset % blockBytes, atMost: count) }
        offset -= repeats * blockBytes
        if offset < lastBlockBytes { return part(of: records.buffer, at: offset, atMost: min(count, lastBlockBytes - offset)) }
        return part(of: end, at: offset - lastBlockBytes, atMost: count)
    }

    /// What was planted in the list, each value once.
    var planted: [PlantedValue] {
        records.planted(inBytes: repeats > 0 ? records.buffer.readableBytes : lastBlockBytes)
    }

    private func part(of buffer: ByteBuffer, at offset: Int, atMost count: Int) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex + offset, length: min(count, buffer.readableBytes - offset))!
    }
}

/// The first records of a list, each with its separator behind it.
struct RecordBlock {
    let seed: UInt64
    let form: CustomerList.Form
    private(set) var buffer = ByteBuffer()
    /// Whether the block was filled, so that it may be repeated.
    let isWhole: Bool
    /// For each record, where it and its separator end.
    private var ends: [Int] = []
    private var plantedByRecord: [(end: Int, values: [PlantedValue])] = []

    /// Makes records until they fill `bytes` bytes or the block.
    init(seed: UInt64, form: CustomerList.Form, bytes: Int) {
        self.seed = seed
        self.form = form
        let wanted = min(bytes, CustomerList.blockBytes)
        isWhole = bytes >= CustomerList.blockBytes
        buffer.reserveCapacity(wanted + 4096)
        while buffer.readableBytes < wanted {
            let record = CustomerRecord(seed: seed, index: ends.count)
            switch form {
            case .document:
                buffer.writeString(record.json)
                buffer.writeString(",\n")
            case .lines:
                buffer.writeString("{\"type\":\"customer.updated\",\"data\":")
                buffer.writeString(record.json)
                buffer.writeString("}\n")
            }
            ends.append(buffer.readableBytes)
            if !record.planted.isEmpty { plantedByRecord.append((buffer.readableBytes, record.planted)) }
        }
    }

    /// Whether a list of `bytes` bytes can be made of this block.
    func suffices(forBytes bytes: Int) -> Bool {
        isWhole || buffer.readableBytes >= bytes
    }

    /// Bytes of as many whole records as fit into `count` bytes.
    func wholeRecordBytes(atMost count: Int) -> Int {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= count { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : ends[low - 1]
    }

    /// What the records that end within the first `count` bytes hold.
    func planted(inBytes count: Int) -> [PlantedValue] {
        plantedByRecord.prefix { $0.end <= count }.flatMap(\.values)
    }
}
