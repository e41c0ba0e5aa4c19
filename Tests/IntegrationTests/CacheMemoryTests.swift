import Foundation
import Testing

/// Little memory, much to keep.
@Suite("Cache: memory", .serialized) struct CacheMemoryTests {
  /// The size is in the target, the content depends on all of it.
  private static func body(_ target: String) -> [UInt8] {
    let parts = target.split(separator: "/")
    return pattern(Int(parts.last ?? "") ?? 0, from: Int(parts.first ?? "") ?? 0)
  }

  private static let origin = Origin.Script.script { connection in
    connection.keepsRecord = false
    while let request = try connection.nextRequest() {
      let body = body(request.target)
      let isOdd = request.target.hasPrefix("/1") || request.target.hasPrefix("/3")
      if request.method == "POST" {
        try connection.send(ok("done"))
      } else if isOdd {
        try connection.send(
          head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Transfer-Encoding: chunked"))
        for from in stride(from: 0, to: body.count, by: 30_000) {
          let piece = Array(body[from..<min(from + 30_000, body.count)])
          try connection.send(String(piece.count, radix: 16) + "\r\n", piece, "\r\n")
        }
        try connection.send("0\r\n\r\n")
      } else {
        try connection.send(
          head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Content-Length: \(body.count)"),
          body)
      }
    }
  }

  @Test("what was taken out is freed soon, however much room there is")
  func freed() throws {
    let config = caching("memory: 64MiB", rest: "admin: 127.0.0.1:0")
    try withScene(Self.origin, config: config) { scene in
      let client = try scene.client()
      for _ in 0..<10 {
        _ = try client.exchange(get("/0/200000"))
        let answer = try client.exchange(
          "POST /0/200000 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n")
        #expect(answer.text == "done")
      }
      try wait(for: "the memory of ten removed responses") {
        let used = try scene.proxy.metric("headrace_cache_used_bytes")
        return try #require(used) < 200_000
      }
    }
  }

  @Test("more is wanted than fits, by many, over several workers, while all kinds of things happen")
  func storm() throws {
    let config = caching("memory: 2MiB, max_object: 256KiB", workers: 4)
    try withScene(Self.origin, config: config) { scene in
      let load = Load(scene.proxy.address, clients: 12) { client, index in
        let key = (client &* 7 &+ index &* 13) % 50
        let size = [0, 100, 20_000, 90_000, 250_000, 700_000][key % 6]
        let target = "/\(key)/\(size)"
        // Now and then something changes: what is stored for it goes.
        if index % 29 == 7 { return .init(bytes: post(target, body: "x")) { $0.text == "done" } }
        return .init(bytes: get(target)) { $0.body == Self.body(target) }
      }
      // Clients that break off at any point.
      var random = SplitMix(state: 7)
      for _ in 0..<(Proxy.isSanitized ? 60 : 200) {
        let key = Int.random(in: 0..<50, using: &random)
        let size = [0, 100, 20_000, 90_000, 250_000, 700_000][key % 6]
        let client = try scene.client(receiveBuffer: 8192)
        client.keepsRecord = false
        try client.send(get("/\(key)/\(size)"))
        if Bool.random(using: &random) { _ = try client.hasMore() }
        if Bool.random(using: &random) { client.reset() } else { client.close() }
      }
      try load.wait(forMore: 500)
      try load.stop()
      let bad = load.results.filter { $0 != .answered(200) }
      #expect(bad.count == 0, "\(bad.count): \(bad.prefix(3))")
      #expect(scene.proxy.process.isRunning)
    }
  }

  @Test("a slow reader gets all of what was evicted meanwhile")
  func slowReader() throws {
    let config = caching("memory: 1MiB, max_object: 512KiB", workers: 2)
    try withScene(Self.origin, config: config) { scene in
      #expect(try scene.exchange(get("/2/500000")).body.count == 500_000)
      let reader = try scene.client(receiveBuffer: 4096)
      try reader.send(get("/2/500000"))
      _ = try reader.read(until: "\r\n\r\n")
      for key in 100..<140 {
        let target = "/\(key * 2)/60000"
        try expectSame(scene.exchange(get(target)).body, Self.body(target))
      }
      try expectSame(reader.read(500_000, within: 30), Self.body("/2/500000"))
    }
  }

  @Test("a reload that makes the cache smaller, renames it, and takes it away while it fills")
  func reload() throws {
    let meeting = Meeting()
    let origin = Origin.Script.script { connection in
      connection.keepsRecord = false
      while let request = try connection.nextRequest() {
        let isChunked = request.target == "/chunked"
        try connection.send(
          head(
            "HTTP/1.1 200 OK", "Cache-Control: max-age=60",
            isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 900000"))
        for index in 0..<9 {
          if index == 4 {
            meeting.arrive()
            try meeting.pass(connection)
          }
          if isChunked { try connection.send("186a0\r\n") }
          try connection.send(Array(pattern(900_000)[(index * 100_000)..<((index + 1) * 100_000)]))
          if isChunked { try connection.send("\r\n") }
        }
        if isChunked { try connection.send("0\r\n\r\n") }
      }
    }
    let first = caching("memory: 64MiB, max_object: 8MiB", workers: 2)
    try withScene(origin, config: first) { scene in
      let targets = ["/chunked", "/length"]
      let readers = try (0..<8).map { index in
        let client = try scene.client()
        try client.send(get(targets[index % 2]))
        return client
      }
      try meeting.wait(for: 2)
      var small = caching("memory: 1MiB, max_object: 64KiB", workers: 2)
      small = small.replacing("$0", with: scene.origin.address)
      var none = small.replacing(", cache: c", with: "")
      none = none.replacing("caches:\n  c: { memory: 1MiB, max_object: 64KiB }\n", with: "")
      for config in [small, none] {
        let isDone = try scene.proxy.reload(config)
        #expect(isDone, "\(scene.proxy.errors)")
      }
      meeting.open()
      for reader in readers {
        try expectSame(reader.response(within: 30).body, pattern(900_000))
      }
      try expectSame(scene.exchange(get("/length")).body, pattern(900_000))
    }
  }
}
