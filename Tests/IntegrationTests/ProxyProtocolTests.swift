import Foundation
import Testing

/// PROXY headers of balancers in front of a listener.
@Suite("PROXY protocol from balancers") struct ProxyProtocolTests {
  static let echo = Origin.Script.serving { request, _ in
    ok(request.all("X-Forwarded-For").joined(separator: "|"))
  }

  /// What the client's address is taken for, after these first bytes.
  static func address(
    _ scene: Scene, _ header: [UInt8], _ request: String = get()
  ) throws -> String {
    let client = try scene.client()
    let answer = try client.exchange(header + request.bytes)
    #expect(answer.status == 200)
    return answer.text
  }

  @Test("the client is the one in the header, of either version and family")
  func named() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      #expect(try Self.address(scene, ProxyHeaderBytes.v1()) == "203.0.113.7")
      #expect(try Self.address(scene, ProxyHeaderBytes.v1("2001:db8::7")) == "2001:db8::7")
      #expect(try Self.address(scene, ProxyHeaderBytes.v2) == "203.0.113.7")
      let mapped = ProxyHeaderBytes.v1("::ffff:203.0.113.9")
      #expect(try Self.address(scene, mapped) == "203.0.113.9")
      try wait(for: "the log") { scene.proxy.output.split(separator: "\n").count >= 4 }
      let lines = scene.proxy.output.split(separator: "\n")
      #expect(lines[0].contains("203.0.113.7") && lines[1].contains("2001:db8::7"))
      #expect(try scene.headerFailures == 0)
    }
  }

  @Test("a connection goes on as its client's, request after request")
  func keepAlive() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      let client = try scene.client()
      try client.send(ProxyHeaderBytes.v2)
      for _ in 0..<3 { #expect(try client.exchange(get()).text == "203.0.113.7") }
    }
  }

  @Test("a header comes in any pieces")
  func pieces() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      for header in [ProxyHeaderBytes.v1(), ProxyHeaderBytes.v2] {
        let client = try scene.client()
        try client.trickle(header + get().bytes, pause: 0.001)
        #expect(try client.response().text == "203.0.113.7")
      }
    }
  }

  @Test("headers without a name leave the socket's address")
  func local() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      let headers: [[UInt8]] = [
        ProxyHeaderBytes.local, "PROXY UNKNOWN\r\n".bytes,
        "PROXY UNKNOWN ::1 ::1 1 2\r\n".bytes, ProxyHeaderBytes.v2(0x21, 0x00, [1, 2, 3]),
      ]
      for header in headers {
        let address = try Self.address(scene, header)
        #expect(address == "127.0.0.1")
      }
      let unix = ProxyHeaderBytes.v2(0x21, 0x31, [UInt8](repeating: 0, count: 216))
      #expect(try Self.address(scene, unix) == "unix")
    }
  }

  @Test("what is no header closes the connection, unanswered, and no backend hears of it")
  func malformed() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      var checksum = ProxyHeaderBytes.v2
      checksum.replaceSubrange(28..<32, with: [0x03, 0, 4, 1, 2, 3, 4])
      checksum[15] = 19
      let bad: [[UInt8]] = [
        get().bytes, "\r\n\r\n".bytes + get().bytes, [0x16, 0x03, 0x01, 0x02],
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n".bytes + get().bytes,
        "PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n".bytes, "PROXY TCP4 1.2.3.4 1.2.3 1 2\r\n".bytes,
        "PROXY UNKNOWN ".bytes + [UInt8](repeating: 0x20, count: 120),
        ProxyHeaderBytes.v2(0x22, 0x11, []), ProxyHeaderBytes.v2(0x21, 0x11, [1, 2]),
        ProxyHeaderBytes.v2(0x21, 0x41, []), checksum,
      ]
      for (index, bytes) in bad.enumerated() {
        row("\(index)") {
          let client = try scene.client()
          try client.send(bytes)
          _ = try client.ending()
          #expect(client.received.isEmpty)
          #expect(try scene.headerFailures == Double(index + 1))
        }
      }
      #expect(scene.origin.connections.isEmpty && scene.origin.requests.isEmpty)
    }
  }

  @Test("an end within a header is a failure, one before it none")
  func ended() throws {
    try withScene(Self.echo, config: Scene.behindBalancer()) { scene in
      let silent = try scene.client()
      silent.halfClose()
      #expect(try silent.ending() == .closed)
      #expect(try scene.headerFailures == 0)
      let cut = try scene.client()
      try cut.send("PROXY TCP4 1.2.3.4")
      cut.halfClose()
      _ = try cut.ending()
      #expect(try scene.headerFailures == 1)
    }
  }

  @Test("a header that is not complete in time closes the connection")
  func timeout() throws {
    let config = Scene.behindBalancer("timeouts: { client_header: 200ms }")
    try withScene(Self.echo, config: config) { scene in
      let client = try scene.client()
      try client.send("PROXY TCP4 1.2.3.4 ")
      _ = try client.ending()
      #expect(client.received.isEmpty)
      #expect(try scene.headerFailures == 1)
      #expect(scene.origin.connections.isEmpty)
    }
  }

  @Test("from others there is no header: they are plain clients")
  func others() throws {
    let config = Scene.behindBalancer(from: "127.0.0.2")
    try withScene(Self.echo, config: config) { scene in
      #expect(try Self.address(scene, []) == "127.0.0.1")
      let client = try scene.client()
      try expectRefused(client, ProxyHeaderBytes.v1() + get().bytes, 400)
      let balancer = try scene.client(from: "127.0.0.2")
      #expect(
        try balancer.exchange(ProxyHeaderBytes.v1() + get().bytes).text == "203.0.113.7")
      let bare = try scene.client(from: "127.0.0.2")
      try bare.send(get())
      _ = try bare.ending()
      #expect(bare.received.isEmpty)
    }
  }

  @Test("forwarding fields are believed if the header's address is trusted, not the balancer's")
  func trusted() throws {
    let config = Scene.behindBalancer("trusted_proxies: [203.0.113.0/24, 127.0.0.0/8]")
    try withScene(Self.echo, config: config) { scene in
      let request = get("/", "X-Forwarded-For: 192.0.2.99")
      let known = try Self.address(scene, ProxyHeaderBytes.v1(), request)
      #expect(known == "192.0.2.99, 203.0.113.7")
      let unknown = try Self.address(scene, ProxyHeaderBytes.v1("198.51.100.77"), request)
      #expect(unknown == "198.51.100.77")
      let local = try Self.address(scene, ProxyHeaderBytes.local, request)
      #expect(local == "192.0.2.99, 127.0.0.1")
    }
  }

  @Test("routes and rates go by the header's address")
  func routes() throws {
    let config = Scene.behindBalancer().replacing(
      "  - to: app",
      with: """
          - match: { client_address: 203.0.113.0/24 }
            respond: { status: 418 }
          - { to: app, limits: { rate: { per_hour: 1 } } }
        """)
    try withScene(Self.echo, config: config) { scene in
      func status(_ source: String) throws -> Int {
        try scene.client().exchange(ProxyHeaderBytes.v1(source) + get().bytes).status
      }
      let answered = try status("203.0.113.200")
      #expect(answered == 418)
      #expect(try status("192.0.2.1") == 200)
      #expect(try status("192.0.2.1") == 429)
      #expect(try status("192.0.2.2") == 200)
    }
  }

  @Test("on a unix socket all connections begin with one")
  func unix() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let config = Scene.behindBalancer(from: "unix", address: "unix:\(folder)/p")
    try withScene(Self.echo, config: config) { scene in
      #expect(try Self.address(scene, ProxyHeaderBytes.v1()) == "203.0.113.7")
      #expect(try Self.address(scene, ProxyHeaderBytes.local) == "unix")
      let bare = try scene.client()
      try bare.send(get())
      _ = try bare.ending()
      #expect(bare.received.isEmpty)
    }
  }

  @Test("a reload names other balancers, for connections from then on")
  func reload() throws {
    let config = Scene.behindBalancer()
    try withScene(Self.echo, config: config) { scene in
      let kept = try scene.client()
      try kept.send(ProxyHeaderBytes.v1())
      #expect(try kept.exchange(get()).text == "203.0.113.7")
      let address = scene.proxy.address
      let other = config.replacing("$0", with: scene.origin.address)
        .replacing("['127.0.0.0/8']", with: "127.0.0.9")
      #expect(try scene.proxy.reload(other))
      #expect(scene.proxy.address == address)
      try wait(for: "the new config") {
        let answer = try? scene.exchange(get())
        return answer?.text == "127.0.0.1"
      }
      #expect(try kept.exchange(get()).text == "203.0.113.7")
    }
  }
}
