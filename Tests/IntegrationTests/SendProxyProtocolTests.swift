import Foundation
import Testing

/// PROXY headers that backends get.
@Suite("PROXY protocol to backends") struct SendProxyProtocolTests {
  static func pool(_ version: String, _ more: String = "") -> String {
    Scene.config(
      pool: "{ backends: ['$0'], send_proxy_protocol: \(version)\(more) }", "admin: 127.0.0.1:0")
  }

  /// Takes the header, then answers requests with it, as long as there are any.
  static func taking(_ read: @escaping @Sendable (Origin.Connection) throws -> [UInt8])
    -> Origin.Script
  {
    .script { connection in
      let header = try read(connection)
      while try connection.nextRequest() != nil {
        try connection.send(
          head("HTTP/1.1 200 OK", "Content-Length: \(header.count)"), header)
      }
    }
  }

  static let line = taking { try $0.read(until: "\r\n") }
  static let block = taking { connection in
    let start = try connection.read(16)
    return start + (try connection.read(Int(start[14]) << 8 | Int(start[15])))
  }

  @Test("version 1 names the client and where it connected to, byte for byte")
  func line() throws {
    try withScene(Self.line, config: Self.pool("v1")) { scene in
      let client = try scene.client()
      let ends = try ProxyHeaderBytes.ends(client)
      let header =
        "PROXY TCP4 127.0.0.1 127.0.0.1 \(ends.source) \(ends.destination)\r\n"
      #expect(try client.exchange(get()).text == header)
    }
  }

  @Test("version 2 names the client and where it connected to, byte for byte")
  func block() throws {
    try withScene(Self.block, config: Self.pool("v2")) { scene in
      let client = try scene.client()
      let ends = try ProxyHeaderBytes.ends(client)
      let ports = [ends.source, ends.destination].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
      #expect(
        try client.exchange(get()).body
          == ProxyHeaderBytes.v2(0x21, 0x11, [127, 0, 0, 1, 127, 0, 0, 1] + ports))
    }
  }

  @Test("a client's header goes on to the backend as it came")
  func passedOn() throws {
    let config = Scene.behindBalancer().replacing(
      "app: ['$0']", with: "app: { backends: ['$0'], send_proxy_protocol: v1 }")
    try withScene(Self.line, config: config) { scene in
      for header in [ProxyHeaderBytes.v1(), ProxyHeaderBytes.v1("2001:db8::7", 0)] {
        let client = try scene.client()
        #expect(try client.exchange(header + get().bytes).body == header)
      }
    }
  }

  @Test("no client gets another one's connection, nor its own a second time")
  func notPooled() throws {
    try withScene(Self.line, config: Self.pool("v1")) { scene in
      let clients = try (0..<2).map { _ in try scene.client() }
      for _ in 0..<2 {
        for client in clients {
          let port = try ProxyHeaderBytes.ends(client).source
          #expect(try client.exchange(get()).text.contains(" \(port) "))
        }
      }
      #expect(scene.origin.connections.count == 4)
    }
  }

  @Test("a backend on a unix socket gets the same", arguments: ["v1", "v2"])
  func unixBackend(_ version: String) throws {
    let script = version == "v1" ? Self.line : Self.block
    try withScene(script.at(.unix), config: Self.pool(version)) { scene in
      let client = try scene.client()
      let answer = try client.exchange(post(body: "body"))
      #expect(answer.status == 200)
      let start = version == "v1" ? "PROXY TCP4 ".bytes : ProxyHeaderBytes.signature
      #expect(answer.body.starts(with: start))
    }
  }

  @Test("another try at another backend has a header of its own, once")
  func retry() throws {
    let pool = "{ backends: ['$0', '$1'], send_proxy_protocol: v1, strategy: round_robin }"
    let config = Scene.config(pool: pool)
    try withScene(.script { _ in }, Self.line, config: config) { scene in
      scene.origins[0].stopListening()
      for _ in 0..<4 {
        let client = try scene.client()
        let port = try ProxyHeaderBytes.ends(client).source
        let answer = try client.exchange(get())
        #expect(answer.status == 200 && answer.text.contains(" \(port) "))
      }
      for connection in scene.origins[1].connections {
        let starts = connection.received.text.components(separatedBy: "PROXY ").count - 1
        #expect(starts == 1)
      }
    }
  }

  @Test("health checks say that they are the proxy's own", arguments: ["v1", "v2"])
  func check(_ version: String) throws {
    let script = Origin.Script.script { connection in
      if version == "v1" {
        try connection.expect("PROXY UNKNOWN\r\n")
      } else {
        guard try connection.read(16) == ProxyHeaderBytes.local else {
          throw HarnessError.malformed("no LOCAL header")
        }
      }
      _ = try connection.request()
      try connection.send(ok())
    }
    try withScene(script, config: Self.pool(version, ", health: { interval: 50ms }")) { scene in
      try scene.origin.waitForRequests(2)
      #expect(scene.origin.request(0)["User-Agent"]?.contains("health check") == true)
      #expect(try scene.proxy.metric("headrace_backend_up") == 1)
    }
  }

  @Test("a check that only connects sends one too; at another port there is none")
  func connectOnly() throws {
    let config = Self.pool("v1", ", health: { type: tcp, interval: 50ms }")
    try withScene(.script { try $0.expect("PROXY UNKNOWN\r\n") }, config: config) { scene in
      try scene.origin.waitForConnections(2)
      try wait(for: "the header") {
        scene.origin.connections[0].received.text == "PROXY UNKNOWN\r\n"
      }
    }
    let plain = Origin.Script.answering(ok())
    try withScene(Self.line, plain, config: nil) { scene in
      let other = Self.pool("v1", ", health: { interval: 50ms, port: \(scene.origins[1].port) }")
      #expect(try scene.proxy.reload(other.replacing("$0", with: scene.origins[0].address)))
      try scene.origins[1].waitForRequests(1)
      #expect(scene.origins[1].connections[0].received.text.hasPrefix("GET "))
    }
  }
}

