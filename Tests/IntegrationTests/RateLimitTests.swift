import Foundation
import Testing

/// Rates of routes on the wire. Where time must not matter they are per hour: nothing comes back
/// while a test runs.
@Suite("Rate limits", .serialized) struct RateLimitTests {
  /// One route to the pool with these limits.
  private static func limited(_ rate: String, _ extra: String = "") -> String {
    routing("- { to: app, limits: { rate: \(rate) } }", extra)
  }

  /// How many of the requests were answered with 200; all others must be 429.
  private func allowed(
    _ scene: Scene, _ requests: [any Bytes], from source: String? = nil
  ) throws -> Int {
    var count = 0
    for request in requests {
      let client = try scene.client(from: source)
      let status = try client.exchange(request).status
      #expect(status == 200 || status == 429, "\(status)")
      if status == 200 { count += 1 }
    }
    return count
  }

  private func forwarded(_ addresses: [String]) -> [any Bytes] {
    addresses.map { get("/", "X-Forwarded-For: \($0)") }
  }

  @Test("the burst, then 429 with the fields; nothing of it reaches the backend")
  func burstAndRefusal() throws {
    let config = Self.limited("{ per_hour: 60, burst: 3 }", "admin: 127.0.0.1:0\naccess_log: json")
    try withScene(.answering(ok()), config: config) { scene in
      let client = try scene.client()
      for left in [2, 1, 0] {
        let response = try client.exchange(get())
        #expect(response.status == 200 && response.text == "ok")
        #expect(response.all("RateLimit-Policy") == ["\"default\";q=3;w=180"])
        #expect(response.all("RateLimit") == ["\"default\";r=\(left);t=\((3 - left) * 60)"])
        #expect(response["Retry-After"] == nil)
      }
      let refused = try client.exchange(get())
      #expect(refused.startLine == "HTTP/1.1 429 Too Many Requests")
      #expect(refused.all("Retry-After") == ["60"])
      #expect(refused.all("RateLimit-Policy") == ["\"default\";q=3;w=180"])
      #expect(refused.all("RateLimit") == ["\"default\";r=0;t=60"])
      #expect(refused["Cache-Control"] == "no-store" && refused["Connection"] == nil)
      #expect(refused.text.contains("429") && refused.text.contains("Retry-After"))
      #expect(try client.exchange(get()).status == 429, "the connection lives on")
      #expect(scene.origin.requests.count == 3)
      let last = try logged(scene, 5)[4]
      #expect(last["error"] as? String == "rate limited" && last["status"] as? Int == 429)
      #expect(last["route"] as? String == "app" && last["backend"] as? String == "")
      func metric(_ name: String, _ label: String) throws -> Double? {
        try scene.proxy.metric("headrace_\(name)", label)
      }
      let limited = try metric("route_rate_limited_total", "route=\"app\"")
      let requests = try metric("pool_requests_total", "pool=\"app\"")
      let overflow = try metric("route_rate_overflow_total", "route=\"app\"")
      #expect(limited == 2 && requests == 3 && overflow == 0)
    }
  }

