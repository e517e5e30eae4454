// Reads the JSON of one event: the pieces of channels in it, and what it says about them, by the table of `ModelChannels`.

/// What one event says. Offsets are half-open, into its data.
struct EventReading {
    struct Piece {
        /// Names the channel within the stream: its family, labels and name, each followed by ``separator``.
        var channel: [UInt8]
        /// The inside of the string; not empty.
        var text: Range<Int>
    }
    /// In order of place.
    var pieces: [Piece] = []
    /// Channels whose names begin like this get nothing more; an empty one ends all.
    var ended: [[UInt8]] = []
    var api: ModelAPI?
    /// The values that say nothing about channels: the insides of strings, and numbers. Ascending.
    var scalars: [Range<Int>] = []
    /// Values that say again what a text says: see ``ModelChannels/tokenLists``. Not empty ones only.
    var tokenLists: [Range<Int>] = []
    /// The id of the JSON-RPC request that this is the response to; a string with its quotes.
    var requestID: Range<Int>?

    /// Between the parts of a channel's name. Not in a JSON string.
    static let separator: UInt8 = 0x1F

    /// The part of a channel's name that it has in common with the other texts of its answer; nil where texts do not take turns.
    static func answer(of channel: [UInt8]) -> ArraySlice<UInt8>? {
        guard let family = channel.first.flatMap(ChannelFamily.init), family.takesTurns else { return nil }
        guard family.hasAnswers else { return channel[..<2] }
        let label = channel.dropFirst(2)
        return label.firstIndex(of: separator).map { channel[...$0] }
    }

    /// The channels of which it has pieces, if there are several: some APIs say the same in two places.
    var speaking: [[UInt8]] { pieces.count > 1 ? pieces.map(\.channel) : [] }

    /// Whether a text falls silent because another one of the same answer speaks. Those that speak in one event do not silence each other.
    ///
    /// - Parameters:
    ///   - answer: of the one that speaks: see ``answer(of:)``.
    ///   - speaking: see ``speaking``.
    static func fallsSilent(_ channel: [UInt8], by answer: ArraySlice<UInt8>, beside speaking: [[UInt8]]) -> Bool {
        channel.starts(with: answer) && !speaking.contains(channel)
    }
}

/// The table as a tree of members, so that a document is read once from front to back.
private final class ChannelTree: Sendable {
    struct Node {
        var children: [(key: [UInt8], node: Int)] = []
        /// Of an array's elements.
        var element = 0
        /// Of members that are not among `children`.
        var any = 0
        /// Indices into the tables; below zero for none.
        var row = -1
        var label = -1
        var end = -1
        var api: ModelAPI?
        var isType = false
        var isRequestID = false

        /// Whether a scalar here says something about channels.
        var hasRole: Bool { row >= 0 || label >= 0 || end >= 0 || isType }
    }

    enum Label {
        case member(Int)
        case first([Int])
        case stem
    }

    struct Row {
        var family: ChannelFamily
        /// Nil: that of the member.
        var name: [UInt8]?
        var labels: [Label]
        var requires: [Int]
    }

    struct End {
        var family: ChannelFamily?
        var labels: [Label]
    }

    let nodes: [Node]
    let rows: [Row]
    let ends: [End]
    let typeEnds: [(type: [UInt8], end: Int)]
    let typeEndings: [(ending: [UInt8], end: Int)]
    /// Label → the node of the object it is a member of, and whether an element's position stands in for it.
    let labelHomes: [(node: Int, isPosition: Bool)]
    let types: [(type: [UInt8], isBeginning: Bool, api: ModelAPI)]
    let stemEndings = ModelChannels.stemEndings.map { Array($0.utf8) }
    let tokenLists = ModelChannels.tokenLists.map { Array($0.utf8) }

    /// Nodes that lead nowhere, and the outermost value.
    static let nowhere = 0, root = 1

    static let shared = ChannelTree()

