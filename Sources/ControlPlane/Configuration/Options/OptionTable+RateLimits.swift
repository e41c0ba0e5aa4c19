extension OptionTable {
  static let rateRows = [
    OptionRow("routes[].limits", .section, "How much of this route clients may have."),
    OptionRow(
      "routes[].limits.rate", .structure("a rate such as { per_second: 20 }, or a list of up to 4"),
      """
      So many requests for each key, whatever the route does with them; more are answered with 429 \
      and `Retry-After`. Of several rates all must allow a request, and one that is refused takes \
      from none. Each has exactly one of `per_second`, `per_minute` and `per_hour`.
      """,
      interactions: """
        Rates are counted in one table for all workers, of the size `limits.rate_keys`. A reload \
        keeps the counts of a route that keeps its name. See docs/rate-limits.md.
        """),
    OptionRow(
      "routes[].limits.rate.key", .rateKey, default: "client_address",
      """
      Whose requests are counted together. `client_address`: each client's (behind \
      `trusted_proxies` the forwarded address). `header:NAME`, `cookie:NAME`: those with the same \
      value; those without one, or with more than one, share a bucket. `route`: all requests of \
      the route.
      """,
      reason: "The address is the one thing that a client cannot choose for each request."),
    OptionRow(
      "routes[].limits.rate.per_second", .integer(1...1_000_000), "Requests in each second."),
    OptionRow(
      "routes[].limits.rate.per_minute", .integer(1...1_000_000), "Requests in each minute."),
    OptionRow("routes[].limits.rate.per_hour", .integer(1...1_000_000), "Requests in each hour."),
    OptionRow(
      "routes[].limits.rate.burst", .integer(1...1_000_000, word: "auto"), default: "auto",
      "Requests that may come at one instant, from a key that has rested.",
      reason: """
        `auto` is the rate's own number: whoever was quiet for the period may use all of it at \
        once, as the words `60 per minute` suggest.
        """),
    OptionRow(
      "routes[].limits.rate.ipv4_prefix", .integer(1...32), default: "32",
      "Leading bits of an IPv4 address that make one client.",
      reason: "Each address is a client.", interactions: "Only with `key: client_address`."),
    OptionRow(
      "routes[].limits.rate.ipv6_prefix", .integer(1...128), default: "64",
      "Leading bits of an IPv6 address that make one client.",
      reason: "One subscriber has at least a /64, and could use another address for each request.",
      interactions: "Only with `key: client_address`."),
  ]

  static let rateTableRows = [
    OptionRow(
      "limits.rate_keys", .integer(1...10_000_000), default: "100000",
      into: .config(\.limits.rateKeys),
      """
      How many keys of `routes[].limits.rate` may be in use at a time, of all routes together. For \
      keys that find no room, a bucket of the route that they share decides.
      """,
      reason: """
        About 50 bytes a key, taken from the system as they are used: 5 MB at most. Only keys that \
        have not rested since their last request count.
        """,
      interactions: "`headrace_route_rate_overflow_total` counts requests whose key had no room.",
      reloadable: false)
  ]
}
