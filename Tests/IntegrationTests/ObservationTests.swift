import Foundation
import Testing

@Suite("Access log") struct AccessLogTests {
  private func lines(_ scene: Scene, _ count: Int) throws -> [String] {
    try wait(for: "\(count) log lines, have: \(scene.proxy.output)") {
      scene.proxy.output.split(separator: "\n").count >= count
    }
    return scene.proxy.output.split(separator: "\n").map(String.init)
  }

  @Test("text: one line a request")
  func text() throws {
    try withScene(.answering(ok("hello")), extra: "access_log: text") { scene in
      let client = try scene.client()
      _ = try client.exchange(get("/a//b?q=1"))
      _ = try client.exchange(get("/", "Evil: x\" y"))
      let all = try lines(scene, 2)
      let time = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 127\.0\.0\.1 /#
      #expect(all[0].prefixMatch(of: time) != nil, "\(all[0])")
      #expect(all[0].contains("\"GET /a//b?q=1 HTTP/1.1\" 200 "), "\(all[0])")
      #expect(all[0].firstMatch(of: #/ \d+(\.\d+)?ms /#) != nil, "\(all[0])")
      let id = scene.origin.request(0)["X-Request-Id"] ?? "?"
      let wanted = [
        "host=example.com", "route=", "pool=app", "backend=\(scene.origin.address)", "id=\(id)",
      ]
      for part in wanted { #expect(all[0].contains(part), "\(part) in \(all[0])") }
    }
  }

  @Test("JSON: one object a request, refusals too")
  func json() throws {
    let extra = "access_log: json\ntrusted_proxies: [127.0.0.0/8]"
    try withScene(.answering(ok("hello")), extra: extra) { scene in
      _ = try scene.exchange(get("/x?\\", "X-Forwarded-For: 9.9.9.9, 8.8.8.8, 127.0.0.5"))
      _ = try scene.exchange(head("GET /y HTTP/1.1"))
      let all = try lines(scene, 2)
      let objects = try all.map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      let names = [
        "time", "client_address", "method", "target", "version", "status", "response_bytes",
        "duration_ms", "host", "route", "pool", "backend", "request_id", "tries", "error",
      ]
      for name in names { #expect(objects[0].keys.contains(name), "\(name) is missing") }
      #expect(objects[0]["client_address"] as? String == "8.8.8.8")
      #expect(objects[0]["method"] as? String == "GET")
      #expect(objects[0]["target"] as? String == "/x?\\")
      #expect(objects[0]["status"] as? Int == 200)
      #expect(objects[0]["tries"] as? Int == 1)
      #expect(objects[0]["pool"] as? String == "app")
      #expect((objects[0]["response_bytes"] as? Int ?? 0) >= 5)
      #expect(objects[1]["status"] as? Int == 400)
    }
  }

  @Test("off is silent")
  func off() throws {
    try withScene(.answering(ok())) { scene in
      let status = try scene.exchange(get()).status
      #expect(status == 200)
      #expect(scene.proxy.output == "")
    }
  }

  @Test("the lines of the last requests are written before the exit")
  func flushed() throws {
    try withScene(.answering(ok()), extra: "access_log: text") { scene in
      let client = try scene.client()
      for _ in 1...100 { _ = try client.exchange(get()) }
      scene.proxy.process.signal(SIGTERM)
      #expect(try scene.proxy.process.waitForExit() == .exited(0))
      #expect(scene.proxy.output.split(separator: "\n").count == 100)
    }
  }
}

@Suite("Admin listener and metrics") struct MetricsTests {
  /// Requests that ended, by any counter whose name says so.
  static func requests(_ scene: Scene, _ labels: String...) throws -> Double {
    let lines = try scene.proxy.admin("/metrics").text.split(separator: "\n")
    return lines.filter { line in
      line.hasPrefix("headrace_pool_requests_total{") && labels.allSatisfy { line.contains($0) }
    }.compactMap { Double($0.split(separator: " ").last!) }.reduce(0, +)
  }

  @Test("the admin listener answers what it lists, and nothing else")
  func admin() throws {
    try withScene(.answering(ok()), extra: "admin: { address: 127.0.0.1:0 }") { scene in
      #expect(try scene.proxy.admin("/live").text.contains("live"))
      #expect(try scene.proxy.admin("/ready").text.contains("ready"))
      let list = try scene.proxy.admin("/").text
      for path in ["/metrics", "/live", "/ready"] { #expect(list.contains(path)) }
      #expect(try scene.proxy.admin("/nothing").status == 404)
      #expect(try scene.exchange(get("/metrics")).text == "ok")
      let client = try Client(scene.proxy.adminAddress!)
      try client.send("nonsense\r\n\r\n")
      #expect(try client.response().status == 400)
      let silent = try Client(scene.proxy.adminAddress!)
      #expect(try scene.proxy.admin("/live").status == 200)
      silent.close()
    }
  }

  @Test("requests are counted by pool, route and backend, by class of status")
  func counted() throws {
    let script = Origin.Script.serving { request, _ in
      head("HTTP/1.1 \(request.target.dropFirst()) X", "Content-Length: 0")
    }
    try withScene(script, extra: "admin: 127.0.0.1:0") { scene in
      let client = try scene.client()
      for status in [200, 201, 302, 404, 500, 503, 503] {
        _ = try client.exchange(get("/\(status)"))
      }
      try wait(for: "seven requests in the counters") {
        try Self.requests(scene, "pool=\"app\"") == 7
      }
      let text = try scene.proxy.admin("/metrics").text
      #expect(text.contains("# TYPE headrace_"))
      #expect(text.contains("# HELP headrace_"))
      #expect(text.contains("_bucket{") && text.contains("le=\"+Inf\""))
      #expect(text.contains("backend=\"\(scene.origin.address)\""))
      for (kind, count) in [("2xx", 2.0), ("3xx", 1), ("4xx", 1), ("5xx", 3)] {
        #expect(try Self.requests(scene, "pool=\"app\"", "\"\(kind)\"") == count, "\(kind)")
      }
    }
  }

  @Test("promtool finds nothing to say", .enabled(if: Program.promtool != nil, "no promtool"))
  func promtool() throws {
    try withScene(.answering(ok()), extra: "admin: 127.0.0.1:0") { scene in
      for _ in 1...3 { _ = try scene.exchange(get()) }
      _ = try scene.exchange(head("GET / HTTP/1.1"))
      let text = try scene.proxy.admin("/metrics").text
      let file = scene.proxy.folder + "/metrics"
      try write(text, to: file)
      let result = try Program.run(
        ["sh", "-c", "\(Program.promtool!) check metrics < \(file)"])
      #expect(result.status == .exited(0), "\(result.output)\(result.errors)")
      #expect(result.output + result.errors == "")
    }
  }
}
