// The segment files of a data directory, by name and number, and reading them from end to end.

import Cryptography
import Foundation

/// `<directory>/segments/00000001.seg` and so on. New numbers are higher than all there are.
struct SegmentFiles: Sendable {
    let directory: String

    init(in dataDirectory: String) { directory = dataDirectory + "/segments" }

    func path(_ number: Int) -> String {
        let digits = String(number)
        return "\(directory)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).seg"
    }

    /// In ascending order.
    func numbers() throws(RecordError) -> [Int] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw RecordError("\(directory) cannot be listed", hint: "check that the directory exists and who may read it")
        }
        return names.filter { $0.hasSuffix(".seg") }.compactMap { Int($0.dropLast(4)) }.sorted()
    }

    /// The whole file; a server may be appending to it meanwhile.
    func contents(_ number: Int) throws(RecordError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path(number)))
        } catch {
            throw RecordError("\(path(number)) cannot be read", hint: "check who may read it; records are only complete with all segment files")
        }
    }

    /// Calls `body` for each whole frame from `start` on, and gives back the offset behind the last one.
    static func frames(
        in file: UnsafeRawBufferPointer, from start: Int, _ body: (Frame) throws -> Void
    ) rethrows -> Int {
        guard file.count >= Frame.fileHeader.count, file.prefix(Frame.fileHeader.count).elementsEqual(Frame.fileHeader) else { return 0 }
        var offset = max(start, Frame.fileHeader.count)
        while let frame = Frame(in: file, at: offset) {
            try body(frame)
            offset = frame.range.upperBound
        }
        return offset
    }
}
