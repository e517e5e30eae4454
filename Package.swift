// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .library(name: "Engine", targets: ["Engine"]),
        .library(name: "Corpus", targets: ["Corpus"]),
        .library(name: "Operations", targets: ["Operations"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CHyperscan", pkgConfig: "libhs", providers: [.apt(["libhyperscan-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "ContentCoding", dependencies: ["CZlib", "CBrotli", "CZstd"]),
        .target(name: "ByteKernels", cSettings: [.unsafeFlags(["-O3"])]),
        // Optimised in debug builds too: property tests run the engine millions of times.
        .target(name: "Engine", dependencies: ["CHyperscan", "ByteKernels", "CZlib", "Cryptography"], swiftSettings: [.unsafeFlags(["-O", "-enforce-exclusivity=unchecked"])]),
        .target(name: "Cryptography", dependencies: ["COpenSSL"]),
        .target(
            name: "OpenID",
            dependencies: [
                "Cryptography",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "Record",
            dependencies: ["Engine", "Cryptography", .product(name: "GRDB", package: "GRDB.swift")]),
        // Optimised in debug builds too: fuzzing and property tests read millions of commands.
        .target(name: "Operations", swiftSettings: [.unsafeFlags(["-O", "-enforce-exclusivity=unchecked"])]),
        .target(name: "Corpus", dependencies: ["Engine", "Operations", "Cryptography", .product(name: "Yams", package: "Yams")]),
        .target(
            name: "Proxy",
            dependencies: [
                "Engine", "Operations", "Record", "Cryptography", "ContentCoding", "OpenID",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(
            name: "DemoVendor",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Engine", "Operations", "Corpus", "Proxy", "Record", "DemoVendor",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "EngineTests", dependencies: ["Engine", "ByteKernels", "Cryptography"], exclude: ["README.md"]),
        .testTarget(name: "OperationsTests", dependencies: ["Operations", "Corpus"], exclude: ["bypasses"]),
        .testTarget(name: "CorpusTests", dependencies: ["Corpus", "Engine", "Cryptography"]),
        .testTarget(name: "RecordTests", dependencies: ["Record", "Cryptography", "Engine"]),
        .testTarget(name: "ContentCodingTests", dependencies: ["ContentCoding"]),
        .testTarget(
            name: "ProxyTests", dependencies: ["Proxy", "OpenID", "COpenSSL", "Record", "Cryptography", "ContentCoding", "DemoVendor", "Engine", "Corpus", "Operations"]),
        .testTarget(name: "CommandTests", dependencies: ["sluice", "Record", "Engine", "Proxy", "Cryptography"]),
        .testTarget(name: "DemoVendorTests", dependencies: ["DemoVendor"]),
    ],
    swiftLanguageModes: [.v6]
)
