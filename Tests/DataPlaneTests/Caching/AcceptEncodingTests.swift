import Testing

@testable import DataPlane

/// RFC 9110 section 12.5.3 as a table.
struct AcceptEncodingTests {
  private static func use(_ lines: [String]) -> AcceptEncoding.Gzip {
    let text = (["GET / HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    let block = block(bytes(text), at: 3)
    var head = MessageHead()
    let result = RequestParser.parse(
      block, 3, 3 + text.utf8.count, limits: .widest, into: &head)
    #expect(result == .complete(length: text.utf8.count))
    return AcceptEncoding.of(&head, block.bytes, 3).useOfGzip
  }

  private static func use(_ value: String) -> AcceptEncoding.Gzip {
    use(["Accept-Encoding: \(value)"])
  }

  @Test(
    "gzip is preferred where nothing is liked better",
    arguments: [
      "gzip", "GzIp", "x-gzip", "X-GZIP", "gzip;q=1", "gzip;q=1.", "gzip;q=1.0", "gzip;q=1.000",
      "gzip;q=0.001", "gzip ; q=0.5", "gzip\t;\tq=0.5", "gzip;Q=0.5", "gzip;q=0.", "*", "*;q=0.1",
      "br, gzip", "br;q=1.0, gzip;q=0.8", "deflate,,gzip,", ", gzip", "gzip, identity",
      "gzip;q=0.5, identity;q=0.5", "identity;q=0, gzip;q=0.1", "gzip, *;q=0", "*;q=0, gzip",
      "gzip;q=0.5, *;q=0.5", "identity;q=0.2, *;q=0.3", "compress, *",
    ])
  func preferred(_ value: String) {
    // `q=0.` is a weight of 0 (the digits after the point are optional).
    let expected: AcceptEncoding.Gzip = value == "gzip;q=0." ? .refused : .preferred
    #expect(Self.use(value) == expected)
  }

  @Test(
    "gzip is allowed where the content as it is comes first",
    arguments: [
      "gzip;q=0.5, identity", "identity, gzip;q=0.999", "gzip;q=0.4, *;q=0.5",
      "identity;q=0.2, *;q=0.1", "identity;q=0.5, gzip;q=0.1, x-gzip",
    ])
  func allowed(_ value: String) { #expect(Self.use(value) == .allowed) }

  @Test(
    "gzip is refused where it is not named, or named with 0",
    arguments: [
      "", ",", "identity", "br", "br, deflate", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000",
      "x-gzip;q=0", "*;q=0", "gzip;q=0, *", "*, gzip;q=0", "gzip, gzip;q=0", "gzip;q=0, x-gzip",
      "gzipped", "gz", "x-gzip2", "identity;q=0",
    ])
  func refused(_ value: String) { #expect(Self.use(value) == .refused) }

  @Test(
    "what is malformed accepts nothing",
    arguments: [
      "gzip;q=1.001", "gzip;q=2", "gzip;q=-1", "gzip;q=0.1234", "gzip;q=.5", "gzip;q=",
      "gzip;q", "gzip;", "gzip;q=0.5;q=0.5", "gzip;level=5", "gzip;q =0.5", "gzip;q= 0.5",
      "gzip;q=0,5", "gzip gzip", "gzip;q=0.5x", "gzip, br;q=x", "\"gzip\"", "gzip/1", "gzip, ;q=1",
      "gzip, (br)", "gzip;q=1e0", "gzip;q=00.5",
    ])
  func malformed(_ value: String) { #expect(Self.use(value) == .refused) }

  @Test("several lines are one list, and none is a refusal")
  func lines() {
    #expect(Self.use([]) == .refused)
    #expect(Self.use(["Accept-Encoding: br", "X: y", "accept-encoding: gzip"]) == .preferred)
    #expect(Self.use(["Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0"]) == .refused)
    #expect(Self.use(["Accept-Encoding: gzip", "Accept-Encoding: ;;"]) == .refused)
    #expect(Self.use(["Accept-Encodings: gzip", "Accept-Charset: gzip"]) == .refused)
  }
}
