import Testing

/// What is one resource and what are two: the key as seen from outside, with the shapes of known
/// attacks (cache poisoning and cache deception).
@Suite("Cache: targets") struct CacheTargetTests {
  private static let fresh = "Cache-Control: max-age=3600"

  @Test("queries count as they are written")
  func queries() throws {
    try withCache { cache in
      for (first, then, outcome) in [
        ("?a=b", "?a=b", Outcome.hit), ("?a=b", "?a=c", .fetch), ("?a=b", "", .fetch),
        ("", "?", .fetch), ("?a&b", "?b&a", .fetch), ("?A", "?a", .fetch), ("?a=", "?a", .fetch),
        ("?a=%62", "?a=b", .fetch), ("?a=%2F", "?a=%2f", .fetch), ("?a+b", "?a%20b", .fetch),
        ("?a?b", "?a?b", .hit), ("?/../x", "?/x", .fetch),
      ] {
        row("\(first) \(then)") {
          let path = cache.path(Answer(Self.fresh))
          try cache.get(path + first)
          try expectSame(cache.outcome(path + then).0, outcome, "\(first) then \(then)")
        }
      }
    }
  }

  @Test("query options: none, keep, drop, sort")
  func queryOptions() throws {
    for (option, first, then, outcome) in [
      ("query: none", "?a=1", "?b=2", Outcome.hit), ("query: none", "?a=1", "", .hit),
      ("query: { keep: [a] }", "?a=1&b=1", "?b=2&a=1", .hit),
      ("query: { keep: [a] }", "?a=1", "?a=2", .fetch),
      ("query: { drop: [utm] }", "?utm=1&a=1", "?a=1&utm=2", .hit),
      ("query: { drop: [utm] }", "?a=1", "?a=2", .fetch),
      ("sort_query: on", "?a=1&b=2", "?b=2&a=1", .hit),
      ("sort_query: on", "?a=1&b=2", "?b=2&a=2", .fetch),
    ] {
      try withCache("key: { \(option) }") { cache in
        let path = cache.path(Answer(Self.fresh))
        try cache.get(path + first)
        try expectSame(cache.outcome(path + then).0, outcome, "\(option) \(first) \(then)")
        // The backend sees what the client wrote.
        #expect(cache.script.requests(path)[0].target == path + first)
      }
    }
  }

