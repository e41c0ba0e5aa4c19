/// What no single option can tell: references between parts, and what is missing.
extension ConfigDecoder {
  mutating func decodeTrustedProxies(_ entries: [YamlNode.Entry]) {
    guard let node = entry("trusted_proxies", entries)?.value else { return }
    let name = "trusted_proxies"
    let row = OptionTable.row("\(name)[]")
    let items = list(node, OptionTable.row(name), name) ?? []
    for (index, item) in items.enumerated() {
      if case .addressRange(let range) = scalar(item, row, "\(name)[\(index)]") {
        config.trustedProxies.append(range)
      }
    }
  }

  mutating func checkWhole(_ entries: [YamlNode.Entry]) {
    let top = YamlNode.Place(position: Position(line: 1, column: 1), length: 1)
    if entry("listen", entries) == nil, entry("listeners", entries) == nil {
      refuse(top, "no listener; add one such as \"listen: :8080\"")
    }
    if entry("pools", entries) == nil {
      refuse(top, "no \"pools\"; add them, such as \"pools: { app: [127.0.0.1:3000] }\"")
    }
    if entry("routes", entries) == nil {
      refuse(top, "no \"routes\"; add them, such as \"routes: [{ to: app }]\"")
    }
    checkPoolReferences()
    checkCacheReferences(entries)
    checkHashCaptures()
    checkShadowedRoutes()
    checkLimits(entries)
    checkStickyNames()
    checkTLSOfRoutes()
  }

  /// Without any pool there is a problem already, and every reference would repeat it.
  private mutating func checkPoolReferences() {
    let known = config.pools.map(\.name)
    let knownSet = Set(known)
    let unknown = known.isEmpty ? [] : poolReferences.filter { !knownSet.contains($0.pool) }
    for (number, reference) in unknown.enumerated() {
      // Those beyond are not shown, and a hint among thousands of pools takes its time.
      let hint = number < ConfigLoader.problemsMax
      refuse(
        reference.place,
        "there is no pool \(quoted(reference.pool))"
          + (hint ? Suggestion.suffix(for: reference.pool, among: known) : ""))
    }
    let used = Set(poolReferences.map(\.pool))
    for pool in known where !used.contains(pool) {
      guard let place = poolPlaces[pool] else { continue }
      warn(place, "no route leads to pool \(quoted(pool))")
    }
  }

  private mutating func checkLimits(_ entries: [YamlNode.Entry]) {
    guard config.limits.requestLineBytes > config.limits.headerBytes,
      let place = entry("limits", entries)?.keyPlace
    else { return }
    warn(place, "\"limits.headers\" includes the request line but is less than its limit")
  }
}
