/// Which backend a key belongs to: Maglev hashing (Eisenbud et al., "Maglev: A Fast and Reliable
/// Software Network Load Balancer", NSDI 2016, section 3.4), with weights.
///
/// The control plane builds the slots, the same on every instance that has the same backends: they
/// hang on the backends' addresses, not on their order. docs/balancing.md has the figures that
/// decided between this and a ring.
package enum HashTable {
  /// A prime; always the same, because a table of another size has nearly all keys elsewhere.
  package static var slotCount: Int { 65_521 }
  /// Above this many backends, a larger prime.
  package static var backendsMax: Int { 1024 }
  package static var largeSlotCount: Int { 1_048_573 }

  package struct Entry: Sendable {
    /// What the backend is called on every instance: its address.
    package let name: [UInt8]
    /// 0 has no slots.
    package let weight: UInt32
    /// Its place in the pool.
    package let place: UInt32
    package init(name: some Sequence<UInt8>, weight: UInt32, place: UInt32) {
      self.name = Array(name)
      self.weight = weight
      self.place = place
    }
  }

  /// - Returns: places, one for each slot; empty when no backend has a weight.
  package static func build(_ entries: [Entry]) -> [UInt32] {
    // In one order, whatever the order in the config.
    let entries = entries.filter { $0.weight > 0 }.sorted {
      $0.name.lexicographicallyPrecedes($1.name)
    }
    guard !entries.isEmpty else { return [] }
    // A backend of the mean weight takes a slot in each round, so there are never many rounds.
    let total = entries.reduce(0) { $0 + UInt64($1.weight) }
    let price = (total + UInt64(entries.count) - 1) / UInt64(entries.count)
    let size = entries.count > backendsMax ? largeSlotCount : slotCount
    var claims = entries.map { Claim($0, size: size) }
    var slots = [UInt32](repeating: .max, count: size)
    var left = size
    while left > 0 {
      for index in claims.indices where left > 0 {
        claims[index].credit += claims[index].weight
        while claims[index].credit >= price, left > 0 {
          claims[index].credit -= price
          slots[claims[index].nextFree(slots)] = claims[index].place
          left -= 1
        }
      }
    }
    return slots
  }

  /// The order in which a backend wants slots: its own permutation of them.
  private struct Claim {
    let place: UInt32
    let weight: UInt64
    var credit: UInt64
    private var next: Int
    private let step: Int
    private let size: Int

    init(_ entry: Entry, size: Int) {
      let hash = BalanceKey.of(entry.name)
      place = entry.place
      weight = UInt64(entry.weight)
      credit = 0
      next = Int(hash % UInt64(size))
      step = Int(BalanceKey.mix(hash) % UInt64(size - 1)) + 1
      self.size = size
    }

    mutating func nextFree(_ slots: [UInt32]) -> Int {
      while slots[next] != .max { advance() }
      defer { advance() }
      return next
    }

    private mutating func advance() {
      next += step
      if next >= size { next -= size }
    }
  }
}

/// A pool's slots in the snapshot, and how a key walks through them.
package struct HashRange: BitwiseCopyable, Equatable, Sendable {
  package var first: UInt32 = 0
  /// 0: the pool does not hash, or has nobody to hash to.
  package var count: UInt32 = 0
  package init() {}

  /// Slots that are looked at for one key before the rest of the pool is.
  package static var walkMax: Int { 64 }

  /// The slot that a key looks at after `step` others: its own walk, which meets every slot. So the
  /// keys of a backend that is out are spread over all the others, and only they move.
  @inline(__always)
  package func slot(of key: UInt64, step: Int) -> Int {
    let size = UInt64(count)
    let stride = BalanceKey.mix(key) % (size &- 1) &+ 1
    let slot = (key % size &+ UInt64(truncatingIfNeeded: step) &* stride) % size
    return Int(first) &+ Int(slot)
  }
}

/// What decides where a request goes in a pool that hashes: 64 bits of the key's bytes. The same
/// in every process and version, so that several instances agree; nothing in it is secret.
package struct BalanceKey {
  /// Never 0 bytes: a request without a key has no hash.
  package private(set) var state: UInt64 = 0xcbf2_9ce4_8422_2325
  package init() {}

  /// FNV-1a, byte by byte.
  @inline(__always) package mutating func add(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// FNV leaves similar keys close to each other; the finisher spreads them.
  package var hash: UInt64 { BalanceKey.mix(state) }

  /// The finisher of SplitMix64.
  @inline(__always) package static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  package static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var key = BalanceKey()
    for byte in bytes { key.add(byte) }
    return key.hash
  }
}
