/// What a try at a backend came to.
enum TryOutcome {
  /// A final response head came.
  case answered(status: Int)
  /// No usable answer: no connection, none in time, a malformed one, or its end before the head.
  case failed
  /// The response was cut short after its head, which was judged before.
  case cut
  /// Nobody's fault, or ours: the client went away, a kept connection had been closed, this
  /// machine lacked something.
  case abandoned
}

extension Worker {
  /// Each try is judged once, when its answer's head comes or cannot come any more; a cut response
  /// a second time.
  @inline(__always)
  mutating func judgeTry(_ x: Int32, _ outcome: TryOutcome) {
    exchanges[x].isTrying = false
    tellBreaker(x, outcome)
    if exchanges[x].poolFlags.contains(.samplesLatency) { sampleLatency(x, outcome) }
    switch outcome {
    case .answered, .abandoned: break
    case .failed, .cut:
      setup.counters.backends[exchanges[x].backendIdentity].add(.tryFailures)
    }
  }
}
