import Testing

/// RFC 9111 section 4.1.
@Suite("Cache: Vary") struct CacheVaryTests {
  private static let fresh = "Cache-Control: max-age=3600"

  @Test("a stored response is for requests with the same fields")
  func matching() throws {
    try withCache { cache in
      for (name, vary, first, then, outcome) in [
        ("same", ["X-A"], ["X-A: 1"], ["X-A: 1"], Outcome.hit),
        ("another value", ["X-A"], ["X-A: 1"], ["X-A: 2"], .fetch),
        ("missing then", ["X-A"], ["X-A: 1"], [], .fetch),
        ("missing before", ["X-A"], [], ["X-A: 1"], .fetch),
        ("missing both times", ["X-A"], [], [], .hit),
        ("empty is not missing", ["X-A"], [], ["X-A: "], .fetch),
        ("name without case", ["x-a"], ["X-A: 1"], ["x-A: 1"], .hit),
        ("other fields", ["X-A"], ["X-A: 1", "X-B: 1"], ["X-A: 1", "X-B: 2"], .hit),
        ("two, same", ["X-A, X-B"], ["X-A: 1", "X-B: 2"], ["X-B: 2", "X-A: 1"], .hit),
        ("two, one differs", ["X-A, X-B"], ["X-A: 1", "X-B: 2"], ["X-A: 1", "X-B: 3"], .fetch),
        ("two, exchanged", ["X-A, X-B"], ["X-A: 1", "X-B: 2"], ["X-A: 2", "X-B: 1"], .fetch),
        ("two lines", ["X-A", "X-B"], ["X-A: 1", "X-B: 2"], ["X-A: 1", "X-B: 3"], .fetch),
        ("two lines, same", ["X-A", "X-B"], ["X-A: 1", "X-B: 2"], ["X-A: 1", "X-B: 2"], .hit),
        ("three", ["X-A, X-B", "X-C"], ["X-C: 1"], ["X-C: 2"], .fetch),
        ("empty members", [", X-A,,"], ["X-A: 1"], ["X-A: 1"], .hit),
        ("*", ["*"], ["X-A: 1"], ["X-A: 1"], .fetch),
        ("* in a list", ["X-A, *"], ["X-A: 1"], ["X-A: 1"], .fetch),
        ("* first", ["*, X-A"], ["X-A: 1"], ["X-A: 1"], .fetch),
        ("* in a second line", ["X-A", "*"], ["X-A: 1"], ["X-A: 1"], .fetch),
        ("empty", [""], ["X-A: 1"], ["X-A: 2"], .hit),
        ("spaces at commas", ["X-A"], ["X-A: 1, 2"], ["X-A: 1,2"], .hit),
        ("spaces around", ["X-A"], ["X-A:  1 "], ["X-A: 1"], .hit),
        ("lines joined", ["X-A"], ["X-A: 1", "X-A: 2"], ["X-A: 1, 2"], .hit),
        ("order of members", ["X-A"], ["X-A: 1, 2"], ["X-A: 2, 1"], .fetch),
        ("case of values", ["X-A"], ["X-A: a"], ["X-A: A"], .fetch),
        ("spaces inside", ["X-A"], ["X-A: a b"], ["X-A: ab"], .fetch),
        ("spaces in quotes", ["X-A"], ["X-A: \"a, b\""], ["X-A: \"a,b\""], .fetch),
        (
          "languages by case", ["Accept-Language"], ["Accept-Language: en, de"],
          ["Accept-Language: EN,DE"], .hit
        ),
        (
          "languages by order", ["Accept-Language"], ["Accept-Language: en, de"],
          ["Accept-Language: de, en"], .fetch
        ),
        ("Cookie", ["Cookie"], ["Cookie: a=1"], ["Cookie: a=2"], .fetch),
        ("Origin", ["Origin"], ["Origin: http://a"], ["Origin: http://b"], .fetch),
        ("Host", ["Host"], ["Host: example.com"], ["Host: example.com"], .hit),
        ("Range does not reach it", ["X-A"], ["X-A: 1"], ["X-A: 1", "X-Z: 2"], .hit),
      ] as [(String, [String], [String], [String], Outcome)] {
        row(name) {
          let answer = Answer(fields: [Self.fresh] + vary.map { "Vary: " + $0 })
          let (result, _) = try cache.second(answer, first: first, then: then)
          #expect(result == outcome, "\(name)")
        }
      }
    }
  }

