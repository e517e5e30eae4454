// The dialects of SQL, so far as they differ in what is a string, a comment or a name.

/// A dialect whose lexical rules are known. Where it is not known which one runs a text, it is read in all of them.
public enum SQLDialect: String, Hashable, Sendable, CaseIterable {
    case postgres, redshift, greenplum, materialize, duckdb, vertica
    case mysql, mariadb, doris, starrocks
    case tsql
    case oracle, db2, teradata, exasol, trino, athena, sqlite, cassandra, ansi
    case bigquery
    case spark, databricks, hive, impala
    case snowflake
    case clickhouse
}

/// What a dialect's tokenizer does where dialects differ.
///
/// Sources, all "Lexical structure" or "Literals" of the vendor's manual: PostgreSQL 17 §4.1; MySQL 8.4 §11.1 and §11.7 (comments); MariaDB "Comment syntax";
/// T-SQL "Delimited identifiers", "Slash star comment"; Oracle 23 SQL Language Reference "Text literals", "Comments"; BigQuery "Lexical structure"; Spark SQL
/// "Literals"; Databricks "Comments"; Snowflake "String & binary data types", "Dollar-quoted string constants"; ClickHouse "Syntax"; DuckDB "Literal types";
/// SQLite "SQL comment syntax", "SQLite keywords".
struct SQLLexis: OptionSet, Hashable {
    let rawValue: UInt16

    /// `\'` does not end '…'.
    static let backslash = SQLLexis(rawValue: 1 << 0)
    /// `\"` does not end "…".
    static let backslashInDouble = SQLLexis(rawValue: 1 << 1)
    /// `#` begins a comment.
    static let hashComment = SQLLexis(rawValue: 1 << 2)
    /// `# ` and `#!` begin a comment.
    static let hashSpaceComment = SQLLexis(rawValue: 1 << 3)
    /// `--` begins a comment only before white space.
    static let dashNeedsSpace = SQLLexis(rawValue: 1 << 4)
    /// What stands in `/*! … */` is run.
    static let executableComments = SQLLexis(rawValue: 1 << 5)
    /// `/* /* */ */` is one comment.
    static let nestedComments = SQLLexis(rawValue: 1 << 6)
    /// `$tag$ … $tag$` is a string.
    static let dollarQuotes = SQLLexis(rawValue: 1 << 7)
    /// `$$ … $$` is a string, with no tag.
    static let dollarPairs = SQLLexis(rawValue: 1 << 8)
    /// `[x]` is a name.
    static let brackets = SQLLexis(rawValue: 1 << 9)
    /// `//` begins a comment.
    static let slashComments = SQLLexis(rawValue: 1 << 10)
    /// `q'[ … ]'` is a string.
    static let chosenQuotes = SQLLexis(rawValue: 1 << 11)
    /// `''' … '''` and `""" … """` are strings.
    static let tripleQuotes = SQLLexis(rawValue: 1 << 12)
    /// In `r'…'` a backslash is no escape.
    static let rawPrefix = SQLLexis(rawValue: 1 << 13)
    /// In `e'…'` a backslash is an escape.
    static let escapePrefix = SQLLexis(rawValue: 1 << 14)
    /// Characters without width are as if they were not there; otherwise they are white space.
    static let joinsAcrossZeroWidth = SQLLexis(rawValue: 1 << 15)

    static let postgres: SQLLexis = [.nestedComments, .dollarQuotes, .escapePrefix]
    static let mysql: SQLLexis = [.backslash, .backslashInDouble, .hashComment, .dashNeedsSpace, .executableComments]
    static let tsql: SQLLexis = [.nestedComments, .brackets]
    static let oracle: SQLLexis = [.chosenQuotes]
    static let sqlite: SQLLexis = [.brackets]
    static let bigquery: SQLLexis = [.backslash, .backslashInDouble, .hashComment, .tripleQuotes, .rawPrefix]
    static let spark: SQLLexis = [.backslash, .backslashInDouble, .nestedComments, .rawPrefix]
    static let snowflake: SQLLexis = [.backslash, .slashComments, .dollarPairs]
    static let clickhouse: SQLLexis = [.backslash, .backslashInDouble, .nestedComments, .hashSpaceComment, .dollarQuotes]

    /// All that differ from one another.
    static let all: [SQLLexis] = [.postgres, .mysql, .tsql, .oracle, .sqlite, .bigquery, .spark, .snowflake, .clickhouse]

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ dialect: SQLDialect) {
        switch dialect {
        case .postgres, .redshift, .greenplum, .materialize, .duckdb, .vertica: self = .postgres
        case .mysql, .mariadb, .doris, .starrocks: self = .mysql
        case .tsql: self = .tsql
        case .oracle: self = .oracle
        case .sqlite: self = .sqlite
        case .cassandra: self = [.slashComments, .dollarPairs]
        case .db2, .teradata, .exasol, .trino, .athena, .ansi: self = []
        case .bigquery: self = .bigquery
        case .spark, .databricks, .hive, .impala: self = .spark
        case .snowflake: self = .snowflake
        case .clickhouse: self = .clickhouse
        }
    }

    /// The rules that can matter for a text: those whose sign occurs in it. Of two lexes that agree on them one reading is enough.
    static func mattering(in text: [UInt8]) -> SQLLexis {
        var mattering: SQLLexis = []
        var openings = 0
        var dollars = 0
        var previous: UInt8 = 0
        var beforePrevious: UInt8 = 0
        for byte in text {
            switch byte {
            case 0x5C: mattering.formUnion([.backslash, .backslashInDouble, .rawPrefix, .escapePrefix])
            case 0x23: mattering.formUnion([.hashComment, .hashSpaceComment])
            case 0x24: dollars += 1
            case 0x5B: mattering.insert(.brackets)
            case 0x2F where previous == 0x2F: mattering.insert(.slashComments)
            case 0x2A where previous == 0x2F: openings += 1
            case 0x21 where previous == 0x2A && beforePrevious == 0x2F,
                0x4D where previous == 0x2A && beforePrevious == 0x2F: mattering.insert(.executableComments)
            case 0x27 where previous | 0x20 == 0x71: mattering.insert(.chosenQuotes)
            case 0x27, 0x22:
                if previous == byte && beforePrevious == byte { mattering.insert(.tripleQuotes) }
            case 0xE2, 0xEF, 0xC2, 0xE1, 0xF3: mattering.insert(.joinsAcrossZeroWidth)
            default: break
            }
            if previous == 0x2D && beforePrevious == 0x2D && byte > 0x20 { mattering.insert(.dashNeedsSpace) }
            beforePrevious = previous
            previous = byte
        }
        if previous == 0x2D && beforePrevious == 0x2D { mattering.insert(.dashNeedsSpace) }
        if openings > 1 { mattering.insert(.nestedComments) }
        if dollars > 1 { mattering.formUnion([.dollarQuotes, .dollarPairs]) }
        return mattering
    }
}
