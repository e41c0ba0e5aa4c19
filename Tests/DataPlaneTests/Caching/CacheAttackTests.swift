import Testing

@testable import DataPlane

/// Known shapes of cache deception and poisoning, as far as a key decides them.
struct CacheAttackTests {
  /// Refused requests have no key.
  private static func keys(
    _ requests: [KeyedRequest], _ options: KeyOptions = KeyOptions()
  ) -> [String] {
    requests.compactMap { request in
      do { return try key(request, options) } catch { return nil }
    }
  }

  @Test("deception: a path that backends read in different ways has a key of its own, or none")
  func deception() {
    let targets = [
      "/account", "/account/", "/account/x.css", "/account%2fx.css", "/account%252fx.css",
      "/account;x.css", "/account%3bx.css", "/account%3fx.css", "/account%23x.css",
      "/account/..%2fstatic/a.css", "/account%2f..%2fstatic/a.css", "/account/%252e%252e/a.css",
      "/account.css", "/account%0a.css", "/account%09x.css", "/account%20x.css", "/Account",
      "/account?x.css", "/account?/x.css", "/account!x.css", "/account~x.css", "/account$x.css",
      "/account%5cx.css", "/account%c0%afx.css", "/static/..%2faccount", "/static/..%252faccount",
    ]
    let found = Self.keys(targets.map { KeyedRequest($0) })
    #expect(found.count == targets.count)
    #expect(Set(found).count == targets.count)
    let refused = [
      "/account%00x.css", "/account/..;/static/a.css", "/account/%2e%2e;/a.css", "/account\\x.css",
      "/account#x.css", "/../account", "/account%", "/account%zzx.css", "/account%u002ecss",
    ]
    #expect(Self.keys(refused.map { KeyedRequest($0) }).isEmpty)
  }

  @Test("what the backend gets in one form is one key")
  func oneForm() {
    let targets = [
      "/static/a.css", "/static/./a.css", "/x/../static/a.css", "//static//a.css",
      "/static/%61.css", "/static/%2e/a.css", "/account/%2e%2e/static/a.css",
      "http://a.example/static/a.css", "https://a.example/static/a.css",
    ]
    #expect(Set(Self.keys(targets.map { KeyedRequest($0) })) == ["http://a.example/static/a.css"])
    let escaped = ["/a/..%2fb", "/a/%2e%2e%2fb", "/a/.%2E%2Fb"].map { KeyedRequest($0) }
    #expect(Set(Self.keys(escaped)) == ["http://a.example/a/..%2Fb"])
    let authority = KeyedRequest("http://a.example/static/a.css", host: "evil.example")
    #expect(Self.keys([authority]) == ["http://a.example/static/a.css"])
  }

  @Test(
    "poisoning: what the backend never sees of a stranger changes nothing",
    arguments: [
      "X-Forwarded-Host: evil", "X-Forwarded-Proto: https", "X-Forwarded-For: 1.1.1.1",
      "X-Forwarded-Port: 1", "X-Forwarded-Scheme: http", "X-Forwarded-Prefix: /evil",
      "X-Forwarded-Server: evil", "Forwarded: host=evil;proto=https", "X-Real-IP: 1.1.1.1",
      "X-Request-Id: 1", "X_Forwarded_Host: evil",
    ])
  func strangers(_ line: String) throws {
    let found = try key(KeyedRequest("/", line), KeyOptions(headers: ["x-forwarded-host"]))
    #expect(found == "http://a.example/")
  }

  @Test(
    "poisoning: what stands in for target, host, scheme or method has a key of its own",
    arguments: [
      "X-Original-URL: /evil", "x-rewrite-url: /evil", "X_Original_Url: /evil", "X-Host: evil",
      "X-Original-Host: evil", "X-HTTP-Host-Override: evil", "X-Scheme: https",
      "X-URL-Scheme: https", "Front-End-Https: on", "X-HTTP-Method-Override: DELETE",
      "X-HTTP-Method: HEAD", "X-Method-Override: PUT", "X-Original-URI: /evil",
      "X-Script-Name: /evil",
    ])
  func overrides(_ line: String) throws {
    let found = try key(KeyedRequest("/", line))
    let name = line.lowercased().prefix { $0 != ":" }
    let value = line.drop { $0 != " " }.dropFirst()
    #expect(found == "http://a.example/|t:\(name)=\(value)")
    let other = try key(KeyedRequest("/", line + "2"))
    #expect(other != found)
  }

