import Testing

@testable import ControlPlane

/// Heads in, requests or refusals out; no sockets.
@Suite struct LocalRequestParserTests {
  private func parse(_ head: String) throws -> LocalRequest {
    try LocalRequestParser(limits: LocalServerLimits()).parse(Array(head.utf8)[...])
  }

  @Test func readsTargetHeadersAndLength() throws {
    let request = try parse(
      "POST /a/b?x=1&y=a%20b+c&z HTTP/1.1\r\nHost: h\r\nX-One:  two \t\r\n"
        + "Content-Length: 5\r\n\r\n")
    #expect(request.method == "POST")
    #expect(request.path == "/a/b")
    #expect(request.query == [.init("x", "1"), .init("y", "a b c"), .init("z", "")])
    #expect(request.header("x-one") == "two")
    #expect(request.contentLength == 5)
    #expect(request.keepsAlive)
  }

  @Test(arguments: [
    ("GET http://host HTTP/1.1", "/"), ("GET HTTP://host:1/p?q HTTP/1.1", "/p"),
    ("OPTIONS * HTTP/1.1", "*"), ("GET /%41?% HTTP/1.1", "/%41"), ("GET /?a=%4 HTTP/1.1", "/"),
    ("GET http://host?q=1 HTTP/1.1", "/"),
  ])
  func readsEveryFormOfTarget(line: String, path: String) throws {
    #expect(try parse("\(line)\r\nHost: h\r\n\r\n").path == path)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", false),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false),
    ("GET / HTTP/1.9\r\nHost: h\r\n\r\n", true),
  ])
  func decidesKeepAlive(head: String, keepsAlive: Bool) throws {
    #expect(try parse(head).keepsAlive == keepsAlive)
  }

  static let refusals: [(String, Int)] = [
    ("\r\n\r\n", 400), ("GET\r\n\r\n", 400), ("GET /\r\n\r\n", 400),
    ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400), ("GET / HTTP/1\r\nHost: h\r\n\r\n", 400),
    ("GET / http/1.1\r\nHost: h\r\n\r\n", 400), ("PRI * HTTP/2.0\r\n\r\n", 505),
    ("GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: h\r\nnocolon\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1,1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", 413),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", 417),
    ("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 100) + "\r\n", 431),
  ]

  @Test(arguments: refusals)
  func refuses(head: String, status: Int) {
    #expect(throws: LocalRefusal(status: status)) { try parse(head) }
  }

  /// Any bytes: an answer, never a trap.
  @Test func survivesDamagedHeads() {
    var random = SystemRandomNumberGenerator()
    let parser = LocalRequestParser(limits: LocalServerLimits())
    for (head, _) in Self.refusals {
      for _ in 0..<50 {
        var bytes = Array(head.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let at = Int.random(in: 0..<bytes.count, using: &random)
          bytes[at] = UInt8.random(in: 0...255, using: &random)
        }
        _ = try? parser.parse(bytes[...])
        _ = try? parser.parse(bytes[...].dropLast(Int.random(in: 0...bytes.count, using: &random)))
      }
    }
  }
}

/// The end of a head, wherever its bytes were cut.
@Suite struct LocalHeadScanTests {
  @Test func everySplitPointGivesTheSame() {
    let bytes = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\nrest".utf8)
    for split in 0...bytes.count {
      var scan = LocalHeadScan()
      let first = scan.scan(Array(bytes[..<split]))
      #expect(first == (split < bytes.count - 4 ? .more : .end(bytes.count - 4)))
      if first == .more { #expect(scan.scan(bytes) == .end(bytes.count - 4)) }
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\n", "a\rb", "\u{0}", "\u{16}\u{3}\u{1}", "A: \u{7f}"])
  func seesGarbageAtOnce(text: String) {
    var scan = LocalHeadScan()
    #expect(scan.scan(Array(text.utf8)) == .garbage)
  }
}
