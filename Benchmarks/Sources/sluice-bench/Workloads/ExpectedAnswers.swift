// Writes expected answers into a definition file, and leaves every other byte of it as it is.

import Corpus

enum ExpectedAnswers {
    /// The text of the file with new answers.
    ///
    /// - Parameters:
    ///   - text: the file, in which each workload begins on a line `- name: …` and keeps its other keys below that one.
    ///   - answers: by workload, all of its points.
    static func rewritten(_ text: String, with answers: [String: [Int?: Workload.Answer]]) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (name, values) in answers.sorted(by: { $0.key < $1.key }) {
            guard let first = lines.firstIndex(where: { $0.trimmingPrefix { $0 == " " } == "- name: \(name)" }) else { continue }
            let indent = indentation(lines[first]) + 2
            var end = first + 1
            while end < lines.count, lines[end].isEmpty || indentation(lines[end]) >= indent { end += 1 }
            while lines[end - 1].isEmpty { end -= 1 }
            if let old = lines[first..<end].firstIndex(where: { $0.hasPrefix(String(repeating: " ", count: indent) + "expected:") }) {
                var oldEnd = old + 1
                while oldEnd < end, indentation(lines[oldEnd]) > indent { oldEnd += 1 }
                lines.replaceSubrange(old..<oldEnd, with: written(values, indent))
            } else {
                lines.insert(contentsOf: written(values, indent), at: end)
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func written(_ answers: [Int?: Workload.Answer], _ indent: Int) -> [String] {
        let space = String(repeating: " ", count: indent)
        func flow(_ answer: Workload.Answer) -> String { "{matches: \(answer.matches), output: \(answer.output)}" }
        if let only = answers[nil] { return [space + "expected: " + flow(only)] }
        return [space + "expected:"] + answers.sorted { $0.key! < $1.key! }.map { space + "  \($0.key!): " + flow($0.value) }
    }

    private static func indentation(_ line: String) -> Int { line.prefix { $0 == " " }.count }
}
