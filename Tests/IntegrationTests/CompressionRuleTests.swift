import Foundation
import Testing

private let compressing = routing("- { to: app, compress: on }")
private let long = String(repeating: "some text ", count: 200)

/// Answers with the fields and the body that a test wants.
private func answering(
  _ fields: String..., status: String = "200 OK", body: String = long
) -> Origin.Script {
  .serving { request, _ in
    let all = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + fields
    return head(all) + (request.method == "HEAD" || status.hasPrefix("304") ? "" : body)
  }
}

private func request(_ method: String, _ fields: [String]) -> String {
  head(["\(method) / HTTP/1.1", "Host: a"] + fields)
}

@Suite("Compressed responses: when, and what the head says") struct CompressionRuleTests {
  /// Every line of the response's head but `Date`, sorted.
  private func fields(
    _ script: Origin.Script, _ request: String, config: String = compressing
  ) throws -> [String] {
    var fields: [String] = []
    try withScene(script, config: config) { scene in
      let response = try scene.exchange(request)
      if response["Content-Encoding"] == "gzip", !request.hasPrefix("HEAD") {
        #expect(try Gunzip.decode(response.body).text == long)
      } else if response.status == 200, !request.hasPrefix("HEAD") {
        #expect(response.text == long)
      }
      fields = response.fields.filter { $0.name != "Date" }.map(\.description).sorted()
    }
    return fields
  }

  private static let gzip = request("GET", ["Accept-Encoding: gzip"])

