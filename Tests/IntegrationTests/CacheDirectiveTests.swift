import Testing

/// How `Cache-Control` of responses is read (RFC 9111 section 5.2), and `CDN-Cache-Control`
/// (RFC 9213), told by what becomes of a second request right after the first.
@Suite("Cache: directives of responses") struct CacheDirectiveTests {
  @Test("the forms that Cache-Control comes in")
  func forms() throws {
    try withCache { cache in
      func control(_ values: String...) -> Answer {
        Answer(fields: values.map { "Cache-Control: " + $0 })
      }
      let wrong = expectOutcomes(
        cache,
        [
          ("upper case", control("MAX-AGE=3600"), .hit),
          ("mixed case", control("mAx-aGe=3600"), .hit),
          ("name in capitals", Answer("CACHE-CONTROL: max-age=3600"), .hit),
          ("quoted", control("max-age=\"3600\""), .hit),
          ("quoted, 0", control("max-age=\"0\""), .fetch),
          ("single quotes", control("max-age='3600'"), .fetch),
          ("leading zeros", control("max-age=003600"), .hit),
          ("a fraction", control("max-age=3600.0"), .fetch),
          ("a fraction with a comma", control("max-age=0,5"), .fetch),
          ("letters behind", control("max-age=3600a"), .fetch),
          ("letters", control("max-age=abc"), .fetch),
          ("negative", control("max-age=-3600"), .fetch),
          ("plus", control("max-age=+3600"), .fetch),
          ("empty", control("max-age="), .fetch),
          ("none", control("max-age"), .fetch),
          ("space before =", control("max-age =3600"), .fetch),
          ("space after =", control("max-age= 3600"), .fetch),
          ("2^31", control("max-age=2147483648"), .hit),
          ("2^32", control("max-age=4294967296"), .hit),
          ("2^63", control("max-age=9223372036854775808"), .hit),
          ("2^64", control("max-age=18446744073709551616"), .hit),
          ("100 digits", control("max-age=" + String(repeating: "9", count: 100)), .hit),
          ("duplicate, less first", control("max-age=0, max-age=3600"), .fetch),
          ("duplicate, less last", control("max-age=3600, max-age=0"), .fetch),
          ("duplicate, the same", control("max-age=3600, max-age=3600"), .hit),
          ("two lines", control("max-age=3600", "max-age=0"), .fetch),
          ("two lines that add up", control("public", "max-age=3600"), .hit),
          ("s-maxage quoted", control("s-maxage=\"3600\""), .hit),
          ("empty members", control(",, max-age=3600 ,,"), .hit),
          ("no space", control("public,max-age=3600"), .hit),
          ("tabs", control("public,\tmax-age=3600"), .hit),
          ("semicolons", control("public; max-age=3600"), .fetch),
          ("unknown", control("foo, max-age=3600, bar=\"a, b\""), .hit),
          ("unknown with 0", control("max-age=3600, foo=0"), .hit),
          ("in another's quotes", control("foo=\"max-age=3600\""), .fetch),
          ("0 in another's quotes", control("max-age=3600, foo=\"no-store, max-age=0\""), .hit),
          ("escaped quote", control("foo=\"a\\\", no-store\", max-age=3600"), .hit),
          ("longer name", control("xmax-age=3600"), .fetch),
          ("longer name behind", control("max-agex=3600"), .fetch),
          ("no-store in a name", control("max-age=3600, no-storex"), .hit),
          ("quotes that do not end", control("foo=\"bar, max-age=3600"), .fetch),
          ("... before no-store", control("max-age=3600, foo=\"bar, no-store"), .fetch),
          ("empty field", control(""), .fetch),
        ])
      #expect(wrong == [])
    }
  }

