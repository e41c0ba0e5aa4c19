import Testing

@testable import DataPlane

/// The chunked coding (RFC 9112 section 7.1): the same result however the bytes come.
struct ChunkedBodyTests {
  /// Bodies and their content; the trailer section begins at the mark `|`.
  static let good: [(String, String)] = [
    ("0\r\n|\r\n", ""),
    ("00000\r\n|\r\n", ""),
    ("0000000000000000\r\n|\r\n", ""),
    ("5\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n|\r\n", "abcdef"),
    ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n|\r\n", "01234567890123456789"),
    ("0000000000000005\r\nhello\r\n000\r\n|\r\n", "hello"),
    ("5\r\n\r\n0\r\n\r\n0\r\n|\r\n", "\r\n0\r\n"),
    ("5;a\r\nhello\r\n0;last\r\n|\r\n", "hello"),
    ("5;name=value\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a=\"b;c\\\"\\\\d\"\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a=\"\"\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a=\"\u{e9}\t \\\t\"\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a;b=c;d=\"e\";f\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5 ;a\r\nhello\r\n0\t;b\r\n|\r\n", "hello"),
    ("5; a= b\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5 \t ; \t a=\t \"b\"\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("0\r\n|X-Sum: 12\r\n\r\n", ""),
    ("5\r\nhello\r\n0\r\n|X-Sum: 12\r\nY: z\r\n\r\n", "hello"),
    ("0\r\n|\r\nGET / HTTP/1.1\r\n", ""),
    // Bad white space that has to be read (RFC 9112 section 7.1.1).
    ("5;a =b\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a\t= b\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a ;b\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a=b ;c\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5;a=\"b\"\t;c\r\nhello\r\n0\r\n|\r\n", "hello"),
    ("5 ; a = b\t; c\r\nhello\r\n0\r\n|\r\n", "hello"),
  ]

  @Test(
    "a good chunked body gives its content, whole, in two pieces and byte by byte",
    arguments: good)
  func isDecoded(_ marked: String, _ content: String) throws {
    let all = bytes(marked)
    let mark = try #require(all.firstIndex(of: 0x7c))
    let body = all.filter { $0 != 0x7c }
    let expected = Decoded(content: bytes(content), end: .trailers(at: mark))
    #expect(decodeChunked([body]) == expected)
    #expect(decodeBytewise(body) == expected)
    for cut in 0...body.count {
      #expect(decodeChunked([Array(body[..<cut]), Array(body[cut...])]) == expected, "\(cut)")
    }
    for at in [1, 15, 16, 4096] { #expect(decodeChunked([body], at: at) == expected) }
    for length in 0..<mark {
      #expect(decodeChunked([Array(body[..<length])]).end == .open, "\(length)")
    }
  }

  /// Bodies that fail, with the number of bytes that it takes to know.
  static let bad: [(String, Int)] = [
    ("\r\nhello", 1), ("\n", 1), (" 5\r\n", 1), ("\t5\r\n", 1), ("+5\r\n", 1), ("-5\r\n", 1),
    ("0x5\r\n", 2), ("5h\r\n", 2), ("g\r\n", 1), ("5,5\r\n", 2), ("5.0\r\n", 2), ("\"5\"\r\n", 1),
    ("\u{0}5\r\n", 1), ("5\u{0}\r\n", 2), ("\u{b2}\r\n", 1), ("5_0\r\n", 2), ("5'0\r\n", 2),
    ("5\nhello", 2), ("5\rhello", 3), ("5\r\rhello", 3), ("5 \r\n", 3), ("5\t\r\n", 3),
    ("5 5\r\n", 3), ("5 a\r\n", 3), ("5 =b\r\n", 3), ("5=b\r\n", 2),
    ("5;\r\n", 3), ("5; \r\n", 4), ("5;;a\r\n", 3), ("5;=b\r\n", 3), ("5;a\n", 4),
    ("5;a \r\n", 5), ("5;a=\r\n", 5), ("5;a= \r\n", 6), ("5;a==b\r\n", 5), ("5;a=b=c\r\n", 6),
    ("5;a=b \r\n", 7), ("5;a b\r\n", 5), ("5;a=b c\r\n", 7), ("5;bad[=x\r\n", 6),
    ("5;a=[x\r\n", 5), ("5;a=b\"c\"\r\n", 6), ("5;a=\"b\"c\r\n", 8), ("5;a=\"b\r\n", 7),
    ("5;a=\"b\n\"", 7), ("5;a=\"\u{0}\"", 6), ("5;a=\"\u{7f}\"", 6), ("5;a=\"\\\r\n\"", 7),
    ("5;a=\"\\\u{0}\"", 7), ("5;a=\"b\" \r\n", 9), ("5;a\u{0}=b\r\n", 4), ("5;\u{e9}=b\r\n", 3),
    ("5;a=\u{e9}\r\n", 5), ("5;a\r;b", 5), ("5;a=b;\r\n", 7),
    ("5\r\nhello!\r\n", 9), ("5\r\nhello0\r\n", 9), ("5\r\nhello\n0", 9), ("5\r\nhello\r0", 10),
    ("5\r\nhello\r\n\r\n", 11), ("5\r\nhello\r\ng", 11), ("1\r\na\r\n 0\r\n", 7),
    ("8000000000000000\r\n", 16), ("ffffffffffffffff\r\n", 16), ("00000000000000000\r\n", 17),
    ("00000000000000005\r\n", 17), ("fffffffffffffffff\r\n", 16), ("10000000000000000\r\n", 17),
    ("GET / HTTP/1.1\r\n", 1), ("HTTP/1.1 200 OK\r\n", 1),
  ]

  @Test("a bad chunked body fails at the same byte however it is split", arguments: bad)
  func isRefused(_ body: String, _ at: Int) {
    let content = bytes(body) + bytes("hello\r\n0\r\n\r\n")
    let bytewise = decodeBytewise(content)
    #expect(bytewise.end == .failed(at: at))
    #expect(decodeChunked([content]).end == .failed(at: content.count))
    #expect(decodeChunked([Array(content[..<(at - 1)])]).end == .open)
    for cut in 0...content.count {
      let pieces = [Array(content[..<cut]), Array(content[cut...])]
      let decoded = decodeChunked(pieces)
      #expect(decoded.end == .failed(at: cut >= at ? cut : content.count), "\(cut)")
      #expect(decoded.content == bytewise.content, "\(cut)")
    }
  }

  @Test("each byte behind a size is either framing or refused")
  func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let isHex = ByteClass.hexValue(byte) != nil
      let mayFollow = isHex || [0x0d, 0x3b, 0x20, 0x09].contains(byte)
      #expect((decodeChunked([[0x35, byte]]).end == .open) == mayFollow, "\(byte)")
      let mayBeQuoted = byte == 0x09 || byte >= 0x20 && byte != 0x7f
      let quoted = bytes("5;a=\"") + [byte]
      #expect((decodeChunked([quoted]).end == .open) == mayBeQuoted, "\(byte) in quotes")
      let pair = bytes("5;a=\"\\") + [byte]
      #expect((decodeChunked([pair]).end == .open) == mayBeQuoted, "\(byte) behind a backslash")
    }
  }

