// The id of a line of JSON Lines, which is given back as it came.

enum CaseID: Decodable {
    case text(String)
    case whole(Int)
    case number(Double)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let whole = try? value.decode(Int.self) {
            self = .whole(whole)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            throw CommandError("\"id\" must be a string or a number")
        }
    }

    static func write(_ id: CaseID?, to json: inout JSONText) {
        switch id {
        case .text(let text): json.string(text)
        case .whole(let number): json.number(number)
        case .number(let number): json.number(number)
        case nil: json.raw("null")
        }
    }
}
