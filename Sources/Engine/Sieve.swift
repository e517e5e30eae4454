// The sieve of a rule set: where in a buffer a match may be, found for all rules in one pass.
//
// Two stages. The first puts grams into buckets, whose sets at each offset are the unions of their grams' sets, and runs over every byte
// (ByteKernels). The second tells, for the few places that pass, which grams of the bucket stand there, seen at more offsets.

import ByteKernels

/// A gram of a rule.
struct SieveEntry: Sendable {
    /// Its number among those of all rules, in order of rules.
    var number: Int
    var rule: Int
    var anchor: Plan.Anchor
    var gram: Gram
}

/// Immutable after `init`, shared by all threads.
final class Sieve: @unchecked Sendable {
    /// Offsets at which bytes are looked at in the first stage, and all of them.
    static let offsets: [Int] = withUnsafeBytes(of: sieve_offsets) { $0.map { Int(Int8(bitPattern: $0)) } }
    static let allOffsets: [Int] = offsets + withUnsafeBytes(of: sieve_late_offsets) { $0.map { Int(Int8(bitPattern: $0)) } }

    let entries: [SieveEntry]
    /// Entries by bucket: see ``SieveBuckets``.
    let buckets: [[Int]]
    /// Bucket, offset, byte → a bit for each of the bucket's grams.
    private let grams: UnsafeMutablePointer<UInt32>
    private let tables: UnsafeMutablePointer<sieve>
    private let variant: kernel_variant

    static let bucketCount = 8 * Int(SIEVE_BYTES)

    /// - Parameter buckets: how the entries are divided, if that was found out before.
    init(_ entries: [SieveEntry], buckets: [[Int]]? = nil, variant: kernel_variant) {
        self.entries = entries
        self.variant = variant
        let buckets = buckets ?? SieveBuckets.divide(entries.map(\.gram), into: Self.bucketCount, offsets: Self.offsets)
        self.buckets = buckets
        let memory = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<sieve>.size, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<sieve>.size)
        tables = memory.bindMemory(to: sieve.self, capacity: 1)
        let gramWords = Self.bucketCount * Self.allOffsets.count * 256
        grams = UnsafeMutableRawPointer.allocate(byteCount: gramWords * MemoryLayout<UInt32>.size, alignment: 64).initializeMemory(as: UInt32.self, repeating: 0, count: gramWords)

        withUnsafeMutableBytes(of: &tables.pointee.sets) { sets in
            let sets = sets.bindMemory(to: UInt32.self)
            for (bucket, members) in buckets.enumerated() {
                for (bit, entry) in members.enumerated() {
                    for (index, offset) in Self.allOffsets.enumerated() {
                        let set = entries[entry].gram[offset]
                        for byte in UInt8.min...UInt8.max where set.contains(byte) {
                            grams[(bucket * Self.allOffsets.count + index) * 256 + Int(byte)] |= 1 << UInt32(bit)
                            sets[index * 256 + Int(byte)] |= 1 << UInt32(bucket)
                        }
                    }
                }
            }
        }
        for (bucket, members) in buckets.enumerated() {
            let literals = members.compactMap { entries[$0].gram.literals }
            guard literals.count == members.count else { continue }
            tables.pointee.literal_buckets |= 1 << UInt32(bucket)
            for literal in literals.joined() { sieve_add_literal(tables, literal) }
        }
        sieve_prepare(tables)
    }

    deinit {
        UnsafeMutableRawPointer(tables).deallocate()
        grams.deallocate()
    }

    /// The grams that may stand at a place near the end of what has arrived.
    ///
    /// - Parameters:
    ///   - position: a place in `bytes`, which have `KERNEL_SLACK` readable bytes in front.
    ///   - places: room for ``bucketCount``.
    /// - Returns: how many were written there.
    @inline(__always)
    func look(at position: Int, in bytes: UnsafeBufferPointer<UInt8>, into places: UnsafeMutablePointer<sieve_place>) -> Int {
        sieve_look(tables, grams, bytes.baseAddress.unsafelyUnwrapped + position, bytes.count - position, UInt32(truncatingIfNeeded: position), places)
    }

    /// Bytes that are put through both stages before the next ones.
    static let slice = 4096
    /// Hits that are looked at again at a time.
    private static let sifted = 64

    /// Finds the places in `bytes` where grams stand, in order.
    ///
    /// - Parameters:
    ///   - bytes: with `KERNEL_SLACK` readable bytes on both sides.
    ///   - hits: work space for ``slice`` of them.
    func find(in bytes: UnsafeBufferPointer<UInt8>, hits: UnsafeMutablePointer<sieve_hit>, into places: inout PlaceList) {
        guard let base = bytes.baseAddress else { return }
        for start in stride(from: 0, to: bytes.count, by: Self.slice) {
            let count = sieve_run(tables, variant, base + start, min(Self.slice, bytes.count - start), hits)
            for first in stride(from: 0, to: count, by: Self.sifted) {
                let number = min(Self.sifted, count - first)
                let end = places.room(for: number * Self.bucketCount)
                let found = sieve_sift(tables, grams, base + start, hits + first, number, end)
                places.add(found, movedBy: start)
            }
        }
    }
}

