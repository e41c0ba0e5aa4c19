import Testing

@testable import DataPlane

/// A set of backends that were tried.
func tried(_ indices: Int...) -> TriedBackends {
  var set = TriedBackends()
  for index in indices { set.insert(index) }
  return set
}

/// Choices one after the other, as places in the pool. A weight of 0 is no candidate.
func choices(
  _ count: Int, _ strategy: inout Strategy, _ weights: [UInt32], _ excluded: TriedBackends
) -> [Int?] {
  let bank = SharedBank()
  let candidates = weights.enumerated().filter { $1 > 0 }.map {
    Candidate(index: UInt32($0), weight: $1, load: BackendLoad(bank[0]))
  }
  var context = ChoiceContext()
  context.tried = excluded
  var random = RandomSource(seed: 1)
  strategy.prepare(candidates.span)
  return (0..<count).map { _ in
    strategy.choose(candidates.span, context, random: &random).map {
      Int(candidates[$0].index)
    }
  }
}

struct RoundRobinTests {
  static func start(_ start: UInt64) -> Strategy {
    Strategy(.roundRobin, start: start)
  }

  @Test("backends are chosen one after the other, from where the worker starts")
  func turns() {
    for start in 0..<3 {
      var strategy = Self.start(UInt64(start))
      let found = choices(7, &strategy, [1, 1, 1], tried())
      #expect(found == (0..<7).map { ($0 + start) % 3 })
    }
    var strategy = Self.start(.max)
    let found = choices(3, &strategy, [1, 1, 1], tried())
    #expect(Set(found) == [0, 1, 2])
  }

  @Test("weights only say whether a backend is chosen")
  func weights() {
    var strategy = Self.start(0)
    #expect(choices(4, &strategy, [9, 0, 1], tried()) == [0, 2, 0, 2])
    #expect(choices(2, &strategy, [0, 0, 0], tried()) == [nil, nil])
    #expect(choices(1, &strategy, [], tried()) == [nil])
    #expect(choices(2, &strategy, [1, 1, 1], tried()).allSatisfy { $0 != nil })
  }

  @Test("a backend that was tried is passed over")
  func exclusion() {
    var strategy = Self.start(0)
    #expect(choices(4, &strategy, [1, 1, 1], tried(1)) == [0, 2, 0, 2])
    #expect(choices(2, &strategy, [1, 1, 1], tried(0, 1)) == [2, 2])
    #expect(choices(2, &strategy, [1, 1, 1], tried(2, 0, 1)) == [nil, nil])
    #expect(choices(1, &strategy, [1, 0, 1], tried(2, 0)) == [nil])
  }

  @Test("a pool that shrinks or grows goes on")
  func resize() {
    var strategy = Self.start(2)
    #expect(choices(1, &strategy, [1, 1, 1], tried()) == [2])
    #expect(choices(2, &strategy, [1], tried()) == [0, 0])
    #expect(choices(3, &strategy, [1, 1, 1, 1], tried()).compactMap { $0 }.count == 3)
  }

  @Test("eight backends are remembered as tried, and no more are needed")
  func triedBackends() {
    var set = TriedBackends()
    #expect(!set.contains(0) && !set.contains(-1))
    for (count, index) in [5, 0, 70_000, 1, 2, 3, 4, 6].enumerated() {
      #expect(!set.contains(index))
      set.insert(index)
      #expect(set.contains(index))
      #expect(set.count == count + 1)
    }
    set.insert(9)
    #expect(set.count == 8 && !set.contains(9) && set.contains(5))
  }
}

struct WeightedRoundRobinTests {
  static func make(_ count: Int) -> Strategy {
    Strategy(.weightedRoundRobin, start: 0)
  }

  @Test("5:1:1 gives a a b a c a a, again and again")
  func smooth() {
    var strategy = Self.make(3)
    let round = [0, 0, 1, 0, 2, 0, 0]
    #expect(choices(21, &strategy, [5, 1, 1], tried()) == round + round + round)
    #expect(strategy.kind == .weightedRoundRobin)
  }

  @Test("equal weights are round-robin")
  func equal() {
    var strategy = Self.make(3)
    #expect(choices(6, &strategy, [7, 7, 7], tried()) == [0, 1, 2, 0, 1, 2])
  }

