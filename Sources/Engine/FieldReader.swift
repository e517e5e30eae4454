// Finds the values of a JSON document that field rules name, over any cut.
//
// Where rules name fields only, a window's colons are looked at and what stands before them; where they name ways through the document, its brackets and colons too;
// inside values that are masked with all they hold each token is. Source of the bitmaps: `ByteKernels/structure.c`.

import ByteKernels

/// Where a JSON document is, as far as field rules go.
struct FieldReader {
    /// A string, number, `true` or `false` that belongs to a field, or what of it lies in the window.
    struct Value {
        var field: Int
        /// Half-open offsets into the window; for a string, between the quotes.
        var start: Int
        var end: Int
        var kind: Kind
        /// Begins in an earlier window.
        var isContinued: Bool
        /// Ends in this one.
        var isClosed: Bool

        enum Kind {
            case string, number, literal
            /// What follows where the document broke inside a value.
            case rest
        }
    }

    /// Levels of which the way is known. What lies deeper counts as the field it lies in, and there a field's name counts for all that follows on these levels.
    private static let deepest = 256
    /// Raw bytes of a name; a longer one is none of ours.
    static let longestKey = 384

    private let rules: FieldSet
    private var levels: [Level] = []
    /// Levels below the deepest that is known: a bit each, set for an object.
    private var deepLevels: [UInt64] = []
    private var deepCount = 0
    /// The field that was named on the levels below, with all that they hold.
    private var deepField: Int?
    /// What the next value is.
    private var next: FieldSet.Place
    /// What of a member is still to come.
    private var awaiting = Awaiting.nothing
    /// A name is expected, not a value.
    private var expectsKey = false
    /// The next value is that of a member named `properties`.
    private var awaitsProperties = false
    /// The part of a string that goes on which was released in earlier windows; it may be a name.
    private var begun: [UInt8] = []
    /// The value that goes on in the next window.
    private var under: Under = .nothing
    private var isBroken = false

    private enum Awaiting { case nothing, colon, value }

    private enum Under: Equatable {
        case nothing
        case string(field: Int)
        /// A number that is masked for its length, or a literal; of a field or not.
        case scalar(field: Int?)
        case rest(field: Int)
    }

    private struct Level {
        var isObject: Bool
        /// All of it belongs to this field.
        var field: Int?
        /// Where ways lead on from it.
        var state: FieldWays.State
        /// Ways tell its elements apart.
        var countsElements = false
        /// Of the element that is next, where they do.
        var index = 0
        /// What a member named `properties` holds.
        var isProperties = false
        /// A schema of a field, or a part of one.
        var isSchema = false
    }

    init(_ rules: FieldSet) {
        self.rules = rules
        next = rules.outermost
    }

    /// Whether every token has to be looked at.
    private var followsTokens: Bool { rules.hasPaths || !levels.isEmpty }

    /// Reads a window whose structure is known.
    ///
    /// - Parameters:
    ///   - brokenAt: where the document stopped being JSON in this window, if it did.
    ///   - inString: the window begins inside a string.
    ///   - values: what is found is appended, in order.
    mutating func read(
        _ window: UnsafeBufferPointer<UInt8>, _ blocks: UnsafePointer<json_block>, brokenAt: Int?, inString: Bool, isLast: Bool, into values: inout [Value]
    ) {
        let count = window.count
        if isBroken {
            if case .rest(let field) = under {
                values.append(Value(field: field, start: 0, end: count, kind: .rest, isContinued: true, isClosed: isLast))
            }
            return
        }
        let end = brokenAt ?? count
        var scan = Scan(window: window, blocks: blocks, end: end, isLast: isLast)
        scan.position = goOn(scan, inString: inString, &values)
        while scan.position < end {
            if followsTokens { follow(&scan, &values) } else { followNames(&scan, &values) }
        }
        guard let brokenAt else { return }
        isBroken = true
        // A value that breaks off, or is still to come, hides what follows.
        let isInField = awaiting == .value && next.field != nil || values.last.map { $0.end == brokenAt && $0.kind != .string } ?? false
        if let field = deepField ?? levels.last?.field ?? (isInField ? next.field ?? values.last?.field : nil) {
            under = .rest(field: field)
            values.append(Value(field: field, start: brokenAt, end: count, kind: .rest, isContinued: false, isClosed: isLast))
        } else {
            under = .nothing
        }
    }

