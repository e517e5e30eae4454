// Finds where the core of some rule ends, for the rules that the planner leaves to Hyperscan. The only file that knows Hyperscan.

import ByteKernels
import CHyperscan
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A place where the core of a rule ends, so that a match may have begun before it.
struct CoreEnd {
    /// End and rule in one number, so that a list is put in order of ends by comparing numbers.
    fileprivate let key: UInt64

    init(rule: UInt32, end: UInt32) { key = UInt64(end) << 32 | UInt64(rule) }

    var rule: Int { Int(key & 0xFFFF_FFFF) }
    /// Byte offset behind the core's last byte.
    var end: Int { Int(key >> 32) }
}

/// The Hyperscan databases of a rule set. Block mode, without start of match: starts are found by our own automata.
///
/// Rules are divided by how costly their cores are to look for: a few without a literal slow all others down if they share a database.
final class CoreFinder: @unchecked Sendable {
    // Databases are read-only after `init`; Hyperscan allows their use from any thread, each with its own scratch.
    private var databases: [OpaquePointer] = []
    /// Whose databases come first, and are not ours to free.
    private let base: CoreFinder?
    var isEmpty: Bool { databases.isEmpty }

    /// - Parameter base: knows the rules in front of `rules`, which are numbered on.
    init(_ rules: ArraySlice<CompiledRule>, behind base: CoreFinder? = nil) throws(RuleError) {
        self.base = base
        databases = base?.databases ?? []
        let all = zip(rules.indices, rules).map { (offset: $0, element: $1) }.filter { $0.element.plan.isForHyperscan }
        let groups = [all.filter { $0.element.core.literalLength >= 3 }, all.filter { $0.element.core.literalLength < 3 }]
        for group in groups where !group.isEmpty {
            databases.append(try Self.compile(group.map { ($0.offset, $0.element.core.expression) }, rules))
        }
    }

    deinit { for database in databases.dropFirst(base?.databases.count ?? 0) { hs_free_database(database) } }

    private static func compile(_ expressions: [(rule: Int, text: String)], _ rules: ArraySlice<CompiledRule>) throws(RuleError) -> OpaquePointer {
        // Expressions end in a zero byte each, all in one buffer that Hyperscan only reads.
        let offsets = expressions.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.text.utf8.count + 1) }
        let text = expressions.flatMap { Array($0.text.utf8CString) }
        let flags = [UInt32](repeating: UInt32(HS_FLAG_DOTALL), count: expressions.count)
        let ids = expressions.map { UInt32($0.rule) }
        var database: OpaquePointer?
        var problem: UnsafeMutablePointer<hs_compile_error_t>?
        let status = text.withUnsafeBufferPointer { text in
            let pointers: [UnsafePointer<CChar>?] = offsets.dropLast().map { text.baseAddress.unsafelyUnwrapped + $0 }
            return hs_compile_multi(pointers, flags, ids, UInt32(expressions.count), UInt32(HS_MODE_BLOCK), nil, &database, &problem)
        }
        if status == HS_SUCCESS, let database { return database }
        defer { hs_free_compile_error(problem) }
        let index = Int(problem?.pointee.expression ?? 0)
        let said = problem.map { String(cString: $0.pointee.message) } ?? "error \(status)"
        let rule = rules[expressions[expressions.indices.contains(index) ? index : 0].rule].rule.id
        throw RuleError(rule: rule, message: "Hyperscan cannot compile it: \(said)", hint: "make the bounds of repeats smaller")
    }

    /// What databases depend on besides their expressions: Hyperscan's version, and the features of the processor that it uses.
    static var platform: String {
        var platform = hs_platform_info_t()
        // Without it databases are made for this machine all the same; the version alone then names it.
        guard hs_populate_platform(&platform) == HS_SUCCESS else { return String(cString: hs_version()) }
        return "\(String(cString: hs_version())) features \(platform.cpu_features) tuned \(platform.tune)"
    }

    func write(to archive: inout ArchiveWriter) throws(ArchiveError) {
        archive.append(databases.count)
        for database in databases {
            var bytes: UnsafeMutablePointer<CChar>?
            var count = 0
            guard hs_serialize_database(database, &bytes, &count) == HS_SUCCESS, let bytes else { throw .notWritten }
            archive.append(UnsafeRawBufferPointer(start: bytes, count: count))
            free(bytes)
        }
    }

    /// Hyperscan checks version, processor and a checksum of its own.
    init(from archive: inout ArchiveReader) throws(ArchiveError) {
        base = nil
        for _ in 0..<(try archive.count(atMost: 1000)) {
            let bytes = try archive.bytes()
            var database: OpaquePointer?
            guard hs_deserialize_database(bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, &database) == HS_SUCCESS, let database else {
                throw .damaged
            }
            databases.append(database)
        }
    }

    /// Scratch space for one scan at a time.
    func makeScratch() throws(MaskError) -> OpaquePointer {
        var scratch: OpaquePointer?
        for database in databases {
            let status = hs_alloc_scratch(database, &scratch)
            if status != HS_SUCCESS {
                hs_free_scratch(scratch)
                throw MaskError(description: "no scratch space for Hyperscan (error \(status))")
            }
        }
        guard let scratch else { throw MaskError(description: "there is no database to make scratch space for") }
        return scratch
    }

    static func release(scratch: OpaquePointer) { hs_free_scratch(scratch) }

    /// Appends the ends of cores in `bytes` to `list`, in no particular order.
    ///
    /// At least ``slack`` bytes behind `bytes` must be readable: Hyperscan 5.4.0 reads a few bytes past the end on machines with AVX512-VBMI.
    func find(in bytes: UnsafeRawBufferPointer, scratch: OpaquePointer, into list: inout CoreList) throws(MaskError) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        for database in databases {
            let status = withUnsafeMutablePointer(to: &list) { list in
                hs_scan(database, start.assumingMemoryBound(to: CChar.self), UInt32(bytes.count), 0, scratch, noteCore, list)
            }
            if status != HS_SUCCESS { throw MaskError(description: "Hyperscan failed while scanning (error \(status))") }
        }
    }

    /// Readable bytes needed behind every buffer that is scanned (ENGINE: the over-read).
    static let slack = Int(KERNEL_SLACK)
}

/// A growing list that Hyperscan's callback can append to.
struct CoreList: ~Copyable {
    private(set) var storage: UnsafeMutablePointer<CoreEnd>
    private(set) var count = 0
    private var capacity: Int

    init() {
        capacity = 256
        storage = .allocate(capacity: capacity)
    }

    deinit { storage.deallocate() }

    mutating func removeAll() { count = 0 }

    mutating func append(_ core: CoreEnd) {
        if count == capacity {
            let larger = UnsafeMutablePointer<CoreEnd>.allocate(capacity: capacity * 2)
            larger.update(from: storage, count: count)
            storage.deallocate()
            storage = larger
            capacity *= 2
        }
        storage[count] = core
        count += 1
    }

    /// In order of end.
    mutating func sort() {
        var list = UnsafeMutableBufferPointer(start: storage, count: count)
        list.sort { $0.key < $1.key }
    }

    subscript(_ index: Int) -> CoreEnd { storage[index] }
}

private func noteCore(
    _ id: UInt32, _ from: UInt64, _ to: UInt64, _ flags: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    context.unsafelyUnwrapped.assumingMemoryBound(to: CoreList.self).pointee.append(CoreEnd(rule: id, end: UInt32(to)))
    return 0
}
