// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "CustomStrategy",
  products: [.executable(name: "custom-headrace", targets: ["custom-headrace"])],
  dependencies: [
    // Outside of this repository: .package(url: "https://...", from: "...").
    .package(name: "headrace", path: "../..")
  ],
  targets: [
    .target(
      name: "BoundedAffinity", dependencies: [.product(name: "HeadraceKit", package: "headrace")]),
    .executableTarget(
      name: "custom-headrace",
      dependencies: ["BoundedAffinity", .product(name: "HeadraceKit", package: "headrace")]),
    .testTarget(name: "BoundedAffinityTests", dependencies: ["BoundedAffinity"]),
  ]
)
