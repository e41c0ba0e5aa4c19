import Foundation
import Testing

/// A backend with TLS (Python's), its certificate's authority, and a proxy in front.
private struct Place {
  let scene: Scene
  let files: Certificate

  func get(_ path: String = "/") throws -> Message {
    try scene.exchange(IntegrationTests.get(path))
  }

  func metric(_ name: String) throws -> Double? {
    try scene.proxy.metric("headrace_backend_\(name)", "pool=\"app\"")
  }

  func events() throws -> String { try scene.proxy.admin("/events").text }
  func awaitEvent(_ text: String) throws { try scene.proxy.awaitEvent(text) }
}

/// - Parameters:
///   - tls: of the pool; `CA` stands for the authority's file, `FOLDER` for the certificates'.
///   - origin: arguments of Python/tls_origin.py.
private func withBackend(
  tls: String = "{ ca: CA, server_name: localhost }", pool: String = "", extra: String = "",
  origin arguments: [String] = [], sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (Place) throws -> Void
) throws {
  let folder = try makeFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let files = try Certificate(in: folder)
  _ = try Program.run([Proxy.binary, "dev-cert", "--out", folder, "front.example"])
  let named = arguments.map { $0.replacing("FOLDER", with: folder) }
  let origin = try Script("tls_origin", [files.certificate, files.key] + named)
  defer { origin.process.kill() }
  let more = pool.isEmpty ? "" : ", " + pool
  let config = Scene.config(
    pool: "{ backends: ['\(try origin.address)'], tls: \(tls)\(more) }",
    "admin: 127.0.0.1:0\naccess_log: text\n\(extra)"
  ).replacing("CA,", with: files.authority + ",").replacing("FOLDER", with: folder)
  try withScene(config: config, sourceLocation: sourceLocation) { scene in
    try body(Place(scene: scene, files: files))
  }
}

@Suite(
  "TLS to backends", .enabled(if: Program.openssl != nil, "no openssl"),
  .enabled(if: Program.python != nil, "no python3"))
