import Testing

@testable import DataPlane

/// Request heads that are refused, each with its reason. RFC 9112 sections 2 to 6.
struct RequestHeadBadTests {
  /// Something wrong and what the parser has to say of it.
  struct Bad: Sendable, CustomTestStringConvertible {
    let head: String
    let failure: ParseFailure
    var testDescription: String { head.debugDescription }
  }

  /// Request lines; a good rest follows.
  static let lines: [(String, ParseFailure)] = [
    ("", .badMethod),
    (" GET / HTTP/1.1", .badMethod),
    ("\tGET / HTTP/1.1", .badMethod),
    ("GET", .badMethod),
    ("GET\t/ HTTP/1.1", .badMethod),
    ("G\u{0}T / HTTP/1.1", .badMethod),
    ("G\u{e9}T / HTTP/1.1", .badMethod),
    ("GET: / HTTP/1.1", .badMethod),
    ("G(T / HTTP/1.1", .badMethod),
    ("G,T / HTTP/1.1", .badMethod),
    ("\"GET\" / HTTP/1.1", .badMethod),
    ("\u{7f}GET / HTTP/1.1", .badMethod),
    ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", .badMethod),
    ("GET /", .badTarget),
    ("GET  / HTTP/1.1", .badTarget),
    ("GET \t/ HTTP/1.1", .badTarget),
    ("GET /\tHTTP/1.1", .badTarget),
    ("GET /a\u{0}b HTTP/1.1", .badTarget),
    ("GET /\u{7f} HTTP/1.1", .badTarget),
    ("GET /\u{ff} HTTP/1.1", .badTarget),
    ("GET /\u{c3}\u{a9} HTTP/1.1", .badTarget),
    ("GET /\u{1b}[2J HTTP/1.1", .badTarget),
    ("GET /a b HTTP/1.1", .badVersion),
    ("GET /  HTTP/1.1", .badVersion),
    ("GET / \tHTTP/1.1", .badVersion),
    ("GET / http/1.1", .badVersion),
    ("GET / HTTP/1,1", .badVersion),
    ("GET / HTTP/11.", .badVersion),
    ("GET / HTTP/.11", .badVersion),
    ("GET / HTTP/1.x", .badVersion),
    ("GET / HTTP/x.1", .badVersion),
    ("GET / HTTP/1.10", .badVersion),
    ("GET / HTTP/01.1", .badVersion),
    ("GET / HTTP /1.1", .badVersion),
    ("GET / HTTPS/1.1", .badVersion),
    ("GET / HTTP\\1.1", .badVersion),
    ("GET / HTTP/1", .badVersion),
    ("GET / HTTP/", .badVersion),
    ("GET / HTTP", .badVersion),
    ("GET / ICY/1.1", .badVersion),
    ("GET / HTTP/1.1 ", .badLineEnd),
    ("GET / HTTP/1.1\t", .badLineEnd),
    ("GET / HTTP/1.1\u{0}", .badLineEnd),
    ("GET / HTTP/1.1\r", .badLineEnd),
    ("GET / HTTP/1.1 HTTP/1.1", .badLineEnd),
    ("GET / HTTP/0.9", .unsupportedVersion),
    ("GET / HTTP/2.0", .unsupportedVersion),
    ("GET / HTTP/2.9", .unsupportedVersion),
    ("GET / HTTP/3.1", .unsupportedVersion),
    ("PRI * HTTP/2.0", .unsupportedVersion),
    ("GET / HTTP/9.9", .unsupportedVersion),
    ("CONNECT a:443 HTTP/1.1", .unsupportedMethod),
    ("CONNECT / HTTP/1.1", .unsupportedMethod),
  ]

