// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that who uses the engine never resolves what measures it.
let package = Package(
    name: "sluice-benchmarks",
    dependencies: [.package(name: "sluice", path: "..")],
    targets: [
        .systemLibrary(name: "HyperscanBaseline", pkgConfig: "libhs", providers: [.apt(["libhyperscan-dev"])]),
        .executableTarget(
            name: "sluice-bench",
            dependencies: [
                "HyperscanBaseline",
                .product(name: "Engine", package: "sluice"),
                .product(name: "Corpus", package: "sluice"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
