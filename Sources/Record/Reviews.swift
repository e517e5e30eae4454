// The approvals of a data directory. Every change of state is one transaction, on disk before the call returns.

import GRDB

/// Shared by the server and the command line, which may run at the same time on the same directory.
public final class Reviews: Sendable {
    public init(_ index: Index, now: @escaping @Sendable () -> Timestamp = { .now }) {}

    /// What the request may do now: runs it if it was approved (exactly one caller gets `.run`), opens a review if there is none, or says how the one there is stands.
    ///
    /// - Parameter exchange: the one that asks.
    public func admit(_ request: ReviewRequest, exchange: ExchangeID) async throws -> Admission { fatalError() }

    /// The review of that id, or nil.
    public func review(_ id: String) async throws -> Review? { fatalError() }

    /// The review once it is no longer pending, or as it is when `timeout` has passed; nil if there is none of that id. Looks every 250 ms, since the decision is made by another process.
    public func wait(for id: String, timeout: Duration) async throws -> Review? { fatalError() }

    /// Newest first; all states if `states` is empty.
    public func list(_ states: Set<Review.State> = []) async throws -> [Review] { fatalError() }

    /// - Throws: ``ReviewError``.
    public func approve(_ id: String, by approver: Approver, note: String? = nil) async throws -> Review { fatalError() }

    /// - Throws: ``ReviewError``.
    public func deny(_ id: String, by approver: Approver, note: String? = nil) async throws -> Review { fatalError() }
}
