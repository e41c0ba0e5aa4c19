/// What an unsafe request makes invalid (RFC 9111 section 4.4). Pure.
///
/// The target's own URI, and those in `Location` and `Content-Location` when they are of the same
/// origin: else one site could empty the cache of another.
package enum Invalidation {
  /// A non-error answer to a method that is unsafe, or whose safety is not known.
  package static func isDue(_ method: Method, status: Int) -> Bool {
    switch method {
    case .get, .head, .options, .trace: return false
    case .put, .delete, .connect, .other: return status >= 200 && status < 400
    }
  }

  /// Where a request went: what references are relative to.
  package struct Base: BitwiseCopyable, Sendable {
    package var isSecure: Bool
    /// `host [":" port]`, in the bytes that are given beside it.
    package var host: ValueRange
    /// The path in its normal form, beginning with `/`.
    package var path: ValueRange

    package init(isSecure: Bool, host: ValueRange, path: ValueRange) {
      self.isSecure = isSecure
      self.host = host
      self.path = path
    }
  }

  /// Resolves a reference (RFC 3986 section 5.2) to path and query of the same origin.
  ///
  /// The path is written to `out` in its one normal form, then the query with its `?`. A reference
  /// to another origin, one that leaves the root by `..`, and what is no reference are refused.
  ///
  /// - Parameters:
  ///   - base: `hosts` and `paths` hold its host and path.
  ///   - scratch: for the path before it is normal.
  /// - Returns: the length of the path, which begins where `out` ended; nil when refused.
  package static func resolve(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ base: Base,
    hosts: borrowing Bytes, paths: borrowing Bytes, mergeSlashes: Bool,
    scratch: inout Block, into out: inout Block
  ) -> Int? {
    let end = fragment(bytes, at, at &+ count)
    for index in at..<end where !isAllowed(bytes[index]) { return nil }
    guard
      let start = skipOrigin(bytes, at, end, base, hosts),
      scratch.capacity >= base.path.count &+ count &+ 2
    else { return nil }
    var pathEnd = start
    while pathEnd < end, bytes[pathEnd] != 0x3f { pathEnd &+= 1 }
    scratch.removeAll()
    let hasAuthority = start > at
    if pathEnd > start {
      // Relative to the directory of the base, or absolute.
      if bytes[start] != 0x2f { scratch.append(paths, base.path.at, directory(base, paths)) }
      scratch.append(bytes, start, pathEnd &- start)
    } else if hasAuthority {
      scratch.append(byte: 0x2f)
    } else if pathEnd < end {
      scratch.append(paths, base.path.at, base.path.count)
    } else {
      // Nothing but perhaps a fragment: the target itself, which is invalid anyway.
      return nil
    }
    guard scratch.bytes[0] == 0x2f else { return nil }
    let room = 3 &* scratch.end &+ (end &- pathEnd) &+ 2
    guard out.capacity &- out.end >= room else { return nil }
    let from = out.end
    guard
      PathNormalizer.normalize(
        scratch.bytes, 0, scratch.end, mergeSlashes: mergeSlashes, into: &out)
    else {
      out.end = from
      return nil
    }
    let length = out.end &- from
    out.append(bytes, pathEnd, end &- pathEnd)
    return length
  }

  /// Up to and with the last slash.
  private static func directory(_ base: Base, _ paths: borrowing Bytes) -> Int {
    var count = base.path.count
    while count > 0, paths[base.path.at &+ count &- 1] != 0x2f { count &-= 1 }
    return count
  }

  private static func fragment(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> Int {
    var index = at
    while index < end, bytes[index] != 0x23 { index &+= 1 }
    return index
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte == 0x25 || ByteClass.allowedInURI.contains(byte)
  }

  // MARK: The origin

  /// Where the path begins; nil for another origin and for what is no reference.
  private static func skipOrigin(
    _ bytes: borrowing Bytes, _ at: Int, _ end: Int, _ base: Base, _ hosts: borrowing Bytes
  ) -> Int? {
    var authority = at
    if let colon = schemeEnd(bytes, at, end) {
      let scheme: StaticString = base.isSecure ? "https" : "http"
      guard FieldParser.equals(bytes, at, colon &- at, scheme) else { return nil }
      authority = colon &+ 1
      guard authority &+ 1 < end else { return nil }
    }
    guard authority &+ 1 < end, bytes[authority] == 0x2f, bytes[authority &+ 1] == 0x2f else {
      return authority == at ? at : nil
    }
    authority &+= 2
    var path = authority
    while path < end, bytes[path] != 0x2f, bytes[path] != 0x3f { path &+= 1 }
    guard HostParser.isValid(bytes, authority, path &- authority) else { return nil }
    let own = withoutPort(hosts, base.host.at, base.host.count, base.isSecure)
    let other = withoutPort(bytes, authority, path &- authority, base.isSecure)
    guard own == other, FieldLines.isSame(hosts, base.host.at, bytes, authority, own) else {
      return nil
    }
    return path
  }

  /// The colon behind a scheme; nil when there is none before a `/` or `?`.
  private static func schemeEnd(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> Int? {
    var index = at
    while index < end, bytes[index] != 0x2f, bytes[index] != 0x3f {
      if bytes[index] == 0x3a { return index }
      index &+= 1
    }
    return nil
  }

  /// The length of the authority without a port that says nothing: none, or the scheme's own.
  private static func withoutPort(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ isSecure: Bool
  ) -> Int {
    let name = HostParser.nameLength(bytes, at, count)
    if name == count { return count }
    let port = count &- name &- 1
    let isDefault: Bool =
      port == 0
      || FieldParser.equals(bytes, at &+ name &+ 1, port, isSecure ? "443" : "80")
    return isDefault ? name : count
  }
}
