import Testing

@testable import DataPlane

/// Request heads that are right, with all that is read from them.
struct RequestHeadGoodTests {
  /// A head and what is expected of it.
  struct Good: Sendable, CustomTestStringConvertible {
    let name: String
    let head: String
    let lines: @Sendable () -> [Line]
    let expect: @Sendable (HeadSummary) -> Bool
    var testDescription: String { name }

    init(
      _ name: String, _ head: String, _ lines: @autoclosure @escaping @Sendable () -> [Line],
      _ expect: @escaping @Sendable (HeadSummary) -> Bool = { _ in true }
    ) {
      self.name = name
      self.head = head
      self.lines = lines
      self.expect = expect
    }
  }

  static let host = "Host: a\r\n"

  static let table: [Good] = [
    Good(
      "the smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", [Line("Host", "a", .host)],
      {
        $0.method == .get && $0.target == "/" && $0.minorVersion == 1 && !$0.hasOtherVersion
          && $0.keepsAlive && $0.contentLength == -1 && !$0.isChunked
          && $0.indices == [0, -1, -1, -1, -1, -1, -1, -1, -1]
      }),
    Good("HTTP/1.0 without a host", "GET /a HTTP/1.0\r\n\r\n", []) {
      $0.minorVersion == 0 && !$0.keepsAlive && $0.hasOtherVersion
    },
    Good(
      "HTTP/1.0 with keep-alive", "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
      [Line("Connection", "Keep-Alive", .connection, dropped: true)],
      { $0.keepsAlive && $0.hasKeepAlive && !$0.hasNominated }),
    Good(
      "close wins over keep-alive",
      "GET /a HTTP/1.0\r\nConnection: keep-alive , close\r\n\r\n",
      [Line("Connection", "keep-alive , close", .connection, dropped: true)],
      { !$0.keepsAlive && $0.hasKeepAlive && $0.hasClose }),
    Good("HTTP/1.9 counts as 1.1", "GET / HTTP/1.9\r\n\(host)\r\n", [Line("Host", "a", .host)]) {
      $0.minorVersion == 1 && $0.hasOtherVersion
    },
    Good(
      "a length", "POST /form HTTP/1.1\r\n\(host)Content-Length: 12\r\n\r\nhello",
      [Line("Host", "a", .host), Line("Content-Length", "12", .contentLength)],
      { $0.method == .other && $0.methodText == "POST" && $0.contentLength == 12 }),
    Good(
      "a length with zeros in front", "PUT / HTTP/1.1\r\n\(host)content-length:0007\r\n\r\n",
      [Line("Host", "a", .host), Line("content-length", "0007", .contentLength)],
      { $0.method == .put && $0.contentLength == 7 }),
    Good(
      "the longest length",
      "PUT / HTTP/1.1\r\n\(host)CONTENT-LENGTH: 999999999999999999\r\n\r\n",
      [Line("Host", "a", .host), Line("CONTENT-LENGTH", "999999999999999999", .contentLength)],
      { $0.contentLength == 999_999_999_999_999_999 }),
    Good(
      "chunked", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      [Line("Host", "a", .host), Line("Transfer-Encoding", "chunked", .transferEncoding)],
      { $0.isChunked && $0.contentLength == -1 }),
    Good(
      "chunked in odd case and white space",
      "POST / HTTP/1.1\r\n\(host)tRANSFER-eNCODING:\t cHuNkEd \t\r\n\r\n",
      [Line("Host", "a", .host), Line("tRANSFER-eNCODING", "cHuNkEd", .transferEncoding)],
      { $0.isChunked }),
    Good(
      "white space around values is not part of them",
      "GET / HTTP/1.1\r\nHost:a\r\nA:\r\nB: \r\nC: \t \r\nD:\tx y\t \r\n\r\n",
      [
        Line("Host", "a", .host), Line("A", ""), Line("B", ""), Line("C", ""), Line("D", "x y"),
      ]),
    Good(
      "bytes beyond ASCII and tabs in values",
      "GET / HTTP/1.1\r\n\(host)X: \u{e2}\u{82}\u{ac}\u{80}\u{ff}\ty\r\n\r\n",
      [Line("Host", "a", .host), Line("X", "\u{e2}\u{82}\u{ac}\u{80}\u{ff}\ty")]),
    Good(
      "every byte of a token in a name and a method",
      "A!#$%&'*+-.^_`|~z9 / HTTP/1.1\r\n\(host)!#$%&'*+-.^_`|~0aZ: 1\r\n\r\n",
      [Line("Host", "a", .host), Line("!#$%&'*+-.^_`|~0aZ", "1")],
      { $0.method == .other && $0.methodText == "A!#$%&'*+-.^_`|~z9" }),
    Good(
      "fields of the connection are dropped",
      "GET / HTTP/1.1\r\n\(host)Connection: close, X-Secret,, host\r\nX-Secret: 1\r\n"
        + "TE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy: y\r\n"
        + "Trailer: z\r\n\r\n",
      [
        Line("Host", "a", .host),
        Line("Connection", "close, X-Secret,, host", .connection, dropped: true),
        Line("X-Secret", "1"), Line("TE", "trailers", .te, dropped: true),
        Line("Keep-Alive", "timeout=5", .keepAlive, dropped: true),
        Line("Proxy-Connection", "x", .proxyConnection, dropped: true),
        Line("Proxy", "y", .proxy, dropped: true), Line("Trailer", "z", .trailer),
      ],
      {
        $0.hasNominated && $0.hasClose && !$0.keepsAlive && $0.keepAliveTimeout == 5
          && $0.indices[8] == 1
      }),
    Good(
      "TE, which Connection has to name",
      "GET / HTTP/1.1\r\n\(host)Connection: TE, close\r\nTE: trailers\r\n\r\n",
      [
        Line("Host", "a", .host), Line("Connection", "TE, close", .connection, dropped: true),
        Line("TE", "trailers", .te, dropped: true),
      ], { $0.hasClose && !$0.hasNominated }),
    Good(
      "an upgrade",
      "GET /chat HTTP/1.1\r\n\(host)Connection: keep-alive, Upgrade\r\n"
        + "Upgrade: websocket\r\n\r\n",
      [
        Line("Host", "a", .host),
        Line("Connection", "keep-alive, Upgrade", .connection, dropped: true),
        Line("Upgrade", "websocket", .upgrade, dropped: true),
      ], { $0.wantsUpgrade && $0.indices[6] == 2 && !$0.hasNominated }),
    Good(
      "an upgrade to HTTP/2 is none",
      "GET / HTTP/1.1\r\n\(host)Upgrade: x, H2C\r\n"
        + "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n\r\n",
      [
        Line("Host", "a", .host), Line("Upgrade", "x, H2C", .upgrade, dropped: true),
        Line("Connection", "Upgrade, HTTP2-Settings", .connection, dropped: true),
        Line("HTTP2-Settings", "AAMA", .http2Settings, dropped: true),
      ], { !$0.wantsUpgrade && !$0.hasNominated }),
    Good(
      "an upgrade that Connection does not name",
      "GET / HTTP/1.1\r\n\(host)Upgrade: websocket\r\n\r\n",
      [Line("Host", "a", .host), Line("Upgrade", "websocket", .upgrade, dropped: true)],
      { !$0.wantsUpgrade }),
    Good(
      "an empty upgrade", "GET / HTTP/1.1\r\n\(host)Connection: upgrade\r\nUpgrade:\r\n\r\n",
      [
        Line("Host", "a", .host), Line("Connection", "upgrade", .connection, dropped: true),
        Line("Upgrade", "", .upgrade, dropped: true),
      ], { !$0.wantsUpgrade }),
    Good(
      "an expectation", "PUT / HTTP/1.1\r\n\(host)Expect: 100-Continue\r\n\r\n",
      [Line("Host", "a", .host), Line("Expect", "100-Continue", .expect)],
      { $0.expectsContinue }),
    Good(
      "what a proxy in front says",
      "GET / HTTP/1.1\r\n\(host)X-Forwarded-For: 1.2.3.4\r\n"
        + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nX-Request-Id: c\r\n"
        + "Forwarded: for=d\r\nX-Real-IP: e\r\nX-Forwarded-Port: 1\r\nAccept: f\r\nDate: g\r\n\r\n",
      [
        Line("Host", "a", .host), Line("X-Forwarded-For", "1.2.3.4", .forwardedFor),
        Line("X-Forwarded-Proto", "https", .forwardedProto),
        Line("X-Forwarded-Host", "b", .forwardedHost), Line("X-Request-Id", "c", .requestID),
        Line("Forwarded", "for=d", .forwardedOther), Line("X-Real-IP", "e", .forwardedOther),
        Line("X-Forwarded-Port", "1", .forwardedOther), Line("Accept", "f", .accept),
        Line("Date", "g", .date),
      ], { $0.indices == [0, 1, 2, 3, 4, 8, -1, 9, -1] }),
    Good(
      "aliases with underscores are dropped",
      "GET / HTTP/1.1\r\n\(host)X_Forwarded_For: 1.2.3.4\r\nContent_Length: 9\r\n"
        + "X-Forwarded_Host: b\r\nX_Custom: c\r\nx_real_ip: d\r\n\r\n",
      [
        Line("Host", "a", .host), Line("X_Forwarded_For", "1.2.3.4", dropped: true),
        Line("Content_Length", "9", dropped: true), Line("X-Forwarded_Host", "b", dropped: true),
        Line("X_Custom", "c"), Line("x_real_ip", "d", dropped: true),
      ], { $0.contentLength == -1 && $0.indices[1] == -1 }),
    Good(
      "an alias of Transfer-Encoding frames nothing",
      "POST / HTTP/1.1\r\n\(host)Transfer_Encoding: chunked\r\n\r\n",
      [Line("Host", "a", .host), Line("Transfer_Encoding", "chunked", dropped: true)],
      { !$0.isChunked }),
    Good(
      "a name that only looks like Transfer-Encoding frames nothing",
      "POST / HTTP/1.1\r\n\(host)TransferXEncoding: chunked\r\n\r\n",
      [Line("Host", "a", .host), Line("TransferXEncoding", "chunked")], { !$0.isChunked }),
    Good(
      "absolute form", "GET http://other.example:8080/a?b HTTP/1.1\r\n\(host)\r\n",
      [Line("Host", "a", .host)], { $0.target == "http://other.example:8080/a?b" }),
    Good("asterisk form", "OPTIONS * HTTP/1.1\r\n\(host)\r\n", [Line("Host", "a", .host)]) {
      $0.method == .options && $0.target == "*"
    },
    Good(
      "a method in lower case is another", "get / HTTP/1.1\r\n\(host)\r\n",
      [
        Line("Host", "a", .host)
      ]
    ) { $0.method == .other && $0.methodText == "get" },
    Good(
      "what follows the head is not part of it",
      "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
      [Line("Host", "a", .host)], { $0.target == "/a" && $0.result == .complete(length: 28) }),
  ]

