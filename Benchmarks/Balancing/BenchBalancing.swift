import DataPlane

/// The least that a custom strategy does: it looks at all.
struct Idlest: CustomStrategy {
  mutating func choose(
    _ backends: Span<BackendView>, for request: RequestView, random: inout RandomSource
  ) -> Int? {
    var best: Int? = nil
    for index in backends.indices where backends[index].mayBeChosen {
      if best == nil || backends[index].inFlight < backends[best!].inFlight { best = index }
    }
    return best
  }
}

/// What a choice costs with 3, 10, 100 and 1,000 backends, for every strategy, and the figures that
/// decided between Maglev and a ring. The best of many rounds.
///
///     BENCH=1 swift build -c release --product BenchBalancing && .build/release/BenchBalancing
@main
enum BenchBalancing {
  static let counts = [3, 10, 100, 1_000]

  static func main() {
    choices()
    tables()
  }

  // MARK: Choices

  private static func choices() {
    print("Nanoseconds per choice, weights 1 to 3:\n")
    print("| strategy | 3 | 10 | 100 | 1,000 |\n|---|---|---|---|---|")
    for kind in StrategyKind.allCases where kind != .hash {
      let cells = counts.map { tenths(choice(kind, $0)) }
      print("| \(kind) | \(cells.joined(separator: " | ")) |")
    }
    let custom = CustomStrategies.add { Idlest() }
    print("| custom | \(counts.map { tenths(choice(custom, $0)) }.joined(separator: " | ")) |")
    let cells = counts.map { tenths(lookUp($0)) }
    print("| hash | \(cells.joined(separator: " | ")) |\n")
  }

  /// Each choice is in flight until 2 n others were made, so that loads differ and change.
  private static func choice(_ kind: StrategyKind, _ count: Int) -> Double {
    let shared = SharedState()
    var candidates: [Candidate] = []
    for index in 0..<count {
      shared.reserveBackend(UInt32(index))
      let load = shared.backend(UInt32(index)).load
      load.storeAverage(UInt64(1_000_000 + index * 1_000), at: 1)
      candidates.append(
        Candidate(index: UInt32(index), weight: UInt32(index % 3 + 1), load: load))
    }
    var strategy = Strategy(kind, start: 0)
    var random = RandomSource(seed: 1)
    let list = candidates
    strategy.prepare(list.span)
    var context = ChoiceContext()
    context.now = 2
    var running = [Int](repeating: -1, count: 2 * count)
    let turns = 20_000
    var best = Double.infinity
    for _ in 0..<30 {
      let start = Clock.now()
      for turn in 0..<turns {
        let slot = turn % running.count
        if running[slot] >= 0 { shared.backend(UInt32(running[slot])).end() }
        let choice = strategy.choose(list.span, context, random: &random) ?? 0
        shared.backend(UInt32(choice)).begin()
        running[slot] = choice
      }
      best = min(best, Double(Clock.now() - start) / Double(turns))
    }
    return best
  }

  private static func lookUp(_ count: Int) -> Double {
    let slots = HashTable.build(entries(count))
    var range = HashRange()
    range.count = UInt32(slots.count)
    return time { slots[range.slot(of: $0, step: 0)] }
  }

  private static func time(_ find: (UInt64) -> UInt32) -> Double {
    var best = Double.infinity
    var sum: UInt64 = 0
    for _ in 0..<30 {
      let start = Clock.now()
      for number in 0..<20_000 as Range<UInt64> {
        sum &+= UInt64(find(BalanceKey.mix(number)))
      }
      best = min(best, Double(Clock.now() - start) / 20_000)
    }
    precondition(sum > 0)
    return best
  }

  // MARK: Maglev or ring

  private struct Figures {
    var busiest = 0.0
    var moved = 0.0
    var kilobytes = 0
    var buildMilliseconds = 0.0
    var nanoseconds = 0.0
  }

  private static func tables() {
    print("The busiest backend's keys for its weight (1 is even), keys that move when one of n")
    print("backends leaves the config (in units of 1/n), memory, time to build, time to look up:\n")
    print("| table | n | busiest | moved x n | KiB | build ms | lookup ns |")
    print("|---|---|---|---|---|---|---|")
    for count in counts {
      print(row("Maglev, 65,521 slots", count, maglev(count)))
      for points in [160, 1_000] {
        print(row("ring, \(points) points", count, ring(count, points)))
      }
    }
  }

  private static func maglev(_ count: Int) -> Figures {
    var figures = Figures()
    let start = Clock.now()
    let slots = HashTable.build(entries(count))
    figures.buildMilliseconds = Double(Clock.now() - start) / 1e6
    figures.kilobytes = slots.count * 4 / 1024
    figures.nanoseconds = lookUp(count)
    let less = HashTable.build(entries(count).filter { $0.place != 0 })
    var range = HashRange()
    range.count = UInt32(slots.count)
    measure(
      count, &figures, { slots[range.slot(of: $0, step: 0)] },
      { less[range.slot(of: $0, step: 0)] })
    return figures
  }

  private static func ring(_ count: Int, _ points: Int) -> Figures {
    var figures = Figures()
    let start = Clock.now()
    let ring = HashRing(entries(count), pointsPerBackend: points)
    figures.buildMilliseconds = Double(Clock.now() - start) / 1e6
    figures.kilobytes = ring.bytes / 1024
    figures.nanoseconds = time { ring.place($0) }
    let less = HashRing(entries(count).filter { $0.place != 0 }, pointsPerBackend: points)
    measure(count, &figures, { ring.place($0) }, { less.place($0) })
    return figures
  }

  /// Half a million keys.
  private static func measure(
    _ count: Int, _ figures: inout Figures, _ before: (UInt64) -> UInt32,
    _ after: (UInt64) -> UInt32
  ) {
    var keys = [Int](repeating: 0, count: count)
    var moved = 0
    let total = 500_000
    for number in 0..<total {
      let key = BalanceKey.mix(UInt64(number) &+ 0xabcdef)
      keys[Int(before(key))] += 1
      if before(key) != after(key) { moved += 1 }
    }
    let weights = entries(count).map { Double($0.weight) }
    let whole = weights.reduce(0, +)
    figures.busiest =
      zip(keys, weights).map { Double($0) * whole / ($1 * Double(total)) }.max() ?? 0
    figures.moved = Double(moved) / Double(total) * whole / weights[0]
  }

  private static func row(_ name: String, _ count: Int, _ figures: Figures) -> String {
    let cells = [
      hundredths(figures.busiest), hundredths(figures.moved), "\(figures.kilobytes)",
      tenths(figures.buildMilliseconds), tenths(figures.nanoseconds),
    ]
    return "| \(name) | \(count) | \(cells.joined(separator: " | ")) |"
  }

  private static func entries(_ count: Int) -> [HashTable.Entry] {
    (0..<count).map {
      HashTable.Entry(
        name: "10.0.\($0 / 256).\($0 % 256):8000".utf8, weight: UInt32($0 % 3 + 1),
        place: UInt32($0))
    }
  }

  private static func hundredths(_ value: Double) -> String {
    "\((value * 100).rounded() / 100)"
  }

  private static func tenths(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return "\(rounded)"
  }
}