    /// Notes how far a window was released whose end lies in a string: its name may be cut there.
    ///
    /// - Parameter start: where the string begins in the window, or 0 if earlier.
    mutating func keep(_ window: UnsafeBufferPointer<UInt8>, stringFrom start: Int, isContinued: Bool, released: Int) {
        if !isContinued { begun.removeAll(keepingCapacity: true) }
        if case .string = under { return }
        let room = Self.longestKey + 1 - begun.count
        if released > start, room > 0 { begun.append(contentsOf: UnsafeBufferPointer(rebasing: window[start..<min(released, start + room)])) }
    }

    private struct Scan {
        let window: UnsafeBufferPointer<UInt8>
        let blocks: UnsafePointer<json_block>
        let end: Int
        let isLast: Bool
        var position = 0

        /// The next byte outside strings that is no white space, or `end`.
        func token(from start: Int) -> Int {
            var place = start
            while place < end, ByteSet.space.contains(window[place]) { place += 1 }
            return place
        }
    }

    // MARK: What began in an earlier window

    /// - Returns: where to go on.
    private mutating func goOn(_ scan: Scan, inString: Bool, _ values: inout [Value]) -> Int {
        let window = scan.window
        if inString {
            let close = scan.blocks.nextQuote(from: 0, count: window.count)
            if case .string(let field) = under {
                let isClosed = close < window.count || scan.isLast
                values.append(Value(field: field, start: 0, end: close, kind: .string, isContinued: true, isClosed: isClosed))
                if !isClosed { return window.count }
                under = .nothing
                endValue()
                return min(close + 1, window.count)
            }
            if close == window.count { return close }
            defer { begun.removeAll(keepingCapacity: true) }
            if !followsTokens, rules.isEndOfNone(before: close, in: window) {
                // Most strings that are cut are the names of nothing.
            } else if !followsTokens || expectsKey {
                takeName(window, 0..<close, scan.blocks, isContinued: true)
            } else {
                endValue()
            }
            return close + 1
        }
        if case .scalar(let field) = under {
            var end = 0
            while end < scan.end, scan.blocks.isScalar(end) { end += 1 }
            if let field, window.count > 0 || scan.isLast {
                values.append(Value(field: field, start: 0, end: end, kind: .literal, isContinued: true, isClosed: end < window.count || scan.isLast))
            }
            if end < window.count { under = .nothing }
            return end
        }
        return 0
    }

    // MARK: Names only

    /// Looks for names until the value of one has levels of its own, or to the end.
    private mutating func followNames(_ scan: inout Scan, _ values: inout [Value]) {
        let window = scan.window
        var position = scan.position
        if awaiting != .nothing {
            let token = scan.token(from: position)
            if token == scan.end {
                scan.position = token
                return
            }
            if awaiting == .colon {
                awaiting = window[token] == UInt8(ascii: ":") ? .value : .nothing
                scan.position = awaiting == .value ? token + 1 : token
                if awaiting == .value { return }
                position = token
            } else if awaitsProperties, next.field == nil, window[token] != UInt8(ascii: "{") {
                (awaiting, awaitsProperties) = (.nothing, false)
                position = token
            } else {
                scan.position = take(at: token, scan, &values)
                return
            }
        }
        var block = position >> 6
        var mask = UInt64.max << UInt64(position & 63)
        while block << 6 < scan.end {
            var colons = scan.blocks[block].colons & mask
            mask = .max
            while colons != 0 {
                let colon = block << 6 + colons.trailingZeroBitCount
                colons &= colons - 1
                if colon >= scan.end { break }
                var quote = colon - 1
                while quote >= 0, window[quote] != UInt8(ascii: "\"") { quote -= 1 }
                if quote < position || rules.isEndOfNone(before: quote, in: window) { continue }
                let start = scan.blocks.lastQuote(before: quote) + 1
                guard let field = field(named: window, start..<quote, scan.blocks) else { continue }
                expect(field, named: window[start..<quote])
                awaiting = .value
                scan.position = colon + 1
                return
            }
            block += 1
        }
        // The colon of the last name may be in the next window.
        scan.position = scan.end
        var last = scan.end - 1
        while last >= position, ByteSet.space.contains(window[last]) { last -= 1 }
        guard last >= position, window[last] == UInt8(ascii: "\""), scan.blocks[last >> 6].quotes >> UInt64(last & 63) & 1 == 1,
            !scan.blocks.opensString(last)
        else { return }
        let start = scan.blocks.lastQuote(before: last) + 1
        if let field = field(named: window, start..<last, scan.blocks) {
            expect(field, named: window[start..<last])
            awaiting = .colon
        }
    }

