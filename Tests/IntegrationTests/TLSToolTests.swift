import Foundation
import Testing

/// What openssl s_client and sslyze see of a listener with TLS.
@Suite(
  "TLS tools", .serialized, .enabled(if: Program.openssl != nil, "no openssl"),
  .enabled(if: Program.openssl != nil, "no openssl"))
struct TLSToolTests {
  /// What s_client says; `input` is a shell command that writes to the connection.
  private func client(
    _ place: DoorScene, _ arguments: String..., input: String = "true", name: String = "localhost"
  ) throws -> String {
    let words =
      [
        "exec \(Program.openssl!) s_client -connect 127.0.0.1:\(place.scene.proxy.port)",
        "-CAfile \(place.authority[0]) -servername \(name)",
      ] + arguments
    let command = "{ \(input); } | { \(words.joined(separator: " ")); }"
    let result = try Program.run(["sh", "-c", command])
    return result.output + result.errors
  }

  private static let request =
    "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n'"

  @Test("TLS 1.2 and 1.3 are spoken, 1.1 is refused with an alert")
  func versions() throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let twelve = try client(place, "-tls1_2")
      #expect(twelve.contains("Protocol  : TLSv1.2") && twelve.contains("Verify return code: 0"))
      let thirteen = try client(place, "-tls1_3")
      #expect(thirteen.contains("New, TLSv1.3") && thirteen.contains("Verify return code: 0"))
      let eleven = try client(place, "-tls1_1", "-cipher DEFAULT@SECLEVEL=0")
      #expect(eleven.contains("alert protocol version"), "\(eleven.prefix(600))")
    }
  }

  @Test("ALPN chooses h2 first, http/1.1 where that is all there is")
  func protocols() throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      for (offered, chosen) in [
        ("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("http/1.1", "http/1.1"),
      ] {
        let said = try client(place, "-alpn \(offered)")
        #expect(said.contains("ALPN protocol: \(chosen)\n"), "\(offered)")
      }
      let none = try client(place, "-ign_eof", input: Self.request)
      #expect(none.contains("No ALPN negotiated") && none.contains("HTTP/1.1 200 OK"))
    }
  }

  @Test("SNI chooses the certificate: its name, a wildcard, else the first")
  func names() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let entries = try ["localhost", "one.example", "wild.example"].map {
      try Certificate(in: folder, name: $0).entry
    }
    let wild = entries[2].replacing(" }", with: ", names: ['*.wild.example'] }")
    let config = """
      listeners:
        - address: 127.0.0.1:0
          tls: { certificates: [\(entries[0]), \(entries[1]), \(wild)] }
      workers: 1
      routes: [{ to: app }]
      pools: { app: ['127.0.0.1:1'] }

      """
    try withScene(config: config) { scene in
      let place = DoorScene(
        door: .tls, scene: scene, address: Door.tls.address(scene.proxy),
        authority: [folder + "/ca.pem"], certificate: nil)
      for (asked, given) in [
        ("one.example", "one.example"), ("ONE.example", "one.example"),
        ("a.wild.example", "wild.example"), ("a.b.wild.example", "localhost"),
        ("wild.example", "localhost"), ("unknown.example", "localhost"),
      ] {
        let said = try client(place, name: asked)
        #expect(said.contains("subject=CN = \(given)\n"), "\(asked) got another")
      }
    }
  }

  @Test("sessions are resumed by tickets", arguments: ["-tls1_2", "-tls1_3"])
  func tickets(_ version: String) throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let file = place.scene.proxy.folder + "/session"
      let first = try client(
        place, version, "-ign_eof -sess_out \(file)", input: Self.request)
      #expect(first.contains("\nNew, TLS") && first.contains("HTTP/1.1 200 OK"))
      let second = try client(place, version, "-ign_eof -sess_in \(file)", input: Self.request)
      #expect(second.contains("\nReused, TLS") && second.contains("HTTP/1.1 200 OK"))
    }
  }

  @Test("tickets come to a client that asks for nothing")
  func ticketsAlone() throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let file = place.scene.proxy.folder + "/session"
      // Ends when the session is there, or after ten seconds.
      let patience =
        "for i in $(seq 100); do [ -s \(file) ] && break; sleep 0.1; done"
      _ = try client(place, "-tls1_3", "-sess_out \(file)", input: patience)
      let second = try client(
        place, "-tls1_3", "-ign_eof -sess_in \(file)", input: Self.request)
      #expect(second.contains("\nReused, TLS") && second.contains("HTTP/1.1 200 OK"))
    }
  }

  @Test(
    "AES-128 is chosen first, ChaCha20 for who wants it most",
    arguments: [
      ("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
      ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"),
      ("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    ])
  func suites(_ offered: String, _ chosen: String) throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let said = try client(place, "-tls1_3 -ciphersuites \(offered)")
      #expect(said.contains("Cipher is \(chosen)\n"))
    }
  }

  @Test("a renegotiation that the client asks for is refused")
  func renegotiation() throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let said = try client(place, "-tls1_2", input: "printf 'R\\n'; sleep 1")
      #expect(said.contains("RENEGOTIATING") && said.contains("no renegotiation"))
    }
  }

  @Test(
    "sslyze finds nothing against Mozilla's intermediate configuration",
    .enabled(if: Program.hasSSLyze, "no sslyze in HEADRACE_PYTHON or python3"))
  func mozilla() throws {
    try withDoor(.tls, [.answering(ok())]) { place in
      let result = try Program.run(
        [
          Program.python!, "-m", "sslyze", "--mozilla_config=intermediate",
          "--certinfo_ca_file=\(place.authority[0])", place.address,
        ], within: 90)
      let verdict = result.output.components(separatedBy: "COMPLIANCE AGAINST").last ?? ""
      #expect(verdict.contains("OK - Compliant."), "\(verdict)")
    }
  }
}
