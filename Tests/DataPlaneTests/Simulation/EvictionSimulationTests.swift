import Testing

@testable import DataPlane

/// What the eviction promises, on the traces of docs/cache.md.
struct EvictionSimulationTests {
  private static let traces = Trace.all(requests: 20_000)

  private static func objects<Policy: EvictionPolicy>(
    _ type: Policy.Type, _ trace: Trace, percent: Int
  ) -> Double {
    let capacity = trace.footprint.bytes * percent / 100
    return CacheSimulation.run(type, trace, capacity: capacity).objects
  }

  @Test("it is better than LRU on every trace, and never better than possible", arguments: [1, 10])
  func bounds(percent: Int) {
    for trace in Self.traces {
      let capacity = trace.footprint.bytes * percent / 100
      let ratios = CacheSimulation.run(EvictionQueue.self, trace, capacity: capacity)
      let best = CacheSimulation.bound(trace, capacity: capacity)
      #expect(ratios.objects <= best.objects)
      #expect(ratios.bytes <= best.bytes)
      if !trace.isSized {
        let optimum = CacheSimulation.optimum(trace, capacity: capacity)
        #expect(ratios.objects <= optimum)
        #expect(optimum <= best.objects + 1e-9)
      }
      #expect(ratios.objects >= Self.objects(LRU.self, trace, percent: percent))
    }
  }

  @Test func aScanLeavesWhatIsHot() {
    // A hot set of half the cache, then a walk over ten times the cache, then the hot set again.
    let hot = (0..<50).map { UInt32($0) }
    let walk = (100..<1_100).map { UInt32($0) }
    var trace = Trace(name: "", sizes: [Int](repeating: 1, count: 1_100))
    trace.requests = hot + hot + hot + walk
    let before = CacheSimulation.run(EvictionQueue.self, trace, capacity: 100).objects
    let beforeHits = before * Double(trace.requests.count)
    #expect(beforeHits.rounded() == 100)
    trace.requests += hot
    let after = CacheSimulation.run(EvictionQueue.self, trace, capacity: 100).objects
    #expect((after * Double(trace.requests.count)).rounded() == 150)
    let lru = CacheSimulation.run(LRU.self, trace, capacity: 100).objects
    #expect((lru * Double(trace.requests.count)).rounded() == 100)
  }

  @Test func aLoopThatIsALittleTooLargeHitsMostly() {
    let requests = (0..<22_000).map { UInt32($0 % 110) }
    let trace = Trace(
      name: "", requests: requests, sizes: [Int](repeating: 1, count: 110))
    #expect(CacheSimulation.run(EvictionQueue.self, trace, capacity: 100).objects > 0.6)
    #expect(CacheSimulation.run(LRU.self, trace, capacity: 100).objects == 0)
    #expect(CacheSimulation.run(Sieve.self, trace, capacity: 100).objects < 0.1)
  }

  @Test func theOptimumIsThatOfBelady() {
    // Room for two: a b a c b: a again, and b if c is not stored.
    let trace = Trace(name: "", requests: [0, 1, 0, 2, 1], sizes: [1, 1, 1])
    #expect(CacheSimulation.optimum(trace, capacity: 2) == 0.4)
    #expect(CacheSimulation.optimum(trace, capacity: 1) == 0.2)
    #expect(CacheSimulation.optimum(trace, capacity: 0) == 0)
  }
}
