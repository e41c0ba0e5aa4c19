import Testing

@testable import DataPlane

/// What the encoder puts into its table and how it tells of the table's size.
struct HPACKEncoderTests {
  private func opened() -> HPACKEncoder {
    var encoder = HPACKEncoder()
    encoder.open()
    return encoder
  }

  @Test func `what keeps its value is indexed at once`() {
    var encoder = opened()
    let fields = wire(
      ":status: 200", "server: x", "content-type: text/html", "via: 1.1 headrace",
      "cache-control: no-store", "vary: accept")
    #expect(encoder.encode(fields).count > 30)
    #expect(encoder.encode(fields) == hex("88c2c1c0bfbe"))
  }

  @Test func `anything else when it comes a second time`() {
    var encoder = opened()
    let fields = wire("date: Mon, 21 Oct 2013 20:13:21 GMT", "x-cache: HIT")
    let first = encoder.encode(fields)
    #expect(encoder.tableBytes == 0)
    // An index in six bits instead of four saves a byte for `date`.
    #expect(encoder.encode(fields).count == first.count - 1)
    #expect(encoder.tableBytes == 65 + 42)
    #expect(encoder.encode(fields) == hex("bfbe"))
  }

  @Test func `a name that comes again with other values is sent once`() {
    var encoder = opened()
    #expect(
      encoder.encode(wire("x-request-id: 1")) == hex("000c") + bytes("x-request-id") + hex("0131"))
    #expect(
      encoder.encode(wire("X-Request-Id: 2")) == hex("400c") + bytes("x-request-id") + hex("0132"))
    #expect(encoder.encode(wire("x-request-id: 3")) == hex("0f2f0133"))
  }

  @Test func `secrets and what changes each time stay out`() {
    var encoder = opened()
    for field in wire(
      "set-cookie: a=b", "cookie: a=b", "authorization: x", "proxy-authorization: x",
      "content-length: 12", "etag: \"x\"", "location: /", "age: 3")
    {
      let first = encoder.encode([field])
      #expect(encoder.encode([field]) == first && encoder.encode([field]) == first)
      var decoding = Decoding()
      #expect(decoding.fields(first) == [field])
      let isSecret = field.name.contains("cookie") || field.name.contains("authorization")
      #expect(decoding.list[0].isNeverIndexed == isSecret)
    }
    #expect(encoder.tableBytes == 0)
  }

  @Test func `names become lower case`() {
    var encoder = opened()
    var decoding = Decoding()
    let names = [
      "Content-Type", "X-FRAME-Options", "A", "@Z[`az{", "Access-Control-Allow-Origin",
      "X-" + String(repeating: "Long-", count: 30), String(repeating: "Q", count: 40),
      String(repeating: "Q", count: 41), "ETag", "DNT", "Z\u{c0}",
    ]
    for _ in 0..<3 {
      for name in names {
        let lower = text(bytes(name).map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 })
        #expect(
          decoding.fields(encoder.encode([WireField(name, "Value")])) == [WireField(lower, "Value")]
        )
      }
    }
  }

  @Test func `methods and paths keep their case`() {
    var encoder = opened()
    var decoding = Decoding()
    for method in ["GET", "POST", "get", "Post", "PUT", "GETS", "M-SEARCH"] {
      for path in ["/", "*", "/index.html", "/Index.html", "/index.htmL", "/index.html?", "//"] {
        let fields = [WireField(":method", method), WireField(":path", path)]
        #expect(decoding.fields(encoder.encode(fields)) == fields)
      }
    }
  }

  @Test func `changes of the size are told in the next block`() {
    var encoder = opened()
    encoder.setMaxTableBytes(65_536)
    #expect(encoder.encode([]).isEmpty)
    encoder.setMaxTableBytes(4096)
    #expect(encoder.encode([]).isEmpty)
    encoder.setMaxTableBytes(0)
    #expect(encoder.encode([]) == hex("20"))
    #expect(encoder.encode([]).isEmpty)
    encoder.setMaxTableBytes(100)
    encoder.setMaxTableBytes(5000)
    // The smallest and the last.
    #expect(encoder.encode([]) == hex("3f45" + "3fe11f"))
    encoder.setMaxTableBytes(10)
    encoder.setMaxTableBytes(4096)
    #expect(encoder.encode([]) == hex("2a" + "3fe11f"))
    encoder.close()
    encoder.open()
    #expect(encoder.encode([]).isEmpty)
  }

  @Test func `a smaller size evicts on both sides`() {
    var encoder = opened()
    var decoding = Decoding()
    let fields = (0..<20).map { WireField("name-\($0)", "value") }
    for _ in 0..<3 { #expect(decoding.fields(encoder.encode(fields)) == fields) }
    #expect(encoder.tableBytes > 800)
    for size in [300, 0, 4096, 70] {
      encoder.setMaxTableBytes(size)
      for _ in 0..<3 {
        #expect(decoding.fields(encoder.encode(fields)) == fields)
        #expect(encoder.tableBytes == decoding.decoder.tableBytes && encoder.tableBytes <= size)
      }
    }
  }

  @Test func `whatever comes, the decoder reads the same and the tables agree`() {
    var dice = Dice(seed: 11)
    for round in 0..<30 {
      var encoder = opened()
      var decoding = Decoding()
      let names =
        ["server", "cookie", "content-type", "date", "x", "etag", "content-security-policy"]
        + (0..<(1 + round)).map { "name-\($0)" }
      for _ in 0..<60 {
        if dice.chance(12) { encoder.setMaxTableBytes(dice.below(6000)) }
        let fields = (0..<dice.below(20)).map { _ in
          let length = dice.chance(10) ? dice.below(5000) : dice.below(40)
          let value =
            dice.chance(2)
            ? "value-\(dice.below(30))" : text(dice.randomBytes(length))
          return WireField(dice.pick(names), value)
        }
        #expect(
          decoding.decode(encoder.encode(fields), maxListBytes: 65_536) != .failed)
        if decoding.list.count == fields.count { #expect(decoding.list.wireFields == fields) }
        #expect(encoder.tableBytes == decoding.decoder.tableBytes)
      }
    }
  }

  @Test func `the table wraps around without a mistake`() {
    var encoder = opened()
    var decoding = Decoding()
    for index in 0..<5000 {
      let fields = [
        WireField("server", "s\(index % 97)"), WireField("n\(index % 13)", "\(index / 2)"),
      ]
      #expect(decoding.fields(encoder.encode(fields)) == fields)
    }
  }
}
