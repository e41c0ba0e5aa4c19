import Testing

@testable import DataPlane

struct PeakEWMATests {
  private static let millisecond: UInt64 = 1_000_000
  private static let second: UInt64 = 1_000_000_000

  private static func bench(_ latencies: [UInt64?]) -> Bench {
    let bench = Bench(.peakEWMA, weights: [UInt32](repeating: 1, count: latencies.count))
    for (index, latency) in latencies.enumerated() {
      guard let latency else { continue }
      bench.shared.backend(UInt32(index)).load.storeAverage(latency, at: bench.context.now)
    }
    return bench
  }

  @Test("the faster one")
  func faster() {
    var bench = Self.bench([10 * Self.millisecond, 20 * Self.millisecond])
    #expect(bench.counts(50) == [50, 0])
    // Until its queue takes as long.
    bench.begin(0, 2)
    #expect(bench.counts(50) == [0, 50])
  }

  @Test("a cold one gets one request, and no more before that is answered")
  func cold() {
    var bench = Self.bench([10 * Self.millisecond, nil])
    bench.begin(0, 1)
    var begun = 0
    for _ in 0..<100 where bench.begin() == 1 { begun += 1 }
    #expect(begun == 1)
  }

  @Test("an old average counts as none")
  func old() {
    var bench = Self.bench([10 * Self.millisecond, 10 * Self.millisecond])
    bench.context.now += LatencyAverage.knownFor
    bench.shared.backend(0).load.storeAverage(10 * Self.millisecond, at: bench.context.now)
    bench.begin(0, 1)
    #expect(bench.begin() == 1)
    #expect(bench.counts(50) == [50, 0])
  }

  @Test("all cold: the less busy one")
  func allCold() {
    var bench = Self.bench([nil, nil, nil])
    bench.begin(1, 1)
    #expect(bench.counts(1_000)[1] == 0)
    #expect(!Self.coldCounts().contains(0))
  }

  private static func coldCounts() -> [Int] {
    var bench = Self.bench([nil, nil, nil])
    return bench.counts(1_000)
  }

  @Test("the average jumps up at once and comes down by half in a half life")
  func average() {
    let now = 100 * Self.second
    let peak = LatencyAverage.next(
      10 * Self.millisecond, at: now, sample: 500 * Self.millisecond, now: now)
    #expect(peak == 500 * Self.millisecond)
    let later = LatencyAverage.next(
      peak, at: now, sample: 10 * Self.millisecond, now: now + LatencyAverage.halfLife)
    #expect(later == 255 * Self.millisecond)
    let atOnce = LatencyAverage.next(peak, at: now, sample: 10 * Self.millisecond, now: now)
    #expect(atOnce == peak)
    let muchLater = LatencyAverage.next(peak, at: now, sample: 1, now: now + 400 * Self.second)
    #expect(muchLater == 1)
    #expect(LatencyAverage.next(0, at: 0, sample: 0, now: now) == 1)
    #expect(LatencyAverage.next(5, at: now, sample: 3, now: now - 1) == 5)
  }

  @Test("failures count as slow: one is forgiven, many make the slowest")
  func failures() {
    var average = 10 * Self.millisecond
    average = LatencyAverage.failure(average, elapsed: 1)
    #expect(average == 40 * Self.millisecond)
    for _ in 0..<20 { average = LatencyAverage.failure(average, elapsed: 1) }
    #expect(average == LatencyAverage.failureMax)
    #expect(LatencyAverage.failure(0, elapsed: 1) == LatencyAverage.failureMin)
    #expect(LatencyAverage.failure(1, elapsed: .max) == .max)
  }
}
