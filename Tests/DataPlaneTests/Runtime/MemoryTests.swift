import Testing

@testable import DataPlane

/// Stable slots, bounded and reused.
struct SlabTests {
  struct Thing: ~Copyable, SlabElement {
    var value = 0
  }

  @Test("a full slab answers nil and takes again after a release")
  func full() {
    var slab = Slab<Thing>(limit: 3)
    #expect(slab.count == 0 && slab.usedSlots == 0)
    var taken: [Int32?] = []
    for _ in 0..<5 { taken.append(slab.take()) }
    #expect(taken == [0, 1, 2, nil, nil])
    #expect(slab.count == 3 && slab.usedSlots == 3)
    slab.release(1)
    #expect(slab.count == 2)
    let again = slab.take()
    let none = slab.take()
    #expect(again == 1 && none == nil)
  }

  @Test("a slab of nothing holds nothing")
  func empty() {
    var slab = Slab<Thing>(limit: 0)
    let none = slab.take()
    #expect(none == nil)
    let isUsed = slab.isUsed(0)
    #expect(!isUsed)
  }

  @Test("what was released last is taken first, as it was left")
  func reuse() {
    var slab = Slab<Thing>(limit: 600)
    for index in 0..<600 {
      guard let slot = slab.take() else { return }
      #expect(Int(slot) == index)
      slab[slot].value = index
    }
    for slot: Int32 in [7, 599, 300] { slab.release(slot) }
    for expected: Int32 in [300, 599, 7] {
      let slot = slab.take()
      #expect(slot == expected)
      let value = slab[expected].value
      #expect(value == Int(expected))
    }
    for index in 0..<600 {
      let value = slab[Int32(index)].value
      #expect(value == index)
    }
  }

  @Test("slots never move while the slab grows")
  func addresses() {
    var slab = Slab<Thing>(limit: 2000)
    var places: [UInt] = []
    func place(_ index: Int32) -> UInt {
      unsafe withUnsafeMutablePointer(to: &slab[index]) { UInt(bitPattern: $0) }
    }
    for _ in 0..<2000 {
      guard let slot = slab.take() else { return }
      places.append(place(slot))
    }
    #expect(Set(places).count == 2000)
    for index in 0..<2000 { #expect(place(Int32(index)) == places[index]) }
  }

  @Test("a slot that was never taken is not used")
  func unused() {
    var slab = Slab<Thing>(limit: 10)
    _ = slab.take()
    for (index, expected): (Int32, Bool) in [(0, true), (1, false), (-1, false), (.max, false)] {
      let isUsed = slab.isUsed(index)
      #expect(isUsed == expected)
    }
  }

  @Test("random taking and releasing never gives a slot to two")
  func random() {
    var dice = Dice(seed: 15)
    var slab = Slab<Thing>(limit: 300)
    var held: Set<Int32> = []
    for _ in 0..<5000 {
      if dice.chance(2), let slot = held.randomElement(using: &dice) {
        held.remove(slot)
        slab.release(slot)
      } else if let slot = slab.take() {
        let isNew = held.insert(slot).inserted
        #expect(isNew)
      } else {
        #expect(held.count == 300)
      }
      let count = slab.count
      #expect(count == held.count)
    }
  }
}

/// Blocks by size, and what they weigh.
struct BlockPoolTests {
  static var classes: [Int] { (0..<4).map { BlockPool.capacities[$0] } }

  @Test("the smallest block that fits is taken")
  func sizes() {
    var pool = BlockPool()
    for (asked, index) in [
      (1, 0), (2048, 0), (2049, 1), (16384, 1), (16385, 2), (65536, 2), (65537, 3),
      (BlockPool.scratchCapacity, 3),
    ] {
      let block = pool.take(atLeast: asked)
      #expect(block.capacity == Self.classes[index])
      #expect(block.start == 0 && block.end == 0)
      pool.give(block)
    }
    let large = pool.take(atLeast: 1_000_000)
    #expect(large.capacity == 1_000_000)
    pool.give(large)
    #expect(pool.heldBytes == 0)
  }

  @Test("held bytes are those that somebody holds")
  func held() {
    var pool = BlockPool()
    let small = pool.take(atLeast: 10)
    #expect(pool.heldBytes == 2048)
    let large = pool.take(atLeast: 500_000)
    #expect(pool.heldBytes == 502_048)
    let middle = pool.take(atLeast: 3000)
    #expect(pool.heldBytes == 502_048 + 16384)
    pool.give(large)
    #expect(pool.heldBytes == 2048 + 16384)
    pool.give(small)
    pool.give(middle)
    #expect(pool.heldBytes == 0)
    let again = pool.take(atLeast: 10)
    #expect(pool.heldBytes == 2048)
    pool.give(again)
  }

