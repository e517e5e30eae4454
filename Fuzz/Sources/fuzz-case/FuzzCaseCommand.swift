// Single fuzz inputs without the fuzzer: replaying one, and writing the first ones.

import EngineFuzz
import Foundation
import OperationsFuzz

@main
struct FuzzCaseCommand {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.count) {
        case ("replay", 2...): replay(arguments.dropFirst())
        case ("seeds", 2): try Seeds.write(to: arguments[2])
        case ("dictionary", 1): print(try Seeds.dictionary(), terminator: "")
        case ("replay-command", 3...): try replay(CommandReader(arguments[2]), arguments.dropFirst(2))
        case ("command-seeds", 3): try CommandSeeds.write(for: arguments[2], to: arguments[3])
        case ("command-dictionary", 2): print(try CommandSeeds.dictionary(for: arguments[2]), terminator: "")
        default:
            let usage = "usage: fuzz-case replay FILE… | seeds FOLDER | dictionary | replay-command READER FILE… | command-seeds READER FOLDER | command-dictionary READER\n"
            FileHandle.standardError.write(Data(usage.utf8))
            exit(2)
        }
    }

    private static func contents(_ file: String) -> Data {
        if let data = FileManager.default.contents(atPath: file) { return data }
        FileHandle.standardError.write(Data("error: \(file) cannot be read\nhint: name a file that the fuzzer wrote, below Fuzz/found\n".utf8))
        exit(2)
    }

    private static func replay(_ reader: CommandReader, _ files: ArraySlice<String>) {
        var failures = 0
        for file in files {
            let data = contents(file)
            print("\(file), read as \(reader.name):\n\(String(decoding: data, as: UTF8.self).debugDescription)")
            do {
                try reader.check(data)
                print("holds\n")
            } catch {
                failures += 1
                print("broken: \(error)\n")
            }
        }
        exit(failures == 0 ? 0 : 1)
    }

    private static func replay(_ files: ArraySlice<String>) {
        var failures = 0
        for file in files {
            let data = contents(file)
            guard let input = data.withUnsafeBytes({ FuzzCase($0) }) else {
                print("\(file): shorter than a head, means nothing")
                continue
            }
            print("\(file):\n\(input.summary)")
            do {
                try input.check()
                print("holds\n")
            } catch {
                failures += 1
                print("broken: \(error)\n")
            }
        }
        exit(failures == 0 ? 0 : 1)
    }
}
