// MongoDB's commands as documents: {"delete": "users", "deletes": [{"q": {}, "limit": 0}]}.

/// Reads a command document.
///
/// Source: MongoDB manual 8.0, "Database commands".
enum MongoCommand {
    /// Names, in lower case, with which a document begins that is read here.
    static let names: Set<String> = [
        "delete", "update", "findandmodify", "drop", "dropdatabase", "dropindexes", "deleteindexes", "dropuser", "dropallusersfromdatabase", "droprole", "dropallrolesfromdatabase", "renamecollection",
        "createuser", "updateuser", "grantrolestouser", "createrole", "grantprivilegestorole", "mapreduce", "eval", "$eval", "shutdown", "killop", "killallsessions", "killsessions", "killcursors",
        "setparameter", "replsetreconfig", "fsync", "setfeaturecompatibilityversion", "aggregate", "find", "count", "distinct",
    ]
    /// What a command may carry besides what it is about.
    private static let others: Set<String> = ["$db", "writeConcern", "comment", "lsid", "$clusterTime", "apiVersion", "maxTimeMS", "txnNumber", "autocommit", "$readPreference", "index", "dropTarget", "to", "force", "timeoutSecs"]

    static func operations(of document: JSONValue) -> [(operation: NoSQLOperation, object: String)] {
        guard case .object(let members) = document, let first = members.first, members.count <= 24 else { return [] }
        var found: [(NoSQLOperation, String)] = []
        let value = first.value.string ?? ""
        let isBare = members.dropFirst().allSatisfy { others.contains($0.name) }
        switch first.name.lowercased() {
        case "delete":
            guard let deletes = document["deletes"], !value.isEmpty else { break }
            for statement in deletes.elements {
                let isOne = statement["limit"]?.scalar.flatMap { Double($0) } == 1
                found.append((isOne ? .delete : matchesAll(statement["q"]) ? .deleteAll : .deleteMany, value))
            }
        case "update":
            guard let updates = document["updates"], !value.isEmpty else { break }
            for statement in updates.elements where statement["multi"]?.scalar == "true" && matchesAll(statement["q"]) { found.append((.updateAll, value)) }
        case "findandmodify" where document["remove"]?.scalar == "true": found.append((.delete, value))
        case "drop" where isBare && !value.isEmpty: found.append((.dropCollection, value))
        case "dropdatabase" where isBare: found.append((.dropDatabase, ""))
        case "dropindexes", "deleteindexes": if !value.isEmpty { found.append((.dropIndex, value)) }
        case "dropuser", "dropallusersfromdatabase", "droprole", "dropallrolesfromdatabase": found.append((.dropUser, value))
        case "renamecollection" where isBare: found.append((document["dropTarget"]?.scalar == "true" ? .dropCollection : .rename, value))
        case "createuser", "updateuser", "grantrolestouser", "createrole", "grantprivilegestorole": if !value.isEmpty { found.append((.grant, value)) }
        case "mapreduce": if !value.isEmpty { found.append((.runCode, value)) }
        case "eval", "$eval": found.append((.runCode, ""))
        case "shutdown" where isBare: found.append((.shutdown, ""))
        case "killop", "killallsessions", "killsessions", "killcursors": found.append((.killSession, ""))
        case "setparameter", "replsetreconfig", "fsync", "setfeaturecompatibilityversion": found.append((.configureServer, ""))
        case "aggregate":
            for stage in document["pipeline"]?.elements ?? [] { found += operations(ofStage: stage) }
        default: break
        }
        if ["find", "count", "distinct", "aggregate", "delete", "update", "findandmodify"].contains(first.name.lowercased()), runsCode(document, 0) { found.append((.runCode, value)) }
        return found
    }

    /// `$out` and `$merge` write.
    static func operations(ofStage stage: JSONValue) -> [(NoSQLOperation, String)] {
        stage.members.compactMap { member in
            switch member.name {
            case "$out": (.overwrite, member.value.string ?? member.value["coll"]?.string ?? "")
            case "$merge": (.overwrite, member.value.string ?? member.value["into"]?.string ?? "")
            default: nil
            }
        }
    }

    /// Whether JavaScript is part of it: `$where`, `$function`, `$accumulator`.
    static func runsCode(_ value: JSONValue, _ depth: Int) -> Bool {
        guard depth < JSONValue.deepest else { return true }
        return value.members.contains { ["$where", "$function", "$accumulator"].contains($0.name) || runsCode($0.value, depth + 1) } || value.elements.contains { runsCode($0, depth + 1) }
    }

    /// Whether a filter is fulfilled by every document: empty, or by a condition that none fails.
    static func matchesAll(_ filter: JSONValue?, _ depth: Int = 0) -> Bool {
        guard let filter, case .object(let members) = filter, depth < JSONValue.deepest else { return filter == nil }
        return members.allSatisfy { member in
            switch member.name {
            case "$and": return member.value.elements.allSatisfy { matchesAll($0, depth + 1) }
            case "$or": return member.value.elements.contains { matchesAll($0, depth + 1) }
            case "$nor": return member.value.elements.isEmpty
            case "$expr": return member.value.scalar == "true" || member.value.scalar == "1"
            case "$where": return ["true", "1", "return true", "return true;", "1==1", "1 == 1"].contains(member.value.string ?? "")
            case "$comment": return true
            default:
                // {_id: {$exists: true}}, {_id: {$ne: null}}, {name: {$regex: ".*"}}
                guard case .object(let conditions) = member.value, !conditions.isEmpty else {
                    return ["/.*/", "/^/", "/./", "//"].contains(member.value.string ?? "")
                }
                return conditions.allSatisfy { condition in
                    switch condition.name {
                    case "$exists": member.name == "_id" && (condition.value.scalar == "true" || condition.value.scalar == "1")
                    case "$ne": member.name == "_id" && condition.value == .null || condition.value.scalar == ""
                    case "$nin": condition.value.elements.isEmpty
                    case "$not": condition.value.isEmptyObject
                    case "$regex": [".*", "", "^", ".", ".+", "^.*$", "/.*/"].contains(condition.value.string ?? "x")
                    case "$options": true
                    default: false
                    }
                }
            }
        }
    }
}
