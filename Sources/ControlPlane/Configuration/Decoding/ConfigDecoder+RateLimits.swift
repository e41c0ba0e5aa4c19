/// The rates of a route.
extension ConfigDecoder {
  private static let ratesMax = 4
  private static let periods = Config.Rate.Period.allCases

  mutating func decodeRouteLimits(_ entries: [YamlNode.Entry], _ draft: inout RouteDraft) {
    guard let node = entry("limits", entries)?.value else { return }
    let name = "\(draft.name).limits"
    guard let below = mapping(node, at: "routes[].limits", called: quoted(name)),
      let rate = entry("rate", below)?.value
    else { return }
    guard case .list(let items) = rate.content else {
      draft.route.limits.rates = [decodeRate(rate, "\(name).rate")].compactMap { $0 }
      return
    }
    guard 1...Self.ratesMax ~= items.count else {
      refuse(
        rate.place,
        "\(quoted("\(name).rate")) must have 1 to \(Self.ratesMax) rates, not "
          + "\(items.count)")
      return
    }
    for (index, item) in items.enumerated() {
      guard let rate = decodeRate(item, "\(name).rate[\(index)]") else { continue }
      if draft.route.limits.rates.contains(rate) {
        refuse(item.place, "\(quoted("\(name).rate")) has the same rate twice")
      }
      draft.route.limits.rates.append(rate)
    }
  }

  /// nil when anything of it was refused: a rate that is half its defaults is nobody's.
  private mutating func decodeRate(_ node: YamlNode, _ name: String) -> Config.Rate? {
    let known = problems.count
    let path = "routes[].limits.rate"
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return nil }
    func value(_ key: String) -> OptionValue? {
      let row = OptionTable.row("\(path).\(key)")
      if let node = entry(key, entries)?.value { return scalar(node, row, "\(name).\(key)") }
      guard let text = row.defaultText else { return nil }
      settings.append(ConfigSetting(path: "\(name).\(key)", value: text, source: .default))
      return OptionTable.defaultValue(row)
    }
    // A key that is not known may be a period misspelt.
    let hasUnknown = problems.count > known
    let period = period(entries, node, name, mayLack: hasUnknown)
    var rate = Config.Rate(count: 1, period: period ?? .second)
    if let period, case .integer(let count) = value("per_\(period.rawValue)") {
      rate = Config.Rate(count: count, period: period)
    }
    if case .rateKey(let key) = value("key") { rate.key = key }
    if case .integer(let burst) = value("burst") { rate.burst = burst }
    for key in ["ipv4_prefix", "ipv6_prefix"] {
      if rate.key != .clientAddress {
        if let written = entry(key, entries) {
          refuse(
            written.keyPlace,
            "\(quoted(key)) of \(quoted(name)) has an effect only with \"key: client_address\"")
        }
      } else if case .integer(let bits) = value(key) {
        if key == "ipv4_prefix" { rate.ipv4Prefix = bits } else { rate.ipv6Prefix = bits }
      }
    }
    return problems.count == known && period != nil ? rate : nil
  }

  /// The one that is written; reports none and several.
  private mutating func period(
    _ entries: [YamlNode.Entry], _ node: YamlNode, _ name: String, mayLack: Bool
  ) -> Config.Rate.Period? {
    let written = Self.periods.filter { entry("per_\($0.rawValue)", entries) != nil }
    let all = ConfigWords.alternatives(Self.periods.map { quoted("per_\($0.rawValue)") })
    guard let first = written.first else {
      if !mayLack { refuse(node.place, "\(quoted(name)) needs \(all)") }
      return nil
    }
    guard written.count == 1 else {
      let second = entry("per_\(written[1].rawValue)", entries)
      refuse(
        second?.keyPlace ?? node.place,
        "\(quoted(name)) must have one of \(all); two rates are a list of two")
      return nil
    }
    return first
  }
}
