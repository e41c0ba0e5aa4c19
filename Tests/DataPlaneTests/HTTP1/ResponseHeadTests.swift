import Testing

@testable import DataPlane

/// Response heads, good and bad (RFC 9112 sections 4 to 6).
struct ResponseHeadTests {
  static let good: [(String, [Line], Int, @Sendable (HeadSummary) -> Bool)] = [
    ("HTTP/1.1 200 OK\r\n\r\n", [], 200, { $0.keepsAlive && $0.contentLength == -1 }),
    ("HTTP/1.1 200\r\n\r\n", [], 200, { $0.firstField == 14 }),
    ("HTTP/1.1 200 \r\n\r\n", [], 200, { $0.firstField == 15 }),
    ("HTTP/1.0 200 OK\r\n\r\n", [], 200, { $0.minorVersion == 0 && !$0.keepsAlive }),
    ("HTTP/1.7 599 Odd\r\n\r\n", [], 599, { $0.minorVersion == 1 && $0.keepsAlive }),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", [], 100, { $0.firstField == 23 }),
    ("HTTP/1.1 404 Nicht\tgefunden \u{fc}\r\n\r\n", [], 404, { _ in true }),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nHost: b, c\r\nExpect: x\r\n\r\nhello",
      [
        Line("Content-Length", "5", .contentLength), Line("Host", "b, c", .host),
        Line("Expect", "x", .expect),
      ], 200, { $0.contentLength == 5 && $0.indices[0] == -1 && !$0.expectsContinue }
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
      [Line("Transfer-Encoding", "chunked", .transferEncoding), Line("Trailer", "X", .trailer)],
      200, { $0.isChunked }
    ),
    (
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: max=3, timeout=15\r\n\r\n",
      [
        Line("Connection", "keep-alive", .connection, dropped: true),
        Line("Keep-Alive", "max=3, timeout=15", .keepAlive, dropped: true),
      ], 200, { $0.keepsAlive && $0.keepAliveTimeout == 15 }
    ),
    (
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=x\r\nConnection: close\r\n\r\n",
      [
        Line("Keep-Alive", "timeout=x", .keepAlive, dropped: true),
        Line("Connection", "close", .connection, dropped: true),
      ], 200, { !$0.keepsAlive && $0.keepAliveTimeout == -1 }
    ),
    (
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=999999999999\r\n\r\n",
      [Line("Keep-Alive", "timeout=999999999999", .keepAlive, dropped: true)],
      200, { $0.keepAliveTimeout == 86_400 }
    ),
    (
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      [
        Line("Connection", "Upgrade", .connection, dropped: true),
        Line("Upgrade", "websocket", .upgrade, dropped: true),
      ], 101, { $0.wantsUpgrade }
    ),
    (
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nDate: e\r\n\r\n",
      [
        Line("Set-Cookie", "a=b", .setCookie), Line("Set-Cookie", "c=d", .setCookie),
        Line("Date", "e", .date),
      ], 200, { $0.indices[7] == 2 }
    ),
    (
      "HTTP/1.1 200 OK\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n",
      [
        Line("Content_Length", "5", dropped: true),
        Line("Transfer_Encoding", "chunked", dropped: true),
      ], 200, { $0.contentLength == -1 && !$0.isChunked }
    ),
  ]

  @Test("a good response head is read", arguments: good.indices)
  func isRead(_ index: Int) {
    let (head, lines, status, expect) = Self.good[index]
    let summary = parse(.response, head)
    guard case .complete = summary.result else {
      Issue.record("\(head.debugDescription): \(summary.result)")
      return
    }
    #expect(summary.lines == lines)
    #expect(summary.status == status)
    #expect(expect(summary), "\(summary)")
    #expect(oddPrefix(.response, bytes(head)) == nil)
    for at in 1..<20 { #expect(parse(.response, bytes(head), at: at) == summary) }
  }

  @Test("every status from 100 to 599 is read, no other")
  func statuses() {
    for status in 0...999 {
      let digits = String(1000 + status).dropFirst()
      let summary = parse(.response, "HTTP/1.1 \(digits) x\r\n\r\n")
      if (100...599).contains(status) {
        #expect(summary.status == status)
        #expect(summary.failure == nil)
      } else {
        #expect(summary.failure == .badStatusLine)
      }
    }
  }

  /// Status lines; an empty line follows.
  static let lines: [(String, ParseFailure)] = [
    ("", .badStatusLine),
    ("SSH-2.0-OpenSSH_9.2p1", .badStatusLine),
    ("ICY 200 OK and more", .badStatusLine),
    ("http/1.1 200 OK", .badStatusLine),
    (" HTTP/1.1 200 OK", .badStatusLine),
    ("HTTP/2.0 200 OK", .badStatusLine),
    ("HTTP/0.9 200 OK", .badStatusLine),
    ("HTTP/1.10 200 OK", .badStatusLine),
    ("HTTP/1. 200 OK", .badStatusLine),
    ("HTTP/1,1 200 OK", .badStatusLine),
    ("HTTP/1.x 200 OK", .badStatusLine),
    ("HTTP/11 200 OK ", .badStatusLine),
    ("HTTPS/1.1 200 OK", .badStatusLine),
    ("HTTP/1.1  200 OK", .badStatusLine),
    ("HTTP/1.1\t200 OK", .badStatusLine),
    ("HTTP/1.1 20 OK and", .badStatusLine),
    ("HTTP/1.1 2000 OK", .badStatusLine),
    ("HTTP/1.1 2x0 OK", .badStatusLine),
    ("HTTP/1.1 20x OK", .badStatusLine),
    ("HTTP/1.1 x00 OK", .badStatusLine),
    ("HTTP/1.1 099 OK", .badStatusLine),
    ("HTTP/1.1 600 OK", .badStatusLine),
    ("HTTP/1.1 -20 OK", .badStatusLine),
    ("HTTP/1.1 +20 OK", .badStatusLine),
    ("HTTP/1.1 200\tOK", .badStatusLine),
    ("HTTP/1.1 200-OK", .badStatusLine),
    ("HTTP/1.1 200OK and", .badStatusLine),
    ("HTTP/1.1 200,200 OK", .badStatusLine),
    ("HTTP/1.1 200 a\u{0}b", .badLineEnd),
    ("HTTP/1.1 200 a\u{7f}b", .badLineEnd),
    ("HTTP/1.1 200 a\nb", .badLineEnd),
    ("HTTP/1.1 200 a\rb", .badLineEnd),
    ("HTTP/1.1 200\rOK", .badLineEnd),
  ]

  /// Field lines of a good status line.
  static let fields: [(String, ParseFailure)] = [
    ("X : y", .badFieldName), (" folded", .badFieldName), ("A: b\r\n\tfolded", .badFieldName),
    (": y", .badFieldName), ("nocolon", .badLineEnd), ("X\u{0}Y: z", .badFieldName),
    ("X: a\u{0}", .badFieldValue), ("X: a\u{b}b", .badFieldValue), ("X: a\nb", .badLineEnd),
    ("X: a\rb", .badLineEnd),
    ("Content-Length: -1", .badContentLength), ("Content-Length:", .badContentLength),
    ("Content-Length: 9223372036854775808", .badContentLength),
    ("Content-Length: 5, 5", .badContentLength),
    ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
    ("Content-Length: 5\r\nContent-Length: 6", .repeatedContentLength),
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", .lengthAndCoding),
    ("Transfer-Encoding: gzip", .unknownTransferCoding),
    ("Transfer-Encoding: gzip, chunked", .unknownTransferCoding),
    ("Transfer-Encoding: chunked, chunked", .badTransferCoding),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferCoding),
    ("Transfer-Encoding:", .badTransferCoding),
    ("Connection: a b", .badFieldValue),
  ]

  static let bad: [(String, ParseFailure)] =
    lines.map { ("\($0.0)\r\n\r\n", $0.1) }
    + fields.map { ("HTTP/1.1 200 OK\r\n\($0.0)\r\n\r\n", $0.1) } + [
      ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .codingInOldVersion),
      ("HTTP/1.1 200 OK\nX: y\n\n", .badLineEnd),
      ("HTTP/1.1 200 OK\r\nX: y\n\r\n", .badLineEnd),
      ("HTTP/1.1 200 OK\r\n\n", .badLineEnd),
      ("\r\nHTTP/1.1 200 OK\r\n\r\n", .badStatusLine),
    ]

  @Test("a bad response head is refused with its reason", arguments: bad)
  func isRefused(_ head: String, _ failure: ParseFailure) {
    // Bytes behind make the verdict independent of how much a status line has at least.
    let content = bytes(head + "0123456789")
    #expect(parse(.response, content).result == .failed(failure))
    #expect(oddPrefix(.response, content) == nil)
    for at in [1, 15, 16, 17] {
      #expect(parse(.response, content, at: at).result == .failed(failure))
    }
  }

  @Test("what can no longer be a status line is refused at once")
  func early() {
    for prefix in ["h", "HTTQ", "HTTP/2", "HTTP/1,", "SSH-", "\r", "\n", " ", "\u{0}"] {
      #expect(parse(.response, prefix).result == .failed(.badStatusLine), "\(prefix)")
    }
  }

  @Test("a response head of just the limit passes, one byte more is too large")
  func limit() {
    let head = "HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyy\r\n\r\n"
    let count = bytes(head).count
    func limits(_ bytes: Int) -> HeadLimits {
      HeadLimits(requestLineBytes: bytes, headBytes: bytes, fieldCount: 10)
    }
    #expect(parse(.response, head + "body", limits: limits(count)).failure == nil)
    for bytes in 14..<count {
      #expect(parse(.response, head, limits: limits(bytes)).result == .failed(.headTooLong))
    }
    let many = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 10)
    #expect(parse(.response, many + "\r\n", limits: limits(1000)).failure == nil)
    #expect(parse(.response, many + "X: y\r\n\r\n", limits: limits(1000)).failure == .tooManyFields)
  }
}

