/// What one request asks of its route's rates: a key and a limit for each.
package struct RateDemand: BitwiseCopyable, Sendable {
  /// Rates that a route may have.
  package static var capacity: Int { 4 }

  package struct Item: BitwiseCopyable, Sendable {
    package var key = Hash128(low: 0, high: 0)
    package var limit = RateLimit(count: 1, per: 1, burst: 1)
  }

  private var items = InlineArray<4, Item>(repeating: Item())
  package private(set) var count = 0

  package init() {}

  package mutating func append(_ key: Hash128, _ limit: RateLimit) {
    items[count] = Item(key: key, limit: limit)
    count &+= 1
  }

  package subscript(index: Int) -> Item { @inline(__always) get { items[index] } }
}

/// What the rates of a route say of a request, in one: the strictest of them.
package struct RateRuling: BitwiseCopyable, Equatable, Sendable {
  package var isAllowed = true
  /// Some key had no room in the table, so the route's shared bucket decided in its place.
  package var usedOverflow = false
  /// The rate that this is about, among those of the route: of those that refused the one to wait
  /// longest for, else the one with the fewest left.
  package var place: UInt8 = 0
  package var remaining: UInt32 = 0
  /// Refused: until another try makes sense. Allowed: until the key is fully rested.
  package var wait: Instant = 0

  package init() {}

  mutating func take(_ verdict: GCRA.Verdict, place: Int) {
    let wait = verdict.isAllowed ? verdict.resetAfter : verdict.retryAfter
    let isStricter: Bool
    if place == 0 {
      isStricter = true
    } else if verdict.isAllowed != isAllowed {
      isStricter = !verdict.isAllowed
    } else if verdict.isAllowed, verdict.remaining != remaining {
      isStricter = verdict.remaining < remaining
    } else {
      isStricter = wait > self.wait
    }
    guard isStricter else { return }
    isAllowed = verdict.isAllowed
    self.place = UInt8(truncatingIfNeeded: place)
    remaining = verdict.remaining
    self.wait = wait
  }

  /// Whole seconds, rounded up; of a refused request at least 1.
  var seconds: Int {
    let whole = Int(wait / 1_000_000_000) &+ (wait % 1_000_000_000 == 0 ? 0 : 1)
    return isAllowed ? whole : max(whole, 1)
  }
}
