/// Makes header blocks of HTTP/1.1 heads (RFC 9113 section 8.2 and 8.3).
///
/// Pure. The head's bytes begin at `origin`. What belongs to the HTTP/1.1 connection stays behind:
/// fields that the parser or a rule dropped, `Connection` and what it names, the framing.
package enum HeadEncoding {
  /// Room that the block of this head may take.
  package static func room(_ head: inout MessageHead) -> Int {
    head.length &+ HPACKEncoder.blockOverhead &+ (head.fieldCount &+ 5)
      &* HPACKEncoder.fieldOverhead
  }

  /// - Parameters:
  ///   - isSecure: what `:scheme` says.
  ///   - acceptsTrailers: `te: trailers` is sent.
  /// - Returns: false when the block has less than `room`, or the target has no origin form:
  ///   nothing was encoded then.
  package static func request(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int, isSecure: Bool,
    acceptsTrailers: Bool, _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    guard block.capacity &- block.end >= room(&head), head.targetLength > 0 else { return false }
    let target = origin &+ head.target
    guard bytes[target] == 0x2f || bytes[target] == 0x2a && head.targetLength == 1 else {
      return false
    }
    encoder.begin(into: &block)
    encoder.append(method: bytes, origin, head.methodLength, into: &block)
    encoder.append(isSecure: isSecure, into: &block)
    if head.host >= 0 {
      let host = head.fields[head.host]
      if !host.isDropped {
        encoder.append(
          authority: bytes, origin &+ Int(host.value), Int(host.valueLength), into: &block)
      }
    }
    encoder.append(path: bytes, target, head.targetLength, into: &block)
    fields(&head, bytes, origin, isRequest: true, &encoder, &block)
    if acceptsTrailers { encoder.appendTrailersAccepted(into: &block) }
    return true
  }

  /// - Returns: false when the block has less than `room`, or the status is 101: nothing was
  ///   encoded then.
  package static func response(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int,
    _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    guard block.capacity &- block.end >= room(&head), head.status != 101 else { return false }
    encoder.begin(into: &block)
    encoder.append(status: head.status, into: &block)
    fields(&head, bytes, origin, isRequest: false, &encoder, &block)
    return true
  }

  /// Of a section that `TrailerParser` has read. One without fields makes an empty block.
  ///
  /// - Returns: false when the block has less than `room`: nothing was encoded then.
  package static func trailers(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int,
    _ encoder: inout HPACKEncoder, into block: inout Block
  ) -> Bool {
    guard block.capacity &- block.end >= room(&head) else { return false }
    encoder.begin(into: &block)
    fields(&head, bytes, origin, isRequest: false, &encoder, &block)
    return true
  }

  @inline(__always)
  private static func fields(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int, isRequest: Bool,
    _ encoder: inout HPACKEncoder, _ block: inout Block
  ) {
    var index = 0
    while index < head.fieldCount {
      let field = head.fields[index]
      index &+= 1
      if field.isDropped || field.id != .other && isLeftOut(field.id, isRequest: isRequest) {
        continue
      }
      if head.hasNominated, isNominated(field, &head, bytes, origin) { continue }
      encoder.append(
        bytes, name: origin &+ Int(field.name), nameLength: Int(field.nameLength),
        value: origin &+ Int(field.value), valueLength: Int(field.valueLength), into: &block)
    }
  }

  @inline(__always)
  private static func isLeftOut(_ id: FieldID, isRequest: Bool) -> Bool {
    switch id {
    case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings,
      .te:
      return true
    case .host: return isRequest
    default: return false
    }
  }

  /// A `Connection` line names it, and it is a connection's own (RFC 9110 section 7.6.1).
  @inline(never)
  private static func isNominated(
    _ field: Field, _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    if field.id.isOfMessage { return false }
    for index in 0..<head.fieldCount where head.fields[index].id == .connection {
      let connection = head.fields[index]
      var at = origin &+ Int(connection.value)
      let end = at &+ Int(connection.valueLength)
      while let item = FieldParser.nextItem(bytes, &at, end) {
        if item.count == Int(field.nameLength),
          FieldRules.isSame(bytes, item.at, origin &+ Int(field.name), item.count)
        {
          return true
        }
      }
    }
    return false
  }
}
