import Testing

/// What clients and backends of HTTP/2 do wrong, and what is left of it.
@Suite("HTTP/2 under attack", .serialized) struct HTTP2AttackTests {
  private static let slow = Origin.Script.script { connection in
    connection.keepsRecord = false
    while let request = try connection.nextRequest() {
      if request.target == "/held" { return try connection.hang() }
      try connection.send(ok())
    }
  }

  @Test("requests that are reset at once end with ENHANCE_YOUR_CALM; others are served")
  func rapidReset() throws {
    try withScene(Self.slow, extra: HTTP2StreamTests.admin) { scene in
      let peer = try scene.peer()
      let block = HTTP2Peer.block(HTTP2Peer.fields("/held"))
      let bytes = (0..<5000).flatMap { index -> [UInt8] in
        let id = UInt32(index * 2 + 1)
        return HTTP2Peer.frame(H2.headers, H2.endHeaders | H2.endStream, id, payload: block)
          + HTTP2Peer.frame(H2.reset, 0, id, payload: HTTP2Peer.word(H2.cancel))
      }
      do { try peer.wire.send(bytes) } catch HarnessError.reset {}
      #expect(try peer.connectionError() == H2.enhanceYourCalm)
      #expect(scene.origin.connections.count < 300)
      #expect(try scene.exchange(get()).status == 200)
      try scene.rests()
    }
  }

