import Testing

@testable import DataPlane

@Suite("Health answers") struct HealthReaderTests {
  /// The result for an answer that comes in pieces of `size` bytes; `closes` at its end.
  private static func result(
    _ answer: [UInt8], in size: Int, closes: Bool, _ expectation: HealthExpectation
  ) -> HealthResult? {
    var reader = HealthReader()
    var head = MessageHead()
    var shown = 0
    var from = 0
    while true {
      shown = min(answer.count, shown + size)
      // What lies behind the shown bytes is noise: it must not be looked at.
      let noise = [UInt8](repeating: 0x0a, count: 64)
      let bytes = Array(answer[0..<shown]) + noise
      let isEnded = closes && shown == answer.count
      switch reader.read(bytes.span, from, shown, isEnded: isEnded, expectation, into: &head) {
      case .done(let result): return result
      case .more(let consumed):
        #expect(consumed >= from && consumed <= shown)
        from = consumed
      }
      if shown == answer.count { return nil }
    }
  }

  /// The same for every way to cut the answer; nil when more is awaited.
  private static func judge(
    _ answer: String, closes: Bool = true, statuses: [ClosedRange<Int>] = [200...299],
    text: String = "", isHead: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) -> HealthResult? {
    var expectation = HealthExpectation()
    expectation.statuses = StatusSet(statuses)
    expectation.text = Array(text.utf8)
    expectation.isHead = isHead
    let bytes = Array(answer.utf8)
    let whole = result(bytes, in: max(bytes.count, 1), closes: closes, expectation)
    for size in [1, 2, 3, 7, 64] {
      let cut = result(bytes, in: size, closes: closes, expectation)
      #expect(cut == whole, "in pieces of \(size)", sourceLocation: sourceLocation)
    }
    return whole
  }

  private static func passed(_ status: Int = 200) -> HealthResult {
    HealthResult(.passed, detail: status)
  }

  @Test("the status decides", arguments: [200, 204, 250, 299, 300, 404, 500, 503, 599])
  func statuses(status: Int) {
    let answer = "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n"
    let expected =
      status < 300 ? Self.passed(status) : HealthResult(.unexpectedStatus, detail: status)
    #expect(Self.judge(answer) == expected)
    #expect(Self.judge(answer, closes: false) == expected)
    let others = Self.judge(answer, statuses: [300...399, 404...404, 503...503])
    #expect(others?.isPass == [300, 404, 503].contains(status))
  }

