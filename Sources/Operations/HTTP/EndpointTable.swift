// All endpoints, sorted so that a request is compared with few of them.

struct EndpointTable: Sendable {
    /// What one vendor answers to one method.
    private struct Interface: Sendable {
        var vendor: HTTPEndpoint.Vendor
        /// The segments of each of its prefixes, in lower case; `*` for any one.
        var prefixes: [[String]]
        var endpoints: [HTTPEndpoint]
    }

    /// By method; under `ANY` those for methods that have none of their own.
    private let byMethod: [String: [Interface]]

    init(_ endpoints: [HTTPEndpoint]) {
        var byMethod: [String: [Interface]] = [:]
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
            byMethod[method] = interfaces
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
        for interface in byMethod[method] ?? byMethod["ANY"] ?? [] where interface.vendor.serves(host, port: port) {
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
