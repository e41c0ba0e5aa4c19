import DataPlane

/// Turns a config and what its names resolve to into the flat tables that workers run by.
struct SnapshotBuilder {
  let config: Config
  let registry: Registry
  /// Addresses by the name and port that were written; a name that has none yet is missing.
  let resolved: [Endpoint: [SocketAddress]]
  /// Pools without a key here bind nobody.
  var stickyKeys = StickyKeys()
  /// Listeners without contexts here speak in clear.
  var tls = ListenerTLS()
  /// Pools without a context here are spoken to in clear.
  var backendTLS = BackendTLS()

  /// One backend as the metrics show it.
  struct BuiltBackend {
    let pool: String
    let address: String
    let weight: Int
    let identity: UInt32
  }

  /// A snapshot, and what is in it for the metrics.
  struct Built {
    let handle: SnapshotHandle
    let backends: [BuiltBackend]
  }

  func build() -> Built {
    var draft = SnapshotDraft()
    addListeners(to: &draft)
    var backends: [BuiltBackend] = []
    var poolIndices: [String: Int] = [:]
    for pool in config.pools {
      poolIndices[pool.name] = draft.pools.count
      addPool(pool, to: &draft, &backends)
    }
    let routes = RouteTablesBuilder(
      config: config, registry: registry, poolIndices: poolIndices,
      cacheIndices: addCaches(to: &draft))
    for route in config.routes { routes.add(route, to: &draft) }
    draft.trusted = config.trustedProxies.map {
      AddressRangeRow(bytes: $0.bytes, prefixLength: $0.prefixLength)
    }
    for page in config.errorPages {
      draft.errorPages.append(
        ErrorPageRow(
          lowest: page.statuses.lowerBound, highest: page.statuses.upperBound,
          contentType: draft.intern(page.contentType.utf8), body: draft.intern(page.body)))
    }
    draft.policy = policy()
    draft.policy.compression = compression(&draft)
    return Built(handle: SnapshotHandle(Snapshot(draft)), backends: backends)
  }

  private func addListeners(to draft: inout SnapshotDraft) {
    for listener in config.listeners {
      let identity = Int(registry.listener(listener.address))
      while draft.listeners.count <= identity { draft.listeners.append(ListenerRow()) }
      var row = ListenerRow()
      row.redirectPort = listener.redirectToHTTPS ?? 0
      if let contexts = tls.contexts(listener.address) {
        row.speaksTLS = true
        row.tls = UInt32(draft.tlsServers.count)
        draft.tlsServers.append(contexts)
      }
      row.speaksHTTP2 = listener.isHTTP2On
      if let proxyProtocol = listener.proxyProtocol {
        row.expectsProxyHeaderFromUnix = proxyProtocol.unix
        row.proxySources = RowRange(
          first: draft.proxySources.count, count: proxyProtocol.ranges.count)
        draft.proxySources += proxyProtocol.ranges.map {
          AddressRangeRow(bytes: $0.bytes, prefixLength: $0.prefixLength)
        }
      }
      draft.listeners[identity] = row
    }
  }

  private func addPool(
    _ pool: Config.Pool, to draft: inout SnapshotDraft, _ backends: inout [BuiltBackend]
  ) {
    let first = draft.backends.count
    let hosts = pool.tls == nil ? [:] : hosts(of: pool)
    for (address, weight, isBackup) in addresses(of: pool) {
      let text = address.description
      let identity = registry.backend(pool: pool.name, address: text)
      var row = BackendRow(
        address: address, name: draft.intern(text.utf8), weight: weight, identity: identity)
      row.isBackup = isBackup
      let name = serverName(pool, host: hosts[text])
      row.transport = transport(pool, name: name)
      row.tlsName = draft.intern(name)
      draft.backends.append(row)
      backends.append(
        BuiltBackend(pool: pool.name, address: text, weight: weight, identity: identity))
    }
    addChecks(pool, from: first, to: &draft)
    var row = PoolRow(
      name: draft.intern(pool.name.utf8), strategy: pool.strategy.kind,
      firstBackend: first, backendCount: draft.backends.count - first,
      counters: registry.pool(pool.name), maxIdlePerBackend: pool.keepAlive.maxIdle,
      idleTimeout: pool.keepAlive.idleTimeout.nanoseconds,
      maxAge: pool.keepAlive.maxAge.nanoseconds)
    row.retry = retry(pool.retry)
    row.capacity = capacity(pool.capacity)
    row.availability.panicBelowPercent = UInt32(pool.panicBelowPercent)
    row.breaker = pool.breaker.policy
    row.availability.maxOpenPercent = UInt32(pool.breaker.maxOpen)
    row.availability.slowStart = pool.slowStart?.nanoseconds ?? 0
    if case .hash(let key) = pool.strategy {
      row.hash = hashRow(key, first..<draft.backends.count, &draft)
    }
    row.proxyVersion = pool.sendProxyProtocol.version
    row.speaksHTTP2 = pool.protocol != .http1
    if let context = backendTLS.context(pool.name) {
      row.tls = Int32(draft.tlsClients.count)
      draft.tlsClients.append(context)
    }
    row.sticky = sticky(pool, &draft, backends.suffix(draft.backends.count - first))
    draft.pools.append(row)
  }

