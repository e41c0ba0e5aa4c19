import CLinux
import Glibc
import Testing

/// RFC 9113 and RFC 7541 case by case, and the known attacks, by a client that writes frames by
/// hand (Python/h2_cases.py, h2_messages.py, h2_attacks.py): written from the RFCs, so that it is
/// a judge of the engine and not its echo.
@Suite(
  "HTTP/2 cases", .serialized, .enabled(if: Feature.http2, "no HTTP/2 in this build"),
  .enabled(if: Program.hasHPACK, "no hpack in HEADRACE_PYTHON or python3"))
struct HTTP2CaseTests {
  /// Answers with `ok`, for /large with 1 MiB; takes /hold and never answers it, and reads none
  /// of its body. What is malformed asks for /bad, which must never come here.
  private static func origin(_ reached: Locked<[String]>) -> Origin.Script {
    .script { connection in
      connection.keepsRecord = false
      let large = pattern(1 << 20)
      while try connection.hasMore(within: 120) {
        var request = try connection.readHead()
        if request.target.hasPrefix("/bad") {
          reached.withLock { $0.append("\(request.startLine) \(request.fields)") }
        }
        if request.target == "/hold" { return try hold(connection) }
        try connection.readBody(of: &request, or: .none)
        let body = request.target == "/large" ? large : "ok".bytes
        let length = "Content-Length: \(body.count)"
        try connection.send(head("HTTP/1.1 200 OK", length))
        if request.method != "HEAD" { try connection.send(body, within: 60) }
      }
    }
  }

  /// Until the peer is gone, without reading.
  private static func hold(_ connection: Origin.Connection) throws {
    let isGone = Int16(0x2000)  // POLLRDHUP
    var set = pollfd(fd: connection.descriptor, events: isGone, revents: 0)
    while poll(&set, 1, 50) == 0 { try connection.rest(0) }
  }

  private func run(
    _ script: String, _ door: Door, atLeast count: Int, within seconds: Double,
    body: (DoorScene) throws -> Void = { _ in }
  ) throws {
    let reached = Locked<[String]>([])
    try withDoor(door, [Self.origin(reached)]) { place in
      try expectChecks(script, place, atLeast: count, within: seconds)
      let requests = reached.withLock { $0 }
      #expect(requests.isEmpty, "malformed, but forwarded: \(requests.prefix(5))")
      #expect(place.scene.proxy.process.isRunning)
      try body(place)
    }
  }

  @Test("the cases of RFC 9113 and RFC 7541, in clear")
  func cases() throws { try run("h2_cases", .clear, atLeast: 90, within: 300) }

  @Test("the cases of RFC 9113 and RFC 7541, over TLS", .enabled(if: Feature.tls, "no TLS yet"))
  func casesOverTLS() throws { try run("h2_cases", .tls, atLeast: 90, within: 300) }

  @Test("attacks end soon, others are served meanwhile, and memory stays bounded")
  func attacks() throws {
    try run("h2_attacks", .clear, atLeast: 18, within: 300) { place in
      let process = place.scene.proxy.process
      #expect(process.peakResidentBytes < (Proxy.isSanitized ? 1 << 30 : 128 << 20))
      #expect(process.processorTime < 30 * Deadline.patience)
    }
  }
}
