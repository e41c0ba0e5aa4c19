import Testing

@testable import DataPlane

@Suite("SipHash") struct SipHashTests {
  /// Messages 00 01 02 … under the key 00 01 … 0f: `vectors_sip128` of the reference
  /// implementation; OpenSSL's SIPHASH with a size of 16 says the same.
  private static let vectors: [(count: Int, hash: String)] = [
    (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
    (2, "8177228da4a45dc7fca38bdef60affe4"), (3, "9c70b60c5267a94e5f33b6b02985ed51"),
    (7, "a1f1ebbed8dbc153c0b84aa61ff08239"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
    (9, "264499060ad9baabc47f8b02bb6d71ed"), (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
    (16, "6ee2a4ca67b054bbfd3315bf85230577"), (24, "2db479ae78bd50d8882a8a178a6132ad"),
    (63, "5150d1772f50834a503e069a973fbd7c"),
  ]

  private static let seed = HashSeed(
    first: 0x0706_0504_0302_0100, second: 0x0f0e_0d0c_0b0a_0908)

  private func hex(_ key: Hash128) -> String {
    [key.low, key.high].flatMap { word in
      (0..<8).map { index in
        let byte = String(UInt8(truncatingIfNeeded: word >> UInt64(index * 8)), radix: 16)
        return byte.count == 1 ? "0" + byte : byte
      }
    }.joined()
  }

  @Test("the reference vectors", arguments: Self.vectors.map(\.count))
  func reference(count: Int) {
    let message = (0..<count).map { UInt8($0) }
    let source = block(message + [0xff, 0xff, 0xff])
    let hash = SipHash(Self.seed).finish(source.bytes, 0, count)
    #expect(hex(hash) == Self.vectors.first { $0.count == count }?.hash)
  }

  @Test("words that go in one by one are the same message")
  func words() {
    let source = block((0..<24).map { UInt8($0) })
    var hash = SipHash(Self.seed)
    hash.absorb(0x0706_0504_0302_0100)
    #expect(hex(hash.finish(source.bytes, 8, 16)) == "2db479ae78bd50d8882a8a178a6132ad")
    var all = SipHash(Self.seed)
    all.absorb(0x0706_0504_0302_0100)
    #expect(hex(all.finish()) == "3b62a9ba6258f5610f83e264f31497b4")
  }
}
