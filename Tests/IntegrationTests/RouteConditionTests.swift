import Testing

/// Which route takes a request: each answers with its name.
@Suite("Route conditions") struct RouteConditionTests {
  @Test("hosts: a list, a wildcard below it, no case, no port")
  func hosts() throws {
    try expectRoutes(
      [
        "list": "{ host: [a.example, B.example] }",
        "deep": "{ host: '*.www.example.com' }",
        "wild": "{ host: ['*.example.com', '*.example.org'] }",
        "apex": "{ host: example.com }",
        "six": "{ host: '[::1]' }",
      ],
      .init(getFrom(host: "a.example"), "list"), .init(getFrom(host: "b.EXAMPLE:81"), "list"),
      .init(getFrom(host: "c.example"), "404"), .init(getFrom(host: "x.a.example"), "404"),
      .init(getFrom(host: "x.www.example.com"), "deep"),
      .init(getFrom(host: "www.example.com"), "wild"),
      .init(getFrom(host: "a.b.c.Example.Com:8080"), "wild"),
      .init(getFrom(host: "x.example.org"), "wild"),
      .init(getFrom(host: "example.org"), "404"), .init(getFrom(host: "example.com"), "apex"),
      .init(getFrom(host: "badexample.com"), "404"), .init(getFrom(host: "[::1]:80"), "six"),
      .init(head("GET http://a.example/ HTTP/1.1", "Host: example.com"), "list"))
  }

  @Test("paths: exact, with and without the slash at the end")
  func exactPaths() throws {
    try expectRoutes(
      [
        "list": "{ path: [/one, /two/three] }", "slash": "{ path: /a/ }", "plain": "{ path: /a }",
        "root": "{ path: / }",
      ],
      .init(get("/one"), "list"), .init(get("/one?x=/two"), "list"),
      .init(get("/two/three"), "list"), .init(get("/two"), "404"), .init(get("/one/"), "404"),
      .init(get("/two/three/four"), "404"), .init(get("/a/"), "slash"), .init(get("/a"), "plain"),
      .init(get("//a//"), "slash"), .init(get("/x/../a"), "plain"), .init(get("/%61"), "plain"),
      .init(get("/A"), "404"), .init(get("/"), "root"), .init(get("/?a"), "root"),
      .init(get("http://other.example"), "root"), .init(get("/a%2F"), "404"))
  }

  @Test("paths: one segment in place of * and of a name, everything in place of **")
  func segmentPatterns() throws {
    try expectRoutes(
      [
        "star": "{ path: /one/*/segment }", "orders": "{ path: '/users/{id}/orders' }",
        "static": "{ path: /static/** }", "mixed": "{ path: '/m/{a}/*/**' }",
        "last": "{ path: '/only/{x}' }",
      ],
      .init(get("/one/x/segment"), "star"), .init(get("/one/x%2Fy/segment"), "star"),
      .init(get("/one//segment"), "404"), .init(get("/one/x/y/segment"), "404"),
      .init(get("/one/x/segment/"), "404"), .init(get("/one/x/segments"), "404"),
      .init(get("/users/7/orders"), "orders"), .init(get("/users/%20/orders"), "orders"),
      .init(get("/users/7/orders/1"), "404"), .init(get("/users//orders"), "404"),
      .init(get("/static"), "static"), .init(get("/static/"), "static"),
      .init(get("/static/a/b.css?v=1"), "static"), .init(get("/static-old"), "404"),
      .init(get("/static/../x"), "404"), .init(get("/x/../static/y"), "static"),
      .init(get("/m/1/2"), "mixed"), .init(get("/m/1/2/3/4"), "mixed"),
      .init(get("/m/1"), "404"), .init(get("/m/1/"), "404"), .init(get("/only/x"), "last"),
      .init(get("/only/"), "404"), .init(get("/only"), "404"), .init(get("/only/x/"), "404"))
  }

  @Test("an empty segment is none for * and names, when slashes are not merged")
  func emptySegments() throws {
    try expectRoutes(
      ["star": "{ path: /one/*/two }", "static": "{ path: /static/** }"],
      extra: "merge_slashes: false",
      .init(get("/one//two"), "404"), .init(get("/one/x/two"), "star"),
      .init(get("/static//x"), "static"), .init(get("//static/x"), "404"))
  }

