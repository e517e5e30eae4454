// Where a chunk lies in memory while the engine reads it: always where the first byte too many is noticed.

import Foundation

/// Two places, since they catch different readers.
public enum Placement: Sendable {
    /// An allocation of its own and of just that size, gone after the call: address sanitizer sees instrumented code (Swift and C of this project) read
    /// before it, behind it, or later.
    case exactAllocation
    /// Ending at a page that may not be read: catches libraries too, which are not instrumented. Hyperscan 5.4.0 is known to read past the end.
    case beforeGuardPage

    /// Calls `body` with a copy of `bytes`.
    func with<Result>(_ bytes: ArraySlice<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .exactAllocation:
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: bytes)
            return try body(UnsafeRawBufferPointer(copy))
        case .beforeGuardPage:
            let page = GuardedPages.shared
            precondition(bytes.count <= page.capacity, "a chunk of \(bytes.count) bytes is longer than the guarded memory")
            let copy = UnsafeMutableRawBufferPointer(start: page.end - bytes.count, count: bytes.count)
            copy.copyBytes(from: bytes)
            return try body(UnsafeRawBufferPointer(copy))
        }
    }
}

/// Readable memory with an unreadable page behind it. Used by one thread, the one that runs the inputs: hence unchecked.
private final class GuardedPages: @unchecked Sendable {
    static let shared = GuardedPages()

    let end: UnsafeMutableRawPointer
    let capacity = 1 << 17

    private init() {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let mapped = mmap(nil, capacity + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { fatalError("mmap failed: \(String(cString: strerror(errno)))") }
        end = mapped + capacity
        guard mprotect(end, page, PROT_NONE) == 0 else { fatalError("mprotect failed: \(String(cString: strerror(errno)))") }
    }
}
