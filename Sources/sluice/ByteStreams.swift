// Bytes in and out of a command: plain reads and writes on file descriptors, in constant memory.

import Foundation

/// Whoever read our output went away (EPIPE).
enum ReaderGone: Error { case readerGone }

/// A file, or standard input, read from start to end.
struct ByteSource: ~Copyable {
    private let descriptor: Int32
    private let name: String
    private let owned: Bool

    /// - Parameter path: nil or `-` for standard input.
    init(path: String?) throws {
        guard let path, path != "-" else {
            (descriptor, name, owned) = (STDIN_FILENO, "standard input", false)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError("\(path): \(reason())", hint: "name a file that exists, or - for standard input") }
        (self.descriptor, name, owned) = (descriptor, path, true)
    }

    deinit { if owned { close(descriptor) } }

    /// Reads what is there, at most as much as `buffer` holds; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw CommandError("\(name): \(reason())") }
        }
    }

    /// Reads until `buffer` is full or the input ends.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}

/// Lines of a source, of any length, without their newline.
struct LineSource: ~Copyable {
    private let source: ByteSource
    private var pending: [UInt8] = []
    private var at = 0
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(_ source: consuming ByteSource) { self.source = source }

    /// Whether a whole line is there without another read.
    var hasLine: Bool { pending[at...].contains(UInt8(ascii: "\n")) }

    /// The next line, or nil at the end.
    mutating func next() throws -> ArraySlice<UInt8>? {
        var searched = at
        while true {
            if let newline = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { at = newline + 1 }
                return pending[at..<newline]
            }
            if at > 0 {
                pending.removeFirst(at)
                at = 0
            }
            searched = pending.count
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 {
                if pending.isEmpty { return nil }
                at = pending.count
                return pending[...]
            }
            pending += buffer[..<count]
        }
    }
}

/// Writes all of `bytes`.
///
/// - Throws: `ReaderGone` where nobody reads any more.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32 = STDOUT_FILENO) throws {
    var rest = bytes
    while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EPIPE {
            throw ReaderGone.readerGone
        } else if errno != EINTR {
            throw CommandError("standard output: \(reason())")
        }
    }
}

func writeAll(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) throws {
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor) }
}

private func reason() -> String { String(cString: strerror(errno)) }