  @Test("hosts: without case, without the default port; other hosts and ports are others")
  func hosts() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh))
      try cache.get(path)
      for host in [
        "other.example", "example.com:8080", "example.com.", "sub.example.com", "127.0.0.1",
      ] {
        let (outcome, _) = try cache.outcome(path, ["Host: " + host])
        #expect(outcome == .fetch, "\(host)")
        try expectSame(cache.outcome(path, ["Host: " + host]).0, .hit, "\(host)")
      }
      // What a backend can echo is kept apart, so that nobody's spelling is served to others.
      for host in ["EXAMPLE.com", "example.com:80"] {
        try expectSame(cache.outcome(path, ["Host: " + host]).0, .fetch, "\(host)")
      }
      try expectSame(cache.get(path).text, "\(path) 1")
      // A change of the resource reaches all of its spellings.
      let spelled = cache.path(Answer(Self.fresh))
      try cache.get(spelled)
      try cache.send("POST", spelled, ["Host: EXAMPLE.COM:80", "Content-Length: 0"])
      try expectSame(cache.outcome(spelled).0, .fetch)
    }
  }

  @Test("an absolute target is the same resource, whatever Host says")
  func absolute() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh))
      try cache.get(path)
      let client = try cache.scene.client()
      try client.send(head("GET http://example.com\(path) HTTP/1.1", "Host: example.com"))
      try expectSame(client.response().text, "\(path) 1")
      // The target's host counts; a proxy must not key on the other one (RFC 9112 section 3.2.2).
      try client.send(head("GET http://other.example\(path) HTTP/1.1", "Host: example.com"))
      let response = try client.response()
      #expect(response.status == 400 || response.text != "\(path) 1")
      try expectSame(cache.get(path).text, "\(path) 1")
    }
  }

  @Test("unkeyed fields are no way in: forwarding fields, overrides")
  func forwarding() throws {
    try withCache { cache in
      for field in [
        "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https",
        "X-Forwarded-Scheme: nothttps",
        "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil", "Forwarded: host=evil.example",
        "X-Host: evil.example", "X-Original-URL: /evil", "X-Rewrite-URL: /evil",
        "X-Original-Host: evil.example", "X-HTTP-Method-Override: DELETE",
        "X-Method-Override: POST", "X_Forwarded_Host: evil.example", "X-Forwarded-For: 6.6.6.6",
        "X-HTTP-Host-Override: evil.example", "Front-End-Https: on",
      ] {
        row(field) {
          let path = cache.path(Answer(Self.fresh))
          try cache.get(path, field)
          let request = cache.lastRequest(path)
          let name = String(field.prefix { $0 != ":" })
          let value = String(field.dropFirst(name.count + 2))
          // Either the backend did not see it, or the response is for nobody else.
          let wasSeen = request.all(name).contains { $0.contains(value) }
          let (outcome, _) = try cache.outcome(path)
          #expect(!wasSeen || outcome == .fetch, "\(field): seen and served to others")
        }
      }
    }
  }

  @Test("a second Host, or one with odd bytes, is refused and stores nothing")
  func badHosts() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh))
      for fields in [
        ["Host: a", "Host: b"], ["Host: a b"], ["Host: a/b"], ["Host: a,b"], ["Host: a@b"],
        ["Host : a"],
      ] {
        let client = try cache.scene.client()
        try client.send(head(["GET \(path) HTTP/1.1"] + fields))
        try expectSame(client.response().status, 400, "\(fields)")
      }
      #expect(cache.count(path) == 0)
    }
  }

  @Test("one normal form of the path for key and backend; another path is another resource")
  func paths() throws {
    try withCache { cache in
      for (then, outcome) in [
        ("{}", Outcome.hit), ("/x/..{}", .hit), ("/.{}", .hit), ("{}/", .fetch), ("{};a", .fetch),
        ("{}.css", .fetch), ("{}/x.css", .fetch), ("{}%2Fx.css", .fetch), ("{};x.css", .fetch),
        ("{}%3Fx.css", .fetch), ("{}%23x.css", .fetch), ("{}%0Ax.css", .fetch),
        ("{}%00.css", .fetch), ("{}%5Cx.css", .fetch), ("{}!.css", .fetch), ("{}$x.css", .fetch),
        ("{}%20", .fetch), ("{}/..%2f", .fetch),
      ] {
        row(then) {
          let path = cache.path(Answer(Self.fresh))
          let first = try cache.get(path)
          let response = try cache.get(then.replacing("{}", with: path))
          let isSame = response.text == first.text
          #expect(isSame == (outcome == .hit), "\(then): \(response.startLine) \(response.text)")
        }
      }
    }
  }

  @Test("cache deception: a private page under the name of an asset stays private")
  func deception() throws {
    let script = Origin.Script.serving { request, _ in
      let who = request["Cookie"] ?? "nobody"
      return ok("page of \(who)", "Cache-Control: private, max-age=60", "ETag: \"\(who)\"")
    }
    let quiet = Origin.Script.serving { request, _ in
      ok("page of \(request["Cookie"] ?? "nobody")")
    }
    for script in [script, quiet] {
      try withScene(script, config: cacheConfig("immutable_assets: on")) { scene in
        for target in [
          "/account/style.css", "/account;style.css", "/account%2Fstyle.css", "/account/x.js?a",
          "/account%3Fx.png", "/static/..%2Faccount", "/robots.txt/../account", "/account%00.css",
        ] {
          let mine = try scene.exchange(get(target, "Cookie: me"))
          let theirs = try scene.exchange(get(target, "Cookie: you"))
          #expect(mine.status >= 400 || mine.text == "page of me", "\(target)")
          #expect(theirs.status >= 400 || theirs.text == "page of you", "\(target)")
        }
      }
    }
  }

  @Test("headers and cookies of the key")
  func keyed() throws {
    try withCache("key: { headers: [X-Device], cookies: [lang] }") { cache in
      let path = cache.path(Answer(Self.fresh))
      for (fields, outcome) in [
        ([], Outcome.fetch), ([], .hit), (["X-Device: phone"], .fetch), (["X-Device: phone"], .hit),
        (["X-Device: tv"], .fetch), (["Cookie: lang=de; id=1"], .fetch),
        (["Cookie: id=2; lang=de"], .hit), (["Cookie: lang=en"], .fetch), (["Cookie: id=3"], .hit),
      ] {
        try expectSame(cache.outcome(path, fields).0, outcome, "\(fields)")
      }
    }
  }

  @Test("routes without the cache do not use it")
  func routes() throws {
    let config = cacheConfig().replacing(
      "  - to: app\n", with: "  - match: { path: /plain/** }\n    to: app\n  - to: app\n")
    let script = CacheScript()
    try withScene(script.script, config: config) { scene in
      let cache = CacheScene(scene, script)
      cache.script.set("/plain/a", [Answer(Self.fresh)])
      for _ in 1...2 {
        let (outcome, response) = try cache.outcome("/plain/a")
        #expect(outcome == .fetch && response["Cache-Status"] == nil && response["Age"] == nil)
      }
    }
  }
}
