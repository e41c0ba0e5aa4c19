import Testing

@testable import DataPlane

struct TokenTests {
  @Test("a token gives back what it was made of")
  func parts() {
    let kinds: [Token.Kind] = [.client, .upstream, .exchange, .worker, .probe]
    let indices: [Int32] = [0, 1, 255, 256, 70_000, 0x1fff_fffe, 0x1fff_ffff]
    let generations: [UInt32] = [0, 1, .max, 0x8000_0000]
    var seen: Set<UInt64> = []
    for kind in kinds {
      for index in indices {
        for generation in generations {
          let token = Token(kind, index, generation)
          #expect(token.kind == kind && token.index == index && token.generation == generation)
          let copy = Token(raw: token.raw)
          #expect(copy.kind == kind && copy.index == index && copy.generation == generation)
          seen.insert(token.raw)
        }
      }
    }
    #expect(seen.count == kinds.count * indices.count * generations.count)
  }

  @Test("every slot that a slab may have fits into a token")
  func slabsFit() {
    #expect(UInt64(CounterBank.capacity) <= Token.indexLimit)
  }
}
