import Foundation
import Testing

@Suite("Requests with a body to routes that answer by themselves") struct RouteBodyTests {
  private static let routes = """
    - { match: { path: /r }, redirect: 'https://a.example/new' }
    - { match: { path: /f }, respond: { status: 200, body: fixed } }
    - to: app
    """

  @Test("a body that came with its head is no request, and the answer is complete")
  func smallBody() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      for (target, status) in [("/r", 302), ("/f", 200)] {
        let client = try scene.client()
        try client.send(post(target, body: "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
        let response = try client.response()
        #expect(response.status == status)
        if response["Connection"]?.lowercased() == "close" {
          #expect(try client.readToEnd() == [])
        } else {
          #expect(try client.exchange(get("/next")).text == "/next")
        }
      }
      #expect(!scene.origin.requests.contains { $0.target == "/smuggled" })
    }
  }

  @Test("a long body that is still being sent does not destroy the answer")
  func longBody() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      for (target, status) in [("/r", 302), ("/f", 200)] {
        let client = try scene.client()
        let size = 1 << 20
        try client.send(head("POST \(target) HTTP/1.1", "Host: a", "Content-Length: \(size)"))
        try client.rest(0.05)
        try client.sendPattern(size)
        let response = try client.response()
        #expect(response.status == status)
        #expect(response["Connection"]?.lowercased() == "close")
        #expect(try client.readToEnd() == [])
      }
    }
  }

  @Test("a chunked body lingers as well")
  func chunkedBody() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      let request = head("POST /r HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
      try client.send(request + chunk("one"))
      let response = try client.response()
      #expect(response.status == 302)
      try? client.send(chunk("two") + "0\r\n\r\n")
      if response["Connection"]?.lowercased() == "close" {
        #expect(try client.readToEnd() == [])
      } else {
        #expect(try client.exchange(get("/next")).text == "/next")
      }
    }
  }

  @Test("who waits for 100 Continue gets the answer instead")
  func expectation() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      for (target, status) in [("/r", 302), ("/f", 200)] {
        let client = try scene.client()
        try client.send(
          head(
            "POST \(target) HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-continue"))
        let response = try client.response(within: 2)
        #expect(response.status == status)
        #expect(response["Connection"]?.lowercased() == "close")
      }
    }
  }
}

@Suite("Routes that respond") struct RouteRespondTests {
  @Test("a body, a file, a content type, an empty answer")
  func bodies() throws {
    let page = String(repeating: "<p>sorry</p>\n", count: 60_000)
    let routes = """
      - { match: { path: /robots.txt }, respond: { body: "User-agent: *\\n" } }
      - { match: { path: /json }, respond: { body: '{}', content_type: application/json } }
      - { match: { path: /page }, respond: { status: 503, file: sorry.html } }
      - { match: { path: /empty }, respond: 200 }
      - { match: { path: /teapot }, respond: 418 }
      - { match: { path: /gone }, respond: { status: 410, body: "it is {gone}" } }
      """
    let files = ["sorry.html": page]
    try withScene(echo, config: routing(routes), files: files) { scene in
      let client = try scene.client()
      let robots = try client.exchange(get("/robots.txt"))
      #expect(robots.status == 200 && robots.text == "User-agent: *\n")
      #expect(robots["Content-Type"] == "text/plain; charset=utf-8")
      #expect(try client.exchange(get("/json"))["Content-Type"] == "application/json")
      let sorry = try client.exchange(get("/page"))
      #expect(sorry.status == 503 && sorry.text == page)
      #expect(sorry["Content-Type"]?.hasPrefix("text/html") == true)
      #expect(sorry["Connection"]?.lowercased() != "close")
      #expect(try client.exchange(get("/empty")).framing == .length(0))
      #expect(try client.exchange(get("/teapot")).status == 418)
      #expect(try client.exchange(get("/gone")).text == "it is {gone}")
      #expect(scene.origin.connections.isEmpty)
    }
  }

