// What the events of a stream say together: the texts that a reader puts together from their deltas.

import Foundation

/// Texts of JSON events, one for each way through an event to a string, in the order in which the events came.
///
/// Numbers of elements are left out of the ways, so that `choices[0].delta.content` of all events is one text. That is cruder than the engine, which knows which members are
/// deltas: here a value has to be found that should not be there, and the texts of several channels run into one another only where an event has several.
struct EventTexts {
    private(set) var texts: [String: String] = [:]

    /// - Parameter body: a stream of server-sent events, or of JSON documents in lines.
    init(_ body: [UInt8]) {
        for line in body.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let isField = line.starts(with: "data:".utf8)
            guard let event = try? JSONSerialization.jsonObject(with: Data(isField ? line.dropFirst(5) : line), options: .fragmentsAllowed) else { continue }
            add(event, at: "")
        }
    }

    /// Whether a text says the value, or one that is a document itself says it between its quotes.
    func say(_ value: String) -> Bool {
        let quoted = String(decoding: (try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])) ?? Data(), as: UTF8.self).dropFirst().dropLast()
        return texts.values.contains { $0.contains(value) || $0.contains(quoted) }
    }

    private mutating func add(_ value: Any, at way: String) {
        switch value {
        case let text as String: texts[way, default: ""] += text
        case let object as [String: Any]: for (name, member) in object { add(member, at: way + "/" + name) }
        case let list as [Any]: for element in list { add(element, at: way + "/[]") }
        default: break
        }
    }
}
