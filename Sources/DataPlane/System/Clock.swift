import CLinux

/// The machine's clocks: monotonic for timers, ages and limits; wall time for `Date` and logs.
package enum Clock {
  package static func now() -> Instant { hr_now_monotonic_ns() }
  package static func wallMilliseconds() -> Int64 { hr_now_wall_ms() }
  package static func wallSeconds() -> Int64 { hr_now_wall_seconds() }
}

/// A moment that stands still until it is replaced: the time of a worker in a simulation.
package struct FrozenTime: BitwiseCopyable, Sendable {
  /// Of the monotonic clock; not before the worker was made.
  package var now: Instant
  /// Seconds since 1970.
  package var wallSeconds: Int64

  package init(now: Instant, wallSeconds: Int64) {
    self.now = now
    self.wallSeconds = wallSeconds
  }
}

/// `Date` as text (RFC 9110 section 6.6.1), made once a second. Owned by one worker.
struct DateCache {
  /// Wall time, since 1970.
  private(set) var second: Int64 = -1
  private(set) var text = InlineArray<29, UInt8>(repeating: 0)

  mutating func refresh(_ now: Int64 = Clock.wallSeconds()) {
    guard now != second else { return }
    second = now
    var out = InlineArray<29, UInt8>(repeating: 0)
    unsafe withUnsafeMutableBytes(of: &out) { bytes in
      unsafe hr_format_http_date(now, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    text = out
  }
}

/// Random numbers for ids, jitter and choices: xoshiro256** (Blackman and Vigna, 2018), seeded by
/// the kernel. Not for secrets. Owned by one worker.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  package init() {
    var seed: (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, 4)
    unsafe withUnsafeMutableBytes(of: &seed) { bytes in
      _ = unsafe hr_random_bytes(bytes.baseAddress, bytes.count)
    }
    state = seed
    if state == (0, 0, 0, 0) { state.0 = 1 }
  }

  /// The same numbers for the same seed, for tests.
  public init(seed: UInt64) {
    // SplitMix64 spreads the seed.
    var x = seed
    func next() -> UInt64 {
      x &+= 0x9e37_79b9_7f4a_7c15
      var z = x
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
    state = (next(), next(), next(), next())
  }

  public mutating func next() -> UInt64 {
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }

  private func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value << by | value >> (64 - by) }
}
