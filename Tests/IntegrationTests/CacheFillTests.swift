import Foundation
import Testing

/// Responses that are read while they come.
@Suite("Cache: growing responses", .serialized) struct CacheFillTests {
  private static let fresh = "Cache-Control: max-age=3600"

  /// Half of the body, then, when the meeting opens, the rest.
  private static func halves(_ meeting: Meeting, _ framing: String, _ size: Int) -> Origin.Script {
    .script { connection in
      connection.keepsRecord = false
      while try connection.nextRequest() != nil {
        meeting.arrive()
        let body = pattern(size)
        let parts = [Array(body[..<(size / 2)]), Array(body[(size / 2)...])]
        switch framing {
        case "length":
          try connection.send(head("HTTP/1.1 200 OK", fresh, "Content-Length: \(size)"), parts[0])
          try meeting.pass(connection)
          try connection.send(parts[1])
        case "chunked":
          try connection.send(head("HTTP/1.1 200 OK", fresh, "Transfer-Encoding: chunked"))
          try connection.send(String(parts[0].count, radix: 16) + "\r\n", parts[0], "\r\n")
          try meeting.pass(connection)
          try connection.send(String(parts[1].count, radix: 16) + "\r\n", parts[1], "\r\n")
          try connection.send("0\r\n\r\n")
        default:
          try connection.send(head("HTTP/1.1 200 OK", fresh, "Connection: close"), parts[0])
          try meeting.pass(connection)
          try connection.send(parts[1])
          return
        }
      }
    }
  }

  @Test("a chunk comes with its end, though the next one is not there yet")
  func wholeChunk() throws {
    let meeting = Meeting()
    try withScene(Self.halves(meeting, "chunked", 2000), config: caching()) { scene in
      let client = try scene.client()
      try client.send(get("/a"))
      _ = try client.read(until: "\r\n\r\n")
      let first = Array("000003e8\r\n".utf8) + Array(pattern(2000)[..<1000]) + Array("\r\n".utf8)
      try expectSame(client.read(first.count), first)
      meeting.open()
      let rest = try client.read(1000 + 10 + 2 + 5)
      expectSame(Array(rest.suffix(7)), Array("\r\n0\r\n\r\n".utf8))
    }
  }

  @Test(
    "who waits sees bytes before the end, whatever the framing",
    arguments: ["length", "chunked", "close"], [1, 2])
  func early(framing: String, workers: Int) throws {
    let meeting = Meeting()
    let size = 200_000
    try withScene(
      Self.halves(meeting, framing, size), config: caching(workers: workers)
    ) { scene in
      let clients = try (0..<20).map { _ in try scene.client() }
      for client in clients { try client.send(get("/big")) }
      for client in clients {
        _ = try client.read(until: "\r\n\r\n")
        _ = try client.read(95_000)
      }
      meeting.open()
      let later = try scene.client()
      let whole = try later.exchange(get("/big"))
      expectSame(whole.body, pattern(size))
      #expect(meeting.arrived == 1)
      for client in clients {
        if framing == "length" {
          try expectSame(client.read(size - 95_000), Array(pattern(size)[95_000...]))
        } else {
          _ = try client.read(until: "\r\n0\r\n\r\n")
        }
      }
    }
  }

  @Test("HEAD, ranges and HTTP/1.0 while it comes", arguments: ["length", "chunked", "close"])
  func odd(framing: String) throws {
    let meeting = Meeting()
    let size = 100_000
    let body = pattern(size)
    try withScene(Self.halves(meeting, framing, size), config: caching(workers: 2)) { scene in
      let leader = try scene.client()
      try leader.send(get("/big"))
      _ = try leader.read(until: "\r\n\r\n")
      let headed = try scene.exchange("HEAD /big HTTP/1.1\r\nHost: example.com\r\n\r\n")
      #expect(headed.status == 200)
      // Far beyond what has come, in the middle of it, and over its end.
      let ranges = ["90000-", "100-199", "40000-60000", "-10"]
      let readers = try ranges.map { range in
        let client = try scene.client()
        try client.send(get("/big", "Range: bytes=\(range)"))
        return client
      }
      let old = try scene.client()
      try old.send("GET /big HTTP/1.0\r\nHost: example.com\r\n\r\n")
      usleep(50_000)
      meeting.open()
      let parts = [90_000..<size, 100..<200, 40_000..<60_001, size - 10..<size]
      for (client, part) in zip(readers, parts) {
        let response = try client.response()
        if response.status == 206 {
          expectSame(response.body, Array(body[part]))
        } else {
          #expect(response.status == 200 && framing != "length")
          expectSame(response.body, body)
        }
      }
      try expectSame(old.response().body, body)
      #expect(meeting.arrived == 1)
    }
  }

  @Test("the first client may go in the middle: the others, and the cache, get all of it")
  func leaderGoes() throws {
    let meeting = Meeting()
    let size = 3_000_000
    try withScene(Self.halves(meeting, "chunked", size), config: caching(workers: 2)) { scene in
      let leader = try scene.client(receiveBuffer: 4096)
      try leader.send(get("/big"))
      _ = try leader.read(until: "\r\n\r\n")
      let others = try (0..<6).map { _ in try scene.client() }
      for other in others { try other.send(get("/big")) }
      leader.reset()
      meeting.open()
      for other in others { try expectSame(other.response(within: 30).body, pattern(size)) }
      try expectSame(scene.exchange(get("/big")).body, pattern(size))
      #expect(meeting.arrived == 1)
    }
  }

