import Foundation
import Testing

private let caching = routing(
  "- { to: app, cache: c, compress: on }", "caches: { c: { memory: 16MiB } }")
private let long = String(repeating: "some text ", count: 8000)

private func request(_ fields: [String], _ target: String = "/") -> String {
  request("GET", fields, target)
}
private func request(_ method: String, _ fields: [String], _ target: String = "/") -> String {
  head(["\(method) \(target) HTTP/1.1", "Host: a"] + fields)
}
private let gzip = "Accept-Encoding: gzip"

/// Answers with the fields and the body that a test wants, good for an hour; 304 to whoever asks
/// with the `ETag` that it names.
private func answering(_ fields: String..., body: String = long) -> Origin.Script {
  .serving { request, _ in
    let fields = ["Cache-Control: max-age=3600"] + fields
    let tag = fields.first { $0.hasPrefix("ETag: ") }?.dropFirst(6)
    if let asked = request["If-None-Match"], let tag, asked == tag {
      return head(["HTTP/1.1 304 Not Modified"] + fields)
    }
    return head(["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)"] + fields)
      + (request.method == "HEAD" ? "" : body)
  }
}

private func next(_ counter: Locked<Int>) -> Int {
  counter.withLock {
    $0 += 1
    return $0
  }
}

private func lines(_ response: Message) -> [String] {
  response.fields.filter { $0.name != "Date" && $0.name != "Age" && $0.name != "Cache-Status" }
    .map(\.description).sorted()
}

@Suite("The cache: which form of a response, and what its head says")
struct CacheCompressionRuleTests {
  private func content(_ response: Message) throws -> String {
    response["Content-Encoding"] == "gzip"
      ? try Gunzip.decode(response.body).text : response.text
  }

  private func content(of request: String, _ scene: Scene) throws -> String {
    let response = try scene.exchange(request)
    return try content(response)
  }

