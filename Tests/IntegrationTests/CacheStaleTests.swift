import Testing

/// Stale responses that are used: `stale-while-revalidate` and `stale-if-error` (RFC 5861), and
/// what forbids it (RFC 9111 section 4.2.4).
@Suite("Cache: stale responses") struct CacheStaleTests {
  private static let tag = "ETag: \"a\""

  @Test("stale-while-revalidate: what is stored now, and one validation behind it")
  func whileRevalidate() throws {
    try withCache { cache in
      let path = cache.path(
        Answer("Cache-Control: max-age=60, stale-while-revalidate=600", "Age: 90", Self.tag),
        Answer("Cache-Control: max-age=600").withoutValidation)
      let first = try cache.get(path)
      let second = try cache.get(path)
      #expect(second.text == first.text)
      #expect(second["Age"].flatMap { Int($0) } ?? 0 >= 90)
      #expect(second["Cache-Status"]?.contains("hit") == true)
      #expect(second["Cache-Status"]?.contains("ttl=-") == true)
      try wait(for: "the validation") { cache.count(path) == 2 }
      #expect(cache.lastRequest(path)["If-None-Match"] == "\"a\"")
      try wait(for: "the new response") { try cache.get(path).text == "\(path) 2" }
      #expect(cache.count(path) == 2)
    }
  }

  @Test("a backend whose refreshes fail is asked once a second, whatever comes")
  func whileRevalidateRests() throws {
    try withCache { cache in
      let path = cache.path(
        Answer("Cache-Control: max-age=60, stale-while-revalidate=600", "Age: 90", body: "old"),
        Answer(status: "500 Internal Server Error"))
      try cache.get(path)
      let start = ContinuousClock.now
      for _ in 1...200 { try expectSame(cache.get(path).text, "old") }
      try wait(for: "the refresh") { cache.count(path) >= 2 }
      let seconds = (ContinuousClock.now - start).components.seconds
      #expect(cache.count(path) <= 2 + Int(seconds))
    }
  }

  @Test("stale-while-revalidate ends, and does not reach what must be validated")
  func whileRevalidateEnds() throws {
    try withCache { cache in
      for control in [
        "max-age=60, stale-while-revalidate=20", "max-age=60, stale-while-revalidate=0",
        "max-age=60, stale-while-revalidate", "max-age=60, stale-while-revalidate=abc",
        "max-age=60, stale-while-revalidate=600, must-revalidate",
        "max-age=60, stale-while-revalidate=600, proxy-revalidate",
        "s-maxage=60, stale-while-revalidate=600", "no-cache, stale-while-revalidate=600",
        "max-age=60, stale-while-revalidate=600, no-cache",
      ] {
        row(control) {
          let answer = Answer("Cache-Control: " + control, "Age: 90", Self.tag)
          try expectSame(cache.second(answer).0, .validated, "\(control)")
        }
      }
      let targeted = Answer(
        "CDN-Cache-Control: max-age=60, stale-while-revalidate=600", "Age: 90", Self.tag)
      try expectTrue(cache.second(targeted).1.text.hasSuffix(" 1"))
    }
  }

  @Test("a client that wants it validated has it validated")
  func whileRevalidateReload() throws {
    try withCache { cache in
      let answer = Answer(
        "Cache-Control: max-age=60, stale-while-revalidate=600", "Age: 90", Self.tag)
      for field in ["Cache-Control: no-cache", "Cache-Control: max-age=10", "Pragma: no-cache"] {
        let (outcome, _) = try cache.second(answer, then: [field])
        #expect(outcome == .validated, "\(field)")
      }
    }
  }

  @Test("stale-if-error: instead of 500, 502, 503, 504 (RFC 5861 section 4)")
  func ifError() throws {
    try withCache { cache in
      for (control, status, isUsed) in [
        ("stale-if-error=600", 500, true), ("stale-if-error=600", 502, true),
        ("stale-if-error=600", 503, true), ("stale-if-error=600", 504, true),
        ("stale-if-error=600", 404, false), ("stale-if-error=600", 403, false),
        ("stale-if-error=20", 503, false), ("stale-if-error", 503, false),
        ("public", 503, false), ("stale-if-error=600, must-revalidate", 503, false),
        ("stale-if-error=600, proxy-revalidate", 503, false),
        ("stale-if-error=600, s-maxage=60", 503, false),
        ("stale-if-error=600, no-cache", 503, false),
      ] {
        row("\(control) \(status)") {
          let path = cache.path(
            Answer("Cache-Control: max-age=60, " + control, "Age: 90", Self.tag),
            Answer(status: "\(status) X"))
          let first = try cache.get(path)
          let second = try cache.get(path)
          #expect(second.status == (isUsed ? 200 : status), "\(control) \(status)")
          #expect(cache.count(path) >= 2)
          if isUsed {
            #expect(second.text == first.text)
            #expect(second["Age"].flatMap { Int($0) } ?? 0 >= 90)
            #expect(second["Warning"] == nil)
          }
        }
      }
    }
  }

