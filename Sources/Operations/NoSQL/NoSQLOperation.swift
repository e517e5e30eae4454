// The operations of stores that speak no SQL, by their names in the catalogue (`corpus/operations/nosql.yaml`).

/// What a command does.
enum NoSQLOperation: String, CaseIterable {
    case dropDatabase = "nosql.drop-database"
    case dropCollection = "nosql.drop-collection"
    case dropIndex = "nosql.drop-index"
    case dropUser = "nosql.drop-user"
    case deleteAll = "nosql.delete-all"
    case deleteMany = "nosql.delete-many"
    case delete = "nosql.delete"
    case updateAll = "nosql.update-all"
    case flush = "nosql.flush"
    case overwrite = "nosql.overwrite"
    case rename = "nosql.rename"
    case runCode = "nosql.run-code"
    case loadCode = "nosql.load-code"
    case grant = "nosql.grant"
    case configureServer = "nosql.configure-server"
    case writeFile = "nosql.write-file"
    case shutdown = "nosql.shutdown"
    case killSession = "nosql.kill-session"
    case scanAll = "nosql.scan-all"
    case closeIndex = "nosql.close-index"
}
