// Actions of rules as a configuration writes them: `EMAIL_ADDRESS: hash`, `payment-card: {mask: {keep_last: 4}}`, `'*': report`.

import Engine
import Yams

extension Section {
    /// A mapping of rule ids, entities and `*` to actions; empty where it is missing.
    func actions(_ key: String) -> ActionOverrides {
        var overrides = ActionOverrides()
        guard let entry = given(key), case .mapping(let mapping) = entry.value else {
            if has(key) { report(key, "\"\(path(key))\" must be a mapping of rules and entities to actions", hint: "for example  actions: {EMAIL_ADDRESS: hash, '*': redact}") }
            return overrides
        }
        let names = Array(mapping.keys.compactMap(\.scalar?.string))
        guard let section = reader.section(entry.value, name: path(key), keys: names) else { return overrides }
        for name in names { overrides.actions[name] = section.action(name) }
        return overrides
    }

    private enum ActionName: String, CaseIterable { case redact, mask, hash, token, remove, block, report }

    /// `hash`, or `{mask: {keep_last: 4}}`.
    private func action(_ key: String) -> Rule.Action? {
        guard let entry = given(key) else { return nil }
        guard case .mapping(let mapping) = entry.value else { return choice(key, ActionName.self).map { Self.action($0) } }
        guard mapping.count == 1, let section = section(key, keys: ["redact", "mask"]) else {
            report(key, "\"\(path(key))\" must be one action", hint: "for example  \(key): {mask: {keep_last: 4}}")
            return nil
        }
        section.refuseUnknownKeys()
        if section.has("redact"), let options = section.section("redact", keys: ["label"]) {
            options.refuseUnknownKeys()
            return .redact(label: options.text("label"))
        }
        guard section.has("mask"), let options = section.section("mask", keys: ["fill", "keep_first", "keep_last", "keep_punctuation"]) else { return nil }
        options.refuseUnknownKeys()
        var style = Rule.MaskStyle()
        if let fill = options.text("fill") {
            if fill.count == 1, let character = fill.first, !character.isNewline {
                style.fill = character
            } else {
                options.report("fill", "\"\(options.path("fill"))\" must be one character", hint: "write  fill: '*'")
            }
        }
        style.keepFirst = options.integer("keep_first", in: 0...64) ?? 0
        style.keepLast = options.integer("keep_last", in: 0...64) ?? 0
        style.keepPunctuation = options.flag("keep_punctuation") ?? true
        return .mask(style)
    }

    private static func action(_ name: ActionName) -> Rule.Action {
        switch name {
        case .redact: .redact(label: nil)
        case .mask: .mask(Rule.MaskStyle())
        case .hash: .hash
        case .token: .token
        case .remove: .remove
        case .block: .block
        case .report: .report
        }
    }
}
