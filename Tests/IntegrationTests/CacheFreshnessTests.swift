import Testing

/// For how long a response is fresh (RFC 9111 section 4.2), told by what becomes of a second
/// request right after the first.
@Suite("Cache: freshness") struct CacheFreshnessTests {
  @Test("max-age, s-maxage, Expires, Date and Age decide (sections 4.2.1, 4.2.3, 5.3)")
  func sources() throws {
    try withCache { cache in
      let wrong = expectOutcomes(
        cache,
        [
          ("max-age", Answer("Cache-Control: max-age=3600"), .hit),
          ("max-age of 0", Answer("Cache-Control: max-age=0"), .fetch),
          ("s-maxage", Answer("Cache-Control: s-maxage=3600"), .hit),
          ("s-maxage over max-age", Answer("Cache-Control: max-age=0, s-maxage=60"), .hit),
          ("s-maxage over max-age, less", Answer("Cache-Control: max-age=60, s-maxage=0"), .fetch),
          ("s-maxage over Expires", Answer("Cache-Control: s-maxage=60", "Expires: @-60"), .hit),
          ("max-age over Expires", Answer("Cache-Control: max-age=60", "Expires: @-60"), .hit),
          ("max-age 0 over Expires", Answer("Cache-Control: max-age=0", "Expires: @+60"), .fetch),
          ("max-age over Expires: 0", Answer("Cache-Control: max-age=60", "Expires: 0"), .hit),
          ("Expires to come", Answer("Expires: @+3600"), .hit),
          ("Expires passed", Answer("Expires: @-3600"), .fetch),
          ("Expires now", Answer("Expires: @+0"), .fetch),
          ("Expires of Date", Answer("Date: @-100", "Expires: @-100"), .fetch),
          ("Expires after an old Date", Answer("Date: @-3600", "Expires: @-1800"), .fetch),
          ("Expires after a fast Date", Answer("Date: @+3600", "Expires: @+3500"), .fetch),
          ("Expires, Date missing", Answer("Expires: @+3600").withoutDate, .hit),
          ("max-age, Date missing", Answer("Cache-Control: max-age=60").withoutDate, .hit),
          ("Age below", Answer("Cache-Control: max-age=3600", "Age: 1800"), .hit),
          ("Age beyond", Answer("Cache-Control: max-age=3600", "Age: 7200"), .fetch),
          ("Age equal", Answer("Cache-Control: max-age=3600", "Age: 3600"), .fetch),
          ("Age and Expires", Answer("Expires: @+3600", "Age: 7200"), .fetch),
          ("Age and Expires, below", Answer("Expires: @+3600", "Age: 1800"), .hit),
          ("Age and s-maxage", Answer("Cache-Control: s-maxage=60", "Age: 90"), .fetch),
          // Where `Age` can be trusted it alone counts; see `Freshness.initialAge`.
          ("an old Date", Answer("Cache-Control: max-age=60", "Date: @-100"), .hit),
          (
            "an old Date of another proxy",
            Answer("Cache-Control: max-age=60", "Date: @-100", "Via: 1.0 a"), .fetch
          ),
          (
            "not so old", Answer("Cache-Control: max-age=200", "Date: @-100", "Via: 1.0 a"), .hit
          ),
          (
            "an old Date with an Age",
            Answer("Cache-Control: max-age=60", "Date: @-100", "Age: 5", "Via: 1.1 a"), .hit
          ),
          ("an old Date and a guess", Answer("Date: @-100", "Last-Modified: @-500"), .validated),
          ("Date to come", Answer("Cache-Control: max-age=60", "Date: @+1000"), .hit),
          ("Date is none", Answer("Cache-Control: max-age=60", "Date: yesterday"), .hit),
          ("Age beats Date", Answer("Cache-Control: max-age=60", "Date: @+0", "Age: 90"), .fetch),
          ("nothing said", Answer("X-A: b"), .fetch),
        ])
      #expect(wrong == [])
    }
  }

  @Test("Age: the first of several, none that is no number (section 5.1)")
  func ages() throws {
    try withCache { cache in
      func aged(_ lines: String...) -> Answer {
        Answer(fields: ["Cache-Control: max-age=3600"] + lines)
      }
      let wrong = expectOutcomes(
        cache,
        [
          ("0", aged("Age: 0"), .hit),
          ("huge", aged("Age: 99999999999999999999"), .fetch),
          ("2^31", aged("Age: 2147483648"), .fetch),
          ("2^64", aged("Age: 18446744073709551616"), .fetch),
          ("negative", aged("Age: -7200"), .hit),
          ("a fraction", aged("Age: 7200.0"), .hit),
          ("letters", aged("Age: abc"), .hit),
          ("number and letters", aged("Age: 7200a"), .hit),
          ("empty", aged("Age: "), .hit),
          ("a parameter", aged("Age: 7200;foo=bar"), .hit),
          ("list, old first", aged("Age: 7200, 0"), .fetch),
          ("list, young first", aged("Age: 0, 7200"), .hit),
          ("lines, old first", aged("Age: 7200", "Age: 0"), .fetch),
          ("lines, young first", aged("Age: 0", "Age: 7200"), .hit),
          ("name without case", aged("aGe: 7200"), .fetch),
        ])
      #expect(wrong == [])
    }
  }

