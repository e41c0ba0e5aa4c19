/// A request as the router and templates see it: places in bytes that are passed beside it.
///
/// Two spans go with it: the head's bytes, of which `head` is the table, and those that hold the
/// normalised path. 64 bytes behind the data of either may be read. The table is passed as `inout`
/// though nobody changes it: a borrow of it copies its 3 KiB (Swift 6.3), an address does not.
package struct RouteRequest: BitwiseCopyable {
  /// The head's first byte.
  package var origin = 0
  /// Without a port; empty when the request named none.
  package var host = 0
  package var hostLength = 0
  /// In the path's own bytes.
  package var path = 0
  package var pathLength = 0
  /// The path's bytes are not the head's.
  package var isNormalised = false
  /// Without its `?`.
  package var query = 0
  package var queryLength = 0
  /// The client's; behind trusted proxies the forwarded one.
  package var address = PeerAddress.none
  /// The peer's word about forwarding is believed.
  package var isTrusted = false
  /// It came encrypted.
  package var isTLS = false
  package var requestID: (UInt64, UInt64) = (0, 0)
  /// That the request's timeout leaves; nil without one.
  package var remainingMilliseconds: Int?

  package init() {}

  /// `OPTIONS *` has no path.
  @inline(__always) func isAsterisk(_ path: borrowing Bytes) -> Bool {
    pathLength > 0 && path[self.path] != 0x2f
  }
}

/// What the router says: a route, and which of its path patterns.
package struct RouteDecision: BitwiseCopyable, Equatable, Sendable {
  package var route: UInt32
  package var path: UInt32
  package init(route: UInt32, path: UInt32) {
    self.route = route
    self.path = path
  }
}

extension RouteRequest {
  /// Of the head at `origin`; the path is the target's, or, when that was not in its normal form,
  /// in bytes of its own from 0 on.
  @inline(__always)
  init(
    _ bytes: borrowing Bytes, _ origin: Int, _ head: inout MessageHead,
    _ target: RequestTarget, normalisedCount: Int
  ) {
    self.origin = origin
    if target.authorityLength > 0 {
      host = target.authority
      hostLength = HostParser.nameLength(bytes, host, target.authorityLength)
    } else if head.host >= 0 {
      let field = head.fields[head.host]
      host = origin &+ Int(field.value)
      hostLength = HostParser.nameLength(bytes, host, Int(field.valueLength))
    }
    isNormalised = target.needsNormalizing
    path = target.needsNormalizing ? 0 : target.path
    pathLength = target.needsNormalizing ? normalisedCount : target.pathLength
    if target.queryLength > 0 {
      query = target.query &+ 1
      queryLength = target.queryLength &- 1
    }
  }
}
