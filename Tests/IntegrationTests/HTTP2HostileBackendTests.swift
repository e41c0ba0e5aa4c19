import Glibc
import Testing

/// What a backend that speaks HTTP/2 may send against RFC 9113, or within it and against us.
@Suite("HTTP/2 backends: hostile ones") struct HTTP2HostileBackendTests {
  private struct Case: Sendable {
    let name: String
    let code: UInt32
    /// In answer to the request on this stream.
    let bytes: @Sendable (UInt32) -> [UInt8]
    init(_ name: String, _ code: UInt32, _ bytes: @escaping @Sendable (UInt32) -> [UInt8]) {
      self.name = name
      self.code = code
      self.bytes = bytes
    }
  }

  private static let frameSizeError: UInt32 = 6
  private static let compressionError: UInt32 = 9

  private static func frame(
    _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
  ) -> [UInt8] {
    HTTP2Peer.frame(type, flags, stream, payload: payload)
  }

  private static func headFrame(
    _ id: UInt32, _ fields: [(String, String)] = [(":status", "200")], ends: Bool = false
  ) -> [UInt8] {
    frame(H2.headers, H2.endHeaders | (ends ? H2.endStream : 0), id, HTTP2Peer.block(fields))
  }

  private static func data(_ id: UInt32, _ text: String, ends: Bool = false) -> [UInt8] {
    frame(H2.data, ends ? H2.endStream : 0, id, text.bytes)
  }

  private static func settings(_ pairs: (UInt16, UInt32)...) -> [UInt8] {
    frame(H2.settings, 0, 0, HTTP2Peer.pairs(pairs))
  }

  private static func window(_ id: UInt32, _ increment: UInt32) -> [UInt8] {
    frame(H2.windowUpdate, 0, id, HTTP2Peer.word(increment))
  }

  private static let connectionErrors: [Case] = [
    Case("DATA of an idle stream", H2.protocolError) { data($0 + 2, "x") },
    Case("a head of an idle stream", H2.protocolError) { headFrame($0 + 2) },
    Case("a head of an even stream", H2.protocolError) { _ in headFrame(2) },
    Case("RST_STREAM of an idle stream", H2.protocolError) {
      frame(H2.reset, 0, $0 + 2, HTTP2Peer.word(H2.cancel))
    },
    Case("WINDOW_UPDATE of an idle stream", H2.protocolError) { window($0 + 200, 1) },
    Case("WINDOW_UPDATE of nothing", H2.protocolError) { _ in window(0, 0) },
    Case("DATA of the connection", H2.protocolError) { _ in data(0, "x") },
    Case("CONTINUATION of nothing", H2.protocolError) {
      frame(H2.continuation, H2.endHeaders, $0, [])
    },
    Case("DATA inside a head", H2.protocolError) {
      frame(H2.headers, 0, $0, HTTP2Peer.block([(":status", "200")])) + data($0, "x")
    },
    Case("a window beyond its end", H2.flowControlError) { _ in window(0, 0x7fff_ffff) },
    Case("an initial window beyond its end", H2.flowControlError) { _ in
      settings((H2.initialWindow, 0x8000_0000))
    },
    Case("a stream's window beyond its end by SETTINGS", H2.flowControlError) { id in
      window(id, 0x7fff_ffff - 65_535) + settings((H2.initialWindow, 70_000))
    },
    Case("a server that wants pushes", H2.protocolError) { _ in settings((2, 1)) },
    Case("frames of 100 bytes at most", H2.protocolError) { _ in settings((5, 100)) },
    Case("SETTINGS of 5 bytes", frameSizeError) { _ in frame(H2.settings, 0, 0, [0, 1, 0, 0, 0]) },
    Case("a frame of 20,000 bytes", frameSizeError) {
      frame(H2.data, 0, $0, pattern(20_000))
    },
    Case("an entry that the table has not", compressionError) {
      frame(H2.headers, H2.endHeaders, $0, [0x88, 0xfe])
    },
    Case("a table larger than allowed", compressionError) {
      frame(H2.headers, H2.endHeaders, $0, [0x3f, 0xe9, 0x26, 0x88])
    },
  ]

  @Test("what breaks the connection costs the requests on it, and is told by its code")
  func connectionErrors() throws {
    let codes = Locked<[String: UInt32]>([:])
    let script = Origin.Script.http2 { peer, _ in
      while let request = try peer.nextRequest() {
        guard let index = Int(request.path.dropFirst()) else {
          try peer.respond(request.id)
          continue
        }
        let test = Self.connectionErrors[index]
        try peer.wire.send(test.bytes(request.id))
        let code = try peer.connectionError()
        return codes.withLock { $0[test.name] = code }
      }
    }
    try withScene(script, config: h2c()) { scene in
      for (index, test) in Self.connectionErrors.enumerated() {
        row(test.name) {
          #expect(try scene.exchange(post("/\(index)", body: "x")).status == 502, "\(test.name)")
          try wait(for: "the code") { codes.withLock { $0[test.name] != nil } }
          let code = codes.withLock { $0[test.name] }
          #expect(code == test.code, "\(test.name)")
          #expect(try scene.exchange(get("/good")).status == 200)
        }
      }
      try scene.rests()
    }
  }

