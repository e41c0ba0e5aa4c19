import CLinux
import Testing

@testable import DataPlane

/// Scans of sixteen bytes at a time against their scalar twins.
struct ByteClassTests {
  static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }
  static func isPlain(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
  }
  static func isValue(_ byte: UInt8) -> Bool { byte == 0x09 || byte >= 0x20 && byte != 0x7f }
  static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }

  static func scalar(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, _ isInside: (UInt8) -> Bool
  ) -> Int {
    var index = from
    while index < to, isInside(bytes[index]) { index += 1 }
    return index
  }

  static func differs(_ block: borrowing Block, _ from: Int, _ to: Int) -> String? {
    let bytes = block.bytes
    if ByteClass.endOfPlainName(bytes, from, to) != scalar(bytes, from, to, isPlain) {
      return "plain name \(from)..<\(to)"
    }
    if ByteClass.endOfValue(bytes, from, to) != scalar(bytes, from, to, isValue) {
      return "value \(from)..<\(to)"
    }
    if ByteClass.endOfVisible(bytes, from, to) != scalar(bytes, from, to, isVisible) {
      return "visible \(from)..<\(to)"
    }
    return nil
  }

  @Test("every byte at every place of a lane is in its class or not")
  func everyByte() {
    for fill in [UInt8(0x61), 0x39, 0x2d] {
      for byte in UInt8.min...UInt8.max {
        for place in 0..<33 {
          var content = [UInt8](repeating: fill, count: 40)
          content[place] = byte
          let block = block(content, at: place % 7)
          let found = Self.differs(block, place % 7, place % 7 + 40)
          #expect(found == nil, "\(byte) at \(place)")
        }
      }
    }
  }

  @Test("random bytes end where the scalar twin says, at every place and length")
  func random() {
    var dice = Dice(seed: 11)
    for round in 0..<60 {
      // Mostly bytes of the class, so that scans go on for a while.
      let often = 1 + dice.below(60)
      let content = (0..<96).map { _ -> UInt8 in
        dice.chance(often) ? UInt8(truncatingIfNeeded: dice.next()) : dice.pick(bytes("aZ09-\t x"))
      }
      let block = block(content)
      for from in 0..<20 {
        for to in stride(from: from, through: 96, by: 1 + dice.below(5)) {
          if let found = Self.differs(block, from, to) { Issue.record("round \(round): \(found)") }
        }
      }
    }
  }

  @Test("scans stop at the end of the data, whatever lies behind, at the end of a block too")
  func end() {
    for length in 0..<50 {
      let inside = block([UInt8](repeating: 0x61, count: 64))
      let atEnd = block([UInt8](repeating: 0x61, count: max(length, 1)))
      #expect(ByteClass.endOfPlainName(inside.bytes, 0, length) == length)
      #expect(ByteClass.endOfValue(inside.bytes, 0, length) == length)
      #expect(ByteClass.endOfVisible(inside.bytes, 0, length) == length)
      #expect(ByteClass.endOfPlainName(atEnd.bytes, 0, length) == length)
      #expect(ByteClass.endOfValue(atEnd.bytes, 0, length) == length)
      #expect(ByteClass.endOfVisible(atEnd.bytes, 0, length) == length)
    }
  }

  @Test("tables of bytes are what the RFCs say")
  func tables() {
    let tokens = Set(bytes("!#$%&'*+-.^_`|~"))
    let unreserved = Set(bytes("-._~"))
    let forbidden = Set(bytes("#\"<>"))
    let hex = Array("0123456789abcdef")
    for byte in UInt8.min...UInt8.max {
      let isAlphanumeric = Self.isLetter(byte) || (0x30...0x39).contains(byte)
      #expect(ByteClass.isToken(byte) == (isAlphanumeric || tokens.contains(byte)))
      #expect(
        ByteClass.unreserved.contains(byte) == (isAlphanumeric || unreserved.contains(byte)))
      #expect(ByteClass.forbiddenInTarget.contains(byte) == forbidden.contains(byte))
      #expect(ByteClass.isDigit(byte) == (0x30...0x39).contains(byte))
      let digit = hex.firstIndex(of: Character(text([byte]).lowercased()))
      #expect(ByteClass.hexValue(byte).map(Int.init) == digit)
    }
  }

  @Test("the mask of lanes is the same by instruction and by arithmetic")
  func masks() {
    var dice = Dice(seed: 12)
    func check(_ lanes: Lanes) {
      var expected: UInt32 = 0
      for index in 0..<16 where lanes[index] >= 0x80 { expected |= 1 << UInt32(index) }
      #expect(hr_byte_mask(lanes) == expected)
      #expect(hr_byte_mask_portable(lanes) == expected)
    }
    for index in 0..<16 {
      for byte: UInt8 in [0x80, 0xff, 0x7f, 0x81, 1] {
        var lanes = Lanes(repeating: 0)
        lanes[index] = byte
        check(lanes)
        check(~lanes)
      }
    }
    for _ in 0..<2000 {
      var lanes = Lanes()
      for index in 0..<16 { lanes[index] = UInt8(truncatingIfNeeded: dice.next()) }
      check(lanes)
      #expect(laneBits(lanes .>= Lanes(repeating: 0x80)) == hr_byte_mask(lanes))
    }
  }

  @Test("loads take the bytes as they lie, at every place")
  func loads() {
    let content = (0..<64).map { UInt8($0) }
    let block = block(content)
    for at in 0..<48 {
      let lanes = load16(block.bytes, at)
      #expect((0..<16).map { lanes[$0] } == Array(content[at..<(at + 16)]))
      let word = load8(block.bytes, at)
      #expect(
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
          == Array(content[at..<(at + 8)]))
    }
  }
}
