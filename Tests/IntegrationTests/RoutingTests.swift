import Testing

@Suite("Routing") struct RoutingTests {
  private static func named(_ name: String) -> Origin.Script {
    .serving { request, _ in ok(name + " " + request.target) }
  }

  @Test("the first route whose host and path match wins")
  func routes() throws {
    try withScene(
      Self.named("A"), Self.named("B"), Self.named("C"), Self.named("D"),
      config:
        """
        listen: 127.0.0.1:0
        routes:
          - match: { host: exact.org, path: /only }
            to: a
          - match: { host: "*.example.com", path: /static/** }
            to: b
          - match: { host: Example.com }
            to: c
          - match: { path: /any/** }
            to: d
        pools:
          a: ['$0']
          b: ['$1']
          c: ['$2']
          d: ['$3']
        """
    ) { scene in
      let client = try scene.client()
      let table: [(host: String, target: String, answer: String?)] = [
        ("exact.org", "/only", "A /only"), ("EXACT.org:8080", "/only?q", "A /only?q"),
        ("exact.org", "/only/", nil), ("exact.org", "/onl", nil), ("exact.org", "/Only", nil),
        ("exact.org", "/x/../only", "A /only"), ("exact.org", "/%6fnly", "A /only"),
        ("a.example.com", "/static", "B /static"), ("a.b.Example.COM", "/static/", "B /static/"),
        ("a.example.com:1", "/static/x/y", "B /static/x/y"), ("a.example.com", "/statics", nil),
        ("a.example.com", "/static/../x", nil), ("a.example.com", "//static//x", "B /static/x"),
        ("a.example.com", "/static%2fx", nil), ("notexample.com", "/static/x", nil),
        ("example.com", "/static/x", "C /static/x"), ("example.com:80", "/", "C /"),
        ("www.example.com", "/any/thing", "D /any/thing"), ("127.0.0.1", "/any", "D /any"),
        ("[::1]", "/any/", "D /any/"), ("exact.org", "/", nil),
      ]
      for (host, target, answer) in table {
        row("\(host) \(target)") {
          let response = try client.exchange(head("GET \(target) HTTP/1.1", "Host: \(host)"))
          #expect(response.status == (answer == nil ? 404 : 200), "\(host) \(target)")
          if let answer { #expect(response.text == answer, "\(host) \(target)") }
        }
      }
      let absolute = try client.exchange(get("http://exact.org/only"))
      #expect(absolute.text == "A /only")
      let none = try client.exchange(head("OPTIONS * HTTP/1.1", "Host: nowhere"))
      #expect(none.status == 404)
    }
  }

  @Test("a 404 of the proxy leaves the client's connection and the body behind it in order")
  func notFoundKeepsAlive() throws {
    try withScene(
      Self.named("A"),
      config:
        """
        listen: 127.0.0.1:0
        workers: 1
        routes: [{ match: { path: /a }, to: app }]
        pools: { app: ["$0"] }
        """
    ) { scene in
      let client = try scene.client()
      try client.send(post("/missing", body: "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"))
      let response = try client.response()
      #expect(response.status == 404)
      if response["Connection"]?.lowercased() == "close" {
        #expect(try client.readToEnd() == [])
      } else {
        #expect(try client.exchange(get("/a")).text == "A /a")
        #expect(scene.origin.requests.count == 1)
      }
    }
  }

  @Test("several listeners serve the same routes")
  func listeners() throws {
    try withScene(
      Self.named("A"),
      config:
        Scene.config(["$0"]).replacing(
          "  - address: 127.0.0.1:0\n",
          with: "  - address: 127.0.0.1:0\n  - { address: \"127.0.0.2:0\" }\n")
    ) { scene in
      #expect(scene.proxy.addresses.count == 2)
      for address in scene.proxy.addresses {
        let client = try Client(address)
        #expect(try client.exchange(get("/x")).text == "A /x")
      }
    }
  }

  @Test("several workers serve one port")
  func workers() throws {
    try withScene(
      Self.named("A"),
      config: Scene.config(["$0"]).replacing("workers: 1", with: "workers: 3")
    ) { scene in
      for _ in 1...30 {
        let result = try scene.exchange(get("/x")).text
        #expect(result == "A /x")
      }
      #expect(scene.proxy.errors.contains("3 workers"))
    }
  }
}
