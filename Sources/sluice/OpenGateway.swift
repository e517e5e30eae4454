// A gateway with the rules and operations that its configuration names.

import Corpus
import Logging
import Proxy

extension MaskingRules {
    /// The corpus of `configuration`, with the cache that it names.
    ///
    /// - Parameters:
    ///   - noCache: compile, and keep nothing of it.
    ///   - note: see ``MaskingRules/init(_:cache:note:)``.
    convenience init(of configuration: Configuration, noCache: Bool = false, note: @escaping @Sendable (String) -> Void = { _ in }) throws(CorpusError) {
        try self.init(configuration.corpusDirectory, cache: noCache ? nil : configuration.cacheDirectory.map { RuleSetCache(directory: $0) } ?? .standard(), note: note)
    }
}

extension Gateway {
    /// Reads the corpus of `configuration`, and compiles its rules or takes them from the cache.
    ///
    /// - Parameters:
    ///   - noCache: compile, and keep nothing of it.
    ///   - previous: see ``Gateway/init(_:logger:previous:rules:compile:catalogue:)``.
    convenience init(_ configuration: Configuration, noCache: Bool, logger: Logger, previous: Gateway? = nil) throws {
        let corpus = try MaskingRules(of: configuration, noCache: noCache) { logger.warning("\($0)") }
        try self.init(configuration, logger: logger, previous: previous) {
            try corpus.rules(profiles: $0)
        } compile: {
            try corpus.compile($0)
        } catalogue: {
            try Corpus.catalogue(orShippedWith: configuration.corpusDirectory)
        }
    }
}
