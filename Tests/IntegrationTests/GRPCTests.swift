import Glibc
import Testing

/// A real gRPC client and server (Python's `grpcio`) with Headrace between them, HTTP/2 on both
/// sides. The checks are those of Python/grpc_checks.py.
@Suite(
  "gRPC", .serialized,
  .enabled(if: Program.hasGRPC, "no grpcio in HEADRACE_PYTHON or python3"))
struct GRPCTests {
  private static let calls = [
    "unary", "metadata", "request-fields", "errors-without-messages", "errors-after-messages",
    "unknown-method", "server-streaming", "client-streaming", "bidirectional",
    "deadline-is-passed-on", "deadline-ends-a-call", "cancel-reaches-the-server",
    "large-messages", "slow-reader", "parallel-calls", "many-calls",
    "one-stream-does-not-stop-another",
  ]

  private func withServer(
    _ door: Door, _ arguments: String..., body: (DoorScene, Script) throws -> Void
  ) throws {
    let server = try Script("grpc_server", arguments)
    defer { server.process.kill() }
    let pool = "app: { backends: ['\(try server.address)'], protocol: h2c }"
    try withDoor(door, pools: pool) { place in try body(place, server) }
  }

  @Test("calls of all kinds, their metadata, statuses, deadlines and cancellations")
  func calls() throws {
    try withServer(.clear) { place, _ in
      try expectChecks("grpc_checks", place, only: Self.calls, atLeast: Self.calls.count)
    }
  }

  @Test("the same over TLS", .enabled(if: Program.openssl != nil, "no openssl"))
  func overTLS() throws {
    try withServer(.tls) { place, _ in
      try expectChecks("grpc_checks", place, only: Self.calls, atLeast: Self.calls.count)
    }
  }

  @Test("the same over TLS on every way", .enabled(if: Program.openssl != nil, "no openssl"))
  func overTLSToBackends() throws {
    try withServer(.tls) { back, _ in
      let tls = "protocol: h2, tls: { ca: '\(back.authority[0])' }"
      let pool = "app: { backends: ['127.0.0.1:\(back.scene.proxy.port)'], \(tls) }"
      try withDoor(.tls, pools: pool) { place in
        try expectChecks("grpc_checks", place, only: Self.calls, atLeast: Self.calls.count)
      }
    }
  }

  @Test("a server that ends its connections every 300 ms loses no call")
  func maximumAge() throws {
    try withServer(.clear, "0", "300") { place, _ in
      try expectChecks("grpc_checks", place, only: ["no-call-is-lost"], atLeast: 1)
    }
  }

  @Test("reloads lose no call")
  func reloads() throws {
    try withServer(.clear) { place, server in
      let arguments = [place.address] + place.authority + ["--", "no-call-is-lost"]
      let checks = try Script("grpc_checks", arguments)
      let pool = "app: { backends: ['\(try server.address)'], protocol: h2c }"
      for round in 1...6 {
        usleep(500_000)
        let config = place.door.config(pool, extra: "via: \(round % 2 == 0)")
        #expect(try place.scene.proxy.reload(config))
      }
      try checks.expectChecks(atLeast: 1)
    }
  }

  @Test("a server that is started again is used again")
  func restart() throws {
    try withServer(.clear) { place, server in
      let arguments = [place.address] + place.authority + ["--", "survives-a-restart"]
      let checks = try Script("grpc_checks", arguments)
      let port = try server.line("port")[0]
      usleep(1_000_000)
      server.process.kill()
      usleep(500_000)
      let next = try Script.server("grpc_server", port)
      try withExtendedLifetime(next) { try checks.expectChecks(atLeast: 1) }
    }
  }
}
