import Testing

@Suite("Routes that redirect") struct RouteRedirectTests {
  @Test("each status, with what ** stands for", arguments: [[301, 302, 303, 307, 308]])
  func statuses(_ statuses: [Int]) throws {
    let routes = statuses.map {
      "- match: { path: /\($0)/** }\n"
        + "  redirect: { to: 'https://a.example/{rest}', status: \($0) }\n"
    }
    try withScene(echo, config: routing(routes.joined())) { scene in
      let client = try scene.client()
      for status in statuses {
        let response = try client.exchange(get("/\(status)/x/y"))
        #expect(response.status == status)
        #expect(response.all("Location") == ["https://a.example/x/y"])
        #expect(response["Connection"]?.lowercased() != "close")
      }
      #expect(scene.origin.connections.isEmpty)
    }
  }

  @Test("the Location is what the template says, byte by byte")
  func locations() throws {
    let routes = """
      - { match: { host: short.example }, redirect: 'https://www.example.com{target}' }
      - match: { path: '/users/{id}/orders/**' }
        redirect: { to: 'https://shop.example/o/{id}/{rest}?{query}' }
      - { match: { path: '/local/**' }, redirect: '/new/{rest}' }
      - { match: { path: '/bare/**' }, redirect: '/{rest}' }
      - { match: { path: '/host' }, redirect: '{scheme}://{host}/x?m={method}&c={client_address}' }
      - { match: { path: '/as/{id}' }, redirect: '/q?id={id}&{query}#top' }
      - { match: { path: '/braces' }, redirect: '/a{{b}}' }
      """
    let table: [(target: String, location: String)] = [
      ("/users/7/orders/a/b?x=1&y=%20", "https://shop.example/o/7/a/b?x=1&y=%20"),
      ("/users/7/orders", "https://shop.example/o/7/"),
      ("/users/a%2Fb%20c/orders/%3F?", "https://shop.example/o/a%2Fb%20c/%3F"),
      ("/users/%41%7e/orders/x", "https://shop.example/o/A~/x"),
      ("/local/a/b/?c", "/new/a/b/"), ("/local", "/new/"), ("/local/", "/new/"),
      ("/bare/a", "/a"), ("/bare", "/"), ("/bare/%2Fevil.example", "/%2Fevil.example"),
      ("/host", "http://example.com/x?m=GET&c=127.0.0.1"), ("/as/7?a=b", "/q?id=7&a=b#top"),
      ("/as/a&b=c", "/q?id=a%26b%3Dc&#top"), ("/braces", "/a%7Bb%7D"),
    ]
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      for (target, location) in table {
        row(target) {
          let response = try client.exchange(get(target))
          #expect(response.status == 302, "\(target)")
          #expect(response.all("Location") == [location], "\(target)")
        }
      }
      for target in ["/", "/news?page=2", "/a%20b?q=%22&r=?s", "/a/b/", "/a;p=1/@:b!$'()*,"] {
        let response = try client.exchange(getFrom(host: "short.example", target))
        #expect(response["Location"] == "https://www.example.com\(target)")
      }
      let port = try client.exchange(getFrom(host: "example.org:81", "/host"))
      #expect(port["Location"]?.hasPrefix("http://example.org") == true)
    }
  }

  @Test("a ? at the end of a query stays")
  func questionMark() throws {
    try withScene(echo, config: routing("- redirect: 'https://a.example{target}'")) { scene in
      let location = try scene.exchange(get("/a?r=?"))["Location"]
      #expect(location == "https://a.example/a?r=?")
      #expect(try scene.exchange(get("/a?"))["Location"] == "https://a.example/a")
    }
  }

  @Test("{target} is the path in its normal form")
  func normalTarget() throws {
    try withScene(echo, config: routing("- redirect: 'https://a.example{target}'")) { scene in
      let location = try scene.exchange(get("//a/./x/../%62?q=//.."))["Location"]
      #expect(location == "https://a.example/a/b?q=//..")
    }
  }

  @Test("a local redirect stays on its host, whatever the path is")
  func staysLocal() throws {
    let routes = """
      - { match: { path: '/go/**' }, redirect: '/{rest}' }
      - { match: { path: '/to/**' }, redirect: '/x/../{rest}' }
      """
    let unmerged = routing(routes, "merge_slashes: false").replacing("$0", with: "127.0.0.1:1")
    let check = try Command.run(["check", "$/a.yaml"], files: ["a.yaml": unmerged])
    #expect(check.status == .exited(1) && check.errors.contains("another host"))
    try withScene(echo, config: routing(routes)) { scene in
      let targets = [
        "/go//evil.example", "/go///evil.example/x", "/go/\\evil.example", "/go/%09/evil.example",
        "/go/x/..//evil.example", "/to//evil.example", "/go/./%2e/evil", "/go//%2fevil",
      ]
      for target in targets {
        let response = try scene.exchange(get(target))
        guard response.status == 302 else { continue }
        let location = response["Location"] ?? ""
        #expect(location.hasPrefix("/"), "\(target): \(location)")
        #expect(!location.hasPrefix("//") && !location.hasPrefix("/\\"), "\(target): \(location)")
      }
      #expect(try scene.exchange(get("/go//evil.example")).status == 302)
    }
  }

  @Test("HEAD gets the head of the same answer, and the connection goes on")
  func headRequest() throws {
    let routes = "- { match: { path: /r }, redirect: '/new' }\n- to: app"
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      let full = try client.exchange(get("/r"))
      let bare = try client.exchange(head("HEAD /r HTTP/1.1", "Host: example.com"))
      #expect(bare.startLine == full.startLine && bare["Location"] == "/new")
      #expect(bare["Content-Length"] == full["Content-Length"])
      #expect(try client.exchange(get("/next")).text == "/next")
      #expect(client.unread == [])
    }
  }

  @Test("pipelined requests behind a redirect are answered in order")
  func pipelined() throws {
    let routes = "- { match: { path: /r }, redirect: '/new' }\n- to: app"
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      try client.send(get("/a") + get("/r") + get("/b") + get("/r") + get("/c"))
      var seen: [String] = []
      for _ in 1...5 {
        let response = try client.response()
        seen.append(response["Location"] ?? response.text)
      }
      #expect(seen == ["/a", "/new", "/b", "/new", "/c"])
    }
  }

  @Test("a HTTP/1.0 client gets its redirect and the end of the connection")
  func oldClient() throws {
    try withScene(echo, config: routing("- redirect: 'https://a.example{target}'")) { scene in
      let client = try scene.client()
      let response = try client.exchange(head("GET /x HTTP/1.0", "Host: a"))
      #expect(response["Location"] == "https://a.example/x")
      #expect(try client.readToEnd() == [])
    }
  }

  @Test("response_headers are applied to a redirect, but not to its framing")
  func editedRedirect() throws {
    let routes = """
      - match: { path: '/r/{id}' }
        redirect: { to: '/new', status: 301 }
        response_headers:
          set: { Cache-Control: no-store, X-Id: '{id}' }
          add: { X-Tag: [a] }
          remove: [Content-Type]
      """.replacing("[a]", with: "a")
    try withScene(echo, config: routing(routes)) { scene in
      let client = try scene.client()
      for id in ["7", "8"] {
        let response = try client.exchange(get("/r/\(id)"))
        #expect(response["X-Id"] == id && response.all("Cache-Control") == ["no-store"])
        #expect(response["X-Tag"] == "a" && response["Content-Type"] == nil)
        #expect(response.framing == .length(response.body.count))
      }
    }
  }
}
