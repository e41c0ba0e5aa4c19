import Foundation
import Testing

@Suite("headrace explain") struct ExplainCommandTests {
  private static let config = routing(
    """
    - { name: moved, match: { host: old.example }, redirect: 'https://new.example{target}' }
    - name: orders
      match: { path: '/users/{id}/orders/**', method: [GET, POST] }
      to: app
      timeout: 2s
      rewrite: { path: '/o/{rest}?user={id}' }
      request_headers: { set: { X-User: '{id}', Host: inner }, remove: [X-Debug] }
    - { name: canary, match: { headers: { X-Canary: '1' } }, to: app }
    - name: office
      match: { path: /admin/**, client_address: 127.0.0.1 }
      to: app
      request_headers: { add: { X-Office: '{client_address}' } }
    - { name: refused, match: { path: /admin/** }, respond: { status: 403, body: no } }
    - { name: debug, match: { query: { debug: present } }, respond: 204 }
    - { name: api, match: { path: /api/** }, to: app, rewrite: { strip_prefix: /api } }
    """, "access_log: json")

  private struct Case {
    var arguments: [String]
    var request: String
    var source: String?
    init(_ request: String, from source: String? = nil, _ arguments: String...) {
      (self.arguments, self.request, self.source) = (arguments, request, source)
    }
  }

  private static let cases = [
    Case(get("/users/7/orders/a/b?x=1"), "http://example.com/users/7/orders/a/b?x=1"),
    Case(
      post("/users/7/orders", body: "a=b"), "-d", "a=b", "http://example.com/users/7/orders"),
    Case(
      head("DELETE /users/7/orders HTTP/1.1", "Host: example.com"), "-X", "DELETE",
      "example.com/users/7/orders"),
    Case(get("/x", "X-Canary: 1"), "-H", "X-Canary: 1", "example.com/x"),
    Case(get("/x", "X-Canary: 2"), "-H", "X-Canary: 2", "example.com/x"),
    Case(getFrom(host: "OLD.example:99", "/a//b?q"), "http://OLD.example:99/a//b?q"),
    Case(get("/admin/x"), "example.com/admin/x"),
    Case(get("/admin/x"), from: "127.0.0.9", "--client", "127.0.0.9", "example.com/admin/x"),
    Case(get("/%61dmin/../api//u?debug"), "http://example.com/%61dmin/../api//u?debug"),
    Case(get("/api/../api//%75?x"), "http://example.com/api/../api//%75?x"),
    Case(get("/api/u", "X-Debug: 1"), "-H", "X-Debug: 1", "example.com/api/u"),
    Case(get("/nowhere"), "example.com/nowhere"),
    Case(head("OPTIONS * HTTP/1.1", "Host: example.com"), "-X", "OPTIONS", "example.com*"),
    Case(get("/a/../../x"), "http://example.com/a/../../x"),
    Case(get("/a%zz"), "http://example.com/a%zz"),
  ]

  @Test("what it says is what the running proxy does")
  func agrees() throws {
    try withScene(.answering(ok()), config: Self.config) { scene in
      var expected = 0
      for entry in Self.cases where !entry.arguments.contains("example.com*") {
        let file = scene.proxy.folder + "/headrace.yaml"
        let result = try Command.run(["explain", "--json", file] + entry.arguments)
        #expect(result.status == .exited(0), "\(entry.arguments): \(result.errors)")
        let said = try Command.object(result.output)
        let client = try scene.client(from: entry.source)
        let response = try client.exchange(entry.request)
        expected += 1
        let line = try logged(scene, expected)[expected - 1]
        let name = "\(entry.arguments)"
        let route = line["route"] as? String
        #expect(said["route"] as? String ?? "" == route ?? "", "\(name)")
        #expect((said["status"] as? Int ?? 200) == response.status, "\(name)")
        #expect(said["location"] as? String == response["Location"], "\(name)")
        #expect(said["client_address"] as? String == line["client_address"] as? String, "\(name)")
        if said["outcome"] as? String == "forward" {
          let lines = said["head"] as? [String] ?? []
          let seen = scene.origin.lastRequest
          #expect(lines.first == seen.startLine, "\(name)")
          for field in ["Host", "X-User", "X-Debug", "X-Office", "X-Forwarded-For"] {
            let written = lines.dropFirst().filter {
              $0.lowercased().hasPrefix(field.lowercased() + ":")
            }
            let sent = seen.all(field).map { "\(field): \($0)".lowercased() }
            #expect(written.map { $0.lowercased() } == sent, "\(name)")
          }
        }
      }
    }
  }

  @Test("the text names the routes that do not match, and why")
  func text() throws {
    let config = Self.config.replacing("$0", with: "127.0.0.1:3000")
    let files = ["a.yaml": config]
    let result = try Command.run(
      ["explain", "$/a.yaml", "-X", "PUT", "http://example.com/users/7/orders/1"], files: files)
    #expect(result.status == .exited(0))
    for part in ["moved", "orders", "canary", "x-canary", "404"] {
      #expect(result.output.contains(part), "\(part) in \(result.output)")
    }
    let api = try Command.run(["explain", "$/a.yaml", "/api/u"], files: files)
    for part in ["\"api\"", "GET /u HTTP/1.1", "127.0.0.1:3000", "connect 5s"] {
      #expect(api.output.contains(part), "\(part) in \(api.output)")
    }
  }

  @Test("a long Location is the same, one beyond 16 KiB is 414 for both")
  func longLocation() throws {
    let routes = "- redirect: 'https://a.example/{header.X-A}{header.X-A}{header.X-A}{header.X-A}'"
    try withScene(echo, config: routing(routes)) { scene in
      for (size, isTooLong) in [(1000, false), (6000, true)] {
        let value = String(repeating: "/", count: size)
        let file = scene.proxy.folder + "/headrace.yaml"
        let result = try Command.run(["explain", "--json", file, "-H", "X-A: \(value)", "/"])
        let said = try Command.object(result.output)["location"] as? String
        let response = try scene.exchange(get("/", "X-A: \(value)"))
        #expect(said == response["Location"])
        if isTooLong {
          #expect(response.status == 414 && said == nil)
          #expect(result.output.contains("414"))
        } else {
          #expect(said?.utf8.count == 18 + 12 * size)
        }
      }
    }
  }

  @Test("errors of the file are 1, of the arguments 2")
  func statuses() throws {
    let files = ["a.yaml": Self.config.replacing("$0", with: "127.0.0.1:3000"), "b.yaml": "x: ["]
    func status(_ arguments: String...) throws -> ChildProcess.Status {
      try Command.run(["explain"] + arguments, files: files).status
    }
    #expect(try status("$/a.yaml", "/") == .exited(0))
    #expect(try status("$/b.yaml", "/") == .exited(1))
    #expect(try status("$/a.yaml") == .exited(2))
    #expect(try status("$/a.yaml", "ftp://example.com/") == .exited(2))
    #expect(try status("$/a.yaml", "/", "-H", "no colon") == .exited(2))
    #expect(try status("$/a.yaml", "/", "--client", "somewhere") == .exited(2))
  }
}