  @Test("a weight of 0 gets nothing")
  func zero() {
    var strategy = Self.make(3)
    #expect(choices(4, &strategy, [1, 0, 1], tried()) == [0, 2, 0, 2])
    #expect(choices(2, &strategy, [0, 0, 0], tried()) == [nil, nil])
    #expect(choices(1, &strategy, [], tried()) == [nil])
    // It comes back without debts.
    #expect(choices(2, &strategy, [0, 5, 0], tried()) == [1, 1])
  }

  @Test("a backend that was tried is passed over, and the rest share by weight")
  func exclusion() {
    var strategy = Self.make(3)
    let found = choices(30, &strategy, [5, 2, 1], tried(0))
    #expect(found.filter { $0 == 0 }.isEmpty)
    #expect(found.filter { $0 == 1 }.count == 20)
    #expect(choices(1, &strategy, [5, 2, 1], tried(0, 1, 2)) == [nil])
  }

  @Test("shares follow the weights to the request, and no run is longer than it must be")
  func shares() {
    var dice = Dice(seed: 13)
    for _ in 0..<40 {
      let weights = (0..<(1 + dice.below(6))).map { _ in UInt32(dice.below(20)) }
      let total = Int(weights.reduce(0, +))
      guard total > 0 else { continue }
      var strategy = Self.make(weights.count)
      let found = choices(total * 3, &strategy, weights, tried())
      // Exact after each round.
      for (index, weight) in weights.enumerated() {
        for round in 1...3 {
          let share = found.prefix(total * round).filter { $0 == index }.count
          #expect(share == Int(weight) * round)
        }
      }
      // And never far from the weight in between: less than one request for each other backend.
      var counts = [Int](repeating: 0, count: weights.count)
      for (turn, choice) in found.enumerated() {
        if let choice { counts[choice] += 1 }
        for (index, weight) in weights.enumerated() {
          let ideal = Double(weight) * Double(turn + 1) / Double(total)
          #expect(abs(Double(counts[index]) - ideal) < Double(weights.count))
        }
      }
    }
  }

  @Test("the greatest weights do not overflow")
  func great() {
    var strategy = Self.make(2)
    let found = choices(1000, &strategy, [.max, .max], tried())
    #expect(found.filter { $0 == 0 }.count == 500)
  }

  @Test("a pool that shrinks or grows keeps the turns of those that stay")
  func resize() {
    var strategy = Self.make(3)
    #expect(choices(2, &strategy, [5, 1, 1], tried()) == [0, 0])
    #expect(choices(4, &strategy, [5, 1, 1], tried()) == [1, 0, 2, 0])
    #expect(choices(1, &strategy, [5, 1, 1], tried()) == [0])
    let found = choices(400, &strategy, [5, 1, 1, 1], tried())
    for (place, expected) in [250, 50, 50, 50].enumerated() {
      #expect(abs(found.filter { $0 == place }.count - expected) <= 2)
    }
  }

  @Test("workers begin at different places of the round")
  func start() {
    let firsts = (0..<3).map { start in
      var strategy = Strategy(.weightedRoundRobin, start: UInt64(start))
      return choices(1, &strategy, [1, 1, 1], tried())[0]
    }
    #expect(Set(firsts) == [0, 1, 2])
  }

  @Test("large pools share by weight too, to within a request", arguments: [65, 100, 1000])
  func large(count: Int) {
    var dice = Dice(seed: 5)
    let weights = (0..<count).map { _ in UInt32(1 + dice.below(20)) }
    let total = Int(weights.reduce(0, +))
    var strategy = Self.make(count)
    var counts = [Int](repeating: 0, count: count)
    for choice in choices(total * 5, &strategy, weights, tried()) {
      counts[choice ?? 0] += 1
    }
    for (index, weight) in weights.enumerated() {
      #expect(abs(counts[index] - 5 * Int(weight)) <= 1)
    }
  }

  @Test("in large pools too, those that were tried are passed over, and lose nothing by it")
  func largeExclusion() {
    var strategy = Self.make(100)
    let weights = [UInt32](repeating: 1, count: 100)
    let found = choices(92, &strategy, weights, tried(0, 1, 2, 3, 4, 5, 6, 7))
    #expect(Set(found.compactMap { $0 }) == Set(8..<100))
    let next = choices(108, &strategy, weights, tried())
    #expect(Set(next.prefix(20).compactMap { $0 }).isSuperset(of: 0..<8))
  }
}
