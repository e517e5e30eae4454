// The plain way to compare with: patterns in one Hyperscan database, matches counted and nothing else.

import Engine
import Foundation
import HyperscanBaseline

/// Not to be shared between threads: a scratch serves one scan at a time.
final class HyperscanDatabase {
    private var database: OpaquePointer?
    private var scratch: OpaquePointer?
    /// Patterns in the database.
    private(set) var patternCount = 0
    /// Ids of rules that Hyperscan cannot compile, which are left out.
    private(set) var leftOut: [String] = []
    let compileSeconds: Double

    /// A block database, without starts of matches. Hyperscan knows no look-around: those of our subset are dropped, which finds a little more.
    ///
    /// - Throws: ``HyperscanError`` if the patterns compile one by one but not together.
    init(_ rules: [Rule]) throws {
        let start = now()
        let all = rules.map { Self.withoutLookAround($0.pattern) }
        var message = Self.compile(all, into: &database)
        patternCount = all.count
        if message != nil {
            let ones = zip(rules, all).filter { Self.compiles($0.1) }
            leftOut = Set(rules.map(\.id)).subtracting(ones.map(\.0.id)).sorted()
            message = Self.compile(ones.map(\.1), into: &database)
            patternCount = ones.count
        }
        if let message { throw HyperscanError(description: "Hyperscan cannot compile \(patternCount) patterns into one database: \(message)") }
        guard hs_alloc_scratch(database, &scratch) == HS_SUCCESS else { throw HyperscanError(description: "no memory for Hyperscan's scratch") }
        compileSeconds = Double(now() - start) * 1e-9
    }

    deinit {
        hs_free_scratch(scratch)
        hs_free_database(database)
    }

    /// Counts what the database reports in the chunks of a run, each scanned by itself.
    func reports(in run: Run) -> Int {
        var count = 0
        run.body.withBytes { bytes in
            withUnsafeMutablePointer(to: &count) { counter in
                var at = 0
                for end in run.ends {
                    let status = hs_scan(
                        database, bytes.baseAddress!.assumingMemoryBound(to: CChar.self) + at, UInt32(end - at), 0, scratch,
                        { _, _, _, _, context in
                            context!.assumingMemoryBound(to: Int.self).pointee += 1
                            return 0
                        }, counter)
                    precondition(status == HS_SUCCESS, "Hyperscan failed")
                    at = end
                }
            }
        }
        return count
    }

    /// Nil if it went well.
    private static func compile(_ patterns: [String], into database: inout OpaquePointer?) -> String? {
        let copies = patterns.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        var error: UnsafeMutablePointer<hs_compile_error_t>?
        defer { hs_free_compile_error(error) }
        let flags = [UInt32](repeating: 0, count: patterns.count)
        let ids = patterns.indices.map { UInt32($0) }
        let result = hs_compile_multi(copies.map { UnsafePointer($0) }, flags, ids, UInt32(patterns.count), UInt32(HS_MODE_BLOCK), nil, &database, &error)
        return result == HS_SUCCESS ? nil : error.map { String(cString: $0.pointee.message) } ?? "error \(result)"
    }

    private static func compiles(_ pattern: String) -> Bool {
        var database: OpaquePointer?
        defer { hs_free_database(database) }
        return compile([pattern], into: &database) == nil
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

struct HyperscanError: Error, CustomStringConvertible {
    var description: String
}
