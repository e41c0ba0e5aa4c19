import Foundation
import Testing

@testable import ControlPlane

/// TLS in the config: what is decoded, what a certificate says, what renewed files come to.
struct TLSConfigTests {
  private static func config(_ listener: String, route: String = "to: app") throws -> Config {
    try ConfigFixture.config(
      """
      listeners: [{ address: ":443", \(listener) }]
      routes: [{ \(route) }]
      pools: { app: [127.0.0.1:3000] }
      """)
  }

  private static let pair = "certificates: [{ cert: site.pem, key: site.key }]"

  @Test func decodesAListener() throws {
    let listener = try Self.config(
      """
      http2: false, tls: { \(Self.pair), minimum_version: 1.3, \
      client_certificates: { mode: optional, ca: other.pem }, \
      session_tickets: { keys: [ticket.key, ticket-old.key] } }
      """
    ).listeners[0]
    let tls = try #require(listener.tls)
    #expect(!listener.isHTTP2On && listener.redirectToHTTPS == nil)
    #expect(tls.certificates[0].names == ["example.com", "*.example.com"])
    #expect(tls.certificates[0].chain.path == "/etc/headrace/site.pem")
    #expect(tls.minimumVersion == .tls13 && tls.clientCertificates?.mode == .optional)
    guard case .files(let keys) = tls.sessionTickets else {
      Issue.record("no ticket keys")
      return
    }
    #expect(keys.map { $0.bytes[0] } == [7, 6])
  }

  @Test func redirectsHaveAPort() throws {
    #expect(try Self.config("redirect_to_https: true").listeners[0].redirectToHTTPS == 443)
    #expect(try Self.config("redirect_to_https: 8443").listeners[0].redirectToHTTPS == 8443)
    #expect(try Self.config("redirect_to_https: false").listeners[0].redirectToHTTPS == nil)
  }

