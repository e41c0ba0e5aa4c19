import Testing

@Suite("Chunked bodies") struct ChunkedBodyTests {
  private let start = head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")

  @Test("a chunked request passes with its chunks, and the connection stays usable")
  func request() throws {
    let script = Origin.Script.serving { request, _ in ok(request.text) }
    try withScene(script) { scene in
      let client = try scene.client()
      for coding in ["chunked", "Chunked", "CHUNKED", "chunked,", " , chunked"] {
        row(coding) {
          let first = head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: \(coding)")
          let again = coding.contains(",") ? try scene.client() : client
          let response = try again.exchange(first + chunk("abc") + chunk("defg") + "0\r\n\r\n")
          if coding.contains(",") && response.status == 400 { return }
          #expect(response.text == "abcdefg", "\(coding)")
          #expect(scene.origin.lastRequest.framing == .chunked)
          #expect(scene.origin.lastRequest.all("Content-Length") == [])
        }
      }
    }
  }

  @Test("well-formed size lines are accepted")
  func goodLines() throws {
    let script = Origin.Script.serving { request, _ in ok(request.text) }
    try withScene(script) { scene in
      let lines = [
        "5", "05", "0000000000000005", "5;a", "5;a=b", "5;a=\"b c;\\\"d\"", "5;a;b=c", "5 ;a",
        "5; a", "5;a =b", "5;a= b", "5;a=\"\"", "5;" + String(repeating: "a", count: 1000),
      ]
      for line in lines {
        row(line) {
          let response = try scene.exchange(start + line + "\r\nhello\r\n0\r\n\r\n")
          #expect(response.text == "hello", "\(line)")
        }
      }
      let client = try scene.client()
      #expect(try client.exchange(start + "0\r\n\r\n").text == "")
      #expect(try client.exchange(start + "A\r\n0123456789\r\n000\r\n\r\n").text == "0123456789")
      #expect(try client.exchange(start + "a\r\n0123456789\r\n0;x=y\r\n\r\n").status == 200)
    }
  }

  /// The bad line comes after the head, so the backend may have seen the head and good chunks; it
  /// must never see an end of the message, nor the bad line.
  @Test("bad chunks are refused, and the backend never sees a complete message")
  func badChunks() throws {
    let hello = "\r\nhello\r\n0\r\n\r\n"
    let long = "5;" + String(repeating: "a", count: 1100)
    let table: [(String, any Bytes)] = [
      ("bare semicolon", "5;" + hello), ("trailing space", "5 " + hello),
      ("trailing tab", "5\t" + hello), ("leading space", " 5" + hello), ("0x", "0x5" + hello),
      ("plus", "+5" + hello), ("minus", "-5" + hello), ("bad extension", "5;bad[=x" + hello),
      ("empty line", hello), ("not hexadecimal", "g" + hello), ("underscore", "1_0" + hello),
      ("17 digits", "00000000000000005" + hello), ("2^63", "8000000000000000" + hello),
      ("2^64 - 1", "ffffffffffffffff" + hello), ("2^64 + 5", "10000000000000005" + hello),
      ("bare LF", "5\nhello\r\n0\r\n\r\n"), ("bare CR", "5\rhello\r\n0\r\n\r\n"),
      ("CR CR LF", "5\r\r\nhello\r\n0\r\n\r\n"), ("NUL", "5\u{0}" + hello),
      ("unterminated quote", "5;a=\"b" + hello), ("two words", "5;a=b c" + hello),
      ("empty extension", "5;;a" + hello), ("trailing semicolon", "5;a=b;" + hello),
      ("empty value", "5;a=" + hello), ("control byte in quotes", "5;a=\"\u{1}\"" + hello),
      ("LF in quotes", "5;a=\"\n\"" + hello), ("too long a line", long + hello),
      ("comma", "5,5" + hello), ("data too long", "5\r\nhelloX\r\n0\r\n\r\n"),
      ("data then LF", "5\r\nhello\n0\r\n\r\n"), ("data then CR X", "5\r\nhello\rX0\r\n\r\n"),
      ("last chunk then LF", "0\n\r\n"), ("end is LF", "0\r\n\n"), ("end is CR X", "0\r\n\rX"),
      ("space before the colon", "0\r\nT : 1\r\n\r\n"),
      ("folded trailer", "0\r\nT: 1\r\n 2\r\n\r\n"),
      ("trailer without colon", "0\r\nT\r\n\r\n"), ("trailer with LF", "0\r\nT: 1\n\r\n"),
      ("trailer with NUL", "0\r\nT: \u{0}\r\n\r\n"), ("trailer, bare CR", "0\r\nT: a\rb\r\n\r\n"),
    ]
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      _ = try connection.ending()
    }
    try withScene(script) { scene in
      for (name, body) in table {
        row(name) {
          let before = scene.origin.connections.count
          let client = try scene.client()
          try expectRefused(client, start + chunk("good") + body.bytes.text, 400, name: name)
          try wait(for: "the backend's connection to end") {
            scene.origin.connections.dropFirst(before).allSatisfy { !$0.isOpen }
          }
          for connection in scene.origin.connections.dropFirst(before) {
            let seen = connection.received.text
            #expect(!seen.hasSuffix("0\r\n\r\n") && !seen.contains("T:"), "\(name): \(seen)")
          }
        }
      }
    }
  }

  @Test("a chunked response passes, whatever its extensions and its pieces")
  func response() throws {
    let script = Origin.Script.serving { request, _ in
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "3;x=y\r\nabc\r\n" + chunk("de")
        + "0\r\n\r\n"
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...3 {
        let response = try client.exchange(get())
        #expect(response.text == "abcde")
        #expect(response.framing == .chunked)
      }
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("a long chunked body of many small chunks arrives whole")
  func manyChunks() throws {
    let script = Origin.Script.serving { request, _ in ok("\(request.body.count)") }
    try withScene(script) { scene in
      let body = String(repeating: chunk("0123456789"), count: 20_000)
      let client = try scene.client()
      #expect(try client.exchange(start + body + "0\r\n\r\n").text == "200000")
      #expect(scene.origin.request(0).chunks.reduce(0, +) == 200_000)
    }
  }

  @Test("trailers pass both ways, without those that frame, route or authenticate")
  func trailers() throws {
    let trailers =
      "X-Sum: 1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n"
      + "Authorization: x\r\nCookie: a=b\r\nSet-Cookie: a=b\r\nConnection: close\r\n"
      + "X-Forwarded-For: 1.2.3.4\r\nX-Last: 2\r\n\r\n"
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum") + chunk("a") + "0\r\n"
        + trailers
    }
    try withScene(script) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let first = head(
          "POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum")
        let response = try client.exchange(first + chunk("abc") + "0\r\n" + trailers)
        #expect(response.trailers.map(\.description) == ["X-Sum: 1", "X-Last: 2"])
        #expect(response["Trailer"] == "X-Sum")
        #expect(response.all("X-Sum") == [])
        let request = scene.origin.lastRequest
        #expect(request.trailers.map(\.description) == ["X-Sum: 1", "X-Last: 2"])
        #expect(request["Trailer"] == "X-Sum")
        #expect(request.all("X-Sum") == [])
      }
      #expect(scene.origin.connections.count == 1)
    }
  }
}