  @Test("the first client may go before the head: those who wait get the response")
  func leaderGoesEarly() throws {
    let meeting = Meeting()
    let origin = Origin.Script.serving { _, connection in
      meeting.arrive()
      try meeting.pass(connection)
      return storable("answer")
    }
    try withScene(origin, config: caching(workers: 2)) { scene in
      let leader = try scene.client()
      try leader.send(get("/hot"))
      try meeting.wait(for: 1)
      let others = try (0..<10).map { _ in try scene.client() }
      for other in others { try other.send(get("/hot")) }
      usleep(50_000)
      leader.reset()
      others[0].reset()
      usleep(50_000)
      meeting.open()
      for other in others[1...] { #expect(try other.response().text == "answer") }
      #expect(meeting.arrived == 1)
    }
  }

  @Test("sizes at the edges", arguments: [0, 1, 16_383, 16_384, 65_536, 131_071, 131_072])
  func edges(size: Int) throws {
    let count = Meeting()
    let origin = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        count.arrive()
        let body = pattern(size)
        if request.target == "/length" {
          try connection.send(head("HTTP/1.1 200 OK", Self.fresh, "Content-Length: \(size)"), body)
        } else if request.target == "/chunked" {
          try connection.send(head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked"))
          if size > 0 { try connection.send(String(size, radix: 16) + "\r\n", body, "\r\n") }
          try connection.send("0\r\n\r\n")
        } else {
          try connection.send(head("HTTP/1.1 200 OK", Self.fresh, "Connection: close"), body)
          return
        }
      }
    }
    // Exactly as large as a response may be, at the last size.
    try withScene(origin, config: caching("memory: 4MiB, max_object: 128KiB")) { scene in
      for (index, target) in ["/length", "/chunked", "/close"].enumerated() {
        for _ in 0..<3 {
          let response = try scene.exchange(get(target))
          expectSame(response.body, pattern(size))
        }
        #expect(count.arrived == index + 1, "\(target)")
      }
    }
  }

  @Test("a 204 is kept without a length")
  func noContent() throws {
    let origin = Origin.Script.answering(head("HTTP/1.1 204 No Content", Self.fresh))
    try withScene(origin, config: caching()) { scene in
      for _ in 0..<2 {
        let response = try scene.exchange(get("/nothing"))
        #expect(response.status == 204)
        #expect(response["Content-Length"] == nil && response["Transfer-Encoding"] == nil)
      }
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("longer than the cache takes: all readers of all workers get it, in rounds")
  func rounds() throws {
    let meeting = Meeting()
    let size = 6_000_000
    let config = caching("memory: 2MiB, max_object: 512KiB", workers: 4)
    try withScene(Self.halves(meeting, "chunked", size), config: config) { scene in
      let readers = try (0..<12).map { index in
        try scene.client(receiveBuffer: index % 3 == 0 ? 8192 : nil)
      }
      for reader in readers { try reader.send(get("/big")) }
      try meeting.wait(for: 1)
      let results = Locked([Int: Bool]())
      for (index, reader) in readers.enumerated() {
        startThread {
          // One goes in the middle.
          if index == 5 {
            _ = try? reader.read(700_000)
            reader.reset()
            results.withLock { $0[index] = true }
          } else {
            let body = try? reader.response(within: 60).body
            results.withLock { $0[index] = body == pattern(size) }
          }
        }
      }
      meeting.open()
      try wait(for: "all readers", within: 60) { results.withLock { $0.count } == 12 }
      #expect(results.withLock { $0.values.filter { $0 }.count } == 12)
      // Not kept, and the next ones do not wait.
      let before = meeting.arrived
      #expect(try scene.exchange(get("/big")).body.count == size)
      #expect(meeting.arrived == before + 1)
    }
  }

  @Test("a response that must always be validated, is still coming, and turns out too long")
  func validatedWhileItComes() throws {
    let meeting = Meeting()
    let origin = Origin.Script.script { connection in
      connection.keepsRecord = false
      while let request = try connection.nextRequest() {
        meeting.arrive()
        if request["If-None-Match"] != nil {
          try connection.send(head("HTTP/1.1 304 Not Modified", "ETag: \"a\""))
          continue
        }
        try connection.send(
          head(
            "HTTP/1.1 200 OK", "Cache-Control: no-cache", "ETag: \"a\"",
            "Transfer-Encoding: chunked"))
        for index in 0..<100 {
          if index == 2 { try meeting.pass(connection) }
          try connection.send("2710\r\n", pattern(10_000), "\r\n")
        }
        try connection.send("0\r\n\r\n")
      }
    }
    let config = caching("memory: 2MiB, max_object: 64KiB")
    try withScene(origin, config: config) { scene in
      let clients = try (0..<4).map { _ in try scene.client() }
      for client in clients {
        try client.send(get("/x"))
        _ = try client.read(until: "\r\n\r\n")
      }
      meeting.open()
      let more = try (0..<4).map { _ in try scene.client() }
      for client in more { try client.send(get("/x")) }
      for client in more { #expect(try client.response(within: 20).body.count == 1_000_000) }
      for client in clients { _ = try client.read(until: "\r\n0\r\n\r\n") }
      #expect(meeting.arrived <= 12)
    }
  }
}
