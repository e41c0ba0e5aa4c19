import Testing

/// Conditions of clients, evaluated on what is stored (RFC 9111 section 4.3.2, RFC 9110
/// section 13).
@Suite("Cache: conditions of requests") struct CacheConditionTests {
  private static let day = "Fri, 20 Nov 2020 10:00:00 GMT"
  private static let before = "Fri, 20 Nov 2020 09:59:59 GMT"
  private static let after = "Fri, 20 Nov 2020 10:00:01 GMT"

  private static let rows: [(name: String, fields: [String], status: Int)] = [
    ("same tag", ["If-None-Match: \"a\""], 304),
    ("another tag", ["If-None-Match: \"b\""], 200),
    ("weak form of it", ["If-None-Match: W/\"a\""], 304),
    ("in a list", ["If-None-Match: \"b\", \"a\""], 304),
    ("in a list without spaces", ["If-None-Match: \"b\",\"a\",\"c\""], 304),
    ("behind a tag with a comma", ["If-None-Match: \"b, \\\", \"a\""], 304),
    ("in a tag", ["If-None-Match: \"b, a\""], 200),
    ("in a second line", ["If-None-Match: \"b\"", "If-None-Match: \"a\""], 304),
    ("not in the list", ["If-None-Match: \"b\", W/\"c\""], 200),
    ("any", ["If-None-Match: *"], 304),
    ("without quotes", ["If-None-Match: a"], 200),
    ("case counts", ["If-None-Match: \"A\""], 200),
    ("w is not W", ["If-None-Match: w/\"a\""], 200),
    ("empty", ["If-None-Match: "], 200),
    ("empty tag", ["If-None-Match: \"\""], 200),
    ("same date", ["If-Modified-Since: " + day], 304),
    ("later", ["If-Modified-Since: " + after], 304),
    ("earlier", ["If-Modified-Since: " + before], 200),
    ("RFC 850", ["If-Modified-Since: Friday, 20-Nov-20 10:00:00 GMT"], 304),
    ("asctime", ["If-Modified-Since: Fri Nov 20 10:00:00 2020"], 304),
    ("no date", ["If-Modified-Since: yesterday"], 200),
    ("a length behind it", ["If-Modified-Since: " + day + "; length=4"], 200),
    ("tag over date", ["If-None-Match: \"b\"", "If-Modified-Since: " + day], 200),
    ("tag over date, same", ["If-None-Match: \"a\"", "If-Modified-Since: " + before], 304),
    ("bad tag over date", ["If-None-Match: x", "If-Modified-Since: " + day], 200),
    ("none", [], 200),
  ]

  private static let answer = Answer(
    "Cache-Control: max-age=60", "ETag: \"a\"", "Last-Modified: " + day, "Content-Type: text/css",
    "Vary: X-A", "Expires: @+60", "Content-Location: /c", "X-A: b", body: "body")