/// Places of one or more sieves, one after the other, in memory that is kept.
struct PlaceList: ~Copyable {
    private var places: UnsafeMutablePointer<sieve_place>
    private var capacity = 4096
    private(set) var count = 0

    init() { places = .allocate(capacity: capacity) }

    deinit { places.deallocate() }

    subscript(index: Int) -> sieve_place { places[index] }

    subscript(range: Range<Int>) -> UnsafeBufferPointer<sieve_place> { UnsafeBufferPointer(start: places + range.lowerBound, count: range.count) }

    mutating func removeAll() { count = 0 }

    /// Where the next ones go, of which there may be `number`.
    fileprivate mutating func room(for number: Int) -> UnsafeMutablePointer<sieve_place> {
        if count + number > capacity {
            capacity = max(capacity * 2, count + number)
            let larger = UnsafeMutablePointer<sieve_place>.allocate(capacity: capacity)
            larger.moveInitialize(from: places, count: count)
            places.deallocate()
            places = larger
        }
        return places + count
    }

    fileprivate mutating func add(_ number: Int, movedBy offset: Int) {
        if offset > 0 { for index in count..<count + number { places[index].position &+= UInt32(truncatingIfNeeded: offset) } }
        count += number
    }
}

/// Puts grams into buckets so that few places of ordinary traffic pass: those are merged whose union passes least more.
enum SieveBuckets {
    /// Grams in a bucket: one bit each. (Words of this size keep what a bucket says of all digits at an offset in one cache line, of all letters in two.)
    static let mostInBucket = 32
    static let most = 8 * Int(SIEVE_BYTES) * mostInBucket

    /// Places of the sample that are looked at.
    private static let sampled = 2048

    private struct Cluster {
        var members: [Int]
        /// Offset → a bit for each sampled place whose byte there is in the set.
        var places: [UInt64]
        var cost: Double
    }

    /// Grams that begin with known bytes and those that do not are kept apart, so that the former's buckets can be asked for these bytes.
    static func divide(_ grams: [Gram], into count: Int, offsets: [Int]) -> [[Int]] {
        let literal = grams.indices.filter { grams[$0].literals != nil }
        let others = grams.indices.filter { grams[$0].literals == nil }
        if others.isEmpty { return cluster(grams, into: count, offsets: Array(offsets.prefix(Int(SIEVE_NEAR_OFFSETS)))) }
        if literal.isEmpty || grams.count <= count { return cluster(grams, into: count, offsets: offsets) }
        // Others let more pass, and so get more room. Each part has to have room for its members.
        let wanted = count * literal.count / (literal.count + otherWeight * others.count)
        let least = (literal.count + mostInBucket - 1) / mostInBucket
        let most = count - (others.count + mostInBucket - 1) / mostInBucket
        let share = min(max(wanted, least, 1), most)
        return cluster(literal.map { grams[$0] }, into: share, offsets: offsets).map { $0.map { literal[$0] } }
            + cluster(others.map { grams[$0] }, into: count - share, offsets: offsets).map { $0.map { others[$0] } }
    }

