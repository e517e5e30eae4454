// What names of members and fields mean to the reader of requests, looked up without making a string of each.

/// Names in any case, without `-` and `_`, and what a value of each name is.
struct NameTable: Sendable {
    struct Meaning: Sendable {
        /// The index of the place; -1 if no command stands under the name.
        var place = -1
        var roles: Roles = []

        static let none = Meaning()
    }

    /// What a value says of those beside it.
    struct Roles: OptionSet, Sendable {
        let rawValue: UInt16

        /// The program that words beside it are given to.
        static let program = Roles(rawValue: 1)
        /// What a piece of code is written in.
        static let language = Roles(rawValue: 2)
        /// Of a request or a remote call.
        static let method = Roles(rawValue: 4)
        /// Of a request.
        static let body = Roles(rawValue: 8)
        /// Parts of a remote call (JSON-RPC 2.0).
        static let version = Roles(rawValue: 16)
        static let parameters = Roles(rawValue: 32)
        static let name = Roles(rawValue: 64)
        /// A list of turns of a conversation, or of tools that a model may call.
        static let conversation = Roles(rawValue: 128)
        /// Tells that an entry of such a list is what the list says.
        static let turn = Roles(rawValue: 256)
        /// Tells it by its value.
        static let kind = Roles(rawValue: 512)
        /// The first member of a command document of MongoDB.
        static let document = Roles(rawValue: 1024)
        /// Conditions of endpoints ask for it.
        static let condition = Roles(rawValue: 2048)
    }

    /// Longer names mean nothing.
    static let longest = 128

    let places: [CommandPlace]
    private struct Entry {
        var hash: UInt64
        /// Where its name stands in ``text``.
        var start: Int
        var count: Int
        var meaning: Meaning
    }

    private var text: [UInt8] = []
    /// By the hash of their names; those without a name are free.
    private var slots: [Entry]

    /// - Parameter conditions: names that endpoints ask for.
    init(places: [CommandPlace], conditions: some Sequence<String>) {
        self.places = places
        var meanings: [String: Meaning] = [:]
        for (index, place) in places.enumerated() { meanings[place.name, default: .none].place = index }
        for (names, roles) in Self.roles {
            for name in names { meanings[name, default: .none].roles.formUnion(roles) }
        }
        for name in conditions { meanings[CommandPlaces.normalized(name), default: .none].roles.insert(.condition) }
        for name in MongoCommand.names { meanings[name, default: .none].roles.insert(.document) }
        var count = 64
        while count < 4 * meanings.count { count *= 2 }
        slots = Array(repeating: Entry(hash: 0, start: 0, count: -1, meaning: .none), count: count)
        for (name, meaning) in meanings {
            let hash = Array(name.utf8).withUnsafeBufferPointer { Self.hash($0, escapes: false)! }
            var slot = Int(truncatingIfNeeded: hash) & (count - 1)
            while slots[slot].count >= 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = Entry(hash: hash, start: text.count, count: name.utf8.count, meaning: meaning)
            text += name.utf8
        }
    }

    /// Sources: the request formats of OpenAI (chat completions, responses, assistants), Anthropic (messages), Gemini (contents), Cohere (chat history) and Bedrock (converse); the
    /// Model Context Protocol, schema.
    private static let roles: [([String], Roles)] = [
        (["command", "cmd", "program", "executable", "binary"], .program),
        (["language", "lang", "interpreter", "runtime", "shelltype"], .language),
        (["method", "httpmethod", "verb"], .method),
        (["body", "data", "payload"], .body),
        (["jsonrpc"], .version),
        (["params"], .parameters),
        (["name"], .name),
        (["messages", "contents", "input", "history", "chathistory", "toolresults", "tooloutputs", "tools", "functions"], .conversation),
        (["role", "parts", "content", "toolcallid", "outputs", "inputschema", "parameters", "function", "functiondeclarations", "toolspec"], .turn),
        (["type"], .kind),
    ]

    func meaning(of name: some StringProtocol) -> Meaning {
        let bytes = Array(name.utf8)
        return bytes.withUnsafeBufferPointer { meaning(of: $0) }
    }

    /// - Parameter name: the bytes of a string of JSON, with escapes.
    func meaning(of name: UnsafeBufferPointer<UInt8>) -> Meaning {
        guard name.count <= Self.longest else { return .none }
        guard let hash = Self.hash(name) else { return JSONString.unescaped(name).withUnsafeBufferPointer { known($0, Self.hash($0, escapes: false)!) } }
        return known(name, hash)
    }

    /// Whether a field of a form has a name that is written as it is, not nested, and means nothing.
    func isPlainlyNothing(_ name: ArraySlice<UInt8>) -> Bool {
        name.withUnsafeBufferPointer { name in
            let meaning = meaning(of: name)
            return meaning.place < 0 && meaning.roles.isDisjoint(with: [.condition, .program, .method]) && !name.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: ".") }
        }
    }

    private func known(_ name: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Meaning {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot].count >= 0 {
            if slots[slot].hash == hash, isSame(name, slots[slot]) { return slots[slot].meaning }
            slot = (slot + 1) & (slots.count - 1)
        }
        return .none
    }

    /// FNV-1a of the name as it counts, its bits mixed; nil if the name has escapes.
    private static func hash(_ name: UnsafeBufferPointer<UInt8>, escapes: Bool = true) -> UInt64? {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") { continue }
            if escapes, byte == UInt8(ascii: "\\") { return nil }
            hash = (hash ^ UInt64(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)) &* 0x100_0000_01B3
        }
        return hash ^ hash >> 29
    }

    private func isSame(_ name: UnsafeBufferPointer<UInt8>, _ entry: Entry) -> Bool {
        var i = entry.start
        let end = entry.start + entry.count
        for byte in name where byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_") {
            guard i < end, text[i] == (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) else { return false }
            i += 1
        }
        return i == end
    }
}
