import Glibc
import Testing

/// What a backend that speaks HTTP/2 may ask of us, and what it may make us hold.
@Suite("HTTP/2 backends: limits") struct HTTP2BackendLimitTests {
  private static let maxHeaderTable: UInt16 = 1

  @Test("a backend that takes no more streams keeps no connection")
  func noMoreStreams() throws {
    let later = Origin.Script.http2 { peer, _ in
      guard let request = try peer.nextRequest() else { return }
      try peer.respond(request.id)
      try peer.send(H2.settings, 0, 0, HTTP2Peer.pairs([(H2.maxConcurrentStreams, 0)]))
      try peer.readToEnd(within: 60)
    }
    try withScene(later, config: h2c("keep_alive: { idle_timeout: 60s }")) { scene in
      let client = try scene.client()
      for count in 1...5 {
        #expect(try client.exchange(post(body: "x")).status == 200)
        try wait(for: "\(count) connections") { scene.origin.connections.count == count }
        // So that the SETTINGS came.
        usleep(50_000)
      }
      try wait(for: "the end of all but the last") {
        scene.origin.connections.count(where: \.isOpen) <= 1
      }
      try scene.rests()
    }
  }

  @Test("a backend that takes no streams at all is asked a few times, and keeps no connection")
  func noStreams() throws {
    let script = Origin.Script.http2([(H2.maxConcurrentStreams, 0)]) { peer, _ in
      while let request = try peer.nextRequest(whole: false) {
        try peer.reset(request.id, H2.refusedStream)
      }
    }
    try withScene(script, config: h2c("keep_alive: { idle_timeout: 60s }")) { scene in
      let client = try scene.client()
      for _ in 0..<3 {
        let response = try client.exchange(post(body: "x"))
        #expect(response.status == 502 || response.status == 503, "\(response.status)")
      }
      #expect(scene.origin.connections.count <= 20)
      try wait(for: "the end of all but the last") {
        scene.origin.connections.count(where: \.isOpen) <= 1
      }
      try scene.rests()
    }
  }

  @Test("a table for fields that shrinks and grows stays in step")
  func headerTable() throws {
    let sizes: [UInt32] = [0, 4096, .max, 100, 0, 64, 4096]
    let script = Origin.Script.http2 { peer, _ in
      var count = 0
      while let request = try peer.nextRequest() {
        let value = request["x-value"] ?? ""
        if count % 3 == 2 {
          // Two at once: the smaller one must be told too (RFC 7541 section 4.2).
          let size = sizes[count / 3 % sizes.count]
          try peer.send(
            H2.settings, 0, 0,
            HTTP2Peer.pairs([(Self.maxHeaderTable, 0), (Self.maxHeaderTable, size)]))
          try peer.settle()
        }
        count += 1
        try peer.respond(request.id, 200, body: value)
      }
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      for index in 0..<60 {
        // Some repeat, so that there is something to be found in the table.
        let value = "value-\(index % 7)-of-some-length"
        let response = try client.exchange(get("/", "X-Value: \(value)", "X-Same: always"))
        #expect(response.status == 200 && response.text == value, "\(index)")
      }
      #expect(scene.origin.connections.count == 1)
      try scene.rests()
    }
  }

  @Test("interim heads without end are 502, and take no memory")
  func interimFlood() throws {
    let script = Origin.Script.http2 { peer, connection in
      while let request = try peer.nextRequest() {
        let id = request.id
        if request.path == "/good" {
          try peer.respond(id)
          continue
        }
        // One field of 4,000 bytes for the table, then heads that name it 7 times each.
        let large =
          HTTP2Peer.block([(":status", "103")]) + [0x40, 1] + "x".bytes + [0x7f, 0xa1, 0x1e]
          + [UInt8](repeating: 0x79, count: 4000)
        var bytes = HTTP2Peer.frame(H2.headers, H2.endHeaders, id, payload: large)
        let small = HTTP2Peer.block([(":status", "103")]) + [UInt8](repeating: 0xbe, count: 7)
        for _ in 0..<950 {
          bytes += HTTP2Peer.frame(H2.headers, H2.endHeaders, id, payload: small)
        }
        try peer.wire.send(bytes)
      }
    }
    try withScene(script, config: h2c()) { scene in
      #expect(try scene.exchange(get("/good")).status == 200)
      let before = scene.proxy.process.peakResidentBytes
      let client = try scene.client()
      try client.send(post("/flood", body: "x"))
      var response = try client.response()
      while response.status < 200 { response = try client.response() }
      #expect(response.status == 502)
      let taken = scene.proxy.process.peakResidentBytes - before
      #expect(taken < (Proxy.isSanitized ? 64 << 20 : 8 << 20), "\(taken)")
      #expect(try scene.exchange(get("/good")).status == 200)
      try scene.rests()
    }
  }

  @Test("a few interim heads pass; more than 32 are 502")
  func interimHeads() throws {
    let script = Origin.Script.http2Answering { peer, request in
      let count = Int(request.path.dropFirst()) ?? 0
      for index in 0..<count {
        try peer.send(head: [(":status", "103"), ("x-index", "\(index)")], on: request.id)
      }
      try peer.respond(request.id)
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      let few = try peer.exchange("/20")
      #expect(few.status == 200 && few.interim.count == 20)
      let many = try peer.exchange("/100", method: "POST", body: "x")
      #expect(many.status == 502, "\(many)")
      try scene.rests()
    }
  }

  @Test("GOAWAY twice: the lower last stream counts, and a higher one does not")
  func goAwayTwice() throws {
    let script = Origin.Script.http2 { peer, connection in
      guard connection.index == 0 else {
        while let request = try peer.nextRequest() {
          try peer.respond(request.id, 200, body: "\(request.text) again")
        }
        return
      }
      try peer.read("three") {
        peer.order.count == 3 && peer.order.allSatisfy { peer.stream($0).isEnded }
      }
      let ids = peer.order
      try peer.goAway(0x7fff_ffff)
      try peer.settle()
      try peer.goAway(ids[0])
      try peer.goAway(ids[0])
      // This is not allowed, and says nothing.
      try peer.goAway(ids[2])
      try peer.settle()
      try peer.respond(ids[0], 200, body: "\(peer.stream(ids[0]).text) kept")
      try peer.readToEnd(within: 60)
    }
    try withScene(script, config: h2c()) { scene in
      let peer = try scene.peer()
      let ids = try ["a", "b", "c"].map { try peer.request("/", method: "POST", body: $0) }
      let texts = try ids.map { try peer.answer($0).text }
      #expect(texts == ["a kept", "b again", "c again"])
      #expect(scene.origin.connections.count == 2)
      try scene.rests()
    }
  }

  @Test("a backend that never acknowledges our SETTINGS is left, and no request is lost")
  func unacknowledged() throws {
    let codes = Locked<[UInt32]>([])
    let script = Origin.Script.http2 { peer, connection in
      peer.acknowledges = connection.index > 0
      while let request = try peer.nextRequest() { try peer.respond(request.id) }
      let code = peer.goAways.last?.code
      codes.withLock { $0 += code.map { [$0] } ?? [] }
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      let took = try seconds {
        try wait(for: "GOAWAY", within: 60) {
          let response = try client.exchange(get())
          #expect(response.status == 200)
          usleep(200_000)
          return codes.withLock { !$0.isEmpty }
        }
      }
      // SETTINGS_TIMEOUT.
      #expect(codes.withLock { $0 } == [4])
      #expect(took > 15 && took < 40)
      try scene.rests()
    }
  }
}
