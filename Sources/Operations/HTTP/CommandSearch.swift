// Where commands stand in JSON: one pass over the bytes, without building the document.

/// Finds values of places, remote calls, command documents and the fields that endpoints ask for.
///
/// The bytes are read as tolerantly as any server would: several documents one after the other, trailing commas, comments, single quotes, names without quotes or that stand twice
/// (each counts). JSON within strings is read too.
/// What a model is told (turns of a conversation, definitions of tools) is no command: see ``Frame/isTurn``.
struct CommandSearch {
    /// Something that stands under the name of a place: a string, or a list.
    struct Value {
        var place: Int
        /// The index in ``texts``, and its bytes there, with quotes or brackets.
        var text: Int
        var range: Range<Int>
        /// The index in ``neighbours``; -1 if nothing beside it matters.
        var neighbours = -1
        /// It is an argument of a tool that the request calls.
        var isArgument = false
    }

    /// Where values stand beside another, that say how to read it.
    struct Neighbours {
        /// The first and the last one, since readers differ on which of two members with one name counts.
        var programs: [Range<Int>] = []
        var language, method, body: Range<Int>?
    }

    /// A remote call.
    struct Call {
        var text: Int
        var method: Range<Int>
        /// The name of the tool, of `tools/call`.
        var tool: Range<Int>?
    }

    /// Deeper documents are not read: nesting of brackets, and of JSON within strings.
    static let deepest = 512
    static let deepestText = 8
    /// More are not kept: of fields, since no document has so many of one name, and of values, since no more commands are read.
    static let mostFields = 4096
    static let mostValues = 1 << 16

    private let names: NameTable
    /// What was searched: the text that was given, then those within strings.
    private(set) var texts: [[UInt8]] = []
    private(set) var values: [Value] = []
    private(set) var neighbours: [Neighbours] = []
    private(set) var calls: [Call] = []
    /// Documents that begin as a command of MongoDB.
    private(set) var documents: [(text: Int, range: Range<Int>)] = []
    /// Members of the outermost documents that conditions may ask for: name and value.
    private(set) var fields: [(name: Range<Int>, value: Range<Int>)] = []
    private(set) var isTooDeep = false
    /// There were more values than are kept.
    private(set) var hasTooMany = false
    /// Every bracket and quote of the given text has its counterpart.
    private(set) var isWhole = true
    /// Strings that may hold JSON.
    private var strings: [(text: Int, range: Range<Int>)] = []
    /// How many strings each text stands in.
    private var depths: [Int] = []
    /// What is open in the text that is read, outermost first.
    private var stack: [Frame] = []
    private var details: [Details] = []
    /// The index of the text that is the body.
    private(set) var body = -1

    init(_ names: NameTable) { self.names = names }

    /// - Parameters:
    ///   - isBody: it is the request's body, whose members conditions ask for.
    ///   - isTool: it is the arguments of a tool.
    /// - Complexity: linear in the bytes of `text`.
    mutating func search(_ text: [UInt8], isBody: Bool = false, isTool: Bool = false) {
        if isBody { body = texts.count }
        let first = values.count
        var next = strings.count
        pass(over: text, depth: 0)
        while next < strings.count {
            let (outer, range) = strings[next]
            next += 1
            guard depths[outer] < Self.deepestText else {
                isTooDeep = true
                continue
            }
            let found = (values.count, calls.count, documents.count, strings.count)
            pass(over: string(range, in: outer), depth: depths[outer] + 1)
            // Most hold nothing, and are not kept.
            if found == (values.count, calls.count, documents.count, strings.count) {
                texts.removeLast()
                depths.removeLast()
            }
        }
        if isTool {
            for index in first..<values.count { values[index].isArgument = true }
        }
    }

    // MARK: One text

