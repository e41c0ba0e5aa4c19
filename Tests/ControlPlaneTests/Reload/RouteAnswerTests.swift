import Testing

@testable import ControlPlane

/// Routes that answer by themselves.
@Suite("Routes: redirects and fixed responses") struct RouteAnswerTests {
  private typealias Fixture = RouteFixture

  @Test(
    "where a redirect leads",
    arguments: [
      ("/old/a/b?x=1", "https://example.com/new/a/b"), ("/old", "https://example.com/new/"),
      ("/all/%7Ex?q=%20|", "https://WWW.example.com/all/~x?q=%20%7C"),
      ("/id/1&2/x", "/item?id=1%262"), ("/slash//evil.com", "/evil.com"),
      ("/u/..;x", ""), ("/header", "/h/a%2Fb%0D"), ("/q?a=1", "/q2?a=1"), ("/q", "/q2"),
    ])
  func locations(target: String, location: String) throws {
    func redirect(_ to: String) -> Config.Action {
      .redirect(status: 308, to: Fixture.template(to))
    }
    let routes = [
      Fixture.route("old", "/old/**", to: redirect("https://example.com/new/{rest}")),
      Fixture.route("all", "/all/**", to: redirect("https://{host}{target}")),
      Fixture.route("id", "/id/{id}/*", to: redirect("/item?id={id}")),
      Fixture.route("slash", "/slash/**", to: redirect("/{rest}")),
      Fixture.route("header", "/header", to: redirect("/h/{header.X-A}")),
      Fixture.route("query", "/q", to: redirect("/q2?{query}")),
    ]
    var settings = Config()
    settings.mergeSlashes = false
    try Fixture.run(routes, with: settings) { proxy, _ in
      let answer = try LocalClient(proxy).exchange(
        "GET \(target) HTTP/1.1\r\nHost: WWW.example.com:81\r\nX-A: a/b%0D\r\n\r\n")
      guard location != "" else {
        #expect(answer.status == 400)
        return
      }
      #expect(answer.status == 308)
      let expected = location.replacing("%0D", with: "%250D")
      #expect(answer.header("Location") == expected)
    }
  }

  @Test("a redirect keeps the connection, says little, and is counted")
  func redirects() throws {
    let route = Fixture.route(
      "away", to: .redirect(status: 301, to: Fixture.template("https://example.com{path}")))
    try Fixture.run([route]) { proxy, running in
      let client = try LocalClient(proxy)
      let first = try client.exchange("GET /a HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n")
      #expect(first.header("Content-Type") == "text/html; charset=utf-8")
      #expect(first.text.contains("301 Moved Permanently"))
      #expect(first.header("Connection") == nil)
      let head = try client.exchange("HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(head.header("Location") == "https://example.com/b")
      #expect(head.header("Content-Length") != "0")
      let last = try client.exchange(
        "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
      #expect(last.header("Location") == "https://example.com/c")
      let old = try LocalClient(proxy).exchange("GET /d HTTP/1.0\r\nHost: a\r\n\r\n")
      #expect(old.header("Connection") == "close")
      // Counted when the answer is sent, perhaps a moment after it is read here.
      var metrics = running.metrics()
      for _ in 0..<200 where metrics.routes[0].inFlight > 0 {
        _ = try StopSignal().wait(milliseconds: 10)
        metrics = running.metrics()
      }
      #expect(metrics.routes.map { $0.requestsByClass[3] } == [4])
      #expect(metrics.routes.map(\.inFlight) == [0])
      #expect(metrics.pools.map { $0.requestsByClass.reduce(0, +) } == [0])
    }
  }

  @Test("fixed responses")
  func responses() throws {
    let robots = Config.Response(status: 200, body: Array("User-agent: *\n".utf8))
    let routes = [
      Fixture.route("robots", "/robots.txt", to: .respond(robots)) {
        $0.responseHeaders.set = [
          Fixture.value("Cache-Control", "max-age=60"), Fixture.value("X-P", "{path}"),
        ]
      },
      Fixture.route("empty", "/empty", to: .respond(.init(status: 200))),
      Fixture.route("none", "/none", to: .respond(.init(status: 204))),
      Fixture.route(
        "large", "/large",
        to: .respond(.init(status: 200, body: [UInt8](repeating: 0x61, count: 1 << 20)))),
      Fixture.route("gone", to: .respond(.init(status: 410))),
    ]
    try Fixture.run(routes) { proxy, _ in
      let client = try LocalClient(proxy)
      let first = try client.exchange("GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(first.text == "User-agent: *\n")
      #expect(first.header("Content-Type") == "text/plain; charset=utf-8")
      #expect(first.header("Cache-Control") == "max-age=60")
      #expect(first.header("X-P") == "/robots.txt")
      let head = try client.exchange("HEAD /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(head.header("Content-Length") == "14")
      let empty = try client.exchange("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(empty.header("Content-Length") == "0")
      #expect(empty.header("Content-Type") == nil)
      let none = try client.exchange("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(none.status == 204)
      #expect(none.header("Content-Length") == nil)
      let large = try client.exchange("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(large.body.count == 1 << 20)
      let gone = try client.exchange(
        "GET /x HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")
      #expect(gone.status == 410)
      #expect(gone.text.contains("\"status\":410"))
      #expect(gone.header("Cache-Control") == "no-store")
    }
  }

  @Test("a body that is not read ends the connection, after the answer")
  func unreadBody() throws {
    let route = Fixture.route("no", to: .respond(.init(status: 403, body: Array("no".utf8))))
    try Fixture.run([route]) { proxy, _ in
      let client = try LocalClient(proxy)
      let answer = try client.exchange(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nbegin")
      #expect(answer.status == 403)
      #expect(answer.text == "no")
      #expect(answer.header("Connection") == "close")
      try client.send([UInt8](repeating: 0x78, count: 400_000))
    }
  }
}
