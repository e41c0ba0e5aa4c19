import Testing

/// Requests that two readers could understand differently. None may reach a backend.
@Suite("Smuggling") struct SmugglingTests {
  private func check(_ table: [(name: String, request: any Bytes, statuses: [Int])]) throws {
    try withScene(.answering(ok("must not be reached"))) { scene in
      for (name, request, statuses) in table {
        row(name) {
          let client = try scene.client()
          try client.send(request)
          let response = try client.response()
          #expect(statuses.contains(response.status), "\(name): got \(response.startLine)")
          #expect(response["Connection"]?.lowercased() == "close", "\(name)")
          #expect(try client.readToEnd() == [], "\(name): more than one answer")
          #expect(scene.origin.receivedCount == 0, "\(name): the backend saw bytes")
        }
      }
    }
  }

  private func lines(_ lines: String...) -> String {
    head(["POST / HTTP/1.1", "Host: a"] + lines)
      + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
  }

  @Test("lengths and codings that contradict or repeat are refused")
  func lengths() throws {
    let chunked = "Transfer-Encoding: chunked"
    try check([
      ("length and coding", lines("Content-Length: 5", chunked), [400]),
      ("coding and length", lines(chunked, "Content-Length: 5"), [400]),
      ("coding and zero length", lines(chunked, "Content-Length: 0"), [400]),
      ("two equal lengths", lines("Content-Length: 5", "Content-Length: 5"), [400]),
      ("two lengths", lines("Content-Length: 5", "Content-Length: 6"), [400]),
      ("two lengths apart", lines("Content-Length: 5", "X: y", "content-length: 6"), [400]),
      ("a list of equal lengths", lines("Content-Length: 5, 5"), [400]),
      ("a list of lengths", lines("Content-Length: 5, 6"), [400]),
      ("plus", lines("Content-Length: +5"), [400]),
      ("minus", lines("Content-Length: -5"), [400]),
      ("hexadecimal", lines("Content-Length: 0x5"), [400]),
      ("space inside", lines("Content-Length: 5 5"), [400]),
      ("empty length", lines("Content-Length:"), [400]),
      ("blank length", lines("Content-Length:   "), [400]),
      ("fraction", lines("Content-Length: 5.0"), [400]),
      ("exponent", lines("Content-Length: 1e1"), [400]),
      ("letters", lines("Content-Length: abc"), [400]),
      ("trailing semicolon", lines("Content-Length: 5;"), [400]),
      ("quoted", lines("Content-Length: \"5\""), [400]),
      ("63 bits", lines("Content-Length: 9223372036854775808"), [400]),
      ("64 bits wrapped", lines("Content-Length: 18446744073709551621"), [400]),
      ("very long", lines("Content-Length: " + String(repeating: "9", count: 300)), [400]),
      ("full-width digit", lines("Content-Length: ５"), [400]),
    ])
  }

