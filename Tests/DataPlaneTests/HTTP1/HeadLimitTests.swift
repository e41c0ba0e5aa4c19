import Testing

@testable import DataPlane

/// Limits hold to the byte, and nothing traps on heads beyond all of them.
struct HeadLimitTests {
  static func limits(line: Int = 8192, head: Int = 32768, fields: Int = 100) -> HeadLimits {
    HeadLimits(requestLineBytes: line, headBytes: head, fieldCount: fields)
  }

  @Test("a request line of just the limit passes, one byte more is too long")
  func requestLine() {
    let head = "GET /abcdefgh HTTP/1.1\r\nHost: a\r\n\r\n"
    let line = "GET /abcdefgh HTTP/1.1\r\n".utf8.count
    let good = Self.limits(line: line)
    #expect(parse(.request, head, limits: good).failure == nil)
    for limit in 1..<line {
      let result = parse(.request, head, limits: Self.limits(line: limit)).result
      #expect(result == .failed(.requestLineTooLong), "\(limit)")
      #expect(oddPrefix(.request, bytes(head), limits: Self.limits(line: limit)) == nil)
    }
  }

  @Test("a request line is too long as soon as the limit is reached without its end")
  func endlessLine() {
    for start in ["G", "GET /", "GET /a HTTP/1.1"] {
      let content = bytes(start) + [UInt8](repeating: 0x61, count: 200)
      let results = parsePrefixes(.request, content, limits: Self.limits(line: 100))
      for length in 0..<start.utf8.count { #expect(results[length] == .incomplete) }
      let failure: ParseFailure = start.utf8.count > 6 ? .badVersion : .requestLineTooLong
      #expect(results[200] == .failed(failure))
      if start.utf8.count < 6 {
        #expect(results[99] == .incomplete)
        #expect(results[100] == .failed(.requestLineTooLong))
      }
    }
  }

  @Test("a head of just the limit passes, one byte more is too large")
  func headBytes() {
    let side = Side.request
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyy\r\n\r\n"
    let count = bytes(head).count
    #expect(parse(side, head, limits: Self.limits(head: count)).failure == nil)
    #expect(parse(side, head + "body", limits: Self.limits(head: count)).failure == nil)
    for limit in 17..<count {
      let limits = Self.limits(head: limit)
      #expect(parse(side, head, limits: limits).result == .failed(.headTooLong), "\(limit)")
      #expect(oddPrefix(side, bytes(head), limits: limits) == nil, "\(limit)")
    }
  }

  @Test("a head that has reached the limit without its end is too large")
  func endlessHead() {
    let content = bytes("GET / HTTP/1.1\r\nHost: a\r\nX: ") + [UInt8](repeating: 0x61, count: 200)
    let results = parsePrefixes(.request, content, limits: Self.limits(head: 100))
    for length in 0..<100 { #expect(results[length] == .incomplete, "\(length)") }
    for length in 100...content.count {
      #expect(results[length] == .failed(.headTooLong), "\(length)")
    }
  }

  @Test("as many fields as the limit pass, one more is too many", arguments: [1, 2, 100, 255, 256])
  func fields(_ limit: Int) {
    let start = "GET / HTTP/1.1\r\nHost: a\r\n"
    let others = String(repeating: "A: b\r\n", count: limit - 1)
    let limits = Self.limits(fields: limit)
    let summary = parse(.request, start + others + "\r\n", limits: limits)
    #expect(summary.failure == nil)
    #expect(summary.lines.count == limit)
    #expect(
      parse(.request, start + others + "A: b\r\n\r\n", limits: limits).result
        == .failed(.tooManyFields))
  }

  @Test("limits beyond what offsets can hold are lowered")
  func lowered() {
    let limits = Self.limits(line: 1 << 20, head: 1 << 20, fields: 5000)
    #expect(limits.headBytes == MessageHead.maxBytes)
    #expect(limits.fieldCount == MessageHead.maxFields)
    let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
    let room = MessageHead.maxBytes - start.utf8.count
    let value = String(repeating: "y", count: room - 4)
    let good = start + value + "\r\n\r\n"
    let summary = parse(.request, good, limits: limits)
    #expect(summary.result == .complete(length: MessageHead.maxBytes))
    #expect(summary.lines.last?.value.utf8.count == value.utf8.count)
    let bad = start + value + "y\r\n\r\n"
    #expect(parse(.request, bad, limits: limits).result == .failed(.headTooLong))
  }

  /// Heads that outgrow every 16-bit offset, each with data behind it.
  static let monsters: [(String, String, ParseFailure)] = [
    ("method", String(repeating: "G", count: 70_000), .headTooLong),
    ("target", "GET /" + String(repeating: "a", count: 70_000), .headTooLong),
    (
      "name", "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a", count: 70_000),
      .headTooLong
    ),
    (
      "value", "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 140_000),
      .headTooLong
    ),
    (
      "spaces", "GET / HTTP/1.1\r\nHost: a\r\nX:" + String(repeating: " ", count: 70_000),
      .headTooLong
    ),
    (
      "fields",
      "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 20_000),
      .tooManyFields
    ),
    (
      "long fields",
      "GET / HTTP/1.1\r\nHost: a\r\n"
        + String(repeating: "X: \(String(repeating: "y", count: 1000))\r\n", count: 100),
      .headTooLong
    ),
  ]

  @Test("a head beyond 64 KiB with data behind it is refused, never a trap", arguments: monsters)
  func monster(_ name: String, _ head: String, _ failure: ParseFailure) {
    let limits = Self.limits(line: 1 << 20, head: 1 << 20, fields: 5000)
    let content = bytes(head + "\r\n\r\n") + [UInt8](repeating: 0x41, count: 100_000)
    #expect(parse(.request, content, limits: limits).result == .failed(failure))
    #expect(parse(.request, content, at: 4096, limits: limits).result == .failed(failure))
    let response = bytes("HTTP/1.1 200 OK\r\n") + content.drop { $0 != 0x0a }.dropFirst()
    let side = parse(.response, Array(response), limits: limits)
    if name != "method", name != "target" { #expect(side.result == .failed(failure)) }
    let reason = bytes("HTTP/1.1 200 ") + [UInt8](repeating: 0x41, count: 100_000)
    #expect(parse(.response, reason, limits: limits).result == .failed(.headTooLong))
  }

  @Test("a small head in front of much data is read")
  func followed() {
    let head = bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
    let content = head + [UInt8](repeating: 0x0d, count: 200_000)
    let summary = parse(.request, content)
    #expect(summary.result == .complete(length: head.count))
    #expect(summary.contentLength == 200_000)
  }
}
