import Testing

@testable import DataPlane

/// The text that a request is stored under.
struct CacheKeyTests {
  static func url(_ target: String, _ options: KeyOptions) throws -> String? {
    try key(KeyedRequest(target), options).map { String($0.dropFirst("http://a.example".count)) }
  }

  @Test("scheme of the connection, host, path in its normal form, query as it came")
  func plain() throws {
    for (target, expected) in [
      ("/", "/"), ("/a/b?c=d&e", "/a/b?c=d&e"), ("/%7Ea/./b/../c//d?%7E", "/~a/c/d?%7E"),
      ("/a?", "/a?"), ("/a??", "/a??"), ("/a%2fb", "/a%2Fb"), ("http://a.example", "/"),
      ("http://a.example?x", "/?x"), ("HTTPS://a.example/x", "/x"),
    ] {
      let found = try key(KeyedRequest(target))
      #expect(found == "http://a.example" + expected)
    }
    let secure = try key(KeyedRequest("/a"), isTLS: true)
    #expect(secure == "https://a.example/a")
    let old = try key(KeyedRequest("/a", host: nil))
    #expect(old == "http:///a")
  }

  @Test(
    "a host in capitals or with a default port is the same URL, and told apart behind it",
    arguments: [
      ("a.example", "a.example/", false), ("A.Example", "a.example/|a:A.Example", false),
      ("a.example:80", "a.example/|a:a.example:80", false),
      ("a.example:", "a.example/|a:a.example:", false),
      ("a.example:080", "a.example/|a:a.example:080", false),
      ("a.example:8080", "a.example:8080/|a:a.example:8080", false),
      ("a.example:08080", "a.example:8080/|a:a.example:08080", false),
      ("a.example:443", "a.example:443/|a:a.example:443", false),
      ("a.example:443", "a.example/|a:a.example:443", true),
      ("a.example:80", "a.example:80/|a:a.example:80", true),
      ("[::1]", "[::1]/", false), ("[::A]:81", "[::a]:81/|a:[::A]:81", false),
      ("sixteen-bytes-ab", "sixteen-bytes-ab/", false),
      (
        "sixteen-bytes-abcdefghijklmnoP",
        "sixteen-bytes-abcdefghijklmnop/|"
          + "a:sixteen-bytes-abcdefghijklmnoP", false
      ),
      ("a.example.", "a.example./", false),
    ] as [(String, String, Bool)])
  func host(_ host: String, _ expected: String, _ isTLS: Bool) throws {
    let found = try key(KeyedRequest("/", host: host), isTLS: isTLS)
    #expect(found == (isTLS ? "https://" : "http://") + expected)
    // RFC 9112 section 3.2.2: the target's authority replaces Host.
    let absolute = try key(KeyedRequest("http://\(host)/", host: "other"), isTLS: isTLS)
    #expect(absolute == found)
  }

  @Test(
    "parameters are kept or dropped by their decoded names",
    arguments: [
      ("/a?b=1&c=2", .init(query: .none), "/a"), ("/a?", .init(query: .none), "/a"),
      ("/a?b=1&c=2&b=3", .keep("b"), "/a?b=1&b=3"), ("/a?%62=1&c", .keep("b"), "/a?%62=1"),
      ("/a?c=2", .keep("b"), "/a"), ("/a", .keep("b"), "/a"), ("/a?", .keep("b"), "/a"),
      ("/a?bb=1&b", .keep("b"), "/a?b"), ("/a?bb=1&b=2&c", .keep("b*"), "/a?bb=1&b=2"),
      ("/a?b+c=1&d", .keep("b c"), "/a?b+c=1"),
      ("/a?b=1&utm_x=2&c", .drop("utm_*"), "/a?b=1&c"), ("/a?utm_x=2", .drop("utm_*"), "/a"),
      ("/a?u%74m_x=2&UTM_x=3", .drop("utm_*"), "/a?UTM_x=3"), ("/a?", .drop("b"), "/a?"),
      ("/a?b&&b=&c&", .drop("b"), "/a?&c&"), ("/a?b[]=1&b=2", .drop("b[]"), "/a?b=2"),
      ("/a?utm_[x]=1&utm_=2", .drop("utm_*"), "/a?utm_[x]=1"),
    ] as [(String, KeyOptions, String)])
  func filters(_ target: String, _ options: KeyOptions, _ expected: String) throws {
    let found = try Self.url(target, options)
    #expect(found == expected)
  }

  @Test(
    "sorting is by decoded name; names that may be one keep their order",
    arguments: [
      ("/a?b=2&a=1", "/a?a=1&b=2"), ("/a?b=2&a=2&a=1", "/a?a=2&a=1&b=2"),
      ("/a?b&%61=1", "/a?%61=1&b"), ("/a?", "/a?"), ("/a", "/a"), ("/a?b&", "/a?&b"),
      ("/a?ab=1&a=2&aa=3", "/a?a=2&aa=3&ab=1"), ("/a?b=1&A=2&a=3", "/a?A=2&a=3&b=1"),
      ("/a?a[y]=1&a[x]=2", "/a?a[y]=1&a[x]=2"), ("/a?b&a[]=1&a=2", "/a?a[]=1&a=2&b"),
      ("/a?c&a_b=1&a.b=2", "/a?a_b=1&a.b=2&c"), ("/a?b=1;c&a=2", "/a?b=1;c&a=2"),
      ("/a?b&+a=1", "/a?b&+a=1"), ("/a?b&%26a", "/a?b&%26a"), ("/a?b&%zz", "/a?b&%zz"),
      ("/a?\u{7e}b&a", "/a?a&\u{7e}b"),
    ])
  func sorts(_ target: String, _ expected: String) throws {
    let found = try Self.url(target, .sorted)
    #expect(found == expected)
  }

