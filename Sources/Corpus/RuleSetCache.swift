// Compiled rule sets kept in files, so that a program starts without compiling.

import Cryptography
import Engine
import Foundation

/// A folder of compiled rule sets, one file for each set, version of the program and kind of processor; and of what profiles select, see ``MaskingRules``.
///
/// Nothing depends on it: a file that is missing, stale, damaged or not ours alone is passed over, and the rules are compiled. Any number of processes may use
/// the folder at once: files appear whole, by renaming, and are never changed.
public struct RuleSetCache: Sendable {
    /// Made when the first file is written, with mode 0700.
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// `$XDG_CACHE_HOME/sluice`, else `~/.cache/sluice`; nil where the environment names neither by an absolute path.
    ///
    /// Source: XDG Base Directory Specification 0.8.
    public static func standard(environment: [String: String] = ProcessInfo.processInfo.environment) -> RuleSetCache? {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return RuleSetCache(directory: folder + "/sluice") }
        if let home = environment["HOME"], home.hasPrefix("/") { return RuleSetCache(directory: home + "/.cache/sluice") }
        return nil
    }

    /// The compiled rules: from their file, or compiled and then written to it.
    ///
    /// The file spells the rules out, so they must hold no secret.
    ///
    /// - Parameter note: told why no file could be written, or why one was passed over that should have been good.
    /// - Throws: the first rule that cannot be loaded, and why.
    public func ruleSet(_ rules: [Rule], note: (String) -> Void = { _ in }) throws(RuleError) -> RuleSet {
        if let set = load(rules, note: note) { return set }
        let set = try RuleSet(rules)
        do {
            try write(set.archive(), as: name(of: rules))
        } catch {
            note("the compiled rules are not kept for the next start: \(error)")
        }
        return set
    }

    /// The rules as their file has them; nil where there is none that can be used.
    func load(_ rules: [Rule], note: (String) -> Void = { _ in }) -> RuleSet? {
        let path = directory + "/" + name(of: rules)
        do {
            guard let archive = try Self.read(path) else { return nil }
            return try archive.withUnsafeBytes { try RuleSet(rules, archive: $0) }
        } catch {
            note("\(path) is not used: \(error)")
            return nil
        }
    }

    /// The file of a set. Its name is a digest of the archive's key and of the program: a rebuilt engine never reads what an older one wrote.
    func name(of rules: [Rule]) -> String {
        hexadecimal(SHA256.digest(of: Array((RuleSet.archiveKey(of: rules) + Self.program).utf8))) + Self.suffix
    }

    static let suffix = ".rules"

    /// Size and time of change of the running program's file; empty where the system does not tell.
    static let program: String = {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "" }
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }()

    // MARK: Files

    /// A file larger than this is none of ours.
    private static let mostBytes = 1 << 30

    /// Nil where there is no such file.
    static func read(_ path: String) throws(CacheError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw CacheError("cannot be opened")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < mostBytes else { throw CacheError("no regular file", errno: 0) }
        // What others could have written, they could have written on purpose.
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else { throw CacheError("others may write to it", errno: 0) }
        let size = Int(status.st_size)
        var failure: CacheError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let read = Foundation.read(descriptor, buffer.baseAddress.unsafelyUnwrapped + count, size - count)
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = CacheError("cannot be read") }
                if read <= 0 { break }
                count += read
            }
        }
        if let failure { throw failure }
        // Files in use stay when old ones are removed.
        futimens(descriptor, nil)
        return bytes
    }

    /// Writes a file under another name and renames it: readers see all of it or nothing.
    ///
    /// It is not forced to the disk: what a crash of the machine tears apart has the wrong digest.
    func write(_ bytes: [UInt8], as name: String) throws(CacheError) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CacheError("\(directory) cannot be made", errno: 0)
        }
        let temporary = directory + "/" + name + "." + hexadecimal(randomBytes(8)) + Self.temporarySuffix
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CacheError("\(directory) cannot be written to") }
        var written = 0
        let isWhole = bytes.withUnsafeBytes { bytes in
            while written < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress.unsafelyUnwrapped + written, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return false }
                written += count
            }
            return true
        }
        let failure = isWhole ? nil : CacheError("\(temporary) cannot be written")
        close(descriptor)
        if let failure {
            unlink(temporary)
            throw failure
        }
        guard rename(temporary, directory + "/" + name) == 0 else {
            let error = CacheError("\(directory)/\(name) cannot be put in place")
            unlink(temporary)
            throw error
        }
        removeOld()
    }

    private static let temporarySuffix = ".new"
    /// Files that are kept: those used last.
    static let mostFiles = 64

    /// Removes the files used longest ago, and what writers that died left behind an hour ago. Only names that are made here are touched.
    private func removeOld() {
        var kept: [(path: String, used: Int)] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            let path = directory + "/" + name
            var status = stat()
            guard name.wholeMatch(of: /[0-9a-f]{64}\.rules(?:\.[0-9a-f]{16}\.new)?/) != nil, lstat(path, &status) == 0 else { continue }
            if name.hasSuffix(Self.suffix) { kept.append((path, Int(status.st_mtim.tv_sec))) } else if time(nil) - status.st_mtim.tv_sec > 3600 { unlink(path) }
        }
        for old in kept.sorted(by: { $0.used > $1.used }).dropFirst(Self.mostFiles) { unlink(old.path) }
    }
}

/// Why a file of the cache could not be read or written.
struct CacheError: Error, CustomStringConvertible {
    let description: String

    /// - Parameter errno: the system's reason; 0 for none.
    init(_ message: String, errno: Int32 = Foundation.errno) {
        description = errno == 0 ? message : "\(message): \(String(cString: strerror(errno)))"
    }
}
