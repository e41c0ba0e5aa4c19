import Testing

/// Which fields are stored and given again (RFC 9111 sections 3.1, 5), and which the cache adds.
@Suite("Cache: fields") struct CacheFieldTests {
  private static let fresh = "Cache-Control: max-age=3600"

  @Test("fields are given again as they came: names, order, duplicates, odd bytes")
  func replayed() throws {
    let lines = [
      "X-One: 1", "x-LOWER: a", "X-Two: a, b", "X-Two: c", "X-One: 2", "X-Empty:",
      "X-Long: " + String(repeating: "0123456789", count: 200), "X-Bytes: \u{e9}\u{20ac} \"q\\\"",
      "Content-Type: text/html; charset=utf-8", "Content-Encoding: br", "Content-Language: de, en",
      "Content-Disposition: attachment", "Content-Security-Policy: default-src 'self'",
      "Strict-Transport-Security: max-age=1", "Link: </a>; rel=preload", "Link: </b>; rel=preload",
      "Server: s", "WWW-Authenticate: Basic realm=\"a\"", "Warning: 110 - \"x\"", "Allow: GET",
      "Access-Control-Allow-Origin: *", "Last-Modified: Fri, 20 Nov 2020 10:00:00 GMT",
      "ETag: W/\"a\"", "Expires: Fri, 20 Nov 2020 10:00:00 GMT", "Pragma: foo", "Retry-After: 5",
      "Via: 1.0 other", "X-Last: end",
    ]
    try withCache { cache in
      let path = cache.path(Answer(fields: [Self.fresh] + lines))
      let first = try cache.get(path)
      let (outcome, second) = try cache.outcome(path)
      #expect(outcome == .hit)
      let added: Set = ["age", "cache-status", "content-length", "x-number", "via", "date"]
      func own(_ message: Message) -> [String] {
        message.fields.filter { !added.contains($0.name.lowercased()) }.map(\.description)
      }
      let expected = ([Self.fresh] + lines.filter { !$0.hasPrefix("Via") })
        .map { $0.hasSuffix(":") ? $0 + " " : $0 }
      #expect(own(first) == expected)
      #expect(own(second) == expected)
      #expect(second.all("Date") == first.all("Date") && second.all("Date").count == 1)
      #expect(second.all("Via") == first.all("Via"))
      #expect(second.all("Via") == ["1.0 other"])
      #expect(second.all("Content-Length") == first.all("Content-Length"))
    }
  }

  @Test("fields of the connection are not stored (section 3.1)")
  func hopByHop() throws {
    try withCache { cache in
      let path = cache.path(
        Answer(
          Self.fresh, "Connection: X-Hop, close, X-Other", "X-Hop: 1", "X-Other: 2", "x-hop: 3",
          "Keep-Alive: timeout=5", "Proxy-Connection: close", "Upgrade: h2c", "TE: trailers",
          "Proxy-Authenticate: Basic", "Proxy-Authentication-Info: a=b", "X-Kept: yes"))
      for turn in 1...2 {
        let response = try cache.get(path)
        for name in [
          "X-Hop", "X-Other", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE", "Connection",
        ] {
          #expect(response.all(name) == [], "\(name) \(turn)")
        }
        #expect(response["X-Kept"] == "yes")
      }
      #expect(cache.count(path) == 1)
    }
  }

  @Test("fields that never go further, and have to be named in Connection, keep nothing away")
  func connectionFields() throws {
    try withCache { cache in
      for fields in [
        ["Connection: TE", "TE: trailers"],
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"],
      ] {
        row("\(fields)") {
          let path = cache.path(Answer("Cache-Control: max-age=60"))
          try expectSame(cache.outcome(path, fields).0, .fetch, "\(fields)")
          try expectSame(cache.outcome(path, fields).0, .hit, "\(fields)")
          let request = cache.lastRequest(path)
          #expect(request["TE"] == nil && request["HTTP2-Settings"] == nil)
          #expect(request["Connection"] == nil && request["Upgrade"] == nil)
        }
      }
    }
  }

  @Test("a field that Connection names is obeyed here, and given to nobody")
  func nominated() throws {
    // RFC 9110 section 7.6.1 forbids to name it; what it restricts counts nevertheless.
    try withCache { cache in
      for (field, outcome) in [
        ("Cache-Control: max-age=60", Outcome.hit), ("Cache-Control: no-store", .fetch),
        ("Expires: @+60", .hit),
      ] {
        let name = String(field.prefix { $0 != ":" })
        let (result, response) = try cache.second(Answer("Connection: \(name)", field))
        #expect(result == outcome && response[name] == nil, "\(field)")
      }
    }
  }

