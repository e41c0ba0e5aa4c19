import Testing

/// Parts of what is stored (RFC 9110 section 14), and parts that are not stored (RFC 9111
/// section 3.3).
@Suite("Cache: ranges") struct CacheRangeTests {
  private static let day = "Fri, 20 Nov 2020 10:00:00 GMT"
  private static let answer = Answer(
    "Cache-Control: max-age=60", "ETag: \"a\"", "Last-Modified: " + day, "X-A: b",
    "Content-Type: text/css", body: "0123456789")

  private static let rows: [(name: String, fields: [String], part: String?)] = [
    ("first byte", ["Range: bytes=0-0"], "0-0"),
    ("middle", ["Range: bytes=2-4"], "2-4"),
    ("to the end", ["Range: bytes=7-"], "7-9"),
    ("all", ["Range: bytes=0-"], "0-9"),
    ("beyond the end", ["Range: bytes=7-99"], "7-9"),
    ("huge end", ["Range: bytes=7-99999999999999999999"], "7-9"),
    ("last bytes", ["Range: bytes=-3"], "7-9"),
    ("more last bytes than there are", ["Range: bytes=-99"], "0-9"),
    ("unit without case", ["Range: BYTES=2-4"], "2-4"),
    ("two", ["Range: bytes=0-1, 4-5"], nil),
    ("two lines", ["Range: bytes=0-1", "Range: bytes=4-5"], nil),
    ("another unit", ["Range: lines=0-1"], nil),
    ("no unit", ["Range: 0-1"], nil),
    ("backwards", ["Range: bytes=4-2"], nil),
    ("no numbers", ["Range: bytes=-"], nil),
    ("letters", ["Range: bytes=a-b"], nil),
    ("a space", ["Range: bytes = 2-4"], nil),
    ("If-Range same tag", ["Range: bytes=2-4", "If-Range: \"a\""], "2-4"),
    ("If-Range other tag", ["Range: bytes=2-4", "If-Range: \"b\""], nil),
    ("If-Range weak tag", ["Range: bytes=2-4", "If-Range: W/\"a\""], nil),
    ("If-Range same date", ["Range: bytes=2-4", "If-Range: " + day], "2-4"),
    (
      "If-Range later date",
      ["Range: bytes=2-4", "If-Range: Fri, 20 Nov 2020 10:00:01 GMT"], nil
    ),
    ("If-Range nonsense", ["Range: bytes=2-4", "If-Range: x"], nil),
    ("If-Range alone", ["If-Range: \"a\""], nil),
    ("If-None-Match first", ["Range: bytes=2-4", "If-None-Match: \"b\""], "2-4"),
  ]

