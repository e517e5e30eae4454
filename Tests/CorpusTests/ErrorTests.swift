// What is said about each kind of mistake in a corpus: where, what, and what to type.

import Testing

@testable import Corpus

@Suite("Mistakes in a corpus are shown with place and hint") struct ErrorTests {
    @Test func unknownKeyNamesTheNearest() throws {
        #expect(
            try complaints("rules:\n  - {id: a, entity: A, patern: 'ab'}\n") == """
                C/pii/a.yaml:2:24: unknown key "patern" in a rule
                  hint: did you mean "pattern"?
                C/pii/a.yaml:2:5: a rule needs a "pattern", "fields" or both
                  hint: say what values look like, or which members hold them
                """)
    }

    @Test func unknownKeyFarFromAllListsThem() throws {
        #expect(
            try complaints("rules:\n  - id: a\n    entity: A\n    pattern: ab\n    context: {words: [x], radius: 5}\n") == """
                C/pii/a.yaml:5:27: unknown key "radius" in "context"
                  hint: known keys: words, within, required
                """)
    }

    @Test func duplicateIdsNameBothPlaces() throws {
        let rule = "rules:\n  - {id: a, entity: A, pattern: ab}\n"
        #expect(
            try Folder(["pii/a.yaml": rule, "secrets/b.yaml": rule]).complaints() == """
                C/secrets/b.yaml:2:10: the rule id "a" is already used at C/pii/a.yaml:2:10
                  hint: give one of the two another name
                """)
    }

    @Test(arguments: [
        ("id: 7", "C/pii/a.yaml:2:9: \"id\" must be a string, not a whole number\n  hint: put it in single quotes"),
        ("id: [x]", "C/pii/a.yaml:2:9: \"id\" must be a string, not a list"),
        ("id: Card", "C/pii/a.yaml:2:9: \"Card\" is not a rule id\n  hint: use small letters, digits and single hyphens, for example  payment-card"),
    ])
    func ids(_ line: String, _ message: String) throws {
        #expect(try complaints("rules:\n  - \(line)\n    entity: A\n    pattern: ab\n") == message)
    }

    @Test(arguments: [
        ("priority: high", "C/pii/a.yaml:5:15: \"priority\" must be a whole number, not a string"),
        ("priority: 5000", "C/pii/a.yaml:5:15: \"priority\" must be -1000 to 1000, not 5000"),
        ("checks: luhn", "C/pii/a.yaml:5:13: \"checks\" must be a list, not a string\n  hint: put it in brackets: [luhn]"),
        ("checks: [lunh]", "C/pii/a.yaml:5:14: unknown check \"lunh\"\n  hint: did you mean \"luhn\"?"),
        ("checks: [entropy]", "C/pii/a.yaml:5:14: the check \"entropy\" needs a number of bits per byte\n  hint: write  {entropy: 3.5}"),
        ("checks: [{luhn: 3}]", "C/pii/a.yaml:5:14: the check \"luhn\" takes no argument\n  hint: write  luhn"),
        ("checks: [{entropy: high}]", "C/pii/a.yaml:5:24: the argument of a check must be a number, not a string"),
        ("context: {within: 5}", "C/pii/a.yaml:5:14: \"context\" needs \"words\"\n  hint: write  context: {words: [card, visa], within: 50}"),
        ("context: {words: [a], within: 500}", "C/pii/a.yaml:5:35: \"within\" must be 1 to 100, not 500"),
        ("context: {words: []}", "C/pii/a.yaml:5:22: \"words\" needs at least one word, and none that is empty"),
        ("action: redcat", "C/pii/a.yaml:5:13: unknown action \"redcat\"\n  hint: did you mean \"redact\"?"),
        ("action: {block: {now: true}}", "C/pii/a.yaml:5:21: the action \"block\" has no options\n  hint: write  action: block"),
        ("action: {hash: {}}", "C/pii/a.yaml:5:20: the action \"hash\" has no options\n  hint: write  action: hash"),
        ("action: {mask: {fill: ab}}", "C/pii/a.yaml:5:27: \"fill\" must be one character\n  hint: write  fill: '*'"),
        ("action: {mask: {keep_punctuation: 1}}", "C/pii/a.yaml:5:39: \"keep_punctuation\" must be true or false, not a whole number"),
        ("fields: []", "C/pii/a.yaml:5:13: \"fields\" needs at least one name\n  hint: write  fields: [password, 'user.pin']"),
        ("fields: [pan, 'a[x].b']", "C/pii/a.yaml:5:19: \"[x]\" in the field \"a[x].b\" is no element\n  hint: write [*] for every element, [0] for the first"),
        ("examples: ['${a-z}']", "C/pii/a.yaml:5:16: \"${a-z}\" is not a generator\n  hint: write ${CLASS:COUNT}, for example ${A-Za-z0-9:24}, or $${ for the characters ${"),
    ])
    func values(_ line: String, _ message: String) throws {
        #expect(try complaints("rules:\n  - id: a\n    entity: A\n    pattern: ab\n    \(line)\n") == message)
    }

    @Test(arguments: [
        ("context: {words: [a], required: false}", "C/pii/a.yaml:5:37: context that is not required is not supported yet: words must stand before every match\n  hint: remove \"context\", or write a second rule that has it"),
    ])
    func whatTheEngineCannotDoIsRefusedNotIgnored(_ line: String, _ message: String) throws {
        #expect(try complaints("rules:\n  - id: a\n    entity: A\n    pattern: ab\n    \(line)\n") == message)
    }

    @Test(arguments: [
        ("pattern: ab(cd", 16), ("pattern: 'ab(cd'", 17), ("pattern: 'it''s(cd'", 20), ("pattern: \"ab(cd\"", 14), ("pattern: 'é(cd'", 16),
    ])
    func aPatternErrorPointsIntoThePattern(_ line: String, _ column: Int) throws {
        let text = try complaints("rules:\n  - id: a\n    entity: A\n    \(line)\n")
        #expect(text.hasPrefix("C/pii/a.yaml:4:\(column): rule \"a\": "), "\(text)")
        #expect(text.contains("\n  hint: "))
    }

    @Test func aPatternThatIsTooDearNamesItsRule() throws {
        let text = try complaints("rules:\n  - id: a\n    entity: A\n    pattern: 'a.*b'\n")
        #expect(text.hasPrefix("C/pii/a.yaml:2:9: rule \"a\": "), "\(text)")
    }

    @Test func brokenYAMLIsShownWhereItBreaks() throws {
        let text = try complaints("rules:\n  - id: 'a\n")
        #expect(text.hasPrefix("C/pii/a.yaml:"))
        #expect(text.contains(": this is not YAML: "))
        #expect(
            try complaints("rules:\n  - {id: a, id: b, entity: A, pattern: ab}\n")
                == "C/pii/a.yaml:2:6: the mapping that begins here has the same key twice: \"id\"\n  hint: remove one of them")
        #expect(try complaints("") == "C/pii/a.yaml:1:1: the file is empty")
        #expect(try complaints("- a\n") == "C/pii/a.yaml:1:1: a rule file must be a mapping, not a list\n  hint: write  rules: …")
    }

    @Test func everyMistakeOfEveryFileIsShownAtOnce() throws {
        let folder = try Folder(["pii/a.yaml": "rules: 1\n", "pii/b.yaml": "rules: 2\n"])
        #expect(folder.complaints().split(separator: "\n").count == 2 * 2)
    }

    @Test(arguments: [
        ("name: p\n", "C/profiles/p.yaml:1:1: a profile needs \"include\"\n  hint: write  include: ['pii/*']"),
        ("name: q\ninclude: ['*']\n", "C/profiles/p.yaml:1:7: the profile \"q\" stands in a file of another name\n  hint: name the file q.yaml, or write  name: p"),
        ("name: p\ninclude: ['*']\nactions: {b: hash}\n", "C/profiles/p.yaml:3:11: the profile selects no rule or entity \"b\"\n  hint: did you mean \"A\"?"),
        ("name: p\ninclude: ['*']\nactions: {A: hush}\n", "C/profiles/p.yaml:3:14: unknown action \"hush\"\n  hint: did you mean \"hash\"?"),
        ("name: p\ninclude: ['*']\nactions: [hash]\n", "C/profiles/p.yaml:3:10: \"actions\" must be a mapping of rules and entities to actions\n  hint: write  actions: {EMAIL_ADDRESS: hash}"),
        ("name: p\ninclude: ['*']\naction: hash\nactions: {'*': block}\n", "C/profiles/p.yaml:3:9: \"action\" and '*' in \"actions\" say the same\n  hint: keep one of them"),
        ("name: p\ninclude: ['pi/*']\n", "C/profiles/p.yaml:2:11: \"pi/*\" selects no rule\n  hint: did you mean \"pii/*\"?"),
        ("name: p\ninclude: ['*']\nexclude: [zebra-crossing]\n", "C/profiles/p.yaml:3:11: \"zebra-crossing\" selects no rule\n  hint: write a rule id, a folder as in 'pii/*', or an entity as in 'entity:US_*'"),
    ])
    func profiles(_ text: String, _ message: String) throws {
        let folder = try Folder(["pii/a.yaml": "rules: [{id: a, entity: A, pattern: ab}]\n", "profiles/p.yaml": text])
        #expect(folder.complaints() == message)
    }

    @Test func anUnknownProfileNamesTheNearest() throws {
        let folder = try Folder(["pii/a.yaml": "rules: [{id: a, entity: A, pattern: ab}]\n"])
        let corpus = try Corpus(directory: folder.path)
        let error = #expect(throws: CorpusError.self) { try corpus.rules(profiles: ["defualt"]) }
        #expect(error?.problems == [Problem(at: nil, "there is no profile \"defualt\" in \(folder.path)", hint: "did you mean \"default\"?")])
    }

    @Test func aMissingFolderIsNamed() {
        let error = #expect(throws: CorpusError.self) { try Corpus.locate("/nowhere/corpus", environment: [:]) }
        #expect(
            error?.description == """
                the corpus folder "/nowhere/corpus" named by --corpus does not exist
                  hint: name the folder that holds profiles/ and the rule files
                """)
        let named = #expect(throws: CorpusError.self) { try Corpus.locate(environment: ["SLUICE_CORPUS": "/nowhere"]) }
        #expect(named?.description.hasPrefix("the corpus folder \"/nowhere\" named by SLUICE_CORPUS does not exist") == true)
    }
}