  @Test("after Retry-After the next one is allowed")
  func recovery() throws {
    let config = Self.limited("{ per_second: 2, burst: 1 }")
    try withScene(.answering(ok()), config: config) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      // A slow machine may let half a second pass between two of them.
      var refused = Message.missing
      try wait(for: "a refusal") {
        refused = try client.exchange(get())
        return refused.status == 429
      }
      let seconds = try #require(Double(refused["Retry-After"] ?? ""))
      #expect(seconds == 1)
      try client.rest(seconds)
      #expect(try client.exchange(get()).status == 200)
    }
  }

  @Test("each address has its own bucket")
  func addresses() throws {
    let config = Self.limited("{ per_hour: 1, burst: 2 }")
    try withScene(.answering(ok()), config: config) { scene in
      let four = [get(), get(), get(), get()]
      let first = try allowed(scene, four, from: "127.0.0.2")
      #expect(first == 2)
      #expect(try allowed(scene, four, from: "127.0.0.3") == 2)
      #expect(try allowed(scene, forwarded(["1.2.3.4", "1.2.3.5"]), from: "127.0.0.2") == 0)
    }
  }

  @Test("behind a trusted proxy: the forwarded address, IPv6 by its prefix")
  func forwardedAddresses() throws {
    let config = Self.limited(
      "{ per_hour: 1, burst: 2, ipv4_prefix: 24 }", "trusted_proxies: [127.0.0.1]")
    try withScene(.answering(ok()), config: config) { scene in
      let four = ["192.0.2.1", "192.0.2.2", "9.9.9.9, 192.0.2.3", "192.0.2.200"]
      let network = try allowed(scene, forwarded(four))
      #expect(network == 2, "one /24")
      #expect(try allowed(scene, forwarded(["192.0.3.1", "192.0.3.2", "192.0.3.3"])) == 2)
      let six = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:1", "[2001:db8:0:0:1::]:80"]
      #expect(try allowed(scene, forwarded(six)) == 2, "one /64")
      #expect(try allowed(scene, forwarded(["2001:db8:0:1::1", "2001:db8:0:2::1"])) == 2)
      #expect(try allowed(scene, forwarded(six), from: "127.0.0.9") == 2, "not trusted: its own")
    }
  }

  @Test("by header: each value its own, and no way around by leaving it out or doubling it")
  func header() throws {
    let config = Self.limited("{ key: 'header:X-Api-Key', per_hour: 1, burst: 2 }")
    try withScene(.answering(ok()), config: config) { scene in
      func keyed(_ fields: String...) -> [any Bytes] {
        Array(repeating: head(["GET / HTTP/1.1", "Host: a"] + fields), count: 3)
      }
      #expect(try allowed(scene, keyed("X-Api-Key: a")) == 2)
      #expect(try allowed(scene, keyed("x-api-key: b")) == 2)
      #expect(try allowed(scene, keyed("X-Api-Key: a")) == 0)
      let without = try allowed(scene, keyed())
      #expect(without == 2)
      #expect(try allowed(scene, keyed("X-Api-Key: ")) == 0, "the same bucket")
      #expect(try allowed(scene, keyed("X-Api-Key: c", "X-Api-Key: d")) == 0)
    }
  }

  @Test("by cookie")
  func cookie() throws {
    let config = Self.limited("{ key: 'cookie:sid', per_hour: 1, burst: 1 }")
    try withScene(.answering(ok()), config: config) { scene in
      let lines =
        [
          "Cookie: sid=a": 200, "Cookie: x=y; sid=a": 429, "Cookie: sid=b; sidx=a": 200,
          "Cookie: sidx=b": 200, "X: y": 429, "Cookie: sid=q; sid=r": 429,
        ] as KeyValuePairs
      for (line, status) in lines {
        let response = try scene.exchange(get("/", line))
        #expect(response.status == status, "\(line)")
      }
    }
  }

  @Test("by route, for redirects and fixed answers too; other routes are not asked")
  func byRoute() throws {
    let rate = "limits: { rate: { key: route, per_hour: 1, burst: 2 } }"
    let routes = """
      - { match: { path: /r }, redirect: /x, \(rate) }
      - { match: { path: /f }, respond: { status: 404, body: gone }, \(rate) }
      - { match: { path: /p }, to: app, \(rate), response_headers: { remove: [RateLimit] } }
      - to: app
      """
    try withScene(.answering(ok("ok", "RateLimit: \"own\";r=7")), config: routing(routes)) {
      scene in
      for (path, status) in [("/r", 302), ("/f", 404), ("/p", 200)] {
        for source in ["127.0.0.2", "127.0.0.3"] {
          let client = try scene.client(from: source)
          let response = try client.exchange(get(path))
          #expect(response.status == status && response["RateLimit-Policy"] != nil, "\(path)")
          let own = response.all("RateLimit").filter { $0.hasPrefix("\"default\"") }
          #expect(own.count == (path == "/p" ? 0 : 1), "an edit takes it away")
        }
        #expect(try scene.exchange(get(path)).status == 429, "\(path)")
      }
      let plain = try scene.exchange(get("/other"))
      #expect(plain.status == 200 && plain["RateLimit-Policy"] == nil)
      #expect(plain.all("RateLimit") == ["\"own\";r=7"])
    }
  }

  @Test("of several rates all must allow, and a refused request takes from none")
  func several() throws {
    let config = Self.limited(
      "[{ key: route, per_hour: 1, burst: 5 }, { key: 'header:X-Key', per_hour: 1, burst: 2 }]")
    try withScene(.answering(ok()), config: config) { scene in
      func keyed(_ key: String) -> String { get("/", "X-Key: \(key)") }
      let first = try scene.exchange(keyed("a"))
      #expect(first["RateLimit-Policy"] == "\"default\";q=5;w=18000, \"default-2\";q=2;w=7200")
      #expect(first["RateLimit"] == "\"default-2\";r=1;t=3600")
      let many = Array(repeating: keyed("a"), count: 10)
      #expect(try allowed(scene, many) == 1)
      let rest = ["b", "b", "c", "c", "d"].map { keyed($0) }
      #expect(try allowed(scene, rest) == 3, "five for the route, two of them were a's")
    }
  }

  @Test("two workers give exactly the burst between them")
  func twoWorkers() throws {
    let config = Self.limited("{ per_hour: 1, burst: 50 }", "admin: 127.0.0.1:0")
      .replacing("workers: 1", with: "workers: 2")
    try withScene(.answering(ok()), config: config) { scene in
      let clients = try (0..<24).map { _ in try scene.client() }
      var allowed = 0
      for _ in 0..<5 {
        for client in clients { try client.send(get()) }
        for client in clients where try client.response().status == 200 { allowed += 1 }
      }
      #expect(allowed == 50)
      let accepted = "headrace_worker_client_connections_accepted_total"
      for worker in 0..<2 {
        let count = try scene.proxy.metric(accepted, "worker=\"\(worker)\"") ?? 0
        #expect(count > 0, "worker \(worker) had some")
      }
    }
  }

  @Test("HEAD, HTTP/1.0 and OPTIONS are counted and refused as they should be")
  func methods() throws {
    let config = Self.limited("{ per_hour: 1, burst: 1 }")
    try withScene(.answering(ok()), config: config) { scene in
      #expect(try scene.exchange(get()).status == 200)
      let client = try scene.client()
      let refused = try client.exchange(head("HEAD / HTTP/1.1", "Host: a"))
      #expect(refused.status == 429 && refused["Content-Length"] != "0")
      #expect(try client.exchange(get()).status == 429, "no body came behind the head")
      let old = try scene.client()
      try old.send(head("GET / HTTP/1.0"))
      let answer = try old.response()
      #expect(answer.status == 429 && answer["Retry-After"] == "3600")
      #expect(try old.readToEnd() == [])
      let trace = head("OPTIONS * HTTP/1.1", "Host: a", "Max-Forwards: 0")
      #expect(try scene.exchange(trace).status == 429)
    }
  }

  @Test("pipelined requests are judged one by one, in order")
  func pipelined() throws {
    let config = Self.limited("{ per_hour: 1, burst: 2 }")
    try withScene(.answering(ok()), config: config) { scene in
      let client = try scene.client()
      try client.send(get() + get() + get() + get())
      var statuses: [Int] = []
      for _ in 0..<4 { statuses.append(try client.response().status) }
      #expect(statuses == [200, 200, 429, 429])
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a body that is there is skipped; one that is to come ends the connection")
  func bodies() throws {
    let config = Self.limited("{ per_hour: 1, burst: 1 }")
    try withScene(.answering(ok()), config: config) { scene in
      #expect(try scene.exchange(get()).status == 200)
      let client = try scene.client()
      #expect(try client.exchange(post(body: "whole")).status == 429)
      let next = try client.exchange(get())
      #expect(next.status == 429 && next["Connection"] == nil)
      let large = head("POST / HTTP/1.1", "Host: a", "Content-Length: 1000000") + "begin"
      let early = try scene.client()
      try expectRefused(early, large, 429)
      let expecting = head(
        "POST / HTTP/1.1", "Host: a", "Content-Length: 9", "Expect: 100-continue")
      let waiting = try scene.client()
      try waiting.send(expecting)
      let response = try waiting.response()
      #expect(response.status == 429 && response["Connection"] == "close")
      #expect(scene.origin.requests.count == 1)
    }
  }

  @Test("a reload keeps the counts, and a looser limit counts at once")
  func reload() throws {
    let slow = Self.limited("{ per_hour: 1, burst: 3 }")
    try withScene(.answering(ok()), config: slow) { scene in
      let three = [get(), get(), get()]
      let config = slow.replacing("$0", with: scene.origin.address)
      #expect(try allowed(scene, three) == 3)
      #expect(try scene.proxy.reload(config + "via: true\n"))
      #expect(try allowed(scene, three) == 0)
      let other = config.replacing("- { to", with: "- { name: other, to")
      #expect(try scene.proxy.reload(other))
      #expect(try allowed(scene, three) == 3, "another route")
      #expect(try scene.proxy.reload(config))
      #expect(try allowed(scene, three) == 0)
      #expect(try scene.proxy.reload(config.replacing("per_hour: 1", with: "per_second: 100")))
      try wait(for: "the new rate") { try scene.exchange(get()).status == 200 }
      let off = config.replacing(", limits: { rate: { per_hour: 1, burst: 3 } }", with: "")
      #expect(try scene.proxy.reload(off))
      #expect(try allowed(scene, three + three) == 6)
    }
  }

  @Test("an error page for 429")
  func errorPage() throws {
    let config = Self.limited("{ per_hour: 1, burst: 1 }", "error_pages: { 429: slow.html }")
    try withScene(.answering(ok()), config: config, files: ["slow.html": "<h1>slow</h1>"]) {
      scene in
      #expect(try scene.exchange(get()).status == 200)
      let refused = try scene.exchange(get())
      #expect(refused.status == 429 && refused.text == "<h1>slow</h1>")
      #expect(refused["Retry-After"] == "3600" && refused["RateLimit"] != nil)
    }
  }

  @Test("more keys than the table holds share a bucket, and the known ones are not pushed out")
  func overflow() throws {
    let rate = "{ key: 'header:X-Key', per_hour: 1, burst: 2 }"
    let extra = "limits: { rate_keys: 1 }\nadmin: 127.0.0.1:0"
    try withScene(.answering(ok()), config: Self.limited(rate, extra)) { scene in
      func keyed(_ keys: some Sequence<Int>) -> [any Bytes] {
        keys.map { get("/", "X-Key: \($0)") }
      }
      #expect(try allowed(scene, keyed([0, 0, 0])) == 2)
      #expect(try allowed(scene, keyed(1...20)) == 20, "the set has 21 places")
      #expect(try allowed(scene, keyed(100...140)) == 2, "two for all of them")
      #expect(try allowed(scene, keyed([0, 0])) == 0, "still known")
      #expect(try allowed(scene, keyed(1...20)) == 20, "the second of each")
      let overflow = try scene.proxy.metric("headrace_route_rate_overflow_total")
      #expect(overflow == 41)
    }
  }

  @Test("upgrades and failures of a limited route carry the fields")
  func otherAnswers() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.request()
      guard request["Upgrade"] != nil else { return try connection.send("nonsense\r\n\r\n") }
      try connection.send(
        head("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: x"))
      _ = try connection.ending()
    }
    try withScene(script, config: Self.limited("{ per_hour: 1, burst: 9 }")) { scene in
      let client = try scene.client()
      let upgraded = try client.exchange(get("/", "Connection: Upgrade", "Upgrade: x"))
      #expect(upgraded.status == 101 && upgraded["RateLimit"] == "\"default\";r=8;t=3600")
      let failed = try scene.exchange(get())
      #expect(failed.status == 502 && failed["RateLimit"] == "\"default\";r=7;t=7200")
      #expect(failed["Retry-After"] == nil)
    }
  }
}
