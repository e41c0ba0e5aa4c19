import Foundation
import Testing

/// One route with a cache, whose responses are compressed.
private func compressing(
  _ cache: String = "max_object: 1MiB", workers: Int = 1, route: String = "", extra: String = ""
) -> String {
  """
  listen: 127.0.0.1:0
  workers: \(workers)
  caches: { c: { memory: 16MiB, \(cache) } }
  routes: [{ to: app, cache: c, compress: on \(route) }]
  pools: { app: ['$0'] }
  \(extra)

  """
}

private func gzipGet(_ target: String = "/", _ fields: String...) -> String {
  head(["GET \(target) HTTP/1.1", "Host: a", "Accept-Encoding: gzip"] + fields)
}

private func plainGet(_ target: String = "/", _ fields: String...) -> String {
  head(["GET \(target) HTTP/1.1", "Host: a"] + fields)
}

/// Text that compresses well, and differs at every place.
private let allProse: [UInt8] = {
  var bytes: [UInt8] = []
  for line in 0..<150_000 { bytes += "line \(line) of this text\n".utf8 }
  return bytes
}()
private func prose(_ count: Int) -> [UInt8] { Array(allProse[..<count]) }

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

private func body(_ target: String) -> [UInt8] {
  let parts = target.split(separator: "/")
  let size = Int(parts[2]) ?? 0
  return parts[1] == "noise" ? noise(size) : prose(size)
}

/// The content of a response, as it was before it was compressed.
private func content(_ response: Message) throws -> [UInt8] {
  response["Content-Encoding"] == "gzip" ? try Gunzip.decode(response.body) : response.body
}

private func content(of request: String, _ scene: Scene) throws -> [UInt8] {
  let response = try scene.exchange(request)
  return try content(response)
}

/// The content of the next chunk. The end of a chunk may come with the next one only.
private func readPiece(_ client: Client, isFirst: Bool) throws -> [UInt8] {
  if !isFirst { try client.expect("\r\n") }
  let line = try client.read(until: "\r\n").text.dropLast()
  guard let size = Int(line, radix: 16) else { throw HarnessError.malformed("chunk line \(line)") }
  return try client.read(size)
}

/// `/FRAMING/KIND/SIZE…`, good for an hour.
private let origin = Origin.Script.script { connection in
  connection.keepsRecord = false
  while let request = try connection.nextRequest() {
    let body = body(request.target)
    let lines = [
      "HTTP/1.1 200 OK", "Content-Type: text/plain", "Cache-Control: max-age=3600", "ETag: \"x\"",
    ]
    if request.target.hasPrefix("/length") {
      try connection.send(head(lines + ["Content-Length: \(body.count)"]), body)
      continue
    }
    try connection.send(head(lines + ["Transfer-Encoding: chunked"]))
    for from in stride(from: 0, to: body.count, by: 7001) {
      let piece = Array(body[from..<min(from + 7001, body.count)])
      try connection.send(String(piece.count, radix: 16) + "\r\n", piece, "\r\n")
    }
    try connection.send("0\r\n\r\n")
  }
}