    private init() {
        var nodes = [Node(), Node()]
        var homes: [(Int, Bool)] = []
        func node(_ path: String) -> (node: Int, parent: Int) {
            var at = Self.root
            var parent = at
            for member in path.split(separator: ".") {
                var key = member
                var arrays = 0
                while key.hasSuffix("[]") {
                    key = key.dropLast(2)
                    arrays += 1
                }
                parent = at
                if key == "*" {
                    if nodes[at].any == 0 {
                        nodes[at].any = nodes.count
                        nodes.append(Node())
                    }
                    at = nodes[at].any
                } else if let known = nodes[at].children.first(where: { $0.key == Array(key.utf8) }) {
                    at = known.node
                } else {
                    nodes[at].children.append((Array(key.utf8), nodes.count))
                    at = nodes.count
                    nodes.append(Node())
                }
                for _ in 0..<arrays {
                    if nodes[at].element == 0 {
                        nodes[at].element = nodes.count
                        nodes.append(Node())
                    }
                    parent = at
                    at = nodes[at].element
                }
            }
            return (at, parent)
        }
        func label(_ path: String) -> Int {
            let (at, parent) = node(path)
            if nodes[at].label < 0 {
                nodes[at].label = homes.count
                homes.append((parent, path.hasSuffix("].index")))
            }
            return nodes[at].label
        }
        func labels(_ labels: [ChannelLabel]) -> [Label] {
            labels.map {
                switch $0 {
                case .member(let path): .member(label(path))
                case .first(let paths): .first(paths.map(label))
                case .stem: .stem
                }
            }
        }
        var rows: [Row] = []
        for row in ModelChannels.rows {
            nodes[node(row.path).node].row = rows.count
            rows.append(
                Row(family: row.family, name: row.name == "*" ? nil : Array(row.name.utf8), labels: labels(row.labels), requires: row.requires.map(label)))
        }
        for path in ModelChannels.notPieces { _ = node(path) }
        var ends: [End] = []
        var typeEnds: [([UInt8], Int)] = []
        var typeEndings: [([UInt8], Int)] = []
        for end in ModelChannels.ends {
            switch end.cause {
            case .member(let path): nodes[node(path).node].end = ends.count
            case .type(let type): typeEnds.append((Array(type.utf8), ends.count))
            case .typeEnding(let ending): typeEndings.append((Array(ending.utf8), ends.count))
            }
            ends.append(End(family: end.family, labels: labels(end.labels)))
        }
        for (path, api) in ModelChannels.members { nodes[node(path).node].api = api }
        for path in ["type", "event_type"] { nodes[node(path).node].isType = true }
        nodes[node("id").node].isRequestID = true
        _ = label("method")
        self.nodes = nodes
        self.rows = rows
        self.ends = ends
        self.typeEnds = typeEnds
        self.typeEndings = typeEndings
        labelHomes = homes
        types = ModelChannels.types.map { (Array($0.type.utf8), $0.type.hasSuffix(".") || $0.type.hasSuffix("-"), $0.api) }
        method = homes.count - 1
        precondition(homes.count <= 64)
    }

    /// The label of the member that says that a JSON-RPC message is no response.
    let method: Int
}

/// Walks through one document.
struct EventReader {
    /// Deeper ones are masked as any document, without channels.
    private static let deepest = 256

    private let payload: UnsafeBufferPointer<UInt8>
    private let tree = ChannelTree.shared
    private var stack: [Level] = []
    /// The objects and arrays on the paths of the table.
    private var objects: [Object] = []
    private var labels: [(label: Int, object: Int, value: Range<Int>)] = []
    private var found: [(row: Int, object: Int, key: Range<Int>, text: Range<Int>)] = []
    private var finished: [(end: Int, object: Int)] = []
    private var type: Range<Int>?
    private var requestID: Range<Int>?
    /// Labels that the names of pieces and ends were made of, one bit each, and values that would be labels of other pieces.
    private var usedLabels: UInt64 = 0
    private var spareLabels: [(label: Int, value: Range<Int>)] = []
    private var reading = EventReading()

    private struct Level {
        var isObject: Bool
        var node: Int
        /// Index into `objects`; below zero off the table's paths.
        var object: Int
        var start: Int
        var count = 0
        var key = 0..<0
        var keyNode = ChannelTree.nowhere
        var isTokenList = false
    }

    private struct Object {
        var parent: Int
        var node: Int
        /// Its place in the array that it is an element of; below zero if it is none.
        var position: Int
    }

    private init(_ payload: UnsafeBufferPointer<UInt8>) { self.payload = payload }

    /// Reads a document, or nil where the bytes are not one JSON value.
    static func read(_ payload: UnsafeBufferPointer<UInt8>) -> EventReading? {
        var reader = EventReader(payload)
        guard reader.walk() else { return nil }
        reader.conclude()
        return reader.reading
    }

    // MARK: From front to back

