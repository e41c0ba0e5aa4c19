import Foundation
import Testing

/// The example configs and the curl commands of docs/how-to, run as they are written, with ports
/// of this machine in place of theirs.
@Suite("How-to pages", .enabled(if: Program.curl != nil, "no curl")) struct HowToTests {
  /// A page's config in front of origins; `addresses` are what the config has in their place.
  private func withPage(
    _ name: String, _ addresses: [String],
    _ scripts: [Origin.Script] = [],
    changes: [(String, String)] = [], files: [String: String] = [:],
    _ body: (Scene, HowToPage) throws -> Void
  ) throws {
    let text = try Repository.text("conf/examples/\(name).yaml")
    let page = try HowToPage(name)
    #expect(page.text.contains(text), "the page has the config as it is")
    let check = try Program.run(
      [Proxy.binary, "check", "--strict", Repository.path("conf/examples/\(name).yaml")])
    #expect(check.status == .exited(0), "\(check.errors)")
    var config = text
    var origins: [Origin] = []
    defer { for origin in origins { origin.stop() } }
    for (index, address) in addresses.enumerated() {
      let origin = try Origin(index < scripts.count ? scripts[index] : Self.named(address))
      origins.append(origin)
      #expect(config.contains(address))
      config = config.replacing(address, with: origin.address)
    }
    let ports = [
      ("listen: :8080", "listen: 127.0.0.1:0"), ("127.0.0.1:8080", "127.0.0.1:0"),
      ("admin: 127.0.0.1:9180", "admin: 127.0.0.1:0"),
    ]
    for (old, new) in ports + changes { config = config.replacing(old, with: new) }
    try withScene(config: config, files: files) { scene in
      try body(Scene(origins: origins, proxy: scene.proxy), page)
    }
  }

  private static func named(_ name: String) -> Origin.Script {
    .serving { request, _ in ok("\(name) \(request.target)\n", "Server: app") }
  }

  @Test("one app: two backends in turn, the admin listener, one of them stopped")
  func singleApp() throws {
    // Each connection serves one request, so that none is left when one app goes.
    let scripts = ["127.0.0.1:3000", "127.0.0.1:3001"].map { name in
      Origin.Script.answeringOnce(ok(name, "Connection: close"))
    }
    try withPage("single-app", ["127.0.0.1:3000", "127.0.0.1:3001"], scripts) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 3)
      #expect(answers[0].contains("200 OK") && answers[0].contains("127.0.0.1:300"))
      #expect(answers[1] == "ready\n" && answers[2].contains("requests"))
      for _ in 1...7 { #expect(try scene.exchange(get()).status == 200) }
      #expect(scene.origins.map(\.requests.count).allSatisfy { $0 == 4 })
      scene.origins[0].stopListening()
      for _ in 1...6 { #expect(try scene.exchange(get()).status == 200) }
    }
  }

  @Test("several apps by host")
  func severalApps() throws {
    let addresses = [
      "127.0.0.1:3000", "127.0.0.1:3001", "127.0.0.1:4000", "127.0.0.1:5000", "127.0.0.1:5001",
      "127.0.0.1:5002",
    ]
    try withPage("several-apps-by-host", addresses) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 3)
      #expect(answers[0].contains("127.0.0.1:300") && answers[1].contains("127.0.0.1:500"))
      #expect(answers[2].hasPrefix("HTTP/1.1 404 "))
      #expect(try scene.exchange(getFrom(host: "a.b.app.example.com")).status == 200)
      #expect(try scene.exchange(getFrom(host: "app.example.com")).status == 404)
      #expect(try scene.exchange(getFrom(host: "blog.example.com")).text == "127.0.0.1:4000 /\n")
    }
  }

  @Test("an API and static files")
  func apiAndStatic() throws {
    let addresses = ["127.0.0.1:4000", "127.0.0.1:5000", "127.0.0.1:5001", "127.0.0.1:3000"]
    try withPage("api-and-static", addresses) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 3)
      #expect(answers[0].contains("127.0.0.1:4000 /static/logo.svg"))
      #expect(answers[1].contains("127.0.0.1:500") && answers[1].contains("/api/users"))
      #expect(answers[2].contains("127.0.0.1:3000 /about"))
      #expect(try scene.exchange(get("/static-old")).text == "127.0.0.1:3000 /static-old\n")
      let large = head("POST /api/x HTTP/1.1", "Host: a", "Content-Length: \(17 << 20)")
      #expect(try scene.exchange(large).status == 413)
    }
  }

  @Test("WebSockets")
  func webSocket() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(
        head("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"))
      try connection.send("hello from the socket")
      _ = try connection.ending()
    }
    try withPage("websocket", ["127.0.0.1:3001", "127.0.0.1:3000"], [script]) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 1)
      #expect(answers[0].hasPrefix("HTTP/1.1 101 Switching Protocols"))
      #expect(answers[0].contains("hello from the socket"))
      #expect(scene.origin.request(0).target == "/ws/chat")
      #expect(try scene.exchange(get("/page")).text == "127.0.0.1:3000 /page\n")
    }
  }

  @Test("a backend that is taken out and brought back")
  func takeOut() throws {
    let addresses = ["127.0.0.1:3000", "127.0.0.1:3001"]
    try withPage("take-a-backend-out", addresses) { scene, page in
      let second = [("127.0.0.1:3001", scene.origins[1].address)]
      let answers = try page.run(scene, second)
      #expect(answers.count == 5)
      #expect(answers[0].contains(scene.origins[1].address))
      #expect(answers[1].contains("draining (operator), 0 in flight\napp: 1 of 2 backends"))
      #expect(answers[2].contains("127.0.0.1:3000 /"))
      #expect(answers[3].contains("\"state\": \"draining (operator)\""))
      #expect(answers[4].contains("available, 0 in flight\napp: 2 of 2 backends"))
      let admin = try #require(scene.proxy.adminAddress)
      for line in page.text.split(separator: "\n") where line.hasPrefix("    headrace backends") {
        let words = line.split(separator: " ").filter { $0 != "site.yaml" }.dropFirst().map {
          $0 == "127.0.0.1:3001" ? scene.origins[1].address : String($0)
        }
        let done = try Program.run([Proxy.binary] + words + ["--admin", admin])
        #expect(done.status == .exited(0), "\(line): \(done.errors)")
      }
      // Each worker takes turns of its own.
      for _ in 1...4 { #expect(try scene.exchange(get()).status == 200) }
      #expect(scene.origins[1].requests.count > 0)
    }
  }

  @Test("redirect to www")
  func redirect() throws {
    try withPage("redirect-to-www", ["127.0.0.1:3000"]) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 2)
      #expect(answers[0].hasPrefix("HTTP/1.1 301 "))
      #expect(answers[0].contains("\r\nLocation: https://www.example.com/news?page=2\r\n"))
      #expect(answers[1].contains("127.0.0.1:3000 /old/a/b"))
      let moved = try page.run("curl -i http://127.0.0.1:8080/old/a/b", scene)
      #expect(moved.hasPrefix("HTTP/1.1 308 ") && moved.contains("\r\nLocation: /new/a/b\r\n"))
    }
  }

  @Test("a maintenance page, and a reload that takes it away")
  func maintenance() throws {
    let html = try Repository.text("conf/examples/pages/maintenance.html")
    let changes = [("127.0.0.0/8", "127.0.0.1"), ("pages/maintenance", "maintenance")]
    try withPage(
      "maintenance-page", ["127.0.0.1:3000"], changes: changes, files: ["maintenance.html": html]
    ) { scene, page in
      let office = try page.run(scene)
      #expect(office.count == 1 && office[0].contains("127.0.0.1:3000 /"))
      let command = "curl -i --interface 127.0.0.9 http://127.0.0.1:8080/any"
      let outside = try page.run(command, scene)
      #expect(outside.hasPrefix("HTTP/1.1 503 ") && outside.hasSuffix(html))
      #expect(outside.contains("\r\nRetry-After: 600\r\n") && outside.contains("text/html"))
      let file = scene.proxy.folder + "/headrace.yaml"
      let config = try String(contentsOfFile: file, encoding: .utf8)
      #expect(try scene.proxy.reload(config.replacing("127.0.0.1, \"::1\"", with: "0.0.0.0/0")))
      #expect(try page.run(command, scene).contains("127.0.0.1:3000 /any"))
    }
  }

  @Test("headers and paths")
  func headers() throws {
    let script = Origin.Script.answering(
      ok("hi", "Server: app", "X-Powered-By: app", "Cache-Control: public"))
    try withPage("header-rewrite", ["127.0.0.1:3000"], [script]) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 1)
      let seen = scene.origin.request(0)
      #expect(seen.startLine == "GET /users/7/orders?page=2 HTTP/1.1")
      #expect(seen["X-User"] == "7" && seen["X-Client"] == "127.0.0.1" && seen["X-Tag"] == "api")
      #expect(seen["X-Debug"] == nil)
      let head = answers[0].lowercased()
      #expect(head.contains("\r\ncache-control: no-store\r\n") && !head.contains("public"))
      #expect(!head.contains("server:") && !head.contains("x-powered-by:"))
      #expect(answers[0].contains("\r\nX-Request: \(seen["X-Request-Id"] ?? "?")\r\n"))
    }
  }

  @Test("a canary by header or query")
  func canary() throws {
    let addresses = ["127.0.0.1:3001", "127.0.0.1:3000"]
    try withPage("canary-by-header", addresses) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 3)
      #expect(answers[0].contains("127.0.0.1:3000 /"))
      #expect(answers[1].contains("127.0.0.1:3001 /"))
      #expect(answers[2].contains("127.0.0.1:3001 /?canary"))
    }
  }

  @Test("an admin path for few addresses, and no way around")
  func restrictedAdmin() throws {
    let changes = [("127.0.0.0/8", "127.0.0.1")]
    try withPage("restricted-admin", ["127.0.0.1:3000"], changes: changes) { scene, page in
      let inside = try page.run(scene)
      #expect(inside.count == 1 && inside[0].contains("127.0.0.1:3000 /admin/"))
      for path in ["/admin/", "/admin", "//admin", "/x/../admin", "/%61dmin/x", "/./admin/"] {
        let outside = try page.run(
          "curl -i --path-as-is --interface 127.0.0.9 http://127.0.0.1:8080\(path)", scene)
        #expect(outside.hasPrefix("HTTP/1.1 403 "), "\(path)")
        #expect(outside.hasSuffix("Not from here.\n"), "\(path)")
      }
    }
  }

  @Test("rates by address, key and route")
  func limitRates() throws {
    try withPage("limit-rates", ["127.0.0.1:3000"]) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 3)
      #expect(answers[0].contains("\r\nRateLimit: \"default\";r=39;t=1\r\n"))
      #expect(answers[1].contains("\r\nRateLimit: \"default\";r=4;t=12\r\n"))
      #expect(answers[2] == "200 200 200 200 429 429 ")
      let refused = try scene.exchange(post("/login", body: "a=b"))
      #expect(refused.status == 429 && refused["Retry-After"].flatMap(Int.init) ?? 0 > 5)
    }
  }

  @Test("checked backends: one that is not well gets no requests")
  func checkedBackends() throws {
    let wellness = Wellness()
    let scripts = [Wellness(), wellness].enumerated().map { index, wellness in
      Origin.Script.serving { request, _ in
        guard request.target == "/health" else { return ok("app \(index)\n") }
        return head("HTTP/1.1 \(wellness.status)", "Content-Length: 4", "Connection: close")
          + "\"ok\""
      }
    }
    let addresses = ["127.0.0.1:3000", "127.0.0.1:3001"]
    let changes = [("interval: 10s", "interval: 50ms")]
    try withPage("check-backends", addresses, scripts, changes: changes) { scene, page in
      try wait(for: "first checks") { scene.origins.allSatisfy { !$0.requests.isEmpty } }
      let answers = try page.run(scene)
      #expect(answers.count == 2 && answers[0].contains("app "))
      #expect(answers[1].split(separator: "\n").filter { $0.hasSuffix(" 1") }.count == 2)
      wellness.status = "503 Down"
      try wait(for: "one to be out", within: 30) {
        try scene.proxy.metric("headrace_backend_up") == 1
      }
      for _ in 1...5 { #expect(try scene.exchange(get()).text == "app 0\n") }
    }
  }

  @Test("a cache that is looked into and purged")
  func purge() throws {
    let script = Origin.Script.serving { request, _ in
      let fields = ["Cache-Control: max-age=600", "Cache-Tag: product-7, news"]
      return head(["HTTP/1.1 200 OK", "Content-Length: 4"] + fields) + "page"
    }
    try withPage("purge-the-cache", ["127.0.0.1:3000"], [script]) { scene, page in
      let answers = try page.run(scene)
      #expect(answers.count == 4)
      #expect(answers[0].contains("\r\nCache-Status: ") && answers[0].hasSuffix("page"))
      #expect(answers[1].contains("\r\nCache-Status: headrace; hit"))
      #expect(scene.origin.requests.count == 1)
      #expect(answers[2] == "pages: 1 response made stale\n")
      #expect(answers[3].contains("\"total\": 1"))
      let admin = try #require(scene.proxy.adminAddress)
      var printed: [String] = []
      for line in page.text.split(separator: "\n") where line.hasPrefix("    headrace cache") {
        _ = try scene.exchange(
          get("/products/7").replacing("example.com", with: scene.proxy.address))
        let words = line.split(separator: " ").filter { $0 != "site.yaml" }.dropFirst().map {
          String($0).replacing("127.0.0.1:8080", with: scene.proxy.address)
        }
        let done = try Program.run([Proxy.binary] + words + ["--admin", admin])
        #expect(done.status == .exited(0), "\(line): \(done.errors)")
        printed.append(done.output)
      }
      #expect(printed.count == 5 && printed[0].contains("\n  tags: product-7, news\n"))
      #expect(printed.dropFirst().allSatisfy { $0 == "pages: 1 response purged\n" }, "\(printed)")
    }
  }

  @Test("sticky sessions")
  func stickySessions() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let changes = [("/var/lib/headrace", folder), ("jar.txt", "\(folder)/jar.txt")]
    try withPage("sticky-sessions", ["127.0.0.1:3000", "127.0.0.1:3001"], changes: changes) {
      scene, page in
      let answers = try page.run(scene, changes)
      #expect(answers.count == 3)
      #expect(answers[0].contains("Set-Cookie: shop_backend="))
      #expect(answers[0].contains("; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax"))
      let name = answers[0].components(separatedBy: "\r\n\r\n").last
      #expect(answers[1] == name && answers[2] == name)
    }
  }

  @Test("an app behind a socket file")
  func unixSocket() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let script = Origin.Script.answeringOnce(ok("app /", "Connection: close")).at(.unix)
    let changes = [("/run/headrace/http.sock", "\(folder)/http.sock")]
    try withPage("unix-socket-backend", ["unix:/run/app/app.sock"], [script], changes: changes) {
      scene, page in
      let answers = try page.run(scene, changes)
      #expect(answers.count == 2 && answers.allSatisfy { $0.contains("app /") })
      scene.origin.stopListening()
      #expect(try scene.exchange(get()).status == 502)
    }
  }
}

