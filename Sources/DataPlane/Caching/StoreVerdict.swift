/// Whether a response is stored, or why not (RFC 9111 section 3).
package enum StoreVerdict: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  case store
  case method, requestNoStore
  case interim, partialContent, notModified
  case noStore, isPrivate, authorization, setCookie, varyStar, varyTooLong
  case notUnderstood, statusNeedsFreshness, noFreshness, staleAtOnce, tooLong
  /// The cache: its request has no key, or it no room.
  case noKey, noRoom

  /// For admin, logs and `Cache-Status`: lower case, no quotes.
  package var text: StaticString {
    switch self {
    case .store: return "stored"
    case .method: return "method is not get"
    case .requestNoStore: return "request says no-store"
    case .interim: return "interim response"
    case .partialContent: return "partial content"
    case .notModified: return "status 304"
    case .noStore: return "response says no-store"
    case .isPrivate: return "response says private"
    case .authorization: return "request has authorization"
    case .setCookie: return "set-cookie"
    case .varyStar: return "vary *"
    case .varyTooLong: return "vary too long"
    case .notUnderstood: return "must-understand and unknown status"
    case .statusNeedsFreshness: return "status without explicit freshness"
    case .noFreshness: return "no freshness information"
    case .staleAtOnce: return "stale at once and no validator"
    case .noKey: return "request has no key"
    case .noRoom: return "cache has no room"
    case .tooLong: return "longer than max_object"
    }
  }
}