/// Trailer sections (RFC 9112 section 7.1.2, RFC 9110 section 6.5).
struct TrailerTests {
  @Test("an empty trailer section is one empty line")
  func empty() {
    #expect(parse(.trailers, "\r\n").result == .complete(length: 2))
    #expect(parse(.trailers, "\r\nGET").result == .complete(length: 2))
    #expect(parse(.trailers, "").result == .incomplete)
    #expect(parse(.trailers, "\r").result == .incomplete)
  }

  @Test("ordinary trailer fields are kept, those that steer the message are not")
  func kept() {
    let forbidden = [
      "Host", "Connection", "Keep-Alive", "TE", "Upgrade", "Transfer-Encoding", "Content-Length",
      "Expect", "Proxy-Connection", "HTTP2-Settings", "Proxy", "X-Forwarded-For",
      "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "X-Real-IP",
      "X-Request-Id", "Via", "Authorization", "Cookie", "Set-Cookie", "Trailer", "Max-Forwards",
      "Content_Length", "Transfer_Encoding", "X_Forwarded_For",
    ]
    for name in forbidden {
      let summary = parse(.trailers, "X-Sum: 12\r\n\(name): z z\r\nETag: x\r\n\r\n")
      #expect(summary.lines.map(\.isDropped) == [false, true, false], "\(name)")
      #expect(summary.lines.map(\.name) == ["X-Sum", name, "ETag"])
      // They say nothing about the message any more.
      #expect(!summary.isChunked && summary.contentLength == -1 && !summary.hasClose)
    }
  }

