/// The cheaper of two that are drawn by weight; the cost is the time that an answer takes there
/// times the requests in flight, this one included (after Finagle's and Linkerd's "peak EWMA").
///
/// A backend whose time is not known (cold, or not asked for long) gets one request to show it: it
/// counts as fast as the other while it is idle, and loses while that request is out. So neither a
/// new nor a recovered backend is flooded because nobody has seen it slow.
struct PeakEWMA: Sendable {
  private var pair = PairDraw()

  mutating func prepare(_ candidates: Span<Candidate>) { pair.prepare(candidates) }

  @inline(__always)
  func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    guard let (first, second) = pair.choose(candidates, context, &random) else { return nil }
    let isCheaper = PeakEWMA.isCheaper(
      candidates[second], than: candidates[first], now: context.now)
    return isCheaper ? second : first
  }

  @inline(__always)
  private static func isCheaper(_ left: Candidate, than right: Candidate, now: Instant) -> Bool {
    let leftTime = LatencyAverage.known(
      left.load.averageLatency, at: left.load.averagedAt, now: now)
    let rightTime = LatencyAverage.known(
      right.load.averageLatency, at: right.load.averagedAt, now: now)
    switch (leftTime, rightTime) {
    case (nil, nil): return cost(1, left) < cost(1, right)
    case (nil, let known?): return left.requests == 0 && cost(known, left) < cost(known, right)
    case (let known?, nil):
      return right.requests > 0 || cost(known, left) < cost(known, right)
    case (let leftTime?, let rightTime?):
      return cost(leftTime, left) < cost(rightTime, right)
    }
  }

  /// With two that cost the same the first drawn is taken, so weights are not counted twice: the
  /// weight divides only what is in flight already.
  @inline(__always)
  private static func cost(_ time: UInt64, _ candidate: Candidate) -> Double {
    let weight = Double(candidate.effectiveWeight) / Double(Candidate.fullShare)
    return Double(time) * (Double(candidate.requests) / weight + 1)
  }
}
