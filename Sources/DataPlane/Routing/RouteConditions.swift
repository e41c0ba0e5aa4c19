/// What a route asks for beside host and path. Only routes that ask come here.
enum RouteConditions {
  /// The index of the first condition that does not hold; nil when all do.
  @inline(never)
  static func firstFailure(
    _ snapshot: borrowing Snapshot, _ route: Int, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Int? {
    for index in snapshot.routes[route].conditions.indices {
      let row = snapshot.routing.conditions[index]
      let holds: Bool
      switch row.kind {
      case .method:
        let method = ConditionText(at: request.origin, end: request.origin &+ head.methodLength)
        holds = test(row, method, snapshot, bytes)
      case .header: holds = holdsForHeader(row, snapshot, request, &head, bytes)
      case .query: holds = holdsForQuery(row, snapshot, request, bytes)
      case .client: holds = holdsForClient(row, snapshot, request)
      }
      if !holds { return index }
    }
    return nil
  }

  /// Several lines of one name: any of them.
  private static func holdsForHeader(
    _ row: ConditionRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Bool {
    var next = 0
    while let index = RequestFields.find(
      row.name, snapshot.text.span, request, &head, bytes, from: next)
    {
      let field = head.fields[index]
      let at = request.origin &+ Int(field.value)
      let value = ConditionText(at: at, end: at &+ Int(field.valueLength))
      if row.test == .absent { return false }
      if test(row, value, snapshot, bytes) { return true }
      next = index &+ 1
    }
    return row.test == .absent
  }

  /// Several parameters of one name: any of them. Names and values are compared decoded.
  private static func holdsForQuery(
    _ row: ConditionRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ bytes: borrowing Bytes
  ) -> Bool {
    let end = request.query &+ request.queryLength
    var at = request.query
    while at < end {
      var itemEnd = at
      while itemEnd < end, bytes[itemEnd] != 0x26 { itemEnd &+= 1 }
      var nameEnd = at
      while nameEnd < itemEnd, bytes[nameEnd] != 0x3d { nameEnd &+= 1 }
      let name = ConditionText(at: at, end: nameEnd, isEncoded: true)
      if name.isEqual(row.name, snapshot.text.span, bytes) {
        if row.test == .absent { return false }
        let value = ConditionText(at: min(nameEnd &+ 1, itemEnd), end: itemEnd, isEncoded: true)
        if test(row, value, snapshot, bytes) { return true }
      }
      at = itemEnd &+ 1
    }
    return row.test == .absent
  }

  private static func holdsForClient(
    _ row: ConditionRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest
  ) -> Bool {
    guard let address = request.address.mapped else { return false }
    for index in row.values.indices where snapshot.routing.ranges[index].contains(address) {
      return true
    }
    return false
  }

  private static func test(
    _ row: ConditionRow, _ value: ConditionText, _ snapshot: borrowing Snapshot,
    _ bytes: borrowing Bytes
  ) -> Bool {
    if row.test == .present { return true }
    for index in row.values.indices {
      let wanted = snapshot.routing.values[index]
      let text = snapshot.text.span
      switch row.test {
      case .isOneOf: if value.isEqual(wanted, text, bytes) { return true }
      case .hasPrefix: if value.hasPrefix(wanted, text, bytes) { return true }
      case .contains: if value.contains(wanted, text, bytes) { return true }
      case .present, .absent: return false
      }
    }
    return false
  }
}

/// A request's field lines by name.
enum RequestFields {
  /// The first line of that name (lower case) at or behind `from`. What an untrusted peer says of
  /// forwarding is not seen, as no backend sees it.
  static func find(
    _ name: TextReference, _ text: borrowing Bytes, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, from: Int = 0
  ) -> Int? {
    var index = from
    while index < head.fieldCount {
      let field = head.fields[index]
      if field.nameLength == UInt16(truncatingIfNeeded: name.count), name.count <= 0xffff,
        Router.isEqualLower(text, name, bytes, request.origin &+ Int(field.name))
      {
        switch field.id {
        case .forwardedFor, .forwardedProto, .forwardedHost, .forwardedOther, .requestID:
          return request.isTrusted ? index : nil
        default: return index
        }
      }
      index &+= 1
    }
    return nil
  }
}

/// Bytes to be compared as they are or percent-decoded (`+` is a space).
struct ConditionText {
  var at: Int
  let end: Int
  var isEncoded = false

  private func next(_ index: inout Int, _ bytes: borrowing Bytes) -> UInt8 {
    let byte = bytes[index]
    index &+= 1
    guard isEncoded else { return byte }
    if byte == 0x2b { return 0x20 }
    guard byte == 0x25, index &+ 1 < end, let high = ByteClass.hexValue(bytes[index]),
      let low = ByteClass.hexValue(bytes[index &+ 1])
    else { return byte }
    index &+= 2
    return high << 4 | low
  }

  /// Where the text ends in this one, which must begin with it; nil when it does not.
  private func match(
    _ wanted: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes, from: Int
  ) -> Int? {
    var index = from
    for offset in 0..<Int(wanted.count) {
      guard index < end, next(&index, bytes) == text[Int(wanted.offset) &+ offset] else {
        return nil
      }
    }
    return index
  }

  func isEqual(
    _ wanted: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes
  ) -> Bool {
    match(wanted, text, bytes, from: at) == end
  }

  func hasPrefix(
    _ wanted: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes
  ) -> Bool {
    match(wanted, text, bytes, from: at) != nil
  }

  /// Of its bytes, decoded; nil when there are none.
  func hash(_ bytes: borrowing Bytes) -> UInt64? {
    guard at < end else { return nil }
    var key = BalanceKey()
    var index = at
    while index < end { key.add(next(&index, bytes)) }
    return key.hash
  }

  func contains(
    _ wanted: TextReference, _ text: borrowing Bytes, _ bytes: borrowing Bytes
  ) -> Bool {
    var index = at
    while true {
      if match(wanted, text, bytes, from: index) != nil { return true }
      if index >= end { return false }
      _ = next(&index, bytes)
    }
  }
}
