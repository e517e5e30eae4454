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
            SIGHUP reads the configuration, the policies and the rules again, and so does a change in a folder of policies; if they are wrong, the gateway goes on with the old ones.
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
        let (events, stream) = AsyncStream.makeStream(of: Event.self)
        Self.forward([SIGHUP, SIGTERM, SIGINT], to: stream)
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
        logger.info("in force are policies \(settings.policies.version)")
        logger.info("listening on \(scheme)://\(settings.listen.host):\(server.address.port ?? settings.listen.port)")
        let watch = PolicyWatch { server.gateway.configuration } changed: { stream.yield(.policiesChanged) }
        defer { watch.cancel() }

        for await event in events {
            if case .signal(let number) = event, number != SIGHUP { break }
            do {
                let renewed = try Gateway(Configuration.load(config), noCache: noCache, logger: logger, previous: server.gateway)
                let (old, new) = (server.gateway.configuration, renewed.configuration)
                if new.listen.host != old.listen.host || new.listen.port != old.listen.port || new.dataDirectory != old.dataDirectory {
                    logger.warning("listen and data_directory are read at start only: restart to change them")
                }
                try await server.use(renewed)
                logger.info("reloaded \(config), policies \(new.policies.version)")
            } catch {
                logger.error("\(config) is wrong, so the old configuration stays in force, with policies \(server.gateway.configuration.policies.version):\n\(error)")
            }
        }
        logger.info("draining")
        // A second signal ends the program at once; what is under way is then recorded as interrupted at the next start.
        let impatience = Task {
            for await event in events { if case .signal(let number) = event, number != SIGHUP { _exit(128 + number) } }
        }
        try await server.drain()
        recorder.close()
        impatience.cancel()
        logger.info("stopped")
    }

    /// What a gateway that runs is told from outside.
    private enum Event {
        case signal(Int32)
        case policiesChanged
    }

    /// Sends the given signals as they arrive to `stream`, instead of what they would do by default.
    private static func forward(_ numbers: [Int32], to stream: AsyncStream<Event>.Continuation) {
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { stream.yield(.signal(number)) }
            source.resume()
            return source
        }
        stream.onTermination = { _ in for source in sources { source.cancel() } }
    }
}

/// Looks at the folder of policies that is in force, and tells when it has another version.
///
/// It is the content that is compared, not times of files: a folder that is swapped for another one behind a link is seen, and one that was only touched is not. A version is told once, when it was there twice in a row.
private struct PolicyWatch {
    private static let interval = Duration.milliseconds(500)
    private let task: Task<Void, Never>

    /// - Parameter configuration: the one in force.
    init(_ configuration: @escaping @Sendable () -> Configuration, changed: @escaping @Sendable () -> Void) {
        task = Task {
            var seen: String?
            var told: String?
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let now = configuration()
                guard let folder = now.policyFolder, folder.watch else { continue }
                // That it cannot be read is worth telling, too.
                let version = folder.version ?? ""
                if version == now.policies.version { told = nil } else if version == seen, version != told {
                    told = version
                    changed()
                }
                seen = version
            }
        }
    }

    func cancel() { task.cancel() }
}