@Suite("The cache: compressed responses") struct CacheCompressionTests {
  @Test(
    "every size and framing arrives whole, the first time and later",
    arguments: ["length", "chunked"])
  func sizes(_ framing: String) throws {
    try withScene(origin, config: compressing()) { scene in
      let client = try scene.client()
      for size in [0, 1, 1023, 1024, 4096, 32_768, 32_769, 65_536, 100_000, 1_000_000, 3_000_000] {
        for kind in ["prose", "noise"] {
          let target = "/\(framing)/\(kind)/\(size)"
          let isCompressed = framing == "chunked" || size >= 1024
          let isStored = size <= 1 << 20
          for turn in 1...3 {
            let response = try client.exchange(gzipGet(target))
            let isSame = try content(response) == body(target)
            #expect(isSame, "\(target)")
            #expect((response["Content-Encoding"] == "gzip") == isCompressed, "\(target)")
            #expect(response["ETag"] == (isCompressed ? "W/\"x\"" : "\"x\""), "\(target)")
            let isHit = response["Cache-Status"]?.contains("; hit") ?? false
            #expect(isHit == (isStored && turn > 1), "\(target)")
            // What is complete has a length.
            if isHit { #expect(response.framing == .length(response.body.count), "\(target)") }
            if turn == 2 {
              let plain = try client.exchange(plainGet(target))
              let isSame = plain.body == body(target)
              #expect(isSame && plain["Content-Encoding"] == nil, "\(target)")
              #expect(plain["ETag"] == "\"x\"", "\(target)")
            }
          }
        }
      }
    }
  }

  @Test(
    "many at once on two workers get the one compressed form while it is made",
    arguments: ["length", "chunked"])
  func together(_ framing: String) throws {
    try withScene(origin, config: compressing(workers: 2)) { scene in
      let target = "/\(framing)/prose/1000000"
      let address = scene.proxy.address
      let results = Locked<[(isCompressed: Bool, body: [UInt8])]>([])
      let failures = Locked<[String]>([])
      for number in 0..<24 {
        startThread {
          do {
            let client = try Client(address)
            let isCompressed = number % 3 != 0
            let request = isCompressed ? gzipGet(target) : plainGet(target)
            let response = try client.exchange(request)
            let isGzip = response["Content-Encoding"] == "gzip"
            if isGzip != isCompressed { failures.withLock { $0.append("another form") } }
            results.withLock { $0.append((isGzip, response.body)) }
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }
      try wait(for: "all responses", within: 60) {
        results.withLock { $0.count } + failures.withLock { $0.count } >= 24
      }
      #expect(failures.withLock { $0 } == [])
      let hit = try scene.exchange(gzipGet(target))
      let isWhole = try content(hit) == prose(1_000_000)
      #expect(isWhole)
      for (isCompressed, bytes) in results.withLock({ $0 }) {
        let isSame = isCompressed ? bytes == hit.body : bytes == prose(1_000_000)
        #expect(isSame)
      }
    }
  }

  @Test("the first client reads what the backend has sent so far, and others join it")
  func streaming() throws {
    let gates = (0..<4).map { _ in Gate() }
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head(
          "HTTP/1.1 200 OK", "Content-Type: text/plain", "Cache-Control: max-age=60",
          "Transfer-Encoding: chunked"))
      for (number, gate) in gates.enumerated() {
        try gate.pass()
        try connection.send(chunk("part \(number)\n"))
      }
      try connection.send("0\r\n\r\n")
      try connection.hang()
    }
    try withScene(script, config: compressing()) { scene in
      var readers: [(client: Client, gunzip: Gunzip)] = []
      var expected = ""
      for (number, gate) in gates.enumerated() {
        let client = try scene.client()
        try client.send(gzipGet())
        #expect(try client.readHead()["Content-Encoding"] == "gzip")
        readers.append((client, Gunzip()))
        gate.open()
        expected += "part \(number)\n"
        for (client, gunzip) in readers {
          while gunzip.output.count < expected.utf8.count {
            try gunzip.add(readPiece(client, isFirst: gunzip.output.isEmpty))
          }
          #expect(gunzip.output.text == expected)
        }
      }
      for (client, gunzip) in readers {
        while !gunzip.hasEnded { try gunzip.add(readPiece(client, isFirst: gunzip.output.isEmpty)) }
        try client.expect("\r\n0\r\n\r\n")
        #expect(gunzip.output.text == expected)
      }
    }
  }

  @Test("a response cut short never looks complete, and is fetched again")
  func truncated() throws {
    let cuts = Locked(0)
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      let lines = [
        "HTTP/1.1 200 OK", "Content-Type: text/plain", "Cache-Control: max-age=60",
        "Content-Length: 5000",
      ]
      let number = cuts.withLock {
        $0 += 1
        return $0
      }
      if number > 1 { return try connection.send(head(lines), prose(5000)) }
      try connection.send(head(lines), "only this")
      try connection.rest(0.2)
    }
    try withScene(script, config: compressing()) { scene in
      let client = try scene.client()
      try client.send(gzipGet())
      #expect(try client.readHead()["Content-Encoding"] == "gzip")
      let gunzip = Gunzip()
      while gunzip.output.isEmpty {
        try gunzip.add(readPiece(client, isFirst: gunzip.output.isEmpty))
      }
      #expect(gunzip.output.text == "only this" && !gunzip.hasEnded)
      _ = try client.ending()
      #expect(!client.received.text.hasSuffix("0\r\n\r\n"))
      #expect(try content(of: gzipGet(), scene) == prose(5000))
    }
  }