    /// Takes note of the name of the member whose value is next.
    private mutating func expect(_ field: Int, named name: some RandomAccessCollection<UInt8>) {
        awaitsProperties = field == FieldSet.noField || Self.folded(name) == FieldSet.properties
        next.field = field == FieldSet.noField ? nil : field
    }

    @inline(__always)
    private func field(named window: UnsafeBufferPointer<UInt8>, _ name: Range<Int>, _ blocks: UnsafePointer<json_block>) -> Int? {
        let raw = UnsafeBufferPointer(rebasing: window[name])
        // An escape that has to do with the last three bytes of a name begins at most eight bytes before its end: the others are looked for only where these three fit.
        let nearEnd = max(name.lowerBound, name.upperBound - 8)
        let mayHaveEscape = blocks[nearEnd >> 6].backslashes | blocks[name.upperBound >> 6].backslashes != 0
        if !mayHaveEscape || !window[nearEnd..<name.upperBound].contains(UInt8(ascii: "\\")), !rules.mayName(raw) { return nil }
        if !raw.contains(UInt8(ascii: "\\")) { return rules.field(named: raw) }
        return Self.folded(raw).withUnsafeBufferPointer { rules.field(named: $0) }
    }

    // MARK: Token by token

    /// Follows the tokens to the end, or to where the value ends for which they are followed.
    private mutating func follow(_ scan: inout Scan, _ values: inout [Value]) {
        var position = scan.position
        defer { scan.position = position }
        while position < scan.end, followsTokens {
            if maySkim { position = skim(scan, from: position) }
            let token = scan.token(from: position)
            if token == scan.end {
                position = token
                return
            }
            switch scan.window[token] {
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                pop()
                position = token + 1
            case UInt8(ascii: ","):
                if isInObject { expectsKey = true } else { nextElement() }
                position = token + 1
            case UInt8(ascii: ":"):
                awaiting = .value
                position = token + 1
            case UInt8(ascii: "\"") where expectsKey:
                let close = scan.blocks.nextQuote(from: token + 1, count: scan.window.count)
                if close == scan.window.count {
                    position = scan.end
                    return
                }
                takeName(scan.window, token + 1..<close, scan.blocks, isContinued: false)
                position = close + 1
            default: position = take(at: token, scan, &values)
            }
        }
    }

    /// Whether no value needs to be looked at before one is a field.
    private var maySkim: Bool { next.field == nil && deepCount == 0 && levels.last.map { $0.field == nil } ?? false }

