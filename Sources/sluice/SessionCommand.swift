// `sluice session`: what is on record.

import ArgumentParser
import Foundation
import Record

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Read the records: who asked what, what was decided, and what was sent.",
        discussion: """
            A session is what one key did on one connection with less than half an hour between two requests. Its id is that \
            of its first exchange.

            Examples:
              sluice session list --identity research-agent
              sluice session show 01890a5d-ac96-774b-bcce-b302099a8057
              sluice session export --all > records.jsonl
            """,
        subcommands: [List.self, Show.self, Export.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List sessions, newest first.")

        @OptionGroup var records: RecordOptions

        @Option(help: ArgumentHelp("Sessions of this key.", valueName: "name"))
        var identity: String?

        @Option(help: ArgumentHelp("Sessions on this connection.", valueName: "name"))
        var connection: String?

        @Option(help: "At most this many.")
        var limit = 100

        @Flag(help: "Print JSON Lines.")
        var json = false

        func run() async throws {
            let sessions = Sessions(try records.openIndex())
            let list = try await sessions.list(identity: identity, connection: connection, limit: limit)
            if json { return try list.forEach { try printJSON($0, pretty: false) } }
            if list.isEmpty { print("no sessions") }
            if !list.isEmpty {
                printTable(
                    ["SESSION", "WHO", "CONNECTION", "FROM", "TO", "EXCHANGES"],
                    list.map { ["\($0.id)", $0.identity, $0.connection, "\($0.startedAt)", "\($0.lastAt)", "\($0.exchanges)"] })
            }
            let refused = try await sessions.countWithoutSession()
            if identity == nil, connection == nil, refused > 0 {
                print("\nwithout a valid key or connection: \(counted(refused, "request")), see sluice session show \(Selection.without)")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the exchanges of a session, or one exchange with its bodies.")

        @OptionGroup var records: RecordOptions

        @Argument(help: ArgumentHelp("A session, an exchange, or \"\(Selection.without)\" for requests without a valid key or connection.", valueName: "id"))
        var id: Selection

        @Flag(help: "Print one JSON object, or JSON Lines for a session.")
        var json = false

        func run() async throws {
            let sessions = Sessions(try records.openIndex())
            switch id {
            case .withoutSession: try show(try await sessions.exchanges(of: nil))
            case .id(let id):
                // A session has the id of its first exchange: alone, show that exchange whole.
                if let session = try await sessions.session(id), session.exchanges > 1 {
                    return try show(try await sessions.exchanges(of: id))
                }
                guard let exchange = try await sessions.exchange(id) else { throw unknown(id) }
                try show(exchange, try await sessions.transcript(of: id))
            }
        }

        /// `refuse by "no drops": sql.drop-table users (high, block), and 3 more`
        private static func text(_ commands: CommandEvidence) -> String {
            let operations = commands.operations.map { "\($0.name)\($0.object.isEmpty ? "" : " \($0.object)") (\($0.severity), \($0.verdict))" }
            let more = commands.count - operations.count
            return commands.decision.rawValue + (commands.policy.map { " by \"\($0)\"" } ?? "") + ": " + operations.joined(separator: ", ") + (more > 0 ? ", and \(more) more" : "")
        }

        private func show(_ exchanges: [RecordedExchange]) throws {
            if json { return try exchanges.forEach { try printJSON($0, pretty: false) } }
            guard !exchanges.isEmpty else {
                print("no exchanges")
                return
            }
            printTable(
                ["EXCHANGE", "AT", "REQUEST", "DECISION", "STATUS", "OUTCOME", "BYTES", "MASKED"],
                exchanges.map { exchange in
                    [
                        "\(exchange.id)", "\(exchange.startedAt)", "\(exchange.method) \(exchange.target)",
                        exchange.decision.rawValue, exchange.status.map(String.init) ?? "-", exchange.outcome?.text ?? "under way",
                        exchange.evidence.map { "\($0.recordedResponse.bytes)" } ?? "-",
                        exchange.evidence.map { "\($0.response.masked.values.reduce(0, +))" } ?? "-",
                    ]
                })
        }

        private func show(_ exchange: RecordedExchange, _ transcript: Transcript) throws {
            if json { return try printJSON(ExportedExchange(exchange: exchange, transcript: transcript)) }
            func evidence(_ body: BodyEvidence?) -> String? {
                body.map {
                    "\($0.bytesIn) bytes in, \($0.bytesOut) out, \($0.bytesScanned) scanned, \($0.bytesUnscanned) unscanned, at most \($0.mostHeld) held"
                }
            }
            func counts(_ counts: [String: Int]?) -> String? {
                guard let counts, !counts.isEmpty else { return nil }
                return counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            }
            printFields([
                ("exchange", "\(exchange.id)"), ("session", exchange.session?.description), ("who", exchange.identity ?? "(no valid key)"),
                ("groups", exchange.groups.isEmpty ? nil : exchange.groups.joined(separator: ", ")), ("from", exchange.peer),
                ("request", "\(exchange.method) \(exchange.target)"),
                ("connection", exchange.connection), ("decision", exchange.decision.rawValue + (exchange.policy.map { " by \"\($0)\"" } ?? "")), ("would be", exchange.evidence?.dryRun.map { $0.decision.rawValue + ($0.policy.map { " by \"\($0)\"" } ?? "") + ", if what only reports were enforced" }),
                ("review", exchange.review),
                ("policies", exchange.policyVersion), ("rules", exchange.corpusHash), ("began", "\(exchange.startedAt)"), ("ended", exchange.endedAt?.description),
                ("status", exchange.status.map(String.init)), ("outcome", exchange.outcome?.text ?? "under way"),
                ("commands", exchange.evidence?.commands.map(Self.text)), ("request body", evidence(exchange.evidence?.request)), ("  masked", counts(exchange.evidence?.request.masked)),
                ("response body", evidence(exchange.evidence?.response)), ("  masked", counts(exchange.evidence?.response.masked)),
                ("  reported", counts(exchange.evidence?.response.reported)), ("  SHA-256", exchange.evidence?.recordedResponse.sha256),
            ])
            print("\nrequest, masked:")
            for field in transcript.requestHeaders { print("  " + terminalText("\(field.name): \(field.value)")) }
            printBody(transcript.requestBody, of: exchange.evidence?.recordedRequest.bytes)
            print("\nresponse, as sent:")
            for field in transcript.responseHeaders { print("  " + terminalText("\(field.name): \(field.value)")) }
            printBody(transcript.responseBody, of: exchange.evidence?.recordedResponse.bytes)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write exchanges as JSON Lines: who, what, decision, evidence, masked request, response as sent.",
            discussion: """
                A body is `body` where it is UTF-8 and `body_b64` (base64) where it is not; `bytes` counts all of it, `kept` what the \
                record holds, `sha256` is over all of it.
                """)

        @OptionGroup var records: RecordOptions

        @Argument(help: ArgumentHelp("Sessions or exchanges, or \"\(Selection.without)\" for requests without a valid key or connection.", valueName: "id"))
        var ids: [Selection] = []

        @Flag(help: "Everything there is.")
        var all = false

        func validate() throws {
            if ids.isEmpty != all { throw ValidationError("name sessions or exchanges, or say --all") }
        }

        func run() async throws {
            let sessions = Sessions(try records.openIndex())
            var selections = ids
            if all {
                selections = try await sessions.list(limit: .max).reversed().map { .id($0.id) } + [.withoutSession]
            }
            for selection in selections {
                let exchanges: [RecordedExchange]
                switch selection {
                case .withoutSession: exchanges = try await sessions.exchanges(of: nil)
                case .id(let id):
                    let ofSession = try await sessions.exchanges(of: id)
                    if ofSession.isEmpty {
                        guard let exchange = try await sessions.exchange(id) else { throw unknown(id) }
                        exchanges = [exchange]
                    } else {
                        exchanges = ofSession
                    }
                }
                for exchange in exchanges {
                    try printJSON(ExportedExchange(exchange: exchange, transcript: try await sessions.transcript(of: exchange.id)), pretty: false)
                }
            }
        }
    }

    /// What `show` and `export` take.
    enum Selection: ExpressibleByArgument, Equatable {
        case id(ExchangeID)
        case withoutSession

        static let without = "without-session"

        init?(argument: String) {
            if argument == Self.without {
                self = .withoutSession
            } else if let id = ExchangeID(argument) {
                self = .id(id)
            } else {
                return nil
            }
        }
    }
}

private func unknown(_ id: ExchangeID) -> RecordError {
    RecordError("there is no session and no exchange \(id)", hint: "sluice session list shows what there is")
}

/// One line of an export.
struct ExportedExchange: Encodable {
    var exchange: RecordedExchange
    var transcript: Transcript

    private enum Key: CodingKey { case request, response }

    func encode(to encoder: any Encoder) throws {
        try exchange.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExportedBody(transcript.requestHeaders, transcript.requestBody, exchange.evidence?.recordedRequest), forKey: .request)
        try container.encode(ExportedBody(transcript.responseHeaders, transcript.responseBody, exchange.evidence?.recordedResponse), forKey: .response)
    }
}

/// Header fields and body of one direction.
struct ExportedBody: Encodable {
    var headers: [HeaderField]
    var body: String?
    var bodyB64: String?
    /// Of the whole body; nil while the exchange is under way.
    var bytes: Int?
    var kept: Int
    var sha256: String?

    init(_ headers: [HeaderField], _ body: [UInt8], _ record: BodyRecord?) {
        self.headers = headers
        let text = String(validating: body, as: UTF8.self)
        self.body = text
        bodyB64 = text == nil ? Data(body).base64EncodedString() : nil
        bytes = record?.bytes
        kept = body.count
        sha256 = record?.sha256
    }
}

extension Outcome {
    var text: String { kind.rawValue + (detail.map { " (\($0))" } ?? "") }
}
