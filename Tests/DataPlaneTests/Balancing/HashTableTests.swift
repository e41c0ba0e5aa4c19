import Testing

@testable import DataPlane

/// Maglev slots: even, the same everywhere, and steady when backends come and go.
struct HashTableTests {
  static func entries(_ weights: [UInt32]) -> [HashTable.Entry] {
    weights.enumerated().map { place, weight in
      HashTable.Entry(
        name: "10.0.\(place / 256).\(place % 256):8000".utf8, weight: weight, place: UInt32(place))
    }
  }

  @Test("slots are shared by weight to within two", arguments: [1, 3, 10, 100, 1000])
  func even(count: Int) {
    let weights = (0..<count).map { UInt32($0 % 3 + 1) }
    let slots = HashTable.build(Self.entries(weights))
    #expect(slots.count == HashTable.slotCount)
    var counts = [Int](repeating: 0, count: count)
    for place in slots { counts[Int(place)] += 1 }
    let total = Double(weights.reduce(0, +))
    for (have, weight) in zip(counts, weights) {
      let ideal = Double(slots.count) * Double(weight) / total
      #expect(abs(Double(have) - ideal) <= 2)
    }
  }

  @Test("one giant beside many dwarfs gets its part, and every dwarf some")
  func giant() {
    let weights = [1000] + [UInt32](repeating: 1, count: 500)
    let slots = HashTable.build(Self.entries(weights))
    let own = slots.filter { $0 == 0 }.count
    #expect(abs(Double(own) / Double(slots.count) - 2.0 / 3) < 0.02)
    #expect(Set(slots).count == 501)
  }

  @Test(
    "a backend that leaves the config moves its own keys and few others", arguments: [3, 10, 100])
  func leaving(count: Int) {
    let entries = Self.entries([UInt32](repeating: 1, count: count))
    let before = HashTable.build(entries)
    for gone in [0, count / 2, count - 1] {
      let after = HashTable.build(entries.filter { $0.place != UInt32(gone) })
      let own = before.filter { $0 == UInt32(gone) }.count
      let moved = zip(before, after).filter { $0 != $1 }.count
      // At most 1/n, and two hundredths more.
      #expect(moved >= own)
      #expect(Double(moved) <= Double(before.count) * (1 / Double(count) + 0.02))
    }
  }

  @Test("the order in the config does not matter, and weight 0 is as if it were not there")
  func order() {
    let entries = Self.entries([3, 1, 2, 5])
    let slots = HashTable.build(entries)
    #expect(HashTable.build(entries.reversed()) == slots)
    let idle = HashTable.Entry(name: "9.9.9.9:1".utf8, weight: 0, place: 4)
    #expect(HashTable.build(entries + [idle]) == slots)
    #expect(HashTable.build([idle]).isEmpty)
    #expect(HashTable.build([]).isEmpty)
  }

  /// Another process, machine and version must agree.
  @Test("keys and slots are what they always were")
  func pinned() {
    #expect(BalanceKey.of("alice".utf8) == 1_874_745_765_387_981_941)
    let slots = HashTable.build(Self.entries([1, 1, 1]))
    #expect(slots.prefix(12) == [0, 2, 0, 0, 1, 0, 1, 0, 0, 0, 2, 0])
  }

  @Test("a key's walk meets every slot once")
  func walk() {
    var range = HashRange()
    range.first = 7
    range.count = 101
    for key in [0, 1, 100, 101, .max, BalanceKey.of("x".utf8)] as [UInt64] {
      #expect(Set((0..<101).map { range.slot(of: key, step: $0) }) == Set(7..<108))
    }
  }
}

/// Which backend a key gets from the lists of a worker.
struct HashChoiceTests {
  /// One worker's view of a pool that hashes.
  struct Rig: ~Copyable {
    var balancer = Balancer()
    let slots: Table<UInt32>
    var range = HashRange()
    var statuses: [BackendStatus]
    let shared = SharedState()
    var random = RandomSource(seed: 1)
    var limit = UInt64.max
    private(set) var epoch: UInt64 = 0

    init(_ weights: [UInt32], backups: Set<Int> = []) {
      let built = HashTable.build(
        HashTableTests.entries(weights).filter { !backups.contains(Int($0.place)) })
      slots = Table(built)
      range.count = UInt32(built.count)
      statuses = weights.enumerated().map { place, weight in
        var status = BackendStatus()
        status.weight = weight
        status.isBackup = backups.contains(place)
        return status
      }
      balancer.use(.hash, start: 0, breaker: BreakerPolicy())
      refresh()
    }

