import Testing

@testable import DataPlane

/// Numbers that blocks write as text.
@Suite("Numbers in blocks") struct NumberTests {
  private func text(_ write: (inout Block) -> Void) -> String {
    var block = Block(capacity: 64)
    write(&block)
    return String(decoding: (0..<block.end).map { block.bytes[$0] }, as: UTF8.self)
  }

  @Test("hexadecimal digits are those of the standard library, for every width")
  func hex() {
    var random = RandomSource(seed: 7)
    for round in 0..<2000 {
      let value = round < 300 ? UInt64(round) : random.next() >> UInt64(random.next() % 64)
      let digits = String(value, radix: 16)
      for width in digits.count...16 {
        let expected = String(repeating: "0", count: width - digits.count) + digits
        #expect(text { $0.append(hex: value, digits: width) } == expected)
      }
    }
  }

  @Test("hexadecimal digits fit to the last byte of a block")
  func hexAtTheEnd() {
    var block = Block(capacity: 16)
    block.append(hex: .max, digits: 9)
    block.append(hex: 0x1234567, digits: 7)
    #expect(block.end == 16)
    #expect(block.bytes[15] == UInt8(ascii: "7"))
  }

  @Test("decimal digits are those of the standard library")
  func decimal() {
    var random = RandomSource(seed: 8)
    for round in 0..<3000 {
      let value = round < 1200 ? round : Int(random.next() >> (1 + random.next() % 63))
      #expect(text { $0.append(decimal: value) } == "\(value)")
    }
    #expect(text { $0.append(decimal: -5) } == "0")
  }
}
