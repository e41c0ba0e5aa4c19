import Testing

/// Validation with the backend (RFC 9111 section 4.3).
@Suite("Cache: validation") struct CacheValidationTests {
  private static let stale = "Cache-Control: max-age=60"
  private static let aged = "Age: 90"

  @Test("what is stale is asked about with its validators, as they came")
  func conditions() throws {
    try withCache { cache in
      let date = httpDate(-10_000)
      for (name, fields, tag, modified) in [
        ("strong", ["ETag: \"a,b\""], "\"a,b\"", nil),
        ("weak", ["ETag: W/\"a\""], "W/\"a\"", nil),
        ("empty", ["ETag: \"\""], "\"\"", nil),
        ("odd bytes", ["ETag: \"a\\b\u{e9}\""], "\"a\\b\u{e9}\"", nil),
        ("date", ["Last-Modified: \(date)"], nil, date),
        ("both", ["ETag: \"a\"", "Last-Modified: \(date)"], "\"a\"", date),
      ] as [(String, [String], String?, String?)] {
        row(name) {
          let path = cache.path(Answer(fields: [Self.stale, Self.aged] + fields))
          let first = try cache.get(path)
          let (outcome, second) = try cache.outcome(path)
          #expect(outcome == .validated, "\(name)")
          #expect(second.status == 200 && second.text == first.text)
          let request = cache.lastRequest(path)
          #expect(request["If-None-Match"] == tag, "\(name)")
          #expect(request["If-Modified-Since"] == modified, "\(name)")
          #expect(request["If-Range"] == nil && request.body == [])
        }
      }
    }
  }

  @Test("a validator that is none is not asked with")
  func badValidators() throws {
    try withCache { cache in
      for fields in [["ETag: abc"], ["ETag: \"a"], ["Last-Modified: today"], ["ETag: "]] {
        row("\(fields)") {
          let answer = Answer(fields: [Self.stale, Self.aged] + fields)
          try expectSame(cache.second(answer).0, .fetch, "\(fields)")
        }
      }
    }
  }

  @Test("another response than a 304 takes the place of the stored one")
  func replaced() throws {
    try withCache { cache in
      let path = cache.path(
        Answer(Self.stale, Self.aged, "ETag: \"a\""),
        Answer(Self.stale, "ETag: \"b\"").withoutValidation)
      try cache.get(path)
      let (changed, response) = try cache.outcome(path)
      #expect(changed == .changed && response.text == "\(path) 2")
      #expect(response["ETag"] == "\"b\"" && response["Age"] == nil)
      let (hit, again) = try cache.outcome(path)
      #expect(hit == .hit && again.text == "\(path) 2")
      // One that may not be stored takes the stored one with it.
      let gone = cache.path(
        Answer(Self.stale, Self.aged, "ETag: \"a\""),
        Answer(status: "404 X", ["Cache-Control: no-store"]),
        Answer("Cache-Control: no-store"))
      try cache.get(gone)
      try expectSame(cache.get(gone).status, 404)
      try expectSame(cache.outcome(gone).0, .fetch)
    }
  }

