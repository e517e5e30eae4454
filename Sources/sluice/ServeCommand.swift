// `sluice serve`: the gateway, and the signals that steer it.

import ArgumentParser
@preconcurrency import Dispatch
import Foundation
import Logging
import Proxy
import Record

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the gateway.",
        discussion: """
            SIGHUP reads the configuration and the rules again; if they are wrong, the gateway goes on with the old ones.
            SIGTERM or SIGINT: no new connections; exchanges under way end within timeouts.drain.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config = "sluice.yaml"

    @Flag(help: "Compile the rules at every start, and keep nothing of it.")
    var noCache = false

    func run() async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "sluice")
        let gateway: Gateway
        do {
            gateway = try Gateway(Configuration.load(config), noCache: noCache, logger: logger)
        } catch let error as ConfigurationError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(ExitStatus.usage)
        }
        let settings = gateway.configuration
        let recorder: Recorder
        do {
            recorder = try Recorder(directory: settings.dataDirectory, settings: settings.record) { logger.error("\($0)") }
        } catch {
            throw CommandError(error.message, hint: error.hint)
        }
        if !recorder.recovery.interrupted.isEmpty {
            logger.warning("the last run did not end in order", metadata: ["interrupted": "\(recorder.recovery.interrupted.count)"])
        }
        let signals = Self.signals([SIGHUP, SIGTERM, SIGINT])
        let server: Server
        do {
            server = try await Server(gateway, recorder: recorder, reviews: Reviews(recorder.index))
        } catch {
            recorder.close()
            throw CommandError(
                "cannot listen on \(settings.listen.host):\(settings.listen.port): \(error)",
                hint: "choose another port under listen, or end the program that has it")
        }
        let scheme = settings.listen.tls == nil ? "http" : "https"
        logger.info("listening on \(scheme)://\(settings.listen.host):\(server.address.port ?? settings.listen.port)")

        for await signal in signals {
            guard signal == SIGHUP else { break }
            do {
                let renewed = try Gateway(Configuration.load(config), noCache: noCache, logger: logger, previous: server.gateway)
                let (old, new) = (server.gateway.configuration, renewed.configuration)
                if new.listen.host != old.listen.host || new.listen.port != old.listen.port || new.dataDirectory != old.dataDirectory {
                    logger.warning("listen and data_directory are read at start only: restart to change them")
                }
                try await server.use(renewed)
                logger.info("reloaded \(config)")
            } catch {
                logger.error("\(config) is wrong, so the old configuration stays in force:\n\(error)")
            }
        }
        logger.info("draining")
        // A second signal ends the program at once; what is under way is then recorded as interrupted at the next start.
        let impatience = Task {
            for await signal in signals where signal != SIGHUP { _exit(128 + signal) }
        }
        try await server.drain()
        recorder.close()
        impatience.cancel()
        logger.info("stopped")
    }

    /// The given signals as they arrive, instead of what they would do by default.
    private static func signals(_ numbers: [Int32]) -> AsyncStream<Int32> {
        AsyncStream { continuation in
            let sources = numbers.map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
        }
    }
}
