// swift-tools-version: 6.2
import PackageDescription

// A package of its own: it is built with sanitizers, and nothing of it belongs to what users build.
let package = Package(
    name: "sluice-fuzz",
    products: [
        .executable(name: "fuzz-engine", targets: ["fuzz-engine"]),
        .executable(name: "fuzz-operations", targets: ["fuzz-operations"]),
        .executable(name: "fuzz-case", targets: ["fuzz-case"]),
    ],
    dependencies: [.package(name: "sluice", path: "..")],
    targets: [
        .target(
            name: "EngineFuzz",
            dependencies: [.product(name: "Engine", package: "sluice"), .product(name: "Corpus", package: "sluice")]),
        .target(
            name: "OperationsFuzz",
            dependencies: [.product(name: "Operations", package: "sluice"), .product(name: "Corpus", package: "sluice")]),
        // These two link only with --sanitize=fuzzer, which brings `main`.
        .executableTarget(name: "fuzz-engine", dependencies: ["EngineFuzz"], swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(name: "fuzz-operations", dependencies: ["OperationsFuzz"], swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(name: "fuzz-case", dependencies: ["EngineFuzz", "OperationsFuzz"]),
    ],
    swiftLanguageModes: [.v6]
)
