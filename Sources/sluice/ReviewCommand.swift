// `sluice review`: the requests that wait for a person, and the decisions on them.

import ArgumentParser
import Foundation
import Proxy
import Record

struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "See and decide on requests that need approval.",
        discussion: """
            A request that a policy sends to approval is refused with a review id. Someone in the policy's groups of approvers \
            decides here; then the same request, sent again unchanged by the same key before the deadline, runs once.

            Examples:
              sluice review list
              sluice review show r-7k3m9q2xdc
              sluice review approve r-7k3m9q2xdc --note "ticket 4711"
            """,
        subcommands: [List.self, Show.self, Approve.self, Deny.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List reviews, newest first; those that wait, unless told otherwise.")

        @OptionGroup var records: RecordOptions

        @Option(help: ArgumentHelp("Reviews in this state; give it again to add another.", valueName: "state"))
        var state: [Review.State] = []

        @Flag(help: "Reviews in every state.")
        var all = false

        @Flag(help: "Print JSON Lines.")
        var json = false

        func run() async throws {
            let states: Set<Review.State> = all ? [] : state.isEmpty ? [.pending] : Set(state)
            let reviews = try await Reviews(records.openIndex()).list(states)
            if json { return try reviews.forEach { try printJSON($0, pretty: false) } }
            guard !reviews.isEmpty else {
                print(all || !state.isEmpty ? "no reviews" : "nothing waits for approval")
                return
            }
            printTable(
                ["REVIEW", "STATE", "UNTIL", "WHO", "REQUEST", "WHY"],
                reviews.map {
                    [$0.id, $0.state.rawValue, "\($0.expiresAt)", $0.identity, "\($0.method) \($0.target)", $0.reason ?? $0.policy]
                })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what would run: the request as it was recorded, and the review's history.")

        @OptionGroup var records: RecordOptions

        @Argument(help: ArgumentHelp("The review.", valueName: "id"))
        var id: String

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            let index = try records.openIndex()
            let reviews = Reviews(index)
            guard let review = try await reviews.review(id) else { throw ReviewError.unknown(id: id) }
            let history = try await reviews.history(of: id)
            let sessions = Sessions(index)
            let asked = try await sessions.exchange(review.exchange)
            let transcript = asked == nil ? nil : try await sessions.transcript(of: review.exchange)
            if json {
                return try printJSON(
                    Shown(review: review, history: history, request: transcript.map { ExportedBody($0.requestHeaders, $0.requestBody, asked?.evidence?.recordedRequest) }))
            }
            printFields([
                ("review", review.id), ("state", review.state.rawValue), ("request", "\(review.method) \(review.target)"),
                ("connection", review.connection), ("asked by", review.identity), ("whose owner is", review.owner), ("policy", review.policy), ("reason", review.reason),
                ("approvers", review.approvers.joined(separator: ", ")), ("asked at", "\(review.openedAt)"), ("until", "\(review.expiresAt)"),
                ("decided by", review.decidedBy), ("decided at", review.decidedAt?.description), ("note", review.note),
                ("exchange", "\(review.exchange)"), ("ran as", review.usedBy?.description),
            ])
            if let transcript {
                print("\nrequest, masked:")
                for field in transcript.requestHeaders { print("  " + terminalText("\(field.name): \(field.value)")) }
                printBody(transcript.requestBody, of: asked?.evidence?.recordedRequest.bytes)
            }
            print("\nhistory:")
            for event in history {
                let by = event.by.map { " by \($0)" } ?? ""
                let proof = event.proof.map { " (\($0))" } ?? ""
                let note = event.note.map { ": \($0)" } ?? ""
                print("  " + terminalText("\(event.at)  \(event.state.rawValue)\(by)\(proof)\(note)"))
            }
        }

        private struct Shown: Encodable {
            var review: Review
            var history: [ReviewEvent]
            var request: ExportedBody?
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "approve", abstract: "Let a request run, once, before its deadline.", discussion: DecisionOptions.discussion)

        @OptionGroup var decision: DecisionOptions

        func run() async throws {
            let review = try await decision.reviews().approve(decision.id, by: decision.approver(), note: decision.note)
            try decision.report(review, "approved: \(review.identity) can send the request again until \(review.expiresAt)")
        }
    }

    struct Deny: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "deny", abstract: "Refuse a request until its deadline.", discussion: DecisionOptions.discussion)

        @OptionGroup var decision: DecisionOptions

        func run() async throws {
            let review = try await decision.reviews().deny(decision.id, by: decision.approver(), note: decision.note)
            try decision.report(review, "denied: the same request is refused until \(review.expiresAt)")
        }
    }
}