  private static let many = (0..<101).map { ("x-\($0)", "y") }

  private static let streamErrors: [Case] = [
    Case("DATA before a head", H2.protocolError) { data($0, "x") },
    Case("an interim head with the end", H2.protocolError) {
      headFrame($0, [(":status", "103")], ends: true)
    },
    Case("an end where content was announced", H2.noError) {
      headFrame($0, [(":status", "200"), ("content-length", "5")], ends: true)
    },
    Case("trailers without an end", H2.protocolError) {
      headFrame($0) + headFrame($0, [("x", "y")])
    },
    Case("too many fields", H2.protocolError) { headFrame($0, [(":status", "200")] + many) },
    Case("a window beyond its end", H2.flowControlError) { window($0, 0x7fff_ffff) },
    Case("WINDOW_UPDATE of nothing", H2.protocolError) { window($0, 0) },
    Case("32 KiB of fields", H2.protocolError) { id in
      let block = HTTP2Peer.block([
        (":status", "200"), ("x", String(repeating: "y", count: 32_740)),
      ])
      return frame(H2.headers, 0, id, Array(block[..<16_384]))
        + frame(H2.continuation, 0, id, Array(block[16_384..<32_000]))
        + frame(H2.continuation, H2.endHeaders, id, Array(block[32_000...]))
    },
  ]

  @Test("what breaks a stream costs its request alone")
  func streamErrors() throws {
    let codes = Locked<[String: UInt32]>([:])
    let script = Origin.Script.http2 { peer, _ in
      while let request = try peer.nextRequest() {
        guard let index = Int(request.path.dropFirst()) else {
          try peer.respond(request.id)
          continue
        }
        let test = Self.streamErrors[index]
        try peer.wire.send(test.bytes(request.id))
        if test.code == H2.noError {
          // It has ended both ways: there is nothing left to be reset.
          try peer.settle()
        } else {
          try peer.read("RST_STREAM") { peer.stream(request.id).reset != nil }
        }
        codes.withLock { $0[test.name] = peer.stream(request.id).reset ?? H2.noError }
      }
    }
    try withScene(script, config: h2c()) { scene in
      for (index, test) in Self.streamErrors.enumerated() {
        row(test.name) {
          let client = try scene.client()
          try client.send(post("/\(index)", body: "x"))
          if test.name == "trailers without an end" {
            // Its head was good, and may have been told by then.
            #expect(try !client.readToEnd().text.hasSuffix("0\r\n\r\n"))
          } else {
            #expect(try client.response().status == 502, "\(test.name)")
          }
          try wait(for: "the code of \(test.name)") { codes.withLock { $0[test.name] != nil } }
          let code = codes.withLock { $0[test.name] }
          #expect(code == test.code, "\(test.name)")
          #expect(try scene.exchange(get("/good")).status == 200)
        }
      }
      #expect(scene.origin.connections.count == 1)
      try scene.rests()
    }
  }

  @Test("content that is not as long as announced never looks whole")
  func lengths() throws {
    let script = Origin.Script.http2Answering { peer, request in
      let id = request.id
      let length = [(":status", "200"), ("content-length", "4")]
      switch request.path {
      case "/more":
        try peer.wire.send(Self.headFrame(id, length) + Self.data(id, "12345", ends: true))
      case "/later":
        try peer.wire.send(Self.headFrame(id, length) + Self.data(id, "123"))
        try peer.settle()
        try peer.wire.send(Self.data(id, "45", ends: true))
      case "/less":
        try peer.wire.send(Self.headFrame(id, length) + Self.data(id, "123", ends: true))
      case "/trailers":
        try peer.wire.send(
          Self.headFrame(id, length) + Self.data(id, "123")
            + Self.headFrame(id, [("x", "y")], ends: true))
      default:
        try peer.wire.send(
          Self.headFrame(id) + Self.data(id, "123")
            + Self.headFrame(id, [(":status", "200")], ends: true))
      }
    }
    try withScene(script, config: h2c()) { scene in
      for path in ["/more", "/later", "/less", "/trailers", "/pseudo"] {
        row(path) {
          let client = try scene.client()
          try client.send(post(path, body: "x"))
          let text = try client.readToEnd().text
          let isWhole = text.hasSuffix("1234") || text.hasSuffix("0\r\n\r\n")
          #expect(text.hasPrefix("HTTP/1.1 502") || !isWhole, "\(path) \(text)")
          let peer = try scene.peer()
          let answer = try peer.exchange(path, method: "POST", body: "x")
          #expect(answer.status == 502 || answer.reset != nil, "\(path) \(answer)")
        }
      }
      try scene.rests()
    }
  }

