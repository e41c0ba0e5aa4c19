import Foundation
import Testing

/// What exchanges do is the same for all versions: once each over HTTP/2.
@Suite("HTTP/2 clients: features") struct HTTP2FeatureTests {
  @Test("a cache serves streams: a miss, hits, ranges, conditions, a stampede")
  func cache() throws {
    let gate = Gate()
    let body = pattern(300_000)
    let script = Origin.Script.serving { request, connection in
      if request.target == "/hot" { try gate.pass() }
      return head(
        "HTTP/1.1 200 OK", "Cache-Control: max-age=60", "ETag: \"a\"",
        "Content-Length: \(body.count)"
      ).bytes + body
    }
    try withScene(script, config: caching("memory: 64MiB")) { scene in
      let peer = try scene.peer()
      for _ in 0..<3 {
        let copy = try peer.exchange("/x").body
        #expect(same(copy, body))
      }
      #expect(scene.origin.requests.count == 1)
      #expect(try peer.exchange("/x", method: "HEAD").bodyCount == 0)
      #expect(try peer.exchange("/x", [("if-none-match", "\"a\"")]).status == 304)
      let part = try peer.exchange("/x", [("range", "bytes=100000-100009")])
      #expect(part.status == 206 && part.body == Array(body[100_000..<100_010]))

      let ids = try (0..<60).map { _ in try peer.request("/hot") }
      let other = try scene.client()
      try other.send(get("/hot"))
      try scene.origin.waitForRequests(2)
      gate.open()
      for id in ids {
        let copy = try peer.answer(id).body
        #expect(same(copy, body))
      }
      let copy1 = try other.response().body
      #expect(same(copy1, body))
      #expect(scene.origin.requests.count == 2)
    }
  }

  @Test("a stored body waits for windows without spinning")
  func cacheAndWindows() throws {
    let body = pattern(300_000)
    let script = Origin.Script.answering(
      head("HTTP/1.1 200 OK", "Cache-Control: max-age=60", "Content-Length: \(body.count)").bytes
        + body)
    let config = caching("memory: 64MiB", rest: "admin: { address: 127.0.0.1:0 }")
    try withScene(script, config: config) { scene in
      let copy2 = try scene.exchange(get("/x")).body
      #expect(same(copy2, body))
      let peer = try scene.peer([(H2.initialWindow, 1000)])
      peer.givesCredit = false
      let id = try peer.request("/x")
      try peer.read("the window") { peer.stream(id).bodyCount == 1000 }
      let before = try scene.proxy.metric("headrace_worker_loop_turns_total") ?? 0
      usleep(300_000)
      let turns = (try scene.proxy.metric("headrace_worker_loop_turns_total") ?? 0) - before
      #expect(turns < 100, "it spins: \(turns) turns")
      peer.givesCredit = true
      try peer.credit(0, 1 << 20)
      try peer.credit(id, 10_000)
      let copy3 = try peer.answer(id).body
      #expect(same(copy3, body))
    }
  }

  @Test("compression, cookies that bind, rates, redirects, answers of a route")
  func routes() throws {
    let text = String(repeating: "compressible ", count: 5000)
    let config = """
      listen: 127.0.0.1:0
      workers: 1
      routes:
        - { match: { path: /gzip }, to: app, compress: on }
        - match: { path: /rate }
          to: app
          limits: { rate: { key: route, per_hour: 1, burst: 2 } }
        - { match: { path: /away }, redirect: "https://example.org/there" }
        - { match: { path: /own }, respond: { status: 200, body: "from the route" } }
        - to: app
      pools: { app: ['$0'] }

      """
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: \(text.utf8.count)")
        + text
    }
    try withScene(script, config: config) { scene in
      let peer = try scene.peer()
      let zipped = try peer.exchange("/gzip", [("accept-encoding", "gzip")])
      #expect(zipped["content-encoding"] == "gzip" && zipped["content-length"] == nil)
      #expect(try Gunzip.decode(zipped.body) == text.bytes)
      var statuses: [Int] = []
      for _ in 0..<4 { statuses.append(try peer.exchange("/rate").status) }
      #expect(statuses == [200, 200, 429, 429])
      let away = try peer.exchange("/away")
      #expect(away["location"] == "https://example.org/there" && away.status / 100 == 3)
      #expect(try peer.exchange("/own").text == "from the route")
      #expect(try peer.exchange("/own", method: "HEAD").bodyCount == 0)
    }
  }

  @Test("the access log and metrics know the version")
  func observation() throws {
    let extra = "access_log: json\nadmin: { address: 127.0.0.1:0 }"
    try withScene(.answering(ok()), extra: extra) { scene in
      #expect(try scene.peer().exchange("/logged").status == 200)
      try wait(for: "the log") { scene.proxy.output.contains("/logged") }
      #expect(scene.proxy.output.contains("HTTP/2.0"))
      #expect(try scene.proxy.metric("headrace_worker_http2_connections_total") == 1)
      #expect(try scene.proxy.metric("headrace_worker_http2_streams_total") == 1)
    }
  }
}
