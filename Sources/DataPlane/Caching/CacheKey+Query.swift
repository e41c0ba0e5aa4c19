/// The query of a key, where the config does not want it as it came.
///
/// Parameters are what stands between `&`; names are compared percent-decoded (`+` is a space), and
/// what is kept is kept as received. A backend may read them otherwise, so a parameter is left out
/// only if no reader can find a kept one in it (parameter cloaking):
///
/// - one with a `;` stays, because some split there;
/// - `keep` compares names without case, and leaves out only plain names (letters, digits, `_`,
///   `-`): PHP makes `page[]`, ` page` and `page` one, others ignore case;
/// - `drop` compares with case; a prefix takes plain names only. An exact name is left out as it
///   is.
///
/// Sorting is by name and stable: parameters of one name keep their order, so do names that are one
/// to some (`a`, `A`, `a[x]`; `a.b`, `a_b`). A query with a `;`, with a name that has blanks,
/// controls or separators in it, or with more than `sortedMax` parameters stays in its order: that
/// costs a hit, never a wrong one.
extension CacheKey {
  /// Appends `?` and what is left; nothing when nothing is left of a query that is filtered.
  @inline(never)
  static func writeQuery(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ bytes: borrowing Bytes, into out: inout Block
  ) {
    if row.query == .none { return }
    if row.sortsQuery {
      var sorted = SortedParameters(from: request.query)
      if collect(row, snapshot, request, bytes, &sorted) {
        for index in 0..<sorted.count {
          out.append(byte: index == 0 ? 0x3f : 0x26)
          let item = sorted[index]
          out.append(bytes, item.at, item.end &- item.at)
        }
        return
      }
    }
    var next = request.query
    var separator: UInt8 = 0x3f
    while let item = QueryParameter(bytes, &next, request) {
      guard isKept(item, row, snapshot, bytes) else { continue }
      out.append(byte: separator)
      out.append(bytes, item.at, item.end &- item.at)
      separator = 0x26
    }
  }

  /// - Returns: false when the parameters must stay in their order.
  private static func collect(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ bytes: borrowing Bytes, _ sorted: inout SortedParameters
  ) -> Bool {
    var next = request.query
    while let item = QueryParameter(bytes, &next, request) {
      guard isKept(item, row, snapshot, bytes) else { continue }
      guard !item.hasSemicolon, item.isSortable(bytes), sorted.insert(item, bytes) else {
        return false
      }
    }
    return true
  }

  @inline(__always)
  private static func isKept(
    _ item: QueryParameter, _ row: CacheKeyRow, _ snapshot: borrowing Snapshot,
    _ bytes: borrowing Bytes
  ) -> Bool {
    switch row.query {
    case .all: return true
    case .none: return false
    case .keep:
      if item.hasSemicolon { return true }
      if item.at == item.end { return false }
      return !item.isPlain(bytes) || isListed(item, row, snapshot, bytes, ignoresCase: true)
    case .drop:
      return item.hasSemicolon || !isListed(item, row, snapshot, bytes, ignoresCase: false)
    }
  }

  private static func isListed(
    _ item: QueryParameter, _ row: CacheKeyRow, _ snapshot: borrowing Snapshot,
    _ bytes: borrowing Bytes, ignoresCase: Bool
  ) -> Bool {
    for index in row.parameters.indices {
      let name = snapshot.cacheNames[index]
      if name.isPrefix, !item.isPlain(bytes) { continue }
      if item.isNamed(name, snapshot.text.span, bytes, ignoresCase: ignoresCase) { return true }
    }
    return false
  }
}

/// One parameter, as a place in the head's bytes. At most 61,440 bytes, as the head.
struct QueryParameter: BitwiseCopyable {
  let at: Int
  let end: Int
  let nameEnd: Int
  let hasSemicolon: Bool

  /// The one at `next`, which moves behind it; nil behind the last. `a&` has two, the second empty.
  init?(_ bytes: borrowing Bytes, _ next: inout Int, _ request: RouteRequest) {
    let limit = request.query &+ request.queryLength
    guard next <= limit else { return nil }
    var index = next
    var nameEnd = -1
    var hasSemicolon = false
    while index < limit, bytes[index] != 0x26 {
      if bytes[index] == 0x3d, nameEnd < 0 { nameEnd = index }
      if bytes[index] == 0x3b { hasSemicolon = true }
      index &+= 1
    }
    at = next
    end = index
    self.nameEnd = nameEnd < 0 ? index : nameEnd
    self.hasSemicolon = hasSemicolon
    next = index &+ 1
  }