  @Test("stale-if-error counts for a HEAD as well")
  func ifErrorHead() throws {
    try withCache { cache in
      for control in ["stale-if-error=600", "stale-if-error=600, must-revalidate"] {
        row(control) {
          let path = cache.path(
            Answer("Cache-Control: max-age=60, \(control)", "Age: 90", body: "old"),
            Answer(status: "503 Service Unavailable"))
          try cache.get(path)
          let head = try cache.send("HEAD", path)
          #expect(head.status == (control.contains("must") ? 503 : 200), "\(control)")
          #expect(cache.count(path) == 2)
        }
      }
    }
  }

  @Test("stale-if-error of a request, and of the options")
  func ifErrorElsewhere() throws {
    let answers = [
      Answer("Cache-Control: max-age=60", "Age: 90", Self.tag), Answer(status: "503 X"),
    ]
    try withCache { cache in
      let path = cache.newPath()
      cache.script.set(path, answers)
      try cache.get(path)
      try expectSame(cache.get(path).status, 503)
      try expectSame(cache.get(path, "Cache-Control: stale-if-error=600").status, 200)
      try expectSame(cache.get(path, "Cache-Control: max-stale=5").status, 503)
    }
    try withCache("stale_if_error: 10m") { cache in
      let path = cache.newPath()
      cache.script.set(path, answers)
      try cache.get(path)
      try expectSame(cache.get(path).status, 200)
      let strict = cache.newPath()
      cache.script.set(
        strict,
        [Answer("Cache-Control: max-age=60, must-revalidate", "Age: 90", Self.tag)]
          + answers.dropFirst())
      try cache.get(strict)
      try expectSame(cache.get(strict).status, 503)
    }
    try withCache("stale_while_revalidate: 10m") { cache in
      let path = cache.newPath()
      cache.script.set(path, answers)
      let first = try cache.get(path)
      try expectSame(cache.get(path).text, first.text)
    }
  }

  @Test("stale-if-error when the backend refuses, closes, answers nonsense, or is silent")
  func withoutAnswer() throws {
    let stale = ok(
      "stored", "Cache-Control: max-age=60, stale-if-error=600", "Age: 90", "ETag: \"a\"")
    for (name, reaction) in [
      ("closes", nil), ("nonsense", "nonsense\r\n\r\n"), ("silent", ""),
      ("a head and no more", "HTTP/1.1 200 OK\r\nContent-Le"),
      ("a 304 for another", head("HTTP/1.1 304 X", "ETag: \"b\"")),
    ] as [(String, String?)] {
      let script = Origin.Script { connection in
        while let request = try connection.nextRequest() {
          if request["If-None-Match"] == nil {
            try connection.send(stale)
            continue
          }
          guard let reaction else { return }
          try connection.send(reaction)
          try connection.hang()
        }
      }
      let pool = "{ backends: ['$0'], retry: { tries: 1 }, breaker: off }"
      let config = cacheConfig("", "timeouts: { first_byte: 300ms }").replacing(
        "['$0']", with: pool)
      try withScene(script, config: config) { scene in
        try expectSame(scene.exchange(get("/x")).text, "stored")
        let second = try scene.exchange(get("/x"))
        #expect(second.text == "stored", "\(name): \(second.startLine)")
      }
    }
    // Every connection is closed behind its answer, so that the next one is refused.
    try withScene(.answeringOnce(stale), config: cacheConfig()) { scene in
      try expectSame(scene.exchange(get("/x")).text, "stored")
      scene.origin.stopListening()
      try expectSame(scene.exchange(get("/x")).text, "stored")
      // Nothing stands for what was never stored.
      try expectTrue(scene.exchange(get("/y")).status >= 500)
    }
  }

  @Test("what is fresh is used while the backend is away")
  func fresh() throws {
    let answer = ok("stored", "Cache-Control: max-age=60")
    try withScene(.answeringOnce(answer), config: cacheConfig()) { scene in
      try expectSame(scene.exchange(get("/x")).text, "stored")
      scene.origin.stopListening()
      for _ in 1...3 { try expectSame(scene.exchange(get("/x")).text, "stored") }
    }
  }
}
