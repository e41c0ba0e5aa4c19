/// The parts of health checks that are lists and mappings, and what must fit together.
extension ConfigDecoder {
  private static let headersMax = 50

  mutating func decodeHealthPart(
    _ entry: YamlNode.Entry, _ row: OptionRow, _ name: String, _ pool: inout Config.Pool
  ) {
    switch row.path {
    case "pools.*.health.headers": decodeHealthHeaders(entry.value, name, &pool)
    case "pools.*.health.expect.status":
      let values = scalars(entry.value, row, name).compactMap { item -> ClosedRange<Int>? in
        if case .statuses(let range) = item.value { range } else { nil }
      }
      if !values.isEmpty { pool.health.statuses = values }
    default: break
    }
  }

  private mutating func decodeHealthHeaders(
    _ node: YamlNode, _ name: String, _ pool: inout Config.Pool
  ) {
    let row = OptionTable.row("pools.*.health.headers.*")
    for entry in anyMapping(node, quoted(name), countMax: Self.headersMax) ?? [] {
      do {
        let field = try FieldText.parseName(entry.key)
        if let rule = Self.refusal(ofHealthHeader: field) {
          refuse(entry.keyPlace, rule)
          continue
        }
        if case .word(let value) = scalar(entry.value, row, "\(name).\(field)") {
          pool.health.headers.append(Config.Health.Header(name: field, value: value))
        }
      } catch {
        refuse(entry.keyPlace, "a key of \(quoted(name)) \(error.message)")
      }
    }
  }

  /// Fields that would change what the request is.
  private static func refusal(ofHealthHeader name: String) -> String? {
    switch name.lowercased() {
    case "host": "the host of a health check is written as \"health.host\", not as a header"
    case "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer",
      "expect", "keep-alive", "proxy-connection":
      "the header \(quoted(name)) cannot be set in a health check"
    default: nil
    }
  }

  /// What one option of a pool's checks makes of another. `entries` are those of the pool.
  mutating func checkHealth(_ entries: [YamlNode.Entry], _ pool: Config.Pool) {
    guard let health = entry("health", entries)?.value,
      case .mapping(let written) = health.content
    else { return }
    let name = "pool \(quoted(pool.name))"
    if pool.health.kind == .tcp {
      for key in ["path", "method", "host", "headers", "expect"] {
        guard let extra = entry(key, written) else { continue }
        refuse(
          extra.keyPlace,
          "\(quoted(key)) has no effect with \"type: tcp\" in the health checks of \(name)")
      }
    }
    if pool.health.method == .head, pool.health.body != nil,
      let expect = entry("expect", written)
    {
      refuse(
        expect.keyPlace,
        "\"expect.body\" needs \"method: GET\" in the health checks of \(name): an answer to "
          + "HEAD has no body")
    }
    if let port = entry("port", written), pool.health.port != nil,
      let socket = pool.backends.first(where: \.address.isUnix)
    {
      refuse(
        port.keyPlace,
        "\"port\" in the health checks of \(name) has no meaning for \(socket.address)")
    }
  }
}

extension Endpoint {
  fileprivate var isUnix: Bool { if case .unix = self { true } else { false } }
}
