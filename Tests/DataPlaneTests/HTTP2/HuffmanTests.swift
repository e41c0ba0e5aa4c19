import Testing

@testable import DataPlane

/// The string code of RFC 7541 section 5.2 and Appendix B.
struct HuffmanTests {
  private func decode(_ input: [UInt8], room: Int? = nil) -> [UInt8]? {
    let source = block(input, at: 1)
    var out = Block(capacity: max(room ?? input.count * 2, 1))
    let count = Huffman.decode(
      source.bytes, 1, 1 + input.count, into: &out, 0, room: room ?? out.capacity)
    return count < 0 ? nil : out.copy(0, min(count, room ?? count))
  }

  private func encode(_ input: [UInt8]) -> [UInt8] {
    let source = block(input)
    var out = Block(capacity: input.count * 4 + 8)
    Huffman.encode(source.bytes, 0, input.count, into: &out)
    #expect(out.end == Huffman.encodedLength(source.bytes, 0, input.count))
    return out.copy(0, out.end)
  }

  /// A string of bits, padded with ones.
  private func bits(_ text: String, pad: Character = "1") -> [UInt8] {
    var digits = text
    while digits.count % 8 != 0 { digits.append(pad) }
    return stride(from: 0, to: digits.count, by: 8).compactMap { offset in
      let from = digits.index(digits.startIndex, offsetBy: offset)
      return UInt8(digits[from..<digits.index(from, offsetBy: 8)], radix: 2)
    }
  }

  @Test func `the code is the canonical one of its lengths`() {
    let order = (0..<256).sorted {
      (HuffmanTable.lengths[$0], $0) < (HuffmanTable.lengths[$1], $1)
    }
    var code: UInt32 = 0
    var length: UInt8 = 5
    for byte in order {
      code <<= UInt32(HuffmanTable.lengths[byte] - length)
      length = HuffmanTable.lengths[byte]
      #expect(HuffmanTable.codes[byte] == code)
      code += 1
    }
    // The end of the string is the last one: 30 ones.
    #expect(code == 0x3fff_ffff && length == 30)
  }

  @Test func `known strings`() {
    let known = [
      ("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"), ("no-cache", "a8eb10649cbf"),
      ("custom-key", "25a849e95ba97d7f"), ("custom-value", "25a849e95bb8e8b4bf"),
      ("302", "6402"), ("private", "aec3771a4b"),
      ("https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"),
      ("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"),
      ("", ""),
    ]
    for (plain, coded) in known {
      #expect(encode(bytes(plain)) == hex(coded))
      #expect(decode(hex(coded)) == bytes(plain))
    }
  }

  @Test func `every byte alone, doubled and among others`() {
    for byte in UInt8.min...UInt8.max {
      for input in [
        [byte], [byte, byte], bytes("a") + [byte] + bytes("0"), [255, byte, 10, byte],
      ] {
        #expect(decode(encode(input)) == input)
      }
    }
  }

  @Test func `random strings come back`() {
    var dice = Dice(seed: 7)
    for _ in 0..<500 {
      let input = dice.randomBytes(dice.below(60))
      #expect(decode(encode(input)) == input)
      let plain = input.map { 0x20 + $0 % 0x5f }
      #expect(decode(encode(plain)) == plain)
    }
  }

  @Test func `what does not fit is counted and checked but not written`() {
    let input = bytes("www.example.com, and more of it")
    let coded = encode(input)
    for room in 0...input.count {
      let source = block(coded)
      var out = Block(capacity: 100)
      out.append([UInt8](repeating: 0x55, count: 100))
      let count = Huffman.decode(source.bytes, 0, coded.count, into: &out, 0, room: room)
      #expect(count == input.count)
      // Whole words only, the last of which may reach beyond.
      let whole = room / 8 * 8
      #expect(out.copy(0, whole) == Array(input[..<whole]))
      #expect(out.copy(room + 8, 100).allSatisfy { $0 == 0x55 })
    }
  }

  @Test func `bad ends`() {
    // `a` is 00011; ones behind it are padding.
    #expect(decode(bits("00011")) == bytes("a"))
    #expect(decode(bits("00011", pad: "0")) == nil)
    #expect(decode(bits("00011110")) == nil)
    // Eight bits of padding are too many, in any number of bytes.
    #expect(decode(bits("00011") + [0xff]) == nil)
    #expect(decode([0xff]) == nil)
    #expect(decode([0xff, 0xff]) == nil)
    #expect(decode([0xff, 0xff, 0xff]) == nil)
    // A code that is cut off.
    #expect(decode([0xfe]) == nil)
    #expect(decode([0xff, 0xc0]) == nil)
    // The end of the string, whole and behind other bytes.
    #expect(decode([0xff, 0xff, 0xff, 0xff]) == nil)
    #expect(decode(bits("00011" + String(repeating: "1", count: 30))) == nil)
    // 0x16 is 30 bits, the last code before it.
    #expect(decode(bits("111111111111111111111111111110")) == [0x16])
  }
}
