/// Names of the strategies; `Strategy` holds their state.
package enum StrategyKind: Hashable, Sendable, BitwiseCopyable, CaseIterable {
  case roundRobin, weightedRoundRobin, random, leastConnections, twoChoices, peakEWMA, hash
  /// Added by another program: the one with this number in `CustomStrategies`.
  case custom(UInt16)

  /// Those that are built in.
  package static var allCases: [StrategyKind] {
    [.roundRobin, .weightedRoundRobin, .random, .leastConnections, .twoChoices, .peakEWMA, .hash]
  }
}

/// What a strategy may look at beside the candidates.
package struct ChoiceContext: BitwiseCopyable, Sendable {
  /// Not to be chosen again: places in the pool.
  package var tried = TriedBackends()
  /// Of the request, for those that hash; nil when it has none.
  package var key: UInt64?
  package var now: Instant = 0
  /// Backends with as many requests at work have no room; `UInt64.max` is no bound.
  package var inFlightLimit: UInt64 = .max
  package init() {}

  @inline(__always) package func allows(_ candidate: Candidate) -> Bool {
    if tried.contains(Int(candidate.index)) { return false }
    return inFlightLimit == .max || candidate.load.inFlight < inFlightLimit
  }
}

/// How a pool's backend is chosen: small value types, one file each. The built-in ones are a closed
/// set; others come in through `CustomStrategy`.
///
/// A strategy is pure: it sees who may be chosen as plain data and answers an index into that. Its
/// state belongs to one worker and one pool, and lives as long as the pool keeps its strategy.
/// Whoever owns it says `prepare` when the candidates have changed; choosing allocates nothing.
package struct Strategy: Sendable {
  package let kind: StrategyKind
  private var roundRobin: RoundRobin
  private var weightedRoundRobin: WeightedRoundRobin
  private var randomChoice = RandomChoice()
  private var leastConnections: LeastConnections
  private var twoChoices = TwoChoices()
  private var peakEWMA = PeakEWMA()
  private var custom = CustomSeat()

  /// - Parameter start: differs between workers, so that they do not march in step.
  package init(_ kind: StrategyKind, start: UInt64) {
    self.kind = kind
    roundRobin = RoundRobin(start: start)
    weightedRoundRobin = WeightedRoundRobin(start: start)
    leastConnections = LeastConnections(start: start)
    if case .custom(let number) = kind { custom = CustomSeat(CustomStrategies.make(number)) }
  }

  /// The candidates, their weights or their shares have changed.
  package mutating func prepare(_ candidates: Span<Candidate>) {
    switch kind {
    case .roundRobin, .hash: roundRobin.prepare(candidates)
    case .weightedRoundRobin: weightedRoundRobin.prepare(candidates)
    case .random: randomChoice.prepare(candidates)
    case .leastConnections: leastConnections.prepare(candidates)
    case .twoChoices: twoChoices.prepare(candidates)
    case .peakEWMA: peakEWMA.prepare(candidates)
    case .custom: custom.prepare(candidates)
    }
  }

  mutating func prepare(_ candidates: borrowing Table<Candidate>) { prepare(candidates.span) }

  /// - Returns: an index into `candidates`, or nil when none may be chosen.
  @inline(__always)
  mutating func choose(
    _ candidates: borrowing Table<Candidate>, _ context: borrowing ChoiceContext,
    random: inout RandomSource
  ) -> Int? {
    choose(candidates.span, context, random: &random)
  }

  /// - Parameter candidates: those that it was prepared for.
  /// - Returns: an index into `candidates`, or nil when none may be chosen.
  @inline(__always)
  package mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    random: inout RandomSource
  ) -> Int? {
    switch kind {
    case .roundRobin: return roundRobin.choose(candidates, context)
    default: return chooseOtherwise(candidates, context, &random)
    }
  }

  @inline(never)
  private mutating func chooseOtherwise(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    switch kind {
    // A request without a key; the others are found in the pool's `HashTable`.
    case .roundRobin, .hash: return roundRobin.choose(candidates, context)
    case .weightedRoundRobin: return weightedRoundRobin.choose(candidates, context)
    case .random: return randomChoice.choose(candidates, context, &random)
    case .leastConnections: return leastConnections.choose(candidates, context, &random)
    case .twoChoices: return twoChoices.choose(candidates, context, &random)
    case .peakEWMA: return peakEWMA.choose(candidates, context, &random)
    case .custom: return custom.choose(candidates, context, &random)
    }
  }
}

/// The backends that this exchange has tried, by their place in the pool.
package struct TriedBackends: BitwiseCopyable, Sendable {
  package static var capacity: Int { 8 }
  private var indices = InlineArray<8, Int32>(repeating: -1)
  package private(set) var count = 0

  package init() {}

  package mutating func insert(_ index: Int) {
    guard count < TriedBackends.capacity else { return }
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

  /// The last one may be chosen again.
  package mutating func removeLast() { if count > 0 { count -= 1 } }
}
