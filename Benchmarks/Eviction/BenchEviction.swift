import DataPlane

/// Visit counts without atomics: what is measured is the queue.
final class Visits: VisitCounts {
  var counts: [UInt8]
  init(_ count: Int) { counts = [UInt8](repeating: 0, count: count) }
  func visits(_ slot: UInt32) -> UInt8 { counts[Int(slot)] }
  func setVisits(_ slot: UInt32, _ value: UInt8) { counts[Int(slot)] = value }
}

/// What the eviction queue costs with many entries: nanoseconds of an operation on average, and the
/// longest pause in microseconds while its memory grows. The best of three rounds.
///
///     BENCH=1 swift build -c release --product BenchEviction && .build/release/BenchEviction
@main
enum BenchEviction {
  private static let size = 10_000

  private struct Figures {
    var fill = Double.infinity
    var pause = Double.infinity
    var turn = Double.infinity
    var hot = Double.infinity
  }

  static func main() {
    print("`insert and victim`: random hits, half of the keys come back; `all hit`: each entry was")
    print("hit three times before. With memory that was reserved and without.\n")
    print("| entries | reserved | insert | longest, us | insert and victim | all hit |")
    print("|---|---|---|---|---|---|")
    for count in [10_000, 100_000, 1_000_000] {
      for reserves in [true, false] {
        var best = Figures()
        for _ in 0..<3 { measure(count, reserves, &best) }
        let cells = [best.fill, best.pause, best.turn, best.hot].map { "\(Int($0))" }
        print("| \(count) | \(reserves) | \(cells.joined(separator: " | ")) |")
      }
    }
  }

  private static func measure(_ entries: Int, _ reserves: Bool, _ best: inout Figures) {
    let visits = Visits(entries)
    var queue = EvictionQueue(capacityBytes: entries * size)
    if reserves { queue.reserve(entries) }
    fill(&queue, entries, &best)
    var random = RandomSource(seed: 2)
    var turns: UInt64 = 0
    for _ in 0..<200 {
      for _ in 0..<(entries / 50) { hit(Int(random.next() % UInt64(entries)), visits) }
      turns += time {
        for _ in 0..<(entries / 100) {
          let key = random.next() % UInt64(2 * entries) &* 0x9e37_79b9_7f4a_7c15
          replaceVictim(&queue, visits, key)
        }
      }
    }
    best.turn = min(best.turn, Double(turns) / Double(2 * entries))
    for slot in 0..<entries { visits.counts[slot] = 3 }
    let hot = time { for _ in 0..<entries { replaceVictim(&queue, visits, random.next()) } }
    best.hot = min(best.hot, Double(hot) / Double(entries))
    precondition(queue.count == entries && queue.bytes == entries * size)
  }

  private static func fill(_ queue: inout EvictionQueue, _ entries: Int, _ best: inout Figures) {
    var random = RandomSource(seed: 1)
    var sum: UInt64 = 0
    var longest: UInt64 = 0
    for slot in 0..<UInt32(entries) {
      let key = random.next()
      let took = time { queue.insert(slot, bytes: size, key: key) }
      sum += took
      longest = max(longest, took)
    }
    best.fill = min(best.fill, Double(sum) / Double(entries))
    best.pause = min(best.pause, Double(longest) / 1_000)
  }

  private static func time(_ body: () -> Void) -> UInt64 {
    let start = Clock.now()
    body()
    return Clock.now() - start
  }

  private static func replaceVictim(
    _ queue: inout EvictionQueue, _ visits: Visits, _ key: UInt64
  ) {
    guard let slot = queue.victim(visits) else { return }
    visits.counts[Int(slot)] = 0
    queue.insert(slot, bytes: size, key: key)
  }

  private static func hit(_ slot: Int, _ visits: Visits) {
    if visits.counts[slot] < 3 { visits.counts[slot] += 1 }
  }
}
