import DataPlane

/// The health checks of a pool, one for each of its addresses.
extension SnapshotBuilder {
  /// - Parameter first: the first row of the pool's backends, which are the last ones so far.
  func addChecks(_ pool: Config.Pool, from first: Int, to draft: inout SnapshotDraft) {
    guard pool.health.isOn else { return }
    let names = hosts(of: pool)
    let hosts = names.mapValues { host in
      if case .unix = host { "localhost" } else { host.description }
    }
    let counters = registry.pool(pool.name)
    for row in draft.backends[first...] where row.identity != 0 {
      var check = HealthCheck(backend: row.identity, pool: counters, address: row.address)
      if let port = pool.health.port { check.address = row.address.at(port: UInt16(port)) }
      // Another port is another server, which may well not know of it.
      if check.address == row.address { check.proxyVersion = pool.sendProxyProtocol.version }
      check.speaksHTTP2 = pool.protocol != .http1
      if let context = backendTLS.context(pool.name) {
        let name = serverName(pool, host: names[row.address.description])
        check.tls = HealthCheck.TLS(
          context: context, name: name, transport: transport(pool, name: name))
      }
      check.rules = rules(pool.health)
      if pool.health.kind == .http {
        let host = pool.health.host ?? hosts[row.address.description] ?? row.address.description
        check.request = Array(request(pool.health, host: host).utf8)
        check.expectation = expectation(pool.health)
      }
      draft.checks.append(check)
    }
  }

  /// By address: the backend as the config writes it.
  func hosts(of pool: Config.Pool) -> [String: Endpoint] {
    var hosts: [String: Endpoint] = [:]
    for backend in pool.backends {
      let found = backend.address.literalAddress.map { [$0] } ?? resolved[backend.address] ?? []
      for address in found where hosts[address.description] == nil {
        hosts[address.description] = backend.address
      }
    }
    return hosts
  }

  private func rules(_ health: Config.Health) -> HealthRules {
    var rules = HealthRules()
    rules.interval = health.interval.nanoseconds
    rules.jitterPercent = UInt32(health.jitterPercent)
    rules.timeout = health.timeout.nanoseconds
    rules.unhealthyAfter = UInt32(health.unhealthyAfter)
    rules.healthyAfter = UInt32(health.healthyAfter)
    rules.startsHealthy = health.initial == .healthy
    return rules
  }

  private func expectation(_ health: Config.Health) -> HealthExpectation {
    var expectation = HealthExpectation()
    expectation.statuses = StatusSet(health.statuses)
    expectation.text = Array((health.body ?? "").utf8)
    expectation.isHead = health.method == .head
    return expectation
  }

  private func request(_ health: Config.Health, host: String) -> String {
    var lines = ["\(health.method.rawValue) \(health.path) HTTP/1.1", "Host: \(host)"]
    let names = Set(health.headers.map { $0.name.lowercased() })
    if !names.contains("user-agent") {
      lines.append("User-Agent: headrace/\(Version.text) (health check)")
    }
    if !names.contains("accept") { lines.append("Accept: */*") }
    lines += health.headers.map { "\($0.name): \($0.value)" }
    lines.append("Connection: close")
    return lines.joined(separator: "\r\n") + "\r\n\r\n"
  }
}
