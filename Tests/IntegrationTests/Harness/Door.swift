import Foundation
import Testing

/// A certificate of a test's own authority, made by openssl: P-256, for `localhost`, 127.0.0.1 and
/// the names given.
struct Certificate {
  let folder: String
  let certificate: String
  let key: String
  var authority: String { folder + "/ca.pem" }

  init(
    in folder: String, name: String = "localhost", for usage: String = "serverAuth",
    subject: String? = nil
  ) throws {
    self.folder = folder
    certificate = "\(folder)/\(name).pem"
    key = "\(folder)/\(name).key"
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    if !FileManager.default.fileExists(atPath: authority) {
      try Self.run(
        ["req", "-x509"] + curve + [
          "-keyout", folder + "/ca.key", "-out", authority, "-subj", "/CN=headrace test authority",
          "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        ])
    }
    let others = name == "localhost" ? ",IP:127.0.0.1" : ""
    try Self.run(
      ["req", "-x509"] + curve + [
        "-CA", authority, "-CAkey", folder + "/ca.key", "-keyout", key, "-out", certificate,
        "-subj", "/CN=\(subject ?? name)", "-addext", "subjectAltName=DNS:\(name)\(others)",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=\(usage)",
        "-addext", "keyUsage=critical,digitalSignature",
      ])
  }

  private static func run(_ arguments: [String]) throws {
    let result = try Program.run([Program.openssl ?? "openssl"] + arguments)
    guard result.status == .exited(0) else { throw HarnessError.malformed(result.errors) }
  }

  /// As an entry of `tls.certificates`.
  var entry: String { "{ cert: '\(certificate)', key: '\(key)' }" }
}

/// How clients come in: in clear or over TLS. The same tests go through both.
enum Door: String, CaseIterable {
  case clear, tls

  var scheme: String { self == .tls ? "https" : "http" }
  var socketScheme: String { self == .tls ? "wss" : "ws" }

  /// One listener of this kind, one worker, the pools as they are written, one route to `app`.
  func config(
    _ pools: String, _ certificate: Certificate? = nil, listener: String = "",
    routes: String = "", extra: String = ""
  ) -> String {
    var lines = ["listeners:", "  - address: 127.0.0.1:0"]
    if self == .tls, let certificate {
      lines.append("    tls: { certificates: [\(certificate.entry)] }")
    }
    if !listener.isEmpty { lines.append("    \(listener)") }
    lines += ["workers: 1", "routes:"]
    if !routes.isEmpty { lines.append(routes) }
    lines += ["  - to: app", "pools:", "  \(pools)", extra]
    return lines.joined(separator: "\n") + "\n"
  }

  /// `127.0.0.1:80`, or `localhost:443`, which is what the certificate is for.
  func address(_ proxy: Proxy) -> String {
    self == .tls ? "localhost:\(proxy.port)" : "127.0.0.1:\(proxy.port)"
  }
}

/// A proxy behind this door, its certificate's authority, and the origins.
struct DoorScene {
  let door: Door
  let scene: Scene
  /// Where programs reach it.
  let address: String
  /// What the check scripts take behind the address: the authority's file, or nothing.
  let authority: [String]
  let certificate: Certificate?
  var site: String { "\(door.scheme)://\(address)" }
}

/// `pools` may name the origins: `$0` and so on.
func withDoor(
  _ door: Door, _ scripts: [Origin.Script] = [], pools: String = "app: ['$0']",
  listener: String = "", routes: String = "", extra: String = "",
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (DoorScene) throws -> Void
) throws {
  let folder = try makeFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let certificate = door == .tls ? try Certificate(in: folder) : nil
  var config = door.config(
    pools, certificate, listener: listener, routes: routes, extra: extra)
  var origins: [Origin] = []
  defer { for origin in origins { origin.stop() } }
  for script in scripts {
    let origin = try Origin(script)
    config = config.replacing("$\(origins.count)", with: origin.address)
    origins.append(origin)
  }
  try withScene(config: config, sourceLocation: sourceLocation) { scene in
    try body(
      DoorScene(
        door: door, scene: Scene(origins: origins, proxy: scene.proxy),
        address: door.address(scene.proxy),
        authority: certificate.map { [$0.authority] } ?? [], certificate: certificate))
  }
}