  @Test("no-store, private, no-cache, must-understand (section 5.2.2)")
  func restrictions() throws {
    try withCache { cache in
      let tag = "ETag: \"a\""
      func control(_ values: String..., and more: String...) -> Answer {
        Answer(fields: values.map { "Cache-Control: " + $0 } + more)
      }
      let wrong = expectOutcomes(
        cache,
        [
          ("no-store", control("no-store", and: tag), .fetch),
          ("no-store, max-age", control("no-store, max-age=60", and: tag), .fetch),
          ("max-age, no-store", control("max-age=60, no-store"), .fetch),
          ("in a line of its own", control("max-age=60", "no-store"), .fetch),
          ("No-StOrE", control("No-StOrE, max-age=60"), .fetch),
          ("no-store with Expires", control("no-store", and: "Expires: @+60"), .fetch),
          ("no-store=1", control("no-store=1, max-age=60"), .fetch),
          ("private", control("private, max-age=60", and: tag), .fetch),
          ("private with s-maxage", control("private, s-maxage=60"), .fetch),
          ("public, private", control("public, private, max-age=60"), .fetch),
          ("PRIVATE", control("PRIVATE, max-age=60"), .fetch),
          ("private with a field", control("private=\"x-a\", max-age=60"), .hit),
          ("private with nothing", control("private=\"\", max-age=60"), .fetch),
          ("private with no names", control("private=\"a b\", max-age=60"), .fetch),
          ("private both ways", control("private, private=\"x\", max-age=60"), .fetch),
          ("no-cache", control("no-cache, max-age=60", and: tag), .validated),
          ("no-cache alone", control("no-cache", and: tag), .validated),
          ("no-cache, Expires", control("no-cache", and: tag, "Expires: @+60"), .validated),
          ("no-cache, no validator", control("no-cache, max-age=60"), .fetch),
          ("NO-CACHE", control("NO-CACHE, max-age=60", and: tag), .validated),
          ("no-cache, s-maxage", control("no-cache, s-maxage=60", and: tag), .validated),
          ("no-cache with a field", control("no-cache=\"x-a\", max-age=60", and: tag), .hit),
          ("no-cache with a token", control("no-cache=x-a, max-age=60", and: tag), .hit),
          ("no-cache both", control("no-cache, no-cache=\"a\", max-age=60", and: tag), .validated),
          ("must-revalidate fresh", control("must-revalidate, max-age=60", and: tag), .hit),
          ("must-revalidate stale", control("must-revalidate, max-age=0", and: tag), .validated),
          ("immutable", control("immutable, max-age=60"), .hit),
          ("immutable alone", control("immutable"), .fetch),
          ("no-transform", control("no-transform, max-age=60"), .hit),
          ("must-understand", control("must-understand, max-age=60"), .hit),
          ("must-understand, no-store", control("must-understand, no-store, max-age=60"), .hit),
          ("Pragma alone", Answer("Pragma: no-cache", tag), .fetch),
          ("Pragma with max-age", control("max-age=60", and: "Pragma: no-cache"), .hit),
          ("Pragma with Expires", Answer("Pragma: no-cache", "Expires: @+60"), .hit),
          ("Surrogate-Control", Answer("Surrogate-Control: max-age=60"), .fetch),
        ])
      #expect(wrong == [])
      // Section 5.2.2.3: the status is not known, so nothing is.
      for control in ["must-understand, max-age=60", "must-understand, no-store, max-age=60"] {
        let (outcome, _) = try cache.second(Answer(status: "299 X", ["Cache-Control: " + control]))
        #expect(outcome == .fetch, "\(control)")
      }
    }
  }

  @Test("fields that private and no-cache name are not stored (sections 5.2.2.4, 5.2.2.7)")
  func namedFields() throws {
    try withCache { cache in
      for control in [
        "private=\"X-Mine, set-cookie\"", "no-cache=\"X-Mine, set-cookie\"", "private=x-mine",
        "no-cache=\"x-Mine\", private=\"Set-Cookie\"",
      ] {
        row(control) {
          let hasCookie = control.lowercased().contains("set-cookie")
          let answer = Answer(
            fields: ["Cache-Control: max-age=60, " + control, "X-Mine: 1", "X-Ours: 2"]
              + (hasCookie ? ["Set-Cookie: a=b"] : []))
          let path = cache.path(answer)
          try cache.get(path)
          let (outcome, response) = try cache.outcome(path)
          #expect(outcome == .hit)
          #expect(response["X-Mine"] == nil && response["Set-Cookie"] == nil, "\(control)")
          #expect(response["X-Ours"] == "2" && response["Cache-Control"] != nil)
        }
      }
    }
  }

  @Test("Set-Cookie is not stored, unless the option says so")
  func cookies() throws {
    let answer = Answer("Cache-Control: max-age=60", "Set-Cookie: a=b", "Set-Cookie: c=d")
    try withCache { cache in
      let (outcome, response) = try cache.second(answer)
      #expect(outcome == .fetch)
      #expect(response.all("Set-Cookie") == ["a=b", "c=d"])
    }
    try withCache("store_set_cookie: on") { cache in
      let (outcome, response) = try cache.second(answer)
      #expect(outcome == .hit)
      #expect(response.all("Set-Cookie") == ["a=b", "c=d"])
    }
  }