  private func expectPart(
    _ response: Message, _ part: String?, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let whole = "0123456789"
    guard let part else {
      #expect(
        response.status == 200 && response.text == whole && response["Content-Range"] == nil,
        "\(name): \(response.startLine)", sourceLocation: sourceLocation)
      return
    }
    let ends = part.split(separator: "-").compactMap { Int($0) }
    let expected = String(whole.dropFirst(ends[0]).prefix(ends[1] - ends[0] + 1))
    #expect(
      response.status == 206 && response.text == expected
        && response.all("Content-Range") == ["bytes \(part)/10"]
        && response.framing == .length(expected.count),
      "\(name): \(response.startLine) \(response.fields)", sourceLocation: sourceLocation)
    #expect(
      response["ETag"] == "\"a\"" && response["X-A"] == "b" && response.all("Date").count == 1,
      sourceLocation: sourceLocation)
  }

  @Test("of a stored response: 206, or the whole (RFC 9110 section 14.2)")
  func stored() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      for line in Self.rows {
        row(line.name) {
          expectPart(try cache.send("GET", path, line.fields), line.part, line.name)
        }
      }
      #expect(cache.count(path) == 1)
    }
  }

  @Test("of what is not stored yet: the whole is fetched, stored, and the part sent")
  func missing() throws {
    try withCache { cache in
      for line in Self.rows {
        row(line.name) {
          let path = cache.path(Self.answer)
          expectPart(try cache.send("GET", path, line.fields), line.part, line.name)
          #expect(cache.lastRequest(path)["Range"] == nil)
          #expect(cache.lastRequest(path)["If-Range"] == nil)
          let (outcome, response) = try cache.outcome(path)
          #expect(outcome == .hit && response.text == "0123456789", "\(line.name)")
        }
      }
    }
  }

  @Test("of what is stale: validated first, then a part")
  func stale() throws {
    try withCache { cache in
      var first = Self.answer
      first.fields.append("Age: 90")
      let path = cache.path(first, Self.answer)
      try cache.get(path)
      expectPart(try cache.get(path, "Range: bytes=2-4"), "2-4", "stale")
      #expect(cache.lastRequest(path)["If-None-Match"] == "\"a\"")
      #expect(cache.lastRequest(path)["Range"] == nil)
      #expect(cache.count(path) == 2)
    }
  }

  @Test("what is not there: 416 with the length (RFC 9110 section 15.5.17)")
  func unsatisfiable() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      for range in ["bytes=10-", "bytes=10-12", "bytes=99999999999999999999-", "bytes=-0"] {
        let response = try cache.get(path, "Range: " + range)
        #expect(response.status == 416, "\(range)")
        #expect(response["Content-Range"] == "bytes */10")
        try expectSame(cache.get(path).text, "0123456789")
      }
      let failed = try cache.get(path, "Range: bytes=10-", "If-Range: \"b\"")
      #expect(failed.status == 200)
      #expect(cache.count(path) == 1)
    }
  }

  @Test("of what is still coming: the part follows when it is there")
  func growing() throws {
    let gate = Gate()
    let script = Origin.Script { connection in
      while try connection.nextRequest() != nil {
        try connection.send(
          head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Content-Length: 10"), "01234")
        try gate.pass()
        try connection.send("56789")
      }
    }
    try withScene(script, config: cacheConfig()) { scene in
      let whole = try scene.client()
      try whole.send(get("/x"))
      _ = try whole.read(until: "01234")
      let early = try scene.exchange(get("/x", "Range: bytes=1-3"))
      #expect(early.status == 206 && early.text == "123")
      let late = try scene.client()
      try late.send(get("/x", "Range: bytes=3-7"))
      let response = try late.readHead()
      #expect(response.status == 206 && response["Content-Range"] == "bytes 3-7/10")
      gate.open()
      try late.expect("34567")
      try whole.expect("56789")
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("a HEAD and statuses other than 200 have no ranges")
  func others() throws {
    try withCache { cache in
      let path = cache.path(Self.answer)
      try cache.get(path)
      let head = try cache.send("HEAD", path, ["Range: bytes=2-4"])
      #expect(head.status == 200 && head["Content-Length"] == "10")
      for status in [203, 404, 410] {
        var answer = Self.answer
        answer.status = "\(status) X"
        let path = cache.path(answer)
        for _ in 1...2 {
          let response = try cache.get(path, "Range: bytes=2-4")
          #expect(response.status == status && response.text == "0123456789")
        }
      }
      let tagged = try cache.get(path, "Range: bytes=2-4", "If-None-Match: \"a\"")
      #expect(tagged.status == 304)
    }
  }

  @Test("partial content is not stored, nor what speaks of a range")
  func partial() throws {
    try withCache { cache in
      for answer in [
        Answer(
          status: "206 Partial Content",
          ["Cache-Control: max-age=60", "Content-Range: bytes 0-3/10"],
          body: "0123"),
        Answer(status: "206 Partial Content", ["Cache-Control: max-age=60"], body: "0123"),
        Answer(
          status: "200 OK", ["Cache-Control: max-age=60", "Content-Range: bytes 0-3/10"],
          body: "0123"),
        Answer(status: "416 X", ["Cache-Control: max-age=60", "Content-Range: bytes */10"]),
      ] {
        let (outcome, _) = try cache.second(answer)
        #expect(outcome == .fetch, "\(answer.status)")
      }
    }
  }
}