  @Test("each form has its own fields")
  func fields() throws {
    let script = answering(
      "Content-Type: text/html; charset=utf-8", "ETag: \"a,b\"", "Accept-Ranges: bytes",
      "Content-MD5: Q2hlY2s=", "Repr-Digest: sha-256=:abc:", "X-Other: 1")
    try withScene(script, config: caching) { scene in
      _ = try scene.exchange(request([gzip]))
      for _ in 1...2 {
        let packed = try scene.exchange(request([gzip]))
        #expect(
          lines(packed) == [
            "Cache-Control: max-age=3600", "Content-Encoding: gzip",
            "Content-Length: \(packed.body.count)", "Content-Type: text/html; charset=utf-8",
            "ETag: W/\"a,b\"", "Vary: Accept-Encoding", "X-Other: 1",
          ])
        #expect(try content(packed) == long)
        let plain = try scene.exchange(request([]))
        #expect(
          lines(plain) == [
            "Accept-Ranges: bytes", "Cache-Control: max-age=3600", "Content-Length: \(long.count)",
            "Content-MD5: Q2hlY2s=", "Content-Type: text/html; charset=utf-8", "ETag: \"a,b\"",
            "Repr-Digest: sha-256=:abc:", "Vary: Accept-Encoding", "X-Other: 1",
          ])
        #expect(plain.text == long)
      }
      try scene.origin.waitForRequests(1)
    }
  }

  @Test("HEAD gets the head that GET would get")
  func head() throws {
    try withScene(answering("Content-Type: text/html", "ETag: \"x\""), config: caching) { scene in
      for asked in [[gzip], []] {
        let got = try scene.exchange(request(asked))
        let client = try scene.client()
        try client.send(request("HEAD", asked))
        let head = try client.response(to: "HEAD")
        let hit = try scene.exchange(request(asked))
        #expect(got.text.count > 0 && lines(head) == lines(hit))
      }
      // No GET has asked for the compressed form of this one: its length is not known.
      _ = try scene.exchange(request([], "/other"))
      let client = try scene.client()
      try client.send(request("HEAD", [gzip], "/other") + request([gzip], "/other"))
      let head = try client.response(to: "HEAD")
      #expect(head["Content-Encoding"] == "gzip" && head["Content-Length"] == nil)
      let next = try client.response()
      #expect(try content(next) == long)
    }
  }

  @Test("a client's conditions match either form, and its 304 speaks of the one that it would get")
  func conditions() throws {
    try withScene(answering("Content-Type: text/html", "ETag: \"x\""), config: caching) { scene in
      _ = try scene.exchange(request([gzip]))
      for tag in ["\"x\"", "W/\"x\"", "\"y\", W/\"x\"", "*"] {
        for (asked, expected) in [([gzip], "W/\"x\""), ([], "\"x\"")] {
          let response = try scene.exchange(request(asked + ["If-None-Match: \(tag)"]))
          #expect(response.status == 304)
          #expect(response.all("ETag") == [expected])
          #expect(response.all("Vary") == ["Accept-Encoding"])
          #expect(response["Content-Encoding"] == nil)
        }
      }
      #expect(try scene.exchange(request([gzip, "If-None-Match: \"y\""])).status == 200)
    }
  }

  @Test("a range is one of the content as it is")
  func ranges() throws {
    try withScene(answering("Content-Type: text/html", "ETag: \"x\""), config: caching) { scene in
      _ = try scene.exchange(request([gzip]))
      let part = try scene.exchange(request([gzip, "Range: bytes=5-8"]))
      #expect(part.status == 206 && part.text == "text" && part["Content-Encoding"] == nil)
      #expect(part["ETag"] == "\"x\"" && part["Vary"] == "Accept-Encoding")
      let same = try scene.exchange(request([gzip, "Range: bytes=5-8", "If-Range: \"x\""]))
      #expect(same.status == 206)
      // A weak tag is of no use for a part.
      let whole = try scene.exchange(request([gzip, "Range: bytes=5-8", "If-Range: W/\"x\""]))
      #expect(whole.status == 200)
      #expect(try content(whole) == long)
    }
  }

  @Test("only clients that take gzip gladly get it")
  func negotiation() throws {
    try withScene(answering("Content-Type: text/html"), config: caching) { scene in
      let rows: [([String], Bool)] = [
        (["Accept-Encoding: gzip, deflate, br, zstd"], true), (["Accept-Encoding: *"], true),
        (["Accept-Encoding: br", "Accept-Encoding: x-gzip;q=0.1"], true),
        (["Accept-Encoding: gzip;q=0"], false), (["Accept-Encoding: br"], false),
        (["Accept-Encoding: gzip;q=0.5, identity"], false), (["Accept-Encoding: ;"], false),
        ([], false),
        ([gzip, "Cache-Control: no-transform"], false),
      ]
      for (asked, isPacked) in rows {
        let response = try scene.exchange(request(asked))
        #expect((response["Content-Encoding"] == "gzip") == isPacked, "\(asked)")
        #expect(response["Vary"] == "Accept-Encoding", "\(asked)")
        #expect(try content(response) == long, "\(asked)")
      }
      let old = try scene.client()
      try old.send("GET / HTTP/1.0\r\nHost: a\r\n\(gzip)\r\n\r\n")
      #expect(try old.response()["Content-Encoding"] == nil)
    }
  }

  @Test(
    "what is not worth it, or may not be changed, is stored and served as it came",
    arguments: [
      ["Content-Type: image/png"], ["Content-Type: text/event-stream"],
      ["Content-Type: text/html", "Cache-Control: no-transform"],
      ["Content-Type: text/html", "Content-Encoding: br"],
    ])
  func notCompressed(_ fields: [String]) throws {
    let script = Origin.Script.serving { _, _ in
      IntegrationTests.head(
        ["HTTP/1.1 200 OK", "Content-Length: \(long.count)", "Cache-Control: max-age=60"] + fields)
        + long
    }
    try withScene(script, config: caching) { scene in
      for _ in 1...2 {
        let response = try scene.exchange(request([gzip]))
        #expect(response.text == long && response["Vary"] == nil)
        #expect(response["Content-Encoding"] != "gzip")
      }
    }
  }

  @Test("variants that the backend has compressed itself pass through")
  func precompressed() throws {
    let script = Origin.Script.serving { request, _ in
      let coding = request["Accept-Encoding"].map { _ in ["Content-Encoding: gzip"] } ?? []
      return IntegrationTests.head(
        ["HTTP/1.1 200 OK", "Content-Type: text/html", "Content-Length: 2000"]
          + ["Cache-Control: max-age=60", "Vary: Accept-Encoding"] + coding)
        + String(repeating: coding.isEmpty ? "i" : "z", count: 2000)
    }
    try withScene(script, config: caching) { scene in
      for _ in 1...2 {
        let packed = try scene.exchange(request([gzip]))
        #expect(packed.all("Content-Encoding") == ["gzip"])
        #expect(packed.text == String(repeating: "z", count: 2000))
        #expect(packed.all("Vary") == ["Accept-Encoding"])
        let plain = try scene.exchange(request([]))
        #expect(plain.text == String(repeating: "i", count: 2000))
        #expect(plain["Content-Encoding"] == nil && plain.all("Vary") == ["Accept-Encoding"])
      }
    }
  }

  @Test(
    "Vary of the backend stays, and is not added to twice", arguments: ["X-A", "accept-encoding"])
  func vary(_ name: String) throws {
    let script = answering("Content-Type: text/html", "Vary: \(name)", "ETag: \"x\"")
    try withScene(script, config: caching) { scene in
      let expected = name == "X-A" ? ["X-A", "Accept-Encoding"] : [name]
      for asked in [[gzip], [], [gzip]] {
        let response = try scene.exchange(request(asked))
        #expect(response.all("Vary") == expected)
        let validated = try scene.exchange(request(asked + ["If-None-Match: \"x\""]))
        #expect(validated.status == 304 && validated.all("Vary") == expected)
      }
    }
  }

  @Test("a validated response keeps its compressed form")
  func revalidation() throws {
    try withScene(answering("Content-Type: text/html", "ETag: \"x\""), config: caching) { scene in
      let first = try scene.exchange(request([gzip]))
      #expect(first.framing == .chunked)
      for number in 1...3 {
        let response = try scene.exchange(request([gzip, "Cache-Control: no-cache"]))
        #expect(response["Cache-Status"]?.contains("fwd-status=304") == true)
        // Were it made anew, it would come in chunks.
        #expect(response.framing == .length(first.body.count) && response.body == first.body)
        #expect(response.all("ETag") == ["W/\"x\""])
        #expect(response.all("Vary") == ["Accept-Encoding"])
        let plain = try scene.exchange(request([]))
        #expect(plain.text == long && plain.all("ETag") == ["\"x\""])
        #expect(plain.all("Vary") == ["Accept-Encoding"])
        try scene.origin.waitForRequests(1 + number)
      }
      #expect(scene.origin.request(1)["If-None-Match"] == "\"x\"")
    }
  }

  @Test("both forms go when the response does")
  func invalidation() throws {
    let version = Locked(0)
    let script = Origin.Script.serving { request, _ in
      if request.method == "POST" { return ok() }
      let body = "\(next(version))" + long
      return IntegrationTests.head(
        "HTTP/1.1 200 OK", "Content-Type: text/html", "Cache-Control: max-age=60",
        "Content-Length: \(body.utf8.count)") + body
    }
    try withScene(script, config: caching) { scene in
      for number in 1...3 {
        for asked in [[gzip], [], [gzip]] {
          let text = try content(of: request(asked), scene)
          #expect(text == "\(number)" + long)
        }
        #expect(try scene.exchange(request("POST", ["Content-Length: 0"])).status == 200)
      }
    }
  }

  @Test("edits of the route apply to both forms; a response that may not be stored is packed once")
  func edits() throws {
    let config = routing(
      "- { to: app, cache: c, compress: on, response_headers: { set: { X-Added: '1' } } }",
      "caches: { c: { memory: 16MiB } }")
    let script = Origin.Script.serving { request, _ in
      let control = request.target == "/" ? "max-age=60" : "no-store"
      return IntegrationTests.head(
        "HTTP/1.1 200 OK", "Content-Type: text/html", "Cache-Control: \(control)",
        "Content-Length: \(long.utf8.count)") + long
    }
    try withScene(script, config: config) { scene in
      for target in ["/", "/private"] {
        for asked in [[gzip], [gzip], []] {
          let response = try scene.exchange(request(asked, target))
          #expect(response["X-Added"] == "1")
          #expect(response.all("Content-Encoding") == asked.map { _ in "gzip" })
          #expect(response.all("Vary") == ["Accept-Encoding"])
          #expect(try content(response) == long)
        }
      }
    }
  }

  @Test("a route on the same cache that does not compress sends what is stored")
  func otherRoute() throws {
    let config = routing(
      "- { to: app, cache: c, compress: on }", "caches: { c: { memory: 16MiB } }")
    try withScene(answering("Content-Type: text/html", "ETag: \"x\""), config: config) { scene in
      #expect(try content(of: request([gzip]), scene) == long)
      let without = config.replacing(", compress: on", with: "")
        .replacing("$0", with: scene.origin.address)
      #expect(try scene.proxy.reload(without))
      let plain = try scene.exchange(request([gzip]))
      #expect(plain["Content-Encoding"] == nil && plain["Vary"] == nil && plain.text == long)
      #expect(plain["Cache-Status"]?.contains("; hit") == true)
      #expect(try scene.proxy.reload(without.replacing("cache: c", with: "cache: c, compress: on")))
      #expect(try scene.exchange(request([gzip]))["Content-Encoding"] == "gzip")
    }
  }
}
