/// How a pool chooses among its backends.
extension OptionTable {
  static let strategyRows = [
    OptionRow(
      "pools.*.strategy",
      .choiceOrSection(
        Config.Strategy.words.map(\.word), example: "{ hash: \"header:X-User\" }"),
      default: "round_robin", into: .pool(\.strategy),
      """
      How the backend of a request is chosen; docs/balancing.md compares them. `round_robin` takes \
      each in turn, `weighted_round_robin` each as often as its weight says, evenly spread, \
      `random` any by weight. `least_connections` takes the one with the fewest requests in \
      flight for its weight, `two_choices` the less busy of two that are drawn, `peak_ewma` the \
      one of two that answers sooner. `ip_hash` sends a client's address to the same backend; \
      a mapping with `hash` does so with another part of the request.
      """,
      reason: """
        In turn is fair when backends are alike. When a weight is written in the pool, the \
        default is `weighted_round_robin`, because that is what the weight is for.
        """),
    OptionRow(
      "pools.*.strategy.hash", .hashKey, into: .pool(\.strategy),
      """
      Requests with the same key go to the same backend, in every instance with the same \
      backends. Quote a capture: `hash: "path:{id}"`. When a backend is out, only its keys move, \
      spread over the others, and they come back with it.
      """,
      interactions: """
        A request without the key (no such cookie, an empty value) goes round robin. `slow_start` \
        has no effect. A capture is one of the route's `match.path`.
        """),
    OptionRow(
      "pools.*.slow_start", .duration(.milliseconds(1)...Bounds.hour, word: "off"),
      default: "off", into: .pool(\.slowStart),
      """
      A backend that comes back after it had been out gets its full share only after this time; \
      until then its share grows in a straight line. When all start slowly, none does.
      """,
      reason: "Most backends are ready when their checks pass; only some have caches to warm."),
    OptionRow(
      "pools.*.backends[].backup", .boolean, default: "false",
      """
      Gets requests only when no other backend of the pool can, or when a request has tried all \
      others.
      """,
      reason: "A backend that is configured is meant to work."),
  ]
}
