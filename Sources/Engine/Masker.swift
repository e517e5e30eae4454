// One stream: chunks in, masked bytes out.

/// How a body is read.
public enum Format: String, Sendable, CaseIterable {
    /// The whole body is one text.
    case text
    /// Strings and numbers are texts; what is masked keeps the document valid. Reads NDJSON too.
    case json
}

/// The engine failed in the middle of a body. The body must end here: nothing held may be released.
public struct MaskError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String
}

/// Masks one body that arrives in chunks. Not shared between threads while a call is under way.
public struct Masker {
    /// - Parameters:
    ///   - rules: compiled once, shared by any number of maskers on any thread.
    ///   - format: how the body is read.
    public init(_ rules: RuleSet, format: Format) {
        fatalError("filled in by the engine")
    }

    public private(set) var statistics = MaskStatistics()
    /// Set once a `block` rule ended the body.
    public private(set) var blocked: Finding?

    /// Takes the next chunk and gives back all that may be released after it.
    ///
    /// After a block, or after a throw, the body is over: later calls give nothing.
    public mutating func feed(_ chunk: UnsafeRawBufferPointer) throws(MaskError) -> MaskedBytes {
        fatalError("filled in by the engine")
    }

    /// Ends the body and gives back what was held.
    public mutating func finish() throws(MaskError) -> MaskedBytes {
        fatalError("filled in by the engine")
    }
}

public final class RuleSet: Sendable {
    /// Compiles `rules`; ids must be unique.
    public init(_ rules: [Rule]) throws(RuleError) { self.rules = rules; self.hash = "" }
    public let rules: [Rule]
    /// SHA-256-like identity of the rules, for records: the same rules give the same hash on every machine.
    public let hash: String
    /// The most bytes any rule holds before it decides.
    public static let longestHold = 4096
}
