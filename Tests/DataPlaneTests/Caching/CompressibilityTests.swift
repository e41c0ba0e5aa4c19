import Testing

@testable import DataPlane

/// Which responses may be compressed, and what their heads become. The whole is in the integration
/// tests; here are the edges.
struct CompressibilityTests {
  private static func policy(_ draft: inout SnapshotDraft, min: Int64) -> CompressionPolicy {
    draft.mediaTypes = [
      MediaTypeRow(kind: .exact, text: draft.intern("application/json".utf8)),
      MediaTypeRow(kind: .prefix, text: draft.intern("text/".utf8)),
      MediaTypeRow(kind: .suffix, text: draft.intern("+json".utf8)),
    ]
    var policy = CompressionPolicy()
    policy.minBytes = min
    policy.types = RowRange(first: 0, count: 3)
    return policy
  }

  /// Of a response with this status line's end and these lines.
  private static func judge(
    _ status: Int = 200, _ lines: String..., min: Int64 = 1000
  ) -> Compressibility {
    var draft = SnapshotDraft()
    _ = draft.intern("before".utf8)
    let policy = policy(&draft, min: min)
    let handle = SnapshotHandle(Snapshot(draft))
    defer { handle.destroy() }
    let text = (["HTTP/1.1 \(status) X"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    let block = block(bytes(text), at: 5)
    var head = MessageHead()
    let result = ResponseParser.parse(
      block, 5, 5 + text.utf8.count, limits: .widest, into: &head)
    #expect(result == .complete(length: text.utf8.count))
    return Compressibility.of(&head, block.bytes, 5, policy, handle.value)
  }

  @Test("types match exactly, by their kind or by their suffix, without case or parameters")
  func types() {
    for type in [
      "application/json", "APPLICATION/JSON", "application/json;charset=utf-8",
      "application/json ; a=b", "text/html", "text/x", "Text/CSV", "application/ld+json",
      "a/b+JSON;x", "image/x+json",
    ] {
      #expect(Self.judge(200, "Content-Type: \(type)") == .always, "\(type)")
    }
    for type in [
      "application/jsonp", "application/jso", "xtext/html", "text", "application/xml", "", ";",
      "application/json5", "+jso", "application/ld+json5", "text/event-stream",
      "text/event-stream;x", "TEXT/EVENT-STREAM ;charset=utf-8", "image/png; x=text/html",
    ] {
      #expect(Self.judge(200, "Content-Type: \(type)") == .never, "\(type)")
    }
  }

  @Test("lengths count from the least size on, and nothing is never compressed")
  func lengths() {
    let type = "Content-Type: text/html"
    #expect(Self.judge(200, type, "Content-Length: 999") == .never)
    #expect(Self.judge(200, type, "Content-Length: 1000") == .always)
    #expect(Self.judge(200, type, "Transfer-Encoding: chunked") == .always)
    #expect(Self.judge(200, type, "Content-Length: 0", min: 0) == .never)
    #expect(Self.judge(200, type, "Content-Length: 1", min: 0) == .always)
  }

  @Test("statuses without content are left alone, parts vary")
  func statuses() {
    let type = "Content-Type: text/html"
    for status in [200, 201, 203, 300, 301, 400, 401, 403, 404, 410, 416, 500, 503] {
      #expect(Self.judge(status, type) == .always, "\(status)")
    }
    for status in [100, 103, 204, 205, 304] { #expect(Self.judge(status, type) == .never) }
    #expect(Self.judge(206, type) == .varies)
    #expect(Self.judge(200, type, "Content-Range: bytes 0-1/2") == .varies)
    #expect(Self.judge(206, type, "Content-Length: 5") == .varies)
    #expect(Self.judge(206, "Content-Type: image/png") == .never)
    #expect(Self.judge(206, type, "Cache-Control: no-transform") == .never)
  }

  @Test("no-transform is found among directives, not inside of names")
  func noTransform() {
    let type = "Content-Type: text/html"
    for value in [
      "no-transform", "NO-TRANSFORM", "public,no-transform", "a=\"b, no-transform\"",
      "no-transform=1", " ,, no-transform ,x",
    ] {
      #expect(Self.judge(200, type, "Cache-Control: \(value)") == .never, "\(value)")
    }
    for value in ["no-transformer", "x-no-transform", "public", "", "no_transform"] {
      #expect(Self.judge(200, type, "Cache-Control: \(value)") == .always, "\(value)")
    }
    #expect(Self.judge(200, type, "Cache-Control: a", "cache-control: no-transform") == .never)
    #expect(Self.judge(200, type, "Pragma: no-transform") == .always)
  }

  @Test("a coding is none when it is called identity")
  func codings() {
    let type = "Content-Type: text/html"
    for value in ["", "identity", "IDENTITY, identity"] {
      #expect(Self.judge(200, type, "Content-Encoding: \(value)") == .always, "\(value)")
    }
    for value in ["gzip", "br", "identity, br", "x"] {
      #expect(Self.judge(200, type, "Content-Encoding: \(value)") == .never, "\(value)")
    }
    #expect(Self.judge(200, type, "Trailer: Server-Timing") == .never)
    #expect(Self.judge(200, type, "Content-Type: text/html") == .never)
    #expect(Self.judge(200) == .never)
  }

  /// What a head becomes.
  private static func compressed(hasBody: Bool = true, _ lines: String...) -> String {
    let content = (["HTTP/1.1 200 OK"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    var block = block(bytes(content), capacity: content.utf8.count + 1000)
    var head = MessageHead()
    _ = ResponseParser.parse(block, 0, block.end, limits: .widest, into: &head)
    CompressedHead.apply(&head, to: &block, hasBody: hasBody)
    return text(block.copy(0, block.end))
  }

  @Test("lines go and come, whichever place they have")
  func heads() {
    let added = "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nVary: Accept-Encoding\r\n"
    #expect(Self.compressed() == "HTTP/1.1 200 OK\r\n\(added)\r\n")
    #expect(
      Self.compressed("Content-Length: 5", "A: b", "etag:\"x\"", "C: d", "Accept-Ranges: none")
        == "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nETag: W/\"x\"\r\n\(added)\r\n")
    #expect(
      Self.compressed(
        hasBody: false, "Connection: close", "Transfer-Encoding: chunked",
        "Vary: a, Accept-encoding")
        == "HTTP/1.1 200 OK\r\nConnection: close\r\nVary: a, Accept-encoding\r\n"
        + "Content-Encoding: gzip\r\n\r\n")
    for tag in ["\"", "W/\"", "x", "W/x", "w/\"x\"", ""] {
      #expect(Self.compressed("ETag: \(tag)") == "HTTP/1.1 200 OK\r\n\(added)\r\n", "\(tag)")
    }
  }
}
