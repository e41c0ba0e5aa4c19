/// How long a backend's answers take: an average that jumps up with a slow one and comes down
/// slowly (peak-sensitive, after Finagle). Pure; nanoseconds.
package enum LatencyAverage {
  /// Old samples count half after this.
  package static var halfLife: Instant { 5_000_000_000 }
  /// After this an average says nothing any more.
  package static var knownFor: Instant { 4 * halfLife }
  /// A failure never counts as faster than this.
  package static var failureMin: UInt64 { 1_000_000 }
  /// Failures alone do not raise the average above this.
  package static var failureMax: UInt64 { 10_000_000_000 }

  /// The average after an answer that took `sample`. Never 0, which says that there is none.
  package static func next(
    _ average: UInt64, at averagedAt: Instant, sample: UInt64, now: Instant
  ) -> UInt64 {
    let sample = max(sample, 1)
    guard average > sample else { return sample }
    let elapsed = now > averagedAt ? now - averagedAt : 0
    return sample + faded(average - sample, after: elapsed)
  }

  /// What a failure counts as: four times the average, so that one is forgiven within two half
  /// lives, and a backend that fails all the time (however fast) is soon the slowest.
  package static func failure(
    _ average: UInt64, elapsed: UInt64
  ) -> UInt64 {
    let grown = average > failureMax / 4 ? failureMax : 4 * average
    return max(grown, elapsed, failureMin)
  }

  /// Nil when there is no average, or only an old one.
  @inline(__always)
  package static func known(_ average: UInt64, at averagedAt: Instant, now: Instant) -> UInt64? {
    guard average > 0, now < averagedAt &+ knownFor else { return nil }
    return average
  }

  /// Halved each half life, on a straight line between.
  static func faded(_ value: UInt64, after elapsed: Instant) -> UInt64 {
    let halvings = elapsed / halfLife
    guard halvings < 64 else { return 0 }
    let base = value >> halvings
    let part = Double(elapsed % halfLife) / Double(halfLife)
    return base - min(UInt64(Double(base) * part / 2), base)
  }
}