  @Test("the block given last is taken first, empty")
  func lastInFirstOut() {
    var pool = BlockPool()
    var block = pool.take(atLeast: 100)
    block.append(bytes("hello"))
    block.start = 2
    let place = unsafe UInt(bitPattern: block.base)
    let other = pool.take(atLeast: 100)
    pool.give(other)
    pool.give(block)
    let again = pool.take(atLeast: 50)
    let same = unsafe UInt(bitPattern: again.base)
    #expect(same == place)
    #expect(again.start == 0 && again.end == 0)
    pool.give(again)
  }

  @Test("trimming frees half of what lay unused since the last time, in the end all")
  func trim() {
    var pool = BlockPool()
    var places: Set<UInt> = []
    func cycle(_ count: Int) {
      var blocks = InlineArray<8, Block?> { _ in nil }
      for index in 0..<count {
        let block = pool.take(atLeast: 1)
        unsafe places.insert(UInt(bitPattern: block.base))
        blocks[index] = consume block
      }
      for index in 0..<count { if let block = blocks[index].take() { pool.give(block) } }
    }
    cycle(8)
    #expect(places.count == 8)
    // All eight were in use since the start: nothing is surplus.
    pool.trim()
    places = []
    cycle(8)
    #expect(places.count == 8)
    for _ in 0..<10 { pool.trim() }
    #expect(pool.heldBytes == 0)
    cycle(3)
    #expect(pool.heldBytes == 0)
  }

  @Test("random taking and giving keeps the books")
  func random() {
    var dice = Dice(seed: 16)
    var pool = BlockPool()
    var slots = InlineArray<16, Block?> { _ in nil }
    var expected = 0
    for _ in 0..<2000 {
      let index = dice.below(16)
      if let block = slots[index].take() {
        expected -= block.capacity
        pool.give(block)
      } else {
        let block = pool.take(atLeast: 1 + dice.below(dice.chance(20) ? 400_000 : 20_000))
        expected += block.capacity
        slots[index] = consume block
      }
      if dice.chance(50) { pool.trim() }
      #expect(pool.heldBytes == expected)
    }
    for index in 0..<16 { if let block = slots[index].take() { pool.give(block) } }
    #expect(pool.heldBytes == 0)
  }
}

/// What is written into a block is in it.
struct BlockTests {
  @Test("numbers are written in digits")
  func numbers() {
    var block = Block(capacity: 400)
    for number in [0, 9, 10, 99, 12345, Int.max, -5] {
      block.append(decimal: number)
      block.append(byte: 0x20)
    }
    block.append(hex: 0xdead_beef, digits: 8)
    block.append(byte: 0x20)
    block.append(hex: 0x1234, digits: 2)
    block.append(byte: 0x20)
    block.append(hex: .max, digits: 16)
    #expect(
      text(block.copy(0, block.end))
        == "0 9 10 99 12345 9223372036854775807 0 deadbeef 34 ffffffffffffffff")
  }

  @Test("bytes are copied and moved inside the capacity")
  func moving() {
    var block = Block(capacity: 20)
    block.append(bytes("hello world"))
    block.move(from: 6, 5, to: 0)
    #expect(text(block.copy(0, 11)) == "world world")
    block.move(from: 0, 11, to: 3)
    #expect(text(block.copy(3, 14)) == "world world")
    var other = Block(capacity: 8)
    other.append(block, 3, 5)
    other.append("!")
    other.append(block.bytes, 3, 2)
    #expect(text(other.copy(0, other.end)) == "world!wo")
    other.set(0, 0x57)
    #expect(other.bytes[0] == 0x57)
    other.reset(room: 4)
    #expect(other.start == 4 && other.end == 4 && other.count == 0)
    other.removeAll()
    #expect(other.start == 0 && other.end == 0)
    #expect(other.bytes.count == 8 + Block.padding)
  }

  @Test("writing beyond the capacity traps")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      var block = Block(capacity: 4)
      block.append([1, 2, 3, 4, 5])
    }
    await #expect(processExitsWith: .failure) {
      var block = Block(capacity: 4)
      block.move(from: 0, 4, to: 1)
    }
    await #expect(processExitsWith: .failure) {
      var block = Block(capacity: 4)
      block.set(5, 0)
    }
    await #expect(processExitsWith: .failure) {
      let block = Block(capacity: 4)
      _ = block.bytes[4 + Block.padding]
    }
  }
}
