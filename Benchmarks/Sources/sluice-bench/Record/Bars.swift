// The bars: what is demanded, what was measured, and whether it holds. Computed, never written by hand.

/// One bar, judged.
struct Bar: Codable {
    var demand: String
    var measured: String
    var verdict: Verdict

    enum Verdict: String, Codable {
        case held = "yes"
        case missed = "no"
        case notMeasured = "not measured"
    }

    /// - Parameter holds: nil where a figure is missing.
    init(_ demand: String, measured: String?, holds: Bool?) {
        self.demand = demand
        self.measured = measured ?? "–"
        verdict = holds.map { $0 ? .held : .missed } ?? .notMeasured
    }
}

extension Bar {
    /// What a bar is judged by: a record in, bars out. Who adds a bar writes a file with a function like these, and its name here.
    static let judges: [@Sendable (Record) -> [Bar]] = [speed, smallChunks, structure, eventDelay, dense, commands, gauntlet, held, state, start]

    static func all(of record: Record) -> [Bar] { judges.flatMap { $0(record) } }

    /// GB/s of the full default profile at line rate on one core: 10 GbE.
    static let lineRate = 1.25
    private static let typical = "vendor-json"
    private static let payloads = ["canada", "citm_catalog", "twitter"]
    private static let bodies = [typical] + payloads
    /// Chunks of the sizes that a proxy reads.
    private static let chunks = [16 << 10, 64 << 10]

    private static func speed(_ record: Record) -> [Bar] {
        bodies.flatMap { body -> [Bar] in
            let found = chunks.compactMap { record.measurement(body, $0)?.speed }
            let isWhole = found.count == chunks.count
            let speeds = found.map(\.engine.median)
            let ratios = found.map { ($0.engine / $0.oneDatabase).median }
            return [
                Bar(
                    "\(body), 16 and 64 KiB: ≥ \(lineRate) GB/s", measured: isWhole ? speeds.map(shown).joined(separator: " and ") : nil,
                    holds: isWhole ? speeds.allSatisfy { $0 >= lineRate } : nil),
                Bar(
                    "\(body), 16 and 64 KiB: ≥ 20 × one database", measured: isWhole ? ratios.map(shown).joined(separator: " and ") : nil,
                    holds: isWhole ? ratios.allSatisfy { $0 >= 20 } : nil),
            ]
        }
    }

    private static func smallChunks(_ record: Record) -> [Bar] {
        bodies.map { body in
            let small = record.measurement(body, 1024)?.speed.engine.median
            let large = record.measurement(body, 16 << 10)?.speed.engine.median
            let share = small.flatMap { small in large.map { ", \(shown(small / $0)) of its 16 KiB" } } ?? ""
            return Bar(
                "\(body), 1 KiB: ≥ \(lineRate / 2) GB/s", measured: small.map { shown($0) + share }, holds: small.map { $0 >= lineRate / 2 })
        }
    }

    /// Reading the structure of a document, and the names and ways of field rules, beside reading the same bytes as text.
    private static func structure(_ record: Record) -> [Bar] {
        let text = record.measurement("vendor-text", 64 << 10)?.speed.engine.median
        let names = record.measurement(typical, 64 << 10)?.speed.engine.median
        let paths = record.measurement("vendor-paths", 64 << 10)?.speed.engine.median
        let share = names.flatMap { names in text.map { names / $0 } }
        return [
            Bar("\(typical), its fields by name: ≥ 0.8 of the same bytes as text, 64 KiB", measured: share.map(shown), holds: share.map { $0 >= 0.8 }),
            Bar("vendor-paths, fields by their ways, 64 KiB: ≥ 0.5 GB/s", measured: paths.map(shown), holds: paths.map { $0 >= 0.5 }),
        ]
    }

    private static func eventDelay(_ record: Record) -> [Bar] {
        [
            ("model-stream", "event", "OpenAI's chunks"), ("response-stream", "event", "OpenAI's responses"), ("tool-stream", "event", "a tool's arguments"),
            ("line-stream", "line", "lines of NDJSON"),
        ].map { workload, chunk, name in
            let delay = record.measurements.first { $0.workload == workload && $0.chunk == chunk }?.delay
            return Bar(
                "events with 40 bytes of text, \(name): delay p99 ≤ 20 µs", measured: delay.map { "\(shown(Double($0.p99) / 1000)) µs" },
                holds: delay.map { $0.p99 <= 20_000 })
        }
    }

    private static func dense(_ record: Record) -> [Bar] {
        let dense = record.measurement("dense-json", 16 << 10)?.speed.engine.median
        let usual = record.measurement(typical, 16 << 10)?.speed.engine.median
        let share = dense.flatMap { dense in usual.map { dense / $0 } }
        return [Bar("dense-json: ≥ ⅓ of \(typical), 16 KiB", measured: share.map(shown), holds: share.map { $0 >= 1.0 / 3 })]
    }

    /// What reading commands costs the streams of models.
    private static func commands(_ record: Record) -> [Bar] {
        ["commands-model-stream", "commands-response-stream", "commands-tool-stream", "commands-markdown-stream"].map { name in
            let share = record.measurements.first { $0.workload == name && $0.chunk == "event" }?.speed.ofBeside?.median
            return Bar("\(name): ≥ 0.9 of the speed without `commands`", measured: share.map(shown), holds: share.map { $0 >= 0.9 })
        }
    }

    private static func held(_ record: Record) -> [Bar] {
        bodies.map { body in
            let bytes = record.held.first { $0.workload == body && $0.point == nil }?.bytes
            return Bar(
                "\(body): bytes held at random cuts p50 ≤ 4, p99 ≤ 40", measured: bytes.map { "\($0.p50) and \($0.p99)" },
                holds: bytes.map { $0.p50 <= 4 && $0.p99 <= 40 })
        }
    }

    private static func state(_ record: Record) -> [Bar] {
        let idle = record.streams.filter { ["open-model-streams", "open-documents"].contains($0.workload) }.compactMap(\.idle).max()
        let most = record.streams.max { $0.most < $1.most }
        return [
            Bar("state of an idle stream ≤ 2 KiB", measured: idle.map { "\($0) bytes" }, holds: idle.map { $0 <= 2048 }),
            Bar(
                "state of a stream at most 64 KiB", measured: most.map { "\($0.most) bytes (\($0.workload))" }, holds: most.map { $0.most <= 65536 }),
        ]
    }

    private static func start(_ record: Record) -> [Bar] {
        let program = record.startUp?.program?.median
        return [Bar("`sluice mask` starts in under 0.3 s", measured: program.map { "\(shown($0)) s" }, holds: program.map { $0 < 0.3 })]
    }
}
