import Foundation
import Testing

/// Certificates that renew themselves, and what listeners and routes make of TLS.
@Suite("Certificates and https", .enabled(if: Program.curl != nil, "no curl"))
struct TLSReloadTests {
  /// Two listeners, the second with TLS, behind a folder with a certificate for localhost.
  private func withTLS(
    tls: String = "", route: String = "to: app", _ script: Origin.Script = .answering(ok("hello")),
    _ body: (Scene, TLSFiles) throws -> Void
  ) throws {
    let files = try TLSFiles()
    defer { files.remove() }
    let pair = "{ cert: \(files.certificate), key: \(files.key) }"
    let config = """
      listeners:
        - { address: "127.0.0.2:0", redirect_to_https: 8443 }
        - { address: "127.0.0.1:0", tls: { certificates: [\(pair)]\(tls) } }
      routes: [{ \(route.replacing("CA", with: files.certificate)) }]
      pools: { app: ["$0"] }
      admin: 127.0.0.1:0
      trusted_proxies: [127.0.0.3]

      """.replacing("CA", with: files.certificate)
    try withScene(script, config: config) { scene in try body(scene, files) }
  }

  private func curl(_ scene: Scene, _ files: TLSFiles, _ more: String...) throws -> Program.Result {
    let port = Address.port(of: scene.proxy.addresses[1])
    return try Program.run(
      [
        try #require(Program.curl), "-sSi", "--http1.1", "--cacert", files.trusted,
        "https://localhost:\(port)/path",
      ] + ["--resolve", "localhost:\(port):127.0.0.1"] + more)
  }

  @Test("a new pair is used by new connections, without a word from anybody")
  func renewed() throws {
    try withTLS { scene, files in
      #expect(try curl(scene, files).output.hasSuffix("hello"))
      let before = try scene.proxy.metric("headrace_certificate_not_after_timestamp_seconds")
      let moment = try #require(before)
      #expect(moment > Date().timeIntervalSince1970 + 300 * 86_400)
      try files.renew()
      try wait(for: "the new certificate to be served") {
        try curl(scene, files).status == .exited(0)
      }
      #expect(scene.proxy.errors.contains("is a new certificate, taken into use"))
      #expect(try scene.proxy.metric("headrace_certificate_reloads_total") == 1)
    }
  }

  @Test("a pair that does not fit is told of, and the old one stays")
  func broken() throws {
    try withTLS { scene, files in
      try files.breakKey()
      try wait(for: "the complaint") {
        scene.proxy.errors.contains("the old certificate stays in use")
      }
      #expect(try curl(scene, files).output.hasSuffix("hello"))
      #expect(try scene.proxy.metric("headrace_certificate_reload_failures_total") == 1)
      try scene.proxy.awaitEvent("the old certificate stays in use")
    }
  }

  @Test("a listener in clear sends every request to https as it is")
  func redirect() throws {
    try withTLS { scene, _ in
      func location(_ lines: String...) throws -> String? {
        let message = try scene.exchange(head(lines))
        #expect(message.status == 308)
        return message["Location"]
      }
      #expect(
        try location("GET //a/../b%2F?c=d&e HTTP/1.1", "Host: Example.com:80")
          == "https://Example.com:8443//a/../b%2F?c=d&e")
      #expect(
        try location("DELETE http://other.test?x HTTP/1.1", "Host: other.test")
          == "https://other.test:8443/?x")
      #expect(
        try location("GET / HTTP/1.1", "Host: a.b", "X-Forwarded-Proto: https")
          == "https://a.b:8443/")
      #expect(try scene.exchange(head("GET / HTTP/1.0")).status == 400)
      let client = try scene.client(from: "127.0.0.3")
      let behind = try client.exchange(
        head("GET / HTTP/1.1", "Host: a.b", "X-Forwarded-Proto: https"))
      #expect(behind.status == 200)
    }
  }

  @Test("HSTS is on answers over TLS, in place of the backend's")
  func hsts() throws {
    let script = Origin.Script.answering(ok("hello", "Strict-Transport-Security: max-age=1"))
    try withTLS(route: "to: app, hsts: true", script) { scene, files in
      let answer = try curl(scene, files).output
      #expect(answer.contains("Strict-Transport-Security: max-age=31536000\r\n"))
      #expect(!answer.contains("max-age=1\r\n"))
      let client = try scene.client(from: "127.0.0.3")
      let clear = try client.exchange(
        head("GET / HTTP/1.1", "Host: a.b", "X-Forwarded-Proto: https"))
      #expect(clear["Strict-Transport-Security"] == "max-age=1")
      scene.origin.stop()
      #expect(try curl(scene, files).output.contains("Strict-Transport-Security: max-age=31536000"))
    }
  }

  @Test("a route for verified clients answers 421 to others")
  func clientCertificate() throws {
    try withTLS(
      tls: ", client_certificates: { mode: optional, ca: CA }",
      route: "to: app, client_certificate: required"
    ) { scene, files in
      #expect(try curl(scene, files).output.hasPrefix("HTTP/1.1 421 "))
      let known = try curl(scene, files, "--cert", files.trusted, "--key", files.key)
      #expect(known.output.hasSuffix("hello"))
      #expect(scene.origin.requests.count == 1)
    }
  }
}

/// A certificate for localhost in a folder of its own, made by `headrace dev-cert`.
private final class TLSFiles {
  let folder: String
  var certificate: String { folder + "/dev-cert.pem" }
  var key: String { folder + "/dev-cert.key" }
  /// A copy of the newest certificate.
  var trusted: String { folder + "/trusted.pem" }

  init() throws {
    folder = try makeFolder()
    try renew()
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  func renew() throws {
    let made = try Program.run([Proxy.binary, "dev-cert", "--force", "--out", folder])
    guard made.status == .exited(0) else { throw HarnessError.malformed(made.errors) }
    try write(String(contentsOfFile: certificate, encoding: .utf8), to: trusted)
  }

  /// Another certificate's key, and no certificate with it.
  func breakKey() throws {
    let other = try TLSFiles()
    defer { other.remove() }
    try write(String(contentsOfFile: other.key, encoding: .utf8), to: key)
  }
}
