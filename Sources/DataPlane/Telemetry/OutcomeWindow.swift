/// What came in the last while, as a sum over all workers.
package struct WindowTotals: Equatable, Sendable {
  package var total: UInt64 = 0
  package var failed: UInt64 = 0
  package var slow: UInt64 = 0
  package init() {}
}

/// A sliding window in ten buckets inside a `CounterRow`: written by its worker alone, summed by
/// anybody.
///
/// A bucket is two words: its tick and its total, then failed and slow. A reader that comes between
/// the two stores is off by one try for a moment.
extension CounterRow {
  private static var bucketCount: UInt64 { 10 }

  /// Counts one.
  ///
  /// - Parameter length: of the whole window, the same for all who use this row.
  @inline(__always)
  func record(at now: Instant, window length: Instant, failed: Bool = false, slow: Bool = false) {
    let word = bucket(at: now, window: length)
    let bad: UInt64 = (failed ? 1 << 32 : 0) | (slow ? 1 : 0)
    if bad != 0 { add(word: word &+ 1, bad) }
    add(word: word, 1)
  }

  /// Counts one among the failed without one of its own: a retry, or a try that was counted before
  /// and turned out to have failed.
  func recordExtra(at now: Instant, window length: Instant) {
    add(word: bucket(at: now, window: length) &+ 1, 1 << 32)
  }

  /// The first word of the bucket of this moment, emptied when it was of an earlier one.
  @inline(__always)
  private func bucket(at now: Instant, window length: Instant) -> Int {
    let tick = CounterRow.tick(now, length)
    let word = Counter.window &+ Int(tick % CounterRow.bucketCount) &* 2
    let mark = tick << 32
    if load(word: word) >> 32 != mark >> 32 {
      set(word: word &+ 1, 0)
      set(word: word, mark)
    }
    return word
  }

  /// Adds what this row saw in the window that ends now.
  func addWindow(at now: Instant, window length: Instant, to totals: inout WindowTotals) {
    let tick = CounterRow.tick(now, length)
    for bucket in 0..<Int(CounterRow.bucketCount) {
      let word = Counter.window + bucket * 2
      let first = load(word: word)
      let age = UInt32(truncatingIfNeeded: tick) &- UInt32(truncatingIfNeeded: first >> 32)
      guard first != 0, UInt64(age) < CounterRow.bucketCount else { continue }
      let second = load(word: word + 1)
      totals.total &+= first & 0xffff_ffff
      totals.failed &+= second >> 32
      totals.slow &+= second & 0xffff_ffff
    }
  }

  /// Empties the window, as its own worker.
  func clearWindow() {
    for word in Counter.window..<(Counter.window + 20) { set(word: word, 0) }
  }

  @inline(__always) private static func tick(_ now: Instant, _ length: Instant) -> UInt64 {
    now / max(length / bucketCount, 1)
  }
}
