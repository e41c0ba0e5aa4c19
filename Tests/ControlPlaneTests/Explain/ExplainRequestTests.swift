import Testing

@testable import ControlPlane

/// Requests given like curl's arguments.
@Suite struct ExplainRequestTests {
  private func head(
    _ url: String, method: String? = nil, _ headers: [String] = [], data: String? = nil
  ) throws -> String {
    let request = try ExplainRequest(method: method, headers: headers, data: data, url: url)
    return String(decoding: request.head, as: UTF8.self)
  }

  @Test func aPlainURL() throws {
    let rest = "User-Agent: curl/8\r\nAccept: */*\r\n\r\n"
    #expect(try head("http://a.b/c?d#e") == "GET /c?d HTTP/1.1\r\nHost: a.b\r\n" + rest)
    #expect(try head("HTTPS://a.b:1?d") == "GET /?d HTTP/1.1\r\nHost: a.b:1\r\n" + rest)
    #expect(try head("a.b") == "GET / HTTP/1.1\r\nHost: a.b\r\n" + rest)
    #expect(try head("/c//d") == "GET /c//d HTTP/1.1\r\nHost: localhost\r\n" + rest)
    #expect(try head("*", method: "OPTIONS").hasPrefix("OPTIONS * HTTP/1.1\r\n"))
  }

  @Test func dataIsPosted() throws {
    #expect(
      try head("/", data: "a=b") == """
        POST / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/8\r\nAccept: */*\r
        Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n
        """)
    #expect(try head("/", method: "PUT", data: "").hasPrefix("PUT / "))
  }

  @Test func headersReplaceCurlsOwnOnce() throws {
    let headers = [
      "host: x", "User-Agent:", "Accept;", "X-A: 1", "x-a: 2", "X-Empty:", "Accept: t",
    ]
    #expect(
      try head("/", headers) == """
        GET / HTTP/1.1\r\nhost: x\r\nAccept: \r\nX-A: 1\r\nx-a: 2\r\nAccept: t\r\n\r\n
        """)
  }

  @Test(
    arguments: [
      "the URL must be http:// or https://, not \"ftp://a/b\"": ("ftp://a/b", [], "::1"),
      "the URL must have a host or start with \"/\": \"http:///x\"": ("http:///x", [], "::1"),
      "the URL must have a host or start with \"/\": \"\"": ("", [], "::1"),
      "a header must be \"Name: value\", not \"nonsense\"": ("/", ["nonsense"], "::1"),
      "a header must be \"Name: value\", not \"a b: c\"": ("/", ["a b: c"], "::1"),
      "the client must be an IP address, not \"me\"": ("/", [], "me"),
    ] as [String: (String, [String], String)])
  func whatCannotBeUnderstood(
    _ message: String, _ arguments: (url: String, headers: [String], client: String)
  ) {
    do {
      let request = try ExplainRequest(
        headers: arguments.headers, url: arguments.url, client: arguments.client)
      Issue.record("\(request)")
    } catch {
      #expect(error.description == message)
    }
  }
}
