// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that who uses the engine never resolves what measures it.
let package = Package(
    name: "sluice-benchmarks",
    dependencies: [
        .package(name: "sluice", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "HyperscanBaseline", pkgConfig: "libhs", providers: [.apt(["libhyperscan-dev"])]),
        .systemLibrary(name: "OpenSSLDigest", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CInstruments"),
        .executableTarget(
            name: "sluice-bench",
            dependencies: [
                "CInstruments", "HyperscanBaseline", "OpenSSLDigest",
                .product(name: "Engine", package: "sluice"),
                .product(name: "Corpus", package: "sluice"),
                .product(name: "Operations", package: "sluice"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .testTarget(name: "BenchTests", dependencies: ["sluice-bench", "CInstruments"]),
    ],
    swiftLanguageModes: [.v6]
)
