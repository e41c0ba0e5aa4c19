import Testing

@testable import DataPlane

/// The examples of RFC 7541 Appendix C.
struct HPACKExampleTests {
  @Test(arguments: [
    (10, 5, "0a"), (1337, 5, "1f9a0a"), (42, 8, "2a"), (30, 5, "1e"), (31, 5, "1f00"),
    (0, 4, "00"), (16_383, 7, "7f807f"),
  ])
  func `integers, C.1`(_ value: Int, _ prefix: Int, _ coded: String) {
    var out = Block(capacity: 16)
    HPACKInteger.encode(value, prefix: prefix, flags: 0, into: &out)
    #expect(out.copy(0, out.end) == hex(coded))
    var at = 0
    #expect(HPACKInteger.decode(out.bytes, &at, out.end, prefix: prefix) == value)
    #expect(at == out.end)
  }

  @Test func `literals, C.2`() {
    let rows = [
      ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header", 55),
      ("040c2f73616d706c652f70617468", ":path: /sample/path", 0),
      ("100870617373776f726406736563726574", "password: secret", 0),
      ("82", ":method: GET", 0),
    ]
    for (coded, field, size) in rows {
      var decoding = Decoding()
      #expect(decoding.fields(hex(coded)) == wire(field))
      #expect(decoding.decoder.tableBytes == size)
      #expect(decoding.list[0].isNeverIndexed == (field == "password: secret"))
    }
  }

  static let requests = [
    wire(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"),
    wire(
      ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
      "cache-control: no-cache"),
    wire(
      ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
      "custom-key: custom-value"),
  ]

  @Test(arguments: [
    [
      "828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
  ])
  func `requests, C.3 and C.4`(_ coded: [String]) {
    var decoding = Decoding()
    for (index, size) in [57, 110, 164].enumerated() {
      #expect(decoding.fields(hex(coded[index])) == Self.requests[index])
      #expect(decoding.decoder.tableBytes == size)
    }
  }

  @Test func `our encoder writes the same for what it indexes at once, C.3`() {
    var encoder = HPACKEncoder()
    encoder.open()
    #expect(
      encoder.encode(Self.requests[0]) == hex("828684410f7777772e6578616d706c652e636f6d"))
    #expect(encoder.encode(Self.requests[1]) == hex("828684be58086e6f2d6361636865"))
    #expect(encoder.encode(Array(Self.requests[2].dropLast())) == hex("828785bf"))
    #expect(encoder.tableBytes == 110)
  }

  static let responses = [
    wire(
      ":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
      "location: https://www.example.com"),
    wire(
      ":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
      "location: https://www.example.com"),
    wire(
      ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT",
      "location: https://www.example.com", "content-encoding: gzip",
      "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
  ]

  @Test(arguments: [
    [
      """
      4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54
      6e1768747470733a2f2f7777772e6578616d706c652e636f6d
      """,
      "4803333037c1c0bf",
      """
      88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f
      3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076
      657273696f6e3d31
      """,
    ],
    [
      """
      488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f
      0b97c8e9ae82ae43d3
      """,
      "4883640effc1c0bf",
      """
      88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df
      dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007
      """,
    ],
  ])
  func `responses, with entries that leave, C.5 and C.6`(_ coded: [String]) {
    var decoding = Decoding(maxTableBytes: 256)
    for (index, size) in [222, 222, 215].enumerated() {
      #expect(decoding.fields(hex(coded[index])) == Self.responses[index])
      #expect(decoding.decoder.tableBytes == size)
    }
  }

  @Test func `the static table is found by index and by name`() {
    var decoding = Decoding()
    var seen: [String: Int] = [:]
    for index in 1...StaticTable.count {
      #expect(decoding.decode([0x80 | UInt8(index)]) == .complete)
      let field = decoding.list.wireFields[0]
      let name = field.name
      guard seen[name] == nil, !name.hasPrefix(":") else { continue }
      seen[name] = index
      for text in [name, name.uppercased()] {
        let source = block(bytes(text))
        #expect(StaticTable.find(LowerName(source.bytes, 0, text.utf8.count)) == index)
      }
      for text in [name + "x", "x" + name, String(name.dropLast()), name.replacing("-", with: "_")]
      where seen[text] == nil && !Self.names.contains(text) {
        let source = block(bytes(text))
        #expect(StaticTable.find(LowerName(source.bytes, 0, text.utf8.count)) == 0)
      }
    }
    #expect(seen.count == 47)
    #expect(seen["www-authenticate"] == 61 && seen["accept-encoding"] == 16)
  }

  static let names: Set<String> = {
    var decoding = Decoding()
    return Set((1...61).compactMap { decoding.fields([0x80 | $0])?[0].name })
  }()
}
