import DataPlane

/// The request as the backend would get it.
extension Explanation {
  /// Stands for the id, which is made for each request.
  private static let requestID = "(an id made for each request)"

  func forward(
    _ probe: RouteProbe, _ decision: RouteDecision, _ config: Config, _ route: Config.Route,
    _ pool: Config.Pool, _ snapshot: SnapshotHandle
  ) -> Outcome {
    guard let target = probe.forwardedTarget(snapshot.value, decision) else {
      return .refused(status: 400, reason: "the rewritten path is not valid")
    }
    var fields = ForwardedFields.lines(
      head: request.head, peer: request.client, isTrusted: isTrusted, addsVia: config.via)
    if request.isSecure, !isTrusted || request.value("X-Forwarded-Proto") == nil {
      let clear = Array("X-Forwarded-Proto: http\r\n".utf8)
      fields = fields.map { $0 == clear ? Array("X-Forwarded-Proto: https\r\n".utf8) : $0 }
    }
    var head = Array("\(request.method) ".utf8) + target + Array(" HTTP/1.1\r\n".utf8)
    head += fields.joined() + [0x0d, 0x0a]
    let row = snapshot.value.routes[Int(decision.route)]
    if row.flags.contains(.editsRequest) {
      let edits = snapshot.value.routing.details[Int(row.detail)].requestEdits
      guard let edited = probe.edited(head, edits, snapshot.value, decision) else {
        return .refused(status: 431, reason: "the edited head is too long")
      }
      head = edited
    }
    let zeros = String(repeating: "0", count: 32)
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map {
      $0.replacing(zeros, with: Self.requestID)
    }
    let cache = cache(probe, route, row, snapshot)
    return .forward(
      Forward(
        head: lines.map { String($0) }, pool: pool.name, strategy: pool.strategy.text,
        backends: pool.backends.map { text($0, pool.strategy) }, spoken: spoken(pool),
        key: key(probe, decision, pool, snapshot),
        sticky: sticky(probe, pool, snapshot, row.pool),
        cache: cache.words, cacheKey: cache.key,
        timeouts: timeouts(route.timeouts, config.timeouts)))
  }

  /// nil for HTTP/1.1 in clear.
  private func spoken(_ pool: Config.Pool) -> String? {
    let version = pool.protocol == .http1 ? "HTTP/1.1" : "HTTP/2"
    guard let tls = pool.tls else {
      return pool.protocol == .http1 ? nil : "\(version) in clear"
    }
    if !tls.verifies { return "\(version) over TLS, with any certificate" }
    let name = tls.serverName.map(quoted) ?? "the backend's name"
    let authorities = tls.authorities?.path ?? "the system's authorities"
    return "\(version) over TLS, with a certificate for \(name) by \(authorities)"
  }

  private func sticky(
    _ probe: RouteProbe, _ pool: Config.Pool, _ snapshot: SnapshotHandle, _ index: UInt32
  ) -> String? {
    guard pool.sticky.isOn else { return nil }
    let cookie = "cookie \(quoted(pool.sticky.cookie))"
    let row = snapshot.value.pools[Int(index)]
    guard row.sticky.isOn else { return "\(cookie), whose key is in a file that is not read here" }
    guard let place = probe.boundPlace(row.sticky, snapshot.value) else {
      return "no known \(cookie), so the strategy chooses"
    }
    let backend = snapshot.value.backends[Int(row.firstBackend) + place]
    return "bound by \(cookie) to \(snapshot.value.string(backend.name))"
  }

  private func text(_ backend: Config.Backend, _ strategy: Config.Strategy) -> String {
    let address = backend.address.description
    if backend.weight == 0 { return "\(address) (weight 0: nothing new)" }
    let isWeighted = strategy == .weightedRoundRobin || backend.weight != 1
    let facts =
      (isWeighted ? ["weight \(backend.weight)"] : []) + (backend.isBackup ? ["backup"] : [])
    return facts.isEmpty ? address : "\(address) (\(facts.joined(separator: ", ")))"
  }

  /// Backends that are names are not resolved here, so they have no place in the table.
  private func key(
    _ probe: RouteProbe, _ decision: RouteDecision, _ pool: Config.Pool, _ handle: SnapshotHandle
  ) -> String? {
    guard pool.strategy.hashes else { return nil }
    let route = handle.value.routes[Int(decision.route)]
    let row = handle.value.pools[Int(route.pool)]
    guard let key = probe.balanceKey(row.hash, handle.value, decision) else {
      return "the request has none, so it goes round robin"
    }
    let isNamed = pool.backends.contains { if case .name = $0.address { true } else { false } }
    if isNamed { return "found; its backend hangs on what the names resolve to" }
    guard row.hash.slots.count > 0 else { return "found, but no backend wants requests" }
    let place = handle.value.hashSlots[row.hash.slots.slot(of: key, step: 0)]
    let name = handle.value.backends[Int(row.firstBackend + place)].name
    let address = (0..<Int(name.count)).map { handle.value.text[Int(name.offset) + $0] }
    return "belongs to \(String(decoding: address, as: UTF8.self)) while that is available"
  }

  private func timeouts(
    _ route: Config.RouteTimeouts, _ global: Config.Timeouts
  ) -> [Setting] {
    [
      ("request", route.request, global.request), ("connect", route.connect, global.connect),
      ("first_byte", route.firstByte, global.firstByte),
      ("response_idle", route.responseIdle, global.responseIdle),
      ("try", route.singleTry, global.singleTry),
    ].map { name, choice, duration in
      let own = ConfigWords.choice(choice)
      return Setting(
        name: name, value: own ?? ConfigWords.duration(duration), isOfRoute: own != nil)
    }
  }
}
