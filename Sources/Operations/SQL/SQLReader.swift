// SQL: what a text of statements would do.

/// Reads SQL of some 25 dialects.
public enum SQLReader {
    /// Longer texts are read up to here, and the rest is an obscurity.
    public static let longest = 1 << 20

    /// What the statements of a text would do, and what of it cannot be told.
    ///
    /// Where the dialect is not known, the text is read by the rules of each one that could see it differently, and what any of them would run counts: a comment in one
    /// is a statement in another. A dialect in which the text breaks off within a string or comment runs only what stands before the broken statement.
    ///
    /// - Complexity: linear in the text's length.
    public static func read(_ text: [UInt8], dialect: SQLDialect? = nil) -> Reading {
        var reading = Reading()
        var text = text
        if text.count > longest {
            reading.obscurities.append(Obscurity(.tooLong, range: longest..<text.count))
            text.removeSubrange(longest...)
        }
        guard let dialect else { return merge(readings(of: text), into: reading, text.count) }
        return merge([Self.parse(text, SQLLexis(dialect), dialect)], into: reading, text.count)
    }

    public static func read(_ text: some StringProtocol, dialect: SQLDialect? = nil) -> Reading { read(Array(text.utf8), dialect: dialect) }

    private static func parse(_ text: [UInt8], _ lexis: SQLLexis, _ dialect: SQLDialect?) -> SQLParser {
        var parser = SQLParser(text, lexis, batches: dialect == .tsql, depth: 0, place: nil, budget: 4 * text.count + 4096)
        parser.run()
        parser.dropTokens()
        return parser
    }

    /// A parse for each set of lexical rules that differ where it matters for this text.
    private static func readings(of text: [UInt8]) -> [SQLParser] {
        let mattering = SQLLexis.mattering(in: text)
        var seen: [SQLLexis] = []
        for lexis in SQLLexis.all {
            let effective = lexis.intersection(mattering)
            if !seen.contains(effective) { seen.append(effective) }
        }
        if mattering.contains(.joinsAcrossZeroWidth) { seen += seen.map { $0.union(.joinsAcrossZeroWidth) } }
        return seen.map { parse(text, $0, nil) }
    }

    /// Whether all parsers found the same.
    private static func agree(_ parsers: [SQLParser]) -> Bool {
        guard let first = parsers.first else { return true }
        return parsers.dropFirst().allSatisfy { other in
            other.breaksOff == first.breaksOff && other.obscurities == first.obscurities && other.found.elementsEqual(first.found) { $0.range == $1.range && $0.operation == $1.operation && $0.object == $1.object }
        }
    }

    private static func merge(_ parsers: [SQLParser], into reading: Reading, _ count: Int) -> Reading {
        var reading = reading
        let someIsWhole = parsers.contains { !$0.breaksOff }
        if !someIsWhole { reading.obscurities.append(Obscurity(.malformed, range: 0..<count)) }
        // Mostly all dialects agree.
        let parsers = agree(parsers) ? Array(parsers.prefix(1)) : parsers
        var operations: Set<Operation> = []
        var obscurities: Set<Obscurity> = []
        // Statements whose object some dialect can tell, where for another one it is no name.
        var named: Set<Operation> = []
        for parser in parsers {
            let bound = parser.breaksOff && someIsWhole ? parser.lastStatementStart : .max
            for item in parser.found where item.range.lowerBound < bound {
                let operation = Operation(item.operation.rawValue, object: item.object, range: item.range)
                guard operations.insert(operation).inserted else { continue }
                reading.operations.append(operation)
                if !item.object.isEmpty { named.insert(Operation(operation.name, range: item.range.lowerBound..<item.range.lowerBound)) }
            }
            for obscurity in parser.obscurities where obscurity.range.lowerBound < bound && obscurities.insert(obscurity).inserted {
                reading.obscurities.append(obscurity)
            }
        }
        if parsers.count > 1 {
            var narrowest: [Operation: Range<Int>] = [:]
            for operation in reading.operations {
                let key = Operation(operation.name, object: operation.object, range: 0..<0)
                narrowest[key] = narrowest[key].map { $0.count <= operation.range.count ? $0 : operation.range } ?? operation.range
            }
            // What stands in a string for one dialect, and plainly for another.
            reading.operations.removeAll {
                let inner = narrowest[Operation($0.name, object: $0.object, range: 0..<0)]!
                return inner != $0.range && $0.range.lowerBound <= inner.lowerBound && inner.upperBound <= $0.range.upperBound
            }
            reading.operations.removeAll { $0.object.isEmpty && named.contains(Operation($0.name, range: $0.range.lowerBound..<$0.range.lowerBound)) }
        }
        reading.operations.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        return reading
    }
}