  @Test("what the backend gets of a trusted proxy's word is keyed, but not who the client is")
  func trusted() throws {
    for (line, item) in [
      ("X-Forwarded-Host: b", "|t:x-forwarded-host=b"),
      ("X-FORWARDED-PROTO: https", "|t:x-forwarded-proto=https"),
      ("X-Forwarded-Prefix: /p", "|t:x-forwarded-prefix=/p"), ("X-Forwarded-For: 1.1.1.1", ""),
      ("X-Real-IP: 1.1.1.1", ""), ("X-Request-Id: 1", ""), ("Forwarded: for=1.1.1.1;by=x", ""),
      (
        "Forwarded: for=\"a;b\\\",host=c\"; Proto=https;host=h",
        "|t:forwarded=Proto=https"
          + "|t:forwarded=host=h"
      ),
      ("Forwarded: host=a, for=b, host=\"c;d\"", "|t:forwarded=host=a|t:forwarded=host=\"c;d\""),
      ("Forwarded: host=\"a\\", "|t:forwarded=host=\"a\\"),
    ] {
      let found = try key(KeyedRequest("/", line, isTrusted: true))
      #expect(found == "http://a.example/" + item)
    }
  }

  @Test("a header that Connection takes away before the backend is absent in the key as well")
  func nominated() throws {
    let options = KeyOptions(headers: ["x-lang"], cookies: ["l"])
    let plain = try key(KeyedRequest("/"), options)
    for lines in [
      ["X-Lang: de", "Connection: x-lang"], ["Connection: close, X-LANG", "X-Lang: de"],
      ["Cookie: l=1", "Connection: cookie"], ["X-Host: evil", "Connection: keep-alive, x-host"],
    ] {
      var request = KeyedRequest("/")
      request.lines = lines
      let found = try key(request, options)
      #expect(found == plain)
    }
    let other = try key(KeyedRequest("/", "X-Lang: de", "Connection: x-other"), options)
    #expect(other == "http://a.example/|h:x-lang=de")
  }

  @Test("an item cannot be forged by a value")
  func forged() throws {
    let options = KeyOptions(headers: ["x-a", "x-b"], cookies: ["l"])
    let requests = [
      KeyedRequest("/", "X-A: 1", "X-B: 2"), KeyedRequest("/", "X-A: 1h:x-b=2"),
      KeyedRequest("/", "X-A: 1\th:x-b=2"), KeyedRequest("/", "X-A: 1", "X-B: 2c:l=3"),
      KeyedRequest("/", "X-A: 1", "X-B: 2", "Cookie: l=3"), KeyedRequest("/?h:x-a=1", "X-B: 2"),
      KeyedRequest("/%0Ah:x-a=1", "X-B: 2"), KeyedRequest("/", "X-B: 2", "X-Host: 1"),
    ]
    #expect(Set(Self.keys(requests, options)).count == requests.count)
    for line in ["X-A: 1\nh:x-b=2", "X-A: 1\rh:x-b=2", "X-A: 1\u{0}"] {
      #expect(Self.keys([KeyedRequest("/", line)], options).isEmpty)
    }
  }

  @Test("a Host that is there twice, or is none, never comes to a key")
  func hosts() {
    let requests = [
      KeyedRequest("/", "Host: evil"), KeyedRequest("/", host: "a,b"),
      KeyedRequest("/", host: "a@b"), KeyedRequest("/", host: "a/b"), KeyedRequest("/", host: ""),
      KeyedRequest("/", host: "a:99999"), KeyedRequest("/", host: "a b"),
      KeyedRequest("/", host: "a:80evil"), KeyedRequest("/", host: "a?x"),
    ]
    #expect(Self.keys(requests).isEmpty)
  }

  @Test(
    "cloaking: a parameter that may hold another one is not left out",
    arguments: [
      (.drop("utm_*"), "/?cb=ok&utm_x=1;cb=evil", "/?cb=ok&utm_x=1"),
      (.drop("utm_x"), "/?cb=ok&utm_x=1;cb=evil", "/?cb=ok"),
      (.drop("utm_*"), "/?utm_x;cb=evil", "/"), (.keep("page"), "/?page=1&x=1;page=2", "/?page=1"),
      (.keep("page"), "/?page=1&page[]=2", "/?page=1"),
      (.keep("page"), "/?page=1&PAGE=2", "/?page=1"),
      (.keep("page"), "/?page=1&+page=2", "/?page=1"),
      (.keep("page"), "/?page=1&page%00=2", "/?page=1"),
      (.keep("a_b"), "/?a_b=1&a.b=2", "/?a_b=1"),
      (.keep("page"), "/?page=1&page%5B%5D=2", "/?page=1"),
      (.keep("page"), "/?page=1&x&amp;page=2", "/?page=1"),
      (.keep("page"), "/?page=1&%26page=2", "/?page=1"),
      (.keep("page"), "/?page=1&=page", "/?page=1"),
      (.drop("utm_*"), "/?page=1&utm_%26page=2", "/?page=1"),
      (.sorted, "/?a=1;b=2&b=3", "/?b=3&a=1;b=2"),
      (.sorted, "/?a=1&a[]=2", "/?a[]=2&a=1"), (.sorted, "/?a=1&A=2", "/?A=2&a=1"),
    ] as [(KeyOptions, String, String)])
  func cloaking(_ options: KeyOptions, _ one: String, _ other: String) {
    #expect(Set(Self.keys([KeyedRequest(one), KeyedRequest(other)], options)).count == 2)
  }
}