  @Test("methods: exactly the ones that are listed")
  func methods() throws {
    try expectRoutes(
      [
        "read": "{ method: [GET, OPTIONS] }", "write": "{ method: POST }",
        "own": "{ method: MOVE }",
      ],
      .init(get(), "read"), .init(head("OPTIONS / HTTP/1.1", "Host: a"), "read"),
      .init(head("HEAD / HTTP/1.1", "Host: a"), "404"), .init(post(body: ""), "write"),
      .init(head("MOVE / HTTP/1.1", "Host: a"), "own"),
      .init(head("DELETE / HTTP/1.1", "Host: a"), "404"),
      .init(head("get / HTTP/1.1", "Host: a"), "404"))
  }

  @Test("header fields: a value, a list, present, absent, a prefix, a part")
  func headers() throws {
    try expectRoutes(
      [
        "exact": "{ headers: { X-Canary: '1' } }", "list": "{ headers: { X-A: [a, b] } }",
        "prefix": "{ headers: { X-Type: { prefix: text/ } } }",
        "part": "{ headers: { X-Agent: { contains: bot } } }",
        "present": "{ headers: { X-Debug: present } }",
        "both": "{ headers: { X-One: '1', X-Two: absent } }",
        "absent": "{ path: /absent, headers: { X-Old: absent } }",
      ],
      .init(get("/", "X-Canary: 1"), "exact"), .init(get("/", "x-CANARY:1"), "exact"),
      .init(get("/", "X-Canary: 10"), "404"), .init(get("/", "X-Canary: 1, 1"), "404"),
      .init(get("/", "X-Canary: 0", "X-Canary: 1"), "exact"),
      .init(get("/", "X-A: b"), "list"), .init(get("/", "X-A: B"), "404"),
      .init(get("/", "X-A:"), "404"), .init(get("/", "X-Type: text/html"), "prefix"),
      .init(get("/", "X-Type: a text/html"), "404"), .init(get("/", "X-Type: text"), "404"),
      .init(get("/", "X-Agent: a robot b"), "part"), .init(get("/", "X-Agent: bot"), "part"),
      .init(get("/", "X-Agent: Bot"), "404"), .init(get("/", "X-Agent: bobbobobo"), "404"),
      .init(get("/", "X-Agent: bobot"), "part"), .init(get("/", "X-Debug:"), "present"),
      .init(get("/", "X-Debug: no"), "present"), .init(get("/", "X-Debugs: no"), "404"),
      .init(get("/", "X-One: 1"), "both"), .init(get("/", "X-One: 1", "X-Two:"), "404"),
      .init(get("/absent"), "absent"), .init(get("/absent", "X-Old: x"), "404"))
  }

  @Test("header fields that have a meaning of their own")
  func knownHeaders() throws {
    try expectRoutes(
      [
        "cookie": "{ headers: { Cookie: { contains: beta=1 } } }",
        "accept": "{ headers: { Accept: { prefix: text/ } } }",
        "agent": "{ headers: { User-Agent: { contains: bot } } }",
        "length": "{ headers: { Content-Length: '3' } }",
        "upgrade": "{ headers: { Upgrade: websocket } }",
      ],
      .init(get("/", "Cookie: a=b; beta=1"), "cookie"),
      .init(get("/", "Cookie: a=b", "Cookie: beta=1"), "cookie"),
      .init(get("/", "Accept: text/html"), "accept"), .init(get("/", "Accept: */*"), "404"),
      .init(get("/", "User-Agent: Googlebot/2"), "agent"),
      .init(post(body: "abc"), "length"),
      .init(get("/", "Connection: Upgrade", "Upgrade: websocket"), "upgrade"))
  }

  @Test("what an untrusted client says of forwarding is no header for a route")
  func forwardedHeaders() throws {
    let routes: KeyValuePairs = ["for": "{ headers: { X-Forwarded-For: present } }"]
    try expectRoutes(routes, .init(get("/", "X-Forwarded-For: 1.2.3.4"), "404"))
    try expectRoutes(
      routes, extra: "trusted_proxies: [127.0.0.0/8]",
      .init(get("/", "X-Forwarded-For: 1.2.3.4"), "for"))
  }

