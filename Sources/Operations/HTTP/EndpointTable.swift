// All endpoints, sorted so that a request is compared with few of them.

struct EndpointTable: Sendable {
    /// What one vendor answers to one method.
    private struct Interface: Sendable {
        var vendor: HTTPEndpoint.Vendor
        /// The segments of each of its prefixes, in lower case; `*` for any one.
        var prefixes: [[String]]
        var endpoints: [HTTPEndpoint]
    }

    /// What all vendors answer to one method.
    private struct Interfaces: Sendable {
        var all: [Interface] = []
        /// Offsets in `all` by the host, or the end of it, that a vendor's hosts have; in order.
        var byHost: [String: [Int]] = [:]
        /// Of those that may serve other hosts, too.
        var others: [Int] = []

        mutating func add(_ interface: Interface) {
            var isOther = interface.vendor.isAnywhere || !interface.vendor.ports.isEmpty
            for host in interface.vendor.hosts {
                if host.hasSuffix(".*") { isOther = true } else { byHost[host.hasPrefix("*.") ? String(host.dropFirst(2)) : host, default: []].append(all.count) }
            }
            if isOther { others.append(all.count) }
            all.append(interface)
        }

        /// Those that may serve a host, in their order.
        func serving(_ host: String?) -> [Int] {
            guard let host else { return Array(all.indices) }
            var found = Set<Int>()
            var rest = host[...]
            while true {
                found.formUnion(byHost[String(rest)] ?? [])
                guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { break }
                rest = rest[rest.utf8.index(after: dot)...]
            }
            return found.isEmpty ? others : found.union(others).sorted()
        }
    }

    /// By method; under `ANY` those for methods that have none of their own.
    private let byMethod: [String: Interfaces]

    init(_ endpoints: [HTTPEndpoint]) {
        var byMethod: [String: Interfaces] = [:]
        for method in Set(endpoints.map(\.method)).union(["ANY"]) {
            var interfaces: [Interface] = []
            var index: [HTTPEndpoint.Vendor: Int] = [:]
            for endpoint in endpoints where endpoint.method == method || endpoint.method == "ANY" {
                if let known = index[endpoint.vendor] {
                    interfaces[known].endpoints.append(endpoint)
                } else {
                    index[endpoint.vendor] = interfaces.count
                    interfaces.append(
                        Interface(vendor: endpoint.vendor, prefixes: endpoint.vendor.prefixes.map { $0.lowercased().split(separator: "/").map(String.init) }, endpoints: [endpoint]))
                }
            }
            for interface in interfaces { byMethod[method, default: Interfaces()].add(interface) }
        }
        self.byMethod = byMethod
    }

    /// The endpoint that a request asks for, and what stands for the names in its path. Of several the one whose vendor is known by its host, then the one that says more of the path.
    ///
    /// - Parameter holds: whether the request fulfils a condition.
    func endpoint(_ method: String, _ target: HTTPTarget, host: String?, port: Int?, holds: (HTTPEndpoint.Condition) -> Bool) -> (endpoint: HTTPEndpoint, values: [(name: String, value: String)])? {
        var best: (endpoint: HTTPEndpoint, values: [(name: String, value: String)], rank: Int)?
        let paths = [target.segments] + (target.segmentsWithSlashes.map { [$0] } ?? [])
        let lowered = paths.map { $0.map { $0.lowercased() } }
        guard let interfaces = byMethod[method] ?? byMethod["ANY"] else { return nil }
        for interface in interfaces.serving(host).map({ interfaces.all[$0] }) where interface.vendor.serves(host, port: port) {
            for (path, lowered) in zip(paths, lowered) {
                for start in Self.starts(interface.prefixes, lowered) {
                    for endpoint in interface.endpoints {
                        // A host that is the vendor's own says more than any path, and a field more than none.
                        let rank = (interface.vendor.isAnywhere || host == nil ? 0 : 100) + endpoint.template.fixedCount + endpoint.conditions.count
                        guard rank > best?.rank ?? .min,
                            // Of a host that is not known the path must say more than how many parts it has.
                            host != nil || interface.vendor.isAnywhere || endpoint.template.fixedCount > 1 || !endpoint.conditions.isEmpty,
                            let values = endpoint.template.match(path[start...], lowered: lowered), endpoint.conditions.allSatisfy(holds)
                        else { continue }
                        best = (endpoint, values, rank)
                    }
                }
            }
        }
        return best.map { ($0.endpoint, $0.values) }
    }

    /// Where a vendor's own path may begin: at the start, or behind one of its prefixes.
    private static func starts(_ prefixes: [[String]], _ path: [String]) -> [Int] {
        var starts = [0]
        for prefix in prefixes where path.count > prefix.count && zip(prefix, path).allSatisfy({ $0 == "*" || $0 == $1 }) { starts.append(prefix.count) }
        return starts
    }
}