  @Test("transfer codings other than exactly one final chunked are refused")
  func codings() throws {
    try check([
      ("identity", lines("Transfer-Encoding: identity"), [501]),
      ("gzip", lines("Transfer-Encoding: gzip"), [501]),
      ("gzip, chunked", lines("Transfer-Encoding: gzip, chunked"), [501]),
      ("gzip then chunked", lines("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"), [501]),
      ("unknown", lines("Transfer-Encoding: xchunked"), [501]),
      ("prefix", lines("Transfer-Encoding: chunke"), [501]),
      ("chunked twice", lines("Transfer-Encoding: chunked, chunked"), [400]),
      (
        "chunked in two lines",
        lines("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), [400]
      ),
      ("chunked not last", lines("Transfer-Encoding: chunked, gzip"), [400, 501]),
      ("chunked, identity", lines("Transfer-Encoding: chunked, identity"), [400, 501]),
      ("empty coding", lines("Transfer-Encoding:"), [400]),
      ("comma only", lines("Transfer-Encoding: ,"), [400]),
      ("quoted", lines("Transfer-Encoding: \"chunked\""), [400, 501]),
      ("parameter", lines("Transfer-Encoding: chunked;a=b"), [400, 501]),
      ("vertical tab", lines("Transfer-Encoding: \u{0b}chunked"), [400]),
      ("form feed", lines("Transfer-Encoding: chunked\u{0c}"), [400]),
      ("NUL", lines("Transfer-Encoding: chunked\u{0}"), [400]),
      ("two words", lines("Transfer-Encoding: chunked chunked"), [400, 501]),
      (
        "in HTTP/1.0",
        head("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked") + "0\r\n\r\n", [400]
      ),
    ])
  }

  @Test("field lines that could be read in two ways are refused")
  func fieldLines() throws {
    try check([
      ("space before the colon", lines("Transfer-Encoding : chunked"), [400]),
      ("tab before the colon", lines("Content-Length\t: 5"), [400]),
      ("folded line", lines("X: a", " b"), [400]),
      ("folded with a tab", lines("X: a", "\tTransfer-Encoding: chunked"), [400]),
      (
        "first line folded",
        head("POST / HTTP/1.1", " Transfer-Encoding: chunked", "Host: a"), [400]
      ),
      ("no colon", lines("Transfer-Encoding chunked"), [400]),
      ("empty name", lines(": chunked"), [400]),
      ("space in the name", lines("Content Length: 5"), [400]),
      ("parenthesis in the name", lines("X(Y): 5"), [400]),
      ("slash in the name", lines("X/Y: 5"), [400]),
      ("NUL in the name", lines("X\u{0}: 5"), [400]),
      ("byte above 127 in the name", lines("Xé: 5"), [400]),
      ("NUL in a value", lines("X: a\u{0}b"), [400]),
      ("control byte in a value", lines("X: a\u{1}b"), [400]),
      ("DEL in a value", lines("X: a\u{7f}b"), [400]),
      ("bare CR in a value", lines("X: a\rTransfer-Encoding: chunked"), [400]),
      ("bare LF in a value", lines("X: a\nTransfer-Encoding: chunked"), [400]),
      ("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", [400]),
      ("lines end in LF", "GET / HTTP/1.1\nHost: a\n\n", [400]),
      ("last line ends in LF", "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\r\n", [400]),
      ("empty line is LF", "GET / HTTP/1.1\r\nHost: a\r\n\n", [400]),
      ("lines end in CR", "GET / HTTP/1.1\rHost: a\r\r", [400]),
      ("request line ends in LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", [400]),
    ])
  }

  private func line(_ line: String) -> String { head(line, "Host: a") }

  @Test("request lines that could be read in two ways are refused")
  func requestLines() throws {
    try check([
      ("HTTP/0.9", "GET /\r\n\r\n", [400]),
      ("two spaces before the target", line("GET  / HTTP/1.1"), [400]),
      ("two spaces before the version", line("GET /  HTTP/1.1"), [400]),
      ("trailing space", line("GET / HTTP/1.1 "), [400]),
      ("leading space", line(" GET / HTTP/1.1"), [400]),
      ("tab as separator", line("GET\t/ HTTP/1.1"), [400]),
      ("tab before the version", line("GET /\tHTTP/1.1"), [400]),
      ("space in the target", line("GET /a b HTTP/1.1"), [400]),
      ("no version", line("GET / "), [400]),
      ("lower-case version", line("GET / http/1.1"), [400]),
      ("no minor version", line("GET / HTTP/1"), [400]),
      ("no dot", line("GET / HTTP/11"), [400]),
      ("three numbers", line("GET / HTTP/1.1.1"), [400]),
      ("two digits", line("GET / HTTP/1.10"), [400]),
      ("HTTP/01.1", line("GET / HTTP/01.1"), [400]),
      ("other protocol", line("GET / ICAP/1.0"), [400]),
      ("HTTP/2.0", line("GET / HTTP/2.0"), [505]),
      ("HTTP/0.9 written", line("GET / HTTP/0.9"), [505]),
      ("HTTP/3.0", line("GET / HTTP/3.0"), [505]),
      ("HTTP/2 preface for a target", "PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]),
      ("method with @", line("G@T / HTTP/1.1"), [400]),
      ("method with :", line("GET: / HTTP/1.1"), [400]),
      ("method with NUL", line("GE\u{0}T / HTTP/1.1"), [400]),
      ("TLS hello", [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0, 0, 1, 0, 13, 10, 13, 10], [400]),
      ("CONNECT", line("CONNECT a:80 HTTP/1.1"), [501]),
    ])
  }

  @Test("targets that are not clean are refused")
  func targets() throws {
    let targets = [
      "a", "a/b", "http:///x", "http://", "http://u@a/", "http://u:p@a/", "ftp://a/", "http:/a",
      "http://a b/", "http://[::1/", "http://a:b/", "//", "/#", "/a#b", "/\"", "/?\"", "/<", "/?>",
      "/\\", "/a\\..\\b", "/%", "/%0", "/%zz", "/%g0", "/%00", "/a%00b", "/..", "/../a",
      "/a/../../b", "/%2e%2e/a", "/.%2E/", "/a/..;x/b", "/a/.;x/b", "/\u{7f}", "/\u{1}", "/é",
      "/?é",
    ].filter { $0 != "//" }
    try check(targets.map { ("target \($0)", line("GET \($0) HTTP/1.1"), [400]) })
  }

  @Test("a Host that is missing, repeated or no host is refused")
  func hosts() throws {
    let hosts = [
      "", " ", "a b", "a/b", "a@b", "u:p@b", "a:b", "a,b", "a, b", "[::1", "::1", "a\tb", "a?b",
      "a#b", "a\\b", "[::1]x", "[zz]", "http://a", "<a>", "a:80:80", "a%zz", "é",
    ]
    var table: [(String, any Bytes, [Int])] = hosts.map {
      ("Host \($0)", head("GET / HTTP/1.1", "Host: \($0)"), [400])
    }
    table += [
      ("none", head("GET / HTTP/1.1"), [400]),
      ("none with an absolute target", head("GET http://a/ HTTP/1.1"), [400]),
      ("two", head("GET / HTTP/1.1", "Host: a", "Host: b"), [400]),
      ("two equal", head("GET / HTTP/1.1", "Host: a", "Host: a"), [400]),
      ("two in HTTP/1.0", head("GET / HTTP/1.0", "Host: a", "Host: b"), [400]),
      ("two with an absolute target", head("GET http://a/ HTTP/1.1", "Host: a", "Host: b"), [400]),
    ]
    try check(table)
  }

  @Test("what follows a refused request is never served")
  func nothingAfterRefusal() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/good")).status == 200)
      try expectRefused(client, head("GET / HTTP/1.1") + get("/after"), 400)
      #expect(scene.origin.requests.map(\.target) == ["/good"])
    }
  }

  @Test("a name with underscores never frames a message")
  func underscoreFraming() throws {
    try withScene(.answering(ok())) { scene in
      for line in ["Transfer_Encoding: chunked", "Content_Length: 5", "Content-Length_: 5"] {
        row(line) {
          let client = try scene.client()
          let request = head("POST /first HTTP/1.1", "Host: a", "Content-Length: 5", line)
          try client.send(request + "0\r\n\r\n" + get("/second"))
          #expect(try client.response().status == 200, "\(line)")
          #expect(try client.response().status == 200, "\(line)")
          #expect(scene.origin.lastRequest.target == "/second")
        }
      }
    }
  }
}
