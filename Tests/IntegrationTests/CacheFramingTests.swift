import Foundation
import Testing

/// Bodies and connections around the cache: how responses came, and how clients get them.
@Suite("Cache: framing and connections") struct CacheFramingTests {
  private static let fresh = "Cache-Control: max-age=3600"

  @Test("content is the same however it came, as long or chunked, for new and old clients")
  func framings() throws {
    let text = "hello world"
    let pieces = chunk("hello ") + chunk("world") + "0\r\n"
    let chunked = head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked") + pieces
    for (name, answer, ends) in [
      ("length", ok(text, Self.fresh), false),
      ("chunked", chunked + "\r\n", false),
      ("trailers", chunked + "X-Trailer: 1\r\n\r\n", false),
      ("close", head("HTTP/1.1 200 OK", Self.fresh) + text, true),
      ("HTTP/1.0", head("HTTP/1.0 200 OK", Self.fresh) + text, true),
      (
        "HTTP/1.0 with a length",
        head("HTTP/1.0 200 OK", Self.fresh, "Content-Length: 11") + text, true
      ),
      ("no reason", head("HTTP/1.1 200 ", Self.fresh, "Content-Length: 11") + text, false),
      ("no space", head("HTTP/1.1 200", Self.fresh, "Content-Length: 011") + text, false),
    ] {
      let script: Origin.Script = ends ? .answeringOnce(answer) : .answering(answer)
      try withScene(script, config: cacheConfig()) { scene in
        for turn in 1...3 {
          let response = try scene.exchange(get("/x"))
          #expect(response.status == 200 && response.text == text, "\(name) \(turn)")
          #expect(response.startLine.hasPrefix("HTTP/1.1 200 "), "\(name) \(turn)")
          #expect(response.trailers == [], "\(name) \(turn)")
          // Once it is whole its length is known.
          if turn > 1 { #expect(response.framing == .length(11), "\(name) \(turn)") }
        }
        let old = try scene.client()
        try old.send(head("GET /x HTTP/1.0", "Host: example.com"))
        let response = try old.response()
        #expect(response.text == text && !response.hasChunkedCoding, "\(name)")
        try expectSame(old.readToEnd(), [], "\(name)")
        let part = try scene.exchange(get("/x", "Range: bytes=-5"))
        #expect(part.status == 206 && part.text == "world", "\(name)")
        let probe = try scene.exchange(head("HEAD /x HTTP/1.1", "Host: example.com"))
        #expect(probe["Content-Length"] == "11", "\(name)")
        #expect(scene.origin.requests.count == 1, "\(name)")
      }
    }
  }

  @Test("empty content, and statuses without any")
  func empty() throws {
    for answer in [
      head("HTTP/1.1 200 OK", Self.fresh, "Content-Length: 0"),
      head("HTTP/1.1 204 No Content", Self.fresh),
      head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked") + "0\r\n\r\n",
      head("HTTP/1.1 404 Not Found", Self.fresh, "Content-Length: 0"),
    ] {
      try withScene(.answering(answer), config: cacheConfig()) { scene in
        let client = try scene.client()
        for _ in 1...3 {
          let response = try client.exchange(get("/x"))
          #expect(response.body == [])
          if response.status == 204 { #expect(response["Content-Length"] == nil) }
        }
        #expect(scene.origin.requests.count == 1, "\(answer)")
      }
    }
  }

  @Test("a response that was cut is not stored")
  func cut() throws {
    for answer in [
      head("HTTP/1.1 200 OK", Self.fresh, "Content-Length: 100") + "some",
      head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked") + chunk("some"),
      head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked") + chunk("some") + "0\r\n",
      head("HTTP/1.1 200 OK", Self.fresh, "Transfer-Encoding: chunked") + chunk("some") + "zz\r\n",
    ] {
      let script = Origin.Script { connection in
        _ = try connection.request()
        if connection.index == 0 || connection.origin.requests.count == 1 {
          try connection.send(answer)
        } else {
          try connection.send(ok("whole", Self.fresh))
        }
      }
      try withScene(script, config: cacheConfig()) { scene in
        let client = try scene.client()
        try client.send(get("/x"))
        let first = try? client.response()
        // What came of it must not look whole.
        #expect(first == nil || first?.status == 502 || first?.text == "whole")
        try expectSame(scene.exchange(get("/x")).text, "whole")
        try expectSame(scene.exchange(get("/x")).text, "whole")
      }
    }
  }

  @Test("HEAD is answered from what a GET stored; a HEAD stores nothing")
  func heads() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh, "X-A: b", body: "body"))
      try expectSame(cache.send("HEAD", path)["Content-Length"], "4")
      try expectSame(cache.outcome(path).0, .fetch)
      let response = try cache.send("HEAD", path)
      #expect(cache.count(path) == 2)
      #expect(response.status == 200 && response["Content-Length"] == "4")
      #expect(response["X-A"] == "b" && response["Age"] != nil)
      try expectSame(cache.get(path).text, "body")
      let again = cache.path(Answer("Cache-Control: max-age=60", "Age: 90"))
      for _ in 1...2 { try cache.send("HEAD", again) }
      #expect(cache.count(again) == 2)
    }
  }

  @Test("pipelined hits and misses are answered in order on one connection")
  func pipelining() throws {
    try withCache { cache in
      let stored = cache.path(Answer(Self.fresh, body: "stored"))
      let large = cache.path(Answer(Self.fresh, body: String(repeating: "x", count: 300_000)))
      for path in [stored, large] { try cache.get(path) }
      let new = (1...3).map { _ in cache.path(Answer(Self.fresh)) }
      let never = cache.path(Answer("Cache-Control: no-store"))
      let order = [stored, new[0], stored, large, never, large, new[1], new[2], stored, new[0]]
      let client = try cache.scene.client()
      try client.send(order.map { get($0) }.joined() + get(stored, "Connection: close"))
      for path in order {
        let response = try client.response()
        let expected =
          path == stored ? "stored" : path == large ? nil : "\(path) 1"
        if let expected {
          #expect(response.text == expected)
        } else {
          #expect(response.body.count == 300_000)
        }
      }
      try expectSame(client.response().text, "stored")
      try expectSame(client.readToEnd(), [])
      for path in new { #expect(cache.count(path) == 1) }
    }
  }

  @Test("HTTP/1.0 clients: closed after a hit unless they keep alive")
  func oldClients() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh, body: "body"))
      for _ in 1...2 {
        let client = try cache.scene.client()
        for _ in 1...2 {
          try client.send(head("GET \(path) HTTP/1.0", "Connection: keep-alive"))
          let response = try client.response()
          #expect(response.text == "body" && response["Connection"]?.lowercased() == "keep-alive")
        }
        try client.send(head("GET \(path) HTTP/1.0"))
        let response = try client.response()
        #expect(response.text == "body" && response["Connection"]?.lowercased() == "close")
        try expectSame(client.readToEnd(), [])
      }
      let plain = try cache.scene.client()
      try plain.send(get(path, "Connection: close"))
      try expectSame(plain.response()["Connection"]?.lowercased(), "close")
      try expectSame(plain.readToEnd(), [])
    }
  }

  @Test("ten megabytes, stored and given to fast and slow readers, and in parts")
  func large() throws {
    let size = 10 << 20
    let content = pattern(size)
    let script = Origin.Script { connection in
      while try connection.nextRequest() != nil {
        try connection.send(
          head("HTTP/1.1 200 OK", Self.fresh, "Content-Length: \(size)"), content, within: 60)
      }
    }
    try withScene(script, config: cacheConfig("max_object: 16MiB")) { scene in
      let slow = try scene.client(receiveBuffer: 8 << 10)
      try slow.send(get("/x"))
      for _ in 1...2 { try expectSame(scene.exchange(get("/x")).body, content) }
      try expectSame(slow.response(within: 60).body, content)
      let slower = try scene.client(receiveBuffer: 8 << 10)
      try slower.send(get("/x"))
      let part = try scene.exchange(get("/x", "Range: bytes=5000000-5999999"))
      #expect(part.body == Array(content[5_000_000...5_999_999]))
      let gone = try scene.client(receiveBuffer: 8 << 10)
      try gone.send(get("/x"))
      _ = try gone.read(1000)
      gone.reset()
      try expectSame(slower.response(within: 60).body, content)
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("longer than an object may be: passed on whole, not stored")
  func tooLong() throws {
    let content = pattern(300_000)
    for framing in ["Content-Length: 300000", "Transfer-Encoding: chunked"] {
      let script = Origin.Script { connection in
        while try connection.nextRequest() != nil {
          try connection.send(head("HTTP/1.1 200 OK", Self.fresh, framing))
          if framing.hasPrefix("C") {
            try connection.send(content)
          } else {
            for from in stride(from: 0, to: content.count, by: 50_000) {
              try connection.send("c350\r\n", Array(content[from..<from + 50_000]), "\r\n")
            }
            try connection.send("0\r\n\r\n")
          }
        }
      }
      try withScene(script, config: cacheConfig("max_object: 64KiB")) { scene in
        let client = try scene.client()
        for _ in 1...3 { try expectSame(client.exchange(get("/x")).body, content, "\(framing)") }
        #expect(scene.origin.requests.count == 3)
      }
    }
  }

  @Test("longer than an object may be, when only the head had come")
  func tooLongAfterHead() throws {
    let gate = Gate()
    let content = pattern(300_000)
    for isChunked in [true, false] {
      let script = Origin.Script { connection in
        _ = try connection.nextRequest()
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Connection: close"
        try connection.send(head("HTTP/1.1 200 OK", Self.fresh, framing))
        try gate.pass()
        if isChunked { try connection.send("493e0\r\n") }
        try connection.send(content)
        if isChunked { try connection.send("\r\n0\r\n\r\n") }
      }
      try withScene(script, config: cacheConfig("max_object: 1KiB")) { scene in
        let client = try scene.client()
        try client.send(get("/x"))
        var response = try client.readHead()
        gate.open()
        try client.readBody(of: &response, or: .close)
        #expect(response.body == content)
      }
    }
  }

  @Test("requests with content, Expect or an upgrade go to the backend")
  func notForTheCache() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh))
      try cache.get(path)
      let client = try cache.scene.client()
      try client.send(
        head("GET \(path) HTTP/1.1", "Host: example.com", "Content-Length: 3") + "abc")
      try expectSame(client.response().text, "\(path) 2")
      // Expect without content means nothing.
      try expectSame(client.exchange(get(path, "Expect: 100-continue")).status, 200)
      try client.send(
        head("GET \(path) HTTP/1.1", "Host: example.com", "Transfer-Encoding: chunked")
          + "0\r\n\r\n")
      try expectSame(client.response().status, 200)
      for _ in 1...2 {
        let before = cache.count(path)
        try client.send(head("OPTIONS \(path) HTTP/1.1", "Host: example.com"))
        try expectSame(client.response(to: "OPTIONS").status, 200)
        #expect(cache.count(path) == before + 1)
      }
      // None of it took the place of what was stored.
      try expectSame(client.exchange(get(path)).text, "\(path) 1")
    }
  }

  @Test("a client that leaves does not end the fetch of a response that others can use")
  func leaving() throws {
    let gate = Gate()
    let script = Origin.Script { connection in
      while try connection.nextRequest() != nil {
        try connection.send(head("HTTP/1.1 200 OK", Self.fresh, "Content-Length: 8") + "half")
        try gate.pass()
        try connection.send("half")
      }
    }
    try withScene(script, config: cacheConfig()) { scene in
      let client = try scene.client()
      try client.send(get("/x"))
      _ = try client.read(until: "half")
      let other = try scene.client()
      try other.send(get("/x"))
      _ = try other.read(until: "half")
      client.reset()
      gate.open()
      try other.expect("half")
      try expectSame(scene.exchange(get("/x")).text, "halfhalf")
      #expect(scene.origin.requests.count == 1)
    }
  }
}
