// `sluice demo-vendor`: the vendor that `make run` and the tests put behind the gateway.

import ArgumentParser
import DemoVendor
import Foundation

struct DemoVendorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-vendor",
        abstract: "Serve made-up vendor data on a loopback port.",
        shouldDisplay: false)

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 0

    @Option(help: "A file that holds the key which every request must carry as a bearer token.")
    var keyFile: String

    @Option(help: "A file to which each request is appended as one line of JSON.")
    var requestsLog: String?

    func run() async throws {
        let key: String
        do {
            key = try String(contentsOfFile: keyFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw ValidationError("cannot read the key file \(keyFile)\nhint: write one line with any key of your choice into it")
        }
        guard !key.isEmpty else {
            throw ValidationError("the key file \(keyFile) is empty\nhint: write one line with any key of your choice into it")
        }
        let vendor = try await DemoVendor.start(host: host, port: port, key: key, requestsLog: requestsLog)
        // Written past the buffer of `print`: scripts read this line through a pipe and wait for it.
        try FileHandle.standardOutput.write(contentsOf: Data("demo-vendor: listening on http://\(host):\(vendor.port)\n".utf8))
        try await vendor.wait()
    }
}