  @Test("a 304 makes the response fresh again, and updates its fields (sections 3.2, 4.3.4)")
  func updates() throws {
    try withCache { cache in
      let path = cache.path(
        Answer(
          Self.stale, Self.aged, "ETag: \"a\"", "X-Same: 1", "X-Old: 1", "X-Many: 1", "X-Many: 2",
          "Content-Type: text/plain", "Content-Language: de", "Expires: @-5"),
        .notModified(
          "Cache-Control: max-age=600", "ETag: \"a\"", "X-Old: 2", "X-New: 3", "X-Many: 3",
          "Content-Type: text/html", "Expires: @+500", "Content-Location: /other",
          // Not to be taken over:
          "Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "Content-Length: 99",
          "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Trailer: X-T",
          "Proxy-Connection: keep-alive", "Set-Cookie: a=b", "Age: 7"))
      let first = try cache.get(path)
      for turn in 1...2 {
        let (outcome, response) = try cache.outcome(path)
        #expect(outcome == (turn == 1 ? .validated : .hit))
        #expect(response.status == 200 && response.text == first.text)
        #expect(response.framing == .length(first.body.count))
        #expect(response.all("Cache-Control") == ["max-age=600"])
        #expect(response.all("X-Same") == ["1"] && response.all("X-Old") == ["2"])
        #expect(response.all("X-New") == ["3"] && response.all("X-Many") == ["3"])
        #expect(response.all("Content-Type") == ["text/html"])
        #expect(response.all("Content-Language") == ["de"])
        #expect(response.all("Content-Location") == ["/other"])
        #expect(response.all("Expires").count == 1 && response.all("Date").count == 1)
        #expect(response.all("X-Number") == ["2"])
        for name in [
          "Content-Encoding", "Content-Range", "X-Hop", "Keep-Alive", "Trailer",
          "Proxy-Connection", "Set-Cookie",
        ] {
          #expect(response.all(name) == [], "\(name)")
        }
        // The age of the 304, not of what was stored.
        let age = response["Age"].flatMap { Int($0) } ?? -1
        #expect(age >= 7 && age < 10, "\(age)")
      }
    }
  }

  @Test("a 304 that names more in Vary is kept to, one that names less changes nothing")
  func wideningVary() throws {
    try withCache { cache in
      let stored = Answer(Self.stale, Self.aged, "ETag: \"a\"", "Vary: Accept-Language")
      let other = Answer(Self.stale, "ETag: \"b\"").withoutValidation
      let path = cache.path(
        stored, .notModified(Self.stale, "ETag: \"a\"", "Vary: Cookie"), other)
      try cache.get(path, "Cookie: a")
      try expectSame(cache.outcome(path, ["Cookie: a"]).0, .validated)
      let (hit, response) = try cache.outcome(path, ["Cookie: a"])
      #expect(hit == .hit && response.all("Vary") == ["Accept-Language", "Cookie"])
      let (fetch, fetched) = try cache.outcome(path, ["Cookie: b"])
      #expect(fetch == .fetch && fetched.text == "\(path) 3")
      // Nothing matches a star: good for this request, and for no other.
      let star = cache.path(
        stored, .notModified(Self.stale, "ETag: \"a\"", "Vary: *"), other)
      try cache.get(star)
      try expectSame(cache.outcome(star).0, .validated)
      try expectSame(cache.outcome(star).0, .fetch)
      let less = cache.path(stored, .notModified(Self.stale, "ETag: \"a\"", "Vary:"), other)
      try cache.get(less, "Accept-Language: de")
      try expectSame(cache.outcome(less, ["Accept-Language: de"]).0, .validated)
      try expectSame(cache.outcome(less, ["Accept-Language: de"]).0, .hit)
      try expectSame(cache.outcome(less, ["Accept-Language: en"]).0, .fetch)
    }
  }

  @Test("freshness that a 304 does not renew is counted from its Date")
  func renewed() throws {
    try withCache { cache in
      let path = cache.path(
        Answer("Expires: @+60", "Date: @-100", "Age: 200", "ETag: \"a\""),
        .notModified("ETag: \"a\""))
      try cache.get(path)
      try expectSame(cache.outcome(path).0, .validated)
      let (outcome, response) = try cache.outcome(path)
      #expect(outcome == .hit)
      #expect(response.all("Date").count == 1)
      #expect(response["Cache-Status"]?.contains("ttl=5") == true || response["Age"] == "0")
      // One that says that nothing may be stored: this answer is good, the next one is fetched.
      let last = cache.path(
        Answer(Self.stale, Self.aged, "ETag: \"a\""),
        .notModified("ETag: \"a\"", "Cache-Control: no-store"), Answer("ETag: \"b\""))
      let first = try cache.get(last)
      let (validated, same) = try cache.outcome(last)
      #expect(validated == .validated && same.text == first.text)
      try expectSame(cache.outcome(last).0, .fetch)
    }
  }

