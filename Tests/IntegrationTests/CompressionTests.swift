import Foundation
import Testing

private let compressing = routing("- { to: app, compress: on }")

private func gzipGet(_ target: String = "/", _ fields: String...) -> String {
  head(["GET \(target) HTTP/1.1", "Host: a", "Accept-Encoding: gzip"] + fields)
}

/// Text that compresses well, and differs at every place.
private func prose(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + 32)
  var line = 0
  while bytes.count < count {
    bytes += "line \(line) of this text\n".utf8
    line += 1
  }
  return Array(bytes[..<count])
}

/// Bytes that cannot be compressed, the same each time.
private func noise(_ count: Int) -> [UInt8] {
  var state: UInt64 = 88_172_645_463_325_252
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 32)
  }
}

@Suite("Compressed responses: the content") struct CompressionTests {
  private static let sizes = [
    1024, 1025, 4096, 16_383, 32_768, 32_769, 65_536, 100_000, 131_072, 1_000_000, 3_000_000,
  ]

  private static func body(_ target: String) -> [UInt8] {
    let parts = target.split(separator: "/")
    let size = Int(parts.last ?? "") ?? 0
    return parts[1] == "noise" ? noise(size) : prose(size)
  }

  /// `/FRAMING/KIND/SIZE`
  private static let origin = Origin.Script.script { connection in
    connection.keepsRecord = false
    while let request = try connection.nextRequest() {
      let body = body(request.target)
      let type = "Content-Type: text/plain"
      switch request.target.split(separator: "/")[0] {
      case "length":
        try connection.send(head("HTTP/1.1 200 OK", type, "Content-Length: \(body.count)"), body)
      case "chunked":
        try connection.send(head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked"))
        for from in stride(from: 0, to: body.count, by: 7001) {
          let piece = Array(body[from..<min(from + 7001, body.count)])
          try connection.send(String(piece.count, radix: 16) + "\r\n", piece, "\r\n")
        }
        try connection.send("0\r\nX-Trailer: dropped\r\n\r\n")
      default:
        try connection.send(head("HTTP/1.1 200 OK", type, "Connection: close"), body)
        return
      }
    }
  }

  @Test("every size, framing and kind arrives whole", arguments: ["length", "chunked", "close"])
  func sizes(_ framing: String) throws {
    try withScene(Self.origin, config: compressing) { scene in
      let client = try scene.client()
      for size in Self.sizes {
        for kind in ["prose", "noise"] {
          let target = "/\(framing)/\(kind)/\(size)"
          let response = try client.exchange(gzipGet(target))
          #expect(response["Content-Encoding"] == "gzip", "\(target)")
          #expect(response.framing == .chunked, "\(target)")
          #expect(response["Content-Length"] == nil, "\(target)")
          #expect(response.trailers.isEmpty)
          let isSame = try Gunzip.decode(response.body) == Self.body(target)
          #expect(isSame, "\(target)")
          if kind == "prose" { #expect(response.body.count < size / 2, "\(target)") }
          // Stored blocks cost some bytes each, and flushes a few.
          #expect(response.body.count < size + size / 50 + 512, "\(target)")
        }
      }
    }
  }

  @Test("requests take turns on one connection, compressed and not, and pipelined")
  func mixed() throws {
    try withScene(Self.origin, config: compressing) { scene in
      let client = try scene.client()
      let plain = get("/length/prose/5000")
      for _ in 1...3 {
        try client.send(gzipGet("/length/prose/5000") + plain + gzipGet("/chunked/prose/9000"))
        #expect(try Gunzip.decode(client.response().body) == prose(5000))
        #expect(try client.response().body == prose(5000))
        #expect(try Gunzip.decode(client.response().body) == prose(9000))
      }
    }
  }

  @Test("the level is that of the config, and the bytes are the same each time")
  func level() throws {
    // What gzip's header says of the level (RFC 1952 section 2.3.1).
    for (level, flag) in [(1, 4), (5, 0), (9, 2)] as [(Int, UInt8)] {
      let config = routing("- { to: app, compress: on }", "compression: { level: \(level) }")
      try withScene(Self.origin, config: config) { scene in
        let first = try scene.exchange(gzipGet("/length/prose/20000"))
        let second = try scene.exchange(gzipGet("/length/prose/20000"))
        #expect(try Gunzip.decode(first.body) == prose(20_000))
        #expect(first.body == second.body)
        // No time, no name; made on Unix.
        #expect(first.body.prefix(8) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
        #expect(first.body[8...9] == [flag, 3])
      }
    }
  }

  @Test("curl takes it apart", .enabled(if: Program.curl != nil, "no curl"))
  func curl() throws {
    try withScene(Self.origin, config: compressing) { scene in
      guard let curl = Program.curl else { return }
      let base = "http://\(scene.proxy.address)"
      let result = try Program.run([
        curl, "-sS", "--noproxy", "*", "--compressed", "\(base)/chunked/prose/300000",
      ])
      #expect(result.status == .exited(0), "\(result.errors)")
      #expect(result.output.bytes == prose(300_000))
    }
  }

  @Test("what the backend has sent arrives before it goes on")
  func streaming() throws {
    let gates = (0..<4).map { _ in Gate() }
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked"))
      for (number, gate) in gates.enumerated() {
        try gate.pass()
        try connection.send(chunk("part \(number)\n"))
      }
      try connection.hang()
    }
    try withScene(script, config: compressing) { scene in
      let client = try scene.client()
      try client.send(gzipGet())
      #expect(try client.readHead()["Content-Encoding"] == "gzip")
      let gunzip = Gunzip()
      var expected = ""
      for (number, gate) in gates.enumerated() {
        gate.open()
        expected += "part \(number)\n"
        while gunzip.output.count < expected.utf8.count {
          guard let piece = try client.readChunk() else { return #expect(Bool(false)) }
          try gunzip.add(piece)
        }
        #expect(gunzip.output.text == expected)
        #expect(!gunzip.hasEnded)
      }
    }
  }

  @Test("a piece that fills a receive exactly is flushed as well")
  func streamingExactly() throws {
    // As much as is received at a time: there seems to be more, and is not.
    let size = 32_768
    let next = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: \(2 * size + 1)"))
      try next.pass()
      try connection.send(prose(size))
      try connection.hang()
    }
    try withScene(script, config: compressing) { scene in
      let client = try scene.client()
      try client.send(gzipGet())
      _ = try client.readHead()
      next.open()
      let gunzip = Gunzip()
      while gunzip.output.count < size {
        guard let piece = try client.readChunk() else { return #expect(Bool(false)) }
        try gunzip.add(piece)
      }
      #expect(gunzip.output == prose(size))
    }
  }

  @Test("a slow reader stops its backend, and gets every byte in the end")
  func slowReader() throws {
    let size = 32 << 20
    let sent = Locked(0)
    let piece = noise(1 << 20)
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: \(size)"))
      for _ in 0..<(size / piece.count) {
        try connection.send(piece, within: 60)
        sent.withLock { $0 += piece.count }
      }
    }
    try withScene(script, config: compressing) { scene in
      let client = try scene.client(receiveBuffer: 16_384)
      client.keepsRecord = false
      try client.send(gzipGet())
      #expect(try client.readHead()["Content-Encoding"] == "gzip")
      var known = -1
      try wait(for: "the backend to be held back", within: 30) {
        defer { known = sent.withLock { $0 } }
        usleep(300_000)
        return sent.withLock { $0 } == known
      }
      #expect(sent.withLock { $0 } < size / 2, "nothing held the backend back")
      let before = scene.proxy.process.peakResidentBytes
      let gunzip = Gunzip()
      while let chunk = try client.readChunk(within: 60) { try gunzip.add(chunk) }
      #expect(gunzip.hasEnded && gunzip.output.count == size)
      for at in stride(from: 0, to: gunzip.output.count, by: piece.count) {
        let isSame = gunzip.output[at..<at + piece.count].elementsEqual(piece)
        #expect(isSame, "differs after \(at)")
      }
      let grown = scene.proxy.process.peakResidentBytes - before
      if !Proxy.isSanitized { #expect(grown < 8 << 20) }
    }
  }

  @Test("a response cut short never looks complete", arguments: [false, true])
  func truncated(_ resets: Bool) throws {
    let type = "Content-Type: text/plain"
    let cut = [
      head("HTTP/1.1 200 OK", type, "Content-Length: 5000") + "only this",
      head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked") + chunk("only this"),
      head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked") + chunk("only this") + "0\r\n",
      head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked") + chunk("only this") + "|zz\r\n",
    ]
    let script = Origin.Script.script { connection in
      let index = Int(try connection.request().target.dropFirst()) ?? 0
      for part in cut[index].split(separator: "|") {
        try connection.send(String(part))
        // The client has the beginning before the cut, so the head was forwarded.
        try connection.rest(0.1)
      }
      if resets { connection.reset() }
    }
    try withScene(script, config: compressing) { scene in
      for index in cut.indices {
        let client = try scene.client()
        try client.send(gzipGet("/\(index)"))
        #expect(try client.readHead()["Content-Encoding"] == "gzip")
        let gunzip = Gunzip()
        if let piece = try? client.readChunk() { try gunzip.add(piece) }
        #expect(gunzip.output.text == "only this" && !gunzip.hasEnded)
        _ = try client.ending()
        #expect(!client.received.text.hasSuffix("0\r\n\r\n"))
      }
    }
  }

  @Test("what is broken from the start is answered, and the next response is whole")
  func brokenAtOnce() throws {
    let script = Origin.Script.serving { request, _ in
      let type = "Content-Type: text/plain"
      if request.target == "/bad" {
        return head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked") + "zz\r\n"
      }
      return head("HTTP/1.1 200 OK", type, "Content-Length: 5000").bytes + prose(5000)
    }
    try withScene(script, config: compressing) { scene in
      for _ in 1...3 {
        let client = try scene.client()
        #expect(try client.exchange(gzipGet("/bad")).status == 502)
        #expect(try Gunzip.decode(scene.exchange(gzipGet("/good")).body) == prose(5000))
      }
    }
  }

  @Test("beyond a worker's memory, responses go as they are")
  func budget() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked"))
      try connection.send(chunk("begun"))
      while try connection.hasMore(within: 60) { return }
    }
    // Room for three compressors, of 264 KiB each.
    let config = routing("- { to: app, compress: on }", "limits: { memory_per_worker: 1MiB }")
    try withScene(script, config: config) { scene in
      var clients: [Client] = []
      for number in 1...5 {
        let client = try scene.client()
        try client.send(gzipGet())
        let head = try client.readHead()
        #expect(head["Content-Encoding"] == (number <= 3 ? "gzip" : nil), "\(number)")
        #expect(head["Vary"] == "Accept-Encoding")
        clients.append(client)
      }
      clients[0].reset()
      try wait(for: "a compressor to come free") {
        let client = try scene.client()
        try client.send(gzipGet())
        return try client.readHead()["Content-Encoding"] == "gzip"
      }
    }
  }
}
