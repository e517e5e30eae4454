// `sluice key`: API keys for clients.

import ArgumentParser
import Foundation
import Proxy

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "key", abstract: "Make API keys.", subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Make an API key, and the lines for the configuration.",
            discussion: """
                The key is shown once and stored nowhere; the configuration gets its hash. Clients send it as `Authorization: Bearer KEY` or in \
                the header that their SDK uses (x-api-key, api-key, x-goog-api-key).

                Examples:
                  sluice key new --name research-agent --groups agents
                  sluice key new --name ci --groups agents,readers --owner alice --expires 2027-12-31
                """)

        @Option(help: "What the key is called in records.")
        var name: String

        @Option(help: ArgumentHelp("The groups it is in, separated by commas.", valueName: "group,…"))
        var groups: String

        @Option(help: "The person it works for, who then cannot approve what it asks for.")
        var owner: String?

        @Option(help: ArgumentHelp("The last day on which it holds (UTC), or a moment such as 2027-12-31T12:00:00Z.", valueName: "date"))
        var expires: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        private var groupNames: [String] {
            groups.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }

        func validate() throws {
            if name.isEmpty { throw ValidationError("--name is empty") }
            if groupNames.isEmpty { throw ValidationError("--groups names no group: a key without one could do nothing") }
            if groupNames.contains("*") { throw ValidationError("\"*\" cannot be a group: in policies it stands for everyone") }
            if let expires {
                guard let moment = KeyRing.expiry(expires) else { throw ValidationError("--expires \(expires) is not a date such as 2027-12-31") }
                if moment <= Date() { throw ValidationError("--expires \(expires) has passed") }
            }
        }

        func run() throws {
            let key = APIKey()
            if json {
                return try printJSON(
                    Made(key: key.secret.exposed, hash: key.hash, name: name, groups: groupNames, owner: owner, expires: expires))
            }
            print("The key, shown this once:\n\n  \(key.secret.exposed)\n\nFor `keys:` in the configuration:\n")
            print("  - name: \(Self.yaml(name))")
            print("    hash: \(key.hash)")
            print("    groups: [\(groupNames.map(Self.yaml).joined(separator: ", "))]")
            if let owner { print("    owner: \(Self.yaml(owner))") }
            if let expires { print("    expires: \(expires.contains("T") ? "\"\(expires)\"" : expires)") }
        }

        private struct Made: Encodable {
            var key: String
            var hash: String
            var name: String
            var groups: [String]
            var owner: String?
            var expires: String?
        }

        /// `text` as a YAML scalar that reads as this text and nothing else: in JSON's quotes, which YAML knows, unless it is a plain word.
        private static func yaml(_ text: String) -> String {
            let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            if text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil, !reserved.contains(text.lowercased()) { return text }
            var quoted = JSONText()
            quoted.string(text)
            return String(decoding: quoted.bytes, as: UTF8.self)
        }
    }
}
