@testable import DataPlane

/// W-TinyLFU (Einziger et al., 2017) as far as hits may do no more than raise a visit count: a
/// window of 5 %, a main part, and a count-min sketch that decides at the window's end who stays.
/// The sketch hears of hits late, when the queue comes by the entry, and instead of segments by
/// recency the main part gives second chances.
/// Sizes count in the parts' bytes only. Weighing sightings by size, and the window of 1 % of the
/// paper, did worse where sizes differ.
struct TinyLFU: EvictionPolicy {
  private let capacity: Int
  private var window = SlotList()
  private var main = SlotList()
  private var keys: [UInt64] = []
  private var sketch: CountMinSketch

  init(capacityBytes: Int) {
    capacity = capacityBytes
    sketch = CountMinSketch(width: 1_024)
  }

  var bytes: Int { window.bytes + main.bytes }

  mutating func insert(_ slot: UInt32, bytes: Int, key: UInt64) {
    while keys.count <= Int(slot) { keys.append(0) }
    keys[Int(slot)] = key
    // What was counted is lost while the cache fills for the first time.
    if 8 * keys.count > sketch.width { sketch = CountMinSketch(width: 2 * sketch.width) }
    sketch.period = max(1_000, 10 * keys.count)
    sketch.add(key, 1)
    window.append(slot, bytes)
  }

  mutating func victim(_ visits: borrowing VisitTable) -> UInt32? {
    let limit = max(1, capacity / 20)
    // While the main part is not full: at first, and when what was evicted was larger.
    while window.bytes > 2 * limit,
      main.bytes + window.size(window.oldest) <= capacity - limit
    {
      let slot = window.oldest
      flush(slot, visits)
      window.remove(slot)
      main.append(slot, window.size(slot))
    }
    if window.bytes >= limit, main.oldest != .max {
      let slot = window.oldest
      let size = window.size(slot)
      flush(slot, visits)
      window.remove(slot)
      // The loser goes.
      let rival = settle(visits)
      let mine = sketch.count(keys[Int(slot)])
      let theirs = sketch.count(keys[Int(rival)])
      if mine <= theirs { return slot }
      main.remove(rival)
      main.append(slot, size)
      return rival
    }
    if main.oldest == .max {
      guard window.oldest != .max else { return nil }
      let slot = window.oldest
      window.remove(slot)
      return slot
    }
    let slot = settle(visits)
    main.remove(slot)
    return slot
  }

  /// The main part's oldest that was not hit since the queue came by.
  private mutating func settle(_ visits: borrowing VisitTable) -> UInt32 {
    while visits.visits(main.oldest) > 0 {
      let slot = main.oldest
      flush(slot, visits)
      let size = main.size(slot)
      main.remove(slot)
      main.append(slot, size)
    }
    return main.oldest
  }

  /// Tells the sketch of the hits.
  private mutating func flush(_ slot: UInt32, _ visits: borrowing VisitTable) {
    let seen = visits.visits(slot)
    guard seen > 0 else { return }
    sketch.add(keys[Int(slot)], Int(seen))
    visits.setVisits(slot, 0)
  }
}

/// Four rows of counters up to 15, halved when many were added.
struct CountMinSketch {
  private var rows: [UInt8]
  let width: Int
  private var added = 0
  /// Additions after which all counters are halved.
  var period = 1_000

  init(width: Int) {
    self.width = width
    rows = [UInt8](repeating: 0, count: 4 * width)
  }

  mutating func add(_ key: UInt64, _ number: Int) {
    for row in 0..<4 {
      let at = place(key, row)
      rows[at] = UInt8(min(15, Int(rows[at]) + number))
    }
    added += number
    if added >= period {
      for index in rows.indices { rows[index] /= 2 }
      added /= 2
    }
  }

  func count(_ key: UInt64) -> Int {
    Int((0..<4).map { rows[place(key, $0)] }.min() ?? 0)
  }

  private func place(_ key: UInt64, _ row: Int) -> Int {
    let mixed = (key ^ UInt64(row) &* 0x9e37_79b9_7f4a_7c15) &* 0xbf58_476d_1ce4_e5b9
    return row * width + Int((mixed >> 32) % UInt64(width))
  }
}