  @Test("what is longer than the cache takes reaches slow and fast readers", arguments: [1, 2])
  func tooLong(_ workers: Int) throws {
    let config = compressing("max_object: 64KiB", workers: workers)
    try withScene(origin, config: config) { scene in
      for kind in ["prose", "noise"] {
        let target = "/chunked/\(kind)/3000000"
        let expected = body(target)
        let slow = try scene.client(receiveBuffer: 16_384)
        try slow.send(gzipGet(target))
        var first = try slow.readHead()
        #expect(first["Content-Encoding"] == "gzip")
        let others = try (0..<4).map { _ in try scene.client() }
        for (number, other) in others.enumerated() {
          try other.send(number % 2 == 0 ? gzipGet(target) : plainGet(target))
        }
        // They go on at the pace of the slowest, which begins to read when they do.
        let done = Locked(0)
        for other in others {
          startThread {
            if let response = try? other.response(within: 60),
              let bytes = try? content(response), bytes == expected
            {
              done.withLock { $0 += 1 }
            }
          }
        }
        try slow.readBody(of: &first, or: .none)
        let isSame = try content(first) == expected
        #expect(isSame, "\(kind)")
        try wait(for: "the others", within: 60) { done.withLock { $0 } == others.count }
      }
    }
  }

  @Test("a slow reader holds up nobody, and gets every byte in the end")
  func slowReader() throws {
    try withScene(origin, config: compressing()) { scene in
      let target = "/length/noise/1000000"
      let slow = try scene.client(receiveBuffer: 16_384)
      try slow.send(gzipGet(target))
      var head = try slow.readHead()
      for _ in 1...3 {
        let response = try scene.exchange(gzipGet(target))
        let isSame = try content(response) == noise(1_000_000)
        #expect(isSame)
      }
      try slow.readBody(of: &head, or: .none)
      let isSame = try content(head) == noise(1_000_000)
      #expect(isSame)
    }
  }

  @Test("a cache that is too small for all keeps what fits; every response is right")
  func eviction() throws {
    let config = compressing().replacing("memory: 16MiB", with: "memory: 1MiB")
      .replacing("max_object: 1MiB", with: "max_object: 200KiB")
    try withScene(origin, config: config) { scene in
      let client = try scene.client()
      for round in 0..<3 {
        for number in 0..<30 {
          let kind = number % 2 == 0 ? "prose" : "noise"
          let target =
            "/\(number % 3 == 0 ? "chunked" : "length")/\(kind)/\(50_000 + number * 4001)"
          let response = try client.exchange(gzipGet(target))
          let isSame = try content(response) == body(target)
          #expect(isSame, "\(target) in round \(round)")
        }
      }
    }
  }

  @Test("beyond a worker's memory the content is stored and sent as it is")
  func budget() throws {
    let config = compressing(extra: "limits: { memory_per_worker: 1MiB }")
    let gate = Gate()
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head(
          "HTTP/1.1 200 OK", "Content-Type: text/plain", "Cache-Control: max-age=60",
          "Transfer-Encoding: chunked"))
      try connection.send(chunk("begun"))
      try gate.pass()
      try connection.send("0\r\n\r\n")
      try connection.hang()
    }
    try withScene(script, config: config) { scene in
      // Room for three compressors, of 264 KiB each.
      var clients: [Client] = []
      for number in 1...5 {
        let client = try scene.client()
        try client.send(gzipGet("/\(number)"))
        let head = try client.readHead()
        #expect(head["Content-Encoding"] == (number <= 3 ? "gzip" : nil), "\(number)")
        #expect(head["Vary"] == "Accept-Encoding")
        clients.append(client)
      }
      gate.open()
      for client in clients { while try client.readChunk() != nil {} }
      // There is room for a compressor again.
      try wait(for: "a compressed hit") {
        try scene.exchange(gzipGet("/5"))["Content-Encoding"] == "gzip"
      }
    }
  }
}
