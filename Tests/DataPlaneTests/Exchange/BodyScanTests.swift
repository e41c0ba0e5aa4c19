import Testing

@testable import DataPlane

/// Body bytes prepared for sending: what goes on, what stays, what is left for the next message.
struct BodyScanTests {
  /// What a body came to when it was scanned piece by piece, as a connection does.
  struct Scanned: Equatable {
    var sent: [UInt8] = []
    var content = 0
    var outcome = BodyScan.Outcome.more
    var rest: [UInt8] = []
  }

  static func scan(
    _ pieces: [[UInt8]], _ decoder: BodyDecoder, dechunk: Bool, room: Int = 7,
    limits: HeadLimits = HeadLimits()
  ) -> Scanned {
    var decoder = decoder
    var trailers = MessageHead()
    var scanned = Scanned()
    var kept: [UInt8] = []
    for (index, piece) in pieces.enumerated() {
      if scanned.outcome == .ended {
        scanned.rest += piece
        continue
      }
      var block = block(kept + piece, at: room, capacity: 8192)
      let to = block.end
      let scan = BodyScan.run(
        &decoder, &block, &trailers, from: room, to: to, dechunk: dechunk, limits: limits)
      precondition(room <= scan.sendEnd && scan.sendEnd <= scan.consumedEnd)
      precondition(scan.consumedEnd <= to && block.end == to)
      scanned.sent += block.copy(room, scan.sendEnd)
      scanned.content += scan.content
      scanned.outcome = scan.outcome
      let behind = block.copy(scan.consumedEnd, to)
      switch scan.outcome {
      case .failed: return scanned
      case .ended: scanned.rest = behind
      case .incompleteTrailers: kept = behind
      case .more:
        precondition(behind.isEmpty, "piece \(index)")
        kept = []
      }
    }
    return scanned
  }

  static func chunked() -> BodyDecoder { BodyDecoder(framing: .chunked) }

  static let bodies: [(String, relayed: String, content: String)] = [
    ("0\r\n\r\n", "0\r\n\r\n", ""),
    ("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello"),
    ("5;a=b\r\nhello\r\n000\r\n\r\n", "5;a=b\r\nhello\r\n000\r\n\r\n", "hello"),
    (
      "1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 12\r\nY:z\r\n\r\n",
      "1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 12\r\nY:z\r\n\r\n", "abc"
    ),
    ("0\r\nContent-Length: 5\r\n\r\n", "0\r\n\r\n", ""),
    ("0\r\nContent-Length: 5\r\nX: y\r\n\r\n", "0\r\nX: y\r\n\r\n", ""),
    (
      "1\r\na\r\n0\r\nA: b\r\nHost: evil\r\nC:  d \r\nCookie: x\r\nE:\r\n\r\n",
      "1\r\na\r\n0\r\nA: b\r\nC:  d \r\nE:\r\n\r\n", "a"
    ),
    ("0\r\nA: b\r\nContent_Length: 5\r\nTransfer-Encoding: x\r\n\r\n", "0\r\nA: b\r\n\r\n", ""),
  ]

  @Test("a chunked body is relayed as it came, minus forbidden trailers", arguments: bodies.indices)
  func relay(_ index: Int) {
    let (body, relayed, content) = Self.bodies[index]
    let rest = bytes("GET / HTTP/1.1\r\n")
    let all = bytes(body) + rest
    let expected = Scanned(
      sent: bytes(relayed), content: content.utf8.count, outcome: .ended, rest: rest)
    #expect(Self.scan([all], Self.chunked(), dechunk: false) == expected)
    #expect(Self.scan(all.map { [$0] }, Self.chunked(), dechunk: false) == expected)
    for cut in 0...all.count {
      let pieces = [Array(all[..<cut]), Array(all[cut...])]
      #expect(Self.scan(pieces, Self.chunked(), dechunk: false) == expected, "\(cut)")
    }
  }

  @Test("a chunked body gives its content alone", arguments: bodies.indices)
  func dechunk(_ index: Int) {
    let (body, _, content) = Self.bodies[index]
    let rest = bytes("GET / HTTP/1.1\r\n")
    let all = bytes(body) + rest
    let expected = Scanned(
      sent: bytes(content), content: content.utf8.count, outcome: .ended, rest: rest)
    #expect(Self.scan(all.map { [$0] }, Self.chunked(), dechunk: true) == expected)
    for cut in 0...all.count {
      let pieces = [Array(all[..<cut]), Array(all[cut...])]
      #expect(Self.scan(pieces, Self.chunked(), dechunk: true) == expected, "\(cut)")
    }
  }