  @Test("frames behind the end of an answer do not undo it")
  func behindTheEnd() throws {
    let codes = Locked<[UInt32]>([])
    let script = Origin.Script.http2 { peer, _ in
      guard let request = try peer.nextRequest() else { return }
      let id = request.id
      let answer =
        Self.headFrame(id, [(":status", "200"), ("x-a", "b")]) + Self.data(id, "ok", ends: true)
      if request.path == "/head" {
        try peer.wire.send(answer + Self.headFrame(id, [("x", "y")], ends: true))
        let code = try peer.connectionError()
        return codes.withLock { $0.append(code) }
      }
      try peer.wire.send(answer + Self.data(id, "more"))
      try peer.read("RST_STREAM") { peer.stream(id).reset != nil }
      codes.withLock { $0.append(peer.stream(id).reset ?? 0) }
      while let next = try peer.nextRequest() { try peer.respond(next.id, 200, body: "same") }
    }
    try withScene(script, config: h2c()) { scene in
      let first = try scene.exchange(post("/head", body: "x"))
      #expect(first.status == 200 && first.text == "ok")
      let second = try scene.exchange(post("/data", body: "x"))
      #expect(second.status == 200 && second.text == "ok")
      try wait(for: "the codes") { codes.withLock { $0.count == 2 } }
      #expect(codes.withLock { $0 } == [H2.streamClosed, H2.streamClosed])
      // DATA of a stream that is closed ends no connection.
      #expect(try scene.exchange(get()).text == "same")
      try scene.rests()
    }
  }

  @Test("answers without content have none, whatever comes behind their head")
  func noContent() throws {
    let script = Origin.Script.http2Answering { peer, request in
      let status = request.path == "/204" ? "204" : request.path == "/304" ? "304" : "200"
      let injected = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
      try peer.wire.send(
        Self.headFrame(request.id, [(":status", status)])
          + Self.data(request.id, injected, ends: true))
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      for (method, path, status) in [
        ("GET", "/204", 204), ("GET", "/304", 304), ("HEAD", "/", 200),
      ] {
        for _ in 0..<3 {
          try client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
          let text = try client.read(until: "\r\n\r\n").text
          #expect(text.hasPrefix("HTTP/1.1 \(status)") && !text.contains("bad"), "\(text)")
        }
      }
      try scene.rests()
    }
  }

  @Test("an answer ahead of its request, and RST_STREAM behind it: the client gets the answer")
  func early() throws {
    let script = Origin.Script.http2 { peer, _ in
      while let request = try peer.nextRequest(whole: false) {
        try peer.read("some of it") { peer.stream(request.id).bodyCount > 0 }
        try peer.respond(request.id, 413, [("content-length", "4")], body: "done")
        let code = request.path == "/cancel" ? H2.cancel : H2.noError
        if request.path != "/open" { try peer.reset(request.id, code) }
      }
    }
    try withScene(script, config: h2c()) { scene in
      for path in ["/none", "/cancel", "/open"] {
        row(path) {
          let client = try scene.client()
          try client.send(head("POST \(path) HTTP/1.1", "Host: a", "Content-Length: 1000000"))
          try client.send(pattern(20_000))
          let response = try client.response()
          #expect(response.status == 413 && response.text == "done", "\(path)")
          let peer = try scene.peer()
          let id = try peer.request(path, method: "POST", body: pattern(20_000), ends: false)
          try peer.read("the answer") { peer.stream(id).isEnded }
          #expect(peer.stream(id).status == 413 && peer.stream(id).text == "done", "\(path)")
          try peer.read("RST_STREAM") { peer.stream(id).reset != nil }
          #expect(peer.stream(id).reset == H2.noError)
        }
      }
      #expect(scene.origin.connections.count == 1)
      try scene.rests()
    }
  }

  @Test("a window that SETTINGS shrink below what was sent is obeyed")
  func shrunkWindow() throws {
    let script = Origin.Script.http2 { peer, _ in
      peer.givesCredit = false
      guard let request = try peer.nextRequest(whole: false) else { return }
      let id = request.id
      try peer.read("the first window") { peer.stream(id).bodyCount == 65_535 }
      // The window is 1000 - 65,535 now.
      try peer.wire.send(Self.settings((H2.initialWindow, 1000)) + Self.window(0, 1 << 20))
      try peer.settle()
      try peer.credit(id, 64_535)
      try peer.settle()
      #expect(peer.stream(id).bodyCount == 65_535)
      try peer.credit(id, 10)
      try peer.settle()
      #expect(peer.stream(id).bodyCount == 65_545)
      try peer.wire.send(Self.settings((H2.initialWindow, 0)))
      try peer.credit(id, 999)
      try peer.settle()
      #expect(peer.stream(id).bodyCount == 65_545)
      try peer.wire.send(Self.settings((H2.initialWindow, 300_000)))
      try peer.read("all") { peer.stream(id).isEnded }
      #expect(same(peer.stream(id).body, pattern(200_000)))
      try peer.respond(id, 200, body: "got it")
      try peer.readToEnd(within: 120)
    }
    try withScene(script, config: h2c()) { scene in
      let client = try scene.client()
      try client.send(
        head("POST / HTTP/1.1", "Host: a", "Content-Length: 200000"), pattern(200_000))
      #expect(try client.response().text == "got it")
      try scene.rests()
    }
  }
}