  @Test("a size may have zeros in front, 16 digits in all", arguments: [1, 15, 16, 17, 255, 256])
  func leadingZeros(_ size: Int) {
    let digits = String(size, radix: 16)
    let content = [UInt8](repeating: 0x61, count: size)
    for width in digits.utf8.count...16 {
      let line = String(repeating: "0", count: width - digits.utf8.count) + digits
      let body = bytes(line + "\r\n") + content + bytes("\r\n0\r\n\r\n")
      #expect(decodeChunked([body]).content == content, "\(line)")
    }
    let line = String(repeating: "0", count: 17 - digits.utf8.count) + digits
    #expect(decodeBytewise(bytes(line + "\r\n")).end == .failed(at: 17))
  }

  @Test("huge sizes are counted without a trap")
  func sizes() {
    for size in ["7fffffffffffff", "fffffffffffffff", "0fffffffffffffff", "7fffffffffffffff"] {
      #expect(decodeChunked([bytes(size + "\r\nhello")]).content == bytes("hello"), "\(size)")
    }
    for digits in 1...15 {
      let line = String(repeating: "f", count: digits)
      #expect(decodeChunked([bytes(line + "\r\nx")]).content == bytes("x"), "\(digits)")
    }
  }

  @Test("a chunk line may have 1024 bytes, not more")
  func lineLength() {
    func body(_ lineBytes: Int) -> [UInt8] {
      let start = "5;a="
      let value = String(repeating: "b", count: lineBytes - start.utf8.count - 1)
      return bytes("\(start)\(value)\r\nhello\r\n")
    }
    #expect(decodeChunked([body(1024)]).content == bytes("hello"))
    #expect(decodeChunked([body(1025)]).end != .open)
    #expect(decodeBytewise(body(1025)).end == .failed(at: 1025))
    // Each line has its own.
    let two = body(1024) + body(1024)
    #expect(decodeChunked([two]).content == bytes("hellohello"))
    // An endless quoted string ends as well.
    let endless = bytes("5;a=\"") + [UInt8](repeating: 0x62, count: 5000)
    #expect(decodeBytewise(endless).end == .failed(at: 1025))
  }