    /// Goes from bracket to bracket and colon to colon, as long as ``maySkim`` holds: values that are no fields are passed over. Commas count only where elements do.
    ///
    /// - Returns: behind the last of these, where all is as if each token had been taken.
    private mutating func skim(_ scan: Scan, from start: Int) -> Int {
        var position = start
        var counted: UInt64 = levels[levels.count - 1].countsElements ? .max : 0
        var block = start >> 6
        var ahead = UInt64.max << UInt64(start & 63)
        while block << 6 < scan.end {
            let (brackets, colons, commas) = (scan.blocks[block].brackets, scan.blocks[block].colons, scan.blocks[block].commas)
            while case let marks = (brackets | colons | commas & counted) & ahead, marks != 0 {
                let bit = marks & (0 &- marks)
                let mark = block << 6 + marks.trailingZeroBitCount
                if mark >= scan.end { return position }
                ahead = ~(bit | (bit &- 1))
                position = mark + 1
                if colons & bit != 0 {
                    if awaiting != .colon {
                        var quote = mark - 1
                        while scan.window[quote] != UInt8(ascii: "\"") { quote -= 1 }
                        takeName(scan.window, scan.blocks.lastQuote(before: quote) + 1..<quote, scan.blocks, isContinued: false)
                    }
                    awaiting = .value
                } else if commas & bit != 0 {
                    endValue()
                    nextElement()
                } else {
                    if scan.window[mark] == UInt8(ascii: "{") || scan.window[mark] == UInt8(ascii: "[") {
                        // All elements are in one place if they do not count.
                        if counted == 0, !isInObject { next = place(.element(0)) }
                        push(isObject: scan.window[mark] == UInt8(ascii: "{"))
                    } else {
                        pop()
                    }
                    counted = levels.last.map { $0.countsElements } ?? false ? .max : 0
                }
                if !maySkim { return position }
            }
            ahead = .max
            block += 1
        }
        return position
    }

    /// Takes a name whose last part, or all of which, stands in the window.
    private mutating func takeName(_ window: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, _ blocks: UnsafePointer<json_block>, isContinued: Bool) {
        if !isContinued, followsTokens, !blocks.hasBackslash(in: part), takePlain(UnsafeBufferPointer(rebasing: window[part])) { return }
        let name = isContinued ? Self.folded(begun + window[part]) : Self.folded(window[part])
        if followsTokens {
            expectsKey = false
            awaiting = .colon
            next = place(.member(name))
            awaitsProperties = name == FieldSet.properties
        } else if let field = name.withUnsafeBufferPointer({ rules.field(named: $0) }) {
            expect(field, named: name)
            awaiting = .colon
        }
    }

    /// Takes a name without escapes, where nothing but its way counts; false if there is more to look at.
    @inline(__always)
    private mutating func takePlain(_ raw: UnsafeBufferPointer<UInt8>) -> Bool {
        guard deepCount == 0, let level = levels.last, !level.isSchema, raw.count <= Self.longestKey else { return false }
        (next, awaitsProperties) = rules.place(ofMember: raw, inherited: level.field, from: level.state)
        expectsKey = false
        awaiting = .colon
        return true
    }

    /// A name as it is compared, of raw bytes; empty if it is too long to be one of ours.
    private static func folded(_ raw: some RandomAccessCollection<UInt8>) -> [UInt8] {
        if raw.count > longestKey { return [] }
        if !raw.contains(UInt8(ascii: "\\")) { return FieldPath.folded(raw) }
        return FieldPath.folded(Array(raw).withUnsafeBufferPointer { TextCoding.json.decoded($0) })
    }

    // MARK: Values

