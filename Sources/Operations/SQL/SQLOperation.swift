// The operations of SQL, by their names in the catalogue (`corpus/operations/sql.yaml`).

/// What a statement does.
enum SQLOperation: String, CaseIterable {
    // Reading.
    case select = "sql.select"
    case explain = "sql.explain"
    // Rows.
    case insert = "sql.insert"
    case update = "sql.update"
    case delete = "sql.delete"
    case merge = "sql.merge"
    case updateLimited = "sql.update-limited"
    case deleteLimited = "sql.delete-limited"
    case updateAll = "sql.update-all"
    case deleteAll = "sql.delete-all"
    case mergeDelete = "sql.merge-delete"
    case replaceRows = "sql.replace-rows"
    case insertOverwrite = "sql.insert-overwrite"
    case truncateTable = "sql.truncate-table"
    case truncateDatabase = "sql.truncate-database"
    case truncatePartition = "sql.truncate-partition"
    case purgeHistory = "sql.purge-history"
    // Objects.
    case create = "sql.create"
    case createUser = "sql.create-user"
    case createRoutine = "sql.create-routine"
    case defineDestructive = "sql.define-destructive"
    case replaceTable = "sql.replace-table"
    case replaceObject = "sql.replace-object"
    case alter = "sql.alter"
    case alterUser = "sql.alter-user"
    case rename = "sql.rename"
    case dropDatabase = "sql.drop-database"
    case dropSchema = "sql.drop-schema"
    case dropTable = "sql.drop-table"
    case dropTemporaryTable = "sql.drop-temporary-table"
    case dropTablespace = "sql.drop-tablespace"
    case dropOwned = "sql.drop-owned"
    case dropUser = "sql.drop-user"
    case dropView = "sql.drop-view"
    case dropIndex = "sql.drop-index"
    case dropRoutine = "sql.drop-routine"
    case dropStorage = "sql.drop-storage"
    case dropObject = "sql.drop-object"
    case dropColumn = "sql.drop-column"
    case dropPartition = "sql.drop-partition"
    case dropConstraint = "sql.drop-constraint"
    // Rights.
    case grant = "sql.grant"
    case grantAdministrator = "sql.grant-administrator"
    case revoke = "sql.revoke"
    // The server and what lies outside of it.
    case runProgram = "sql.run-program"
    case runScript = "sql.run-script"
    case readFile = "sql.read-file"
    case writeFile = "sql.write-file"
    case removeFile = "sql.remove-file"
    case load = "sql.load"
    case loadCode = "sql.load-code"
    case readRemote = "sql.read-remote"
    case remoteQuery = "sql.remote-query"
    case attach = "sql.attach"
    case detach = "sql.detach"
    case restore = "sql.restore"
    case shutdown = "sql.shutdown"
    case cancelQuery = "sql.cancel-query"
    case killSession = "sql.kill-session"
    case configureServer = "sql.configure-server"
    case delay = "sql.delay"
    case call = "sql.call"
    case injection = "sql.injection"

    /// Whether it destroys, discloses or takes over, so that a routine which holds it is worth a mention.
    var isDestructive: Bool {
        switch self {
        case .select, .explain, .insert, .update, .delete, .merge, .create, .createRoutine, .createUser, .defineDestructive, .alter, .call, .replaceObject, .load, .delay,
            .dropTemporaryTable, .updateLimited, .deleteLimited, .replaceRows, .rename, .readRemote, .cancelQuery:
            false
        default: true
        }
    }
}
