/// The parts of a request target (RFC 9112 section 3.2), as positions in the head's bytes.
package struct RequestTarget: BitwiseCopyable, Sendable {
  package enum Form: UInt8, Sendable, BitwiseCopyable { case origin, absolute, asterisk }

  package var form = Form.origin
  /// Empty in `http://host` and `http://host?query`: stands for `/`.
  package var path = 0
  package var pathLength = 0
  /// With its `?`; empty when there is none.
  package var query = 0
  package var queryLength = 0
  /// Of the absolute form: what replaces `Host`.
  package var authority = 0
  package var authorityLength = 0
  /// The path is not in its one normal form and must go through `PathNormalizer`.
  package var needsNormalizing = false

  package init() {}

  /// - Returns: nil when the target is refused with 400.
  package static func parse(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, method: Method
  ) -> RequestTarget? {
    var target = RequestTarget()
    let end = at &+ count
    var path = at
    if bytes[at] != 0x2f {
      if count == 1, bytes[at] == 0x2a {
        target.form = .asterisk
        target.path = at
        target.pathLength = 1
        return method == .options ? target : nil
      }
      guard let authority = authorityStart(bytes, at, count) else { return nil }
      path = authority
      while path < end, bytes[path] != 0x2f, bytes[path] != 0x3f { path &+= 1 }
      guard HostParser.isValid(bytes, authority, path &- authority) else { return nil }
      target.form = .absolute
      target.authority = authority
      target.authorityLength = path &- authority
    }
    target.path = path
    guard let pathEnd = scanPath(bytes, path, end, &target.needsNormalizing) else { return nil }
    target.pathLength = pathEnd &- path
    target.query = pathEnd
    target.queryLength = end &- pathEnd
    if target.pathLength == 0 {
      // RFC 9112 section 3.2.4: OPTIONS of a whole server.
      if method == .options, target.queryLength == 0 {
        target.form = .asterisk
        target.needsNormalizing = false
        return target
      }
      target.needsNormalizing = true
    }
    return isCleanQuery(bytes, pathEnd, end) ? target : nil
  }

  /// The index behind `http://` or `https://`.
  private static func authorityStart(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int? {
    if count > 7, FieldParser.equals(bytes, at, 7, "http://") { return at &+ 7 }
    if count > 8, FieldParser.equals(bytes, at, 8, "https://") { return at &+ 8 }
    return nil
  }

  /// The path's end, or nil at a byte that may not be in one.
  @inline(__always)
  private static func scanPath(
    _ bytes: borrowing Bytes, _ from: Int, _ end: Int, _ needsNormalizing: inout Bool
  ) -> Int? {
    var index = from
    var previous: UInt8 = 0
    while index < end {
      let byte = bytes[index]
      switch byte {
      case 0x3f: return index
      case 0x2f: if previous == 0x2f { needsNormalizing = true }
      case 0x2e: if previous == 0x2f { needsNormalizing = true }
      case 0x25: needsNormalizing = true
      case 0x5c: return nil
      default: if ByteClass.forbiddenInTarget.contains(byte) { return nil }
      }
      previous = byte
      index &+= 1
    }
    return end
  }

  @inline(__always)
  private static func isCleanQuery(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var index = from
    while index < end {
      if ByteClass.forbiddenInTarget.contains(bytes[index]) { return false }
      index &+= 1
    }
    return true
  }
}

/// The one form of a path that matching, access rules, cache key and backend all see.
///
/// RFC 3986 section 6.2.2: percent-encoded unreserved bytes are decoded, hexadecimal digits become
/// upper case, `.` and `..` segments are resolved, encoded or not. Runs of `/` become one when
/// `mergeSlashes` is set. `%2F` stays as it is and separates nothing.
package enum PathNormalizer {
  /// Appends the normal form to `out`, which has room for `count + 1` bytes.
  ///
  /// - Returns: false when the path is refused: a bad escape, `%00`, `..` above the root, or a
  ///   segment such as `..;x`, which some servers take for `..`.
  package static func normalize(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, mergeSlashes: Bool, into out: inout Block
  ) -> Bool {
    let root = out.end
    out.append(byte: 0x2f)
    var segment = out.end
    var index = at
    let end = at &+ count
    if index < end { index &+= 1 }
    while true {
      if index >= end || bytes[index] == 0x2f {
        let isLast = index >= end
        guard closeSegment(&out, root, &segment, isLast: isLast, mergeSlashes) else { return false }
        if isLast { return true }
        index &+= 1
        continue
      }
      guard bytes[index] == 0x25 else {
        out.append(byte: bytes[index])
        index &+= 1
        continue
      }
      guard index &+ 2 < end, let high = ByteClass.hexValue(bytes[index &+ 1]),
        let low = ByteClass.hexValue(bytes[index &+ 2])
      else { return false }
      let value = high << 4 | low
      if value == 0 { return false }
      if ByteClass.unreserved.contains(value) {
        out.append(byte: value)
      } else {
        out.append(byte: 0x25)
        out.append(byte: upperHex(high))
        out.append(byte: upperHex(low))
      }
      index &+= 3
    }
  }

  /// Called at a `/` or the end: `out[segment..<out.end]` is the segment before it.
  private static func closeSegment(
    _ out: inout Block, _ root: Int, _ segment: inout Int, isLast: Bool, _ mergeSlashes: Bool
  ) -> Bool {
    let length = out.end &- segment
    switch dots(out.bytes, segment, length) {
    case .current: out.end = segment
    case .parent:
      guard segment > root &+ 1 else { return false }
      var start = segment &- 1
      while start > root, out.bytes[start &- 1] != 0x2f { start &-= 1 }
      out.end = start
      segment = start
    case .disguised: return false
    case .none:
      if isLast || length == 0 && mergeSlashes { return true }
      out.append(byte: 0x2f)
      segment = out.end
    }
    return true
  }

  private enum Dots { case none, current, parent, disguised }

  private static func dots(_ bytes: borrowing Bytes, _ at: Int, _ length: Int) -> Dots {
    guard length > 0, bytes[at] == 0x2e else { return .none }
    if length == 1 { return .current }
    if bytes[at &+ 1] == 0x3b { return .disguised }
    guard bytes[at &+ 1] == 0x2e else { return .none }
    if length == 2 { return .parent }
    return bytes[at &+ 2] == 0x3b ? .disguised : .none
  }

  private static func upperHex(_ digit: UInt8) -> UInt8 {
    digit < 10 ? digit &+ 0x30 : digit &+ 0x37
  }
}
