import Foundation
import Testing

/// TLS with clients that break it, cut it, or say more than they may, by a client that sends its
/// flights by hand (Python/tls_checks.py).
@Suite(
  "TLS clients", .serialized, .enabled(if: Program.openssl != nil, "no openssl"),
  .enabled(if: Program.python != nil, "no python3"))
struct TLSClientTests {
  /// What the proxy says of a client's certificate is the answer to /who.
  /// What is said to /refreshed is stale after a second, and fetched anew behind its reader.
  private static let origin = Origin.Script.serving { request, connection in
    let verdict = request.all("X-Client-Verify").joined(separator: "+")
    let who = "\(verdict);\(request["X-Client-Subject"] ?? "none")"
    switch request.target {
    case "/who": return ok(who)
    case "/stored": return ok(who, "Cache-Control: max-age=600", "Vary: X-Client-Verify")
    case "/refreshed":
      let count = connection.origin.requests.filter { $0.target == "/refreshed" }.count
      return ok(
        "\(count) \(who);\(request["X-Client-Fingerprint"] ?? "none")",
        "Cache-Control: max-age=1, stale-while-revalidate=600")
    case "/large": return ok(String(repeating: "large pi", count: 400_000))
    case "/cut":
      try connection.send(head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("hello"))
      return nil
    case "/close":
      try connection.send(head("HTTP/1.1 200 OK") + "hello")
      return nil
    default: return ok("ok")
    }
  }

  @Test("what is no TLS, or never ends, or ends early, is turned away, and nothing is left of it")
  func clients() throws {
    let extra = "admin: 127.0.0.1:0\ntimeouts: { tls_handshake: 1s }"
    try withDoor(.tls, [Self.origin], extra: extra) { place in
      try expectChecks(
        "tls_checks", place,
        only: [
          "end-right-behind-the-handshake", "half-close-behind-the-request",
          "hello-in-single-bytes", "garbage", "plain-http", "hello-without-end", "many-half-open",
          "cut-answers", "records-and-requests", "slow-reader",
        ], atLeast: 10)
      let proxy = place.scene.proxy
      try wait(for: "all to be given back") {
        let open = try proxy.metric("headrace_worker_client_connections")
        let held = try proxy.metric("headrace_worker_held_bytes")
        return open == 0 && held == 0
      }
      let failures = try #require(try proxy.metric("headrace_worker_tls_handshake_failures_total"))
      // What is no TLS, what closed early, and half of those that waited; never one that was fine.
      #expect(failures >= 300)
    }
  }

  @Test("a client's certificate speaks for its own connection and session, and for no others")
  func certificates() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let server = try Certificate(in: folder)
    let client = try Certificate(
      in: folder, name: "client", for: "clientAuth", subject: "a,b\\+c \r\nX-Evil: 1")
    let config = """
      listeners:
        - address: 127.0.0.1:0
          tls:
            certificates: [\(server.entry)]
            client_certificates: { mode: optional, ca: '\(server.authority)' }
      workers: 1
      caches: { pages: { memory: 16MiB } }
      routes: [{ to: app, cache: pages }]
      pools: { app: ['$0'] }

      """
    try withScene(Self.origin, config: config) { scene in
      let script = try Script(
        "tls_checks",
        [
          "localhost:\(scene.proxy.port)", server.authority, client.certificate, client.key, "--",
          "certificate-is-told", "resumed-as-it-began", "stored-for-nobody-else",
          "refreshed-as-it-was-asked",
          "refreshed-as-it-was-asked-over-http2",
        ])
      try script.expectChecks(atLeast: 5)
      #expect(scene.origin.requests.allSatisfy { $0["X-Evil"] == nil })
    }
  }
}