  @Test("Expires in each form of a date; what is none has passed (RFC 9110 section 5.6.7)")
  func expires() throws {
    try withCache { cache in
      func at(_ offset: Double, _ format: String) -> Answer {
        Answer("Expires: " + httpDate(offset, as: format))
      }
      let fixed = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      let far = "Expires: Thu, 18 Aug 2050 02:01:18 GMT"
      let wrong = expectOutcomes(
        cache,
        [
          ("fixed", at(600, fixed), .hit),
          ("RFC 850", at(600, "EEEE, dd-MMM-yy HH:mm:ss 'GMT'"), .hit),
          ("RFC 850, passed", at(-600, "EEEE, dd-MMM-yy HH:mm:ss 'GMT'"), .fetch),
          ("asctime", at(600, "EEE MMM d HH:mm:ss yyyy"), .fetch),
          ("far", Answer(far), .hit),
          ("the end of time", Answer("Expires: Fri, 31 Dec 9999 23:59:59 GMT"), .hit),
          ("long past", Answer("Expires: Thu, 01 Jan 1970 00:00:00 GMT"), .fetch),
          ("lower case", Answer("Expires: thu, 18 aug 2050 02:01:18 gMT"), .hit),
          ("wrong weekday", Answer("Expires: Mon, 18 Aug 2050 02:01:18 GMT"), .hit),
          ("0", Answer("Expires: 0"), .fetch),
          ("-1", Answer("Expires: -1"), .fetch),
          ("empty", Answer("Expires: "), .fetch),
          ("a word", Answer("Expires: never"), .fetch),
          ("seconds", Answer("Expires: 4102444800"), .fetch),
          ("zone UTC", Answer("Expires: Thu, 18 Aug 2050 02:01:18 UTC"), .fetch),
          ("zone AEST", Answer("Expires: Thu, 18 Aug 2050 02:01:18 AEST"), .fetch),
          ("an offset", Answer("Expires: Thu, 18 Aug 2050 02:01:18 +0000"), .fetch),
          ("no zone", Answer("Expires: Thu, 18 Aug 2050 02:01:18"), .fetch),
          ("colons missing", Answer("Expires: Thu, 18 Aug 2050 020118 GMT"), .fetch),
          ("hour of one digit", Answer("Expires: Thu, 18 Aug 2050 2:01:18 GMT"), .fetch),
          ("no weekday", Answer("Expires: 18 Aug 2050 02:01:18 GMT"), .fetch),
          ("two spaces", Answer("Expires: Thu,  18 Aug 2050 02:01:18 GMT"), .fetch),
          ("dashes", Answer("Expires: Thu, 18-Aug-2050 02:01:18 GMT"), .fetch),
          ("year of two digits", Answer("Expires: Thu, 18 Aug 50 02:01:18 GMT"), .fetch),
          ("February 30", Answer("Expires: Wed, 30 Feb 2050 02:01:18 GMT"), .fetch),
          ("hour 24", Answer("Expires: Thu, 18 Aug 2050 24:01:18 GMT"), .fetch),
          ("ISO 8601", Answer("Expires: 2050-08-18T02:01:18Z"), .fetch),
          ("text behind it", Answer(far + " x"), .fetch),
          ("two lines, one passed", Answer(far, "Expires: @-60"), .fetch),
          ("two lines, one is none", Answer(far, "Expires: 0"), .fetch),
        ])
      // asctime pads the day with a space, which the format cannot say: its own rows.
      #expect(wrong.filter { !$0.hasPrefix("asctime") } == [])
      let asctime = expectOutcomes(
        cache,
        [
          ("asctime", Answer("Expires: Thu Aug 18 02:01:18 2050"), .hit),
          ("asctime, one digit", Answer("Expires: Tue Aug  2 02:01:18 2050"), .hit),
          ("asctime, past", Answer("Expires: Sun Nov  6 08:49:37 1994"), .fetch),
          ("asctime with a zone", Answer("Expires: Thu Aug 18 02:01:18 2050 GMT"), .fetch),
        ])
      #expect(asctime == [])
    }
  }

  @Test("statuses with explicit freshness are stored (section 3)")
  func explicitStatuses() throws {
    try withCache { cache in
      let rows = [
        200, 203, 204, 299, 300, 301, 302, 303, 305, 307, 308, 399, 400, 404, 405, 410, 414, 429,
        451, 499, 500, 501, 502, 503, 504, 599,
      ]
      for status in rows {
        row("\(status)") {
          let answer = Answer(status: "\(status) X", ["Cache-Control: max-age=3600"])
          let (outcome, response) = try cache.second(answer)
          #expect(outcome == .hit, "\(status)")
          #expect(response.status == status)
          let expires = Answer(status: "\(status) X", ["Expires: @+3600"])
          let (other, _) = try cache.second(expires)
          #expect(other == .hit, "\(status) with Expires")
          let stale = Answer(status: "\(status) X", ["Cache-Control: max-age=60", "Age: 90"])
          let (third, _) = try cache.second(stale)
          #expect(third == .fetch, "\(status), stale")
        }
      }
    }
  }

