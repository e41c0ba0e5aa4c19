import Testing

@testable import DataPlane

/// Limits, changes of the table's size and blocks that are none (RFC 7541 sections 4 to 6).
struct HPACKDecoderTests {
  private let entry = "400161" + "0162"

  @Test(arguments: [
    ("80", "index 0"), ("be", "an entry that is not there"), ("ff00", "index 127"),
    ("ffffffffffffffffff00", "an index that is too long"), ("ff", "an index cut off"),
    ("ff80", "an index cut off behind the prefix"), ("ff808080808000", "an index padded too far"),
    ("40", "a name cut off"), ("4001", "a name cut off"), ("400161", "no value"),
    ("40016102", "a value cut off"), ("4001610262", "a value cut off"),
    ("407f", "a name's length cut off"), ("4000", "no value"), ("7e", "no value for a dead entry"),
    ("7e0161", "the name of an entry that is not there"), ("0f2f0161", "the same, not indexed"),
    ("1f2f0161", "the same, never indexed"), ("00ffffffffff0f", "a length that is too large"),
    ("0081ff0161", "eight bits of padding"), ("00016184ffffffff", "the end of the string"),
    ("00811e0161", "padding of zeros"), ("3fe21f", "a table of 4097"), ("3f", "a size cut off"),
    ("3fffffffff7f", "a size that is too large"), ("202020", "three sizes"),
    ("8220", "a size behind a field"), ("000161016220", "a size behind a literal"),
    ("20be", "an entry behind its end"),
  ])
  func `blocks that are refused`(_ coded: String, _ why: String) {
    var decoding = Decoding()
    #expect(decoding.decode(hex(coded)) == .failed, "\(why)")
  }

  @Test(arguments: [
    ("", ""), ("20", ""), ("2020", ""), ("3fe11f", ""), ("203fe11f", ""), ("2082", ":method: GET"),
    ("ff80808000", "x"), ("000000", "x"), ("0001610000016100", "x"), ("00808082", "x"),
  ])
  func `odd blocks that are right`(_ coded: String, _ first: String) {
    var decoding = Decoding()
    if coded == "ff80808000" {
      // 127 entries of 33 bytes, so that the index exists.
      #expect(
        decoding.decode(Array(repeating: hex("400161" + "00"), count: 124).flatMap { $0 })
          == .complete)
    }
    #expect(decoding.decode(hex(coded)) == .complete)
    if first != "x" { #expect(decoding.list.wireFields.first.map(\.description) ?? "" == first) }
  }

  @Test func `entries leave in the order of their coming`() {
    // Room for three entries of 34.
    var decoding = Decoding(maxTableBytes: 102)
    for letter in ["61", "62", "63", "64"] {
      #expect(decoding.decode(hex("4001" + letter + "0178")) == .complete)
    }
    #expect(decoding.decoder.tableBytes == 102)
    #expect(decoding.fields(hex("bebfc0")) == wire("d: x", "c: x", "b: x"))
    #expect(decoding.decode(hex("c1")) == .failed)
  }

  @Test func `a name is kept although its entry leaves for the new one`() {
    var decoding = Decoding(maxTableBytes: 40)
    #expect(decoding.decode(hex("4001610162")) == .complete)
    #expect(decoding.fields(hex("7e03636465")) == wire("a: cde"))
    #expect(decoding.fields(hex("be")) == wire("a: cde"))
    #expect(decoding.decoder.tableBytes == 36)
  }

  @Test func `an entry larger than the table empties it`() {
    var decoding = Decoding(maxTableBytes: 64)
    #expect(decoding.decode(hex("4001610162")) == .complete)
    #expect(decoding.decoder.tableBytes == 34)
    let value = String(repeating: "v", count: 32)
    #expect(decoding.fields(hex("40016120") + bytes(value)) == [WireField("a", value)])
    #expect(decoding.decoder.tableBytes == 0)
    #expect(decoding.decode(hex("be")) == .failed)
  }

