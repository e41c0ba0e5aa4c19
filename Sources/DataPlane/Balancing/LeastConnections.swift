/// The backend with the fewest requests in flight for its weight, over all workers.
///
/// Equally busy ones take turns by weight (stride scheduling): an idle pool is shared by weight,
/// and the light ones do not starve. Pools of up to 32 are looked at whole; larger ones through a
/// `LoadTree`. A backend that starts slowly takes part in a choice as often as its share says, and
/// its requests count for more: being empty does not bring it everything at once.
struct LeastConnections: Sendable {
  static var smallPool: Int { 32 }

  private var places: [UInt32] = []
  private var turns = TieTurns()
  private var tree = LoadTree()
  private let start: UInt64

  init(start: UInt64) { self.start = start }

  mutating func prepare(_ candidates: Span<Candidate>) {
    turns.prepare(candidates, start: start)
    tree = LoadTree()
    if candidates.count > LeastConnections.smallPool { tree.prepare(candidates, turns) }
  }

  @inline(__always)
  mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    var choice: Int?
    if candidates.count > LeastConnections.smallPool {
      choice = tree.choose(candidates, context, turns, &random)
    } else {
      choice = scan(candidates, context, &random)
    }
    // All that are left start slowly.
    if choice == nil { choice = scanAll(candidates, context) }
    guard let choice else { return nil }
    turns.take(choice)
    if candidates.count > LeastConnections.smallPool {
      tree.took(choice, requests: candidates[choice].requests, turns)
    }
    return choice
  }

  @inline(__always)
  private func scan(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ random: inout RandomSource
  ) -> Int? {
    var best = -1
    var bestRank = TieTurns.Rank.last
    for index in 0..<candidates.count {
      if !context.allows(candidates[index]) { continue }
      if candidates[index].isShy(&random) { continue }
      let rank = turns.rank(index, requests: candidates[index].requests)
      if best < 0 || rank < bestRank {
        best = index
        bestRank = rank
      }
    }
    return best < 0 ? nil : best
  }

  @inline(never)
  private func scanAll(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    var best: Int? = nil
    var bestRank = TieTurns.Rank.last
    for index in 0..<candidates.count where context.allows(candidates[index]) {
      let rank = turns.rank(index, requests: candidates[index].requests)
      if best == nil || rank < bestRank {
        best = index
        bestRank = rank
      }
    }
    return best
  }
}

/// Who is next among equally busy backends: the one whose turn is due first. A backend that was
/// busy while others took turns does not catch up on them.
struct TieTurns: Sendable {
  /// How busy, then whose turn.
  struct Rank: BitwiseCopyable, Sendable {
    var load: UInt64
    var turn: UInt64
    static var last: Rank { Rank(load: .max, turn: .max) }
    @inline(__always) static func < (left: Rank, right: Rank) -> Bool {
      left.load < right.load || left.load == right.load && left.turn < right.turn
    }
  }

  private var places: [UInt32] = []
  private var periods: [UInt64] = []
  private var due: [UInt64] = []
  private var time: UInt64 = 0
  private static var timeMax: UInt64 { 1 << 62 }

  var count: Int { due.count }

  /// Backends that stay keep their turn.
  mutating func prepare(_ candidates: Span<Candidate>, start: UInt64) {
    var waits: [UInt32: Double] = [:]
    for (index, place) in places.enumerated() {
      let left = due[index] > time ? Double(due[index] - time) : 0
      waits[place] = min(left / Double(periods[index]), 1)
    }
    places = []
    periods = []
    due = []
    time = 0
    for index in 0..<candidates.count {
      let place = candidates[index].index
      let period = StridePeriod.of(weight: candidates[index].effectiveWeight)
      places.append(place)
      periods.append(period)
      let wait = waits[place].map { UInt64($0 * Double(period)) }
      due.append(wait ?? StridePeriod.first(period, index: index, start: start))
    }
  }

  /// A request weighs what a turn costs.
  @inline(__always) func rank(_ index: Int, requests: UInt64) -> Rank {
    Rank(load: requests &* periods[index], turn: due[index])
  }

  /// Turns that were missed are lost, but the place in the round is kept: were all who come late
  /// due at the same moment, the first in the list would always win.
  @inline(__always) mutating func take(_ index: Int) {
    if due[index] < time {
      let missed = (time &- due[index]) / periods[index]
      due[index] = due[index] &+ (missed &+ 1) &* periods[index]
    } else {
      time = due[index]
      due[index] = due[index] &+ periods[index]
    }
    if time > TieTurns.timeMax { rebase() }
  }

  private mutating func rebase() {
    for index in 0..<due.count { due[index] -= min(time, due[index]) }
    time = 0
  }
}
