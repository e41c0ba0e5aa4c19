/// What a reload does to breakers.
extension ConfigDiff {
  /// Name, before and after of each option.
  func breakerWords(
    _ old: Config.Breaker, _ new: Config.Breaker
  ) -> [(String, String, String)] {
    if !old.isOn || !new.isOn {
      func word(_ breaker: Config.Breaker) -> String { breaker.isOn ? "on" : "off" }
      let switched = [("breaker", word(old), word(new))]
      return new.isOn ? switched + options(Config.Breaker(), new) : switched
    }
    return options(old, new)
  }

  private func options(
    _ old: Config.Breaker, _ new: Config.Breaker
  ) -> [(String, String, String)] {
    zip(aspects(old), aspects(new)).map { ("breaker.\($0.0)", $0.1, $1.1) }
  }

  private func aspects(_ breaker: Config.Breaker) -> [(String, String)] {
    [
      ("window", DurationText.format(breaker.window)),
      ("minimum_requests", "\(breaker.minimumRequests)"),
      ("failure_rate", breaker.failureRate.map { "\($0)%" } ?? "off"),
      ("consecutive_failures", breaker.consecutiveFailures.map { "\($0)" } ?? "off"),
      ("slow_after", ConfigWords.duration(breaker.slowAfter)),
      ("slow_rate", "\(breaker.slowRate)%"),
      ("open_for", DurationText.format(breaker.openFor)),
      ("max_open_for", DurationText.format(breaker.maxOpenFor)),
      ("probes", "\(breaker.probes)"),
      (
        "failure_statuses",
        ConfigWords.list(breaker.failureStatuses.map { StatusesText.format($0) })
      ),
      ("max_open", "\(breaker.maxOpen)%"),
    ]
  }
}