  @Test("on what is fresh: our own 304 or 200, without the backend")
  func fresh() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      for line in Self.rows {
        row(line.name) {
          for method in ["GET", "HEAD"] {
            let response = try cache.send(method, path, line.fields)
            #expect(response.status == line.status, "\(method) \(line.name)")
            if line.status == 200, method == "GET" { #expect(response.text == "body") }
          }
        }
      }
      #expect(cache.count(path) == 1)
    }
  }

  @Test("on a miss: the whole is fetched and stored, the client gets what it asked for")
  func missing() throws {
    try withCache { cache in
      for line in Self.rows {
        row(line.name) {
          let path = cache.path(Self.answer)
          try expectSame(cache.send("GET", path, line.fields).status, line.status, "\(line.name)")
          let request = cache.lastRequest(path)
          #expect(request["If-None-Match"] == nil && request["If-Modified-Since"] == nil)
          let (outcome, response) = try cache.outcome(path)
          #expect(outcome == .hit && response.text == "body", "\(line.name)")
        }
      }
    }
  }

  @Test("on what is stale: the cache's own validator is asked with")
  func stale() throws {
    try withCache { cache in
      for line in Self.rows {
        row(line.name) {
          var first = Self.answer
          first.fields.append("Age: 90")
          let path = cache.path(first, Self.answer)
          try cache.get(path)
          try expectSame(cache.send("GET", path, line.fields).status, line.status, "\(line.name)")
          #expect(cache.lastRequest(path)["If-None-Match"] == "\"a\"")
          try expectSame(cache.outcome(path).0, .hit)
        }
      }
      // What comes instead is judged, not what was stored.
      for (tag, status) in [("\"a\"", 200), ("\"new\"", 304)] {
        var first = Self.answer
        first.fields.append("Age: 90")
        let path = cache.path(
          first, Answer("Cache-Control: max-age=60", "ETag: \"new\"").withoutValidation)
        try cache.get(path)
        try expectSame(cache.get(path, "If-None-Match: " + tag).status, status)
      }
    }
  }

  @Test("a stored response without validators: If-Modified-Since by Date, tags fit none")
  func withoutValidators() throws {
    try withCache { cache in
      let path = cache.path(Answer("Cache-Control: max-age=600", "Date: @-100"))
      try cache.get(path)
      try expectSame(cache.get(path, "If-None-Match: \"a\"").status, 200)
      try expectSame(cache.get(path, "If-None-Match: *").status, 304)
      try expectSame(cache.get(path, "If-Modified-Since: " + httpDate(-50)).status, 304)
      try expectSame(cache.get(path, "If-Modified-Since: " + httpDate(-150)).status, 200)
      #expect(cache.count(path) == 1)
    }
  }

  @Test("conditions are for successes (RFC 9110 section 13.2.1)")
  func otherStatuses() throws {
    try withCache { cache in
      for status in [301, 404, 410, 500] {
        let path = cache.path(
          Answer(status: "\(status) X", ["Cache-Control: max-age=60", "ETag: \"a\""]))
        try cache.get(path)
        for field in ["If-None-Match: \"a\"", "If-None-Match: *"] {
          try expectSame(cache.get(path, field).status, status, "\(status) \(field)")
        }
      }
    }
  }

  @Test("a 304 has the fields that the 200 would have, and no content (RFC 9110 section 15.4.5)")
  func ownFields() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      let response = try cache.get(path, "If-None-Match: \"a\"")
      #expect(response.status == 304)
      for name in [
        "Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary", "Age",
        "Cache-Status",
      ] {
        #expect(response.all(name).count == 1, "\(name)")
      }
      for name in ["Content-Type", "Content-Length", "Transfer-Encoding", "Last-Modified", "X-A"] {
        #expect(response.all(name) == [], "\(name)")
      }
      let dated = cache.path(Answer("Cache-Control: max-age=60", "Last-Modified: " + Self.day))
      try cache.get(dated)
      let other = try cache.get(dated, "If-Modified-Since: " + Self.day)
      #expect(other.status == 304 && other["Last-Modified"] == Self.day)
    }
  }

  @Test("If-Match and If-Unmodified-Since are for the origin (RFC 9111 section 4.3.2)")
  func forOrigin() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      for field in ["If-Match: \"a\"", "If-Match: *", "If-Unmodified-Since: " + Self.day] {
        let before = cache.count(path)
        let response = try cache.get(path, field, "If-None-Match: \"q\"")
        #expect(response.status == 200)
        #expect(cache.count(path) == before + 1, "\(field)")
        let name = String(field.prefix { $0 != ":" })
        #expect(cache.lastRequest(path)[name] != nil)
        #expect(cache.lastRequest(path)["If-None-Match"] == "\"q\"")
      }
      // What they get is no update, and is passed on as it is.
      let refused = cache.path(
        Answer("Cache-Control: max-age=60"), Answer(status: "412 Precondition Failed"))
      try cache.get(refused)
      try expectSame(cache.get(refused, "If-Match: \"z\"").status, 412)
      try expectSame(cache.outcome(refused).0, .hit)
    }
  }

  @Test("conditions and ranges on what turned out not to be stored are for the backend")
  func uncacheable() throws {
    try withCache { cache in
      let path = cache.path(
        Answer("Cache-Control: private", "ETag: \"a\""),
        .notModified("Cache-Control: private", "ETag: \"a\""),
        Answer(status: "206 Partial Content", ["Content-Range: bytes 1-2/9"], body: "ar"),
        Answer("Cache-Control: private", "ETag: \"a\""))
      try cache.get(path)
      let same = try cache.get(path, "If-None-Match: \"a\"")
      #expect(same.status == 304 && same["ETag"] == "\"a\"" && same["Age"] == nil)
      #expect(cache.lastRequest(path)["If-None-Match"] == "\"a\"")
      let part = try cache.get(path, "Range: bytes=1-2", "If-Range: \"a\"")
      #expect(part.status == 206 && part.text == "ar")
      #expect(cache.lastRequest(path)["Range"] == "bytes=1-2")
      #expect(cache.lastRequest(path)["If-Range"] == "\"a\"")
      let only = try cache.get(path, "If-None-Match: \"a\"", "Cache-Control: only-if-cached")
      #expect(only.status == 504)
      let (outcome, _) = try cache.outcome(path)
      #expect(outcome == .fetch)
    }
  }

  @Test("conditions of requests that are not for the cache go through, and so do their answers")
  func passedThrough() throws {
    try withCache { cache in
      let path = cache.path(.notModified("ETag: \"a\""))
      let response = try cache.send("HEAD", path, ["If-None-Match: \"a\""])
      #expect(response.status == 304)
      #expect(cache.lastRequest(path)["If-None-Match"] == "\"a\"")
    }
  }
}