/// A page of docs/how-to.
struct HowToPage {
  let text: String
  /// Its curl commands but those to addresses that this machine does not have.
  let commands: [String]

  init(_ name: String) throws {
    text = try Repository.text("docs/how-to/\(name).md")
    let lines = text.replacing("\\\n     ", with: "").split(separator: "\n")
    commands = lines.filter { $0.hasPrefix("    curl ") && !$0.contains("192.0.2.") }
      .map { String($0.dropFirst(4)) }
  }

  /// What each of the page's commands prints.
  func run(_ scene: Scene, _ changes: [(String, String)] = []) throws -> [String] {
    try commands.map { try run($0, scene, changes) }
  }

  /// curl's own time limit for open tunnels is no failure.
  func run(
    _ command: String, _ scene: Scene, _ changes: [(String, String)] = []
  ) throws -> String {
    var line = command.replacing("127.0.0.1:8080", with: scene.proxy.address)
      .replacing("127.0.0.1:9180", with: scene.proxy.adminAddress ?? "none")
      .replacing("curl ", with: "curl -sS --noproxy '*' --max-time 10 ")
      .replacing("--max-time 3 ", with: "--max-time 1 ")
    for (old, new) in changes { line = line.replacing(old, with: new) }
    return try Program.run(["sh", "-c", line]).output
  }
}
