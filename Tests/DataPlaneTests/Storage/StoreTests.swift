import Testing

@testable import DataPlane

/// One thread: what is stored, found, taken out and given back.
struct StoreTests {
  private let store = CacheStore(limit: 1 << 20, quiet: QuietPoints(workers: 1))

  private func put(_ key: Int, _ length: Int, sequence: UInt64? = nil) throws -> CachedEntry {
    store.makeRoom(length + 1024, worker: 0)
    let body = try #require(StoreFixture.body(key, length, store))
    return try #require(StoreFixture.entry(key, body, store, sequence: sequence))
  }

  private func emptied() -> Int {
    store.quiet.leave(0)
    _ = store.purge(PurgeRule(.all, isHard: true), at: 1)
    store.sweep()
    return store.budget.used
  }

  @Test("all bytes come back when the last holder lets go, not before")
  func budget() throws {
    let empty = store.budget.used
    let entry = try put(1, 5000)
    let body = try #require(entry.body)
    #expect(store.budget.used == empty + entry.allocatedBytes)
    #expect(store.publish(entry))
    body.retain()
    entry.release(store.budget)
    #expect(emptied() == empty + body.allocatedBytes)
    #expect(StoreFixture.hasRightContent(body, 1))
    #expect(body.references == 1)
    body.release(store.budget)
    #expect(store.budget.used == empty)
  }

  @Test("what was taken out stays until every worker was outside")
  func quiet() throws {
    store.quiet.enter(0)
    let entry = try put(1, 100)
    #expect(store.publish(entry))
    entry.release(store.budget)
    let used = store.budget.used
    store.remove(entry)
    store.sweep()
    #expect(store.budget.used == used)
    #expect(StoreFixture.hasRightText(entry, 1))
    store.quiet.enter(0)
    store.sweep()
    #expect(store.budget.used < used)
  }

  @Test("a fetch that began before a purge stores nothing, one that began after it does")
  func purges() throws {
    let before = store.beginFetch()
    _ = store.purge(PurgeRule(.all, isHard: true), at: 1)
    store.invalidate(StoreFixture.hash(7))
    let late = try put(1, 10, sequence: before)
    #expect(!store.publish(late))
    late.release(store.budget)
    let entry = try put(7, 10)
    #expect(store.publish(entry))
    entry.release(store.budget)
    #expect(StoreFixture.find(7, store) == entry)
  }

  @Test("a response that could not be stored takes out no stored one")
  func uncacheable() throws {
    let entry = try put(1, 10)
    #expect(store.publish(entry))
    entry.release(store.budget)
    for _ in 0..<3 {
      let memory = try #require(StoreFixture.entry(1, nil, store, kind: .uncacheable))
      #expect(store.publish(memory))
      memory.release(store.budget)
    }
    #expect(store.statistics.entries == 2)
    #expect(entry.isStored)
  }

  @Test(
    "of two fills of one key the newer one stays, whichever ends first", arguments: [false, true])
  func twoFills(isOlderFirst: Bool) throws {
    let empty = store.budget.used
    var fills: [CachedEntry] = []
    for _ in 0..<2 {
      let body = try #require(CachedBody.make(length: nil, store.budget))
      let entry = try #require(StoreFixture.entry(1, body, store))
      #expect(store.publish(entry))
      fills.append(entry)
    }
    let order = isOlderFirst ? [0, 1] : [1, 0]
    for index in order {
      let entry = fills[index]
      let body = try #require(entry.body)
      #expect(StoreFixture.append(1, 3000, to: body, store))
      body.finish(.complete)
      store.complete(entry)
    }
    #expect(fills[1].isStored)
    #expect(!fills[0].isStored)
    #expect(StoreFixture.find(1, store) == fills[1])
    for entry in fills { entry.release(store.budget) }
    #expect(emptied() == empty)
  }

  @Test("a range of which nothing has come yet sends nothing")
  func ahead() throws {
    let body = try #require(CachedBody.make(length: 1000, store.budget))
    #expect(StoreFixture.append(1, 10, to: body, store))
    #expect(body.contiguousCount(from: 500, to: 500) == 0)
    #expect(body.contiguousCount(from: 500, to: 10) == 0)
    body.release(store.budget)
  }

  @Test("eviction keeps the budget, and readers keep what they read")
  func eviction() throws {
    let empty = store.budget.used
    let held = try put(0, 100_000)
    let body = try #require(held.body)
    #expect(store.publish(held))
    for key in 1..<200 {
      store.quiet.enter(0)
      let entry = try put(key, 20_000)
      #expect(store.publish(entry))
      entry.release(store.budget)
      #expect(store.budget.used <= store.budget.limit)
    }
    #expect(store.statistics.evictions > 100)
    #expect(StoreFixture.hasRightContent(body, 0))
    held.release(store.budget)
    store.quiet.enter(0)
    #expect(emptied() == empty)
  }

  @Test("a smaller limit evicts at once")
  func shrinking() throws {
    let large = CacheStore(limit: 4 << 20, quiet: QuietPoints(workers: 1))
    for key in 0..<30 {
      let body = try #require(StoreFixture.body(key, 100_000, large))
      let entry = try #require(StoreFixture.entry(key, body, large))
      #expect(large.publish(entry))
      entry.release(large.budget)
    }
    large.setLimit(1 << 20)
    #expect(large.budget.used <= 1 << 20)
  }
}