  @Test("the head is enough where no text is expected")
  func noBody() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    #expect(Self.judge(answer, closes: false) == Self.passed())
    #expect(Self.judge("HTTP/1.0 200 OK\r\n\r\n", closes: false) == Self.passed())
  }

  @Test("interim answers are skipped, but not without end")
  func interims() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    let final = "HTTP/1.1 200 OK\r\n\r\n"
    #expect(Self.judge("HTTP/1.1 100 Continue\r\n\r\n" + final) == Self.passed())
    #expect(Self.judge(String(repeating: interim, count: 16) + final) == Self.passed())
    let endless = Self.judge(String(repeating: interim, count: 17))
    #expect(endless == HealthResult(.malformedAnswer))
    #expect(Self.judge(interim) == HealthResult(.closedEarly))
    #expect(Self.judge(interim, closes: false) == nil)
    let upgrade = Self.judge("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    #expect(upgrade == HealthResult(.unexpectedStatus, detail: 101))
  }

  @Test(
    "what is not HTTP fails",
    arguments: [
      "SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
      "220 mail.example.com ESMTP\r\n", "{\"status\":\"ok\"}", "HTTP/1.1 600 X\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ])
  func garbage(answer: String) {
    #expect(Self.judge(answer) == HealthResult(.malformedAnswer))
  }

  @Test("an end before the head's end fails, and silence is awaited")
  func cut() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for count in 0..<head.utf8.count {
      let part = String(decoding: Array(head.utf8.prefix(count)), as: UTF8.self)
      #expect(Self.judge(part) == HealthResult(.closedEarly))
      #expect(Self.judge(part, closes: false) == nil)
    }
  }

  @Test("a head without end fails as soon as it is too long")
  func longHead() {
    let field = "X-A: " + String(repeating: "a", count: 1000) + "\r\n"
    let long = "HTTP/1.1 200 OK\r\n" + String(repeating: field, count: 40)
    var expectation = HealthExpectation()
    expectation.text = []
    let whole = Self.result(Array(long.utf8), in: 40_000, closes: false, expectation)
    let cut = Self.result(Array(long.utf8), in: 4096, closes: false, expectation)
    #expect(whole == HealthResult(.answerTooLong) && cut == whole)
    let many = "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 300) + "\r\n"
    #expect(Self.judge(many) == HealthResult(.answerTooLong))
  }

  @Test("the expected text is found in a body of any framing, also across its pieces")
  func texts() {
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}"
    let chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "5\r\n{\"sta\r\n1\r\nt\r\n9;x=y\r\nus\":\"ok\"}\r\n0\r\n\r\n"
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}"
    let lacking = HealthResult(.bodyLacksText, detail: 200)
    for answer in [length, chunked, close] {
      for text in ["\"ok\"", "status", "{\"status\":\"ok\"}", "{", "}"] {
        #expect(Self.judge(answer, text: text) == Self.passed(), "\(text) in \(answer)")
      }
      for text in ["\"OK\"", "okay", "\"status\": ", "}}", "\r\n", "x=y"] {
        #expect(Self.judge(answer, text: text) == lacking, "\(text) in \(answer)")
      }
    }
    #expect(Self.judge(length, closes: false, text: "nok") == lacking)
    #expect(Self.judge(chunked, closes: false, text: "nok") == lacking)
    #expect(Self.judge(close, closes: false, text: "nok") == nil)
    #expect(Self.judge("HTTP/1.1 503 X\r\n\r\nok", text: "ok")?.outcome == .unexpectedStatus)
  }

  @Test("repeated beginnings of the text do not hide it")
  func repeatedBeginnings() {
    let answer = "HTTP/1.1 200 OK\r\n\r\naaaaaabaab"
    #expect(Self.judge(answer, text: "aab") == Self.passed())
    #expect(Self.judge(answer, text: "aabaab") == Self.passed())
    #expect(Self.judge(answer, text: "abb")?.outcome == .bodyLacksText)
  }

  @Test("a body that is cut short without the text is an early end, with it a pass")
  func cutBody() {
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is well"
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nall is well"
    for answer in [length, chunked] {
      #expect(Self.judge(answer, text: "well") == Self.passed())
      #expect(Self.judge(answer, text: "bad") == HealthResult(.closedEarly))
      #expect(Self.judge(answer, closes: false, text: "bad") == nil)
    }
    let broken = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    #expect(Self.judge(broken, text: "bad") == HealthResult(.malformedAnswer))
  }

  @Test("answers without a body lack any text")
  func bodiless() {
    let lacking = HealthResult(.bodyLacksText, detail: 204)
    #expect(Self.judge("HTTP/1.1 204 X\r\n\r\nok", closes: false, text: "ok") == lacking)
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    #expect(Self.judge(head, closes: false, isHead: true) == Self.passed())
  }

  @Test("the text is looked for in the first 64 KiB of the body and no further")
  func longBody() {
    var expectation = HealthExpectation()
    expectation.text = Array("ok".utf8)
    let head = Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
    func answer(_ count: Int) -> [UInt8] {
      head + [UInt8](repeating: 0x61, count: count) + Array("ok".utf8)
    }
    let inside = answer(HealthReader.bodyBytesMax - 2)
    let outside = answer(HealthReader.bodyBytesMax - 1)
    for size in [1000, 40_000, 100_000] {
      #expect(Self.result(inside, in: size, closes: false, expectation) == Self.passed())
      let result = Self.result(outside, in: size, closes: false, expectation)
      #expect(result == HealthResult(.bodyLacksText, detail: 200))
    }
  }

  @Test("random bytes never trap and always end", arguments: 0..<50)
  func noise(seed: Int) {
    var random = RandomSource(seed: UInt64(seed))
    var expectation = HealthExpectation()
    expectation.text = Array("ok".utf8)
    let starts = [
      "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]
    for start in starts {
      let noise = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
      let bytes = Array(start.utf8) + noise
      let whole = Self.result(bytes, in: bytes.count, closes: true, expectation)
      #expect(whole != nil)
      #expect(Self.result(bytes, in: 1, closes: true, expectation) == whole)
    }
  }

  @Test("a set of statuses holds what it was made of")
  func statusSet() {
    let set = StatusSet([200...204, 404...404, 0...99, 590...700])
    for status in -1...1000 {
      let isIn = (200...204).contains(status) || status == 404 || (590...599).contains(status)
      #expect(set.contains(status) == isIn)
    }
  }
}
