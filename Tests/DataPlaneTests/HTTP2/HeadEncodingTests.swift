import Testing

@testable import DataPlane

/// Heads of HTTP/1.1 as header blocks, and there and back again.
struct HeadEncodingTests {
  private enum Kind { case request, response, trailers }

  /// The fields of the block that is made of this head; nil when it is refused.
  private func encode(
    _ text: String, _ kind: Kind, isSecure: Bool = false, acceptsTrailers: Bool = false,
    capacity: Int = 100_000
  ) -> [WireField]? {
    let content = bytes(text.replacing("\n", with: "\r\n"))
    let source = block(content, at: 5)
    var head = MessageHead()
    let to = 5 + content.count
    let limits = HeadLimits.widest
    let result =
      switch kind {
      case .request: RequestParser.parse(source.bytes, 5, to, limits: limits, into: &head)
      case .response: ResponseParser.parse(source.bytes, 5, to, limits: limits, into: &head)
      case .trailers: TrailerParser.parse(source.bytes, 5, to, limits: limits, into: &head)
      }
    guard case .complete = result else { return nil }
    var encoder = HPACKEncoder()
    encoder.open()
    var out = Block(capacity: capacity)
    let isEncoded =
      switch kind {
      case .request:
        HeadEncoding.request(
          &head, source.bytes, 5, isSecure: isSecure, acceptsTrailers: acceptsTrailers, &encoder,
          into: &out)
      case .response: HeadEncoding.response(&head, source.bytes, 5, &encoder, into: &out)
      case .trailers: HeadEncoding.trailers(&head, source.bytes, 5, &encoder, into: &out)
      }
    guard isEncoded else { return nil }
    #expect(out.end <= HeadEncoding.room(&head))
    var decoding = Decoding()
    return decoding.fields(out.copy(0, out.end))
  }

  @Test func `a request`() {
    let fields = encode(
      """
      POST /a?b HTTP/1.1
      Host: example.com:80
      User-Agent: x
      Connection: close, X-Hop
      X-Hop: 1
      x-HOP: 2
      Keep-Alive: timeout=5
      Transfer-Encoding: chunked
      TE: gzip
      Upgrade: h2c
      HTTP2-Settings: x
      Proxy-Connection: x
      Cookie: a=b; c=d
      X-Empty:


      """, .request, isSecure: true, acceptsTrailers: true)
    #expect(
      fields
        == wire(
          ":method: POST", ":scheme: https", ":authority: example.com:80", ":path: /a?b",
          "user-agent: x", "cookie: a=b; c=d", "x-empty:", "te: trailers"))
  }

  @Test func `a request of a whole server`() {
    #expect(
      encode("OPTIONS * HTTP/1.1\nHost: a\n\n", .request)
        == wire(":method: OPTIONS", ":scheme: http", ":authority: a", ":path: *"))
    #expect(encode("GET http://a/ HTTP/1.1\nHost: a\n\n", .request) == nil)
  }

  @Test func `a response`() {
    let fields = encode(
      """
      HTTP/1.1 201 Created
      Server: x
      Connection: Content-Length, server-timing
      Content-Length: 12
      Server-Timing: a
      Set-Cookie: a=b
      Set-Cookie: c=d
      Transfer: x


      """, .response)
    #expect(
      fields
        == wire(
          ":status: 201", "server: x", "content-length: 12", "set-cookie: a=b", "set-cookie: c=d",
          "transfer: x"))
    #expect(encode("HTTP/1.1 101 Switching\n\n", .response) == nil)
    #expect(encode("HTTP/1.1 103 Early Hints\n\n", .response) == wire(":status: 103"))
    for status in [200, 204, 206, 304, 400, 404, 500, 999 / 2] {
      #expect(encode("HTTP/1.1 \(status) x\n\n", .response) == wire(":status: \(status)"))
    }
  }

  @Test func `trailers`() {
    #expect(
      encode("Grpc-Status: 0\nContent-Length: 5\nDigest: x\n\n", .trailers)
        == wire("grpc-status: 0", "digest: x"))
    #expect(encode("\n", .trailers) == [])
  }

  @Test func `a block without room is left alone`() {
    #expect(encode("HTTP/1.1 200 OK\nA: b\n\n", .response, capacity: 30) == nil)
  }

  @Test func `the largest heads fit into the room that is asked for`() {
    let many = (0..<250).map { "N\($0): \u{e9}\n" }.joined()
    #expect(encode("GET / HTTP/1.1\nHost: a\n\(many)\n", .request)?.count == 254)
    let long = String(repeating: "\u{e9}", count: 20_000)
    #expect(encode("GET / HTTP/1.1\nHost: a\nX: \(long)\nY: \(long)\n\n", .request)?.count == 6)
  }

  @Test func `a request keeps its meaning there and back`() {
    var dice = Dice(seed: 5)
    let names = ["Accept", "X-One", "x-two", "User-Agent", "Cookie", "Authorization", "Via"]
    var encoder = HPACKEncoder()
    encoder.open()
    var decoding = Decoding()
    for _ in 0..<400 {
      let isChunked = dice.chance(2)
      var expected = ["\(dice.pick(["GET", "POST", "PUT"])) /\(dice.below(99))?q HTTP/1.1"]
      expected.append("host: h\(dice.below(5)).example")
      var cookies: [String] = []
      for _ in 0..<dice.below(12) {
        let name = dice.pick(names)
        let value = text(
          (0..<dice.below(70)).map { _ in UInt8(0x21 + dice.below(0x5e)) })
        if name == "Cookie" {
          if !cookies.isEmpty { continue }
          cookies.append(value)
        }
        expected.append("\(name): \(value)")
      }
      expected.append(isChunked ? "transfer-encoding: chunked" : "content-length: 5")
      let content = bytes(expected.joined(separator: "\r\n") + "\r\n\r\n")
      let source = block(content, at: 7)
      var head = MessageHead()
      let result = RequestParser.parse(
        source.bytes, 7, 7 + content.count, limits: .widest, into: &head)
      #expect(result == .complete(length: content.count))
      var out = Block(capacity: 20_000)
      let isEncoded = HeadEncoding.request(
        &head, source.bytes, 7, isSecure: true, acceptsTrailers: false, &encoder, into: &out)
      #expect(isEncoded && decoding.decode(out.copy(0, out.end)) == .complete)
      var back = Block(capacity: 20_000)
      guard
        case .written(let framing) = RequestTranslation.write(
          decoding.list, endsStream: false, into: &back)
      else {
        Issue.record("refused")
        return
      }
      #expect(framing.body == (isChunked ? .chunked : .length(5)))
      // Field names are told apart without their case, values with it.
      let lines = expected.enumerated().map { index, line in
        guard index > 0, let colon = line.firstIndex(of: ":") else { return line }
        return line[..<colon].lowercased() + line[colon...]
      }
      #expect(text(back.copy(0, back.end)) == lines.joined(separator: "\r\n") + "\r\n\r\n")
    }
  }
}
