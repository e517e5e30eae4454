// The SQLite index of a data directory: sessions, exchanges, approvals.

import GRDB

public final class Index: Sendable {
    /// Opens the index of `directory`, as another process may have it open too.
    public init(directory: String) throws { fatalError() }
}
