/// Where a key's text is in the block that it was written into.
package struct CacheKeyText: BitwiseCopyable, Equatable, Sendable {
  package let at: Int
  /// Of `http://host[:port]/path?query`: what a purge by URL names.
  package let urlLength: Int
  /// With everything else that makes the key.
  package let length: Int
  package init(at: Int, urlLength: Int, length: Int) {
    self.at = at
    self.urlLength = urlLength
    self.length = length
  }
}

/// What a request is stored under, as text. Pure; on the path of each hit.
///
/// The URL comes first: the scheme of the client's connection, the host in lower case without a
/// default port, the path in its one normal form, the query as the options want it. Items follow,
/// each behind a line feed, which no part of a head can contain (RFC 9110 section 5.5), so that no
/// value passes for another item: `h:name=value` for headers, `c:name=value` for cookies, and those
/// of `CacheKey+Items.swift`.
///
/// What a backend can tell apart has different keys, unless an option leaves out just that: a
/// response that one request provokes is never given to one of another meaning. So `/a?` is not
/// `/a`; a host in capitals or with a default port, which an application may echo, is the same URL
/// with an item of its own.
///
/// The method is no part of it: a GET is stored, HEAD shares it, and an unsafe request has the key
/// of the GET that it invalidates (RFC 9111 section 4.4).
package enum CacheKey {
  /// Appends the text of a request's key to `out`.
  ///
  /// - Parameters:
  ///   - bytes: the head's, of which `head` is the table.
  ///   - path: those that hold the normalised path.
  ///   - route: name of the route, when something else than host and path chose it: the same URL
  ///     may belong to another pool for somebody else.
  /// - Returns: nil when the cache must not be used: the text is too long for the block, the
  ///   request has no path, or it is a GET or HEAD with content, which the key does not have (RFC
  ///   9110 section 9.3.1: it has no meaning, which keeps no backend from reading it). `out` is as
  ///   it was.
  @inline(__always)
  package static func write(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, path: borrowing Bytes, isTLS: Bool,
    route: TextReference? = nil, into out: inout Block
  ) -> CacheKeyText? {
    let at = out.end
    guard isKeyed(request, &head, path),
      urlRoom(request) <= out.capacity &- at
    else { return nil }
    out.append(isTLS ? "https://" : "http://")
    let isPlainHost = HostText.isPlain(bytes, request.host, request.hostLength)
    if isPlainHost {
      out.append(bytes, request.host, request.hostLength)
    } else {
      HostText.write(bytes, request.host, request.hostLength, isTLS: isTLS, into: &out)
    }
    if row.query == .all, !row.sortsQuery {
      // With its `?`, which stands in front of a query that is there, even if it is empty.
      let query = request.query > 0 ? request.queryLength &+ 1 : 0
      if request.isNormalised {
        out.append(path, request.path, request.pathLength)
        if query > 0 { out.append(bytes, request.query &- 1, query) }
      } else {
        out.append(bytes, request.path, request.pathLength &+ query)
      }
    } else {
      out.append(path, request.path, request.pathLength)
      if request.query > 0 { writeQuery(row, snapshot, request, bytes, into: &out) }
    }
    let urlLength = out.end &- at
    if isPlainHost, route == nil, row.headers.count == 0, row.cookies.count == 0,
      !KeyFields.anySpeaksForTarget(request, &head, bytes)
    {
      return CacheKeyText(at: at, urlLength: urlLength, length: urlLength)
    }
    guard writeItems(row, snapshot, request, &head, bytes, route: route, into: &out) else {
      out.end = at
      return nil
    }
    return CacheKeyText(at: at, urlLength: urlLength, length: out.end &- at)
  }

  /// Of `bytes[at..<at + count]`, of which eight bytes behind the end may be read.
  @inline(__always)
  package static func hash(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, seed: HashSeed
  ) -> Hash128 {
    SipHash(seed).finish(bytes, at, count)
  }

  @inline(__always)
  private static func isKeyed(
    _ request: RouteRequest, _ head: inout MessageHead, _ path: borrowing Bytes
  ) -> Bool {
    guard request.pathLength > 0, !request.isAsterisk(path) else { return false }
    switch head.method {
    case .get, .head: return !head.isChunked && head.contentLength <= 0
    default: return true
    }
  }

  /// Of the URL, at most: scheme, host, `:` and port, path, `?`, query.
  @inline(__always) private static func urlRoom(_ request: RouteRequest) -> Int {
    8 &+ request.hostLength &+ 6 &+ request.pathLength &+ 1 &+ request.queryLength
  }
}

/// The host of a request, and the port behind it.
enum HostText {
  /// It is in its one form: in lower case, without a port. So is a missing one (HTTP/1.0).
  @inline(__always)
  static func isPlain(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    if count == 0 { return true }
    // The byte behind the host is looked at as well: a port begins with a colon.
    let end = at &+ count
    if bytes[end] == 0x3a { return false }
    var index = at
    while index < end {
      let lanes = load16(bytes, index)
      var upper = laneBits((lanes &- Lanes(repeating: 0x41)) .<= Lanes(repeating: 25))
      if end &- index < 16 { upper &= (1 << UInt32(truncatingIfNeeded: end &- index)) &- 1 }
      if upper != 0 { return false }
      index &+= 16
    }
    return true
  }

  /// In lower case; behind it the port, if it is not the scheme's own (RFC 9110 section 4.2.3).
  @inline(never)
  static func write(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, isTLS: Bool, into out: inout Block
  ) {
    for index in at..<(at &+ count) { out.append(byte: HostKey.lower(bytes[index])) }
    guard let port = port(bytes, at, count), port != (isTLS ? 443 : 80) else { return }
    out.append(byte: 0x3a)
    out.append(decimal: port)
  }

  /// nil when there is none, or only its colon.
  private static func port(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int? {
    let length = portLength(bytes, at, count)
    guard length > 1 else { return nil }
    var port = 0
    for index in (at &+ count &+ 1)..<(at &+ count &+ length) {
      port = port &* 10 &+ Int(bytes[index] &- 0x30)
    }
    return port
  }

  /// Of the port with its colon, as it came; `HostParser` took at most five digits.
  static func portLength(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int {
    let colon = at &+ count
    guard bytes[colon] == 0x3a else { return 0 }
    var end = colon &+ 1
    while end &- colon <= 5, ByteClass.isDigit(bytes[end]) { end &+= 1 }
    return end &- colon
  }
}
