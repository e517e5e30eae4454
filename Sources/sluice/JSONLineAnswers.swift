// Lines of JSON in, an answer for each out: how `mask --batch` and `judge` read many cases.

import ArgumentParser
import Foundation

/// One line of the input; keys that it does not name are passed over, so that labelled cases can be fed as they are.
protocol JSONLineCase: Decodable {
    var id: CaseID? { get }
    /// What a line must be, for the refusal of one that is not.
    static var form: String { get }
}

enum JSONLineAnswers {
    /// Answers standard input, or a file, line by line. A line that cannot be read is answered with an error, and the others all the same.
    ///
    /// - Parameter answer: with the line's end.
    /// - Throws: exit status 2 after the last line, if a line could not be read.
    static func write<Case: JSONLineCase>(_ source: consuming ByteSource, _ answer: (Case) throws -> [UInt8]) throws {
        var lines = LineSource(source)
        let decoder = JSONDecoder()
        var number = 0
        var failed = false
        var output: [UInt8] = []
        while let line = try lines.next() {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
            var id: CaseID?
            do {
                let one: Case = try decode(line, decoder)
                id = one.id
                output += try answer(one)
            } catch {
                failed = true
                output += refusal(of: id, line: number, error)
            }
            // Answers leave together, but no later than a reader could notice.
            if output.count >= 32 << 10 || !lines.hasLine {
                try writeAll(output)
                output.removeAll(keepingCapacity: true)
            }
        }
        try writeAll(output)
        if failed { throw ExitCode(ExitStatus.usage) }
    }

    private static func decode<Case: JSONLineCase>(_ line: ArraySlice<UInt8>, _ decoder: JSONDecoder) throws -> Case {
        do {
            return try decoder.decode(Case.self, from: Data(line))
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let key = context.codingPath.first.map { "\"\($0.stringValue)\"" } ?? "the line"
            throw CommandError("\(key) has the wrong type: the line must be \(Case.form)")
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("this is not a JSON object")
        }
    }

    private static func refusal(of id: CaseID?, line: Int, _ error: any Error) -> [UInt8] {
        var json = JSONText()
        json.raw("{\"line\":")
        json.number(line)
        if let id {
            json.raw(",\"id\":")
            CaseID.write(id, to: &json)
        }
        json.raw(",\"error\":")
        json.string((error as? CommandError)?.message ?? "\(error)")
        json.raw("}\n")
        return json.bytes
    }
}