/// HAProxy as the other side, in front and behind.
@Suite("PROXY protocol with HAProxy", .enabled(if: Program.find("haproxy") != nil, "no haproxy"))
struct ProxyProtocolHAProxyTests {
  /// HAProxy with this config, in which `PORT` is a free port, until the body ends.
  static func withHAProxy(_ config: String, _ body: (_ address: String) throws -> Void) throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let address = try Address.refusing()
    try write(
      """
      global
        maxconn 100
      defaults
        timeout connect 5s
        timeout client 10s
        timeout server 10s
      \(config.replacing("ADDRESS", with: address))

      """, to: folder + "/haproxy.cfg")
    let process = try ChildProcess(
      [Program.find("haproxy") ?? "haproxy", "-db", "-f", folder + "/haproxy.cfg"], folder: folder)
    defer { process.kill() }
    try wait(for: "haproxy, which said: \(process.errors)") { (try? Client(address)) != nil }
    try body(address)
  }

  @Test("what it sends is taken", arguments: ["send-proxy", "send-proxy-v2"])
  func sends(_ option: String) throws {
    try withScene(ProxyProtocolTests.echo, config: Scene.behindBalancer(from: "127.0.0.1")) {
      scene in
      let config = """
        listen front
          mode tcp
          bind ADDRESS
          server headrace \(scene.proxy.address) \(option)
        """
      try Self.withHAProxy(config) { address in
        let client = try Client(address, from: "127.0.0.77")
        for _ in 0..<2 { #expect(try client.exchange(get()).text == "127.0.0.77") }
      }
    }
  }

  @Test("with a checksum and more behind the addresses it is taken too")
  func sendsExtensions() throws {
    try withScene(ProxyProtocolTests.echo, config: Scene.behindBalancer(from: "127.0.0.1")) {
      scene in
      let config = """
        listen front
          mode tcp
          bind ADDRESS
          server headrace \(scene.proxy.address) send-proxy-v2 proxy-v2-options crc32c,unique-id
          unique-id-format %[uuid()]
        """
      try Self.withHAProxy(config) { address in
        let client = try Client(address, from: "127.0.0.78")
        #expect(try client.exchange(get()).text == "127.0.0.78")
      }
    }
  }

  @Test("its checks are no failures", arguments: ["send-proxy", "send-proxy-v2"])
  func checks(_ option: String) throws {
    try withScene(ProxyProtocolTests.echo, config: Scene.behindBalancer(from: "127.0.0.1")) {
      scene in
      let config = """
        listen front
          mode tcp
          bind ADDRESS
          option httpchk GET /check
          server headrace \(scene.proxy.address) \(option) check inter 50ms
        """
      try Self.withHAProxy(config) { _ in
        try scene.origin.waitForRequests(2)
        #expect(scene.origin.request(0).target == "/check")
        #expect(scene.origin.request(0)["X-Forwarded-For"] == "127.0.0.1")
        #expect(try scene.headerFailures == 0)
      }
    }
  }

  @Test("what is sent it takes, checks too", arguments: ["v1", "v2"])
  func takes(_ version: String) throws {
    let config = """
      frontend back
        mode http
        bind ADDRESS accept-proxy
        http-request return status 200 content-type text/plain lf-string "%[src] %[dst_port]"
      """
    try Self.withHAProxy(config) { address in
      let pool = SendProxyProtocolTests.pool(version, ", health: { interval: 50ms }")
      try withScene(config: pool.replacing("$0", with: address)) { scene in
        try wait(for: "a check") {
          try scene.proxy.metric("headrace_backend_health_checks_passed_total") ?? 0 >= 2
        }
        let client = try scene.client(from: "127.0.0.79")
        for _ in 0..<2 {
          #expect(try client.exchange(get()).text == "127.0.0.79 \(scene.proxy.port)")
        }
      }
    }
  }
}
