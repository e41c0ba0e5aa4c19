/// What the cache did with a request, as one member of `Cache-Status` (RFC 9211).
package struct CacheStatus: BitwiseCopyable, Sendable {
  /// Why a request went on to the backend (RFC 9211 section 2.2).
  package enum Forward: UInt8, Sendable, BitwiseCopyable {
    case bypass, method, uriMiss, varyMiss, miss, request, stale, partial

    package var text: StaticString {
      switch self {
      case .bypass: return "bypass"
      case .method: return "method"
      case .uriMiss: return "uri-miss"
      case .varyMiss: return "vary-miss"
      case .miss: return "miss"
      case .request: return "request"
      case .stale: return "stale"
      case .partial: return "partial"
      }
    }
  }

  /// Nil: answered from the store.
  package var forward: Forward?
  /// Of the backend's answer, when it is not the one that the client gets; 0 leaves it out.
  package var forwardStatus = 0
  /// Freshness that is left, in seconds; negative when stale.
  package var ttl: Int64?
  package var isStored = false
  package var isCollapsed = false
  /// Anything else, lower case, without quotes and backslashes.
  package var detail: StaticString?

  package init(hit ttl: Int64) { self.ttl = ttl }
  package init(_ forward: Forward) { self.forward = forward }

  /// A line is no longer than this, with a detail of 64 bytes.
  package static var lineMax: Int { 224 }

  /// Appends the line, CR LF included; lines that are there already stand before it, as the caches
  /// that the response passed before do (RFC 9211 section 2).
  package func writeLine(into block: inout Block) {
    block.append("Cache-Status: headrace")
    if let forward {
      block.append("; fwd=")
      block.append(forward.text)
      if forwardStatus > 0 {
        block.append("; fwd-status=")
        block.append(decimal: forwardStatus)
      }
    } else {
      block.append("; hit")
    }
    if let ttl {
      block.append("; ttl=")
      // An integer of structured fields has 15 digits.
      let size = Int(truncatingIfNeeded: min(ttl.magnitude, 999_999_999_999_999))
      if ttl < 0 { block.append(byte: 0x2d) }
      block.append(decimal: size)
    }
    if isStored { block.append("; stored") }
    if isCollapsed { block.append("; collapsed") }
    if let detail {
      block.append("; detail=\"")
      block.append(detail)
      block.append("\"")
    }
    block.append("\r\n")
  }
}