  @Test("query parameters: decoded, anywhere in the query, any of several")
  func query() throws {
    try expectRoutes(
      [
        "exact": "{ query: { v: '2' } }", "debug": "{ query: { debug: present } }",
        "list": "{ query: { sort: [up, 'down now'] } }",
        "prefix": "{ query: { p: { prefix: a } } }",
        "part": "{ query: { c: { contains: 'x&y' } } }",
        "absent": "{ path: /absent, query: { old: absent } }",
      ],
      .init(get("/?v=2"), "exact"), .init(get("/?a=1&v=2&b"), "exact"),
      .init(get("/?v=1&v=2"), "exact"), .init(get("/?v=%32"), "exact"),
      .init(get("/?%76=2"), "exact"), .init(get("/?v=22"), "404"), .init(get("/?v"), "404"),
      .init(get("/?vv=2"), "404"), .init(get("/?V=2"), "404"), .init(get("/?a=v=2"), "404"),
      .init(get("/?debug"), "debug"), .init(get("/?debug="), "debug"),
      .init(get("/?x&debug=1"), "debug"), .init(get("/?x=debug"), "404"),
      .init(get("/?sort=down+now"), "list"), .init(get("/?sort=down%20now"), "list"),
      .init(get("/?p=abc"), "prefix"), .init(get("/?p=ba"), "404"),
      .init(get("/?c=1x%26y1"), "part"), .init(get("/?c=x&y"), "404"),
      .init(get("/absent"), "absent"), .init(get("/absent?old"), "404"),
      .init(get("/absent?x&%6fld=1"), "404"), .init(get("/debug"), "404"))
  }

  @Test("client addresses: the peer's, whatever it claims")
  func clientAddress() throws {
    try expectRoutes(
      [
        "one": "{ client_address: 127.0.0.9 }",
        "block": "{ client_address: ['::1', 127.1.0.0/16, 10.0.0.0/8] }",
      ],
      .init(get(), "one", from: "127.0.0.9"), .init(get(), "404", from: "127.0.0.8"),
      .init(get(), "block", from: "127.1.2.3"), .init(get(), "404", from: "127.2.0.1"),
      .init(get("/", "X-Forwarded-For: 10.1.1.1"), "404", from: "127.0.0.1"))
  }

  @Test("client addresses: the forwarded one behind a trusted proxy")
  func forwardedClientAddress() throws {
    try expectRoutes(
      [
        "office": "{ client_address: [10.0.0.0/8, '2001:db8::/32'] }",
        "lb": "{ client_address: 127.0.0.2 }",
      ],
      extra: "trusted_proxies: [127.0.0.2, 10.9.0.0/16]",
      .init(get("/", "X-Forwarded-For: 10.1.1.1"), "office", from: "127.0.0.2"),
      .init(get("/", "X-Forwarded-For: 2001:db8::7"), "office", from: "127.0.0.2"),
      .init(get("/", "X-Forwarded-For: 10.1.1.1, 10.9.1.1"), "office", from: "127.0.0.2"),
      .init(get("/", "X-Forwarded-For: 10.1.1.1, 8.8.8.8"), "404", from: "127.0.0.2"),
      .init(get("/", "X-Forwarded-For: 10.1.1.1"), "404", from: "127.0.0.3"),
      .init(get(), "lb", from: "127.0.0.2"))
  }

  @Test("all conditions of a route must hold, and the first route that does wins")
  func firstWins() throws {
    try expectRoutes(
      [
        "all":
          "{ host: a.example, path: /x/**, method: GET, headers: { X-K: v }, query: { q: '1' } }",
        "host": "{ host: '*.example' }", "path": "{ path: '/x/{any}' }", "shadow": "{ path: /x/y }",
        "later": "{ path: /** , method: PUT }",
      ],
      .init(head("GET /x/y?q=1 HTTP/1.1", "Host: a.example", "X-K: v"), "all"),
      .init(head("GET /x/y?q=1 HTTP/1.1", "Host: a.example"), "host"),
      .init(head("GET /x/y?q=2 HTTP/1.1", "Host: a.example", "X-K: v"), "host"),
      .init(head("DELETE /x/y?q=1 HTTP/1.1", "Host: a.example", "X-K: v"), "host"),
      .init(head("GET /x/y?q=1 HTTP/1.1", "Host: other", "X-K: v"), "path"),
      .init(getFrom(host: "other", "/y"), "404"),
      .init(head("PUT /y HTTP/1.1", "Host: other", "Content-Length: 0"), "later"))
  }
}
