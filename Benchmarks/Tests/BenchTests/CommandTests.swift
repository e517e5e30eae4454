import Foundation
import Testing

@testable import sluice_bench

@Suite struct CommandTests {
    static let definitions = SluiceBench.root.appending(path: "Benchmarks/commands.yaml")

    @Test("Commands are as long as asked for, to a unit, and of the same form at every size")
    func sizes() throws {
        let workloads = try CommandWorkload.read(Self.definitions)
        #expect(Set(workloads.map(\.name)).count == workloads.count)
        for workload in workloads {
            for bytes in [1 << 10, 1 << 16] {
                let command = workload.command(bytes: bytes)
                #expect(command.utf8.count <= bytes && command.utf8.count > bytes - 160, "\(workload.name): \(command.utf8.count) of \(bytes)")
                #expect(command.hasPrefix(workload.head ?? "") && command.hasSuffix(workload.tail ?? ""), "\(workload.name)")
                #expect(!command.contains("{n}"), "\(workload.name)")
            }
        }
    }

    @Test("Coded units are what the units are")
    func coding() throws {
        let workload = try #require(try CommandWorkload.read(Self.definitions).first { $0.coding == .base64 })
        let command = workload.command(bytes: 1024)
        let coded = command.dropFirst(workload.head?.count ?? 0).dropLast(workload.tail?.count ?? 0)
        let text = String(decoding: try #require(Data(base64Encoded: String(coded))), as: UTF8.self)
        #expect(text.hasPrefix(workload.unit.replacing("{n}", with: "1")))
    }
}
