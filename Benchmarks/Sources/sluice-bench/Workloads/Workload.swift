// What is measured, as the definition files say it.

import Corpus
import Engine

/// One definition.
struct Workload {
    var name: String
    /// Why it is worth measuring, for people.
    var why: String
    var source: BodySource
    var format: Format
    /// Whose rules mask it, together.
    var profiles: [String]
    /// Profiles whose rules mask the same in the same rounds: what the others cost is told by the ratio.
    var beside: [String]?
    /// Members whose values are masked beside what the profile's rules find.
    var fields: [FieldPath]
    var chunks: [Chunking]
    var sweep: Sweep?
    /// By the sweep's value; under nil where the answer is the same for all.
    var expected: [Int?: Answer]
    var location: Location

    /// One thing varied, all else equal.
    struct Sweep {
        var over: Variable
        var values: [Int]

        enum Variable: String, CaseIterable {
            /// Records of 100 that hold personal values.
            case density
            /// Characters of JSON string values, of 100, written as escapes.
            case escapes
            /// Rules in the set: some of the profile's, or all of them and generated ones.
            case rules
            /// Streams open at once; memory is measured, and speed when they take turns.
            case streams
        }
    }

    /// What must come out, whatever the chunks are.
    struct Answer: Equatable, CustomStringConvertible {
        /// Findings of all rules.
        var matches: Int
        /// SHA-256 of the output, hexadecimal.
        var output: String

        var description: String { "\(matches) matches, output \(output.prefix(12))…" }
    }

    /// The workload at one value of its sweep, or as it is.
    struct Point {
        var workload: Workload
        var value: Int?

        /// Unique in a run: `vendor-json`, `density 15`.
        var title: String { value.map { "\(workload.name) \($0)" } ?? workload.name }

        var source: BodySource {
            guard let value, case .generated(let generator, var shape) = workload.source else { return workload.source }
            switch workload.sweep?.over {
            case .density: shape.density = value
            case .escapes: shape.escapes = value
            case .rules, .streams, nil: break
            }
            return .generated(generator, shape)
        }

        /// Nil for the profile's own number.
        var ruleCount: Int? { workload.sweep?.over == .rules ? value : nil }
        /// Nil where one stream is measured at a time.
        var streams: Int? { workload.sweep?.over == .streams ? value : nil }
        /// Under which its answer stands in ``Workload/expected``.
        var answerKey: Int? { streams == nil ? value : nil }
    }

    var points: [Point] { sweep.map { sweep in sweep.values.map { Point(workload: self, value: $0) } } ?? [Point(workload: self, value: nil)] }
}
