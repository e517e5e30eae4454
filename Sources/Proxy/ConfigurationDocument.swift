// Reads a configuration file.

extension Configuration {
    /// Reads and checks the file at `path`, with all that it names: certificates, keys, credentials.
    ///
    /// - Parameter environment: where `env:` credentials come from.
    /// - Throws: ``ConfigurationError`` with every mistake found.
    public static func load(_ path: String, environment: [String: String]) throws(ConfigurationError) -> Configuration { fatalError() }
}
