@testable import DataPlane

/// S3-FIFO as it was published (Yang et al., SOSP 2023): a tenth for the small queue, two hits to
/// leave it for the main one, sizes count in the queues' bytes only.
struct S3FIFO: EvictionPolicy {
  private let capacity: Int
  private var small = SlotList()
  private var main = SlotList()
  private var ghosts = EvictionGhosts()
  private var keys: [UInt64] = []
  private var count = 0

  init(capacityBytes: Int) { capacity = capacityBytes }

  var bytes: Int { small.bytes + main.bytes }

  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) {
    while keys.count <= Int(slot) { keys.append(0) }
    keys[Int(slot)] = key
    count += 1
    ghosts.setWindow(count)
    if ghosts.take(key) { main.append(slot, bytes) } else { small.append(slot, bytes) }
  }

  mutating func victim(_ visits: borrowing VisitTable) -> UInt32? {
    while count > 0 {
      if main.oldest == .max || small.bytes > capacity / 10 {
        let slot = small.oldest
        small.remove(slot)
        guard visits.visits(slot) > 1 else {
          ghosts.add(keys[Int(slot)])
          count -= 1
          return slot
        }
        visits.setVisits(slot, 0)
        main.append(slot, small.size(slot))
        continue
      }
      let slot = main.oldest
      let seen = visits.visits(slot)
      main.remove(slot)
      guard seen > 0 else {
        count -= 1
        return slot
      }
      visits.setVisits(slot, seen - 1)
      main.append(slot, main.size(slot))
    }
    return nil
  }
}