/// What both decisions have in common.
struct DecisionOptions: ParsableArguments {
    static let discussion = """
        You decide as the person in the configuration (people:) whose os_user you are, and must be in one of the policy's groups of \
        approvers. Nobody decides on a request of their own, or of a key that is theirs.

        Only the user that owns the data directory, and root, can run this. Give it to approvers through sudo, as that user: they then \
        decide as the one who called sudo.

        Examples:
          sluice review approve r-7k3m9q2xdc --note "ticket 4711"
          sudo -u sluice sluice review deny r-7k3m9q2xdc --config /etc/sluice/sluice.yaml
        """

    @OptionGroup var configuration: ConfigurationOption

    @Argument(help: ArgumentHelp("The review.", valueName: "id"))
    var id: String

    @Option(name: .customLong("as"), help: ArgumentHelp("The person you decide as, where you are several; root can be anyone.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("A word on why, for the record and the one who asked.", valueName: "text"))
    var note: String?

    @Flag(help: "Print the review as JSON.")
    var json = false

    func reviews() throws -> Reviews {
        Reviews(try Index(directory: Configuration.administration(configuration.file).dataDirectory))
    }

    func approver() throws -> Approver {
        let people = try Configuration.administration(configuration.file).people
        let user = try Self.osUser()
        return try Self.approver(among: people, user: user.name, isRoot: user.isRoot, as: name, file: configuration.file)
    }

    /// Who decides: the person that `name` says, if this user may act as them, or the only one that this user is.
    static func approver(among people: [Person], user: String, isRoot: Bool, as name: String?, file: String) throws -> Approver {
        let own = people.filter { $0.osUser == user }
        guard let name else {
            guard own.count <= 1 else {
                throw CommandError("the user \(user) is several people in \(file)", hint: "say which with --as: \(own.map(\.name).joined(separator: ", "))")
            }
            guard let person = own.first else {
                throw CommandError("the user \(user) is nobody in \(file)", hint: "add yourself under people:, with os_user: \(user)")
            }
            return Approver(name: person.name, groups: person.groups, proof: "os-user \(user)")
        }
        guard let person = people.first(where: { $0.name == name }) else {
            throw CommandError("there is no person \"\(name)\" in \(file)", hint: "people: \(people.map(\.name).joined(separator: ", "))")
        }
        guard person.osUser == user || isRoot else {
            throw CommandError("the user \(user) cannot decide as \(name)", hint: "run it as the user \(person.osUser)")
        }
        return Approver(name: person.name, groups: person.groups, proof: person.osUser == user ? "os-user \(user)" : "os-user \(user) as \(name)")
    }

    func report(_ review: Review, _ message: String) throws {
        if json { try printJSON(review) } else { print("\(review.id) \(message)") }
    }

    /// Who runs this, and whether as root itself.
    ///
    /// The word of `SUDO_USER` is taken: whoever could forge it already is the user that owns the records, or root, and could write what they
    /// like without this command.
    static func osUser(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> (name: String, isRoot: Bool) {
        if let caller = environment["SUDO_USER"], !caller.isEmpty { return (caller, caller == "root") }
        let id = getuid()
        guard let entry = getpwuid(id), let name = entry.pointee.pw_name else {
            throw CommandError("the user with id \(id) has no name on this machine", hint: "run it as a user of the machine's user database")
        }
        return (String(cString: name), id == 0)
    }
}

extension Review.State: ExpressibleByArgument {}