  /// Field lines of a `POST` that has its Host.
  static let fields: [(String, ParseFailure)] = [
    ("X : y", .badFieldName),
    ("X\t: y", .badFieldName),
    ("Content-Length : 5", .badFieldName),
    ("Transfer-Encoding : chunked", .badFieldName),
    (" folded", .badFieldName),
    ("\tfolded", .badFieldName),
    ("A: b\r\n folded", .badFieldName),
    ("A: b\r\n\tContent-Length: 5", .badFieldName),
    (": no name", .badFieldName),
    ("no colon", .badFieldName),
    ("nocolon", .badLineEnd),
    ("X\u{0}: y", .badFieldName),
    ("X\u{80}: y", .badFieldName),
    ("X(a): y", .badFieldName),
    ("X/a: y", .badFieldName),
    ("X[a]: y", .badFieldName),
    ("X{a}: y", .badFieldName),
    ("X@a: y", .badFieldName),
    ("\"X\": y", .badFieldName),
    ("X,Y: y", .badFieldName),
    ("X;Y: y", .badFieldName),
    ("X\u{b}: y", .badFieldName),
    ("X\u{7f}: y", .badFieldName),
    ("X: a\u{0}b", .badFieldValue),
    ("X: \u{0}", .badFieldValue),
    ("X: a\u{1}", .badFieldValue),
    ("X: a\u{8}b", .badFieldValue),
    ("X: \u{b}chunked", .badFieldValue),
    ("X: a\u{c}b", .badFieldValue),
    ("X: a\u{1b}b", .badFieldValue),
    ("X: a\u{1f}b", .badFieldValue),
    ("X: a\u{7f}b", .badFieldValue),
    ("Transfer-Encoding:\u{b}chunked", .badFieldValue),
    ("Transfer-Encoding: \u{c}chunked", .badFieldValue),
    ("X: a\nb: c", .badLineEnd),
    ("X: a\rb: c", .badLineEnd),
    ("X: a\r\rb: c", .badLineEnd),
    ("X\r: y", .badLineEnd),
    ("X\n: y", .badLineEnd),
    ("\rX: y", .badLineEnd),
    ("\nX: y", .badLineEnd),
    ("Host: b", .repeatedHost),
    ("Host: a", .repeatedHost),
    ("hOST:", .repeatedHost),
    ("Content-Length:", .badContentLength),
    ("Content-Length: +5", .badContentLength),
    ("Content-Length: -5", .badContentLength),
    ("Content-Length: 0x5", .badContentLength),
    ("Content-Length: 5, 5", .badContentLength),
    ("Content-Length: 5,", .badContentLength),
    ("Content-Length: 5 5", .badContentLength),
    ("Content-Length: 5.0", .badContentLength),
    ("Content-Length: 1e3", .badContentLength),
    ("Content-Length: \"5\"", .badContentLength),
    ("Content-Length: five", .badContentLength),
    ("Content-Length: 5;", .badContentLength),
    ("Content-Length: \u{b2}", .badContentLength),
    ("Content-Length: 1000000000000000000", .badContentLength),
    ("Content-Length: 9223372036854775808", .badContentLength),
    ("Content-Length: 18446744073709551621", .badContentLength),
    ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
    ("Content-Length: 5\r\nContent-Length: 6", .repeatedContentLength),
    ("Content-Length: 0\r\ncontent-length: 0", .repeatedContentLength),
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", .lengthAndCoding),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", .lengthAndCoding),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0", .lengthAndCoding),
    ("Transfer-Encoding:", .badTransferCoding),
    ("Transfer-Encoding: ,", .badTransferCoding),
    ("Transfer-Encoding: , chunked", .badTransferCoding),
    ("Transfer-Encoding: chunked,", .badTransferCoding),
    ("Transfer-Encoding: chunked, chunked", .badTransferCoding),
    ("Transfer-Encoding: chunked, identity", .badTransferCoding),
    ("Transfer-Encoding: chunked, gzip, chunked", .badTransferCoding),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferCoding),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", .badTransferCoding),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding:", .badTransferCoding),
    ("Transfer-Encoding: \"chunked\"", .badTransferCoding),
    ("Transfer-Encoding: chunk\u{e9}d", .badTransferCoding),
    ("Transfer-Encoding: (chunked)", .badTransferCoding),
    ("Transfer-Encoding: gzip", .unknownTransferCoding),
    ("Transfer-Encoding: identity", .unknownTransferCoding),
    ("Transfer-Encoding: gzip, chunked", .unknownTransferCoding),
    ("Transfer-Encoding: xchunked", .unknownTransferCoding),
    ("Transfer-Encoding: chunkedx", .unknownTransferCoding),
    ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", .unknownTransferCoding),
    ("Expect: 200-ok", .unknownExpectation),
    ("Expect:", .unknownExpectation),
    ("Expect: 100-continue, x", .unknownExpectation),
    ("Expect: 100-continue;a=b", .unknownExpectation),
    ("Connection: a b", .badFieldValue),
    ("Connection: close;", .badFieldValue),
    ("Connection: \"close\"", .badFieldValue),
    ("Connection: close, x\u{e9}", .badFieldValue),
  ]

  /// Values of the only Host.
  static let hosts = [
    "", " ", "a b", "a,b", "user@a", "a/b", "a?b", "a#b", "a\\b", "a\"b", "<a>", "a:b", "a:65536",
    "a:123456", "a:1:2", ":80", "[::1", "::1]", "[]", "[::1]x", "[::1]:x", "[g::1]", "a%", "a%4",
    "a%zz", "a^b", "a`b", "a{b}", "a|b", "\u{e9}", "http://a", "a\tb", "[::1]:65536",
  ]

  static let whole: [Bad] =
    lines.map { Bad(head: "\($0.0)\r\nHost: a\r\n\r\n", failure: $0.1) }
    + fields.map { Bad(head: "POST / HTTP/1.1\r\nHost: a\r\n\($0.0)\r\n\r\n", failure: $0.1) }
    + hosts.map {
      Bad(head: "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n", failure: .badHost)
    } + [
      Bad(head: "GET / HTTP/1.1\r\n\r\n", failure: .missingHost),
      Bad(head: "GET http://a/ HTTP/1.1\r\n\r\n", failure: .missingHost),
      Bad(head: "GET / HTTP/1.1\r\nX-Host: a\r\nHosts: a\r\n\r\n", failure: .missingHost),
      Bad(head: "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", failure: .badHost),
      Bad(head: "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", failure: .repeatedHost),
      Bad(
        head: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        failure: .codingInOldVersion),
      Bad(
        head: "POST / HTTP/1.0\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        failure: .lengthAndCoding),
      Bad(head: "GET / HTTP/1.1\nHost: a\n\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\nHost: a\r\n\r\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\rHost: a\r\n\r\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\r\nHost: a\n\r\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\r\nHost: a\r\n\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", failure: .badLineEnd),
      Bad(head: "GET / HTTP/1.1\r\nHost: a\r\n\rGET / HTTP/1.1\r\n", failure: .badLineEnd),
    ]

  @Test("a bad head is refused with its reason", arguments: whole)
  func isRefused(_ bad: Bad) {
    #expect(parse(.request, bad.head).result == .failed(bad.failure))
  }

  @Test("a bad head is refused for the same reason however it is split", arguments: whole)
  func prefixes(_ bad: Bad) {
    #expect(oddPrefix(.request, bytes(bad.head)) == nil)
  }

  @Test("a bad head is refused at every place of a block")
  func places() {
    for bad in Self.whole {
      for at in [1, 7, 15, 16, 17, 31] {
        #expect(parse(.request, bytes(bad.head), at: at).result == .failed(bad.failure))
      }
    }
  }

  @Test("each forbidden byte is refused in each part of a head")
  func everyByte() {
    let tokens = Set(bytes("!#$%&'*+-.^_`|~")).union(0x30...0x39).union(0x41...0x5a)
      .union(0x61...0x7a)
    for byte in UInt8.min...UInt8.max {
      let odd = text([byte])
      let inMethod = parse(.request, "G\(odd)T / HTTP/1.1\r\nHost: a\r\n\r\n").failure
      // A space ends the method: `T` is the target then, `/` no version.
      #expect((inMethod == nil) == tokens.contains(byte), "\(byte) in the method")
      let inTarget = parse(.request, "GET /\(odd)x HTTP/1.1\r\nHost: a\r\n\r\n").failure
      #expect((inTarget == nil) == (0x21...0x7e).contains(byte), "\(byte) in the target")
      let inName = parse(.request, "GET / HTTP/1.1\r\nHost: a\r\nX\(odd)Y: z\r\n\r\n")
      #expect(
        (inName.failure == nil) == (tokens.contains(byte) || byte == 0x3a), "\(byte) in a name")
      let inValue = parse(.request, "GET / HTTP/1.1\r\nHost: a\r\nX: y\(odd)z\r\n\r\n").failure
      let mayBeInValue = byte == 0x09 || byte >= 0x20 && byte != 0x7f
      #expect((inValue == nil) == mayBeInValue, "\(byte) in a value")
      let inVersion = parse(.request, "GET / HTTP/1.\(odd)\r\nHost: a\r\n\r\n").failure
      #expect((inVersion == nil) == (0x30...0x39).contains(byte), "\(byte) in the version")
    }
  }

  /// What can no longer become a good head, whatever comes behind it.
  static let hopeless: [(String, ParseFailure)] = [
    ("\u{16}", .badMethod), ("{", .badMethod), (" ", .badMethod), ("GET\t", .badMethod),
    ("GET /\r", .badTarget), ("GET /\u{80}", .badTarget), ("GET  ", .badTarget),
    ("GET / X", .badVersion), ("GET / HTTQ", .badVersion), ("GET / h", .badVersion),
    ("GET / HTTP/1.1\n\n", .badLineEnd), ("GET / HTTP/2.0\r\n", .unsupportedVersion),
    ("GET / HTTP/1.1\r\n ", .badFieldName), ("GET / HTTP/1.1\r\nA ", .badFieldName),
    ("GET / HTTP/1.1\r\nA\u{0}", .badFieldName), ("GET / HTTP/1.1\r\n:", .badFieldName),
    ("GET / HTTP/1.1\r\nA: b\n", .badLineEnd), ("GET / HTTP/1.1\r\nA: b\u{0}", .badFieldValue),
    ("GET / HTTP/1.1\r\nA: b\rc", .badLineEnd), ("GET / HTTP/1.1\r\n\rc", .badLineEnd),
    ("GET / HTTP/1.1\r\nHost:\r\n", .badHost),
    ("GET / HTTP/1.1\r\nContent-Length: x\r\n", .badContentLength),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", .repeatedHost),
  ]

  @Test("what can no longer become good is refused at once", arguments: hopeless)
  func early(_ prefix: String, _ failure: ParseFailure) {
    #expect(parse(.request, prefix).result == .failed(failure))
  }
}