    mutating func refresh() {
      epoch += 1
      let places = statuses.indices.map { index in
        shared.reserveBackend(UInt32(index))
        return BackendPlace(
          identity: UInt32(index), load: shared.backend(UInt32(index)).load)
      }
      balancer.refresh(
        statuses, places, AvailabilityPolicy(), epoch: epoch, snapshotSerial: 1, now: 1)
    }

    mutating func place(_ key: UInt64?, tried: TriedBackends = TriedBackends()) -> Int? {
      var context = ChoiceContext()
      context.key = key
      context.tried = tried
      context.inFlightLimit = limit
      return balancer.choose(slots, range, context, random: &random)
    }

    mutating func places(_ keys: [UInt64]) -> [Int?] { keys.map { place($0) } }
  }

  private static let keys = (0..<20_000).map { BalanceKey.of("user-\($0)".utf8) }

  @Test("only the keys of a backend that is out move, spread over the rest, and they come back")
  func out() {
    var rig = Rig([1, 1, 1, 1, 1])
    let before = rig.places(Self.keys)
    rig.statuses[2].health = .down
    rig.refresh()
    let during = rig.places(Self.keys)
    var moved = [Int](repeating: 0, count: 5)
    for (old, new) in zip(before, during) where old != new {
      #expect(old == 2)
      moved[new ?? 2] += 1
    }
    #expect(moved[2] == 0)
    for place in [0, 1, 3, 4] { #expect(abs(moved[place] - 1_000) < 200) }
    rig.statuses[2].health = .up
    rig.refresh()
    #expect(rig.places(Self.keys) == before)
  }

  @Test("a key whose backend is full goes on to its next one")
  func full() {
    var rig = Rig([1, 1, 1])
    let home = rig.place(5) ?? 0
    rig.limit = 2
    for _ in 0..<2 { rig.shared.backend(UInt32(home)).begin() }
    let next = rig.place(5)
    #expect(next != nil && next != home)
    rig.shared.backend(UInt32(home)).end()
    let back = rig.place(5)
    #expect(back == home)
  }

  @Test("keys spread by weight")
  func even() {
    var rig = Rig([1, 2, 1])
    let places = rig.places(Self.keys)
    #expect(abs(places.filter { $0 == 1 }.count - 10_000) < 300)
    #expect(abs(places.filter { $0 == 0 }.count - 5_000) < 300)
  }

  @Test("a retry goes to the key's next backend, and each try to another")
  func retries() {
    var rig = Rig([1, 1, 1, 1])
    for key in Self.keys.prefix(200) {
      var set = TriedBackends()
      var seen: Set<Int> = []
      while let place = rig.place(key, tried: set) {
        #expect(seen.insert(place).inserted)
        set.insert(place)
      }
      #expect(seen.count == 4)
    }
  }

  @Test("most are out: the few that are left are found, each key on one of them")
  func fewLeft() {
    var rig = Rig([UInt32](repeating: 1, count: 300))
    for place in 0..<300 where place % 100 != 0 { rig.statuses[place].weight = 0 }
    rig.refresh()
    let first = rig.places(Self.keys)
    #expect(Set(first.compactMap { $0 }) == [0, 100, 200])
    #expect(rig.places(Self.keys) == first)
  }

  @Test("backups get keys only when nobody else can")
  func backups() {
    var rig = Rig([1, 1, 1, 1], backups: [2, 3])
    #expect(Set(rig.places(Self.keys).compactMap { $0 }) == [0, 1])
    for place in [0, 1] { rig.statuses[place].operatorState = .maintenance }
    rig.refresh()
    let places = rig.places(Self.keys)
    #expect(abs(places.filter { $0 == 2 }.count - 10_000) < 400)
    #expect(places.filter { $0 == 3 }.count + places.filter { $0 == 2 }.count == 20_000)
  }

  @Test("without a key, and without anybody who has slots, turns are taken")
  func noKey() {
    var rig = Rig([1, 1, 1])
    #expect((0..<6).map { _ in rig.place(nil) } == [0, 1, 2, 0, 1, 2])
    var empty = Rig([0, 0])
    #expect(empty.place(1) == nil)
    #expect(empty.place(nil) == nil)
  }
}