  @Test func hstsIsAFieldValue() throws {
    func value(_ hsts: String) throws -> String? {
      try Self.config("tls: { \(Self.pair) }", route: "to: app, hsts: \(hsts)").routes[0].hsts?
        .fieldValue
    }
    #expect(try value("true") == "max-age=31536000")
    #expect(try value("false") == nil)
    #expect(
      try value("{ max_age: 1y, include_subdomains: true, preload: true }")
        == "max-age=31536000; includeSubDomains; preload")
    #expect(try value("{ max_age: 0s }") == "max-age=0")
  }

  @Test func keysAreNotShown() throws {
    let shown = "\(try Self.config("tls: { \(Self.pair) }"))"
    #expect(!shown.contains("PRIVATE") && shown.contains("/etc/headrace/site.key"))
  }

  @Test func readsWhatACertificateSays() throws {
    let facts = try CertificateReader.facts(
      CertificateFixture.site.certificate + CertificateFixture.other.certificate)
    #expect(facts.keyType == .ecdsa && facts.intermediates == 1)
    #expect(facts.subject.contains("CN = example.com") && facts.fingerprint.count == 64)
    #expect(facts.notAfter - facts.notBefore == 91 * 86_400 + 3600)
    let rsa = try CertificateReader.facts(CertificateFixture.siteRSA.certificate)
    #expect(rsa.keyType == .rsa)
  }

  @Test(arguments: [("broken.pem", "site.key", "broken"), ("site.pem", "broken.key", "broken key")])
  func saysWhatIsBroken(cert: String, key: String, word: String) {
    let messages = ConfigFixture.messages(
      """
      listeners: [{ address: ":443", tls: { certificates: [{ cert: \(cert), key: \(key) }] } }]
      routes: [{ to: app }]
      pools: { app: [127.0.0.1:3000] }
      """)
    #expect(messages.count == 1)
    #expect(messages.first?.contains(word) == true, "\(messages)")
  }

  @Test func aDayAndAYearAreDurations() throws {
    #expect(try DurationText.parse("2d", in: .zero ... .seconds(1 << 40)) == .seconds(172_800))
    #expect(try DurationText.parse("1y", in: .zero ... .seconds(1 << 40)) == .seconds(31_536_000))
  }

  // MARK: Renewed files

  private static func reread(
    _ listener: String = "tls: { \(pair) }", changed: [String: [UInt8]]
  ) throws -> (before: Config, after: Config.RereadTLS) {
    let config = try config(listener)
    let reread = config.rereadingTLSFiles { path, bytesMax in
      let name = path.split(separator: "/").last.map(String.init) ?? ""
      return changed[name].map { .success($0) } ?? ConfigFixture.readFile(path, bytesMax)
    }
    return (config, reread)
  }

  @Test func aNewPairIsTaken() throws {
    let new = CertificateFixture.make(["new.test"])
    let (_, after) = try Self.reread(changed: ["site.pem": new.certificate, "site.key": new.key])
    #expect(after.problems.isEmpty && after.changes.count == 1)
    #expect(after.config.listeners[0].tls?.certificates[0].names == ["new.test"])
    #expect(
      ConfigDiff(from: try Self.config("tls: { \(Self.pair) }"), to: after.config).texts(.changes)
        == ["listener :443: certificate /etc/headrace/site.pem is a new one, for new.test"])
  }

  @Test func namesOfTheConfigStay() throws {
    let listener = "tls: { certificates: [{ cert: site.pem, key: site.key, names: mine.test }] }"
    let new = CertificateFixture.make(["new.test"])
    let (_, after) = try Self.reread(
      listener, changed: ["site.pem": new.certificate, "site.key": new.key])
    #expect(after.config.listeners[0].tls?.certificates[0].names == ["mine.test"])
  }

  @Test func halfAPairChangesNothing() throws {
    let new = CertificateFixture.make(["new.test"])
    for changed in [["site.pem": new.certificate], ["site.key": new.key], ["site.key": []]] {
      let (before, after) = try Self.reread(changed: changed)
      #expect(after.config == before && after.changes.isEmpty)
      #expect(after.problems.count == 1)
      #expect(after.problems.first?.hasSuffix("the old certificate stays in use") == true)
    }
  }

  @Test func oneBrokenFileDoesNotKeepTheOthersBack() throws {
    let listener = """
      tls: { \(Self.pair), client_certificates: { ca: other.pem }, \
      session_tickets: { keys: ticket.key } }
      """
    let (_, after) = try Self.reread(
      listener,
      changed: [
        "other.pem": [1], "ticket.key": [UInt8](repeating: 9, count: 80),
      ])
    #expect(after.changes.count == 1 && after.problems.count == 1)
    #expect(after.config.listeners[0].tls?.sessionTickets != .rotating)
  }

  @Test func filesAreReadOnceTheyStayTheSame() throws {
    let folder = "\(NSTemporaryDirectory())watch-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["one", "two"] {
      try Data(name.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }
    let link = "\(folder)/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "one")
    var watch = FileWatch()
    func look() -> Bool { watch.look(at: [FileMark(link), FileMark("\(folder)/none")]) }
    #expect(!look())
    #expect(look(), "once at the start: they may have changed since they were read")
    #expect(!look())
    // As certbot and Kubernetes do it.
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "two")
    #expect(!look())
    #expect(look())
    #expect(!look())
    try Data("three".utf8).write(to: URL(filePath: "\(folder)/two"))
    #expect(!look())
    try Data("and more".utf8).write(to: URL(filePath: "\(folder)/two"))
    #expect(!look())
    #expect(look())
  }

  @Test func devCertificatesAreNotOverwritten() throws {
    let folder = "\(NSTemporaryDirectory())dev-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let certificate = try DevCertificate(names: ["App.test", "10.0.0.1"], folder: folder)
    #expect(certificate.names == ["app.test", "10.0.0.1", "localhost", "127.0.0.1", "::1"])
    try certificate.write(replaces: false)
    let key = try Data(contentsOf: URL(filePath: certificate.keyFile))
    let mode = try FileManager.default.attributesOfItem(atPath: certificate.keyFile)[
      .posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(throws: DevCertificate.Failure.self) { try certificate.write(replaces: false) }
    #expect(try Data(contentsOf: URL(filePath: certificate.keyFile)) == key)
    try certificate.write(replaces: true)
    #expect(try Data(contentsOf: URL(filePath: certificate.keyFile)) != key)
    #expect(throws: DevCertificate.Failure.self) {
      try DevCertificate(names: ["no name"], folder: folder)
    }
  }
}
