// JSON Schema of rule files, profiles and corpus.yaml, for editors: completion, descriptions and mistakes while one types.

import Engine
import Foundation

/// A kind of file in a corpus, with its schema (JSON Schema draft 7, which editors know best).
///
/// Made from the lists of keys that the loader reads by. What a schema cannot say (that a pattern compiles, that ids are unique, that a selector selects) is left to
/// `sluice corpus check`.
public enum FileSchema: String, Sendable, CaseIterable {
    case rules, profile, corpus

    /// The schema as JSON, keys in the order of the alphabet.
    public var json: [UInt8] {
        let schema: [String: Any]
        switch self {
        case .rules:
            schema = Self.object(["rules": ["type": "array", "items": Self.rule, "description": "One entry for each rule."]], required: ["rules"])
        case .profile:
            schema = Self.object(Self.shapes(of: profileKeys, Self.profileShape), required: ["name"]).merging(Self.anyOf([["required": ["include"]], ["required": ["extends"]]])) { $1 }
        case .corpus:
            schema = Self.object(Self.shapes(of: CorpusFiles.settingsKeys, Self.settingsShape), required: ["extends"])
        }
        var whole = schema
        whole["$schema"] = "http://json-schema.org/draft-07/schema#"
        whole["title"] =
            switch self {
            case .rules: "Sluice rule file"
            case .profile: "Sluice profile"
            case .corpus: "Sluice corpus that extends another"
            }
        // Only dictionaries, arrays, strings, numbers and truth values are in it.
        return [UInt8]((try? JSONSerialization.data(withJSONObject: whole, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])) ?? Data()) + [0x0A]
    }

    /// Keys of the loader that nothing here describes; empty unless one was added and forgotten.
    static var undescribed: [String] {
        ruleKeys.filter { ruleShape($0) == nil } + contextKeys.filter { contextShape($0) == nil } + maskKeys.filter { maskShape($0) == nil }
            + profileKeys.filter { profileShape($0) == nil } + CorpusFiles.settingsKeys.filter { settingsShape($0) == nil }
    }

    // MARK: Shapes

    private typealias Shape = [String: Any]

    private static var rule: Shape {
        let whole = [["entity", "pattern"], ["entity", "fields"], ["entity", "commands"], ["extends"]].map { ["required": $0] as Shape }
        return object(shapes(of: ruleKeys, ruleShape), required: ["id"]).merging(anyOf(whole)) { $1 }
    }

    private static func ruleShape(_ key: String) -> Shape? {
        switch key {
        case "id": string("Stable and unique: small letters, digits and single hyphens.", pattern: "^[a-z0-9]+(-[a-z0-9]+)*$")
        case "entity":
            string("Stands in the replacement; Presidio's name where it has one.", pattern: "^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
        case "extends": string("The rule whose keys this one has where its own are missing; with the same id it takes that rule's place.")
        case "description": string("What it finds, in one sentence.")
        case "pattern": string("What a match looks like: a subset of PCRE over bytes. Put it in single quotes.", least: 1)
        case "checks": ["type": "array", "items": check, "description": "Conditions on the part to mask; all must hold."]
        case "context":
            described(object(shapes(of: contextKeys, contextShape), required: ["words"]), "Words of which one must stand shortly before the match.")
        case "fields":
            strings("Members of JSON documents that are masked whatever they hold: a name (password) or a path (user.pin, list[*].pin, *.pin).", least: 1)
                .merging(["minItems": 1]) { $1 }
        case "commands": ["const": true, "description": "Has commands in answers judged by the catalogue of operations; the action is block, or report."]
        case "action": described(action, "What happens to a match; redact if left out, block for commands.")
        case "priority": integer("Labels a replacement that several rules share; higher wins.", priorities)
        case "references": strings("Where the facts come from: standards and vendors' pages.")
        case "examples": strings("Texts in which it must match. ${CLASS:COUNT} stands for made-up characters.", least: 1)
        case "counterexamples": strings("Texts that look alike and must not match.", least: 1)
        default: nil
        }
    }

    private static func contextShape(_ key: String) -> Shape? {
        switch key {
        case "words": strings("Without regard to ASCII case.", least: 1).merging(["minItems": 1]) { $1 }
        case "within": integer("Bytes to look back.", 1...Rule.Context.widest)
        case "required": ["const": true, "description": "Context that is not required is not supported yet."]
        default: nil
        }
    }

    /// By its name, or where it has an argument as `{name: number}`.
    private static var check: Shape {
        let plain = Check.names.filter { Check(name: $0) != nil }
        let numbered = Check.names.filter { Check(name: $0, number: 1) != nil }
        return anyOf([["enum": plain]] + numbered.map { object([$0: ["type": "number"]], required: [$0]) })
    }

    private static var action: Shape {
        let options: [String: Shape] = [
            "redact": object(["label": string("Stands in place of [REDACTED:ENTITY].")]), "mask": object(shapes(of: maskKeys, maskShape)),
        ]
        let long = actionNames.compactMap { name in options[name].map { object([name: $0], required: [name]) } }
        return anyOf([["enum": actionNames]] + long)
    }

    private static func maskShape(_ key: String) -> Shape? {
        switch key {
        case "fill": string("One character.", least: 1)
        case "keep_first": integer("Characters left at the start.", keptCharacters)
        case "keep_last": integer("Characters left at the end.", keptCharacters)
        case "keep_punctuation": ["type": "boolean", "description": "Whether ASCII bytes other than letters and digits stay."]
        default: nil
        }
    }

    private static func profileShape(_ key: String) -> Shape? {
        switch key {
        case "name": string("The name of the file without .yaml.")
        case "extends": string("The profile of the extended corpus to which this one adds; with the same name it takes its place.")
        case "description": string("What it is for.")
        case "include":
            strings("Rule ids (aws-*), folders (pii/*) or entities (entity:US_*).").merging(["minItems": 1]) { $1 }
        case "exclude": strings("What of it is left out, written alike.")
        case "action": described(action, "What all its rules do instead of their own action.")
        case "actions":
            ["type": "object", "additionalProperties": action, "description": "What some of its rules do, by rule id, entity or *."]
        default: nil
        }
    }

    private static func settingsShape(_ key: String) -> Shape? {
        switch key {
        case "extends": string("The folder of the corpus to which this one adds, relative to this file, or shipped.", least: 1)
        case "disable": strings("Rules of it that are left out: ids (aws-*), folders (pii/*) or entities (entity:US_*).")
        default: nil
        }
    }

    // MARK: Pieces

    /// Keys that nothing describes may hold anything.
    private static func shapes(of keys: [String], _ shape: (String) -> Shape?) -> [String: Shape] {
        Dictionary(uniqueKeysWithValues: keys.map { ($0, shape($0) ?? [:]) })
    }

    private static func object(_ properties: [String: Shape], required: [String] = []) -> Shape {
        var object: Shape = ["type": "object", "additionalProperties": false, "properties": properties]
        if !required.isEmpty { object["required"] = required }
        return object
    }

    private static func string(_ description: String, pattern: String? = nil, least: Int? = nil) -> Shape {
        var shape: Shape = ["type": "string", "description": description]
        if let pattern { shape["pattern"] = pattern }
        if let least { shape["minLength"] = least }
        return shape
    }

    private static func strings(_ description: String, least: Int? = nil) -> Shape {
        var item: Shape = ["type": "string"]
        if let least { item["minLength"] = least }
        return ["type": "array", "items": item, "description": description]
    }

    private static func integer(_ description: String, _ range: ClosedRange<Int>) -> Shape {
        ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound, "description": description]
    }

    private static func anyOf(_ shapes: [Shape]) -> Shape { shapes.count == 1 ? shapes[0] : ["anyOf": shapes] }

    private static func described(_ shape: Shape, _ description: String) -> Shape { shape.merging(["description": description]) { $1 } }
}
