/// The entries of a cache by slot, each a link in one of the lists of an `EvictionQueue`: 32 bytes
/// for each slot up to the highest that was ever used.
struct EvictionNodes: Sendable {
  /// Which list an entry is in.
  enum Place: UInt8 { case none, small, main }

  struct Node: BitwiseCopyable, Sendable {
    var key: UInt64 = 0
    var bytes = 0
    /// Neighbours in the list.
    var older = EvictionNodes.none
    var newer = EvictionNodes.none
    var place = Place.none
  }

  /// No slot.
  static var none: UInt32 { .max }

  private var nodes: [Node] = []

  /// One above the highest slot that was ever used.
  var end: UInt32 { UInt32(truncatingIfNeeded: nodes.count) }

  subscript(slot: UInt32) -> Node { @inline(__always) get { nodes[Int(slot)] } }

  @inline(__always) func place(of slot: UInt32) -> Place {
    slot < end ? nodes[Int(slot)].place : .none
  }

  mutating func reserve(_ count: Int) { nodes.reserveCapacity(count) }

  /// What the entry in this slot is; it is in no list yet.
  mutating func set(_ slot: UInt32, bytes: Int, key: UInt64) {
    while nodes.count <= Int(slot) { nodes.append(Node()) }
    nodes[Int(slot)] = Node(key: key, bytes: bytes)
  }

  mutating func resize(_ slot: UInt32, bytes: Int, in list: inout EvictionList) {
    list.bytes += bytes - nodes[Int(slot)].bytes
    nodes[Int(slot)].bytes = bytes
  }

  /// As the newest of the list.
  mutating func append(_ slot: UInt32, to list: inout EvictionList, _ place: Place) {
    nodes[Int(slot)].place = place
    link(slot, older: list.newest, newer: Self.none, &list)
  }

  mutating func remove(_ slot: UInt32, from list: inout EvictionList) {
    let node = nodes[Int(slot)]
    if node.older == Self.none {
      list.oldest = node.newer
    } else {
      nodes[Int(node.older)].newer = node.newer
    }
    if node.newer == Self.none {
      list.newest = node.older
    } else {
      nodes[Int(node.newer)].older = node.older
    }
    nodes[Int(slot)].place = .none
    list.bytes -= node.bytes
  }

  /// `new`, which is in no list, takes the place of `old` in this one.
  mutating func swap(_ old: UInt32, for new: UInt32, in list: inout EvictionList) {
    let node = nodes[Int(old)]
    remove(old, from: &list)
    nodes[Int(new)].place = node.place
    link(new, older: node.older, newer: node.newer, &list)
  }

  private mutating func link(
    _ slot: UInt32, older: UInt32, newer: UInt32, _ list: inout EvictionList
  ) {
    nodes[Int(slot)].older = older
    nodes[Int(slot)].newer = newer
    if older == Self.none { list.oldest = slot } else { nodes[Int(older)].newer = slot }
    if newer == Self.none { list.newest = slot } else { nodes[Int(newer)].older = slot }
    list.bytes += nodes[Int(slot)].bytes
  }
}

/// The ends of a list in `EvictionNodes`, and the bytes of what is in it.
struct EvictionList: BitwiseCopyable, Sendable {
  var oldest = EvictionNodes.none
  var newest = EvictionNodes.none
  var bytes = 0
}
