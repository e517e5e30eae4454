// What a request of a vendor's interface does: one entry of the corpus (`corpus/operations/http/*.yaml`).

/// A kind of request and its operation.
public struct HTTPEndpoint: Hashable, Sendable {
    /// The interface it belongs to.
    public struct Vendor: Hashable, Sendable {
        public var name: String
        /// Host names, `*.` in front for all below, `.*` behind for any domain; none for software that runs anywhere.
        public var hosts: [String]
        /// Ports that the software listens on where it runs.
        public var ports: [Int]
        /// Paths that the interface may stand under.
        public var prefixes: [String]

        public init(name: String, hosts: [String] = [], ports: [Int] = [], prefixes: [String] = []) {
            self.name = name
            self.hosts = hosts
            self.ports = ports
            self.prefixes = prefixes
        }

        /// Whether it runs anywhere.
        var isAnywhere: Bool { hosts.isEmpty && ports.isEmpty }

        /// Whether a request to a host is one of this vendor's. Of a host that is not known it may be.
        func serves(_ host: String?, port: Int?) -> Bool {
            guard !isAnywhere, let host else { return true }
            if let port, ports.contains(port) { return true }
            return hosts.contains { pattern in
                if pattern.hasPrefix("*.") { return host.hasSuffix(pattern.dropFirst(1)) || host == pattern.dropFirst(2) }
                return pattern.hasSuffix(".*") ? host.hasPrefix(pattern.dropLast(1)) : host == pattern
            }
        }
    }

    /// A field of the query, the form, the JSON body, or a header that must have one of the values; `*` at either end stands for anything.
    public struct Condition: Hashable, Sendable {
        public var field: String
        public var values: [String]

        public init(field: String, values: [String]) {
            self.field = field
            self.values = values
        }

        func holds(for value: String) -> Bool {
            let value = value.lowercased()
            return values.contains { pattern in
                let pattern = pattern.lowercased()
                switch (pattern.hasPrefix("*"), pattern.hasSuffix("*")) {
                case (true, true): return value.contains(pattern.dropFirst().dropLast())
                case (true, false): return value.hasSuffix(pattern.dropFirst())
                case (false, true): return value.hasPrefix(pattern.dropLast())
                case (false, false): return value == pattern
                }
            }
        }
    }

    public var vendor: Vendor
    /// In upper case; `ANY` for all.
    public var method: String
    public var template: HTTPPathTemplate
    /// All must hold.
    public var conditions: [Condition]
    /// Its name in the catalogue.
    public var operation: String
    /// What of the path names the object, with `{name}` for its parts; all names of the template if nil.
    public var object: String?

    public init(vendor: Vendor, method: String, template: HTTPPathTemplate, conditions: [Condition] = [], operation: String, object: String? = nil) {
        self.vendor = vendor
        self.method = method
        self.template = template
        self.conditions = conditions
        self.operation = operation
        self.object = object
    }
}
