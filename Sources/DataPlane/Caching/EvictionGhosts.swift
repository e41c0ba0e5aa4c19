/// Keys that were evicted lately, without their contents: what comes back while it is remembered
/// was evicted too early.
///
/// A set-associative table of fingerprints with the number of the eviction; an entry counts while
/// fewer than `window` keys were added after it, so nothing has to be taken out as time passes.
/// At most 32 bytes for each key of the largest window so far; a key may be forgotten early when
/// more than its share fall into one bucket, and a foreign key is taken for a known one about once
/// in 2^32 / `window` look-ups.
struct EvictionGhosts: Sendable {
  private static var ways: Int { 4 }
  private static var windowMax: Int { 1 << 29 }

  /// The fingerprint in the high half, the number of the eviction in the low one; 0 is empty.
  private var cells: [UInt64] = []
  /// Log2 of the number of buckets.
  private var bucketBits: UInt32 = 0
  private var clock: UInt32 = 0
  private(set) var window: UInt32 = 0

  init() { cells = [UInt64](repeating: 0, count: Self.ways) }

  /// Cells of the table: its bound, for tests.
  var capacity: Int { cells.count }

  /// How many keys are remembered from now on. The table grows by doubling and never shrinks.
  @inline(__always) mutating func setWindow(_ count: Int) {
    window = UInt32(clamping: min(count, Self.windowMax))
    if cells.count < 2 &* Int(window) { reserve(count) }
  }

  /// Room for a window of this size.
  mutating func reserve(_ count: Int) {
    while cells.count < 2 &* min(count, Self.windowMax) { double() }
  }

  mutating func add(_ key: UInt64) {
    clock &+= 1
    let mark = Self.fingerprint(key)
    let base = bucket(mark)
    var oldest = base
    var oldestAge: UInt32 = 0
    for index in base..<(base &+ Self.ways) {
      let cell = cells[index]
      if cell == 0 || UInt32(truncatingIfNeeded: cell >> 32) == mark {
        oldest = index
        break
      }
      let age = clock &- UInt32(truncatingIfNeeded: cell)
      if age >= oldestAge {
        oldest = index
        oldestAge = age
      }
    }
    cells[oldest] = UInt64(mark) << 32 | UInt64(clock)
  }

  /// True if the key is remembered; it is forgotten by that.
  mutating func take(_ key: UInt64) -> Bool {
    let mark = Self.fingerprint(key)
    let base = bucket(mark)
    for index in base..<(base &+ Self.ways) {
      let cell = cells[index]
      guard UInt32(truncatingIfNeeded: cell >> 32) == mark else { continue }
      cells[index] = 0
      return clock &- UInt32(truncatingIfNeeded: cell) < window
    }
    return false
  }

  /// Never 0, so that a cell in use is not taken for an empty one.
  @inline(__always) private static func fingerprint(_ key: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) | 1
  }

  /// From the high bits: the low one is always set.
  @inline(__always) private func bucket(_ mark: UInt32) -> Int {
    Int(UInt64(mark) >> (32 &- UInt64(bucketBits))) &* Self.ways
  }

  private mutating func double() {
    let old = cells
    bucketBits += 1
    cells = [UInt64](repeating: 0, count: 2 * old.count)
    for cell in old where cell != 0 {
      let base = bucket(UInt32(truncatingIfNeeded: cell >> 32))
      // The two new buckets of an old one have as many cells each as it had.
      for index in base..<(base + Self.ways) where cells[index] == 0 {
        cells[index] = cell
        break
      }
    }
  }
}