  @Test("a body with a length leaves what follows untouched", arguments: [false, true])
  func length(_ dechunk: Bool) {
    let all = bytes("helloGET /")
    let expected = Scanned(sent: bytes("hello"), content: 5, outcome: .ended, rest: bytes("GET /"))
    for cut in 0...all.count {
      let pieces = [Array(all[..<cut]), Array(all[cut...])]
      let decoder = BodyDecoder(framing: .length, length: 5)
      #expect(Self.scan(pieces, decoder, dechunk: dechunk) == expected, "\(cut)")
    }
  }

  @Test("no body takes nothing", arguments: [false, true])
  func none(_ dechunk: Bool) {
    let expected = Scanned(outcome: .ended, rest: bytes("GET /"))
    #expect(Self.scan([bytes("GET /")], BodyDecoder(), dechunk: dechunk) == expected)
  }

  @Test("a body until the end of the connection takes all", arguments: [false, true])
  func untilClose(_ dechunk: Bool) {
    let decoder = BodyDecoder(framing: .untilClose)
    let expected = Scanned(sent: bytes("abcdef"), content: 6)
    #expect(Self.scan([bytes("abc"), bytes("def")], decoder, dechunk: dechunk) == expected)
  }

  @Test(
    "a malformed body fails and nothing behind its fault is sent",
    arguments: [
      "5\r\nhello!\r\n", "x", "5\r\nhello\r\n-1\r\n", "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
      "5\r\nhello\r\n0\r\n folded\r\n\r\n", "5\r\nhello\r\n0\r\nX: y\n\r\n",
    ])
  func failed(_ body: String) {
    let content = body.hasPrefix("5") ? bytes("hello") : []
    for dechunk in [false, true] {
      let all = bytes(body)
      for cut in 0...all.count {
        let pieces = [Array(all[..<cut]), Array(all[cut...])]
        let scanned = Self.scan(pieces, Self.chunked(), dechunk: dechunk)
        #expect(scanned.outcome == .failed, "\(cut)")
        #expect(scanned.content == content.count, "\(cut)")
        if dechunk { #expect(scanned.sent == content, "\(cut)") }
        #expect(bytes(body).starts(with: scanned.sent) || dechunk, "\(cut)")
      }
    }
  }

  @Test("trailers beyond the limits fail")
  func limits() {
    let limits = HeadLimits(requestLineBytes: 100, headBytes: 40, fieldCount: 3)
    let many = bytes("0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n")
    let scanned = Self.scan([many], Self.chunked(), dechunk: false, limits: limits)
    #expect(scanned.outcome == .failed)
    let long = bytes("0\r\nA: \(String(repeating: "a", count: 40))")
    for pieces in [[long], long.map { [$0] }] {
      let scanned = Self.scan(pieces, Self.chunked(), dechunk: false, limits: limits)
      #expect(scanned.outcome == .failed)
      #expect(scanned.sent == bytes("0\r\n"))
    }
  }

  @Test("random bodies in random pieces are relayed and dechunked the same")
  func random() {
    var dice = Dice(seed: 9)
    let trailers = [
      ("", ""), ("X: y\r\n", "X: y\r\n"), ("Host: a\r\nX: y\r\n", "X: y\r\n"),
      ("Cookie: z\r\n", ""),
      ("X: y\r\nContent-Length: 7\r\nZ: a\r\n", "X: y\r\nZ: a\r\n"),
    ]
    for round in 0..<200 {
      let content = dice.randomBytes(dice.below(200))
      let trailer = dice.pick(trailers)
      let body = chunk(content, &dice, trailers: trailer.0)
      let framing = body.dropLast(trailer.0.utf8.count + 2)
      let rest = dice.randomBytes(dice.below(20))
      let all = body + rest
      for dechunk in [false, true] {
        let sent = dechunk ? content : framing + bytes(trailer.1) + [0x0d, 0x0a]
        let expected = Scanned(sent: sent, content: content.count, outcome: .ended, rest: rest)
        for _ in 0..<3 {
          let pieces = split(all, &dice, pieces: dice.below(8))
          #expect(
            Self.scan(pieces, Self.chunked(), dechunk: dechunk) == expected, "round \(round)")
        }
      }
    }
  }
}
