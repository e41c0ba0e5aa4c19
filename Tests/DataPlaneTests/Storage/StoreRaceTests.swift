import Foundation
import Testing

@testable import DataPlane

/// Several threads find, publish, fill, purge and evict the same few keys. Under the sanitizers
/// this shows reads of freed memory and races; without them wrong bytes and lost references.
@Suite(.serialized) struct StoreRaceTests {
  private static let keys = 100

  /// What one worker does, and what it holds beyond its turns.
  private struct Actor {
    let worker: Int
    let store: CacheStore
    var random: UInt64
    var held: [(entry: CachedEntry, key: Int)] = []
    var bodies: [(body: CachedBody, key: Int)] = []
    var fills: [(entry: CachedEntry, key: Int)] = []
    var failures = 0
    var found = 0

    mutating func next(_ bound: Int) -> Int {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return Int(random >> 33) % bound
    }

    mutating func check(_ isRight: Bool) { if !isRight { failures += 1 } }

    mutating func turn() {
      store.quiet.leave(worker)
      store.quiet.enter(worker)
      check(store.budget.used <= store.budget.limit)
      for _ in 0..<4 { look(next(StoreRaceTests.keys)) }
      switch next(64) {
      case 0..<20: put()
      case 20..<34: beginFill()
      case 34..<60: goOn()
      case 60: store.invalidate(StoreFixture.hash(next(StoreRaceTests.keys)))
      case 61: _ = store.purge(PurgeRule(.all, isHard: next(2) == 0), at: 5)
      case 62:
        if let entry = StoreFixture.find(next(StoreRaceTests.keys), store) { store.remove(entry) }
      default: letGo()
      }
      if held.count + bodies.count > 12 { letGo() }
    }

    mutating func look(_ key: Int) {
      guard let entry = StoreFixture.find(key, store) else { return }
      found += 1
      entry.countHit(at: 1)
      check(StoreFixture.hasRightText(entry, key))
      if let body = entry.body {
        check(StoreFixture.hasRightContent(body, key))
        if next(16) == 0 {
          body.retain()
          bodies.append((body, key))
        }
      }
      if next(16) == 0 {
        entry.retain()
        held.append((entry, key))
      }
    }

    mutating func put() {
      let key = next(StoreRaceTests.keys)
      let length = next(12_000)
      store.makeRoom(length + 2048, worker: worker)
      guard let body = StoreFixture.body(key, length, store),
        let entry = StoreFixture.entry(key, body, store)
      else { return }
      _ = store.publish(entry)
      entry.release(store.budget)
    }

    mutating func beginFill() {
      guard fills.count < 4 else { return }
      let key = next(StoreRaceTests.keys)
      guard let body = CachedBody.make(length: nil, store.budget),
        let entry = StoreFixture.entry(key, body, store)
      else { return }
      _ = store.publish(entry)
      fills.append((entry, key))
    }

    mutating func goOn() {
      guard !fills.isEmpty else { return }
      let index = next(fills.count)
      let (entry, key) = fills[index]
      guard let body = entry.body else { return }
      let count = next(3000)
      store.makeRoom(count, worker: worker)
      let isLast = next(4) == 0
      if !StoreFixture.append(key, count, to: body, store) || isLast && next(4) == 0 {
        body.finish(.failed)
        store.remove(entry)
      } else if isLast {
        body.finish(.complete)
        store.complete(entry)
      } else {
        return
      }
      fills.remove(at: index)
      entry.release(store.budget)
    }

    mutating func letGo() {
      for (entry, key) in held {
        check(StoreFixture.hasRightText(entry, key))
        entry.release(store.budget)
      }
      for (body, key) in bodies {
        check(StoreFixture.hasRightContent(body, key))
        body.release(store.budget)
      }
      held = []
      bodies = []
    }

    mutating func end() {
      letGo()
      for (entry, _) in fills {
        entry.body?.finish(.failed)
        store.remove(entry)
        entry.release(store.budget)
      }
      store.quiet.leave(worker)
    }
  }

  @Test("finding, filling, purging and evicting by many threads", arguments: [2, 4])
  func everything(threads: Int) {
    let store = CacheStore(limit: 1 << 20, quiet: QuietPoints(workers: threads))
    let empty = store.budget.used
    let results = Locked((failures: 0, found: 0))
    let group = DispatchGroup()
    for worker in 0..<threads {
      group.enter()
      let thread = Thread {
        var actor = Actor(worker: worker, store: store, random: UInt64(worker) &* 77 &+ 99)
        for _ in 0..<300 { actor.turn() }
        actor.end()
        results.withLock {
          $0.failures += actor.failures
          $0.found += actor.found
        }
        group.leave()
      }
      thread.stackSize = 4 << 20
      thread.start()
    }
    group.wait()
    #expect(results.withLock { $0.failures } == 0)
    #expect(results.withLock { $0.found } > 300)
    _ = store.purge(PurgeRule(.all, isHard: true), at: 9)
    store.sweep()
    #expect(store.budget.used == empty)
    #expect(store.statistics.entries == 0)
    #expect(store.statistics.waitingToBeFreedBytes == 0)
  }

