import DataPlane

/// Why a route does not match, in words.
extension Explanation {
  func reason(
    _ mismatch: RouteMismatch, _ route: Config.Route, _ snapshot: SnapshotHandle
  ) -> String {
    let match = route.match
    switch mismatch {
    case .host:
      let hosts = ConfigWords.alternatives(match.hosts.map(ConfigWords.host))
      return "host \(request.value("Host") ?? "") is not \(hosts)"
    case .path:
      let paths = ConfigWords.alternatives(match.paths.map(PathPatternText.format))
      return "path \(path) is not \(paths)"
    case .method:
      return "method \(request.method) is not \(ConfigWords.alternatives(match.methods))"
    case .clientAddress:
      let ranges = ConfigWords.alternatives(match.clientAddresses.map(ConfigWords.range))
      return "client address \(clientAddress) is not in \(ranges)"
    case .header(let name):
      let name = snapshot.value.string(name)
      let condition = match.headers.first { $0.name.lowercased() == name }
      return "header " + unmet(condition, name, request.value(name))
    case .query(let name):
      let name = snapshot.value.string(name)
      return "query " + unmet(match.query.first { $0.name == name }, name, queryValue(name))
    }
  }

  /// `x-canary is missing, wanted: x-canary = "1"`.
  private func unmet(_ condition: Config.Condition?, _ name: String, _ value: String?) -> String {
    let wanted = condition.map(ConfigWords.condition) ?? name
    return "\(name) is \(value.map(quoted) ?? "missing"), wanted: \(wanted)"
  }

  private func queryValue(_ name: String) -> String? {
    guard let mark = request.target.firstIndex(of: "?") else { return nil }
    let query = request.target[request.target.index(after: mark)...]
    for item in query.split(separator: "&") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard LocalText.percentDecoded(parts[0].utf8) == name else { continue }
      return parts.count > 1 ? LocalText.percentDecoded(parts[1].utf8) : ""
    }
    return nil
  }
}

extension Snapshot {
  func string(_ reference: TextReference) -> String {
    let bytes = (0..<Int(reference.count)).map { text[Int(reference.offset) + $0] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Who the client is, behind trusted proxies: as the worker finds it, on text.
enum ForwardedClient {
  static func isTrusted(_ address: String, by config: Config) -> Bool {
    guard let bytes = AddressText.mapped(address) else { return false }
    return config.trustedProxies.contains { $0.contains(bytes) }
  }

  /// The rightmost of `X-Forwarded-For` that is not a trusted proxy's; the leftmost when all are.
  static func address(_ request: ExplainRequest, _ config: Config) -> String {
    guard isTrusted(request.client, by: config) else { return request.client }
    var found = request.client
    let lines = request.fields.filter { $0.name.lowercased() == "x-forwarded-for" }
    for item in lines.flatMap({ $0.value.split(separator: ",") }).reversed() {
      let text = LocalText.trimmed(item.utf8)
      guard AddressText.isAddress(text) else { return found }
      found = text
      if !isTrusted(text, by: config) { return found }
    }
    return found
  }
}

extension AddressText {
  /// Sixteen bytes, IPv4 mapped into IPv6; nil when it is no address.
  static func mapped(_ text: String) -> [UInt8]? {
    if let four = parse4(text) { return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four }
    return parse6(text)
  }
}

extension AddressRange {
  /// `address` has sixteen bytes.
  func contains(_ address: [UInt8]) -> Bool {
    address.indices.allSatisfy { index in
      let bits = min(8, max(0, prefixLength - index * 8))
      let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
      return address[index] & mask == bytes[index] & mask
    }
  }
}

extension ConfigWords {
  /// `a`, `a or b`, `a, b or c`.
  static func alternatives(_ items: [String]) -> String {
    guard let last = items.last, items.count > 1 else { return items.first ?? "" }
    return items.dropLast().joined(separator: ", ") + " or \(last)"
  }
}
