// swift-tools-version: 6.2
import PackageDescription

/// Settings that every Swift target shares. Warnings are errors; `any` is written out.
let everywhere: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// The data plane is compiled under strict memory safety: each unsafe use is spelled `unsafe`.
/// `Lifetimes` is needed for the spans that `Block` lends.
let dataPlane: [SwiftSetting] =
  everywhere + [
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
  ]

var products: [Product] = [
  .executable(name: "headrace", targets: ["headrace"]),
  // For programs that add strategies of their own: see Examples/CustomStrategy.
  .library(name: "HeadraceKit", targets: ["HeadraceKit"]),
]

var targets: [Target] = [
  .target(name: "CLinux"),
  .systemLibrary(name: "COpenSSL"),
  .systemLibrary(name: "CZlib"),
  .target(
    name: "DataPlane", dependencies: ["CLinux", "COpenSSL", "CZlib"], swiftSettings: dataPlane),
  .target(
    name: "ControlPlane",
    dependencies: [
      "DataPlane", "CLinux", "COpenSSL", .product(name: "Yams", package: "Yams"),
    ],
    swiftSettings: everywhere),
  .target(
    name: "HeadraceKit",
    dependencies: [
      "ControlPlane", "DataPlane",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    swiftSettings: everywhere),
  .executableTarget(name: "headrace", dependencies: ["HeadraceKit"], swiftSettings: everywhere),
  .testTarget(
    name: "DataPlaneTests", dependencies: ["DataPlane", "ControlPlane", "CLinux"],
    swiftSettings: dataPlane),
  .testTarget(
    name: "ControlPlaneTests", dependencies: ["ControlPlane", "DataPlane"],
    exclude: ["Configuration/Golden"],
    swiftSettings: everywhere),
  .testTarget(
    name: "IntegrationTests", dependencies: ["headrace", "CLinux", "CZlib"],
    exclude: ["Python"],
    swiftSettings: everywhere),
  .testTarget(name: "TidyTests", swiftSettings: everywhere),
]

/// Fuzz targets link against libFuzzer, which brings `main`: they exist only for `make fuzz`, so
/// that a plain `swift build` does not stumble over them.
if Context.environment["FUZZ"] != nil {
  for name in [
    "RequestHead", "ResponseHead", "ChunkedBody", "Config", "CacheControl", "StructuredField",
    "DateAndRange", "HPACK", "HTTP2Session", "ProxyHeader",
  ] {
    targets.append(
      .executableTarget(
        name: "Fuzz\(name)", dependencies: [name == "Config" ? "ControlPlane" : "DataPlane"],
        path: "Fuzz/\(name)",
        swiftSettings: everywhere))
  }
}

/// Counts allocations, reference counts, locks and system calls by taking the place of the C
/// library's functions: sanitizers do the same, so both cannot be in one program.
if Context.environment["HEADRACE_SANITIZE"] == nil {
  targets += [
    .target(name: "CCounting", path: "Tests/CCounting"),
    .testTarget(
      name: "SteadyStateTests", dependencies: ["DataPlane", "CLinux", "CCounting"],
      swiftSettings: everywhere),
  ]
}

/// `make test` builds the steady-state tests a second time, optimised, and only what they need.
if Context.environment["HEADRACE_ONLY_STEADY_STATE"] != nil {
  let needed = ["CLinux", "COpenSSL", "CZlib", "DataPlane", "CCounting", "SteadyStateTests"]
  targets.removeAll { !needed.contains($0.name) }
  products = []
}

/// `Benchmarks/Routes`, `Balancing` and `Eviction`: what a match, a choice and a victim cost; not
/// part of a plain build.
if Context.environment["BENCH"] != nil {
  targets.append(
    .executableTarget(
      name: "BenchRoutes", dependencies: ["DataPlane"], path: "Benchmarks/Routes",
      swiftSettings: everywhere))
  targets.append(
    .executableTarget(
      name: "BenchBalancing", dependencies: ["DataPlane"], path: "Benchmarks/Balancing",
      swiftSettings: everywhere))
  targets.append(
    .executableTarget(
      name: "BenchEviction", dependencies: ["DataPlane"], path: "Benchmarks/Eviction",
      swiftSettings: everywhere))
}

let package = Package(
  name: "headrace",
  products: products,
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: targets
)
