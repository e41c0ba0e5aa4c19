import Testing

@Suite("What a client sends never makes a header line") struct RouteInjectionTests {
  private static let routes = """
    - match: { path: '/r/{id}/**' }
      redirect: { to: 'https://a.example/{id}/{rest}?{query}&h={header.X-Odd}' }
      response_headers: { set: { X-Id: '{id}', X-Rest: '{rest}', X-Odd: '{header.X-Odd}' } }
    - match: { path: '/f/{id}/**' }
      respond: { status: 200, body: fixed }
      response_headers: { set: { X-Id: '{id}', X-Target: '{target}', X-Host: '{host}' } }
    - match: { path: '/p/{id}/**' }
      to: app
      rewrite: { path: '/v2/{id}/{header.X-Odd}/{rest}' }
      request_headers: { set: { X-Id: '{id}', X-Query: '{query}' } }
      response_headers: { set: { X-Id: '{id}', X-Rest: '{rest}', X-Path: '{path}' } }
    """

  @Test("encoded line ends in captures stay encoded")
  func encodedLineEnds() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      let evil = [
        "%0d%0aSet-Cookie:%20a=1", "%0D%0A%0D%0A<html>", "%0a", "%0d", "a%00b", "%250d%250a",
        "%e5%98%8a%e5%98%8d", "%c4%8a", "%7f", "%0d%0a%20x",
      ]
      for prefix in ["/r", "/f", "/p"] {
        for text in evil {
          let client = try scene.client()
          try client.send(get("\(prefix)/\(text)/\(text)?\(text)"))
          let response = try client.response()
          row("\(prefix) \(text)") {
            #expect([302, 200, 400].contains(response.status), "\(prefix)/\(text)")
            #expect(response["Set-Cookie"] == nil)
            let lines = response.fields.map(\.description)
            #expect(lines.allSatisfy { !$0.contains { $0.isNewline } })
            if response.status != 400 {
              #expect(response["X-Id"]?.lowercased() == text.lowercased(), "\(prefix) \(text)")
            }
            if response["Connection"] == nil {
              let next = try client.exchange(get("/f/a/b"))
              #expect(next.text == "fixed")
            }
          }
        }
      }
      for request in scene.origin.requests {
        #expect(request["Set-Cookie"] == nil && !request.target.contains(" "))
      }
    }
  }

  @Test("odd bytes of a header value pass as they are in a field, and encoded in an address")
  func oddBytes() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      let client = try scene.client()
      func request(_ target: String, _ odd: [UInt8]) -> [UInt8] {
        "GET \(target) HTTP/1.1\r\nHost: a\r\nX-Odd: ".bytes + odd + "\r\n\r\n".bytes
      }
      let odd: [UInt8] = [0x61, 0x20, 0x2f, 0x3f, 0x23, 0x80, 0xff, 0x09, 0x25, 0x30, 0x64, 0x62]
      try client.send(request("/r/1/2", odd))
      let response = try client.response()
      #expect(response["Location"] == "https://a.example/1/2?&h=a%20%2F%3F%23%80%FF%09%250db")
      #expect(client.received.firstIndex(of: "X-Odd: ".bytes + odd + [13, 10], from: 0) != nil)
      try client.send(request("/p/1/2", odd))
      #expect(try client.response().status == 200)
      #expect(scene.origin.lastRequest.target == "/v2/1/a%20%2F%3F%23%80%FF%09%250db/2")
    }
  }

  @Test("raw line ends and NUL in a header value are refused before any route")
  func rawBytes() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      for odd: [UInt8] in [[0x61, 13, 0x62], [0x61, 0, 0x62], [0x61, 10, 0x20, 0x62]] {
        let client = try scene.client()
        let request = "GET /r/1/2 HTTP/1.1\r\nHost: a\r\nX-Odd: ".bytes + odd + "\r\n\r\n".bytes
        try expectRefused(client, request, 400)
      }
    }
  }

  @Test("header values do not reach another directory by a rewrite")
  func dotSegments() throws {
    try withScene(echo, config: routing(Self.routes)) { scene in
      let table = [("..", 400), (".", 400), ("../..", 200), ("...", 200), ("%2e%2e", 200)]
      for (odd, status) in table {
        let response = try scene.exchange(get("/p/1/2", "X-Odd: \(odd)"))
        #expect(response.status == status, "\(odd)")
      }
      let targets = scene.origin.requests.map(\.target)
      #expect(targets == ["/v2/1/..%2F../2", "/v2/1/.../2", "/v2/1/%252e%252e/2"])
    }
  }

  @Test("values that make a head too long are answered, not cut")
  func tooLong() throws {
    let routes = """
      - match: { path: /r }
        redirect: 'https://a.example/?\(String(repeating: "{query}", count: 20))'
      - match: { path: /f }
        respond: 200
        response_headers: { set: { X-Long: '\(String(repeating: "{query}", count: 20))' } }
      - match: { path: /p }
        to: app
        request_headers: { set: { X-Long: '\(String(repeating: "{query}", count: 20))' } }
      """
    try withScene(echo, config: routing(routes)) { scene in
      for target in ["/r", "/f", "/p"] {
        let response = try scene.exchange(get(target + "?" + String(repeating: "q", count: 7000)))
        row(target) {
          if let long = response["X-Long"] { #expect(long.utf8.count == 140_000) }
          if let location = response["Location"] { #expect(location.utf8.count > 140_000) }
        }
        #expect([200, 302, 414, 431, 400, 500].contains(response.status), "\(response.startLine)")
        #expect(try scene.exchange(get(target + "?q")).status < 400)
      }
    }
  }
}
