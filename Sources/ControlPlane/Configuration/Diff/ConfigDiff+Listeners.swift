/// Listeners, pools and backends: what has an identity that a reload keeps.
extension ConfigDiff {
  mutating func addListeners(_ old: Config, _ new: Config) {
    let before = old.listeners.map(\.address)
    let after = new.listeners.map(\.address)
    for address in after where !before.contains(address) {
      add(.changes, .listeners, "listener \(address) is opened")
    }
    for address in before where !after.contains(address) {
      add(.drains, .listeners, "listener \(address) is closed; its connections are served on")
    }
    let former = Dictionary(old.listeners.map { ($0.address, $0) }) { first, _ in first }
    for listener in new.listeners {
      if let former = former[listener.address] { addListener(former, listener) }
    }
    let kept = after.filter(before.contains).map(\.description)
    if !kept.isEmpty {
      add(
        .keeps, .listeners,
        "\(ConfigWords.count(kept.count, "listener")) and all connections: \(shortened(kept))")
    }
  }

  mutating func addPools(_ old: Config, _ new: Config) {
    let before = Dictionary(old.pools.map { ($0.name, $0) }) { first, _ in first }
    let after = Set(new.pools.map(\.name))
    var kept: [String] = []
    for pool in new.pools {
      guard let former = before[pool.name] else {
        let backends = shortened(pool.backends.map(\.address.description))
        add(.changes, .pools, "pool \(quoted(pool.name)) is added: \(backends)")
        continue
      }
      if former == pool { kept.append(pool.name) } else { addPool(former, pool) }
    }
    for pool in old.pools where !after.contains(pool.name) {
      let backends = shortened(pool.backends.map(\.address.description))
      add(
        .drains, .pools,
        "pool \(quoted(pool.name)) is removed; what its backends work at is finished: \(backends)")
    }
    if !kept.isEmpty {
      add(
        .keeps, .pools,
        "\(ConfigWords.count(kept.count, "pool")) with counters and idle connections: "
          + shortened(kept))
    }
  }

  private mutating func addPool(_ old: Config.Pool, _ new: Config.Pool) {
    let pool = "pool \(quoted(new.name))"
    if old.strategy != new.strategy {
      add(
        .changes, .pools,
        "\(pool): strategy was \(old.strategy.text), is now \(new.strategy.text)")
    }
    if old.slowStart != new.slowStart {
      let before = ConfigWords.duration(old.slowStart)
      let after = ConfigWords.duration(new.slowStart)
      add(.changes, .pools, "\(pool): slow_start was \(before), is now \(after)")
    }
    addBackends(pool, old.backends, new.backends)
    for (before, after) in zip(Self.settings(old), Self.settings(new))
    where before.text != after.text {
      add(.changes, .pools, "\(pool): \(before.name) was \(before.text), is now \(after.text)")
    }
    for (name, before, after) in Self.health(old, new) where before != after {
      add(.changes, .pools, "\(pool): \(name) was \(before), is now \(after)")
    }
    for (name, before, after) in breakerWords(old.breaker, new.breaker) where before != after {
      add(.changes, .pools, "\(pool): \(name) was \(before), is now \(after)")
    }
    if let before = old.sticky.key, let after = new.sticky.key, before != after {
      add(.changes, .pools, "\(pool): sticky.key is another one, so all clients are bound anew")
    }
  }