struct BackendTLSTests {
  @Test("verified by the given authority; connections are kept, whatever tickets come on them")
  func verified() throws {
    try withBackend { place in
      for count in 1...5 {
        let answer = try place.get()
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix("connection=1 request=\(count) "), "\(answer.text)")
        #expect(answer.text.contains("name=localhost version=TLSv1.3"))
      }
      #expect(try place.metric("tls_handshakes_total") == 1)
      #expect(try place.metric("connections_idle") == 1)
    }
  }

  @Test("an address is no name for SNI, but is looked for in the certificate")
  func address() throws {
    try withBackend(tls: "{ ca: CA, verify: true }") { place in
      let answer = try place.get()
      #expect(answer.text.contains("name=None"))
    }
  }

  @Test(
    "a certificate that cannot be verified is refused, and the events say why",
    arguments: [
      ("true", "unable to get local issuer certificate"),
      ("{ ca: CA, server_name: other.example }", "hostname mismatch"),
    ])
  func refused(_ tls: String, _ reason: String) throws {
    try withBackend(tls: tls) { place in
      #expect(try place.get().status == 502)
      #expect(try place.get().status == 502)
      try place.awaitEvent(reason)
      let events = try place.events()
      #expect(events.components(separatedBy: reason).count == 2, "told once: \(events)")
      #expect(try place.metric("tls_failures_total") == 2)
      try wait(for: "the log") {
        place.scene.proxy.output.contains("error=\"TLS with the backend failed\"")
      }
    }
  }

  @Test("verify: false takes any certificate, and asks for the name all the same")
  func unverified() throws {
    try withBackend(tls: "{ verify: false, server_name: any.example }") { place in
      let answer = try place.get()
      #expect(answer.text.contains("name=any.example"))
    }
  }

  @Test("a client certificate is shown to a backend that asks; without one it refuses")
  func clientCertificate() throws {
    let pair = "cert: FOLDER/dev-cert.pem, key: FOLDER/dev-cert.key"
    let demand = ["ca=FOLDER/dev-cert.pem"]
    try withBackend(tls: "{ ca: CA, server_name: localhost, \(pair) }", origin: demand) { place in
      let answer = try place.get()
      #expect(answer.text.hasSuffix("client=front.example"))
    }
    try withBackend(origin: demand) { place in
      // The backend closes at once behind its alert: a reset may come first, and say nothing.
      try wait(for: "the reason") {
        #expect(try place.get().status == 502)
        return try place.events().contains("certificate required")
      }
    }
  }

  @Test("the next connection resumes the session", arguments: ["1.2", "1.3"])
  func resumed(_ newest: String) throws {
    try withBackend(origin: ["newest=\(newest)"]) { place in
      #expect(try place.get("/last").text.contains("resumed=False"))
      let second = try place.get("/last").text
      #expect(second.hasPrefix("connection=2 ") && second.contains("resumed=True"), "\(second)")
      #expect(try place.metric("tls_resumed_total") == 1)
    }
  }

  @Test("a backend that closes an idle connection is connected to again")
  func idleClosed() throws {
    try withBackend { place in
      #expect(try place.get("/leave").status == 200)
      try wait(for: "the end of the connection") {
        try place.metric("connections_open") == 0
      }
      let answer = try place.scene.exchange(post(body: "once"))
      #expect(answer.status == 200 && answer.text.hasPrefix("connection=2 "))
    }
  }

  @Test("a body that ends with the connection is whole only if TLS says so")
  func truncated() throws {
    try withBackend { place in
      let whole = try place.get("/close")
      #expect(whole.status == 200 && whole.text.contains("client="))
      let client = try place.scene.client()
      try client.send(get("/cut"))
      let rest = try client.readToEnd().text
      #expect(rest.contains("200 OK") && !rest.hasSuffix("0\r\n\r\n"), "\(rest)")
    }
  }

  @Test("a backend that has no TLS as new as demanded is refused")
  func minimumVersion() throws {
    let tls = "{ ca: CA, server_name: localhost, minimum_version: '1.3' }"
    try withBackend(tls: tls, origin: ["newest=1.2"]) { place in
      #expect(try place.get().status == 502)
      try place.awaitEvent("protocol version")
    }
  }

  @Test("protocol: h2 is agreed by ALPN or not at all", arguments: [[], ["alpn=http/1.1"]])
  func noHTTP2(_ origin: [String]) throws {
    try withBackend(pool: "protocol: h2", origin: origin) { place in
      let answer = try place.get()
      #expect(answer.status == 502)
      try place.awaitEvent("does not speak the pool's protocol (ALPN)")
    }
  }

  @Test("http/1.1 is offered by ALPN")
  func offers() throws {
    try withBackend(origin: ["alpn=http/1.1"]) { place in
      let answer = try place.get()
      #expect(answer.text.contains("alpn=http/1.1"))
    }
  }

  @Test("the handshake is part of the connect, and of its timeout")
  func silence() throws {
    let script = Origin.Script.script { connection in try connection.hang() }
    let config = Scene.config(
      pool: "{ backends: ['$0'], tls: { verify: false } }",
      "admin: 127.0.0.1:0\ntimeouts: { connect: 300ms }")
    try withScene(script, config: config) { scene in
      let answer = try scene.exchange(get())
      #expect(answer.status == 502)
      try scene.proxy.awaitEvent("no end of the handshake within the connect timeout")
    }
  }

  @Test("where TLS fails another backend is asked, for any method")
  func another() throws {
    let inClear = Origin.Script.script { connection in
      _ = try connection.read(5)
      try connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
      _ = try connection.readToEnd()
    }
    try withScene(inClear) { clear in
      try withBackend(pool: "strategy: round_robin") { place in
        let config = try String(
          contentsOfFile: place.scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
        let both = config.replacing(
          "backends: [", with: "backends: ['\(clear.origin.address)', ")
        #expect(try place.scene.proxy.reload(both))
        for _ in 1...4 {
          #expect(try place.scene.exchange(post(body: "x")).text.contains("name=localhost"))
        }
        try place.awaitEvent("it does not speak TLS on this port")
      }
    }
  }

  @Test("connections that were made by other settings are not used after a reload")
  func reload() throws {
    try withBackend { place in
      #expect(try place.get().text.hasPrefix("connection=1 request=1"))
      let config = try String(
        contentsOfFile: place.scene.proxy.folder + "/headrace.yaml", encoding: .utf8)
      #expect(try place.scene.proxy.reload(config + "via: true\n"))
      #expect(try place.get().text.hasPrefix("connection=1 request=2"))
      let strict = config.replacing("server_name: localhost", with: "server_name: other.example")
      #expect(try place.scene.proxy.reload(strict))
      try wait(for: "the new name to count") { try place.get().status == 502 }
      #expect(try place.metric("connections_open") == 0)
    }
  }

  @Test("health checks go over TLS, and say what was wrong")
  func health() throws {
    let health = "health: { interval: 100ms, unhealthy_after: 1, healthy_after: 1 }"
    try withBackend(pool: health) { place in
      try wait(for: "checks that pass") {
        try place.metric("health_checks_passed_total") ?? 0 >= 2
      }
      #expect(try place.metric("health_checks_failed_total") == 0)
    }
    let wrong = "{ ca: CA, server_name: other.example }"
    try withBackend(tls: wrong, pool: health) { place in
      try wait(for: "the backend to be out") { try place.metric("up") == 0 }
      #expect(
        try place.events().contains(
          "health check failed: TLS failed: its certificate is not accepted: hostname mismatch"))
    }
  }
}