  @Test("up to 256 parameters are sorted; more stay as they come")
  func manyParameters() throws {
    func target(_ numbers: [Int]) -> String {
      "/?" + numbers.map { "p\($0 + 1000)=\($0)" }.joined(separator: "&")
    }
    let up = Array(0..<256)
    var dice = Dice(seed: 3)
    var mixed = up
    for index in mixed.indices { mixed.swapAt(index, dice.below(256)) }
    let expected = target(up)
    for order in [up, up.reversed(), mixed] {
      let found = try Self.url(target(order), .sorted)
      #expect(found == expected)
    }
    let tooMany = target(Array((0..<257).reversed()))
    let found = try Self.url(tooMany, .sorted)
    #expect(found == tooMany)
  }

  @Test("headers: all lines, joined; absent is not empty")
  func headers() throws {
    let options = KeyOptions(headers: ["x-a", "x-b"])
    for (lines, expected) in [
      ([], ""), (["X-A:"], "|h:x-a="), (["X-A:  v \t"], "|h:x-a=v"),
      (["X-B: 2", "x-A: 1", "X-C: 3"], "|h:x-a=1|h:x-b=2"), (["X-A: 1", "X-A: 2"], "|h:x-a=1, 2"),
      (["X-A: 1|h:x-b=2"], "|h:x-a=1|h:x-b=2"), (["X_A: 1"], "|h:x-a=1"),
      (["X-A: V", "X-Ab: w"], "|h:x-a=V"),
    ] as [([String], String)] {
      var request = KeyedRequest()
      request.lines = lines
      let found = try key(request, options)
      #expect(found == "http://a.example/" + expected)
    }
  }

  @Test("cookies: every one of the name, with its quotes; absent is not empty")
  func cookies() throws {
    let options = KeyOptions(cookies: ["l", "m"])
    for (lines, expected) in [
      ([], ""), (["Cookie: x=1"], ""), (["Cookie: l="], "|c:l="), (["Cookie: l"], ""),
      (["Cookie: m=2; l=1"], "|c:l=1|c:m=2"), (["Cookie: l=1; l=2"], "|c:l=1|c:l=2"),
      (["Cookie: l=1", "Cookie: l=2"], "|c:l=1|c:l=2"), (["Cookie: l=\"1\""], "|c:l=\"1\""),
      (["Cookie: l=\"\""], "|c:l=\"\""), (["Cookie: L=1; ll=2"], ""),
      (["Cookie: l=a=b"], "|c:l=a=b"),
    ] as [([String], String)] {
      var request = KeyedRequest()
      request.lines = lines
      let found = try key(request, options)
      #expect(found == "http://a.example/" + expected)
    }
  }

  @Test("the route is in the key when the caller says that it matters")
  func route() throws {
    let found = try key(KeyedRequest("/a"), KeyOptions(headers: ["x-a"]), route: "beta")
    #expect(found == "http://a.example/a|r:beta")
  }

  @Test("HEAD and unsafe methods have the key of the GET; content makes none of a GET")
  func methods() throws {
    for method in ["HEAD", "POST", "PUT", "DELETE", "PATCH"] {
      let found = try key(KeyedRequest("/a", method: method))
      #expect(found == "http://a.example/a")
    }
    let post = try key(KeyedRequest("/a", "Content-Length: 5", method: "POST"))
    #expect(post == "http://a.example/a")
    for method in ["GET", "HEAD"] {
      for line in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        let fat = try key(KeyedRequest("/a", line, method: method))
        #expect(fat == nil)
      }
      let empty = try key(KeyedRequest("/a", "Content-Length: 0", method: method))
      #expect(empty == "http://a.example/a")
    }
    let asterisk = try key(KeyedRequest("*", method: "OPTIONS"))
    #expect(asterisk == nil)
  }

  @Test("a key that does not fit is none, wherever the room ends")
  func tooLong() throws {
    let request = KeyedRequest(
      "/path?b=1&a=2", host: "A.example:81", "X-A: 1", "X-A: 2", "Cookie: l=3", "X-Host: b")
    let options = KeyOptions(sorts: true, headers: ["x-a"], cookies: ["l"])
    let whole = try key(request, options, route: "r")
    let length = try #require(whole).utf8.count
    for capacity in 1..<length {
      let found = try key(request, options, route: "r", capacity: capacity)
      #expect(found == nil)
    }
    let exact = try key(request, options, route: "r", capacity: length)
    #expect(exact == whole)
  }

  @Test("written behind what is in the block, and hashed as bytes from there")
  func place() throws {
    let source = block(bytes("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"))
    var head = MessageHead()
    _ = RequestParser.parse(source, 0, source.end, limits: .widest, into: &head)
    guard let target = RequestTarget.parse(source, &head) else { throw ParseFailure.badTarget }
    let request = RouteRequest(source, 0, &head, target, normalisedCount: 0)
    let snapshot = Snapshot(SnapshotDraft())
    var out = Block(capacity: 100)
    out.append(bytes("xyz"))
    let found = CacheKey.write(
      CacheKeyRow(), snapshot, request, &head, source, normal: source, isTLS: false, into: &out)
    #expect(found == CacheKeyText(at: 3, urlLength: 10, length: 10))
    let key = try #require(found)
    #expect(text(out.copy(key.at, out.end)) == "http://h/a")
    let seed = HashSeed(first: 1, second: 2)
    let alone = block(bytes("http://h/a") + [9, 9, 9])
    #expect(CacheKey.hash(out, key, seed: seed) == SipHash(seed).finish(alone.bytes, 0, 10))
    #expect(
      CacheKey.hash(out, key, seed: HashSeed(first: 1, second: 3))
        != SipHash(seed).finish(alone.bytes, 0, 10))
  }
}
