import Testing

@Suite("Malformed responses") struct MalformedResponseTests {
  /// Each is sent for a GET on a connection of its own and then closed.
  private static let table: [(name: String, response: any Bytes)] = {
    func fields(_ lines: String...) -> String {
      head(["HTTP/1.1 200 OK"] + lines) + "5\r\nhello\r\n0\r\n\r\n"
    }
    func status(_ line: String) -> String { head(line, "Content-Length: 0") }
    return [
      ("text", "hello\r\n\r\n"), ("two-digit status", status("HTTP/1.1 20 OK")),
      ("four-digit status", status("HTTP/1.1 2000 OK")), ("no status", status("HTTP/1.1")),
      ("letters", status("HTTP/1.1 abc OK")), ("status 099", status("HTTP/1.1 099 OK")),
      ("two spaces", status("HTTP/1.1  200 OK")), ("lower case", status("http/1.1 200 OK")),
      ("HTTP/2", status("HTTP/2.0 200 OK")), ("no minor", status("HTTP/1 200 OK")),
      ("other protocol", status("ICY 200 OK")),
      ("leading empty line", "\n" + status("HTTP/1.1 200 OK")),
      ("length and coding", fields("Content-Length: 5", "Transfer-Encoding: chunked")),
      ("two lengths", fields("Content-Length: 5", "Content-Length: 6")),
      ("list of lengths", fields("Content-Length: 5, 6")),
      ("letters in the length", fields("Content-Length: abc")),
      ("signed length", fields("Content-Length: +5")),
      ("negative length", fields("Content-Length: -1")),
      ("huge length", fields("Content-Length: 18446744073709551621")),
      ("unknown coding", fields("Transfer-Encoding: gzip")),
      ("gzip, chunked", fields("Transfer-Encoding: gzip, chunked")),
      ("chunked twice", fields("Transfer-Encoding: chunked, chunked")),
      ("chunked not last", fields("Transfer-Encoding: chunked, gzip")),
      ("bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
      ("one bare LF", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n"),
      ("bare CR", "HTTP/1.1 200 OK\r\nX: a\rY: b\r\nContent-Length: 0\r\n\r\n"),
      ("NUL", fields("Content-Length: 0", "X: \u{0}")),
      ("control byte in the reason", status("HTTP/1.1 200 O\u{1}K")),
      ("no colon", fields("Content-Length: 0", "X")),
      ("empty name", fields("Content-Length: 0", ": a")),
      ("space in the name", fields("Content-Length: 0", "X Y: a")),
      ("folded line", fields("Content-Length: 0", "X: a", " b")),
      ("huge head", fields("Content-Length: 0", "X: " + String(repeating: "a", count: 100_000))),
      ("half a head", "HTTP/1.1 200 OK\r\nContent-Le"), ("nothing", ""),
      (
        "101 unasked", head("HTTP/1.1 101 Switching Protocols", "Upgrade: x", "Connection: upgrade")
      ),
      ("endless 1xx", String(repeating: head("HTTP/1.1 103 Early Hints"), count: 200)),
      ("1xx, then nothing", head("HTTP/1.1 103 Early Hints")),
    ]
  }()

  @Test("each becomes 502, and its connection is not used again")
  func table() throws {
    let script = Origin.Script.script { connection in
      let index = Int(try connection.request()["X-Case"] ?? "") ?? 0
      try connection.send(Self.table[index].response)
      connection.halfClose()
      _ = try connection.ending()
    }
    try withScene(script, config: Scene.unbroken()) { scene in
      let client = try scene.client()
      for (index, entry) in Self.table.enumerated() {
        row(entry.name) {
          let client = try scene.client()
          try client.send(
            head("POST / HTTP/1.1", "Host: a", "X-Case: \(index)", "Content-Length: 0"))
          var response = try client.response()
          while response.status == 103 { response = try client.response() }
          #expect(response.status == 502, "\(entry.name): got \(response.startLine)")
        }
      }
      client.close()
      #expect(scene.proxy.process.isRunning)
    }
  }

  @Test("a refused response does not harm the next request of the same client")
  func clientConnectionSurvives() throws {
    let script = Origin.Script.serving { request, _ in
      request.target == "/bad" ? "HTTP/1.1 2x0 OK\r\n\r\n" : ok("fine")
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get("/bad"))
      let response = try client.response()
      #expect(response.status == 502)
      if response["Connection"]?.lowercased() == "close" { return }
      #expect(try client.exchange(get("/good")).text == "fine")
    }
  }

  @Test("a space before the colon never passes on")
  func spaceBeforeColon() throws {
    let script = Origin.Script.answering("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")
    try withScene(script) { scene in
      let response = try scene.exchange(get())
      #expect(response.status == 502 || response["Content-Length"] == "2")
    }
  }
}
