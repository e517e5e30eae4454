// One server per data directory.

import Foundation
import Synchronization

/// An advisory lock on `<directory>/lock` (flock), gone with the process that holds it.
final class DirectoryLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Throws: ``RecordError`` if another process, or another recorder of this one, holds it.
    init(_ directory: String) throws(RecordError) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RecordError("\(path) cannot be opened: \(String(cString: strerror(errno)))", hint: "check who may write to the data directory")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RecordError(
                "the data directory \(directory) is in use by another server", hint: "stop it first, or give this one a directory of its own in `data:`")
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            close(descriptor)
            descriptor = -1
        }
    }
}