  @Test("heuristic freshness only for statuses that have it, or with public (section 4.2.2)")
  func heuristics() throws {
    try withCache { cache in
      let modified = "Last-Modified: @-1000000"
      for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        row("\(status)") {
          let (outcome, _) = try cache.second(Answer(status: "\(status) X", [modified]))
          #expect(outcome == .hit, "\(status)")
          let (plain, _) = try cache.second(Answer(status: "\(status) X"))
          #expect(plain == .fetch, "\(status), nothing to guess from")
        }
      }
      for status in [201, 202, 302, 303, 307, 400, 403, 418, 429, 499, 500, 502, 503, 504, 599] {
        row("\(status)") {
          let (outcome, _) = try cache.second(Answer(status: "\(status) X", [modified]))
          #expect(outcome == .fetch, "\(status)")
          let open = Answer(status: "\(status) X", [modified, "Cache-Control: public"])
          let (public_, _) = try cache.second(open)
          #expect(public_ == .hit, "\(status), public")
        }
      }
      let wrong = expectOutcomes(
        cache,
        [
          ("just now", Answer("Last-Modified: @+0"), .validated),
          ("a share that has passed", Answer("Last-Modified: @-1000", "Age: 200"), .validated),
          ("a share that has not", Answer("Last-Modified: @-10000", "Age: 200"), .hit),
          ("at most a day", Answer("Last-Modified: @-99999999", "Age: 90000"), .validated),
          ("to come", Answer("Last-Modified: @+1000"), .validated),
          ("no date", Answer("Last-Modified: yesterday"), .fetch),
          ("max-age instead", Answer(modified, "Cache-Control: max-age=0"), .validated),
          ("Expires instead", Answer(modified, "Expires: @-1"), .validated),
          ("Pragma against it", Answer(modified, "Pragma: no-cache"), .fetch),
          ("with unknown directives", Answer(modified, "Cache-Control: foo, bar=1"), .hit),
        ])
      #expect(wrong == [])
    }
  }

  @Test("heuristics and defaults are by option")
  func options() throws {
    try withCache("heuristic: 0%") { cache in
      let (outcome, _) = try cache.second(Answer("Last-Modified: @-1000000"))
      #expect(outcome == .fetch)
    }
    try withCache("default_ttl: 60s") { cache in
      let rows: [(String, Answer, Outcome)] = [
        ("200", Answer("X-A: b"), .hit), ("404", Answer(status: "404 X"), .hit),
        ("500", Answer(status: "500 X"), .fetch), ("302", Answer(status: "302 X"), .fetch),
        ("said otherwise", Answer("Cache-Control: max-age=0"), .fetch),
        ("no-store", Answer("Cache-Control: no-store"), .fetch),
        ("private", Answer("Cache-Control: private"), .fetch),
        ("Expires passed", Answer("Expires: 0"), .fetch),
        ("older than that", Answer("Age: 90"), .fetch),
      ]
      #expect(expectOutcomes(cache, rows.map { (name: $0.0, answer: $0.1, outcome: $0.2) }) == [])
    }
  }

  @Test("Age of a hit is the age that it came with, and grows (sections 4.2.3, 5.1)")
  func generatedAge() throws {
    try withCache { cache in
      for (fields, least) in [
        (["Age: 30"], 30), (["Age: 30, 90"], 30), ([], 0), (["Date: @-500"], 0),
        (["Date: @-500", "Via: 1.0 a"], 500), (["Date: @-500", "Age: 600"], 600),
        (["Date: @-500", "Age: 400"], 400),
        (["Date: @+500"], 0), (["Age: abc"], 0),
      ] {
        row("\(fields)") {
          let answer = Answer(fields: ["Cache-Control: max-age=3600"] + fields)
          let (outcome, response) = try cache.second(answer)
          #expect(outcome == .hit)
          let age = response.all("Age").compactMap { Int($0) }
          #expect(age.count == 1 && age[0] >= least && age[0] <= least + 3, "\(fields): \(age)")
          #expect(response.all("Date").count == 1)
        }
      }
      // A second later it is one more.
      let path = cache.path(Answer("Cache-Control: max-age=3600", "Age: 30"))
      try cache.get(path)
      let first = try cache.get(path)["Age"].flatMap { Int($0) } ?? 0
      try wait(for: "a larger Age", within: 3) {
        try cache.get(path)["Age"].flatMap { Int($0) } ?? 0 > first
      }
      #expect(cache.count(path) == 1)
    }
  }

  @Test("what was fresh becomes stale by itself")
  func ends() throws {
    // Else a hot one is fetched anew before that, and never ends.
    try withCache("early_refresh: off") { cache in
      let path = cache.path(Answer("Cache-Control: max-age=3602", "Age: 3600", "ETag: \"a\""))
      try cache.get(path)
      try expectSame(cache.outcome(path).0, .hit)
      try wait(for: "the end of freshness", within: 5) { try cache.outcome(path).0 == .validated }
    }
  }
}
