import DataPlane
import Testing

/// One kind of request and its response, as bytes on the wire.
struct Scenario: Sendable, CustomTestStringConvertible {
  let name: String
  let request: [UInt8]
  /// Bytes of `request` behind its head.
  let requestBody: Int
  let response: [UInt8]
  /// Bytes of `response` behind its head, framing included: they arrive as they were sent.
  let responseBody: Int
  /// What the client gets behind the head, where that is something else.
  var received: [UInt8]? = nil
  /// What the response's body comes to without its framing, where it has some.
  var content: [UInt8]? = nil

  var testDescription: String { name }

  init(_ name: String, request: String, body: Int = 0, response: String, responseBody: String) {
    self.name = name
    self.request = Array(request.utf8) + [UInt8](repeating: 0x62, count: body)
    requestBody = body
    self.response = Array((response + responseBody).utf8)
    self.responseBody = responseBody.utf8.count
  }

  static let all = [small, browser, post, chunked, medium]

  static let small = Scenario(
    "GET, 1 KiB", request: get, response: okay(1024), responseBody: filler(1024))

  static let browser = Scenario(
    "GET with a browser's fields", request: get(browserFields), response: okay(1024),
    responseBody: filler(1024))

  static let post = Scenario(
    "POST, 16 KiB",
    request: "POST /upload HTTP/1.1\r\nHost: example.com\r\n"
      + "Content-Type: application/octet-stream\r\nContent-Length: 16384\r\n\r\n",
    body: 16_384, response: okay(2), responseBody: "ok")

  static let chunked: Scenario = {
    var scenario = Scenario(
      "GET, chunked response", request: get,
      response: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
      responseBody: "200\r\n" + filler(512) + "\r\n1f4;name=value\r\n" + filler(500)
        + "\r\n0\r\nX-Checksum: 1\r\n\r\n")
    scenario.content = Array(filler(1012).utf8)
    return scenario
  }()

  static let medium = Scenario(
    "GET, 64 KiB", request: get, response: okay(65_536), responseBody: filler(65_536))

  /// For `Setup.compressing`.
  static let compressed: Scenario = {
    let body = (0..<800).map { "line \($0)\n" }.joined()
    var scenario = Scenario(
      "GET, 8 KiB compressed", request: get("Accept-Encoding: gzip\r\n"),
      response: okay(body.utf8.count), responseBody: body)
    scenario.received = gzipChunk(Array(body.utf8))
    return scenario
  }()

  /// For a cache: the response is good for an hour.
  static let stored = Scenario(
    "GET, 8 KiB from a cache", request: get("Accept-Encoding: gzip, deflate, br, zstd\r\n"),
    response: storable(storedBody.utf8.count), responseBody: storedBody)

  /// The same, compressed, for `Setup.compressingCache`.
  static let storedCompressed: Scenario = {
    var scenario = stored
    scenario.received = gzip(Array(storedBody.utf8))
    return scenario
  }()

  private static let storedBody = (0..<800).map { "line \($0)\n" }.joined()

  private static func storable(_ length: Int) -> String {
    "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\n"
      + "Cache-Control: max-age=3600\r\nETag: \"x\"\r\nContent-Length: \(length)\r\n\r\n"
  }

  /// As one chunk and the last one.
  private static func gzipChunk(_ body: [UInt8]) -> [UInt8] {
    let packed = gzip(body)
    let size = String(packed.count, radix: 16)
    let line = String(repeating: "0", count: 8 - size.count) + size + "\r\n"
    return Array(line.utf8) + packed + "\r\n0\r\n\r\n".utf8
  }

  private static func gzip(_ body: [UInt8]) -> [UInt8] {
    guard var deflater = Deflater(level: 5) else { return [] }
    var out = Block(capacity: 65_536)
    let step = deflater.write(
      body.span, 0, body.count, into: &out, limit: 65_536, flush: .finish)
    return (0..<step.produced).map { out.bytes[$0] }
  }

  private static let get = get("Accept: */*\r\n")

  private static func get(_ fields: String) -> String {
    "GET /a/page?q=1 HTTP/1.1\r\nHost: example.com\r\n\(fields)\r\n"
  }

  private static func okay(_ length: Int) -> String {
    "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\n"
      + "Content-Length: \(length)\r\n\r\n"
  }

  private static func filler(_ count: Int) -> String { String(repeating: "x", count: count) }

  private static let browserFields = """
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8
    Accept-Language: en-GB,en;q=0.8,de;q=0.5
    Accept-Encoding: gzip, deflate, br, zstd
    Referer: https://example.com/a/previous/page?with=a&query=string
    Connection: keep-alive
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes
    Upgrade-Insecure-Requests: 1
    Sec-Fetch-Dest: document
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: same-origin
    Sec-Fetch-User: ?1
    X-Forwarded-For: 192.0.2.7
    Priority: u=0, i
    Pragma: no-cache
    Cache-Control: no-cache

    """.split(separator: "\n").map { $0 + "\r\n" }.joined()
}
