import Testing

@testable import DataPlane

/// The queue, written down as plainly as possible: arrays, oldest first. It shares the table of
/// ghosts, which has tests of its own.
private struct EvictionModel {
  struct Entry {
    var slot: UInt32
    var bytes: Int
    var key: UInt64
  }

  var capacity: Int
  var small: [Entry] = []
  var main: [Entry] = []
  var ghosts = EvictionGhosts()
  var all: [Entry] { small + main }
  var bytes: Int { all.reduce(0) { $0 + $1.bytes } }

  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) {
    let entry = Entry(slot: slot, bytes: bytes, key: key)
    ghosts.setWindow(max(all.count + 1, 64))
    if ghosts.take(key) { main.append(entry) } else { small.append(entry) }
  }

  mutating func change(_ slot: UInt32, _ body: (inout Entry) -> Void) {
    for index in small.indices where small[index].slot == slot { body(&small[index]) }
    for index in main.indices where main[index].slot == slot { body(&main[index]) }
  }

  mutating func remove(_ slot: UInt32) {
    small.removeAll { $0.slot == slot }
    main.removeAll { $0.slot == slot }
  }

  mutating func victim(_ visits: VisitTable) -> UInt32? {
    var rounds = 0
    while !all.isEmpty {
      let smallBytes = small.reduce(0) { $0 + $1.bytes }
      let isSmall = main.isEmpty || (!small.isEmpty && smallBytes > capacity / 20)
      let average = bytes / all.count
      let entry = isSmall ? small.removeFirst() : main.removeFirst()
      let price: UInt8 = (isSmall ? 2 : 1) + (entry.bytes / 2 > average ? 1 : 0)
      let seen = visits.visits(entry.slot)
      if seen < price || rounds == EvictionQueue.roundsMax {
        if isSmall { ghosts.add(entry.key) }
        return entry.slot
      }
      rounds += 1
      visits.setVisits(entry.slot, isSmall ? 0 : seen - price)
      main.append(entry)
    }
    return nil
  }
}

/// Random histories of the queue and of the model: the same victims, the same bytes.
struct EvictionModelTests {
  @Test(arguments: 0..<12) func theQueueDoesWhatTheModelDoes(seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    let slots = 120
    var model = EvictionModel(capacity: 2_000)
    var queue = EvictionQueue(capacityBytes: 2_000)
    let (ours, theirs) = (VisitTable(slots), VisitTable(slots))
    for _ in 0..<1_500 {
      let slot = UInt32(dice.below(slots))
      let isIn = model.all.contains { $0.slot == slot }
      #expect(queue.contains(slot) == isIn)
      switch dice.below(20) {
      case 0..<9 where isIn:
        ours.hit(slot)
        theirs.hit(slot)
      case 0..<9:
        let bytes = dice.chance(10) ? dice.below(1_000) : dice.below(60)
        let key = EvictionQueueTests.key(dice.below(200))
        ours.setVisits(slot, 0)
        theirs.setVisits(slot, 0)
        queue.insert(slot, bytes: bytes, key: key)
        model.insert(slot, bytes: bytes, key: key)
      case 9..<16:
        #expect(queue.victim(ours) == model.victim(theirs))
      case 16:
        #expect(queue.remove(slot) == isIn)
        model.remove(slot)
      case 17:
        let bytes = dice.below(300)
        queue.resize(slot, bytes: bytes)
        model.change(slot) { $0.bytes = bytes }
      case 18:
        let other = UInt32(dice.below(slots))
        guard isIn, !queue.contains(other) else { continue }
        ours.setVisits(other, ours.visits(slot))
        theirs.setVisits(other, theirs.visits(slot))
        queue.replace(slot, with: other, bytes: 33, key: 5)
        model.change(slot) { $0 = .init(slot: other, bytes: 33, key: 5) }
      default:
        guard dice.chance(10) else { continue }
        model.capacity = dice.below(4_000)
        queue.setCapacity(model.capacity)
      }
      #expect(queue.count == model.all.count)
      #expect(queue.bytes == model.bytes)
    }
    // No slot was lost, none is there twice.
    var walked: [UInt32] = []
    var cursor: UInt32 = 0
    while let slot = queue.slot(from: cursor, before: queue.slotEnd) {
      walked.append(slot)
      cursor = slot + 1
    }
    #expect(walked == model.all.map(\.slot).sorted())
    while let victim = model.victim(theirs) { #expect(queue.victim(ours) == victim) }
    #expect(queue.count == 0)
  }

  // MARK: Ghosts

  @Test func ghostsAreRememberedForTheWindowAndNoLonger() {
    var ghosts = EvictionGhosts()
    ghosts.setWindow(1_000)
    for number in 0..<5_000 { ghosts.add(EvictionQueueTests.key(number)) }
    var known = 0
    for number in 0..<5_000 where ghosts.take(EvictionQueueTests.key(number)) {
      #expect(number >= 4_000)
      known += 1
    }
    // A few are pushed out of full buckets.
    #expect(known > 900)
    #expect(ghosts.take(EvictionQueueTests.key(4_999)) == false)
  }

  @Test func ghostsStayWithinTheirMemory() {
    var ghosts = EvictionGhosts()
    ghosts.setWindow(1_000)
    let capacity = ghosts.capacity
    #expect(capacity <= 4_000)
    for number in 0..<20_000 { ghosts.add(UInt64(number)) }
    #expect(ghosts.capacity == capacity)
    // A smaller window remembers less at once.
    ghosts.setWindow(10)
    let known = (0..<20_000).count { ghosts.take(UInt64($0)) }
    #expect(known <= 10)
  }

  @Test func ghostsSurviveAGrowingTable() {
    var ghosts = EvictionGhosts()
    ghosts.setWindow(100)
    for number in 0..<100 { ghosts.add(EvictionQueueTests.key(number)) }
    ghosts.setWindow(100_000)
    let known = (0..<100).count { ghosts.take(EvictionQueueTests.key($0)) }
    #expect(known >= 95)
  }
}
