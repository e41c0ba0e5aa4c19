/// What the options of a sticky cookie must be together.
extension ConfigDecoder {
  /// - Parameter entries: of the pool.
  mutating func checkSticky(_ entries: [YamlNode.Entry], _ pool: inout Config.Pool) {
    guard let section = entry("sticky", entries), case .mapping(let options) = section.value.content
    else { return }
    if let file = entry("key_file", options), let path = pool.sticky.keyFile {
      pool.sticky.keyFile = FilePath.resolve(path, besides: sources[file.value.place.source].file)
      if entry("key", options) != nil {
        refuse(file.keyPlace, "\"key\" and \"key_file\" exclude each other; leave one out")
      }
    }
    let sticky = pool.sticky
    if sticky.sameSite == .none, !sticky.secure {
      refuse(
        entry("same_site", options)?.value.place ?? section.keyPlace,
        "\"same_site: none\" needs \"secure: true\"; browsers drop the cookie otherwise")
    }
    // Browsers keep to these prefixes (RFC 6265bis section 4.1.3).
    let place = entry("cookie", options)?.value.place ?? section.keyPlace
    let name = sticky.cookie.lowercased()
    if name.hasPrefix("__host-"), !sticky.secure || sticky.path != "/" || sticky.domain != nil {
      refuse(
        place,
        "a cookie whose name begins with \"__Host-\" needs \"secure: true\", \"path: /\" and no "
          + "\"domain\"; browsers drop it otherwise")
    } else if name.hasPrefix("__secure-"), !sticky.secure {
      refuse(
        place,
        "a cookie whose name begins with \"__Secure-\" needs \"secure: true\"; browsers drop it "
          + "otherwise")
    }
  }

  /// Two pools that set the same cookie for the same host: each takes the other's clients away.
  mutating func checkStickyNames() {
    let sticky = config.pools.filter(\.sticky.isOn)
    guard sticky.count > 1 else { return }
    var hosts: [String: [Config.HostPattern]] = [:]
    var everywhere: Set<String> = []
    for route in config.routes {
      guard case .pool(let name) = route.action else { continue }
      if route.match.hosts.isEmpty { everywhere.insert(name) }
      hosts[name, default: []] += route.match.hosts
    }
    func meet(_ one: String, _ other: String) -> Bool {
      guard let own = hosts[one], let others = hosts[other] else { return false }
      if everywhere.contains(one) || everywhere.contains(other) { return true }
      return own.contains { pattern in others.contains { Self.overlap(pattern, $0) } }
    }
    struct Scope: Hashable {
      let cookie: String
      let path: String
      let domain: String?
    }
    let groups = Dictionary(grouping: sticky) { pool in
      Scope(
        cookie: pool.sticky.cookie, path: pool.sticky.path,
        domain: pool.sticky.domain?.lowercased())
    }
    for pool in sticky {
      let scope = Scope(
        cookie: pool.sticky.cookie, path: pool.sticky.path,
        domain: pool.sticky.domain?.lowercased())
      // With many pools one look at the first hundred is enough: each is told of one other.
      let earlier = groups[scope, default: []].prefix(100).prefix { $0.name != pool.name }
      let other = earlier.first { scope.domain != nil || meet($0.name, pool.name) }
      guard let other, let place = poolPlaces[pool.name] else { continue }
      warn(
        place,
        "pools \(quoted(other.name)) and \(quoted(pool.name)) set the same cookie "
          + "\(quoted(scope.cookie)) for the same hosts, so clients of both are bound anew each "
          + "time; give one another \"sticky.cookie\"")
    }
  }

  private static func overlap(_ one: Config.HostPattern, _ other: Config.HostPattern) -> Bool {
    switch (one, other) {
    case (.exact(let one), .exact(let other)): one == other
    case (.exact(let host), .suffix(let suffix)), (.suffix(let suffix), .exact(let host)):
      host.hasSuffix(suffix)
    case (.suffix(let one), .suffix(let other)): one.hasSuffix(other) || other.hasSuffix(one)
    }
  }
}