    private static let otherWeight = 2

    private static func cluster(_ grams: [Gram], into count: Int, offsets: [Int]) -> [[Int]] {
        let sample = SampleTraffic.bytes
        let words = sampled / 64
        let step = (sample.count - 64) / sampled
        func places(_ set: ByteSet, _ offset: Int) -> [UInt64] {
            var bits = [UInt64](repeating: 0, count: words)
            for index in 0..<sampled where set.contains(sample[16 + index * step + offset]) { bits[index >> 6] |= 1 << UInt64(index & 63) }
            return bits
        }
        var known: [Int: [ByteSet: [UInt64]]] = [:]
        func merged(_ a: [UInt64], _ b: [UInt64]) -> Double {
            // Places that pass, and the number to be expected if bytes were independent, which tells apart what the sample does not meet.
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    var passing = 0
                    var product = Double(sampled)
                    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { all in
                        for word in 0..<words { all[word] = .max }
                        for offset in offsets.indices {
                            var inside = 0
                            for word in 0..<words {
                                let either = a[offset * words + word] | b[offset * words + word]
                                inside += either.nonzeroBitCount
                                all[word] &= either
                            }
                            product *= (Double(inside) + 0.5) / Double(sampled)
                        }
                        for word in 0..<words { passing += all[word].nonzeroBitCount }
                    }
                    return Double(passing) + product
                }
            }
        }
        var clusters: [Cluster] = grams.enumerated().map { index, gram in
            let bits = offsets.flatMap { offset -> [UInt64] in
                if let bits = known[offset]?[gram[offset]] { return bits }
                let bits = places(gram[offset], offset)
                known[offset, default: [:]][gram[offset]] = bits
                return bits
            }
            return Cluster(members: [index], places: bits, cost: merged(bits, bits))
        }
        /// Each cluster's best partner behind it, and what the merge would add.
        func best(for index: Int) -> (partner: Int, added: Double)? {
            var found: (partner: Int, added: Double)?
            for other in clusters.indices where other > index {
                guard clusters[index].members.count + clusters[other].members.count <= mostInBucket else { continue }
                let added = merged(clusters[index].places, clusters[other].places) - clusters[index].cost - clusters[other].cost
                if added < found?.added ?? .infinity { found = (other, added) }
            }
            return found
        }
        var partners = clusters.indices.map(best)
        while clusters.count > count {
            guard let first = partners.indices.min(by: { (partners[$0]?.added ?? .infinity) < (partners[$1]?.added ?? .infinity) }),
                let second = partners[first]?.partner
            else { break }
            clusters[first].members += clusters[second].members
            for word in clusters[first].places.indices { clusters[first].places[word] |= clusters[second].places[word] }
            clusters[first].cost = merged(clusters[first].places, clusters[first].places)
            clusters.remove(at: second)
            partners.remove(at: second)
            for index in partners.indices {
                guard let partner = partners[index]?.partner else {
                    if index != first { continue }
                    partners[index] = best(for: index)
                    continue
                }
                if index == first || partner == first || partner == second {
                    partners[index] = best(for: index)
                } else {
                    if partner > second { partners[index]!.partner -= 1 }
                    if index < first {
                        let added = merged(clusters[index].places, clusters[first].places) - clusters[index].cost - clusters[first].cost
                        if added < partners[index]!.added, clusters[index].members.count + clusters[first].members.count <= mostInBucket { partners[index] = (first, added) }
                    }
                }
            }
        }
        // Where buckets of odd sizes are left that do not fit together, the smallest are put wherever there is room.
        var result = clusters.map(\.members).sorted { $0.count > $1.count }
        while result.count > count {
            for member in result.removeLast() {
                let room = result[..<count].indices.filter { result[$0].count < mostInBucket }.min { result[$0].count < result[$1].count }
                result[room!].append(member)
            }
        }
        return result
    }
}