    /// Takes the value that begins at `token`, or as much of it as the window has.
    ///
    /// - Returns: where to go on.
    private mutating func take(at token: Int, _ scan: Scan, _ values: inout [Value]) -> Int {
        let (window, field) = (scan.window, next.field)
        switch window[token] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            push(isObject: window[token] == UInt8(ascii: "{"))
            return token + 1
        case UInt8(ascii: "\""):
            let close = scan.blocks.nextQuote(from: token + 1, count: window.count)
            let isClosed = close < window.count || scan.isLast
            if let field {
                values.append(Value(field: field, start: token + 1, end: close, kind: .string, isContinued: false, isClosed: isClosed))
                if !isClosed { under = .string(field: field) }
            }
            if !isClosed { return window.count }
            endValue()
            return min(close + 1, scan.end)
        default:
            var end = token + 1
            while end < scan.end, scan.blocks.isScalar(end) { end += 1 }
            let first = window[token]
            let isNumber = first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10
            let isClosed = end < window.count || scan.isLast
            if isNumber, !isClosed {
                // Held from its start, and seen again, or too long for that.
                if end - token > JSONTokenizer.longestNumber {
                    under = .scalar(field: nil)
                    endValue()
                }
                return end
            }
            if let field, isNumber || first == UInt8(ascii: "t") || first == UInt8(ascii: "f") {
                values.append(
                    Value(field: field, start: token, end: end, kind: isNumber ? .number : .literal, isContinued: false, isClosed: isClosed))
                if !isClosed { under = .scalar(field: field) }
            } else if !isClosed {
                under = .scalar(field: nil)
            }
            endValue()
            return end
        }
    }

    private mutating func endValue() {
        awaiting = .nothing
        awaitsProperties = false
        if levels.isEmpty { next = rules.outermost }
    }

    // MARK: Levels

    @inline(__always)
    private var isInObject: Bool {
        if deepCount > 0 { return deepLevels[(deepCount - 1) >> 6] >> UInt64((deepCount - 1) & 63) & 1 == 1 }
        return levels.last?.isObject ?? false
    }

    private mutating func push(isObject: Bool) {
        awaiting = .nothing
        expectsKey = isObject
        if levels.count < Self.deepest {
            let around = levels.last
            let isSchema = around.map { $0.isSchema || $0.isProperties && isObject && next.field != nil } ?? false
            levels.append(
                Level(
                    isObject: isObject, field: next.field, state: next.state, countsElements: !isObject && rules.countsElements(from: next.state), isProperties: isObject && awaitsProperties,
                    isSchema: isSchema))
        } else {
            if next.field != levels[levels.count - 1].field { deepField = deepField ?? next.field }
            if deepCount >> 6 == deepLevels.count { deepLevels.append(0) }
            let bit: UInt64 = 1 << UInt64(deepCount & 63)
            if isObject { deepLevels[deepCount >> 6] |= bit } else { deepLevels[deepCount >> 6] &= ~bit }
            deepCount += 1
        }
        awaitsProperties = false
        if !isObject { next = place(.element(0)) }
    }

    private mutating func pop() {
        expectsKey = false
        if deepCount > 0 {
            deepCount -= 1
            if deepCount == 0 { deepField = nil }
        } else {
            _ = levels.popLast()
        }
        endValue()
    }

    private mutating func nextElement() {
        guard deepCount == 0, let last = levels.indices.last else {
            next = place(.element(0))
            return
        }
        levels[last].index += 1
        next = place(.element(levels[last].index))
    }

    /// The place of a value in the innermost level.
    @inline(__always)
    private func place(_ link: FieldSet.Link) -> FieldSet.Place {
        let level = levels.last
        if deepCount == 0 {
            var inherited = level?.field
            // What a schema says of a value is none.
            if let level, level.isSchema, case .member(let name) = link, FieldSet.annotations.contains(name) { inherited = nil }
            return rules.place(link, inherited: inherited, from: level?.state ?? FieldWays.nowhere)
        }
        return rules.astray(field: deepField ?? rules.field(link) ?? level?.field)
    }
}

extension UnsafePointer<json_block> {
    /// Whether there is a backslash in a range with a byte behind it.
    @inline(__always)
    fileprivate func hasBackslash(in range: Range<Int>) -> Bool {
        var block = range.lowerBound >> 6
        let last = range.upperBound >> 6
        var mask = UInt64.max << UInt64(range.lowerBound & 63)
        while block < last {
            if self[block].backslashes & mask != 0 { return true }
            mask = .max
            block += 1
        }
        return self[last].backslashes & mask & ~(UInt64.max << UInt64(range.upperBound & 63)) != 0
    }

    /// Whether a quote begins a string.
    @inline(__always)
    fileprivate func opensString(_ quote: Int) -> Bool { self[quote >> 6].strings >> UInt64(quote & 63) & 1 == 1 }
}
