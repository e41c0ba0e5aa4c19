/// A breaker's state in one word, so that it changes in one step on all workers. Pure.
///
/// Bits: 0–1 phase, 2–7 openings in a row, 8–15 trials admitted, 16–23 trials passed, 24–63 the
/// end of an open phase in milliseconds of the monotonic clock. All zero is a closed one.
package struct BreakerWord: Equatable, Sendable, BitwiseCopyable {
  package let raw: UInt64
  package init(raw: UInt64) { self.raw = raw }

  package var phase: BreakerPhase {
    switch raw & 3 {
    case 1: return .open(until: (raw >> 24) &* 1_000_000)
    case 2: return .halfOpen
    default: return .closed
    }
  }
}
