/// Health checks, option by option: name, before, after.
extension ConfigDiff {
  static func health(
    _ old: Config.Pool, _ new: Config.Pool
  ) -> [(name: String, before: String, after: String)] {
    var former = old
    // Turned on: what is not the default is told. Turned off: nothing but that, and the rest of
    // the options has no effect any more.
    if new.health.isOn, !old.health.isOn { former.health = Config.Health() }
    if !new.health.isOn {
      former.health = new.health
      former.health.isOn = old.health.isOn
    }
    return zip(words(former), words(new)).map { ($0.0, $0.1, $1.1) }
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
