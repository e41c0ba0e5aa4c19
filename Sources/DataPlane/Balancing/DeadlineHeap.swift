/// Weighted turns for large pools in O(log n): earliest deadline first. Each backend is due again
/// a period after its last turn, and its period is the inverse of its weight (the stride
/// scheduling of Waldspurger and Weihl, 1995).
///
/// First turns are spread over the period by a golden-ratio sequence, so that heavy backends do not
/// come in a row and workers do not march in step.
struct DeadlineHeap: Sendable {
  private struct Entry: BitwiseCopyable, Sendable {
    var deadline: UInt64
    var position: UInt32
  }

  /// A binary heap by deadline; the first `count` are in it.
  private var entries: [Entry] = []
  private var count = 0
  private var periods: [UInt64] = []
  private var places: [UInt32] = []
  /// The deadline that was met last.
  private var time: UInt64 = 0

  /// Before deadlines could overflow, all go back by the time that has passed.
  private static var timeMax: UInt64 { 1 << 62 }

  /// Backends that stay keep the part of their period that they have waited.
  mutating func prepare(
    _ candidates: Span<Candidate>, start: UInt64, weight: (Candidate) -> UInt64
  ) {
    var waits: [UInt32: Double] = [:]
    for entry in entries.prefix(count) {
      let position = Int(entry.position)
      let left = entry.deadline > time ? Double(entry.deadline - time) : 0
      waits[places[position]] = min(left / Double(periods[position]), 1)
    }
    entries = []
    periods = []
    places = []
    time = 0
    for index in 0..<candidates.count {
      let place = candidates[index].index
      let period = StridePeriod.of(weight: weight(candidates[index]))
      let wait = waits[place].map { UInt64($0 * Double(period)) }
      places.append(place)
      periods.append(period)
      entries.append(
        Entry(
          deadline: wait ?? StridePeriod.first(period, index: index, start: start),
          position: UInt32(index)))
    }
    entries.sort { ($0.deadline, $0.position) < ($1.deadline, $1.position) }
    count = entries.count
  }

  mutating func choose(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    var passedOver = InlineArray<8, Entry>(repeating: Entry(deadline: 0, position: 0))
    var passedCount = 0
    var choice: Int? = nil
    while count > 0 {
      var top = entries[0]
      let position = Int(top.position)
      let isAllowed = context.allows(candidates[position])
      if !isAllowed, passedCount < 8 {
        passedOver[passedCount] = top
        passedCount &+= 1
        removeTop()
        continue
      }
      guard isAllowed else { break }
      time = max(time, top.deadline)
      top.deadline = top.deadline &+ periods[position]
      entries[0] = top
      sink(0)
      choice = position
      break
    }
    let isUndecided = choice == nil && count > 0
    for index in 0..<passedCount { insert(passedOver[index]) }
    if isUndecided { choice = chooseAmongAll(candidates, context) }
    if time > DeadlineHeap.timeMax { rebase() }
    return choice
  }

  /// More have no room than were passed over: the earliest of the others, O(n).
  @inline(never)
  private mutating func chooseAmongAll(
    _ candidates: borrowing Span<Candidate>, _ context: borrowing ChoiceContext
  ) -> Int? {
    var best: Int? = nil
    for index in 0..<count where context.allows(candidates[Int(entries[index].position)]) {
      if let found = best, entries[found].deadline <= entries[index].deadline { continue }
      best = index
    }
    guard let best else { return nil }
    let position = Int(entries[best].position)
    time = max(time, entries[best].deadline)
    entries[best].deadline = entries[best].deadline &+ periods[position]
    sink(best)
    return position
  }

  private mutating func rebase() {
    for index in 0..<count {
      entries[index].deadline -= min(time, entries[index].deadline)
    }
    time = 0
  }

  private mutating func removeTop() {
    count &-= 1
    entries[0] = entries[count]
    sink(0)
  }

  private mutating func insert(_ entry: Entry) {
    var index = count
    count &+= 1
    while index > 0 {
      let parent = (index &- 1) / 2
      if entries[parent].deadline <= entry.deadline { break }
      entries[index] = entries[parent]
      index = parent
    }
    entries[index] = entry
  }

  private mutating func sink(_ from: Int) {
    guard count > 0 else { return }
    var index = from
    let entry = entries[index]
    while true {
      var child = 2 &* index &+ 1
      guard child < count else { break }
      if child &+ 1 < count, entries[child &+ 1].deadline < entries[child].deadline {
        child &+= 1
      }
      if entries[child].deadline >= entry.deadline { break }
      entries[index] = entries[child]
      index = child
    }
    entries[index] = entry
  }
}

/// What a turn costs a backend: the inverse of its weight.
enum StridePeriod {
  @inline(__always) static func of(weight: UInt64) -> UInt64 { max((1 << 40) / max(weight, 1), 1) }

  /// A part of the first period that differs between neighbours and between workers.
  static func first(_ period: UInt64, index: Int, start: UInt64) -> UInt64 {
    let spread = (UInt64(truncatingIfNeeded: index) &+ start &* 7919) &* 0x9e37_79b9_7f4a_7c15
    return period.multipliedFullWidth(by: spread).high
  }
}
