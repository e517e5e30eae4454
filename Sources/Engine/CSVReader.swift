// Cuts a table of separated values into the texts that its reader sees: its fields. Works on any cut.
//
// Sources: RFC 4180; for other delimiters and `sep=` what spreadsheets write.

/// Where a table is.
struct CSVReader {
    /// Which field of the table a text is.
    struct Cell {
        var coding: TextCoding
        /// Of a record behind the first one: the number of its column.
        var column: Int?
    }

    private enum Place {
        case atMark, fieldStart, unquoted, quoted
    }

    private var place = Place.atMark
    /// The text under way began in an earlier window.
    private var isContinued = false
    /// Nil until the first record has told.
    private var delimiter: UInt8?
    private var isHeader = true
    private var column = 0
    /// Whether the record under way is more than the end of a line.
    private var hasFields = false
    /// Columns by the fields of the first record.
    private var columns: [Column] = []
    /// Bytes of their names that are kept.
    private var nameBytes = 0
    /// What of the name under way was released in earlier windows, raw.
    private var begunName: [UInt8] = []
    /// The texts of the latest window, as many as were appended.
    private(set) var cells: [Cell] = []
    private let rules: FieldSet

    private struct Column {
        /// With a colon behind it; empty where it has none.
        var name: [UInt8] = []
        var field: Int?
    }

    /// Columns that are told apart; those beyond have no name.
    static let mostColumns = 4096
    /// Bytes of all names together that contexts see; those beyond it are not seen.
    static let mostNameBytes = 16 * 1024
    private static let delimiters = Array(",;\t|".utf8)
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(_ rules: FieldSet) { self.rules = rules }

    /// What a context sees right before a field: the name of its column, and a colon.
    func name(of cell: Cell) -> [UInt8] {
        if let column = cell.column, column < columns.count { columns[column].name } else { [] }
    }

    /// Appends the texts of a window. The next one begins inside the last of them if that is open.
    ///
    /// - Parameter values: those of texts that are values of fields; `kind` of these texts is `field`.
    /// - Returns: the bytes of the window that belong to something that can be told: all of them, but for the beginning of a byte-order mark.
    mutating func read(
        _ window: UnsafeBufferPointer<UInt8>, isLast: Bool, into texts: inout [JSONText], _ values: inout [FieldReader.Value]
    ) throws(MaskError) -> Int {
        cells.removeAll(keepingCapacity: true)
        var start = 0
        if place == .atMark {
            if window.count < Self.mark.count, Self.mark.starts(with: window), !isLast { return 0 }
            if window.starts(with: Self.mark) { start = Self.mark.count }
            place = .fieldStart
        }
        var index = start
        while index < window.count {
            let byte = window[index]
            switch place {
            case .quoted:
                guard byte == UInt8(ascii: "\"") else {
                    index += 1
                    continue
                }
                if index + 1 == window.count, !isLast {
                    // The end of the field, or the first half of a quote in it.
                    index += 1
                    continue
                }
                if index + 1 < window.count, window[index + 1] == UInt8(ascii: "\"") {
                    index += 2
                    continue
                }
                try close(start..<index, window, &texts, &values)
                index += 1
                start = index
                place = .unquoted
            case .fieldStart where byte == UInt8(ascii: "\""):
                place = .quoted
                hasFields = true
                index += 1
                start = index
            case .atMark, .fieldStart, .unquoted:
                let isEndOfRecord = byte == 0x0A || byte == 0x0D
                if isHeader, delimiter == nil, Self.delimiters.contains(byte) { delimiter = byte }
                if !isEndOfRecord, byte != delimiter {
                    place = .unquoted
                    hasFields = true
                    index += 1
                    continue
                }
                // Behind a quoted field there is nothing more of it, as a rule.
                if place == .unquoted, isContinued || start < index { try close(start..<index, window, &texts, &values) }
                if isHeader, column == columns.count, !isEndOfRecord || hasFields { try add(Column()) }
                index += 1
                start = index
                place = .fieldStart
                if isEndOfRecord { endRecord() } else { (column, hasFields) = (column + 1, true) }
            }
        }
        if place != .fieldStart, start < window.count || isContinued {
            append(start..<window.count, isClosed: isLast, to: &texts, &values)
            isContinued = true
        }
        return window.count
    }

    /// Notes how far the last text of the window was released.
    mutating func keep(_ window: UnsafeBufferPointer<UInt8>, from start: Int, released: Int) {
        let room = FieldReader.longestKey + 1 - begunName.count
        if isHeader, isContinued, released > start, room > 0 { begunName.append(contentsOf: window[start..<min(released, start + room)]) }
    }

    private mutating func close(
        _ range: Range<Int>, _ window: UnsafeBufferPointer<UInt8>, _ texts: inout [JSONText], _ values: inout [FieldReader.Value]
    ) throws(MaskError) {
        append(range, isClosed: true, to: &texts, &values)
        // What stands behind a quoted name is no part of it.
        if isHeader, column == columns.count {
            let raw = begunName + window[range]
            let coding = self.coding
            let name = raw.count > FieldReader.longestKey ? [] : raw.withUnsafeBufferPointer { coding.decoded($0) }
            let isSeen = nameBytes + name.count <= Self.mostNameBytes
            if isSeen { nameBytes += name.count }
            try add(Column(name: isSeen && !name.isEmpty ? name + [UInt8(ascii: ":")] : [], field: rules.isEmpty ? nil : rules.field(ofWay: name)))
        }
        begunName.removeAll(keepingCapacity: true)
        isContinued = false
    }

    private mutating func add(_ column: Column) throws(MaskError) {
        if columns.count == Self.mostColumns { throw MaskError(description: "a table has more than \(Self.mostColumns) columns") }
        columns.append(column)
    }

    private mutating func endRecord() {
        if isHeader, hasFields {
            // A spreadsheet's first line that says nothing but what the delimiter is.
            let isDirective = columns.count == 2 && columns[0].name.elementsEqual("sep=:".utf8) && columns[1].name.isEmpty
            if isDirective { (columns, nameBytes) = ([], 0) } else { isHeader = false }
            if delimiter == nil { delimiter = Self.delimiters[0] }
        }
        column = 0
        hasFields = false
    }

    private var coding: TextCoding { place == .quoted ? .quoted : .unquoted }

    private mutating func append(_ range: Range<Int>, isClosed: Bool, to texts: inout [JSONText], _ values: inout [FieldReader.Value]) {
        cells.append(Cell(coding: coding, column: isHeader ? nil : column))
        var kind = JSONText.Kind.string(hasEscape: true)
        if !isHeader, column < columns.count, let field = columns[column].field {
            values.append(
                FieldReader.Value(field: field, start: range.lowerBound, end: range.upperBound, kind: .string, isContinued: isContinued, isClosed: isClosed))
            if rules.fields[field].rule.action != .report { kind = .field(values.count - 1) }
        }
        texts.append(JSONText(kind: kind, start: range.lowerBound, end: range.upperBound, isContinued: isContinued, isClosed: isClosed))
    }
}
