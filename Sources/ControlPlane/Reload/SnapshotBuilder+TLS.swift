import DataPlane

/// How backends are spoken to.
extension SnapshotBuilder {
  /// For SNI and the check of the certificate; empty where there is none.
  func serverName(_ pool: Config.Pool, host: Endpoint?) -> [UInt8] {
    guard let tls = pool.tls else { return [] }
    if let name = tls.serverName { return Array(name.utf8) }
    switch host {
    case .ip(let host, _), .name(let host, _): return Array(host.utf8)
    case .unix, nil: return []
    }
  }

  /// Connections that were made in another way are not used again.
  func transport(_ pool: Config.Pool, name: [UInt8]) -> UInt64 {
    if let context = backendTLS.context(pool.name) { return context.transport(name: name) }
    return pool.protocol == .http1 ? 0 : 1
  }
}
