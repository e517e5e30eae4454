// The options and operands of a command, as getopt reads them.

/// Source: POSIX.1-2024, Utility Syntax Guidelines (12.2); GNU getopt_long: long options, unique prefixes of them, options after operands.
struct Options {
    private(set) var given: [(name: String, value: Argument?)] = []
    private(set) var operands: [Argument] = []

    /// - Parameters:
    ///   - valued: letters of short options that take a value.
    ///   - long: names of long options whose value is the next word.
    ///   - stopsAtOperand: whether options end at the first operand, as in programs that run others.
    init(_ arguments: ArraySlice<Argument>, valued: String = "", long: some Sequence<String> = [String](), stopsAtOperand: Bool = false) {
        operands.reserveCapacity(arguments.count)
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
            let bytes = text.utf8
            if bytes.dropFirst().first == UInt8(ascii: "-") {
                let name = bytes.dropFirst(2)
                if let equals = name.firstIndex(of: UInt8(ascii: "=")) {
                    var value = argument
                    value.text = String(text[bytes.index(after: equals)...])
                    given.append((String(text[name.startIndex..<equals]), value))
                    continue
                }
                let whole = String(text[name.startIndex...])
                if long.contains(whole), i < arguments.endIndex {
                    given.append((whole, arguments[i]))
                    i += 1
                } else {
                    given.append((whole, nil))
                }
                continue
            }
            var letters = text.dropFirst()
            // A letter may be of more than a byte where somebody hides one.
            while let letter = letters.popFirst() {
                let name = String(letter)
                guard let byte = letter.asciiValue, valued.utf8.contains(byte) else {
                    given.append((name, nil))
                    continue
                }
                if !letters.isEmpty {
                    var value = argument
                    value.text = String(letters)
                    given.append((name, value))
                } else if i < arguments.endIndex {
                    given.append((name, arguments[i]))
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
