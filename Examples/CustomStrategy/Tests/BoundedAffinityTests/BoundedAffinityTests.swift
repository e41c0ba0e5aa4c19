import BoundedAffinity
import HeadraceKit
import Testing

struct BoundedAffinityTests {
  private func choose(_ backends: [BackendView], client: UInt64?) -> Int? {
    var strategy = BoundedAffinity()
    var random = RandomSource(seed: 1)
    return strategy.choose(backends.span, for: RequestView(clientKey: client), random: &random)
  }

  private func pool(_ count: UInt32) -> [BackendView] { (0..<count).map { BackendView(id: $0) } }

  @Test("an idle pool: each client has one home, and homes are spread")
  func homes() throws {
    var counts = [0, 0, 0, 0]
    for client in 0..<4000 as Range<UInt64> {
      let home = try #require(choose(pool(4), client: client))
      #expect(choose(pool(4), client: client) == home)
      counts[home] += 1
    }
    #expect(counts.allSatisfy { (900...1100).contains($0) }, "\(counts)")
  }

  @Test("a backend that leaves moves only its own clients")
  func leaving() {
    for client in 0..<1000 as Range<UInt64> {
      let home = choose(pool(4), client: client)
      let after = choose(pool(3), client: client)
      if home != 3 { #expect(after == home) }
    }
  }

  @Test("a busy home is left for another, and not before")
  func busy() throws {
    var backends = pool(2)
    let home = try #require(choose(backends, client: 7))
    // Of 2 requests each has 1 as its part: with the slack there is room for 2.
    backends[home].inFlight = 1
    #expect(choose(backends, client: 7) == home)
    backends[home].inFlight = 2
    #expect(choose(backends, client: 7) == 1 - home)
  }

  @Test("what was tried, or has no room, is not chosen")
  func tried() throws {
    var backends = pool(3)
    let home = try #require(choose(backends, client: 7))
    backends[home].mayBeChosen = false
    let next = try #require(choose(backends, client: 7))
    #expect(next != home)
    for index in backends.indices { backends[index].mayBeChosen = false }
    #expect(choose(backends, client: 7) == nil)
  }

  @Test("a heavy backend has room for more")
  func weights() {
    var backends = pool(2)
    backends[0].weight = 9
    backends[0].inFlight = 9
    backends[1].inFlight = 2
    // Of 12, its part is 10.8 and the other's 1.2.
    for client in 0..<50 as Range<UInt64> { #expect(choose(backends, client: client) == 0) }
  }

  @Test("clients without an address are spread")
  func noAddress() {
    var strategy = BoundedAffinity()
    var random = RandomSource(seed: 1)
    var seen: Set<Int> = []
    let backends = pool(3)
    for _ in 0..<50 {
      if let choice = strategy.choose(backends.span, for: RequestView(), random: &random) {
        seen.insert(choice)
      }
    }
    #expect(seen == [0, 1, 2])
  }
}
