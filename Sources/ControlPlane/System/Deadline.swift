import CLinux

/// A point on the monotonic clock by which blocking control-plane I/O has to be done.
///
/// A plain value; used by the threads of `LocalServer` and by whoever talks to it.
struct Deadline: Comparable, Sendable {
  private let nanoseconds: UInt64

  /// Negative counts as now; more than a day counts as a day, so that no sum overflows.
  init(milliseconds: Int) {
    let bounded = UInt64(min(max(milliseconds, 0), 86_400_000))
    nanoseconds = hr_now_monotonic_ns() + bounded * 1_000_000
  }

  var isPast: Bool { hr_now_monotonic_ns() >= nanoseconds }

  /// For poll(2): rounded up, so that a wait of this length really reaches the deadline.
  var remainingMilliseconds: Int32 {
    let now = hr_now_monotonic_ns()
    guard now < nanoseconds else { return 0 }
    return Int32((nanoseconds - now + 999_999) / 1_000_000)
  }

  static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
