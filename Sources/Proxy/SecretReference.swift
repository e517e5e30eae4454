// Where a secret is kept: an environment variable, or a file that only its owner can read. Secrets are never written into a configuration or a command line.

import Cryptography
import Foundation

/// `env:NAME` or `file:PATH`, read.
public enum SecretReference {
    /// Why a secret cannot be had, without a byte of it.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var message: String
        public var hint: String?

        public var description: String { hint.map { "\(message)\n  hint: \($0)" } ?? message }
    }

    /// The secret that a reference points to, without white space around it.
    ///
    /// - Parameters:
    ///   - what: it is called so in messages, as in "the credential".
    ///   - directory: where relative paths begin.
    public static func read(
        _ reference: String, what: String, directory: String = FileManager.default.currentDirectoryPath,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> Secret {
        let value: String
        if reference.hasPrefix("env:") {
            let name = String(reference.dropFirst(4))
            guard let found = environment[name] else {
                throw Failure(
                    message: "the environment has no variable \"\(name)\"", hint: "set it for the process that runs Sluice, or name a file: file:PATH")
            }
            value = found
        } else if reference.hasPrefix("file:") {
            let path = absolute(String(reference.dropFirst(5)), in: directory)
            try requirePrivate(path)
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Failure(message: "\(path) cannot be read", hint: "check the name and who may read it")
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw Failure(message: "\(path) is not text", hint: "it should hold the secret and nothing else")
            }
            value = text
        } else {
            // The text is not repeated: it may be the secret itself.
            throw Failure(
                message: "\(what) must begin with env: or file:; a secret is never written out here",
                hint: "put it into an environment variable or a file of mode 0600, and name that: env:NAME or file:PATH")
        }
        let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw Failure(message: "\(what) is empty", hint: "check what \(reference) holds") }
        guard trimmed.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Failure(message: "\(what) has a line break or another control character in it", hint: "check what \(reference) holds")
        }
        return Secret(trimmed)
    }

    /// The key for the action `hash` that a reference points to: its bytes are the key.
    public static func hashKey(
        _ reference: String, directory: String = FileManager.default.currentDirectoryPath,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> HMACSHA256 {
        let secret = try read(reference, what: "the hash key", directory: directory, environment: environment)
        let bytes = Array(secret.exposed.utf8)
        guard bytes.count >= leastHashKey else {
            throw Failure(message: "the hash key has \(bytes.count) bytes, fewer than \(leastHashKey)", hint: "make one with  openssl rand -hex 32")
        }
        return HMACSHA256(key: bytes)
    }

    /// Values behind labels can be guessed by whoever has the key, so it must not be guessed itself: 128 bits, written in hexadecimal.
    static let leastHashKey = 32

    static func absolute(_ path: String, in directory: String) -> String {
        URL(fileURLWithPath: path.hasPrefix("/") ? path : directory + "/" + path).standardizedFileURL.path
    }

    /// Refuses a file that does not exist, or that others than its owner can get at.
    static func requirePrivate(_ path: String) throws(Failure) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path),
            attributes[.type] as? FileAttributeType == .typeRegular, FileManager.default.isReadableFile(atPath: path)
        else { throw Failure(message: "\(path) cannot be read", hint: "check the name and who may read it") }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        guard mode & 0o077 == 0 else {
            throw Failure(message: "\(path) has mode 0\(String(mode & 0o777, radix: 8)): others than its owner can get at it", hint: "chmod 600 \(path)")
        }
    }
}
