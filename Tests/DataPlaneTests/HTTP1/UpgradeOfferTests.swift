import Testing

@testable import DataPlane

/// Which values of `Upgrade` may be passed on (RFC 9110 section 7.8).
struct UpgradeOfferTests {
  @Test(
    "protocols other than HTTP pass",
    arguments: [
      "websocket", "WebSocket", "tcp", "SPDY/3.1", "TLS/1.0, IRC/6.9", "h2cx", "xh2c", "h3",
      ",, websocket ,", "http-like/1",
    ])
  func passed(_ value: String) { #expect(isPassed(value)) }

  @Test(
    "another version of HTTP, under any name and anywhere in the list, does not",
    arguments: [
      "h2c", "H2C", "h2", "H2", "h2c/1", "h2/2.0", "HTTP/2.0", "http", "http/1.1",
      "websocket, h2c", "h2c,websocket", "websocket,\th2", "websocket, HTTP/2",
    ])
  func otherHTTP(_ value: String) { #expect(!isPassed(value)) }

  @Test(
    "what is no list of protocols does not",
    arguments: [
      "", ",", "\"h2c\"", "h2c;x", "h2c websocket", "websocket h2c", "websocket/", "/13",
      "websocket/13/h2c", "websocket/1 3", "websocket;h2c", "(h2c)", "websocket, /", "h2c\u{e9}",
      "websocket=h2c",
    ])
  func malformed(_ value: String) { #expect(!isPassed(value)) }

  private func isPassed(_ value: String) -> Bool {
    let fields = "Connection: upgrade\r\nUpgrade: \(value)\r\n\r\n"
    let request = parse(.request, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)")
    let response = parse(.response, "HTTP/1.1 101 Switching\r\n\(fields)")
    #expect(request.wantsUpgrade == response.wantsUpgrade)
    return request.wantsUpgrade
  }
}
