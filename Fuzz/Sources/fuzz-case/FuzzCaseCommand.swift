// Single fuzz inputs without the fuzzer: replaying one, and writing the first ones.

import EngineFuzz
import Foundation

@main
struct FuzzCaseCommand {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.count) {
        case ("replay", 2...): replay(arguments.dropFirst())
        case ("seeds", 2): try Seeds.write(to: arguments[2])
        case ("dictionary", 1): print(try Seeds.dictionary(), terminator: "")
        default:
            FileHandle.standardError.write(Data("usage: fuzz-case replay FILE… | seeds FOLDER | dictionary\n".utf8))
            exit(2)
        }
    }

    private static func replay(_ files: ArraySlice<String>) {
        var failures = 0
        for file in files {
            guard let data = FileManager.default.contents(atPath: file) else {
                FileHandle.standardError.write(Data("error: \(file) cannot be read\nhint: name a file that the fuzzer wrote, below Fuzz/found\n".utf8))
                exit(2)
            }
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
