/// The least busy of many backends without looking at all: a tournament tree over what was last
/// seen of each one's load.
///
/// The winner is compared with its live count before it is chosen; if it has become busier it plays
/// again. Each choice also looks at the next few leaves, round and round, so that backends that
/// became idle are found within n/4 choices at the latest. Cost: O(log n).
struct LoadTree: Sendable {
  /// Leaves that are looked at in each choice.
  private static var refreshed: Int { 4 }
  /// Winners that are compared with their live count in one choice, at most.
  private static var games: Int { 24 }

  /// What was last seen of each; `last` is set aside until it is looked at again.
  private var seen: [TieTurns.Rank] = []
  /// Node 1 is the winner of all; the children of i are 2i and 2i + 1; leaves are from `width` on.
  private var winners: [UInt32] = []
  private var width = 0
  private var cursor = 0

  mutating func prepare(_ candidates: Span<Candidate>, _ turns: TieTurns) {
    width = 1
    while width < candidates.count { width *= 2 }
    seen = (0..<width).map {
      $0 < candidates.count ? turns.rank($0, requests: candidates[$0].requests) : .last
    }
    winners = [UInt32](repeating: 0, count: 2 * width)
    for leaf in 0..<width { winners[width + leaf] = UInt32(leaf) }
    for node in stride(from: width - 1, to: 0, by: -1) { play(node) }
    cursor = 0
  }

  @inline(__always) private mutating func play(_ node: Int) {
    let left = winners[2 &* node]
    let right = winners[2 &* node &+ 1]
    winners[node] = seen[Int(right)] < seen[Int(left)] ? right : left
  }

  private mutating func update(_ leaf: Int, _ rank: TieTurns.Rank) {
    if seen[leaf].load == rank.load, seen[leaf].turn == rank.turn { return }
    seen[leaf] = rank
    var node = (width &+ leaf) / 2
    while node > 0 {
      play(node)
      node /= 2
    }
  }

  /// Nil when all that it looked at were set aside.
  mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext,
    _ turns: borrowing TieTurns, _ random: inout RandomSource
  ) -> Int? {
    for _ in 0..<LoadTree.refreshed {
      update(cursor, turns.rank(cursor, requests: candidates[cursor].requests))
      cursor &+= 1
      if cursor == candidates.count { cursor = 0 }
    }
    var best: Int? = nil
    var bestRank = TieTurns.Rank.last
    for _ in 0..<LoadTree.games {
      let leaf = Int(winners[1])
      if seen[leaf].load == .max { break }
      if !context.allows(candidates[leaf]) || candidates[leaf].isShy(&random) {
        update(leaf, .last)
        continue
      }
      let live = turns.rank(leaf, requests: candidates[leaf].requests)
      if !(seen[leaf] < live) { return leaf }
      update(leaf, live)
      if best == nil || live < bestRank {
        best = leaf
        bestRank = live
      }
    }
    return best
  }

  /// The chosen one will have one more.
  mutating func took(_ leaf: Int, requests: UInt64, _ turns: borrowing TieTurns) {
    update(leaf, turns.rank(leaf, requests: requests &+ 1))
  }
}
