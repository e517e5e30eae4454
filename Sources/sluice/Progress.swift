// How far a long command is, on standard error, where a person may be watching.

import Foundation
import Synchronization

/// A line that is written over as work is done. Nothing is written where standard error is no terminal.
final class Progress: Sendable {
    private let what: String
    private let total: Int
    private let shows = isatty(STDERR_FILENO) == 1
    private let latest = Mutex(0)

    /// - Parameter what: of which there are `total`, for example `rules`.
    init(_ total: Int, _ what: String) {
        self.total = total
        self.what = what
    }

    /// Says that so many are done. From any thread; a number smaller than the one before is passed over.
    func reach(_ done: Int) {
        guard shows else { return }
        latest.withLock {
            guard done > $0 else { return }
            $0 = done
            FileHandle.standardError.write(Data("\r\(done)/\(total) \(what)".utf8))
        }
    }

    /// Wipes the line.
    func end() {
        if shows { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
    }
}
