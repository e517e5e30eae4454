// The bar of the gauntlet: no shipped rule can be made much slower than typical traffic.

extension Bar {
    /// Of typical traffic in the same chunks.
    private static let leastShare = 0.25

    static func gauntlet(_ record: Record) -> [Bar] {
        let demand = "every rule's gauntlet\(record.gauntletProfile.map { " of `\($0)`" } ?? ""): ≥ ¼ of typical"
        guard let inputs = record.gauntlet, let worst = inputs.min(by: { $0.ratio.median < $1.ratio.median }) else {
            return [Bar(demand, measured: nil, holds: nil)]
        }
        let below = inputs.count { $0.ratio.median < leastShare }
        return [
            Bar(
                demand, measured: "\(shown(worst.ratio.median)) (\(worst.rule), \(worst.input)); \(inputs.count - below) of \(inputs.count) rules hold it",
                holds: below == 0)
        ]
    }
}
