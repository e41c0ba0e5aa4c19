/// Health checks, option by option: name, before, after.
extension ConfigDiff {
  static func health(
    _ old: Config.Pool, _ new: Config.Pool
  ) -> [(name: String, before: String, after: String)] {
    let before = words(old)
    let after = words(new)
    guard old.health.isOn == new.health.isOn else {
      // Turned on or off as a whole: its options are told only where they are not the defaults.
      let plain = words(Config.Pool(name: "", strategy: new.strategy, backends: []))
      let written = new.health.isOn ? after : plain
      return zip(before, zip(after, zip(plain, written))).compactMap { old, rest in
        let (new, (plain, written)) = rest
        guard old.0 == "health" || old.0 == "panic_below" || written.1 != plain.1 else {
          return nil
        }
        return (new.0, old.0 == "health" || old.0 == "panic_below" ? old.1 : plain.1, new.1)
      }
    }
    return zip(before, after).map { ($0.0, $0.1, $1.1) }
  }

  private static func words(_ pool: Config.Pool) -> [(String, String)] {
    let health = pool.health
    return [
      ("health", health.isOn ? "on" : "off"),
      ("health.type", health.kind.rawValue),
      ("health.path", health.path),
      ("health.method", health.method.rawValue),
      ("health.host", health.host ?? "the backend's address"),
      ("health.headers", list(health.headers.map { "\($0.name): \($0.value)" })),
      ("health.interval", DurationText.format(health.interval)),
      ("health.jitter", "\(health.jitterPercent)%"),
      ("health.timeout", DurationText.format(health.timeout)),
      ("health.unhealthy_after", "\(health.unhealthyAfter)"),
      ("health.healthy_after", "\(health.healthyAfter)"),
      ("health.initial", health.initial.rawValue),
      ("health.port", health.port.map(String.init) ?? "the backend's"),
      ("health.expect.status", list(health.statuses.map(StatusesText.format))),
      ("health.expect.body", health.body.map { quoted($0) } ?? "anything"),
      ("panic_below", "\(pool.panicBelowPercent)%"),
    ]
  }

  private static func list(_ items: [String]) -> String {
    items.isEmpty ? "none" : items.joined(separator: ", ")
  }
}
