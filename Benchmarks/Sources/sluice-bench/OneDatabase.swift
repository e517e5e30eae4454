// The plain way to compare with: all patterns in one Hyperscan database, matches counted and nothing else.

import Engine
import Foundation
import HyperscanBaseline

/// Not to be shared between threads: a scratch serves one scan at a time.
final class OneDatabase {
    private var database: OpaquePointer?
    private var scratch: OpaquePointer?
    /// Ids of rules that Hyperscan cannot compile, which are left out.
    private(set) var leftOut: [String] = []

    /// Hyperscan knows no look-around: those of our subset are dropped, which finds a little more.
    init(_ rules: [Rule]) {
        var patterns: [String] = []
        for rule in rules {
            let pattern = Self.withoutLookAround(rule.pattern)
            if Self.compiles(pattern) { patterns.append(pattern) } else { leftOut.append(rule.id) }
        }
        let copies = patterns.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        var error: UnsafeMutablePointer<hs_compile_error_t>?
        let flags = [UInt32](repeating: 0, count: patterns.count)
        let ids = (0..<UInt32(patterns.count)).map { $0 }
        let result = hs_compile_multi(copies.map { UnsafePointer($0) }, flags, ids, UInt32(patterns.count), UInt32(HS_MODE_BLOCK), nil, &database, &error)
        precondition(result == HS_SUCCESS, "Hyperscan compiles the patterns one by one but not together")
        precondition(hs_alloc_scratch(database, &scratch) == HS_SUCCESS, "no memory for Hyperscan's scratch")
    }

    deinit {
        hs_free_scratch(scratch)
        hs_free_database(database)
    }

    /// Reports of the database in these bytes. Scans no further than 64 bytes before the end of the buffer: Hyperscan 5.4.0 may read past it.
    func matches(in bytes: UnsafeRawBufferPointer, chunk: Int) -> Int {
        var count = 0
        let end = bytes.count - 64
        withUnsafeMutablePointer(to: &count) { counter in
            var at = 0
            while at < end {
                let length = min(chunk, end - at)
                hs_scan(
                    database, bytes.baseAddress!.assumingMemoryBound(to: CChar.self) + at, UInt32(length), 0, scratch,
                    { _, _, _, _, context in
                        context!.assumingMemoryBound(to: Int.self).pointee += 1
                        return 0
                    }, counter)
                at += length
            }
        }
        return count
    }

    private static func compiles(_ pattern: String) -> Bool {
        var database: OpaquePointer?
        var error: UnsafeMutablePointer<hs_compile_error_t>?
        let result = hs_compile(pattern, 0, UInt32(HS_MODE_BLOCK), nil, &database, &error)
        if let error { hs_free_compile_error(error) }
        if let database { hs_free_database(database) }
        return result == HS_SUCCESS
    }

    /// Drops `(?=c)`, `(?!c)`, `(?<=c)`, `(?<!c)`, each of one character, escape or class.
    static func withoutLookAround(_ pattern: String) -> String {
        var result = ""
        var rest = pattern[...]
        while let first = rest.first {
            if let opening = ["(?=", "(?!", "(?<=", "(?<!"].first(where: { rest.hasPrefix($0) }) {
                rest = rest.dropFirst(opening.count)
                var inClass = false
                while let character = rest.first, inClass || character != ")" {
                    if character == "\\" { rest = rest.dropFirst() } else if character == "[" { inClass = true } else if character == "]" { inClass = false }
                    rest = rest.dropFirst()
                }
                rest = rest.dropFirst()
            } else {
                result.append(first)
                rest = rest.dropFirst()
                if first == "\\", let escaped = rest.first {
                    result.append(escaped)
                    rest = rest.dropFirst()
                }
            }
        }
        return result
    }
}
