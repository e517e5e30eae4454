// The judge of commands in answers, by the catalogue of a corpus.

import Engine
import Operations

extension CommandJudge {
    /// A judge by a catalogue: where it places commands, by its operations.
    public convenience init(_ catalogue: Catalogue) {
        let proposed = ProposedCommands(catalogue)
        var members: [String: Member] = ["language": .language]
        // Where an answer that does not stream has its text: the chat completions, responses and messages of the vendors in `ModelChannels`.
        for name in ["content", "text", "output_text", "response"] { members[name] = .text }
        for place in proposed.places { members[place.name] = Member(place) }
        let isProgram = proposed.openings
        self.init(
            members: members, opensLine: { isProgram.contains($0) },
            fence: { ProposedCommands.language(ofBlock: $0).map { Language($0.name, isCertain: $0.isCertain) } },
            ruling: { command, name in
                guard let language = ProposedCommands.Language(name: name), let verdict = proposed.verdict(on: String(decoding: command, as: UTF8.self), in: language) else { return nil }
                return verdict.decision == .block ? .blocked(rule: verdict.rule) : .reported(rule: verdict.rule)
            })
    }
}

extension CommandJudge.Member {
    fileprivate init(_ place: CommandPlace) {
        let language = CommandJudge.Language(ProposedCommands.Language.place(place.language, isCertain: place.isCertain).name, isCertain: place.isCertain)
        switch place.language {
        case .arguments: self = .arguments
        case .code: self = .code(language)
        // One program with its words; a list of commands has a name in the plural, or that of a script.
        case .shell where !place.name.hasSuffix("s") && !place.name.contains("script"): self = .command(language)
        case .shell, .powershell, .sql, .query, .mongo, .redis, .request: self = .lines(language)
        }
    }
}
