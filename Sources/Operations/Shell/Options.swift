// The options and operands of a command, as getopt reads them.

/// Source: POSIX.1-2024, Utility Syntax Guidelines (12.2); GNU getopt_long: long options, unique prefixes of them, options after operands.
struct Options {
    private(set) var given: [(name: String, value: Argument?)] = []
    private(set) var operands: [Argument] = []

    /// - Parameters:
    ///   - valued: letters of short options that take a value.
    ///   - long: names of long options whose value is the next word.
    ///   - stopsAtOperand: whether options end at the first operand, as in programs that run others.
    init(_ arguments: ArraySlice<Argument>, valued: String = "", long: Set<String> = [], stopsAtOperand: Bool = false) {
        var i = arguments.startIndex
        while i < arguments.endIndex {
            let argument = arguments[i]
            i += 1
            let text = argument.known
            guard text.utf8.first == UInt8(ascii: "-"), text.utf8.count > 1 else {
                operands.append(argument)
                if stopsAtOperand { break }
                continue
            }
            if text == "--" { break }
            if text.hasPrefix("--") {
                let name = text.dropFirst(2)
                if let equals = name.firstIndex(of: "=") {
                    var value = argument
                    value.text = String(name[name.index(after: equals)...])
                    given.append((String(name[..<equals]), value))
                } else if long.contains(String(name)), i < arguments.endIndex {
                    given.append((String(name), arguments[i]))
                    i += 1
                } else {
                    given.append((String(name), nil))
                }
                continue
            }
            var letters = text.dropFirst()
            while let letter = letters.popFirst() {
                guard valued.contains(letter) else {
                    given.append((String(letter), nil))
                    continue
                }
                if !letters.isEmpty {
                    var value = argument
                    value.text = String(letters)
                    given.append((String(letter), value))
                } else if i < arguments.endIndex {
                    given.append((String(letter), arguments[i]))
                    i += 1
                }
                break
            }
        }
        operands += arguments[i...]
    }

    /// Whether one of these was given: a letter, or a long name or a prefix of it that is not too short to mean it.
    func has(_ names: String...) -> Bool { given.contains { option in names.contains { Self.means(option.name, $0) } } }

    /// The value of the last of these options.
    func value(_ names: String...) -> Argument? {
        given.last { option in option.value != nil && names.contains { Self.means(option.name, $0) } }?.value
    }

    private static func means(_ given: String, _ name: String) -> Bool {
        given == name || name.utf8.count > 3 && given.utf8.count >= 3 && given.utf8.count < name.utf8.count && name.hasPrefix(given)
    }
}