  @Test("one of many leads, and every worker that waits is told")
  func leading() {
    let store = CacheStore(limit: 1 << 20, quiet: QuietPoints(workers: 4))
    let key = StoreFixture.hash(1)
    let told = Locked((leads: 0, bits: UInt64(0), waits: UInt64(0)))
    let group = DispatchGroup()
    for round in 0..<200 {
      for worker in 0..<4 {
        group.enter()
        DispatchQueue.global().async {
          let lead = store.lead(key, worker: worker)
          told.withLock {
            if lead == .leads { $0.leads += 1 } else { $0.waits |= 1 << UInt64(worker) }
          }
          group.leave()
        }
      }
      group.wait()
      told.withLock { $0.bits = store.settle(key) }
      #expect(told.withLock { $0.bits == $0.waits && $0.leads == round + 1 })
      told.withLock { $0.waits = 0 }
    }
    #expect(store.withLock { $0.pending.isEmpty })
  }

  @Test("a reader that waits hears of every byte, and of the end")
  func waking() throws {
    let store = CacheStore(limit: 8 << 20, quiet: QuietPoints(workers: 2))
    let body = try #require(CachedBody.make(length: nil, store.budget))
    let bell = DispatchSemaphore(value: 0)
    let isRight = Locked(false)
    let group = DispatchGroup()
    group.enter()
    body.retain()
    Thread {
      // As `Worker.awaitMore` does it: ask to be told, look again, sleep only if nothing changed.
      var seen = 0
      while true {
        let state = body.state
        let length = body.length
        seen = length
        if state != .growing, seen == body.length { break }
        body.await(1)
        if body.length == length, body.state == state {
          guard bell.wait(timeout: .now() + 20) == .success else { break }
        }
      }
      isRight.withLock { $0 = seen == 20_000 && StoreFixture.hasRightContent(body, 1) }
      body.release(store.budget)
      group.leave()
    }.start()
    for _ in 0..<2000 {
      #expect(StoreFixture.append(1, 10, to: body, store))
      if body.takeWaiting() != 0 { bell.signal() }
    }
    body.finish(.complete)
    if body.takeWaiting() != 0 { bell.signal() }
    group.wait()
    #expect(isRight.withLock { $0 })
    body.release(store.budget)
  }

  @Test("rounds: each reader has all of one before the next takes its place", arguments: [1, 2, 5])
  func rounds(readers: Int) throws {
    let store = CacheStore(limit: 1 << 20, quiet: QuietPoints(workers: 2))
    let empty = store.budget.used
    let body = try #require(CachedBody.make(length: nil, store.budget))
    #expect(StoreFixture.append(1, 16_384, to: body, store))
    let total = 16_384 * 12
    let wrong = Locked(0)
    let group = DispatchGroup()
    for reader in 0..<readers {
      #expect(body.enter())
      body.retain()
      group.enter()
      Thread {
        Self.read(body, reader, wrong)
        body.release(store.budget)
        group.leave()
      }.start()
    }
    body.beginRounds()
    #expect(!body.enter())
    while body.length < total {
      switch body.nextRound() {
      case .notYet: usleep(20)
      case .nobody: break
      case .ready:
        let count = min(body.room, total - body.length)
        #expect(StoreFixture.append(1, count, to: body, store))
        body.beginRound()
      }
      if body.crowdWord & 0xff_ffff == 0 { break }
    }
    body.finish(.complete)
    group.wait()
    #expect(wrong.withLock { $0 } == 0)
    body.release(store.budget)
    #expect(store.budget.used == empty)
  }

  private static func read(_ body: CachedBody, _ reader: Int, _ wrong: Locked<Int>) {
    var offset = 0
    var round: UInt16 = 0
    var copy = Block(capacity: 1 << 20)
    while true {
      let state = body.state
      let length = body.length
      if offset == length {
        if state != .growing { break }
        let current = body.round
        if current != 0, round != current, body.length == length {
          round = current
          _ = body.arrive(in: current)
        }
        usleep(10)
        // The second one leaves in the middle.
        if reader == 1, offset > 40_000 { break }
        continue
      }
      copy.removeAll()
      let count = body.copy(from: offset, atMost: length - offset, to: &copy)
      for at in stride(from: 0, to: count, by: 89)
      where copy.bytes[at] != StoreFixture.byte(1, offset + at) {
        wrong.withLock { $0 += 1 }
      }
      offset += count
    }
    if reader != 1, offset != 16_384 * 12 { wrong.withLock { $0 += 1 } }
    _ = body.leave(arrivedIn: round)
  }
}
