/// Sticky sessions: a client stays with the backend that its cookie names. All of it is cold;
/// `RouteFlags.isSticky` leads here.
extension Worker {
  /// The place of the backend that the request's cookie names, if it may be used for this try; nil
  /// leaves the choice to the strategy.
  ///
  /// - Parameter limit: one with as many requests at work is full. The request then goes elsewhere
  ///   (waiting would hold up all behind it in the pool's queue), and the client stays bound.
  @inline(never)
  mutating func boundPlace(_ x: Int32, inFlightBelow limit: UInt64) -> Int? {
    if exchanges[x].boundPlace == Exchange.bindingUnread { readBinding(x) }
    exchanges[x].keepsBinding = false
    let place = Int(exchanges[x].boundPlace)
    guard place >= 0, !exchanges[x].tried.contains(place) else { return nil }
    let snapshot = snapshots[exchanges[x].snapshot]
    let pool = snapshot.value.pools[Int(exchanges[x].pool)]
    let row = snapshot.value.backends[Int(pool.firstBackend) &+ place]
    let state = setup.shared.backend(row.identity)
    guard
      state.status(weight: row.weight, isBackup: row.isBackup).keepsSessions
        || balancers[Int32(pool.counters)].mayChoose(place, exchanges[x].tried)
    else { return nil }
    if limit != .max, state.load.inFlight >= limit {
      exchanges[x].keepsBinding = true
      return nil
    }
    return place
  }

  /// A permit at any backend becomes one at the backend that the client is bound to, if that has
  /// room: its place then.
  @inline(never)
  mutating func exchangeGrant(_ x: Int32, _ capacity: CapacityPolicy) -> Int? {
    let snapshot = snapshots[exchanges[x].snapshot]
    let pool = snapshot.value.pools[Int(exchanges[x].pool)]
    let limit = capacity.perBackend
    guard let place = boundPlace(x, inFlightBelow: limit) else { return nil }
    let bound = identity(x, place)
    if bound == exchanges[x].backendIdentity { return place }
    guard setup.shared.backend(bound).begin(upTo: limit) else {
      exchanges[x].keepsBinding = true
      return nil
    }
    setup.shared.backend(exchanges[x].backendIdentity).end()
    // There is room now that nobody was called for.
    callFirst(pool.counters)
    return place
  }

  /// Looks for the cookie in the kept head, once for an exchange.
  private mutating func readBinding(_ x: Int32) {
    exchanges[x].boundPlace = -1
    guard let kept = exchanges[x].head.take() else { return }
    if let place = binding(x, kept) { exchanges[x].boundPlace = Int32(truncatingIfNeeded: place) }
    exchanges[x].head = consume kept
  }

  private mutating func binding(_ x: Int32, _ kept: borrowing Block) -> Int? {
    let length = Int(exchanges[x].headLength)
    let end = kept.start &+ length
    guard
      RequestParser.parse(kept, kept.start, end, limits: .widest, into: &trailers)
        == .complete(length: length)
    else { return nil }
    let snapshot = snapshots[exchanges[x].snapshot]
    let policy = snapshot.value.pools[Int(exchanges[x].pool)].sticky
    return StickyCookie.place(policy, snapshot.value, &trailers, kept, kept.start)
  }

  /// Adds the cookie that binds the client to the backend that answered, unless the client is
  /// bound to it already. `outgoing` holds the finished response head; its snapshot is pinned yet.
  @inline(never)
  mutating func addStickyCookie(_ x: Int32) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let pool = snapshot.value.pools[Int(exchanges[x].pool)]
    let place = Int(exchanges[x].backend) &- Int(pool.firstBackend)
    guard pool.sticky.isOn, place != Int(exchanges[x].boundPlace), !exchanges[x].keepsBinding
    else { return }
    growOutgoing(for: Int(pool.sticky.cookie.count &+ pool.sticky.attributes.count))
    // In front of the empty line.
    outgoing.end &-= 2
    outgoing.append("Set-Cookie: ")
    appendText(pool.sticky.cookie, of: snapshot)
    outgoing.append(byte: 0x3d)
    let token = snapshot.value.sticky.token(place, pool.sticky)
    for index in 0..<StickyToken.length { outgoing.append(byte: token.character(index)) }
    appendText(pool.sticky.attributes, of: snapshot)
    outgoing.append("\r\n\r\n")
  }

  private mutating func appendText(_ text: TextReference, of snapshot: SnapshotHandle) {
    outgoing.append(snapshot.value.text.span, Int(text.offset), Int(text.count))
  }
}
