/// Free blocks by size class, last in, first out, so that the next one taken is still in the cache.
///
/// Owned by one worker. Free blocks form a list through their own first bytes: giving and taking
/// allocate nothing. `trim` gives back what was not needed since the last time.
package struct BlockPool: ~Copyable {
  /// Capacities, smallest first. Heads live in the first two, the rests of bodies in the others;
  /// the third holds what a slow connection receives at a time, with its framing.
  static var capacities: InlineArray<5, Int> { [2048, 16_384, 34_816, 133_120, scratchCapacity] }
  private static var classCount: Int { 5 }
  /// Room in front of received bytes, for the rewritten head.
  static var headroom: Int { 4096 }
  /// Bytes that one receive asks for. Measured on bodies of 64 KiB and 1 MiB, in CPU per request:
  /// 128 KiB cost 7 and 37 % more, 256 KiB 6 and 3 % more.
  /// With room for a head, so that one with a round-sized body does not need another receive.
  static var receiveSize: Int { 524_288 + 4096 }
  /// Room behind them for what ends a chunk.
  static var tailroom: Int { 64 }
  static var scratchCapacity: Int { headroom + receiveSize + tailroom }

  private var classes = InlineArray<5, FreeList>(repeating: FreeList())
  /// Bytes of blocks that somebody holds now (not those that lie free).
  private(set) var heldBytes = 0

  package init() {}

  deinit {
    for size in 0..<BlockPool.classCount {
      var list = classes[size]
      while let memory = unsafe list.pop() {
        _ = unsafe Block(adopting: memory, capacity: BlockPool.capacities[size])
      }
    }
  }

  /// The smallest block that holds `count` bytes. Larger than every class: made for the occasion.
  package mutating func take(atLeast count: Int) -> Block {
    let size = BlockPool.sizeClass(count)
    guard size < BlockPool.classCount else {
      heldBytes &+= count
      return Block(capacity: count)
    }
    let capacity = BlockPool.capacities[size]
    heldBytes &+= capacity
    if let memory = unsafe classes[size].pop() {
      return unsafe Block(adopting: memory, capacity: capacity)
    }
    return Block(capacity: capacity)
  }

  package mutating func give(_ block: consuming Block) {
    let capacity = block.capacity
    heldBytes &-= capacity
    let size = BlockPool.sizeClass(capacity)
    if size < BlockPool.classCount, BlockPool.capacities[size] == capacity {
      unsafe classes[size].push(block.release())
    }
  }

  /// Frees half of the blocks that lay unused since the last call.
  mutating func trim() {
    for size in 0..<BlockPool.classCount {
      var surplus = classes[size].lowest - classes[size].lowest / 2
      while surplus > 0, let memory = unsafe classes[size].pop() {
        _ = unsafe Block(adopting: memory, capacity: BlockPool.capacities[size])
        surplus -= 1
      }
      classes[size].lowest = classes[size].count
    }
  }

  private static func sizeClass(_ count: Int) -> Int {
    for size in 0..<classCount where count <= capacities[size] { return size }
    return classCount
  }
}

/// Blocks of one size, linked through their first word.
@safe
private struct FreeList: BitwiseCopyable {
  private var head: UnsafeMutablePointer<UInt8>? = nil
  private(set) var count = 0
  /// The smallest count since the last trim: what nobody needed.
  var lowest = 0

  mutating func push(_ memory: UnsafeMutablePointer<UInt8>) {
    let next = unsafe UInt64(UInt(bitPattern: head))
    unsafe UnsafeMutableRawPointer(memory).storeBytes(of: next, as: UInt64.self)
    unsafe head = memory
    count += 1
  }

  mutating func pop() -> UnsafeMutablePointer<UInt8>? {
    guard let memory = unsafe head else { return nil }
    let next = unsafe UnsafeRawPointer(memory).load(as: UInt64.self)
    unsafe head = UnsafeMutablePointer(bitPattern: UInt(next))
    count -= 1
    lowest = min(lowest, count)
    return unsafe memory
  }
}
