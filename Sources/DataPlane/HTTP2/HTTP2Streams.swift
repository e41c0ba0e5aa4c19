/// One stream of a session, from its first HEADERS until its owner releases it.
package struct HTTP2Stream: BitwiseCopyable, Sendable {
  /// 0 in the client role until the head is sent: ids go out in order.
  package internal(set) var id: UInt32 = 0
  /// The owner's own mark; the engine only keeps it.
  package var owner: Int32 = -1
  /// Bytes of content that the peer lets us send; below 0 after it shrank its window.
  package internal(set) var sendWindow: Int32 = 0
  /// Bytes that the peer may still send; never below 0, but when it has yet to hear of a smaller
  /// window.
  package internal(set) var receiveWindow: Int32 = 0
  /// Consumed bytes that no WINDOW_UPDATE gave back yet.
  package internal(set) var unacknowledged: Int32 = 0
  /// Content that was handed out and not yet consumed.
  package internal(set) var held: Int32 = 0
  /// The next stream in the bucket, or the next free slot.
  var next: Int32 = -1
  var flags: UInt16 = 0
  /// What `content-length` announced, -1 when nothing did: see `HTTP2Session.expect`.
  package internal(set) var expectedLength: Int64 = -1
  package internal(set) var receivedLength: Int64 = 0
  /// Since when the owner has waited for credit: see `HTTP2Session.wait`.
  package internal(set) var waitingSince: Instant = 0

  static var taken: UInt16 { 1 }
  static var remoteEnd: UInt16 { 2 }
  static var localEnd: UInt16 { 4 }
  static var reset: UInt16 { 8 }
  static var ours: UInt16 { 16 }
  static var headEnd: UInt16 { 32 }
  static var finalHead: UInt16 { 64 }
  static var headSent: UInt16 { 128 }
  static var waiting: UInt16 { 256 }
  static var inactive: UInt16 { 512 }

  @inline(__always) func has(_ flag: UInt16) -> Bool { flags & flag != 0 }

  package var isTaken: Bool { has(HTTP2Stream.taken) }
  /// The peer's END_STREAM was handed out.
  package var remoteEnded: Bool { has(HTTP2Stream.remoteEnd) }
  package var localEnded: Bool { has(HTTP2Stream.localEnd) }
  package var isReset: Bool { has(HTTP2Stream.reset) }
  /// Ended both ways, or reset: nothing more is said of it.
  package var isOver: Bool { has(HTTP2Stream.inactive) }
  /// Reset, and by our RST_STREAM.
  package var isOurReset: Bool { has(HTTP2Stream.ours) }
  /// The last `.head` or `.trailers` had END_STREAM.
  package var endsWithHead: Bool { has(HTTP2Stream.headEnd) }
  package var hasSentHead: Bool { has(HTTP2Stream.headSent) }
  package var isWaiting: Bool { has(HTTP2Stream.waiting) }
}

/// The streams of a session by slot and by id.
///
/// Grows by doubling up to the most streams that were ever open at once; empty until the first.
/// Ids are found through buckets: they are handed out one after the other, so that a bucket has
/// hardly more than one.
package struct HTTP2Streams {
  private var slots: [HTTP2Stream] = []
  /// First slot of each bucket; as many as slots, a power of two.
  private var buckets: [Int32] = []
  private var free: Int32 = -1
  /// Taken slots.
  package private(set) var count: Int32 = 0
  /// Streams that are open or half-closed: what MAX_CONCURRENT_STREAMS counts.
  package internal(set) var active: Int32 = 0
  package internal(set) var waiting: Int32 = 0

  package subscript(slot: Int32) -> HTTP2Stream {
    @inline(__always) get { slots[Int(slot)] }
    @inline(__always) _modify { yield &slots[Int(slot)] }
  }

  /// Slots that were ever used: all taken ones are below.
  package var usedSlots: Int32 { Int32(truncatingIfNeeded: slots.count) }

  /// -1 when there is none.
  @inline(__always) package func slot(of id: UInt32) -> Int32 {
    guard !buckets.isEmpty else { return -1 }
    var slot = buckets[bucket(id)]
    while slot >= 0 {
      let stream = slots[Int(slot)]
      if stream.id == id { return slot }
      slot = stream.next
    }
    return -1
  }

  @inline(__always) private func bucket(_ id: UInt32) -> Int {
    Int(id >> 1) & (buckets.count &- 1)
  }

  /// A slot for a stream with this id; 0: it is told with `name`.
  @inline(__always) mutating func add(_ id: UInt32) -> Int32 {
    if free < 0 { grow() }
    let slot = free
    free = slots[Int(slot)].next
    slots[Int(slot)] = HTTP2Stream()
    slots[Int(slot)].flags = HTTP2Stream.taken
    count &+= 1
    active &+= 1
    if id != 0 { name(slot, id) }
    return slot
  }

  mutating func name(_ slot: Int32, _ id: UInt32) {
    let bucket = bucket(id)
    slots[Int(slot)].id = id
    slots[Int(slot)].next = buckets[bucket]
    buckets[bucket] = slot
  }

  mutating func remove(_ slot: Int32) {
    let stream = slots[Int(slot)]
    if stream.id != 0 { unlink(slot, stream) }
    if !stream.has(HTTP2Stream.inactive) { active &-= 1 }
    if stream.isWaiting { waiting &-= 1 }
    slots[Int(slot)] = HTTP2Stream()
    slots[Int(slot)].next = free
    free = slot
    count &-= 1
  }

  private mutating func unlink(_ slot: Int32, _ stream: HTTP2Stream) {
    let bucket = bucket(stream.id)
    var at = buckets[bucket]
    if at == slot {
      buckets[bucket] = stream.next
      return
    }
    while at >= 0 {
      let next = slots[Int(at)].next
      if next == slot {
        slots[Int(at)].next = stream.next
        return
      }
      at = next
    }
  }

  private mutating func grow() {
    let old = slots.count
    let new = max(old * 2, 8)
    slots.reserveCapacity(new)
    while slots.count < new {
      slots.append(HTTP2Stream())
      slots[slots.count - 1].next = free
      free = Int32(slots.count - 1)
    }
    buckets = [Int32](repeating: -1, count: new)
    for index in 0..<old where slots[index].id != 0 {
      name(Int32(index), slots[index].id)
    }
  }

  /// The stream is no longer open on the wire; its owner still holds the slot.
  @inline(__always) mutating func deactivate(_ slot: Int32) {
    if slots[Int(slot)].has(HTTP2Stream.inactive) { return }
    slots[Int(slot)].flags |= HTTP2Stream.inactive
    active &-= 1
  }

  /// Forgets all streams; keeps the room for a few.
  mutating func removeAll() {
    if slots.count > 16 { self = HTTP2Streams() }
    for slot in 0..<usedSlots where self[slot].isTaken { remove(slot) }
  }
}