  private func sticky(
    _ pool: Config.Pool, _ draft: inout SnapshotDraft, _ backends: ArraySlice<BuiltBackend>
  ) -> StickyPolicy {
    var policy = StickyPolicy()
    guard pool.sticky.isOn, let key = stickyKeys.keys[pool.name] else { return policy }
    policy.cookie = draft.intern(pool.sticky.cookie.utf8)
    policy.attributes = draft.intern(pool.sticky.attributes.utf8)
    policy.tokens = draft.sticky.add(
      backends.map { StickyToken.make(key: key, pool: pool.name, address: $0.address) })
    return policy
  }

  /// Every address of every backend; one that is named twice counts once, its weights added.
  private func addresses(
    of pool: Config.Pool
  ) -> [(SocketAddress, weight: Int, isBackup: Bool)] {
    var result: [(SocketAddress, weight: Int, isBackup: Bool)] = []
    var positions: [String: Int] = [:]
    for backend in pool.backends {
      let found = backend.address.literalAddress.map { [$0] } ?? resolved[backend.address] ?? []
      for address in found {
        let key = address.description
        if let position = positions[key] {
          result[position].weight += pool.strategy == .roundRobin ? 0 : backend.weight
          result[position].isBackup = result[position].isBackup && backend.isBackup
        } else {
          positions[key] = result.count
          result.append((address, backend.weight, backend.isBackup))
        }
      }
    }
    return result
  }

  private func policy() -> PolicyRow {
    var policy = PolicyRow()
    let timeouts = config.timeouts
    policy.tlsHandshake = timeouts.tlsHandshake.nanosecondsOrNever
    policy.clientHeader = timeouts.clientHeader.nanosecondsOrNever
    policy.clientBodyIdle = timeouts.clientBodyIdle.nanosecondsOrNever
    policy.keepAliveIdle = timeouts.keepAliveIdle.nanosecondsOrNever
    policy.clientWriteIdle = timeouts.clientWriteIdle.nanosecondsOrNever
    policy.connect = timeouts.connect.nanosecondsOrNever
    policy.firstByte = timeouts.firstByte.nanosecondsOrNever
    policy.responseIdle = timeouts.responseIdle.nanosecondsOrNever
    policy.request = timeouts.request.nanosecondsOrNever
    policy.tryTimeout = timeouts.singleTry.nanosecondsOrNever
    policy.tunnelIdle = timeouts.tunnelIdle.nanosecondsOrNever
    policy.headLimits = HeadLimits(
      requestLineBytes: config.limits.requestLineBytes, headBytes: config.limits.headerBytes,
      fieldCount: config.limits.headerCount)
    policy.maxBodyBytes = config.limits.bodyBytes ?? .max
    policy.memoryBudget = config.limits.memoryPerWorkerBytes
    policy.addsVia = config.via
    policy.mergesSlashes = config.mergeSlashes
    policy.sendsToHTTPS = config.listeners.contains { $0.redirectToHTTPS != nil }
    switch config.accessLog {
    case .off: policy.accessLog = .off
    case .text: policy.accessLog = .text
    case .json: policy.accessLog = .json
    }
    return policy
  }
}
