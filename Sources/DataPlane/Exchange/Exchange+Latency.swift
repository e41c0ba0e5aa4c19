/// How long backends take to answer, for the strategies that ask.
extension Worker {
  /// From the choice of the backend to the response's head. A failure and a server's error count
  /// as slow, however fast they came. A request whose body came piece by piece says more about the
  /// client than about the backend: only its failures count.
  @inline(never)
  mutating func sampleLatency(_ x: Int32, _ outcome: TryOutcome) {
    let load = setup.shared.backend(exchanges[x].backendIdentity).load
    let average = load.averageLatency
    let elapsed =
      exchanges[x].isTimed && now > exchanges[x].triedAt ? now &- exchanges[x].triedAt : 0
    let sample: UInt64
    switch outcome {
    case .abandoned: return
    case .answered(let status) where status < 500:
      if !exchanges[x].isTimed { return }
      sample = elapsed
    case .answered, .failed: sample = LatencyAverage.failure(average, elapsed: elapsed)
    // How long a stream ran before its end says nothing.
    case .cut: sample = LatencyAverage.failure(average, elapsed: 0)
    }
    load.storeAverage(
      LatencyAverage.next(average, at: load.averagedAt, sample: sample, now: now), at: now)
  }
}
