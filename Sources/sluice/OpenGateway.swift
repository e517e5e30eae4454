// A gateway with the rules and operations that its configuration names.

import Corpus
import Logging
import Proxy

extension Gateway {
    /// Reads the corpus of `configuration`, and compiles its rules or takes them from the cache.
    ///
    /// - Parameters:
    ///   - noCache: compile, and keep nothing of it.
    ///   - previous: see ``Gateway/init(_:logger:previous:rules:compile:catalogue:)``.
    convenience init(_ configuration: Configuration, noCache: Bool, logger: Logger, previous: Gateway? = nil) throws {
        let cache = noCache ? nil : configuration.cacheDirectory.map { RuleSetCache(directory: $0) } ?? .standard()
        let corpus = try MaskingRules(configuration.corpusDirectory, cache: cache) { logger.warning("\($0)") }
        try self.init(configuration, logger: logger, previous: previous) {
            try corpus.rules(profiles: $0)
        } compile: {
            try corpus.compile($0)
        } catalogue: {
            try Corpus.catalogue(orShippedWith: configuration.corpusDirectory)
        }
    }
}