  @Test("random content in random chunks and random pieces comes out as it was")
  func random() {
    var dice = Dice(seed: 7)
    for round in 0..<300 {
      let content = dice.randomBytes(dice.below(round % 10 == 0 ? 2000 : 60))
      let body = chunk(content, &dice, trailers: dice.chance(3) ? "X-Sum: 12\r\n" : "")
      let whole = decodeChunked([body])
      #expect(whole.content == content, "round \(round)")
      guard case .trailers = whole.end else {
        Issue.record("round \(round): \(whole)")
        continue
      }
      for _ in 0..<5 {
        let pieces = split(body, &dice, pieces: 1 + dice.below(12))
        #expect(decodeChunked(pieces) == whole, "round \(round): \(pieces.map(\.count))")
      }
      #expect(decodeBytewise(body) == whole, "round \(round)")
    }
  }

  @Test("a damaged body fails at the same byte however it is split")
  func damaged() {
    var dice = Dice(seed: 8)
    for round in 0..<400 {
      var body = chunk(dice.randomBytes(dice.below(40)), &dice)
      let index = dice.below(body.count)
      body[index] = dice.pick([0, 0x0a, 0x0d, 0x20, 0x30, 0x39, 0x3b, 0x41, 0x22, 0xff])
      let bytewise = decodeBytewise(body)
      for _ in 0..<4 {
        let pieces = split(body, &dice, pieces: 1 + dice.below(6))
        let decoded = decodeChunked(pieces)
        #expect(decoded.content == bytewise.content, "round \(round)")
        switch (bytewise.end, decoded.end) {
        case (.failed(let at), .failed(let end)):
          // The piece that ended at `end` was the first to hold the byte before `at`.
          var covered = 0
          let first = pieces.lazy.map {
            covered += $0.count
            return covered
          }.first { $0 >= at }
          #expect(end == first, "round \(round)")
        default: #expect(decoded.end == bytewise.end, "round \(round)")
        }
      }
    }
  }
}

/// The other ways in which a body ends (RFC 9112 section 6.3).
struct BodyDecoderTests {
  @Test("no body ends at once")
  func none() {
    #expect(decode([bytes("GET /")], BodyDecoder()) == Decoded(end: .ended(at: 0)))
    let empty = BodyDecoder(framing: .length, length: 0)
    #expect(decode([bytes("GET /")], empty) == Decoded(end: .ended(at: 0)))
    #expect(BodyDecoder().isEnded)
    #expect(empty.isEnded)
    #expect(BodyDecoder(framing: .length, length: -1).isEnded)
  }

  @Test("a body with a length ends after it, at every split")
  func length() {
    let all = bytes("helloGET /")
    let expected = Decoded(content: bytes("hello"), end: .ended(at: 5))
    for cut in 0...all.count {
      let pieces = [Array(all[..<cut]), Array(all[cut...])]
      #expect(decode(pieces, BodyDecoder(framing: .length, length: 5)) == expected, "\(cut)")
    }
    var decoder = BodyDecoder(framing: .length, length: 6)
    #expect(decode([bytes("hello")], decoder) == Decoded(content: bytes("hello")))
    let isWhole = decoder.endOfStream()
    #expect(!isWhole)
    let long = decode([bytes("hello")], BodyDecoder(framing: .length, length: .max))
    #expect(long.content == bytes("hello"))
  }

  @Test("a body without a length ends with the connection")
  func untilClose() {
    var decoder = BodyDecoder(framing: .untilClose)
    #expect(decode([bytes("a"), bytes("bc")], decoder) == Decoded(content: bytes("abc")))
    #expect(!decoder.isEnded)
    let isWhole = decoder.endOfStream()
    #expect(isWhole && decoder.isEnded)
  }

  @Test("the end of the connection does not end a chunked body")
  func cutChunked() {
    for cut in ["", "5", "5\r\n", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n"] {
      var decoder = BodyDecoder(framing: .chunked)
      let block = block(bytes(cut))
      var index = 0
      while case .data(let at, let count) = decoder.next(block.bytes, index, cut.utf8.count) {
        index = at + count
      }
      let isWhole = decoder.endOfStream()
      #expect(!isWhole, "\(cut)")
    }
  }

  @Test("a chunked body has ended once its trailers were read")
  func trailers() {
    var decoder = BodyDecoder(framing: .chunked)
    let block = block(bytes("0\r\n\r\n"))
    for from in [0, 3] {
      let event = decoder.next(block.bytes, from, 5)
      #expect(event == .trailers(at: 3))
    }
    #expect(decoder.isInTrailers && !decoder.isEnded)
    decoder.endTrailers()
    #expect(decoder.isEnded && !decoder.isInTrailers)
    let event = decoder.next(block.bytes, 5, 5)
    #expect(event == .end(at: 5))
    let isWhole = decoder.endOfStream()
    #expect(isWhole)
  }
}
