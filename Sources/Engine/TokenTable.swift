// Tokens that stand for values on their way out, and come back as the values.
//
// Decision 0006 has their form, their bounds, and what happens where these are reached.

import Cryptography
import Synchronization

/// What the tokens of one session stand for. In memory alone; shared by the exchanges of the session.
public final class TokenTable: Sendable {
    private struct State {
        var tokens: [Value: [UInt8]] = [:]
        var values: [[UInt8]: [UInt8]] = [:]
        /// Of all values together.
        var bytes = 0
    }

    private struct Value: Hashable {
        var entity: String
        var bytes: [UInt8]
    }

    private let state = Mutex(State())
    private let mostTokens: Int
    private let mostBytes: Int

    /// - Parameters:
    ///   - mostTokens: in a table; there are no more then.
    ///   - mostBytes: of all values together.
    public init(mostTokens: Int = 1024, mostBytes: Int = 128 * 1024) { (self.mostTokens, self.mostBytes) = (mostTokens, mostBytes) }

    public var isEmpty: Bool { state.withLock { $0.values.isEmpty } }

    /// What a token looks like: the entity, and 64 random bits as letters in two runs (see ``HashLabel``).
    static let pattern = #"\[[A-Z][A-Z0-9_]{0,63}:token:[a-p]{8}-[a-p]{8}\]"#

    /// The token of a value, the same for the same value; nil where the table is full, or the entity is not one of a corpus.
    func token(for bytes: [UInt8], of entity: String) -> [UInt8]? {
        guard entity.utf8.count <= 64, entity.utf8.first.map({ ByteSet(ascii: "ABCDEFGHIJKLMNOPQRSTUVWXYZ").contains($0) }) == true,
            entity.utf8.allSatisfy({ ByteSet(ascii: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_").contains($0) })
        else { return nil }
        return state.withLock { state in
            // The caller sends what it was not given back.
            if state.values[bytes] != nil { return bytes }
            let value = Value(entity: entity, bytes: bytes)
            if let token = state.tokens[value] { return token }
            guard state.values.count < mostTokens, state.bytes + bytes.count <= mostBytes else { return nil }
            let token = HashLabel.label(entity, "token", randomBytes(8))
            state.tokens[value] = token
            state.values[token] = bytes
            state.bytes += bytes.count
            return token
        }
    }

    /// What a token of this table stands for.
    func value(of token: [UInt8]) -> [UInt8]? { state.withLock { $0.values[token] } }
}

/// What the action `token` does in a set of rules.
enum TokenUse: Sendable {
    /// Puts tokens in the place of values.
    case issuing(TokenTable)
    /// Puts values in the place of tokens.
    case restoring(TokenTable)

    /// What stands for a part; nil for the plain label.
    func written(_ entity: String, of part: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        switch self {
        case .issuing(let table): table.token(for: Array(part), of: entity)
        // Of another session, or of none: it stays a token.
        case .restoring(let table): table.value(of: Array(part)) ?? Array(part)
        }
    }
}

extension RuleSet {
    /// The rules of `base`, whose action `token` puts tokens of the table in the place of values. Nothing is compiled or copied.
    public convenience init(_ base: RuleSet, issuing table: TokenTable) { self.init(sharing: base, .issuing(table)) }

    /// What gives the values back for the tokens of a table, and does nothing else.
    public convenience init(restoring table: TokenTable) { self.init(sharing: Self.tokens, .restoring(table)) }

    private static let tokens: RuleSet = {
        do { return try RuleSet([Rule(id: "token", entity: "TOKEN", pattern: TokenTable.pattern, action: .token)]) } catch { fatalError("the pattern of tokens does not load: \(error)") }
    }()
}
