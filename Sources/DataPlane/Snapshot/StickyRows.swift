/// How a pool binds clients to backends by a cookie.
package struct StickyPolicy: BitwiseCopyable, Sendable {
  /// The cookie's name; empty in pools that bind nobody.
  package var cookie = TextReference(offset: 0, count: 0)
  /// What follows the value in `Set-Cookie`, from its first `;` on; empty for nothing.
  package var attributes = TextReference(offset: 0, count: 0)
  /// Rows of `StickyTables`: one for each backend of the pool, in the pool's order.
  package var tokens = RowRange.none
  package init() {}

  package var isOn: Bool { @inline(__always) get { cookie.count > 0 } }
}

/// The tokens of all backends of pools with a sticky cookie.
package struct StickyTables: ~Copyable {
  private let tokens: Table<StickyToken>
  /// Places in the pool, by ascending token.
  private let order: Table<UInt32>

  init(_ draft: StickyDraft) {
    tokens = Table(draft.tokens)
    order = Table(draft.order)
  }

  /// Of the backend at this place of the pool.
  func token(_ place: Int, _ policy: StickyPolicy) -> StickyToken {
    tokens[Int(policy.tokens.first) &+ place]
  }

  /// The place in the pool of the backend that the token names; nil when it names none. O(log n).
  ///
  /// The time may tell how much of a token was right. Whoever could use that would have a token
  /// that any client is given.
  func place(of token: StickyToken, _ policy: StickyPolicy) -> Int? {
    let first = Int(policy.tokens.first)
    var low = 0
    var high = Int(policy.tokens.count)
    while low < high {
      let middle = (low &+ high) / 2
      let place = Int(order[first &+ middle])
      let found = tokens[first &+ place]
      if found == token { return place }
      if found < token { low = middle &+ 1 } else { high = middle }
    }
    return nil
  }
}

/// What the control plane fills in for `StickyTables`.
package struct StickyDraft {
  fileprivate(set) var tokens: [StickyToken] = []
  fileprivate(set) var order: [UInt32] = []

  /// - Parameter pool: the tokens of its backends, in the pool's order.
  package mutating func add(_ pool: [StickyToken]) -> RowRange {
    let rows = RowRange(first: tokens.count, count: pool.count)
    tokens += pool
    order += pool.indices.sorted { pool[$0] < pool[$1] }.map(UInt32.init)
    return rows
  }
}