  @Test("a 304 that is about another response does not update (section 4.3.4)")
  func otherTag() throws {
    try withCache { cache in
      let path = cache.path(
        Answer(Self.stale, Self.aged, "ETag: \"a\""),
        .notModified("ETag: \"b\"", "Cache-Control: max-age=60"),
        Answer("Cache-Control: max-age=60"))
      try cache.get(path)
      let response = try cache.get(path)
      // Whatever is made of it: not the stored response with the other's tag.
      #expect(response["ETag"] != "\"b\"")
      #expect(response.status != 304)
    }
  }

  @Test("a 304 that nobody asked for is no answer")
  func unsolicited() throws {
    try withCache { cache in
      let path = cache.path(.notModified("ETag: \"a\""))
      try expectSame(cache.get(path).status, 502)
    }
  }

  @Test("a HEAD updates what it describes, and makes what it does not stale (section 4.3.5)")
  func heads() throws {
    try withCache { cache in
      let aged = [Self.stale, Self.aged, "ETag: \"a\"", "X-A: 1"]
      let fresh = ["Cache-Control: max-age=60", "ETag: \"a\"", "X-A: 2", "Content-Length: 4"]
      // A stale one is renewed.
      let path = cache.path(
        Answer(fields: aged, body: "body"), Answer(fields: fresh, body: "body").withoutValidation)
      try cache.get(path)
      let head = try cache.send("HEAD", path)
      #expect(head.status == 200 && head["Content-Length"] == "4")
      #expect(cache.lastRequest(path).method == "HEAD")
      let (outcome, response) = try cache.outcome(path)
      #expect(outcome == .hit && response.text == "body" && response["X-A"] == "2")
      // One that is about other content makes it stale, and is not stored itself.
      for (name, fields) in [
        ("tag", ["ETag: \"b\"", "Content-Length: 4"]), ("length", ["Content-Length: 5"]),
        ("date", ["Last-Modified: @-5"]),
      ] {
        row(name) {
          let path = cache.path(
            Answer(
              "Cache-Control: max-age=60", "Age: 58", "ETag: \"a\"", "Last-Modified: @-50",
              body: "body"),
            Answer(fields: ["Cache-Control: max-age=60"] + fields, body: "body").withoutValidation,
            Answer("Cache-Control: max-age=60"))
          try cache.get(path)
          try wait(for: "it to be stale", within: 5) {
            try cache.send("HEAD", path)
            return cache.count(path) > 1
          }
          let (outcome, _) = try cache.outcome(path)
          #expect(outcome == .changed || outcome == .fetch, "\(name)")
        }
      }
    }
  }

  @Test("a HEAD that says nothing of the content keeps no old response alive")
  func headsWithoutValidators() throws {
    try withCache { cache in
      for fields in [["Content-Length: 4"], ["Transfer-Encoding: chunked"]] {
        row("\(fields)") {
          let path = cache.path(
            Answer(Self.stale, Self.aged, "ETag: \"a\"", body: "old1"),
            Answer(fields: [Self.stale] + fields, body: "new1").withoutValidation,
            Answer(Self.stale, body: "new1").withoutValidation)
          try cache.get(path)
          try expectSame(cache.send("HEAD", path).status, 200)
          let (outcome, response) = try cache.outcome(path)
          #expect(outcome == .changed && response.text == "new1", "\(fields)")
        }
      }
    }
  }

  @Test("validation answers all who wait, and errors of it go to the client")
  func errors() throws {
    try withCache { cache in
      for status in [500, 502, 503, 504, 404, 403] {
        row("\(status)") {
          let path = cache.path(
            Answer(Self.stale, Self.aged, "ETag: \"a\""), Answer(status: "\(status) X"),
            Answer("Cache-Control: max-age=60").withoutValidation)
          try cache.get(path)
          try expectSame(cache.get(path).status, status)
          let (_, response) = try cache.outcome(path)
          #expect(response.text == "\(path) 3")
        }
      }
    }
  }
}