    private mutating func walk() -> Bool {
        var index = skipSpace(0)
        var node = ChannelTree.root
        while true {
            // A value begins here.
            guard index < payload.count else { return false }
            let byte = payload[index]
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard stack.count < Self.deepest else { return false }
                open(node, at: index, isObject: byte == UInt8(ascii: "{"))
                index = skipSpace(index + 1)
                guard index < payload.count else { return false }
                if payload[index] != (byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if byte == UInt8(ascii: "{") {
                        guard let next = key(&index) else { return false }
                        node = next
                    } else {
                        node = tree.nodes[stack[stack.count - 1].node].element
                    }
                    continue
                }
            } else {
                guard let end = scalar(node, at: index) else { return false }
                index = end
            }
            // A value has ended.
            while true {
                index = skipSpace(index)
                guard let top = stack.last else { return index == payload.count }
                guard index < payload.count else { return false }
                let byte = payload[index]
                index += 1
                if byte == UInt8(ascii: ",") {
                    index = skipSpace(index)
                    stack[stack.count - 1].count += 1
                    if top.isObject {
                        guard let next = key(&index) else { return false }
                        node = next
                    } else {
                        node = tree.nodes[top.node].element
                    }
                    break
                }
                guard byte == (top.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
                if top.isTokenList, index - top.start > 2 { reading.tokenLists.append(top.start..<index) }
                stack.removeLast()
            }
        }
    }

    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < payload.count, payload[index] <= 0x20, [0x20, 0x0A, 0x0D, 0x09].contains(payload[index]) { index += 1 }
        return index
    }

    private mutating func open(_ node: Int, at start: Int, isObject: Bool) {
        var level = Level(isObject: isObject, node: node, object: -1, start: start)
        if let top = stack.last, top.isObject {
            level.isTokenList = tree.tokenLists.contains { payload[top.key].elementsEqual($0) }
        }
        if node != ChannelTree.nowhere {
            level.object = objects.count
            let top = stack.last
            objects.append(Object(parent: top?.object ?? -1, node: node, position: top.map { $0.isObject ? -1 : $0.count } ?? -1))
            if let api = tree.nodes[node].api { reading.api = api }
        }
        stack.append(level)
    }

    /// Reads a key and its colon.
    ///
    /// - Returns: the node of its value.
    private mutating func key(_ index: inout Int) -> Int? {
        guard index < payload.count, payload[index] == UInt8(ascii: "\""), let end = Self.endOfString(in: payload, from: index + 1) else { return nil }
        let range = index + 1..<end
        index = skipSpace(end + 1)
        guard index < payload.count, payload[index] == UInt8(ascii: ":") else { return nil }
        index = skipSpace(index + 1)
        let parent = stack[stack.count - 1].node
        stack[stack.count - 1].key = range
        return parent == ChannelTree.nowhere ? parent : child(of: parent, range)
    }

    private func child(of parent: Int, _ key: Range<Int>) -> Int {
        let bytes = UnsafeBufferPointer(rebasing: payload[key])
        if bytes.contains(UInt8(ascii: "\\")) {
            return TextCoding.json.decoded(bytes).withUnsafeBufferPointer { child(of: parent, named: $0) }
        }
        return child(of: parent, named: bytes)
    }

    private func child(of parent: Int, named key: UnsafeBufferPointer<UInt8>) -> Int {
        for child in tree.nodes[parent].children where child.key.count == key.count && child.key.elementsEqual(key) { return child.node }
        return tree.nodes[parent].any
    }

    /// Reads a string, number or literal.
    ///
    /// - Returns: the offset behind it.
    private mutating func scalar(_ node: Int, at start: Int) -> Int? {
        let role = tree.nodes[node]
        let object = stack.last?.object ?? -1
        var end = start
        switch payload[start] {
        case UInt8(ascii: "\""):
            guard let close = Self.endOfString(in: payload, from: start + 1) else { return nil }
            let text = start + 1..<close
            end = close + 1
            if role.row >= 0 {
                if !text.isEmpty { found.append((role.row, object, stack.last?.key ?? 0..<0, text)) }
            } else if !role.hasRole {
                reading.scalars.append(text)
            }
            if role.isType { type = text }
            if role.end >= 0, !text.isEmpty { finished.append((role.end, object)) }
            if role.label >= 0 { add(role, object, text) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            while end < payload.count, Self.isNumber(payload[end]) { end += 1 }
            if role.label >= 0 { add(role, object, start..<end) }
            if role.end >= 0 { finished.append((role.end, object)) }
            if !role.hasRole { reading.scalars.append(start..<end) }
        default:
            guard let literal = Self.literals.first(where: { payload[start...].starts(with: $0) }) else { return nil }
            end += literal.count
            if role.label >= 0 { labels.append((role.label, object, literal.count == 4 && payload[start] == UInt8(ascii: "t") ? start..<end : start..<start)) }
            if role.end >= 0, payload[start] == UInt8(ascii: "t") { finished.append((role.end, object)) }
        }
        if role.isRequestID, payload[start] != UInt8(ascii: "n") { requestID = start..<end }
        if let api = role.api { reading.api = api }
        return end
    }

    private mutating func add(_ role: ChannelTree.Node, _ object: Int, _ value: Range<Int>) {
        labels.append((role.label, object, value))
        if role.row < 0, role.end < 0, !role.isType { spareLabels.append((role.label, value)) }
    }

    private static let literals = ["true", "false", "null"].map { Array($0.utf8) }

    static func isNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    /// The offset of the quote that ends the string whose inside begins at `start`.
    @inline(__always)
    static func endOfString(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while true {
            index = bytes.first(UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index)
            if index >= bytes.count { return nil }
            if bytes[index] == UInt8(ascii: "\"") { return index }
            index += 2
        }
    }

    // MARK: What it comes to

    private mutating func conclude() {
        if let type {
            for known in tree.types where known.isBeginning ? payload[type].starts(with: known.type) : payload[type].elementsEqual(known.type) {
                reading.api = known.api
            }
        }
        reading.pieces.reserveCapacity(found.count)
        for piece in found {
            let row = tree.rows[piece.row]
            if !row.requires.isEmpty, !labels.contains(where: { row.requires.contains($0.label) }) { continue }
            var name = prefix(row.family, row.labels, of: piece.object)
            name.append(contentsOf: row.name ?? Array(payload[piece.key]))
            name.append(EventReading.separator)
            reading.pieces.append(EventReading.Piece(channel: name, text: piece.text))
        }
        for (end, object) in finished { add(end, object) }
        if let type {
            if let end = tree.typeEnds.first(where: { payload[type].elementsEqual($0.type) }) {
                add(end.end, 0)
            } else if let end = tree.typeEndings.first(where: { payload[type].suffix($0.ending.count).elementsEqual($0.ending) }) {
                add(end.end, 0)
            }
        }
        let spare = spareLabels.filter { usedLabels >> UInt64($0.label) & 1 == 0 }
        if !spare.isEmpty {
            reading.scalars += spare.map(\.value)
            reading.scalars.sort { $0.lowerBound < $1.lowerBound }
        }
        if reading.api == .modelContextProtocol, !labels.contains(where: { $0.label == tree.method }) { reading.requestID = requestID }
    }

    private mutating func add(_ end: Int, _ object: Int) {
        guard let family = tree.ends[end].family else { return reading.ended.append([]) }
        reading.ended.append(prefix(family, tree.ends[end].labels, of: object))
    }

    /// The beginning of a channel's name.
    private mutating func prefix(_ family: ChannelFamily, _ wanted: [ChannelTree.Label], of object: Int) -> [UInt8] {
        var name: [UInt8] = []
        name.reserveCapacity(64)
        name.append(family.rawValue)
        name.append(EventReading.separator)
        for label in wanted {
            switch label {
            case .stem:
                if let type {
                    let ending = tree.stemEndings.first { payload[type].suffix($0.count).elementsEqual($0) }
                    name.append(contentsOf: payload[type].dropLast(ending?.count ?? 0))
                }
            case .member(let member): append(member, of: object, to: &name)
            case .first(let members):
                if let member = members.first(where: { member in labels.contains { $0.label == member } }) { append(member, of: object, to: &name) }
            }
            name.append(EventReading.separator)
        }
        return name
    }

    private mutating func append(_ label: Int, of object: Int, to name: inout [UInt8]) {
        usedLabels |= 1 << UInt64(label)
        let home = tree.labelHomes[label]
        var at = object
        while at >= 0, objects[at].node != home.node { at = objects[at].parent }
        // A label that stands beside the path, as in an event that only ends something.
        if let value = labels.last(where: { $0.label == label && (at < 0 || $0.object == at) })?.value {
            name.append(contentsOf: payload[value])
        } else if home.isPosition, at >= 0, objects[at].position >= 0 {
            name.append(contentsOf: String(objects[at].position).utf8)
        }
    }
}
