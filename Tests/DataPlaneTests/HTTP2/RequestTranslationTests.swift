import Testing

@testable import DataPlane

/// Requests of HTTP/2 as HTTP/1.1 (RFC 9113 sections 8.2, 8.3 and 8.5).
struct RequestTranslationTests {
  private static let start = wire(
    ":method: GET", ":scheme: https", ":path: /a?b=c", ":authority: example.com")

  private func written(
    _ body: TranslatedFraming.Body, acceptsTrailers: Bool = false, _ head: String
  ) -> Translated {
    var framing = TranslatedFraming()
    framing.body = body
    framing.acceptsTrailers = acceptsTrailers
    return Translated(outcome: .written(framing), text: head.replacing("\n", with: "\r\n"))
  }

  @Test func `a request without content`() {
    let fields = Self.start + wire("accept: */*", "x-empty:", "priority: u=1")
    #expect(
      translateRequest(fields)
        == written(
          .none,
          "GET /a?b=c HTTP/1.1\nhost: example.com\naccept: */*\nx-empty: \npriority: u=1\n\n"))
  }

  @Test func `the order of pseudo-fields is free`() {
    #expect(translateRequest(Self.start.reversed()) == translateRequest(Self.start))
  }

  @Test func `how content is framed`() {
    let length = Self.start + wire("content-length: 12")
    let repeated = length + wire("a: b", "content-length: 12", "content-length: 012")
    let head = "GET /a?b=c HTTP/1.1\nhost: example.com\n"
    #expect(
      translateRequest(Self.start, endsStream: false)
        == written(.chunked, head + "transfer-encoding: chunked\n\n"))
    #expect(
      translateRequest(length, endsStream: false)
        == written(.length(12), head + "content-length: 12\n\n"))
    #expect(
      translateRequest(repeated, endsStream: false)
        == written(.length(12), head + "content-length: 12\na: b\n\n"))
    let empty = Self.start + wire("content-length: 0")
    #expect(translateRequest(empty) == written(.none, head + "content-length: 0\n\n"))
    #expect(
      translateRequest(empty, endsStream: false)
        == written(.length(0), head + "content-length: 0\n\n"))
    #expect(translateRequest(length).outcome == .malformed)
  }

  @Test func `cookies are joined in the place of the first`() {
    let fields =
      Self.start
      + wire("a: 1", "cookie: x=1", "b: 2", "cookie: y=2; z=3", "cookie: w=4", "c: 3")
    #expect(
      translateRequest(fields).text.hasSuffix(
        "\r\na: 1\r\ncookie: x=1; y=2; z=3; w=4\r\nb: 2\r\nc: 3\r\n\r\n"))
  }

  @Test func `te says that trailers are accepted`() {
    let fields = Self.start + wire("te: trailers", "a: b", "te: Trailers")
    #expect(
      translateRequest(fields)
        == written(
          .none, acceptsTrailers: true,
          "GET /a?b=c HTTP/1.1\nhost: example.com\nTE: trailers\na: b\n\n"))
  }

  @Test(arguments: [
    (":authority: Example.com:8080", "host: example.COM:8080", "Example.com:8080"),
    ("", "host: a.example", "a.example"), (":authority: [::1]:80", "", "[::1]:80"),
  ])
  func `authority and host`(_ authority: String, _ host: String, _ result: String) {
    let fields =
      Array(Self.start.dropLast())
      + [authority, "x: y", host].filter { !$0.isEmpty }.map { WireField($0) }
    #expect(
      translateRequest(fields)
        == written(.none, "GET /a?b=c HTTP/1.1\nhost: \(result)\nx: y\n\n"))
  }

  @Test func `requests of a whole server`() {
    let fields = wire(
      ":method: OPTIONS", ":scheme: http", ":authority: a", ":path: *")
    #expect(translateRequest(fields) == written(.none, "OPTIONS * HTTP/1.1\nhost: a\n\n"))
  }

  @Test func `connect is told apart`() {
    let fields = wire(":method: CONNECT", ":authority: a:443")
    #expect(translateRequest(fields, endsStream: false) == Translated(outcome: .connect, text: ""))
    for more in [":scheme: https", ":path: /", ":protocol: websocket"] {
      #expect(translateRequest(fields + wire(more)).outcome == .malformed)
    }
    #expect(translateRequest(wire(":method: CONNECT")).outcome == .malformed)
    #expect(
      translateRequest(
        Self.start.dropFirst() + wire(":method: CONNECT", ":protocol: websocket")
      ).outcome == .malformed)
  }

  @Test func `a block that is too small is left alone`() {
    let list = fieldList(Self.start)
    var out = Block(capacity: list.size + RequestTranslation.overhead - 1)
    #expect(RequestTranslation.write(list, endsStream: true, into: &out) == .noRoom)
    #expect(out.end == 0)
  }

  @Test func `the room that is asked for is enough`() {
    // Many empty cookies grow least; a chunked request grows most.
    for fields in [
      wire(":method: G", ":scheme: http", ":path: /", ":authority: a"),
      wire(":method: G", ":scheme: http", ":path: /", ":authority: a")
        + Array(repeating: WireField("cookie", ""), count: 200),
    ] {
      let list = fieldList(fields)
      var out = Block(capacity: list.size + RequestTranslation.overhead)
      #expect(RequestTranslation.write(list, endsStream: false, into: &out) != .noRoom)
    }
  }

  // MARK: Malformed

  /// Instead of the good start.
  static let badStarts: [(String, [String])] = [
    ("nothing", []),
    ("no method", [":scheme: https", ":path: /", ":authority: a"]),
    ("no scheme", [":method: GET", ":path: /", ":authority: a"]),
    ("no path", [":method: GET", ":scheme: https", ":authority: a"]),
    ("no authority and no host", [":method: GET", ":scheme: https", ":path: /"]),
    ("an empty method", [":method:", ":scheme: https", ":path: /", ":authority: a"]),
    ("an empty scheme", [":method: GET", ":scheme:", ":path: /", ":authority: a"]),
    ("an empty path", [":method: GET", ":scheme: https", ":path:", ":authority: a"]),
    ("an empty authority", [":method: GET", ":scheme: https", ":path: /", ":authority:"]),
    ("a status", [":status: 200"]),
    ("an empty OPTIONS path", [":method: OPTIONS", ":scheme: https", ":path:", ":authority: a"]),
  ]

  @Test(arguments: badStarts)
  func `pseudo-fields that are missing or empty`(_ why: String, _ lines: [String]) {
    let fields = lines.map { WireField($0) }
    #expect(translateRequest(fields) == Translated(outcome: .malformed, text: ""), "\(why)")
  }

  /// Behind the good start.
  static let badFields: [String] = [
    // RFC 9113 section 8.3: unknown, repeated, not before the others.
    ":status: 200", ":protocol: websocket", ":unknown: x", ":: x", ": x", ":Method: GET",
    ":method: GET", ":scheme: https", ":path: /", ":authority: example.com", ":method : GET",
    // Section 8.2.2.
    "connection: close", "connection: keep-alive", "connection:", "proxy-connection: close",
    "keep-alive: timeout=5", "transfer-encoding: chunked", "transfer-encoding: identity",
    "upgrade: websocket", "te: gzip", "te: trailers, gzip", "te:", "te: trailers;q=1",
    // Section 8.2: upper case.
    "Accept: x", "x-A: b", "CONNECTION: close", "Host: example.com", "Content-Length: 1",
    // Section 8.3.1.
    "host: other.example", "host: example.com:443", "host:", "host: example.com.",
    // RFC 9110 section 8.6.
    "content-length: 1", "content-length: -1", "content-length: +0", "content-length: 0x0",
    "content-length:", "content-length: 0, 0", "content-length: 00000000000000000000",
    "content-length: 99999999999999999999", "content-length: 0.0",
  ]

  @Test(arguments: badFields)
  func `fields that are refused`(_ line: String) {
    #expect(translateRequest(Self.start + [WireField(line)]).outcome == .malformed)
  }

  @Test func `combinations that are refused`() {
    for lines in [
      ["host: example.com", "host: example.com"], ["content-length: 3", "content-length: 4"],
      ["a: b", ":path: /x"], ["content-length: 0", "content-length: 1"],
    ] {
      let fields = Self.start + lines.map { WireField($0) }
      #expect(translateRequest(fields, endsStream: false).outcome == .malformed)
    }
    // Two hosts without an authority, and a pseudo-field between others.
    let noAuthority = Array(Self.start.dropLast())
    #expect(translateRequest(noAuthority + wire("host: a", "host: a")).outcome == .malformed)
    #expect(
      translateRequest(wire("a: b") + Self.start).outcome == .malformed)
    #expect(
      translateRequest(wire(":method: GET", "a: b") + Self.start.dropFirst()).outcome
        == .malformed)
  }

  @Test func `bytes that would make another message`() {
    // In a name: all but tokens, and upper case.
    for byte in UInt8.min...UInt8.max {
      let character = text([byte])
      let isGood = ByteClass.isToken(byte) && !(0x41...0x5a ~= byte)
      for name in ["a\(character)b", "aaaaaaaaaaaaaaaaaaaaaaaaa\(character)", "\(character)x"] {
        let fields = Self.start + [WireField(name, "v")]
        #expect((translateRequest(fields).outcome != .malformed) == isGood, "name \(byte)")
      }
    }
    // In a value: no control bytes; white space only inside.
    for byte in UInt8.min...UInt8.max {
      let character = text([byte])
      let isGood = byte == 0x09 || byte >= 0x20 && byte != 0x7f
      let isSpace = byte == 0x09 || byte == 0x20
      for name in ["x", "cookie", "accept"] {
        let inside = Self.start + [WireField(name, "a\(character)b")]
        #expect((translateRequest(inside).outcome != .malformed) == isGood, "value \(byte)")
        for value in ["\(character)b", "aaaaaaaaaaaaaaaaaaaa\(character)", character] {
          let atEnd = Self.start + [WireField(name, value)]
          #expect(
            (translateRequest(atEnd).outcome != .malformed) == (isGood && !isSpace), "end \(byte)")
        }
      }
    }
  }

  @Test func `bytes of the request line`() {
    func outcome(_ replaced: String, _ value: String) -> TranslationOutcome {
      translateRequest(
        Self.start.map { $0.name == replaced ? WireField(replaced, value) : $0 }
      ).outcome
    }
    for byte in UInt8.min...UInt8.max {
      let character = text([byte])
      let isVisible = byte > 0x20 && byte < 0x7f
      #expect(
        (outcome(":path", "/a\(character)b") != .malformed) == (isVisible && byte != 0x23))
      #expect((outcome(":path", "\(character)") != .malformed) == (byte == 0x2f))
      #expect((outcome(":path", "\(character)/") != .malformed) == (byte == 0x2f))
      #expect((outcome(":method", "A\(character)") != .malformed) == ByteClass.isToken(byte))
      let isHost = ByteClass.hostName.contains(byte) || byte == 0x3a
      #expect((outcome(":authority", "a\(character)") != .malformed) == isHost, "\(byte)")
    }
    for path in ["http://a/", "*", "a", "?", "/ HTTP/1.1\r\nx: y", "/a b", "/%20#", "\\"] {
      #expect(outcome(":path", path) == .malformed)
    }
    for authority in ["u@a", "u:p@a", "a/b", "a?b", "a b", "a:x", "a:99999", "a\r\nx: y", ":80"] {
      #expect(outcome(":authority", authority) == .malformed)
    }
    for scheme in ["ftp", "httpx", "http ", "htt", "http:"] {
      #expect(outcome(":scheme", scheme) == .malformed)
    }
    #expect(outcome(":path", "*") == .malformed)
  }
}
