// `sluice corpus schema`: JSON Schema of the files of a corpus, for editors.

import ArgumentParser
import Corpus

struct CorpusSchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of rule files, profiles or corpus.yaml, for editors.",
        discussion: """
            Draft 7, made from the keys that the loader knows. Editors with a YAML language server take it from a first line in the file:
              # yaml-language-server: $schema=../../rules.schema.json
            or from their settings, as in docs/CORPUS.md. It does not replace  sluice corpus check.

            Examples:
              sluice corpus schema > rules.schema.json
              sluice corpus schema profile > profile.schema.json
            """)

    @Argument(help: ArgumentHelp("rules, profile or corpus.", valueName: "kind"))
    var kind: FileSchema = .rules

    func run() throws { try writeAll(kind.json) }
}

extension FileSchema: ExpressibleByArgument {}
