// A reader of commands, and what must hold of it for any text.

import Corpus
import Foundation
import Operations

/// One reader under test, with the shipped catalogue.
public struct CommandReader: Sendable {
    /// Names of readers: domains of the judge, and `judge`, which is told nothing and finds out the language.
    public static let names = ["shell", "powershell", "code", "sql", "mongo", "redis", "nosql", "http", "parameter", "judge"]

    public let name: String
    private let judge: Judge
    private var domain: String? { name == "judge" ? nil : name }

    /// - Throws: where there is no such reader, and what is wrong with the catalogue.
    public init(_ name: String) throws {
        guard Self.names.contains(name) else { throw BrokenPromise("there is no reader \"\(name)\"; there are \(Self.names.joined(separator: ", "))") }
        self.name = name
        judge = Judge(try Corpus.catalogue(directory: Corpus.locate(nil)))
    }

    /// Nanoseconds of the processor that any text may take, and each byte of it: a hundred times what readers need, since sanitizers slow them down.
    private static let mostTime = (once: 20_000_000, byte: 20_000)

    /// - Throws: ``BrokenPromise``
    public func check(_ input: some Collection<UInt8>) throws {
        let text = String(decoding: input, as: UTF8.self)
        let count = text.utf8.count
        let start = Self.processorTime()
        let reading = judge.reading(of: text, domain: domain)
        let verdict = judge.catalogue.verdict(on: reading)
        let time = Self.processorTime() - start
        if time > Self.mostTime.once + Self.mostTime.byte * count { throw BrokenPromise("\(count) bytes took \(time / 1_000_000) ms") }
        for (place, what) in reading.operations.map({ ($0.range, $0.name) }) + reading.obscurities.map({ ($0.range, $0.reason.rawValue) })
        where place.lowerBound < 0 || place.upperBound > count {
            throw BrokenPromise("\(what) at \(place) of a text of \(count) bytes")
        }
        // A newline at the end changes nothing, unless something is open there, a quote, a here-document, an escape, or the end is a request's body.
        if reading.obscurities.contains(where: { $0.reason == .malformed }) || text.utf8.last.map({ "\\^`\r".utf8.contains($0) }) ?? true { return }
        for quote in "'\"`".utf8 where text.utf8.count(where: { $0 == quote }) % 2 == 1 { return }
        // Wide quotes are read as quotes.
        if text.utf8.contains(0xEF) { return }
        if Judge.language(of: Array(text.utf8), domain: domain) == .http { return }
        let next = judge.judge(text + "\n", domain: domain)
        if next.decision != verdict.decision {
            throw BrokenPromise("\(verdict.decision.rawValue) \(verdict.rule), and with a newline behind it \(next.decision.rawValue) \(next.rule)")
        }
    }

    private static func processorTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

/// A promise of the readers that an input showed to be broken.
public struct BrokenPromise: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
