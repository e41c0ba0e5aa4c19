import DataPlane

extension Endpoint {
  /// The address of a literal or a unix path; nil for a name, which has to be resolved.
  var literalAddress: SocketAddress? {
    switch self {
    case .ip(let host, let port): return SocketAddress(ip: host, port: port)
    case .unix(let path): return SocketAddress(unixPath: path)
    case .name: return nil
    }
  }

  /// With another port: for listeners that asked for any.
  func withPort(_ port: UInt16) -> Endpoint {
    switch self {
    case .ip(let host, _): return .ip(host: host, port: port)
    case .name(let host, _): return .name(host: host, port: port)
    case .unix: return self
    }
  }
}

extension Duration {
  /// Whole nanoseconds, for the data plane's clock.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, seconds < 1 << 32 else { return seconds < 0 ? 0 : 1 << 62 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
  }
}

extension Optional where Wrapped == Duration {
  /// Off is never.
  var nanosecondsOrNever: UInt64 { self?.nanoseconds ?? .max }
}
