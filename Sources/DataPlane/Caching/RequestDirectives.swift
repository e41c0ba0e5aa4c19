/// What a request says of how a stored response may be used for it, and whether its response may
/// be stored. Read once, when the request comes; later decisions need no request head.
package struct RequestDirectives: BitwiseCopyable, Equatable, Sendable {
  /// `no-cache`, or `Pragma: no-cache` alone (RFC 9111 sections 5.2.1.4, 5.4).
  package var noCache = false
  package var noStore = false
  package var onlyIfCached = false
  package var noTransform = false
  /// The request carries credentials (RFC 9111 section 3.5).
  package var hasAuthorization = false
  // Seconds; -1 when absent.
  package var maxAge: Int64 = -1
  package var minFresh: Int64 = -1
  package var maxStale: Int64 = -1
  package var staleIfError: Int64 = -1

  package init() {}

  /// None but what must be obeyed: for a client that may not force validations any more.
  package var withoutReload: RequestDirectives {
    var rest = self
    rest.noCache = false
    rest.maxAge = -1
    rest.minFresh = -1
    return rest
  }

  @inline(__always)
  package static func read(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> RequestDirectives {
    var result = RequestDirectives()
    result.hasAuthorization = fields.authorization >= 0
    if fields.hasDirectives { result.readLines(fields, &head, bytes, origin) }
    return result
  }

  private mutating func readLines(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    guard fields.cacheControl >= 0 else {
      // `Pragma` has the same grammar, and counts only without `Cache-Control`.
      let pragma = CacheControl.read(
        fields.pragma, isRepeated: fields.repeated.contains(.pragma), &head, bytes, origin)
      noCache = !pragma.flags.isDisjoint(with: [.noCache, .noCacheFields])
      return
    }
    let control = CacheControl.read(
      fields.cacheControl, isRepeated: fields.repeated.contains(.cacheControl), &head, bytes,
      origin)
    // Field names mean nothing in a request.
    noCache = !control.flags.isDisjoint(with: [.noCache, .noCacheFields])
    noStore = control.flags.contains(.noStore)
    onlyIfCached = control.flags.contains(.onlyIfCached)
    noTransform = control.flags.contains(.noTransform)
    maxAge = control.maxAge
    minFresh = control.minFresh
    maxStale = control.maxStale
    staleIfError = control.staleIfError
  }
}