    /// An object or a list that is open.
    private struct Frame {
        var isObject: Bool
        var expectsName: Bool
        /// It stands in nothing but lists.
        var isOutermost: Bool
        /// It is an entry of a list that by its name is a conversation.
        var mayBeTurn: Bool
        /// It has a member that only turns of a conversation, items of one, or definitions of tools have: what stands in it is told to a model. Tool calls in it were decided on
        /// when the model proposed them.
        var isTurn = false
        var isDocument = false
        /// The list has an entry that is neither list nor object.
        var hasScalars = false
        /// It has members of these names.
        var hasVersion = false
        var hasParameters = false
        var start: Int
        /// The name of the member that comes, and what it means; for a list, that of the list.
        var name = 0..<0
        var meaning = NameTable.Meaning.none
        /// The index of its details; -1 if it has none.
        var details = -1
        /// How much had been found when it began.
        var found: (values: Int, calls: Int, documents: Int, strings: Int)
    }

    /// What few objects have.
    private struct Details {
        var neighbours = Neighbours()
        /// Its place among ``CommandSearch/neighbours``, which its values name; -1 if none does.
        var index = -1
        var method: Range<Int>?
        var tool: Range<Int>?
    }

    private mutating func pass(over text: [UInt8], depth: Int) {
        let index = texts.count
        texts.append(text)
        depths.append(depth)
        var isWhole = true
        stack.removeAll(keepingCapacity: true)
        details.removeAll(keepingCapacity: true)
        text.withUnsafeBufferPointer { bytes in
            var i = 0
            while i < bytes.count {
                let byte = bytes[i]
                let top = stack.count - 1
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"):
                    let end = Self.end(ofString: i, bytes)
                    if end == bytes.count, end == i + 1 || bytes[end - 1] != byte { isWhole = false }
                    if top >= 0, stack[top].expectsName { name(i..<end, quotes: 1, bytes, top) } else { value(i..<end, index, bytes, isString: true, top) }
                    i = end
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    guard top + 1 < Self.deepest else {
                        isTooDeep = true
                        return
                    }
                    open(isObject: byte == UInt8(ascii: "{"), at: i, top)
                    i += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    i += 1
                    if top >= 0, stack[top].isObject == (byte == UInt8(ascii: "}")) { close(stack.removeLast(), end: i, index) } else { isWhole = false }
                case UInt8(ascii: ","):
                    i += 1
                    if top >= 0, stack[top].isObject { stack[top].expectsName = true }
                case 0...0x20, UInt8(ascii: ":"): i += 1
                case UInt8(ascii: "/"): i = Self.end(ofComment: i, bytes)
                default:
                    let start = i
                    while i < bytes.count, bytes[i] > 0x20, !Self.ends(bytes[i]) { i += 1 }
                    if top >= 0, stack[top].expectsName { name(start..<i, quotes: 0, bytes, top) } else { value(start..<i, index, bytes, isString: false, top) }
                }
            }
            while let frame = stack.popLast() {
                isWhole = false
                close(frame, end: bytes.count, index)
            }
        }
        if depth == 0, !isWhole { self.isWhole = false }
    }

    private static func ends(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\""): true
        default: false
        }
    }

    /// The offset behind a comment, or behind a slash that begins none.
    private static func end(ofComment start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var i = start + 2
        guard i <= bytes.count else { return bytes.count }
        switch bytes[start + 1] {
        case UInt8(ascii: "/"): while i < bytes.count, bytes[i] != 0x0A { i += 1 }
        case UInt8(ascii: "*"):
            while i < bytes.count, bytes[i] != UInt8(ascii: "*") || i + 1 == bytes.count || bytes[i + 1] != UInt8(ascii: "/") { i += 1 }
            i = min(i + 2, bytes.count)
        default: i = start + 1
        }
        return i
    }

    /// The offset behind the closing quote, which is like the opening one, or the end of the text.
    private static func end(ofString start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let quote = bytes[start]
        var i = start + 1
        while i < bytes.count {
            // Eight bytes at once: most strings have neither in them.
            while i + 8 <= bytes.count {
                let word = UnsafeRawPointer(bytes.baseAddress! + i).loadUnaligned(as: UInt64.self)
                if Self.hasByte(word, UInt64(quote)) || Self.hasByte(word, 0x5C) { break }
                i += 8
            }
            guard i < bytes.count else { break }
            let limit = min(i + 8, bytes.count)
            while i < limit, bytes[i] != quote, bytes[i] != UInt8(ascii: "\\") { i += 1 }
            guard i < limit else { continue }
            if bytes[i] == quote { return i + 1 }
            i += 2
        }
        return min(i, bytes.count)
    }

    private static func hasByte(_ word: UInt64, _ byte: UInt64) -> Bool {
        let difference = word ^ (byte &* 0x0101_0101_0101_0101)
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080 != 0
    }

    private mutating func open(isObject: Bool, at start: Int, _ top: Int) {
        let isInList = top >= 0 && !stack[top].isObject
        stack.append(
            Frame(
                isObject: isObject, expectsName: isObject, isOutermost: top < 0 || isInList && stack[top].isOutermost, mayBeTurn: isObject && isInList && stack[top].meaning.roles.contains(.conversation),
                start: start,
                // A list is read under its name; so is one within it.
                meaning: isObject || top < 0 ? .none : stack[top].meaning, found: (values.count, calls.count, documents.count, strings.count)))
    }

    private mutating func name(_ range: Range<Int>, quotes: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ top: Int) {
        let isFirst = stack[top].name.isEmpty
        stack[top].expectsName = false
        stack[top].name = range
        let inside = UnsafeBufferPointer(rebasing: bytes[range.lowerBound + quotes..<max(range.upperBound - quotes, range.lowerBound + quotes)])
        let meaning = names.meaning(of: inside)
        stack[top].meaning = meaning
        let roles = meaning.roles
        if roles.isEmpty { return }
        if isFirst, roles.contains(.document) { stack[top].isDocument = true }
        if roles.contains(.version) { stack[top].hasVersion = true }
        if roles.contains(.parameters) { stack[top].hasParameters = true }
        if roles.contains(.turn), stack[top].mayBeTurn { stack[top].isTurn = true }
    }

    /// A string, number or word of an object or a list.
    private mutating func value(_ range: Range<Int>, _ text: Int, _ bytes: UnsafeBufferPointer<UInt8>, isString: Bool, _ top: Int) {
        if isString, Self.mayHoldJSON(range, bytes) { strings.append((text, range)) }
        guard top >= 0 else { return }
        guard stack[top].isObject else {
            stack[top].hasScalars = true
            return
        }
        let meaning = stack[top].meaning
        if meaning.place >= 0, isString { note(Value(place: meaning.place, text: text, range: range), top) }
        let roles = meaning.roles
        if roles.isEmpty { return }
        if roles.contains(.condition), stack[top].isOutermost, text == body, fields.count < Self.mostFields { fields.append((stack[top].name, range)) }
        guard isString else { return }
        if roles.contains(.kind), stack[top].mayBeTurn, Self.isItem(bytes[range]) { stack[top].isTurn = true }
        if !roles.isDisjoint(with: [.program, .language, .body, .method]) {
            let index = makeDetails(top)
            if roles.contains(.program) {
                if details[index].neighbours.programs.count > 1 { details[index].neighbours.programs.removeLast() }
                details[index].neighbours.programs.append(range)
            }
            if roles.contains(.language) { details[index].neighbours.language = range }
            if roles.contains(.body) { details[index].neighbours.body = range }
            if roles.contains(.method) {
                details[index].neighbours.method = range
                // Of several the one that matters.
                if details[index].method.map({ !Self.isToolCall(bytes[$0]) }) ?? true { details[index].method = range }
            }
        }
        // The name of the tool stands in the call's parameters.
        if roles.contains(.name), top > 0, stack[top - 1].isObject, stack[top - 1].meaning.roles.contains(.parameters) { details[makeDetails(top - 1)].tool = range }
    }

    private mutating func makeDetails(_ index: Int) -> Int {
        if stack[index].details < 0 {
            stack[index].details = details.count
            details.append(Details())
        }
        return stack[index].details
    }

    /// - Parameter object: the index of the object that the value stands in.
    private mutating func note(_ value: Value, _ object: Int) {
        guard values.count < Self.mostValues else {
            hasTooMany = true
            return
        }
        var value = value
        switch names.places[value.place].language {
        case .arguments, .code, .request:
            let index = makeDetails(object)
            if details[index].index < 0 {
                details[index].index = neighbours.count
                neighbours.append(Neighbours())
            }
            value.neighbours = details[index].index
        default: break
        }
        values.append(value)
    }

    /// - Parameter frame: taken off the stack.
    private mutating func close(_ frame: Frame, end: Int, _ text: Int) {
        if frame.details >= 0, details[frame.details].index >= 0 { neighbours[details[frame.details].index] = details[frame.details].neighbours }
        if frame.isTurn {
            values.removeSubrange(frame.found.values...)
            calls.removeSubrange(frame.found.calls...)
            documents.removeSubrange(frame.found.documents...)
            strings.removeSubrange(frame.found.strings...)
            return
        }
        guard frame.isObject else {
            guard frame.hasScalars, frame.meaning.place >= 0 else { return }
            let value = Value(place: frame.meaning.place, text: text, range: frame.start..<end)
            // What stands beside a list within a list is beside the outer one.
            if let object = stack.lastIndex(where: \.isObject) { note(value, object) } else { values.append(value) }
            return
        }
        if frame.isDocument, frame.isOutermost || stack.last.map({ $0.meaning.place >= 0 }) ?? false { documents.append((text, frame.start..<end)) }
        if frame.details >= 0, let method = details[frame.details].method, frame.hasVersion || frame.hasParameters && frame.isOutermost {
            calls.append(Call(text: text, method: method, tool: details[frame.details].tool))
            if Self.isToolCall(texts[text][method]) {
                for index in frame.found.values..<values.count { values[index].isArgument = true }
            }
        }
    }

    /// - Parameter string: with its quotes.
    private static func isToolCall(_ string: some BidirectionalCollection<UInt8>) -> Bool {
        string.count < 80 && JSONString.unescaped(Array(string.dropFirst().dropLast())[...]).elementsEqual("tools/call".utf8)
    }

    /// Whether a type is that of an item of a conversation (OpenAI, responses): `message`, `reasoning`, `function_call`, `function_call_output`.
    private static func isItem(_ string: some BidirectionalCollection<UInt8>) -> Bool {
        let word = String(decoding: string.dropFirst().dropLast(), as: UTF8.self)
        return word == "message" || word == "reasoning" || word == "item_reference" || word.hasSuffix("_call") || word.hasSuffix("_call_output") || word.hasPrefix("mcp_")
    }

    /// Whether the text of a string begins as an object, or a list that holds one.
    private static func mayHoldJSON(_ range: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var i = range.lowerBound + 1
        while i + 6 < range.upperBound {
            switch bytes[i] {
            case UInt8(ascii: "{"): return true
            case UInt8(ascii: "["), 0...0x20: i += 1
            case UInt8(ascii: "\\"):
                switch bytes[i + 1] {
                case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): i += 2
                case UInt8(ascii: "u") where bytes[i + 2] == 0x30 && bytes[i + 3] == 0x30 && (bytes[i + 4] == 0x37 || bytes[i + 4] == 0x35) && bytes[i + 5] | 0x20 == 0x62:
                    // { or [ as an escape.
                    if bytes[i + 4] == 0x37 { return true }
                    i += 6
                case UInt8(ascii: "u") where bytes[i + 2] == 0x30 && bytes[i + 3] == 0x30 && bytes[i + 4] <= 0x32: i += 6
                default: return false
                }
            default: return false
            }
        }
        return false
    }

    // MARK: What was found

    /// The text of a string, or the bytes of another value.
    func string(_ range: Range<Int>, in text: Int) -> [UInt8] {
        let bytes = texts[text][range]
        guard let quote = bytes.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return Array(bytes) }
        let inside = bytes.last == quote && bytes.count > 1 ? bytes.dropFirst().dropLast() : bytes.dropFirst()
        return JSONString.unescaped(inside)
    }
}