  init(at: Int, end: Int, _ bytes: borrowing Bytes) {
    self.at = at
    self.end = end
    var index = at
    while index < end, bytes[index] != 0x3d { index &+= 1 }
    nameEnd = index
    hasSemicolon = false
  }

  /// The byte of the name at `index`, decoded; `index` moves behind it.
  @inline(__always)
  private func next(_ index: inout Int, _ bytes: borrowing Bytes) -> UInt8 {
    let byte = bytes[index]
    index &+= 1
    if byte == 0x2b { return 0x20 }
    guard byte == 0x25, index &+ 1 < nameEnd, let high = ByteClass.hexValue(bytes[index]),
      let low = ByteClass.hexValue(bytes[index &+ 1])
    else { return byte }
    index &+= 2
    return high << 4 | low
  }

  func isNamed(
    _ name: CacheNameRow, _ text: borrowing Bytes, _ bytes: borrowing Bytes, ignoresCase: Bool
  ) -> Bool {
    var index = at
    for offset in 0..<Int(name.text.count) {
      guard index < nameEnd else { return false }
      let byte = next(&index, bytes)
      let wanted = text[Int(name.text.offset) &+ offset]
      if byte == wanted { continue }
      guard ignoresCase, HostKey.lower(byte) == HostKey.lower(wanted) else { return false }
    }
    return name.isPrefix || index == nameEnd
  }

  /// No reader takes the name for another one.
  func isPlain(_ bytes: borrowing Bytes) -> Bool {
    var index = at
    guard index < nameEnd else { return false }
    while index < nameEnd {
      let byte = next(&index, bytes)
      let isLetter = HostKey.lower(byte) &- 0x61 <= 25
      guard isLetter || ByteClass.isDigit(byte) || byte == 0x5f || byte == 0x2d else {
        return false
      }
    }
    return true
  }

  /// `sortByte` tells its name from every other that any reader tells from it.
  func isSortable(_ bytes: borrowing Bytes) -> Bool {
    var index = at
    while index < nameEnd {
      let byte = next(&index, bytes)
      if byte == 0x5b { return true }
      if byte <= 0x20 || byte == 0x7f || byte == 0x25 || byte == 0x26 || byte == 0x3b
        || byte == 0x3d
      {
        return false
      }
    }
    return true
  }

  /// What the order goes by; 0 at the end.
  @inline(__always)
  private func sortByte(_ index: inout Int, _ bytes: borrowing Bytes) -> UInt8 {
    guard index < nameEnd else { return 0 }
    let byte = next(&index, bytes)
    if byte == 0x5b {
      index = nameEnd
      return 0
    }
    return byte == 0x2e ? 0x5f : HostKey.lower(byte)
  }

  /// Stands in front of `other` in any order of the two.
  func isBefore(_ other: QueryParameter, _ bytes: borrowing Bytes) -> Bool {
    var (left, right) = (at, other.at)
    while true {
      let mine = sortByte(&left, bytes)
      let others = other.sortByte(&right, bytes)
      if mine != others { return mine < others }
      if mine == 0 { return false }
    }
  }
}

/// Parameters in order. A binary search for each: names that are long and alike cost n log n.
struct SortedParameters: BitwiseCopyable {
  static var sortedMax: Int { 256 }

  /// Begin and end, relative to the query, 16 bits each.
  private var places = InlineArray<256, UInt32>(repeating: 0)
  private(set) var count = 0
  private let origin: Int

  init(from origin: Int) { self.origin = origin }

  /// Without its name's end.
  subscript(index: Int) -> (at: Int, end: Int) {
    let place = places[index]
    return (origin &+ Int(place >> 16), origin &+ Int(place & 0xffff))
  }

  /// Behind all that are not behind it; false when there is no room.
  mutating func insert(_ item: QueryParameter, _ bytes: borrowing Bytes) -> Bool {
    guard count < SortedParameters.sortedMax, item.end &- origin <= 0xffff else { return false }
    var low = 0
    var high = count
    // What comes in order is not searched for.
    if count > 0, !isBefore(item, count &- 1, bytes) { low = count }
    while low < high {
      let middle = (low &+ high) / 2
      if isBefore(item, middle, bytes) { high = middle } else { low = middle &+ 1 }
    }
    var index = count
    while index > low {
      places[index] = places[index &- 1]
      index &-= 1
    }
    places[low] =
      UInt32(truncatingIfNeeded: item.at &- origin) << 16
      | UInt32(truncatingIfNeeded: item.end &- origin)
    count &+= 1
    return true
  }

  private func isBefore(_ item: QueryParameter, _ index: Int, _ bytes: borrowing Bytes) -> Bool {
    let (at, end) = self[index]
    return item.isBefore(QueryParameter(at: at, end: end, bytes), bytes)
  }
}