  @Test("CDN-Cache-Control stands for Cache-Control and Expires (RFC 9213 section 2.2)")
  func targeted() throws {
    try withCache { cache in
      func cdn(_ values: String..., and more: String...) -> Answer {
        Answer(fields: values.map { "CDN-Cache-Control: " + $0 } + more)
      }
      let short = "Cache-Control: max-age=0"
      let long = "Cache-Control: max-age=60"
      let none = "Cache-Control: no-store"
      let tag = "ETag: \"a\""
      let wrong = expectOutcomes(
        cache,
        [
          ("alone", cdn("max-age=60"), .hit),
          ("longer", cdn("max-age=60", and: short), .hit),
          ("shorter", cdn("max-age=0", and: long), .fetch),
          ("against no-store", cdn("max-age=60", and: none), .hit),
          ("against private", cdn("max-age=60", and: "Cache-Control: private"), .hit),
          ("against Expires", cdn("max-age=60", and: "Expires: 0"), .hit),
          ("Expires does not count", cdn("public", and: "Expires: @+60"), .fetch),
          ("no-store", cdn("no-store", and: long), .fetch),
          ("no-store, max-age", cdn("max-age=60, no-store"), .fetch),
          ("private", cdn("private, max-age=60", and: long), .fetch),
          ("no-cache", cdn("no-cache", and: long, tag), .validated),
          ("s-maxage", cdn("max-age=0, s-maxage=60"), .hit),
          ("Age counts", cdn("max-age=60", and: "Age: 90"), .fetch),
          ("unknown", cdn("foo, max-age=60;a=b, bar=(1 2)"), .hit),
          ("the last of two", cdn("max-age=0, max-age=60"), .hit),
          ("two lines", cdn("max-age=0", "max-age=60"), .hit),
          ("no-store taken back", cdn("no-store, no-store=?0, max-age=60"), .hit),
          ("empty: Cache-Control", cdn("", and: long), .hit),
          ("empty: Cache-Control, 0", cdn("", and: short), .fetch),
          ("not a dictionary", cdn("max-age=60,", and: short), .fetch),
          ("quotes do not end", cdn("a=\"b, max-age=60", and: long), .hit),
          ("upper case is none", cdn("MAX-AGE=60", and: short), .fetch),
          ("a string is no number", cdn("max-age=\"60\"", and: long), .fetch),
          ("a fraction is no number", cdn("max-age=60.0", and: long), .fetch),
          ("negative", cdn("max-age=-60", and: long), .fetch),
          ("too large: no dictionary", cdn("max-age=9999999999999999", and: short), .fetch),
          ("large", cdn("max-age=999999999999999"), .hit),
        ])
      #expect(wrong == [])
    }
  }

  @Test("CDN-Cache-Control is dropped or passed, stored and not")
  func targetedPassed() throws {
    for (option, isThere) in [("drop", false), ("pass", true)] {
      try withCache("cdn_cache_control: \(option)") { cache in
        for value in ["max-age=60", "no-store"] {
          let answer = Answer("CDN-Cache-Control: \(value)", "cdn-cache-control: x=1")
          let path = cache.path(answer)
          for turn in 1...2 {
            let response = try cache.get(path)
            let expected = isThere ? [value, "x=1"] : []
            #expect(response.all("CDN-Cache-Control") == expected, "\(option) \(value) \(turn)")
          }
        }
      }
    }
  }

  @Test("requests with credentials: only what says so is stored (section 3.5)")
  func authorization() throws {
    try withCache { cache in
      let who = ["Authorization: Basic YTpi"]
      for (control, outcome) in [
        ("max-age=60", Outcome.fetch), ("public, max-age=60", .hit), ("s-maxage=60", .hit),
        ("must-revalidate, max-age=60", .hit), ("max-age=60, proxy-revalidate", .fetch),
        ("private, max-age=60", .fetch), ("no-store, public", .fetch),
        ("no-cache, max-age=60", .fetch),
      ] {
        row(control) {
          let answer = Answer("Cache-Control: " + control)
          try expectSame(cache.second(answer, first: who, then: who).0, outcome, "\(control)")
          try expectSame(cache.second(answer, first: who).0, outcome, "\(control), for others")
        }
      }
      // What was stored for all is for them, too.
      let open = Answer("Cache-Control: max-age=60")
      try expectSame(cache.second(open, then: who).0, .hit)
      let expires = Answer("Expires: @+60")
      try expectSame(cache.second(expires, first: who, then: who).0, .fetch)
    }
  }
}
