// Names of functions and tools that say what they do: deleteUser, repo.remove, bulk_destroy.

/// The verb in a name that destroys or takes away, if there is one.
enum DestructiveNames {
    enum Verb: Hashable {
        /// What was there is gone.
        case deletes
        /// It is set aside or switched off, and can be brought back.
        case disables
    }

    static func verb(in name: String) -> Verb? {
        var verb: Verb?
        for word in words(of: name) {
            if deleting.contains(word) { return .deletes }
            if disabling.contains(word) { verb = .disables }
        }
        // deleted_items, isDeleted and the like tell of a state.
        return verb
    }

    private static let deleting: Set<String> = ["delete", "destroy", "drop", "erase", "purge", "wipe", "truncate", "terminate", "remove", "nuke", "unlink", "rm", "rmdir", "del", "discard", "expunge", "obliterate", "flush"]
    private static let disabling: Set<String> = ["archive", "disable", "deactivate", "revoke", "suspend", "cancel", "detach", "unpublish", "reset", "rollback", "stop", "kill", "shutdown", "lock", "block", "ban"]

    /// The words of a name in camel case, snake case or with dots, in lower case.
    static func words(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previousIsLower = false
        for character in name.unicodeScalars {
            let isUpper = character.value >= 0x41 && character.value <= 0x5A
            let isLetter = isUpper || character.value >= 0x61 && character.value <= 0x7A
            if !isLetter || isUpper && previousIsLower {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if isLetter { word.unicodeScalars.append(isUpper ? Unicode.Scalar(character.value | 0x20)! : character) }
            previousIsLower = isLetter && !isUpper
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
