// The schema for editors. Tests/EndToEnd/test_corpus_schema.py holds it against a validator and the loader.

import Foundation
import Testing

@testable import Corpus
@testable import Engine

@Suite struct SchemaTests {
    @Test("Every key that the loader reads is described")
    func described() { #expect(FileSchema.undescribed.isEmpty, "add their shapes to FileSchema.swift: \(FileSchema.undescribed)") }

    @Test("Each schema has exactly the loader's keys", arguments: [(FileSchema.rules, ruleKeys), (.profile, profileKeys), (.corpus, CorpusFiles.settingsKeys)])
    func keys(schema: FileSchema, keys: [String]) throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(schema.json)) as? [String: Any])
        #expect(object["$schema"] as? String == "http://json-schema.org/draft-07/schema#" && object["additionalProperties"] as? Bool == false)
        var properties = try #require(object["properties"] as? [String: Any])
        if schema == .rules {
            let rule = try #require((properties["rules"] as? [String: Any])?["items"] as? [String: Any])
            #expect(rule["required"] as? [String] == ["id"])
            properties = try #require(rule["properties"] as? [String: Any])
        }
        #expect(Set(properties.keys) == Set(keys))
    }

    @Test("Every check stands in the schema, with a number where it takes one")
    func checks() throws {
        let text = String(decoding: FileSchema.rules.json, as: UTF8.self)
        for name in Check.names { #expect(text.contains("\"\(name)\""), "\(name)") }
    }
}
