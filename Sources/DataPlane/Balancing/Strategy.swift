/// What a strategy sees of a backend: plain data.
package struct BackendView: BitwiseCopyable, Sendable {
  /// 0 gets no new requests.
  package let weight: UInt32
  package init(weight: UInt32) { self.weight = weight }
}

/// How a pool's backend is chosen: a closed enum of small value types, one file each.
///
/// A strategy is pure: it sees the pool's backends as plain data and a set that may not be chosen
/// (already tried), and answers an index. Its state belongs to one worker and one pool.
package enum Strategy: Sendable {
  case roundRobin(RoundRobin)
  case weightedRoundRobin(WeightedRoundRobin)

  package init(_ kind: StrategyKind, backendCount: Int, start: UInt64) {
    switch kind {
    case .roundRobin: self = .roundRobin(RoundRobin(start: start))
    case .weightedRoundRobin:
      self = .weightedRoundRobin(WeightedRoundRobin(backendCount: backendCount))
    }
  }

  package var kind: StrategyKind {
    switch self {
    case .roundRobin: return .roundRobin
    case .weightedRoundRobin: return .weightedRoundRobin
    }
  }

  /// - Returns: an index into `backends`, or nil when none may be chosen.
  @inline(__always)
  package mutating func choose(
    _ backends: borrowing Span<BackendView>, excluding tried: TriedBackends
  ) -> Int? {
    switch self {
    case .roundRobin(var strategy):
      let choice = strategy.choose(backends, excluding: tried)
      self = .roundRobin(strategy)
      return choice
    case .weightedRoundRobin:
      return chooseWeighted(backends, tried)
    }
  }

  /// Takes the state out and puts it back, so that its array is not copied.
  private mutating func chooseWeighted(
    _ backends: borrowing Span<BackendView>, _ tried: TriedBackends
  ) -> Int? {
    guard case .weightedRoundRobin(var strategy) = self else { return nil }
    self = .roundRobin(RoundRobin(start: 0))
    let choice = strategy.choose(backends, excluding: tried)
    self = .weightedRoundRobin(strategy)
    return choice
  }
}

/// The backends that this exchange has tried, by index: at most three.
package struct TriedBackends: BitwiseCopyable, Sendable {
  private var indices = InlineArray<3, Int32>(repeating: -1)
  package private(set) var count = 0

  package init() {}

  package mutating func insert(_ index: Int) {
    guard count < 3 else { return }
    indices[count] = Int32(truncatingIfNeeded: index)
    count += 1
  }

  @inline(__always) package func contains(_ index: Int) -> Bool {
    if count == 0 { return false }
    for position in 0..<count where indices[position] == Int32(truncatingIfNeeded: index) {
      return true
    }
    return false
  }
}
