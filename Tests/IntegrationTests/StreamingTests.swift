import CLinux
import Foundation
import Testing

@Suite("Slow streams, truncation") struct StreamingTests {
  @Test(
    "events reach the client as they come",
    arguments: ["Transfer-Encoding: chunked", "Connection: close", "Content-Length: 50"])
  func events(_ framing: String) throws {
    // The origin sends the next event only when the client has told that it has the last one.
    let gate = hr_eventfd()
    defer { _ = hr_close(gate) }
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Type: text/event-stream", framing))
      for number in 0..<5 {
        let event = "data: \(number)\n\n "
        try connection.send(framing.contains("chunked") ? chunk(event) : event)
        try wait(for: "the client to have event \(number)") {
          var count: UInt64 = 0
          return Glibc.read(gate, &count, 8) == 8
        }
      }
      if framing.contains("chunked") { try connection.send("0\r\n\r\n") }
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get())
      #expect(try client.readHead().status == 200)
      for number in 0..<5 {
        _ = try client.read(until: "data: \(number)\n\n ")
        hr_eventfd_signal(gate)
      }
    }
  }

  @Test("a slow upload reaches the backend as it comes")
  func slowUpload() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      for number in 0..<5 { try connection.expect(chunk("part \(number)")) }
      try connection.expect("0\r\n\r\n")
      try connection.send(ok("all"))
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"))
      for number in 0..<5 {
        try client.send(chunk("part \(number)"))
        try wait(for: "part \(number) at the backend") {
          scene.origin.connections.first?.received.text.contains("part \(number)") ?? false
        }
      }
      try client.send("0\r\n\r\n")
      #expect(try client.response().text == "all")
    }
  }

  /// What the backend sends before it ends or resets in the middle; `|` is a pause.
  private static let cut: [(name: String, sent: String)] = [
    ("length", head("HTTP/1.1 200 OK", "Content-Length: 100") + "only this"),
    ("length, nothing", head("HTTP/1.1 200 OK", "Content-Length: 100")),
    ("chunked", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("only this")),
    ("in a chunk", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "ff\r\nonly this"),
    ("in a size", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("a") + "f"),
    ("in the end", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("a") + "0\r\n"),
    (
      "in a trailer",
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("a") + "0\r\nT: 1\r\n"
    ),
    ("bad chunk", head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("a") + "zz\r\n"),
    (
      "bad chunk, late",
      head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("a")
        + "|5;\r\nhello\r\n0\r\n\r\n"
    ),
  ]

  @Test("a response cut short never looks complete", arguments: [false, true])
  func truncated(_ resets: Bool) throws {
    let script = Origin.Script.script { connection in
      let index = Int(try connection.request().target.dropFirst()) ?? 0
      for part in Self.cut[index].sent.split(separator: "|") {
        try connection.send(String(part))
        // The client has the beginning before the cut, so the head was forwarded.
        try connection.rest(0.1)
      }
      if resets { connection.reset() }
    }
    try withScene(script) { scene in
      for (index, entry) in Self.cut.enumerated() {
        row(entry.name) {
          for version in ["HTTP/1.1", "HTTP/1.0"] {
            let client = try scene.client()
            try client.send(head("GET /\(index) \(version)", "Host: a", "Connection: close"))
            let ending = try client.ending()
            let all = client.received.text
            #expect(!all.hasSuffix("0\r\n\r\n"), "\(entry.name) looks complete: \(all)")
            #expect(all.components(separatedBy: "HTTP/1.").count <= 2, "\(entry.name): \(all)")
            if version == "HTTP/1.0" && entry.sent.contains("chunked") && all.contains("200 OK") {
              // Only a reset tells a HTTP/1.0 client that a body without length was cut.
              #expect(ending == .reset, "\(entry.name): a plain end looks complete")
            }
          }
        }
      }
    }
  }

  @Test("a close-delimited response that ends in a reset is not completed")
  func resetInsteadOfEnd() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK") + "only this")
      try connection.rest(0.1)
      connection.reset()
    }
    try withScene(script) { scene in
      let client = try scene.client()
      try client.send(get())
      _ = try client.ending()
      #expect(!client.received.text.hasSuffix("0\r\n\r\n"))
    }
  }
}
