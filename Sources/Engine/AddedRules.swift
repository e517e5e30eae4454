// Rule sets that build upon another: a few rules more, without compiling the many again.

import ByteKernels

extension RuleSet {
    /// The rules of `base` and `rules` behind them. Means the same as compiling all together, but only `rules` are compiled; the tables of the others are
    /// shared with `base`.
    ///
    /// - Throws: the first of `rules` that cannot be loaded, and why.
    public convenience init(_ base: RuleSet, adding rules: [Rule]) throws(RuleError) {
        try Self.requireOwnIds(base.rules + rules)
        var compiled = base.compiled
        for rule in rules where !rule.hasNoPattern {
            let rule = try CompiledRule(rule)
            try Gauntlet.judge(rule)
            compiled.append(rule)
        }
        try self.init(
            base.rules + rules, compiled, PlaceFinder(base.finder, adding: compiled[base.compiled.count...], to: compiled), Scout(compiled, behind: base.scout),
            numbers: base.numbers, hashKey: base.hashKey, judge: base.judge)
    }
}

extension PlaceFinder {
    /// - Parameters:
    ///   - added: the rules that `base` does not know.
    ///   - rules: all of them.
    fileprivate convenience init(_ base: PlaceFinder, adding added: ArraySlice<CompiledRule>, to rules: [CompiledRule]) throws(RuleError) {
        let entries = Self.entries(of: added, from: base.sieves.reduce(0) { $0 + $1.entries.count })
        var sieves = base.sieves
        if let last = sieves.last, last.entries.count + entries.count <= SieveBuckets.most {
            sieves[sieves.count - 1] = last.adding(entries, variant: KernelVariant.best)
        } else {
            sieves += Self.sieves(of: entries, variant: KernelVariant.best)
        }
        self.init(rules, sieves, try CoreFinder(added, behind: base.cores))
    }
}

extension Sieve {
    /// The same sieve with more grams in its buckets: each in the one where it lets the fewest places of the sample pass.
    fileprivate func adding(_ added: [SieveEntry], variant: kernel_variant) -> Sieve {
        var buckets = self.buckets
        var sets = buckets.map { members in
            Self.offsets.map { offset in members.reduce(ByteSet()) { $0 | entries[$1].gram[offset] } }
        }
        while buckets.count < Self.bucketCount {
            buckets.append([])
            sets.append(Array(repeating: ByteSet(), count: Self.offsets.count))
        }
        for (number, entry) in added.enumerated() {
            let gram = Self.offsets.map { entry.gram[$0] }
            let costs = buckets.indices.map { bucket in
                buckets[bucket].count == SieveBuckets.mostInBucket
                    ? Int.max : Self.passing(zip(sets[bucket], gram).map { $0 | $1 }) - Self.passing(sets[bucket])
            }
            // There is room: the caller has counted.
            let bucket = costs.indices.min { (costs[$0], buckets[$0].count) < (costs[$1], buckets[$1].count) }!
            buckets[bucket].append(entries.count + number)
            sets[bucket] = zip(sets[bucket], gram).map { $0 | $1 }
        }
        return Sieve(entries + added, buckets: buckets, variant: variant)
    }

    /// Places of the sample that pass these sets, one for each offset.
    private static func passing(_ sets: [ByteSet]) -> Int {
        let sample = SampleTraffic.bytes
        return (1..<sample.count - offsets[offsets.count - 1]).count { place in
            for (index, offset) in offsets.enumerated() where !sets[index].contains(sample[place + offset]) { return false }
            return true
        }
    }
}
