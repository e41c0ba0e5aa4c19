/// Which route a request takes: the first, in the order written, whose host and path match.
///
/// Pure: bytes and a snapshot in, an index out.
package enum Router {
  /// - Parameters:
  ///   - host: lower or upper case, without a port; empty when the request named none.
  ///   - path: in its normal form, without the query.
  @inline(__always)
  package static func match(
    _ snapshot: borrowing Snapshot, host: borrowing Bytes, path: borrowing Bytes
  ) -> Int? {
    for index in 0..<snapshot.routes.count
    where matches(snapshot, index, host: host, path: path) {
      return index
    }
    return nil
  }

  @inline(__always)
  private static func matches(
    _ snapshot: borrowing Snapshot, _ index: Int, host: borrowing Bytes, path: borrowing Bytes
  ) -> Bool {
    let hostPattern = snapshot.routes[index].host
    let pathPattern = snapshot.routes[index].path
    if hostPattern.kind == .any, pathPattern.kind == .any { return true }
    return matchesPath(snapshot.text.span, pathPattern, path)
      && matchesHost(snapshot.text.span, hostPattern, host)
  }

  private static func matchesPath(
    _ text: borrowing Bytes, _ pattern: PatternRow, _ path: borrowing Bytes
  ) -> Bool {
    let count = Int(pattern.text.count)
    switch pattern.kind {
    case .any: return true
    case .exact:
      return path.count == count && isEqual(text, pattern.text, path, 0)
    case .below:
      guard path.count >= count, isEqual(text, pattern.text, path, 0) else { return false }
      return path.count == count || path[count] == 0x2f
    }
  }

  private static func matchesHost(
    _ text: borrowing Bytes, _ pattern: PatternRow, _ host: borrowing Bytes
  ) -> Bool {
    let count = Int(pattern.text.count)
    // `example.com.` is the same host as `example.com`.
    var length = host.count
    if length > 1, host[length - 1] == 0x2e { length -= 1 }
    switch pattern.kind {
    case .any: return true
    case .exact: return length == count && isEqualLower(text, pattern.text, host, 0)
    case .below:
      return length > count && isEqualLower(text, pattern.text, host, length - count)
    }
  }

  private static func isEqual(
    _ text: borrowing Bytes, _ reference: TextReference, _ other: borrowing Bytes, _ at: Int
  ) -> Bool {
    for index in 0..<Int(reference.count)
    where text[Int(reference.offset) &+ index] != other[at &+ index] { return false }
    return true
  }

  private static func isEqualLower(
    _ text: borrowing Bytes, _ reference: TextReference, _ other: borrowing Bytes, _ at: Int
  ) -> Bool {
    for index in 0..<Int(reference.count) {
      let byte = other[at &+ index]
      let lower = byte &- 0x41 <= 25 ? byte | 0x20 : byte
      if text[Int(reference.offset) &+ index] != lower { return false }
    }
    return true
  }
}
