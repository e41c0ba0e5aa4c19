import DataPlane

/// Visit counts without atomics: what is measured is the queue.
final class Visits: VisitCounts {
  var counts: [UInt8]
  init(_ count: Int) { counts = [UInt8](repeating: 0, count: count) }
  func visits(_ slot: UInt32) -> UInt8 { counts[Int(slot)] }
  func setVisits(_ slot: UInt32, _ value: UInt8) { counts[Int(slot)] = value }
}

/// What the eviction queue costs with many entries, in nanoseconds: the mean of an operation, and
/// the slowest single one, which is how long the cache's lock is held at worst.
///
///     BENCH=1 swift build -c release --product BenchEviction && .build/release/BenchEviction
@main
enum BenchEviction {
  static func main() {
    print("| entries | grown | fill | slowest | insert and victim | slowest | all hit | slowest |")
    print("|---|---|---|---|---|---|---|---|")
    for count in [10_000, 100_000, 1_000_000] {
      for reserves in [false, true] { measure(count, reserves) }
    }
  }

  private struct Figures {
    var sum: UInt64 = 0
    var most: UInt64 = 0
    var count: UInt64 = 0

    mutating func time(_ body: () -> Void) {
      let start = Clock.now()
      body()
      let took = Clock.now() - start
      sum += took
      most = max(most, took)
      count += 1
    }

    var cells: String { "\(sum / max(count, 1)) | \(most)" }
  }

  private static func measure(_ entries: Int, _ reserves: Bool) {
    let size = 10_000
    let visits = Visits(entries + 1)
    var queue = EvictionQueue(capacityBytes: entries * size)
    if reserves { queue.reserve(entries + 1) }
    var random = RandomSource(seed: 1)
    var fill = Figures()
    for slot in 0..<UInt32(entries) {
      let key = random.next()
      fill.time { queue.insert(slot, bytes: size, key: key) }
    }
    // A third of the requests that end here were preceded by a hit somewhere; half of the keys
    // come back.
    var turn = Figures()
    for _ in 0..<(2 * entries) {
      for _ in 0..<2 { hit(Int(random.next() % UInt64(entries)), visits) }
      let key = random.next() % UInt64(2 * entries) &* 0x9e37_79b9_7f4a_7c15
      turn.time { replaceVictim(&queue, visits, key, size) }
    }
    // Everything was hit three times: each victim has to be walked to.
    for slot in 0..<entries { visits.counts[slot] = 3 }
    var hot = Figures()
    for _ in 0..<entries {
      let key = random.next()
      hot.time { replaceVictim(&queue, visits, key, size) }
    }
    precondition(queue.count == entries && queue.bytes == entries * size)
    let growth = reserves ? "before" : "on the way"
    print("| \(entries) | \(growth) | \(fill.cells) | \(turn.cells) | \(hot.cells) |")
  }

  private static func replaceVictim(
    _ queue: inout EvictionQueue, _ visits: Visits, _ key: UInt64, _ size: Int
  ) {
    guard let slot = queue.victim(visits) else { return }
    visits.counts[Int(slot)] = 0
    queue.insert(slot, bytes: size, key: key)
  }

  private static func hit(_ slot: Int, _ visits: Visits) {
    if visits.counts[slot] < 3 { visits.counts[slot] += 1 }
  }
}
