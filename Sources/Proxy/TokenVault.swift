// The tokens of all sessions: one table for each identity and connection, for as long as they speak to each other.

import Engine
import Synchronization

/// Tables of tokens. In memory alone: a restart forgets them, and a reload of the configuration does not.
final class TokenVault: Sendable {
    private struct Session: Hashable {
        var identity: String
        var connection: String
    }

    private struct Entry {
        var table: TokenTable
        var lastUsed: ContinuousClock.Instant
    }

    private let sessions = Mutex<[Session: Entry]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// A session that is not heard of for so long is over, as in the records.
    static let longestPause = Duration.seconds(30 * 60)
    /// With 128 KiB of values in each, 64 MiB.
    static let mostSessions = 512

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// The table of a session that has one.
    func table(of identity: String, on connection: String) -> TokenTable? { entry(Session(identity: identity, connection: connection), orMake: false) }

    /// The table of a session, a new one if need be; the one not used for longest gives way where there are too many.
    func makeTable(of identity: String, on connection: String) -> TokenTable {
        // It is made where there is none.
        entry(Session(identity: identity, connection: connection), orMake: true)!
    }

    private func entry(_ session: Session, orMake makes: Bool) -> TokenTable? {
        let now = now()
        return sessions.withLock { sessions in
            if let entry = sessions[session], entry.lastUsed.advanced(by: Self.longestPause) > now {
                sessions[session]?.lastUsed = now
                return entry.table
            }
            sessions[session] = nil
            guard makes else { return nil }
            if sessions.count >= Self.mostSessions {
                sessions = sessions.filter { $0.value.lastUsed.advanced(by: Self.longestPause) > now }
                if sessions.count >= Self.mostSessions, let oldest = sessions.min(by: { $0.value.lastUsed < $1.value.lastUsed }) { sessions[oldest.key] = nil }
            }
            let table = TokenTable()
            sessions[session] = Entry(table: table, lastUsed: now)
            return table
        }
    }
}