  /// All options of a pool but its strategy and backends, as words.
  private static func settings(_ pool: Config.Pool) -> [(name: String, text: String)] {
    func text(_ duration: Duration) -> String { DurationText.format(duration) }
    func bound(_ number: Int?) -> String { number.map(String.init) ?? "off" }
    return [
      ("keep_alive.max_idle", "\(pool.keepAlive.maxIdle)"),
      ("keep_alive.idle_timeout", text(pool.keepAlive.idleTimeout)),
      ("keep_alive.max_age", text(pool.keepAlive.maxAge)),
      ("retry.tries", "\(pool.retry.tries)"),
      ("retry.backoff", text(pool.retry.backoff)),
      ("retry.max_backoff", text(pool.retry.maxBackoff)),
      ("retry.budget", pool.retry.budgetPercent.map { "\($0)%" } ?? "off"),
      ("retry.reserve", "\(pool.retry.budgetReserve)"),
      ("retry.body", SizeText.format(Int64(pool.retry.bodyBytes))),
      ("capacity.in_flight", bound(pool.capacity.inFlight)),
      ("capacity.in_flight_per_backend", bound(pool.capacity.inFlightPerBackend)),
      ("capacity.max_connections", bound(pool.capacity.maxConnections)),
      ("capacity.queue", "\(pool.capacity.queue)"),
      ("capacity.queue_timeout", text(pool.capacity.queueTimeout)),
      ("send_proxy_protocol", pool.sendProxyProtocol.rawValue),
      ("protocol", pool.protocol.rawValue),
    ] + settings(pool.tls) + settings(pool.sticky)
  }

  private static func settings(_ sticky: Config.Sticky) -> [(name: String, text: String)] {
    [
      ("sticky", sticky.isOn ? "on" : "off"), ("sticky.cookie", sticky.cookie),
      ("sticky.key", sticky.key?.description ?? "left out"),
      ("sticky.key_file", sticky.keyFile ?? "left out"),
      ("sticky.max_age", sticky.maxAge.map(DurationText.format) ?? "off"),
      ("sticky.path", sticky.path), ("sticky.domain", sticky.domain ?? "left out"),
      ("sticky.secure", "\(sticky.secure)"), ("sticky.same_site", sticky.sameSite.rawValue),
      ("sticky.http_only", "\(sticky.httpOnly)"),
    ]
  }

  /// By address: that is what counters and idle connections hang on.
  private mutating func addBackends(
    _ pool: String, _ old: [Config.Backend], _ new: [Config.Backend]
  ) {
    let before = Dictionary(grouping: old, by: \.address)
    let after = Dictionary(grouping: new, by: \.address)
    var seen: Set<Endpoint> = []
    for backend in new where seen.insert(backend.address).inserted {
      let name = "\(pool): backend \(backend.address)"
      let weights = after[backend.address, default: []].map(\.weight)
      guard let former = before[backend.address]?.map(\.weight) else {
        let weight = weights == [1] ? "" : " with weight \(words(weights))"
        let backup = isBackup(after[backend.address]) ? " as a backup" : ""
        add(.changes, .pools, "\(name) is added\(backup)\(weight)")
        continue
      }
      if isBackup(before[backend.address]) != isBackup(after[backend.address]) {
        let now = isBackup(after[backend.address]) ? "now a backup" : "no longer a backup"
        add(.changes, .pools, "\(name) is \(now)")
      }
      if former != weights {
        add(.changes, .pools, "\(name): weight was \(words(former)), is now \(words(weights))")
      }
    }
    seen = []
    for backend in old
    where after[backend.address] == nil && seen.insert(backend.address).inserted {
      add(
        .drains, .pools,
        "\(pool): backend \(backend.address) is removed; it finishes the requests it has")
    }
    if old.map(\.address) != new.map(\.address), Set(before.keys) == Set(after.keys),
      old.count == new.count
    {
      add(.changes, .pools, "\(pool): the order of its backends")
    }
  }

  /// One that is named twice is a backup only if it is one both times.
  private func isBackup(_ backends: [Config.Backend]?) -> Bool {
    backends?.allSatisfy(\.isBackup) ?? false
  }

  private func words(_ weights: [Int]) -> String {
    weights.map(String.init).joined(separator: " + ")
  }

  /// At most eight of them.
  func shortened(_ items: [String]) -> String {
    let most = 8
    let more = items.count > most ? " and \(items.count - most) more" : ""
    return items.prefix(most).joined(separator: ", ") + more
  }
}