  @Test("what speaks of the bytes as they were goes, and a strong ETag becomes weak")
  func fields() throws {
    let script = answering(
      "Content-Type: text/html; charset=utf-8", "ETag: \"a,b\"", "Accept-Ranges: bytes",
      "Content-MD5: Q2hlY2s=", "Digest: sha-256=abc", "Content-Digest: sha-256=:abc:",
      "Repr-Digest: sha-256=:abc:", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "X-Other: 1")
    #expect(
      try fields(script, Self.gzip) == [
        "Content-Encoding: gzip", "Content-Type: text/html; charset=utf-8", "ETag: W/\"a,b\"",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Transfer-Encoding: chunked",
        "Vary: Accept-Encoding", "X-Other: 1",
      ])
    #expect(
      try fields(script, request("GET", [])) == [
        "Accept-Ranges: bytes", "Content-Digest: sha-256=:abc:", "Content-Length: \(long.count)",
        "Content-MD5: Q2hlY2s=", "Content-Type: text/html; charset=utf-8", "Digest: sha-256=abc",
        "ETag: \"a,b\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
        "Repr-Digest: sha-256=:abc:", "Vary: Accept-Encoding", "X-Other: 1",
      ])
  }

  @Test("a weak ETag stays, and one that is none goes")
  func tags() throws {
    let type = "Content-Type: text/html"
    for (tag, expected) in [("W/\"x\"", "W/\"x\""), ("\"\"", "W/\"\""), ("x", nil), ("\"x", nil)] {
      let all = try fields(answering(type, "ETag: \(tag)"), Self.gzip)
      #expect(all.first { $0.hasPrefix("ETag") } == expected.map { "ETag: \($0)" }, "\(tag)")
    }
  }

  @Test("Vary is added once, and not where it names the field or everything")
  func vary() throws {
    let type = "Content-Type: text/html"
    for asked in [Self.gzip, request("GET", [])] {
      func vary(_ value: String) throws -> [String] {
        try fields(answering(type, "Vary: \(value)"), asked).filter { $0.hasPrefix("Vary") }
      }
      #expect(try vary("accept-ENCODING") == ["Vary: accept-ENCODING"])
      #expect(try vary("Cookie, Accept-Encoding") == ["Vary: Cookie, Accept-Encoding"])
      #expect(try vary("*") == ["Vary: *"])
      #expect(try vary("Cookie") == ["Vary: Accept-Encoding", "Vary: Cookie"])
    }
  }

  @Test(
    "what the client takes",
    arguments: [
      ("gzip", true), ("GZIP", true), ("x-gzip", true), ("br, gzip;q=0.1", true), ("*", true),
      ("gzip, deflate, br, zstd", true), ("gzip;q=1.000, identity;q=0", true),
      ("gzip;q=0", false), ("gzip;q=0.000", false), ("*;q=0", false), ("identity", false),
      ("br", false), ("", false), ("gzip;q=0, *", false), ("gzip;q=0.5, identity", false),
      ("gzip;q=2", false), ("gzip;level=9", false), ("gzip;q=0.1234", false), ("gzipped", false),
    ])
  func negotiation(_ accepted: String, _ expected: Bool) throws {
    let asked = request("GET", ["Accept-Encoding: \(accepted)"])
    let all = try fields(answering("Content-Type: text/html"), asked)
    #expect(all.contains("Content-Encoding: gzip") == expected)
    #expect(all.contains("Vary: Accept-Encoding"))
  }

  @Test(
    "what is never compressed, and says nothing of it",
    arguments: [
      ["Content-Type: text/html", "Content-Encoding: br"],
      ["Content-Type: text/html", "Content-Encoding: gzip, identity"],
      ["Content-Type: text/html", "Cache-Control: max-age=5, No-Transform"],
      ["Content-Type: text/event-stream"], ["Content-Type: TEXT/Event-Stream;charset=utf-8"],
      ["Content-Type: image/png"], ["Content-Type: application/octet-stream"],
      ["Content-Type: texts/html"], ["X-No: type"],
      ["Content-Type: text/html", "Content-Type: image/png"],
      ["Content-Type: text/html", "Trailer: Expires"],
    ])
  func never(_ lines: [String]) throws {
    let script = Origin.Script.serving { _, _ in
      head(["HTTP/1.1 200 OK", "Content-Length: \(long.count)"] + lines) + long
    }
    try withScene(script, config: compressing) { scene in
      let response = try scene.exchange(Self.gzip)
      #expect(response.text == long && response.framing == .length(long.count))
      #expect(response.all("Vary").isEmpty)
    }
  }

  @Test(
    "types and statuses that are",
    arguments: [
      ("200 OK", "text/css"), ("200 OK", "APPLICATION/JSON;charset=utf-8"),
      ("200 OK", "application/problem+json"), ("200 OK", "image/svg+xml"),
      ("200 OK", "application/wasm"), ("200 OK", "font/ttf"), ("404 Not Found", "text/html"),
      ("203 Other", "text/html"), ("500 Oh", "text/plain"), ("201 Created", "application/json"),
    ])
  func always(_ status: String, _ type: String) throws {
    let script = answering("Content-Type: \(type)", "Content-Encoding: identity", status: status)
    try withScene(script, config: compressing) { scene in
      let response = try scene.exchange(Self.gzip)
      #expect(response.all("Content-Encoding") == ["gzip"])
      #expect(try Gunzip.decode(response.body).text == long)
    }
  }

  @Test("a client may forbid it, and HTTP/1.0 gets the content as it is")
  func clientsThatDoNot() throws {
    let script = answering("Content-Type: text/html")
    let asked = [
      request("GET", ["Accept-Encoding: gzip", "Cache-Control: no-transform"]),
      head("GET / HTTP/1.0", "Host: a", "Accept-Encoding: gzip"),
    ]
    for request in asked {
      let all = try fields(script, request)
      #expect(!all.contains("Content-Encoding: gzip") && all.contains("Vary: Accept-Encoding"))
    }
  }

  @Test("short content stays as it is, content of unknown length does not")
  func minSize() throws {
    let script = Origin.Script.serving { request, _ in
      let size = Int(request.target.dropFirst()) ?? 0
      let body = String(repeating: "x", count: size)
      let type = "Content-Type: text/plain"
      if size == 0 {
        return head("HTTP/1.1 200 OK", type, "Transfer-Encoding: chunked") + chunk("y")
          + "0\r\n\r\n"
      }
      return head("HTTP/1.1 200 OK", type, "Content-Length: \(size)") + body
    }
    let extra = "compression: { min_size: 100, types: text/plain }"
    try withScene(script, config: routing("- { to: app, compress: on }", extra)) { scene in
      let client = try scene.client()
      func ask(_ size: Int) throws -> Message {
        try client.exchange(head("GET /\(size) HTTP/1.1", "Host: a", "Accept-Encoding: gzip"))
      }
      #expect(try ask(99).text == String(repeating: "x", count: 99))
      #expect(try Gunzip.decode(ask(100).body).count == 100)
      #expect(try Gunzip.decode(ask(0).body).text == "y")
    }
  }

  @Test("HEAD says what GET would, without framing")
  func headRequest() throws {
    let script = answering("Content-Type: text/html", "ETag: \"x\"", "Accept-Ranges: bytes")
    #expect(
      try fields(script, request("HEAD", ["Accept-Encoding: gzip"])) == [
        "Content-Encoding: gzip", "Content-Type: text/html", "ETag: W/\"x\"",
        "Vary: Accept-Encoding",
      ])
    try withScene(script, config: compressing) { scene in
      let client = try scene.client()
      for _ in 1...3 {
        _ = try client.exchange(request("HEAD", ["Accept-Encoding: gzip"]))
        #expect(try Gunzip.decode(client.exchange(Self.gzip).body).text == long)
      }
    }
  }

  @Test("a part passes as it is, and says that the whole varies")
  func ranges() throws {
    let script = answering(
      "Content-Type: text/html", "Content-Range: bytes 0-1999/5000", "ETag: \"x\"",
      status: "206 Partial Content")
    try withScene(script, config: compressing) { scene in
      let asked = request("GET", ["Accept-Encoding: gzip", "Range: bytes=0-1999"])
      let response = try scene.exchange(asked)
      #expect(response.status == 206 && response.text == long)
      #expect(response["ETag"] == "\"x\"" && response["Vary"] == "Accept-Encoding")
      #expect(response["Content-Range"] == "bytes 0-1999/5000")
      #expect(scene.origin.lastRequest["Range"] == "bytes=0-1999")
    }
  }

  @Test(
    "a 304 names the tag that the client has",
    arguments: [
      ("W/\"x\"", "W/\"x\""), ("\"x\"", "\"x\""), ("W/\"y\", W/\"x\"", "W/\"x\""),
      ("\"a,W/\", W/\"x\"", "W/\"x\""), ("W/\"x\", \"x\"", "\"x\""), ("*", "\"x\""),
      ("W/\"xx\"", "\"x\""), ("W/\"x", "\"x\""),
    ])
  func notModified(_ asked: String, _ expected: String) throws {
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 304 Not Modified", "ETag: \"x\"", "X-Other: 1")
    }
    try withScene(script, config: compressing) { scene in
      let client = try scene.client()
      for _ in 1...2 {
        let response = try client.exchange(
          request("GET", ["Accept-Encoding: gzip", "If-None-Match: \(asked)"]))
        #expect(response.status == 304 && response.all("ETag") == [expected])
        #expect(response["X-Other"] == "1")
        #expect(scene.origin.lastRequest["If-None-Match"] == asked)
      }
    }
  }

  @Test("a route's own edits count")
  func edits() throws {
    func config(_ edits: String) -> String {
      routing("- { to: app, compress: on, response_headers: \(edits) }")
    }
    let script = answering("Content-Type: text/html", "ETag: \"x\"")
    let forbidden = config("{ set: { Cache-Control: no-transform } }")
    #expect(try !fields(script, Self.gzip, config: forbidden).contains("Content-Encoding: gzip"))
    let typed = config("{ set: { Content-Type: image/png } }")
    #expect(try !fields(script, Self.gzip, config: typed).contains("Content-Encoding: gzip"))
    let varying = config("{ set: { Vary: Cookie }, remove: ETag }")
    #expect(
      try fields(script, Self.gzip, config: varying) == [
        "Content-Encoding: gzip", "Content-Type: text/html", "Transfer-Encoding: chunked",
        "Vary: Accept-Encoding", "Vary: Cookie",
      ])
  }

  @Test("a route without it leaves everything alone")
  func off() throws {
    let plain = routing("- { to: app, compress: off }")
    #expect(
      try fields(answering("Content-Type: text/html"), Self.gzip, config: plain) == [
        "Content-Length: \(long.count)", "Content-Type: text/html",
      ])
  }
}