  @Test("variants live beside one another, each with its own content")
  func variants() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh, "Vary: X-A"))
      var bodies: [String] = []
      for value in ["1", "2", "3"] { bodies.append(try cache.get(path, "X-A: " + value).text) }
      #expect(Set(bodies).count == 3)
      for (index, value) in ["1", "2", "3"].enumerated() {
        let (outcome, response) = try cache.outcome(path, ["X-A: " + value])
        #expect(outcome == .hit && response.text == bodies[index])
        #expect(response["Vary"] == "X-A")
      }
      let miss = try cache.get(path, "X-A: 4")
      #expect(miss["Cache-Status"]?.contains("fwd=vary-miss") == true)
    }
  }

  @Test("a response with another Vary is for the requests that it is for")
  func changingVary() throws {
    try withCache { cache in
      // The newest that fits counts (section 4.1).
      let path = cache.path(
        Answer(Self.fresh, "Vary: X-A"), Answer(Self.fresh, "Vary: X-B"), Answer(Self.fresh))
      try cache.get(path, "X-A: 1", "X-B: 1")
      try cache.get(path, "X-A: 2", "X-B: 1")
      let (outcome, response) = try cache.outcome(path, ["X-A: 1", "X-B: 1"])
      #expect(outcome == .hit && response.text == "\(path) 2", "\(response.text)")
      let (older, first) = try cache.outcome(path, ["X-A: 1", "X-B: 2"])
      #expect(older == .hit && first.text == "\(path) 1")
      // One without Vary is for all.
      let (third, _) = try cache.outcome(path, ["X-A: 3", "X-B: 3"])
      #expect(third == .fetch)
      let (all, last) = try cache.outcome(path, ["X-A: 9", "X-B: 9"])
      #expect(all == .hit && last.text == "\(path) 3")
    }
  }

  @Test("each variant is validated with its own validator, and conditions are per variant")
  func validation() throws {
    try withCache { cache in
      let path = cache.path(
        Answer(Self.fresh, "Vary: X-A", "ETag: \"one\""),
        Answer(Self.fresh, "Vary: X-A", "ETag: \"two\""))
      try cache.get(path, "X-A: 1")
      try cache.get(path, "X-A: 2")
      for (value, tag) in [("1", "\"one\""), ("2", "\"two\"")] {
        let same = try cache.get(path, "X-A: " + value, "If-None-Match: " + tag)
        #expect(same.status == 304)
        let other = try cache.get(path, "X-A: " + value, "If-None-Match: \"three\"")
        #expect(other.status == 200)
      }
      let crossed = try cache.get(path, "X-A: 1", "If-None-Match: \"two\"")
      #expect(crossed.status == 200)
      #expect(cache.count(path) == 2)
      for (value, tag) in [("1", "\"one\""), ("2", "\"two\"")] {
        try cache.get(path, "X-A: " + value, "Cache-Control: no-cache")
        #expect(cache.lastRequest(path)["If-None-Match"] == tag)
      }
    }
  }

  @Test("a field that the proxy does not pass on cannot select a response")
  func notPassedOn() throws {
    try withCache { cache in
      let path = cache.path(Answer(Self.fresh, "Vary: X-A"))
      // The backend never sees X-A of this request: its answer must not be X-A's.
      try cache.get(path, "X-A: 1", "Connection: X-A")
      let (outcome, _) = try cache.outcome(path, ["X-A: 1"])
      #expect(outcome == .fetch)
    }
  }

  @Test("an error, or what is not stored, leaves other variants alone")
  func others() throws {
    try withCache { cache in
      for answer in [Answer(status: "503 X"), Answer("Cache-Control: no-store", "Vary: X-A")] {
        let path = cache.path(Answer(Self.fresh, "Vary: X-A"), answer)
        let first = try cache.get(path, "X-A: 1")
        try cache.get(path, "X-A: 2")
        let (outcome, response) = try cache.outcome(path, ["X-A: 1"])
        #expect(outcome == .hit && response.text == first.text)
      }
    }
  }
}