  @Test("more streams than allowed are refused, the others answered")
  func tooManyStreams() throws {
    let gate = Gate()
    let script = Origin.Script.serving { _, _ in
      try gate.pass()
      return ok()
    }
    try withScene(script, extra: HTTP2StreamTests.admin) { scene in
      let peer = try scene.peer()
      try peer.read("SETTINGS") { peer.hasSettings }
      let most = Int(peer.settings[H2.maxConcurrentStreams] ?? 0)
      #expect(most == 128)
      let ids = try (0..<most + 20).map { _ in try peer.request() }
      for id in ids[most...] { #expect(try peer.answer(id).reset == H2.refusedStream) }
      gate.open()
      for id in ids[..<most] { #expect(try peer.answer(id).status == 200) }
      #expect(try peer.exchange().status == 200)
    }
  }

  @Test("windows that overflow: the stream's ends the stream, the connection's the connection")
  func windowOverflow() throws {
    try withScene(Self.slow, extra: HTTP2StreamTests.admin) { scene in
      let peer = try scene.peer()
      let id = try peer.request("/held")
      try peer.credit(id, 0x7fff_ffff)
      #expect(try peer.answer(id).reset == H2.flowControlError)
      try peer.credit(0, 0x7fff_ffff)
      #expect(try peer.connectionError() == H2.flowControlError)
      try scene.rests()
    }
  }

  @Test("streams that we are made to reset count as the client's own resets")
  func madeYouReset() throws {
    try withScene(Self.slow, extra: HTTP2StreamTests.admin) { scene in
      let peer = try scene.peer()
      let block = HTTP2Peer.block(HTTP2Peer.fields("/held"))
      let bytes = (0..<5000).flatMap { index -> [UInt8] in
        let id = UInt32(index * 2 + 1)
        return HTTP2Peer.frame(H2.headers, H2.endHeaders, id, payload: block)
          + HTTP2Peer.frame(H2.windowUpdate, 0, id, payload: HTTP2Peer.word(0))
      }
      do { try peer.wire.send(bytes) } catch HarnessError.reset {}
      #expect(try peer.connectionError() == H2.enhanceYourCalm)
      #expect(scene.origin.connections.count < 300)
      try scene.rests()
    }
  }
}

@Suite("HTTP/2 storm") struct HTTP2StormTests {
  private struct Dice {
    private var state: UInt64
    init(_ seed: UInt64) { state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 }
    mutating func roll(_ sides: Int) -> Int {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return Int((state &* 0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
  }

  private static func misbehave(
    _ peer: HTTP2Peer, _ request: HTTP2Peer.Stream, _ connection: Origin.Connection,
    _ dice: inout Dice
  ) throws -> Bool {
    let id = request.id
    switch dice.roll(14) {
    case 0: try peer.reset(id, H2.refusedStream)
    case 1: try peer.reset(id, H2.internalError)
    case 2:
      try peer.send(head: [(":status", "200")], on: id)
      try peer.send(data: "part", on: id)
      try peer.reset(id)
    case 3: try peer.goAway(dice.roll(2) == 0 ? id : 0)
    case 4:
      connection.reset()
      return false
    case 5: return false
    case 6: try peer.send(head: [(":status", "no")], on: id, ends: true)
    case 7: try peer.send(H2.settings, 0, 0, HTTP2Peer.pairs([(H2.initialWindow, 100)]))
    case 8: try peer.send(H2.settings, 0, 0, HTTP2Peer.pairs([(H2.maxConcurrentStreams, 3)]))
    default: try peer.respond(id, 200, body: request.body, trailers: [("x-sum", "1")])
    }
    return true
  }

  @Test("over both versions, with failures everywhere: afterwards all is at rest")
  func storm() throws {
    let script = Origin.Script.http2 { peer, connection in
      var dice = Dice(UInt64(connection.index))
      while let request = try peer.nextRequest() {
        guard try Self.misbehave(peer, request, connection, &dice) else { return }
      }
    }
    let plain = Origin.Script.script { connection in
      var dice = Dice(UInt64(connection.index) &+ 1000)
      while let request = try connection.nextRequest() {
        switch dice.roll(8) {
        case 0: return connection.reset()
        case 1: try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        case 2: return
        default: try connection.send(ok(request.text))
        }
      }
    }
    let config = """
      listen: 127.0.0.1:0
      admin: { address: 127.0.0.1:0 }
      workers: 2
      timeouts:
        client_body_idle: 500ms
        first_byte: 500ms
        client_write_idle: 1s
        response_idle: 1s
      routes:
        - { match: { path: /h1 }, to: old }
        - to: app
      pools:
        app: { backends: ['$0', '$1'], protocol: h2c }
        old: { backends: ['$2'] }

      """
    try withScene(script, script, plain, config: config) { scene in
      let running = Locked(8)
      let address = scene.proxy.address
      for number in 0..<8 {
        startThread {
          defer { running.withLock { $0 -= 1 } }
          var dice = Dice(UInt64(number) &* 77)
          let deadline = Deadline(4, scaled: false)
          while !deadline.hasPassed {
            do {
              if number % 4 == 3 {
                try Self.plainClient(address, &dice)
              } else {
                try Self.framesClient(address, &dice)
              }
            } catch {}
          }
        }
      }
      try wait(for: "the clients", within: 60) { running.withLock { $0 == 0 } }
      #expect(scene.proxy.process.isRunning)
      try scene.rests("after the storm", within: 20)
    }
  }

  private static func plainClient(_ address: String, _ dice: inout Dice) throws {
    let client = try Client(address)
    for _ in 0..<dice.roll(5) + 1 {
      let path = dice.roll(2) == 0 ? "/h1" : "/x"
      if dice.roll(4) == 0 {
        try client.send(head("POST \(path) HTTP/1.1", "Host: a", "Content-Length: 1000"), "part")
        if dice.roll(2) == 0 { return client.reset() }
        return
      }
      _ = try client.exchange(post(path, body: String(repeating: "x", count: dice.roll(100_000))))
    }
  }

  private static func framesClient(_ address: String, _ dice: inout Dice) throws {
    let window: UInt32 = [0, 100, 65_535, 1 << 20][dice.roll(4)]
    let peer = try HTTP2Peer(client: Client(address), settings: [(H2.initialWindow, window)])
    peer.givesCredit = dice.roll(3) > 0
    var open: [UInt32] = []
    for _ in 0..<dice.roll(30) + 1 {
      let path = dice.roll(2) == 0 ? "/h1" : "/x"
      switch dice.roll(6) {
      case 0: open.append(try peer.request(path))
      case 1: open.append(try peer.request(path, method: "POST", body: pattern(dice.roll(60_000))))
      case 2: open.append(try peer.request(path, method: "POST", body: "some", ends: false))
      case 3: if let id = open.randomElement() { try peer.reset(id) }
      case 4: try peer.settle()
      default: if let id = open.last { _ = try? peer.answer(id, within: 0.05) }
      }
    }
    switch dice.roll(4) {
    case 0: peer.wire.reset()
    case 1: try peer.goAway(0)
    case 2: for id in open { _ = try? peer.answer(id, within: 1) }
    default: break
    }
  }
}