  @Test(
    "fields of authentication and content are not taken from trailers",
    arguments: [
      "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate", "Content-Encoding",
      "Content-Type", "Content-Range",
    ])
  func authentication(_ name: String) {
    #expect(parse(.trailers, "\(name): z\r\n\r\n").lines.map(\.isDropped) == [true])
  }

  @Test(
    "malformed trailers are refused, however they are split",
    arguments: [
      ("X: a\r\n b\r\n\r\n", ParseFailure.badFieldName), ("X : a\r\n\r\n", .badFieldName),
      ("X: a\n\r\n", .badLineEnd), ("X: a\u{0}\r\n\r\n", .badFieldValue),
      ("nocolon\r\n\r\n", .badLineEnd), ("\n", .badLineEnd), ("\rX", .badLineEnd),
      (": a\r\n\r\n", .badFieldName), ("GET / HTTP/1.1\r\n\r\n", .badFieldName),
    ])
  func bad(_ section: String, _ failure: ParseFailure) {
    #expect(parse(.trailers, section).result == .failed(failure))
    #expect(oddPrefix(.trailers, bytes(section)) == nil)
  }

  @Test("every prefix of good trailers is incomplete")
  func prefixes() {
    #expect(oddPrefix(.trailers, bytes("A: b\r\nC:\t d \r\nE:\r\n\r\nGET /")) == nil)
  }

  @Test("limits hold for trailers as well")
  func limits() {
    let limits = HeadLimits(requestLineBytes: 10, headBytes: 14, fieldCount: 2)
    #expect(parse(.trailers, "A: b\r\nC: d\r\n\r\n", limits: limits).failure == nil)
    #expect(
      parse(.trailers, "A: b\r\nC: de\r\n\r\n", limits: limits).failure == .headTooLong)
    #expect(
      parse(.trailers, "A:\r\nB:\r\nC:\r\n\r\n", limits: limits).failure == .tooManyFields)
  }
}
