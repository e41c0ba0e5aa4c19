import Foundation
import Testing

/// Fetches that fail, and what those get who waited.
@Suite("Cache: failures", .serialized) struct CacheFailureTests {
  private static func old(_ fields: String...) -> String {
    head(["HTTP/1.1 200 OK", "Content-Length: 3"] + fields) + "old"
  }

  @Test("a fetch that fails: two tries for all, and everybody hears of it")
  func failing() throws {
    let meeting = Meeting()
    let origin = Origin.Script.script { connection in
      guard try connection.nextRequest() != nil else { return }
      meeting.arrive()
      try meeting.pass(connection)
    }
    let pool = "{ backends: ['$0'], retry: { tries: 1 } }"
    let config = caching("memory: 16MiB, collapse_timeout: 1m", workers: 2, pool: pool)
    try withScene(origin, config: config) { scene in
      let crowd = Crowd(scene.proxy.address)
      try crowd.join(200, get("/x", "Connection: close"))
      try meeting.wait(for: 1)
      usleep(100_000)
      meeting.open()
      try crowd.readAll()
      #expect(crowd.members.allSatisfy { $0.received.starts(with: "HTTP/1.1 502 ".bytes) })
      #expect(scene.origin.requests.count <= 4)
    }
  }

  @Test("cut in the middle: readers see that, nothing is stored", arguments: ["length", "chunked"])
  func cut(framing: String) throws {
    let meeting = Meeting()
    let origin = Origin.Script.script { connection in
      connection.keepsRecord = false
      guard try connection.nextRequest() != nil else { return }
      let isFirst = meeting.arrive() == 1
      let size = framing == "length" ? "Content-Length: 200000" : "Transfer-Encoding: chunked"
      let body = pattern(200_000)
      try connection.send(head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", size))
      if framing == "chunked" { try connection.send("30d40\r\n") }
      try connection.send(Array(body[..<100_000]))
      if isFirst {
        try meeting.pass(connection)
        return
      }
      try connection.send(Array(body[100_000...]))
      if framing == "chunked" { try connection.send("\r\n0\r\n\r\n") }
    }
    try withScene(origin, config: caching(workers: 2)) { scene in
      let readers = try (0..<8).map { _ in try scene.client() }
      for reader in readers { try reader.send(get("/x")) }
      for reader in readers { _ = try reader.read(until: "\r\n\r\n") }
      meeting.open()
      for reader in readers {
        let rest = try reader.readToEnd()
        #expect(rest.count < 200_000)
        #expect(!rest.suffix(5).elementsEqual("0\r\n\r\n".bytes))
      }
      try expectSame(scene.exchange(get("/x")).body, pattern(200_000))
      try expectSame(scene.exchange(get("/x")).body, pattern(200_000))
      #expect(meeting.arrived == 2)
    }
  }

  @Test("the former response outlives a new one that was cut")
  func formerStays() throws {
    let count = Meeting()
    let origin = Origin.Script.script { connection in
      while try connection.nextRequest() != nil {
        switch count.arrive() {
        case 1: try connection.send(Self.old("Cache-Control: max-age=1, stale-if-error=600"))
        case 2:
          try connection.send(
            head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Content-Length: 10") + "new")
          return
        default: return
        }
      }
    }
    let pool = "{ backends: ['$0'], retry: { tries: 1 } }"
    let config = caching("memory: 16MiB, early_refresh: off", pool: pool)
    try withScene(origin, config: config) { scene in
      #expect(try scene.exchange(get("/x")).text == "old")
      usleep(1_200_000)
      let reader = try scene.client()
      try reader.send(get("/x"))
      _ = try reader.read(until: "\r\n\r\n")
      #expect(try reader.readToEnd().text == "new")
      #expect(try scene.exchange(get("/x")).text == "old")
      #expect(try scene.exchange(get("/x")).text == "old")
    }
  }

  @Test("an answer that cannot be stored leaves other variants alone")
  func variants() throws {
    let origin = Origin.Script.serving { request, _ in
      if request["X-Kind"] == "bad" { return ok("bad", "Cache-Control: no-store", "Vary: X-Kind") }
      return storable("good", "Vary: X-Kind")
    }
    try withScene(origin, config: caching()) { scene in
      for _ in 0..<3 {
        for kind in ["good", "bad"] {
          let response = try scene.exchange(get("/x", "X-Kind: \(kind)"))
          #expect(response.text == kind)
        }
      }
      let kinds = scene.origin.requests.map { $0["X-Kind"] }
      #expect(kinds.filter { $0 == "good" }.count == 1)
      #expect(kinds.filter { $0 == "bad" }.count == 3)
    }
  }

  @Test("when memory is held by readers, a response is passed on whole")
  func noRoom() throws {
    let meeting = Meeting()
    let origin = Origin.Script.script { connection in
      connection.keepsRecord = false
      while let request = try connection.nextRequest() {
        let size = request.target == "/small" ? 300_000 : 500_000
        meeting.arrive()
        try connection.send(
          head(
            "HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Content-Type: text/x", "X-Mark: 1",
            "Content-Length: \(size)"), Array(pattern(size)[..<1000]))
        if size == 500_000 { try meeting.pass(connection) }
        try connection.send(Array(pattern(size)[1000...]))
      }
    }
    try withScene(origin, config: caching("memory: 1MiB, max_object: 512KiB")) { scene in
      let holders = try ["/a", "/b"].map { target in
        let client = try scene.client()
        try client.send(get(target))
        _ = try client.read(until: "\r\n\r\n")
        return client
      }
      for _ in 0..<2 {
        let response = try scene.exchange(get("/small"))
        #expect(response["Content-Length"] == "300000")
        #expect(response["Content-Type"] == "text/x" && response["X-Mark"] == "1")
        let isWhole = response.body == pattern(300_000)
        #expect(isWhole)
      }
      meeting.open()
      for holder in holders {
        try expectSame(holder.read(500_000), pattern(500_000))
      }
    }
  }

  @Test("what is answered stale leaves the queue of its pool")
  func queued() throws {
    let meeting = Meeting()
    let size = 8_000_000
    let origin = Origin.Script.script { connection in
      connection.keepsRecord = false
      while let request = try connection.nextRequest() {
        if request.target == "/slow" {
          meeting.arrive()
          try meeting.pass(connection)
          try connection.send(ok("slow", "Cache-Control: no-store"))
        } else {
          try connection.send(
            head(
              "HTTP/1.1 200 OK", "Cache-Control: max-age=1, stale-if-error=600",
              "Content-Length: \(size)"))
          try connection.sendPattern(size)
        }
      }
    }
    let config = """
      listen: 127.0.0.1:0
      workers: 1
      caches:
        c: { memory: 64MiB, max_object: 16MiB, early_refresh: off }
      routes:
        - { match: { path: /slow }, to: app }
        - { to: app, cache: c, timeouts: { request: 300ms } }
      pools:
        app: { backends: ['$0'], capacity: { in_flight: 1, queue: 10, queue_timeout: 30s } }

      """
    try withScene(origin, config: config) { scene in
      let filler = try scene.client()
      try filler.send(get("/big"))
      _ = try filler.read(until: "\r\n\r\n")
      try filler.discard(size)
      usleep(1_200_000)
      let slow = try scene.client()
      try slow.send(get("/slow"))
      try meeting.wait(for: 1)
      let reader = try scene.client(receiveBuffer: 4096)
      reader.keepsRecord = false
      try reader.send(get("/big"))
      _ = try reader.read(until: "\r\n\r\n")
      // Now there is room; nothing may begin for who is served already.
      meeting.open()
      #expect(try slow.response().text == "slow")
      usleep(50_000)
      try reader.discard(size)
      #expect(try scene.exchange(get("/slow")).text == "slow")
    }
  }
}