  @Test func `a smaller size evicts, a larger one makes room again`() {
    var decoding = Decoding()
    #expect(decoding.decode(hex(entry + "4001630164")) == .complete)
    #expect(decoding.fields(hex("3f03" + "be")) == wire("c: d"))
    #expect(decoding.decoder.tableBytes == 34)
    #expect(decoding.decode(hex("20" + "3fe11f")) == .complete)
    #expect(decoding.decoder.tableBytes == 0)
    #expect(decoding.decode(hex(entry + entry + entry)) == .complete)
    #expect(decoding.decoder.tableBytes == 102)
    // Without a table nothing is kept.
    #expect(decoding.decode(hex("20" + entry)) == .complete)
    #expect(decoding.decoder.tableBytes == 0)
  }

  @Test func `beyond a limit the list ends and the table stays in step`() {
    let fields = (0..<10).map { WireField("name-\($0)", "value") }
    var encoder = HPACKEncoder()
    encoder.open()
    _ = encoder.encode(fields)
    let block = encoder.encode(fields)
    let again = encoder.encode(fields)
    // Each counts 6 + 5 + 32.
    for (bytes, most, kept) in [(430, 256, 10), (429, 256, 9), (65_536, 4, 4), (0, 256, 0)] {
      var decoding = Decoding()
      let result = decoding.decode(block, maxListBytes: bytes, maxFields: most)
      #expect(result == (kept == 10 ? .complete : .tooLarge))
      #expect(decoding.list.count == kept && decoding.list.size == kept * 43)
      #expect(decoding.decoder.tableBytes == 430)
      #expect(decoding.fields(again) == fields)
    }
  }

  @Test func `beyond a limit everything is still checked`() {
    for bad in ["80", "c8", "00016184ffffffff", "8220", "7f00"] {
      var decoding = Decoding()
      #expect(decoding.decode(hex("82" + bad), maxListBytes: 0) == .failed)
    }
  }

  @Test func `values longer than a list are skipped, coded or not`() {
    var decoding = Decoding()
    let long = [UInt8](repeating: 0x30, count: 200_000)
    var out = Block(capacity: 800_000)
    for isCoded in [false, true] {
      out.append(hex("400161"))
      if isCoded {
        HPACKInteger.encode(125_000, prefix: 7, flags: 0x80, into: &out)
        Huffman.encode(block(long).bytes, 0, long.count, into: &out)
      } else {
        HPACKInteger.encode(long.count, prefix: 7, flags: 0, into: &out)
        out.append(long)
      }
    }
    // A name of that length, too, and an entry that is kept.
    out.append(hex("40"))
    HPACKInteger.encode(long.count, prefix: 7, flags: 0, into: &out)
    out.append(long + hex("0161" + entry))
    #expect(decoding.decode(out.copy(0, out.end)) == .tooLarge)
    #expect(decoding.list.count == 0)
    #expect(decoding.fields(hex("be")) == wire("a: b"))
  }

  @Test func `the largest list`() {
    var decoding = Decoding()
    let fields = (0..<256).map { WireField("n\(1000 + $0)", String(repeating: "v", count: 219)) }
    #expect(decoding.decode(literals(fields)) == .complete)
    #expect(decoding.list.size == 65_536 && decoding.list.wireFields == fields)
    #expect(decoding.decode(literals(fields) + hex("000000")) == .tooLarge)
  }

  @Test func `the table's text survives many entries of all sizes`() {
    var dice = Dice(seed: 3)
    var decoding = Decoding(maxTableBytes: 500)
    var model: [WireField] = []
    for _ in 0..<3000 {
      let field = WireField(
        String(repeating: "n", count: 1 + dice.below(40)),
        text((0..<dice.below(dice.chance(9) ? 400 : 60)).map { _ in UInt8(97 + dice.below(26)) }))
      var coded = literals([field])
      coded[0] = 0x40
      #expect(decoding.fields(coded) == [field])
      model.insert(field, at: 0)
      func size() -> Int { model.reduce(0) { $0 + $1.name.count + $1.value.count + 32 } }
      while size() > 500 { model.removeLast() }
      #expect(decoding.decoder.tableBytes == size())
      let all = (0..<model.count).map { UInt8(0x80 + 62 + $0) }
      #expect(decoding.fields(all) == model)
    }
  }

  @Test func `nothing is kept from one connection to the next`() {
    var decoding = Decoding()
    #expect(decoding.decode(hex("3f21" + entry)) == .complete)
    decoding.decoder.close()
    decoding.decoder.open(maxTableBytes: 4096)
    #expect(decoding.decoder.tableBytes == 0)
    #expect(decoding.decode(hex("be")) == .failed)
  }
}