  @Test("a good head is read", arguments: table)
  func isRead(_ good: Good) {
    let summary = parse(.request, good.head)
    #expect(summary.lines == good.lines())
    guard case .complete = summary.result else {
      Issue.record("\(summary.result)")
      return
    }
    #expect(good.expect(summary), "\(summary)")
  }

  @Test("every prefix of a good head is incomplete", arguments: table)
  func prefixes(_ good: Good) {
    #expect(oddPrefix(.request, bytes(good.head)) == nil)
  }

  @Test("a good head means the same at every place of a block", arguments: table)
  func places(_ good: Good) {
    let content = bytes(good.head)
    let whole = parse(.request, content)
    for at in 1..<40 { #expect(parse(.request, content, at: at) == whole) }
    #expect(parse(.request, content, at: 4096) == whole)
  }

  @Test("a head read after another is as if it were the first")
  func reuse() {
    var head = MessageHead()
    for first in Self.table {
      let used = block(bytes(first.head))
      _ = parse(.request, used, 0, used.end, HeadLimits(), &head)
      for second in Self.table.prefix(3) {
        let next = block(bytes(second.head))
        let result = parse(.request, next, 0, next.end, HeadLimits(), &head)
        let summary = HeadSummary(result, head, next, 0, isRequest: true)
        #expect(summary == parse(.request, second.head))
      }
    }
  }

  @Test(
    "known methods are told apart",
    arguments: [
      ("GET", Method.get), ("HEAD", .head), ("PUT", .put), ("DELETE", .delete),
      ("OPTIONS", .options), ("TRACE", .trace), ("POST", .other), ("GETX", .other), ("GE", .other),
      ("PATCH", .other), ("HEAP", .other), ("OPTIONZ", .other), ("DELETF", .other),
      ("TRACK", .other), ("G", .other), ("CONNECTX", .other),
    ])
  func methods(_ name: String, _ method: Method) {
    let summary = parse(.request, "\(name) / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(summary.method == method)
    #expect(summary.methodText == name)
    let isSafeToRepeat: [Method] = [.get, .head, .put, .delete, .options, .trace]
    #expect(method.isIdempotent == isSafeToRepeat.contains(method))
  }
}