/// Headrace behind Headrace: what one says to backends, the other knows from clients.
@Suite("HTTP/2 to backends", .enabled(if: Program.openssl != nil, "no openssl"))
struct BackendHTTP2Tests {
  private static let health = "health: { interval: 100ms, unhealthy_after: 1, healthy_after: 1 }"

  private func withBoth(
    _ door: Door, health: String = Self.health, _ script: Origin.Script = .answering(ok("hello")),
    _ body: (Scene, DoorScene) throws -> Void
  ) throws {
    try withDoor(door, [script], extra: "admin: 127.0.0.1:0\nvia: true") { back in
      let how =
        door == .clear
        ? "protocol: h2c"
        : "protocol: h2, tls: { ca: \(back.authority[0]), server_name: localhost }"
      let config = Scene.config(
        pool: "{ backends: ['127.0.0.1:\(back.scene.proxy.port)'], \(how), \(health) }",
        "admin: 127.0.0.1:0")
      try withScene(config: config) { front in try body(front, back) }
    }
  }

  @Test("one connection carries all; health checks have their own", arguments: Door.allCases)
  func endToEnd(_ door: Door) throws {
    try withBoth(door) { front, back in
      for _ in 1...3 {
        let answer = try front.exchange(get())
        #expect(answer.status == 200 && answer.text == "hello")
      }
      let large = String(repeating: "b", count: 200_000)
      #expect(try front.exchange(post(body: large)).text == "hello")
      #expect(back.scene.origin.requests.last { $0.method == "POST" }?.body.count == 200_000)
      try wait(for: "checks that pass") {
        try front.proxy.metric("headrace_backend_health_checks_passed_total") ?? 0 >= 2
      }
      #expect(try front.proxy.metric("headrace_backend_health_checks_failed_total") == 0)
      #expect(try front.proxy.metric("headrace_backend_connections_opened_total") == 1)
      #expect(back.scene.origin.requests.allSatisfy { $0["Via"] == "2.0 headrace" })
    }
  }

  @Test("a check over HTTP/2 sees statuses", arguments: Door.allCases)
  func unwell(_ door: Door) throws {
    let wellness = Wellness()
    try withBoth(
      door, health: Self.health.replacing("{", with: "{ path: /health, expect: { body: ok }, "),
      HealthTests.backend("a", wellness)
    ) { front, _ in
      func isUp() throws -> Bool { try front.proxy.metric("headrace_backend_up") == 1 }
      try wait(for: "a check that passes") {
        try front.proxy.metric("headrace_backend_health_checks_passed_total") ?? 0 >= 1
      }
      wellness.status = "503 Service Unavailable"
      try wait(for: "the backend to be out") { try !isUp() }
      try front.proxy.awaitEvent("health check failed: status 503")
      wellness.status = "200 OK"
      try wait(for: "the backend to be back") { try isUp() }
    }
  }

  @Test("HTTP/2 from client to backend", .enabled(if: Program.nghttp != nil, "no nghttp"))
  func bothSides() throws {
    try withBoth(.tls) { front, _ in
      let result = try Program.run([
        Program.nghttp ?? "", "-v", "http://127.0.0.1:\(front.proxy.port)/",
      ])
      #expect(result.output.contains(":status: 200") && result.output.contains("hello"))
    }
  }
}
