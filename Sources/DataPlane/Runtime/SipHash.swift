/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012; the reference
/// implementation's `siphash.c`): a hash under a secret key, so that nobody outside can choose
/// texts that collide. Takes words of eight bytes.
///
/// Swift's `Hasher` has 64 bits and one key for the whole process, which leaks through the order of
/// sets: too little for keys that are never compared with what they stand for.
struct SipHash: BitwiseCopyable {
  private var v0: UInt64
  private var v1: UInt64
  private var v2: UInt64
  private var v3: UInt64
  /// Bytes so far.
  private var count: UInt64 = 0

  @inline(__always)
  init(_ seed: HashSeed) {
    v0 = seed.first ^ 0x736f_6d65_7073_6575
    v1 = seed.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
    v2 = seed.first ^ 0x6c79_6765_6e65_7261
    v3 = seed.second ^ 0x7465_6462_7974_6573
  }

  @inline(__always)
  mutating func absorb(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
    count &+= 8
  }

  /// The last bytes, 0 to 7 of them, in the low end of `tail`, and the result.
  @inline(__always)
  consuming func finish(_ tail: UInt64 = 0, _ tailCount: Int = 0) -> Hash128 {
    let total = count &+ UInt64(truncatingIfNeeded: tailCount)
    absorb(total << 56 | tail)
    v2 ^= 0xee
    for _ in 0..<4 { round() }
    let low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    for _ in 0..<4 { round() }
    return Hash128(low: low, high: v0 ^ v1 ^ v2 ^ v3)
  }

  /// `bytes[at..<at + count]`, of which eight bytes behind the end may be read, then the result.
  @inline(__always)
  consuming func finish(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Hash128 {
    var index = 0
    while index &+ 8 <= count {
      absorb(load8(bytes, at &+ index))
      index &+= 8
    }
    let rest = count &- index
    return finish(SegmentKey.word(bytes, at &+ index, rest), rest)
  }

  @inline(__always)
  private mutating func round() {
    v0 &+= v1
    v1 = rotate(v1, 13) ^ v0
    v0 = rotate(v0, 32)
    v2 &+= v3
    v3 = rotate(v3, 16) ^ v2
    v0 &+= v3
    v3 = rotate(v3, 21) ^ v0
    v2 &+= v1
    v1 = rotate(v1, 17) ^ v2
    v2 = rotate(v2, 32)
  }

  @inline(__always) private func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 {
    value << by | value >> (64 &- by)
  }
}

/// The secret that keys are hashed under: new with each process.
package struct HashSeed: BitwiseCopyable, Sendable {
  package let first: UInt64
  package let second: UInt64
  package init(first: UInt64, second: UInt64) {
    self.first = first
    self.second = second
  }
}

/// 128 bits of keyed hash.
package struct Hash128: BitwiseCopyable, Equatable, Hashable, Sendable {
  package var low: UInt64
  package var high: UInt64
  package init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Of two things together; the order does not count.
  func mixed(with other: Hash128) -> Hash128 {
    Hash128(low: low ^ other.low, high: high ^ other.high)
  }
}