  @Test("HEAD gets the length of the body without it")
  func headRequest() throws {
    let routes = "- { match: { path: /f }, respond: { body: fixed } }\n- to: app"
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let response = try client.exchange(head("HEAD /f HTTP/1.1", "Host: a"))
        #expect(response.status == 200 && response["Content-Length"] == "5")
      }
      #expect(try client.exchange(get("/next")).text == "/next")
    }
  }

  @Test("204, 205 and 304 have no body", arguments: [[204, 205, 304]])
  func bodiless(_ statuses: [Int]) throws {
    let routes = statuses.map { "- { match: { path: /\($0) }, respond: \($0) }\n" }.joined()
    try withScene(echo, config: routing(routes + "- to: app")) { scene in
      let client = try scene.client()
      for status in statuses {
        let response = try client.exchange(get("/\(status)"))
        #expect(response.status == status && response.body == [])
        if status == 204 { #expect(response["Content-Length"] == nil) }
        #expect(response["Transfer-Encoding"] == nil && response["Content-Type"] == nil)
        #expect(try client.exchange(get("/next")).text == "/next")
      }
    }
  }

  @Test("an error page stands in for a body that the route does not give")
  func errorPages() throws {
    let routes = """
      - { match: { path: /page }, respond: 404 }
      - { match: { path: /own }, respond: { status: 404, body: own } }
      - { match: { path: /class }, respond: 503 }
      - { match: { path: /fine }, respond: 200 }
      - { match: { path: /moved }, redirect: /new }
      """
    let extra = "error_pages: { 404: lost.html, 5xx: oh.json }"
    let files = ["lost.html": "<p>lost</p>", "oh.json": "{}"]
    try withScene(echo, config: routing(routes, extra), files: files) { scene in
      let client = try scene.client()
      let page = try client.exchange(get("/page"))
      #expect(page.status == 404 && page.text == "<p>lost</p>")
      #expect(page["Content-Type"]?.hasPrefix("text/html") == true)
      #expect(try client.exchange(get("/own")).text == "own")
      let json = try client.exchange(get("/class"))
      #expect(json.status == 503 && json.text == "{}")
      #expect(json["Content-Type"]?.hasPrefix("application/json") == true)
      #expect(try client.exchange(get("/fine")).text == "")
      #expect(try client.exchange(get("/moved")).status == 302)
      #expect(try client.exchange(get("/none")).text == "<p>lost</p>")
    }
  }

  @Test("response_headers are applied, with variables")
  func edits() throws {
    let routes = """
      - match: { path: '/f/{id}' }
        respond: { status: 403, body: no }
        response_headers:
          set: { Retry-After: '600', X-Who: '{client_address} {id} {method}', Content-Type: a/b }
          remove: [Date]
      """
    try withScene(echo, config: routing(routes)) { scene in
      let response = try scene.exchange(get("/f/a%20b"))
      #expect(response.status == 403 && response.text == "no")
      #expect(response["Retry-After"] == "600")
      #expect(response["X-Who"] == "127.0.0.1 a%20b GET")
      #expect(response.all("Content-Type") == ["a/b"])
      #expect(response["Date"] == nil)
    }
  }

  @Test("a reload takes another file and other routes")
  func reloaded() throws {
    let routes = "- { respond: { status: 503, file: page.html } }"
    let config = routing(routes).replacing("$0", with: "127.0.0.1:1")
    try withScene(config: config, files: ["page.html": "one"]) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).text == "one")
      try write("two", to: scene.proxy.folder + "/page.html")
      #expect(try client.exchange(get()).text == "one", "read when the config is loaded")
      #expect(try scene.proxy.reload(config))
      #expect(try client.exchange(get()).text == "two")
    }
  }

  @Test("the access log and the metrics know routes without a pool")
  func observed() throws {
    let routes = """
      - { name: moved, match: { path: /r }, redirect: /new }
      - { name: fixed, match: { path: /f }, respond: 404 }
      - to: app
      """
    let extra = "access_log: json\nadmin: 127.0.0.1:0"
    try withScene(echo, config: routing(routes, extra)) { scene in
      let client = try scene.client()
      for target in ["/r", "/f", "/x"] { _ = try client.exchange(get(target)) }
      let log = try logged(scene, 3)
      #expect(log.map { $0["route"] as? String } == ["moved", "fixed", "app"])
      #expect(log.map { $0["status"] as? Int } == [302, 404, 200])
      try wait(for: "the counters") {
        try scene.proxy.metric("headrace_route_requests_total", "route=\"moved\"") == 1
      }
    }
  }
}
