// Compares two records.

import ArgumentParser

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "compare", abstract: "Compares two records, losing cases first.")

    @Argument(help: "The JSON file of the record from before.")
    var before: String

    @Argument(help: "The JSON file of the record from after.")
    var after: String

    func run() throws {
        print(Comparison(try Record(reading: before), try Record(reading: after)).markdown, terminator: "")
    }
}
