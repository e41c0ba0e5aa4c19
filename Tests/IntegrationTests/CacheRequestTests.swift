import Testing

/// What requests say of how they want to be answered (RFC 9111 section 5.2.1).
@Suite("Cache: directives of requests") struct CacheRequestTests {
  private func answer(_ age: Int, of lifetime: Int, _ fields: String...) -> Answer {
    Answer(
      fields: ["Cache-Control: max-age=\(lifetime)", "Age: \(age)", "ETag: \"a\""] + fields)
  }

  @Test("on a stored response")
  func directives() throws {
    try withCache { cache in
      let fresh = answer(100, of: 1000)
      let stale = answer(200, of: 100)
      for (name, answer, field, outcome) in [
        ("nothing", fresh, "X-A: b", Outcome.hit),
        ("no-cache", fresh, "Cache-Control: no-cache", .validated),
        ("NO-CACHE", fresh, "Cache-Control: NO-CACHE", .validated),
        ("no-cache with a value", fresh, "Cache-Control: no-cache=\"x\"", .validated),
        ("Pragma", fresh, "Pragma: no-cache", .validated),
        ("Pragma in a list", fresh, "Pragma: foo, No-Cache", .validated),
        ("other Pragma", fresh, "Pragma: foo", .hit),
        ("max-age=0", fresh, "Cache-Control: max-age=0", .validated),
        ("max-age less than the age", fresh, "Cache-Control: max-age=50", .validated),
        ("max-age more than the age", fresh, "Cache-Control: max-age=500", .hit),
        ("max-age on what is stale", stale, "Cache-Control: max-age=500", .validated),
        ("max-age that is none", fresh, "Cache-Control: max-age=abc", .validated),
        ("min-fresh, enough left", fresh, "Cache-Control: min-fresh=500", .hit),
        ("min-fresh, too little left", fresh, "Cache-Control: min-fresh=950", .validated),
        ("max-stale enough", stale, "Cache-Control: max-stale=500", .hit),
        ("max-stale too little", stale, "Cache-Control: max-stale=50", .validated),
        ("max-stale any", stale, "Cache-Control: max-stale", .hit),
        ("max-stale that is none", stale, "Cache-Control: max-stale=abc", .validated),
        ("max-stale, max-age", stale, "Cache-Control: max-stale, max-age=150", .validated),
        ("max-stale, max-age more", stale, "Cache-Control: max-stale, max-age=300", .hit),
        ("only-if-cached", fresh, "Cache-Control: only-if-cached", .hit),
        ("only-if-cached, max-stale", stale, "Cache-Control: only-if-cached, max-stale", .hit),
        ("no-store on what is stored", fresh, "Cache-Control: no-store", .hit),
        ("unknown", fresh, "Cache-Control: foo=bar", .hit),
        ("in quotes", fresh, "Cache-Control: foo=\"no-cache\"", .hit),
      ] {
        row(name) {
          let (result, _) = try cache.second(answer, then: [field])
          #expect(result == outcome, "\(name)")
        }
      }
      // Cache-Control beside it: Pragma says nothing (section 5.4).
      let both = ["Cache-Control: max-age=500", "Pragma: no-cache"]
      try expectSame(cache.second(fresh, then: both).0, .hit)
    }
  }

  @Test("max-stale does not reach what must be validated (section 4.2.4)")
  func mustRevalidate() throws {
    try withCache { cache in
      for control in ["must-revalidate", "proxy-revalidate", "s-maxage=100", "no-cache"] {
        let answer = Answer("Cache-Control: max-age=100, " + control, "Age: 200", "ETag: \"a\"")
        let (outcome, _) = try cache.second(answer, then: ["Cache-Control: max-stale"])
        #expect(outcome == .validated, "\(control)")
      }
    }
  }

  @Test("only-if-cached: 504, and the backend is not asked")
  func onlyIfCached() throws {
    try withCache { cache in
      let only = "Cache-Control: only-if-cached"
      let path = cache.path(answer(200, of: 100))
      try expectSame(cache.get(path, only).status, 504)
      #expect(cache.count(path) == 0)
      try cache.get(path)
      try expectSame(cache.get(path, only).status, 504)
      try expectSame(cache.send("HEAD", path, [only]).status, 504)
      #expect(cache.count(path) == 1)
      let varied = cache.path(Answer("Cache-Control: max-age=60", "Vary: X-A"))
      try cache.get(varied)
      try expectSame(cache.get(varied, only, "X-A: 1").status, 504)
      try expectSame(cache.get(varied, only).status, 200)
    }
  }

  @Test("no-store: the response is not stored, what is stored stays")
  func noStore() throws {
    try withCache { cache in
      let path = cache.path(Answer("Cache-Control: max-age=60"))
      let first = try cache.get(path, "Cache-Control: no-store")
      #expect(first.text == "\(path) 1")
      try expectSame(cache.outcome(path).0, .fetch)
      try expectSame(cache.outcome(path).0, .hit)
      let (forced, _) = try cache.outcome(path, ["Cache-Control: no-store, no-cache"])
      #expect(forced != .hit)
      try expectSame(cache.outcome(path).0, .hit)
    }
  }

  @Test("a reload brings a new response for all")
  func reload() throws {
    try withCache { cache in
      let path = cache.path(Answer("Cache-Control: max-age=60"))
      try cache.get(path)
      let (outcome, response) = try cache.outcome(path, ["Cache-Control: no-cache"])
      #expect(outcome == .fetch && response.text == "\(path) 2")
      #expect(response["Cache-Status"]?.contains("fwd=request") == true)
      try expectSame(cache.get(path).text, "\(path) 2")
    }
  }

  @Test("clients without reloads get what is stored; what must be obeyed is")
  func withoutReloads() throws {
    let script = CacheScript()
    let config = cacheConfig().replacing("client_reloads: 1000000", with: "client_reloads: 0")
    try withScene(script.script, config: config) { scene in
      let cache = CacheScene(scene, script)
      for field in [
        "Cache-Control: no-cache", "Cache-Control: max-age=0", "Cache-Control: min-fresh=5000",
        "Pragma: no-cache",
      ] {
        try expectSame(cache.second(answer(100, of: 1000), then: [field]).0, .hit, "\(field)")
        try expectSame(cache.second(answer(200, of: 100), then: [field]).0, .validated, "\(field)")
      }
      let path = cache.path(answer(200, of: 100))
      try cache.get(path)
      try expectSame(cache.get(path, "Cache-Control: only-if-cached").status, 504)
    }
  }

  @Test("a reload of an immutable response is none, a forced one is (RFC 8246 section 2)")
  func immutable() throws {
    try withCache { cache in
      let answer = Answer("Cache-Control: max-age=1000, immutable", "ETag: \"a\"")
      try expectSame(cache.second(answer, then: ["Cache-Control: max-age=0"]).0, .hit)
      try expectSame(cache.second(answer, then: ["Cache-Control: no-cache"]).0, .validated)
      let stale = Answer("Cache-Control: max-age=100, immutable", "Age: 200", "ETag: \"a\"")
      try expectSame(cache.second(stale).0, .validated)
    }
  }
}
