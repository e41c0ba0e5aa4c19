import Testing

/// RFC 9111 section 4.4.
@Suite("Cache: invalidation") struct CacheInvalidationTests {
  private static let fresh = "Cache-Control: max-age=3600"

  @Test("unsafe and unknown methods that succeed invalidate what is stored for their target")
  func methods() throws {
    try withCache { cache in
      for (method, isInvalid) in [
        ("POST", true), ("PUT", true), ("DELETE", true), ("PATCH", true), ("M-SEARCH", true),
        ("FOO", true), ("PURGE", true), ("OPTIONS", false), ("HEAD", false), ("get", true),
      ] {
        row(method) {
          let path = cache.path(Answer(Self.fresh).withoutValidation)
          try cache.get(path)
          try cache.send(method, path, method == "HEAD" ? [] : ["Content-Length: 0"])
          let (outcome, _) = try cache.outcome(path)
          #expect(outcome == (isInvalid ? .fetch : .hit), "\(method)")
        }
      }
    }
  }

  @Test("only answers without an error do")
  func statuses() throws {
    try withCache { cache in
      for (status, isInvalid) in [
        (200, true), (201, true), (202, true), (204, true), (299, true), (301, true), (303, true),
        (307, true), (399, true), (400, false), (403, false), (404, false), (405, false),
        (500, false), (503, false), (599, false),
      ] {
        row("\(status)") {
          let path = cache.path(
            Answer(Self.fresh), Answer(status: "\(status) X"), Answer(Self.fresh))
          try cache.get(path)
          try expectSame(cache.send("POST", path, ["Content-Length: 0"]).status, status)
          let (outcome, _) = try cache.outcome(path)
          #expect(outcome == (isInvalid ? .fetch : .hit), "\(status)")
        }
      }
    }
  }

  @Test("Location and Content-Location of the same origin, in each form")
  func locations() throws {
    try withCache { cache in
      for field in ["Location", "Content-Location"] {
        for (name, reference, isInvalid) in [
          ("path", { $0 }, true),
          ("absolute", { "http://example.com" + $0 }, true),
          ("absolute, case and port", { "HTTP://Example.COM:80" + $0 }, true),
          ("without scheme", { "//example.com" + $0 }, true),
          ("relative", { String($0.dropFirst()) }, true),
          ("dots", { "/x/../y/.." + $0 }, true),
          ("fragment", { $0 + "#part" }, true),
          ("escaped", { "/%70" + $0.dropFirst(2) }, true),
          ("another host", { "http://other.example" + $0 }, false),
          ("host behind user info", { "http://example.com@other.example" + $0 }, false),
          ("another port", { "http://example.com:8080" + $0 }, false),
          ("another scheme", { "https://example.com" + $0 }, false),
          ("another query", { $0 + "?a=b" }, false),
          ("no reference", { "http:// " + $0 }, false),
        ] as [(String, (String) -> String, Bool)] {
          row("\(field) \(name)") {
            let target = cache.path(Answer(Self.fresh))
            let other = cache.path(
              Answer(
                status: "201 Created", ["\(field): \(reference(target))", "Content-Length: 0"]))
            try cache.get(target)
            try cache.send("POST", other, ["Content-Length: 0"])
            let (outcome, _) = try cache.outcome(target)
            #expect(outcome == (isInvalid ? .fetch : .hit), "\(field) \(name)")
          }
        }
      }
      // An error invalidates nothing, whatever it names.
      let target = cache.path(Answer(Self.fresh))
      let other = cache.path(
        Answer(status: "400 X", ["Location: " + target, "Content-Location: " + target]))
      try cache.get(target)
      try cache.send("POST", other, ["Content-Length: 0"])
      try expectSame(cache.outcome(target).0, .hit)
    }
  }