  @Test("Cache-Status says what became of a request (RFC 9211)")
  func status() throws {
    try withCache { cache in
      func status(_ path: String, _ fields: String...) throws -> [String] {
        let response = try cache.send("GET", path, fields)
        let all = response.all("Cache-Status")
        return all.count == 1 ? all[0].components(separatedBy: "; ") : ["\(all.count) lines"]
      }
      let fresh = cache.path(Answer(Self.fresh, "Age: 600"))
      let miss = try status(fresh)
      #expect(miss.contains("fwd=uri-miss") && miss.contains("stored") && miss[0] == "headrace")
      let hit = try status(fresh)
      #expect(hit.contains("hit") && !hit.contains { $0.hasPrefix("fwd") })
      let ttl = hit.first { $0.hasPrefix("ttl=") }.flatMap { Int($0.dropFirst(4)) } ?? 0
      #expect(ttl > 2990 && ttl <= 3000)
      let stale = cache.path(Answer("Cache-Control: max-age=60", "Age: 90", "ETag: \"a\""))
      _ = try status(stale)
      let validated = try status(stale)
      #expect(validated.contains("fwd=stale") && validated.contains("fwd-status=304"))
      #expect(!validated.contains("hit"))
      let never = cache.path(Answer("Cache-Control: no-store"))
      let passed = try status(never)
      #expect(passed.contains("fwd=uri-miss") && !passed.contains("stored"))
      let post = try cache.send("POST", fresh, ["Content-Length: 0"])
      #expect(post["Cache-Status"]?.contains("fwd=method") == true)
      let own = cache.path(Answer(Self.fresh, "Cache-Status: inner; hit"))
      for _ in 1...2 {
        let lines = try cache.get(own).all("Cache-Status")
        #expect(lines.count == 2 && lines[0] == "inner; hit" && lines[1].hasPrefix("headrace"))
      }
    }
    try withCache("status_header: off") { cache in
      let path = cache.path(Answer(Self.fresh))
      for _ in 1...2 { try expectSame(cache.get(path)["Cache-Status"], nil) }
    }
  }

  @Test("a response without Date has one from when it came; a bad one is passed on")
  func dates() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh).withoutDate)
      let first = try cache.get(path)
      let second = try cache.get(path)
      #expect(first.all("Date").count == 1 && second.all("Date") == first.all("Date"))
      let old = cache.path(Answer(Self.fresh, "Date: @-100"))
      try cache.get(old)
      let response = try cache.get(old)
      #expect(response.all("Date").count == 1 && response["Age"] != nil)
    }
  }

  @Test("an Age that came is replaced, on what is stored and given; passed on where it is not")
  func ages() throws {
    try withCache { cache in
      let stored = cache.path(Answer(Self.fresh, "Age: 100", "Age: 5"))
      for _ in 1...2 {
        let ages = try cache.get(stored).all("Age").compactMap { Int($0) }
        #expect(ages.count == 1 && ages[0] >= 100 && ages[0] < 105, "\(ages)")
      }
      let passed = cache.path(Answer("Cache-Control: no-store", "Age: 100"))
      for _ in 1...2 { try expectSame(cache.get(passed).all("Age"), ["100"]) }
      let new = cache.path(Answer(Self.fresh))
      try expectSame(cache.get(new)["Age"], nil)
      try expectTrue(cache.get(new)["Age"] != nil)
    }
  }

  @Test("interim responses go through and are not stored")
  func interim() throws {
    let answer =
      head("HTTP/1.1 103 Early Hints", "Link: </a>", "Cache-Control: max-age=60", "X-Early: 1")
      + head("HTTP/1.1 102 Processing", "X-Early: 2")
      + ok("final", Self.fresh, "X-Late: 1")
    try withScene(.answering(answer), config: cacheConfig()) { scene in
      let client = try scene.client()
      try client.send(get("/x"))
      try expectSame(client.response().status, 103)
      try expectSame(client.response().status, 102)
      try expectSame(client.response().text, "final")
      let second = try client.exchange(get("/x"))
      #expect(second.status == 200 && second.text == "final" && second["X-Early"] == nil)
      #expect(second["X-Late"] == "1" && second["Link"] == nil)
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("edits of a route are made on hits as on misses")
  func edits() throws {
    let edits = "    response_headers: { set: { X-Set: new }, remove: [X-Gone] }"
    let config = cacheConfig().replacing("    cache: main", with: "    cache: main\n\(edits)")
    let answer = ok("ok", Self.fresh, "X-Set: old", "X-Gone: 1")
    try withScene(.answering(answer), config: config) { scene in
      for _ in 1...2 {
        let response = try scene.exchange(get("/x"))
        #expect(response.all("X-Set") == ["new"] && response["X-Gone"] == nil)
      }
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("Via, where it is written, is on hits as on misses")
  func via() throws {
    let script = CacheScript()
    try withScene(script.script, config: cacheConfig("", "via: true")) { scene in
      let cache = CacheScene(scene, script)
      let path = cache.path(Answer(Self.fresh, "Via: 1.0 other"))
      for _ in 1...2 {
        let response = try cache.get(path)
        #expect(response.all("Via").joined(separator: ", ") == "1.0 other, 1.1 headrace")
      }
      #expect(cache.count(path) == 1)
    }
  }
}
