import Testing

@testable import DataPlane

/// Responses and trailers of HTTP/2 as HTTP/1.1 (RFC 9113 sections 8.1 to 8.3).
struct ResponseTranslationTests {
  private func written(
    _ status: Int, _ body: TranslatedFraming.Body, _ head: String
  ) -> Translated {
    var framing = TranslatedFraming()
    framing.status = status
    framing.body = body
    return Translated(outcome: .written(framing), text: head.replacing("\n", with: "\r\n"))
  }

  @Test func `how content is framed`() {
    let fields = wire(":status: 200", "server: s", "set-cookie: a=1", "set-cookie: b=2")
    let head = "HTTP/1.1 200 OK\nserver: s\nset-cookie: a=1\nset-cookie: b=2\n"
    #expect(
      translateResponse(fields)
        == written(200, .chunked, head + "transfer-encoding: chunked\n\n"))
    #expect(
      translateResponse(fields, endsStream: true)
        == written(200, .none, head + "content-length: 0\n\n"))
    let length = fields + wire("content-length: 5")
    #expect(
      translateResponse(length) == written(200, .length(5), head + "content-length: 5\n\n"))
    #expect(translateResponse(length, endsStream: true).outcome == .malformed)
    let zero = fields + wire("content-length: 0", "content-length: 0")
    #expect(
      translateResponse(zero, endsStream: true)
        == written(200, .none, head + "content-length: 0\n\n"))
  }

  @Test(arguments: [false, true])
  func `responses that never have content`(_ endsStream: Bool) {
    let length = wire("content-length: 7")
    #expect(
      translateResponse(
        wire(":status: 200") + length, endsStream: endsStream, isHeadRequest: true)
        == written(200, .none, "HTTP/1.1 200 OK\ncontent-length: 7\n\n"))
    #expect(
      translateResponse(wire(":status: 200"), endsStream: endsStream, isHeadRequest: true)
        == written(200, .none, "HTTP/1.1 200 OK\n\n"))
    #expect(
      translateResponse(wire(":status: 304") + length, endsStream: endsStream)
        == written(304, .none, "HTTP/1.1 304 Not Modified\ncontent-length: 7\n\n"))
    #expect(
      translateResponse(wire(":status: 204") + length, endsStream: endsStream)
        == written(204, .none, "HTTP/1.1 204 No Content\n\n"))
  }

  @Test func `interim responses`() {
    #expect(
      translateResponse(wire(":status: 103", "link: </a>; rel=preload"))
        == written(103, .none, "HTTP/1.1 103 Early Hints\nlink: </a>; rel=preload\n\n"))
    #expect(
      translateResponse(wire(":status: 100")) == written(100, .none, "HTTP/1.1 100 Continue\n\n"))
    #expect(translateResponse(wire(":status: 100"), endsStream: true).outcome == .malformed)
    #expect(translateResponse(wire(":status: 101")).outcome == .malformed)
  }

  @Test func `a status without words`() {
    #expect(
      translateResponse(wire(":status: 226"), endsStream: true).text.hasPrefix(
        "HTTP/1.1 226 \r\n"))
  }

  @Test(arguments: [
    [], ["a: b"], [":status:"], [":status: 20"], [":status: 2000"], [":status: 2x0"],
    [":status: 099"], [":status: 600"], [":status: +20"], [":status: 200 "],
    [":status: 200", ":status: 200"], ["a: b", ":status: 200"], [":status: 200", ":path: /"],
    [":path: /", ":status: 200"], [":status: 200", "connection: close"],
    [":status: 200", "transfer-encoding: chunked"], [":status: 200", "upgrade: h2c"],
    [":status: 200", "keep-alive: timeout=5"], [":status: 200", "proxy-connection: x"],
    [":status: 200", "te: gzip"], [":status: 200", "Server: x"], [":status: 200", "a b: c"],
    [":status: 200", "a: b\r\nx: y"], [":status: 200", "a: b\nx"], [":status: 200", "a: \u{0}"],
    [":status: 200", "a:  b"], [":status: 200", "a: b\t"], [":status: 200", "content-length: x"],
    [":status: 200", "content-length: 1", "content-length: 2"],
  ])
  func `responses that are refused`(_ lines: [String]) {
    let fields = lines.map { WireField($0) }
    #expect(translateResponse(fields) == Translated(outcome: .malformed, text: ""))
  }

  @Test func `trailers`() {
    #expect(
      translateTrailers(wire("grpc-status: 0", "grpc-message:"))
        == Translated(
          outcome: .written(TranslatedFraming()),
          text: "grpc-status: 0\r\ngrpc-message: \r\n\r\n"))
    #expect(translateTrailers([]).text == "\r\n")
    for line in [
      ":status: 200", ":path: /", "connection: close", "te: trailers", "transfer-encoding: x",
      "upgrade: x", "keep-alive: x", "proxy-connection: x", "A: b", "a: b\r", "a\n: b", ": b",
    ] {
      #expect(translateTrailers(wire("a: b") + [WireField(line)]).outcome == .malformed)
    }
  }
}