  @Test("all variants of the target, and of nobody else")
  func extent() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh, "Vary: X-A"))
      for value in ["1", "2"] { try cache.get(path, "X-A: " + value) }
      try cache.get(path + "?q=1")
      try cache.send("GET", path, ["Host: other.example"])
      try cache.send("POST", path, ["Content-Length: 0", "X-A: 1"])
      for value in ["1", "2"] { try expectSame(cache.outcome(path, ["X-A: " + value]).0, .fetch) }
      try expectSame(cache.outcome(path + "?q=1").0, .hit)
      try expectSame(cache.outcome(path, ["Host: other.example"]).0, .hit)
    }
  }

  @Test("fields that make a key of their own do not hide the change")
  func overrides() throws {
    try withCache { cache in
      for fields in [
        ["X-HTTP-Method-Override: DELETE"], ["Host: EXAMPLE.com"], ["Host: example.com:80"],
        ["X-Original-URL: /x"],
      ] {
        let target = cache.path(Answer(Self.fresh))
        let other = cache.path(Answer(status: "201 Created", ["Location: " + target]))
        for path in [target, other] { try cache.get(path) }
        try cache.send("POST", target, fields + ["Content-Length: 0"])
        try expectSame(cache.outcome(target).0, .fetch, "\(fields)")
        try cache.send("POST", other, fields + ["Content-Length: 0"])
        try expectSame(cache.outcome(target).0, .fetch, "\(fields), by Location")
      }
    }
  }

  @Test("a POST is not answered from the cache, and its answer is not stored")
  func posts() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh))
      for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let before = cache.count(path)
        let fields = ["Content-Length: 0"]
        for _ in 1...2 { try cache.send(method, path, fields) }
        #expect(cache.count(path) == before + 2, "\(method)")
      }
      try expectSame(cache.outcome(path).0, .fetch)
      let response = try cache.send("POST", path, ["Content-Length: 0"])
      #expect(response["Cache-Status"]?.contains("fwd=method") == true)
      #expect(response["Age"] == nil)
    }
  }

  @Test("a fetch that began before the change does not bring the old response back")
  func races() throws {
    let asked = Gate()
    let changed = Gate()
    let counter = Locked(0)
    let script = Origin.Script.serving { request, _ in
      if request.method == "POST" { return ok("changed") }
      let number = counter.withLock { count in
        count += 1
        return count
      }
      if number == 1 {
        asked.open()
        try changed.pass()
        return ok("old", "Cache-Control: max-age=3600")
      }
      return ok("new", "Cache-Control: max-age=3600")
    }
    try withScene(script, config: cacheConfig()) { scene in
      let reader = try scene.client()
      try reader.send(get("/race"))
      try asked.pass()
      try expectSame(scene.exchange(post("/race", body: "x")).text, "changed")
      changed.open()
      try expectSame(reader.response().text, "old")
      try expectSame(scene.exchange(get("/race")).text, "new")
    }
  }

  @Test(
    "a fetch that a later one has overtaken does not take its place (section 4)",
    arguments: ["small", "large", "304", "later"])
  func overtaken(_ kind: String) throws {
    let asked = Gate()
    let overtaken = Gate()
    let counter = Locked(0)
    let rest = kind == "large" ? String(repeating: "x", count: 300_000) : ""
    let script = Origin.Script.serving { _, _ in
      let number = counter.withLock { count in
        count += 1
        return count
      }
      let lifetime = "Cache-Control: max-age=3600"
      guard number == 2 else {
        let tag = number == 1 ? "\"1\"" : "\"3\""
        return ok("\(number)" + rest, lifetime, "ETag: \(tag)", "Date: \(httpDate(-10))")
      }
      asked.open()
      try overtaken.pass()
      let date = "Date: \(httpDate(kind == "later" ? 0 : -20))"
      return kind == "304"
        ? head(["HTTP/1.1 304 Not Modified", lifetime, date, "ETag: \"1\""])
        : ok("2" + rest, lifetime, date)
    }
    try withScene(script, config: cacheConfig()) { scene in
      try expectSame(scene.exchange(get("/")).text, "1" + rest)
      let first = try scene.client()
      try first.send(get("/", "Cache-Control: no-cache"))
      try asked.pass()
      let reload = get("/", "Cache-Control: no-cache")
      try expectSame(scene.exchange(reload).text, "3" + rest)
      overtaken.open()
      let response = try first.response()
      expectSame(response.text, (kind == "304" ? "1" : "2") + rest)
      #expect(response["Cache-Status"]?.contains("; stored") == (kind == "later"))
      try expectSame(scene.exchange(get("/")).text, (kind == "later" ? "2" : "3") + rest)
    }
  }
}
