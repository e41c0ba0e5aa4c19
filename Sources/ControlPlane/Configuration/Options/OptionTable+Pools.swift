extension OptionTable {
  static let poolRows = [
    OptionRow(
      "pools", .structure("a mapping of names to pools"), required: true,
      "The pools by name: backends that serve the same."),
    OptionRow(
      "pools.*", .structure("a list of backends, or a mapping"), required: true,
      "A pool: either the list of its backends, or a mapping of the options below."),
    OptionRow(
      "pools.*.backends",
      .list("addresses or { address: ..., weight: ..., backup: ... }", 1...10_000),
      required: true, "The backends, at least one."),
    OptionRow(
      "pools.*.backends[].address", .backendAddress, required: true,
      """
      `127.0.0.1:3000`, `"[::1]:3000"`, `localhost:3000` (a name is resolved), or \
      `unix:/run/app.sock`. A backend with nothing but an address can be written as the address.
      """),
    OptionRow(
      "pools.*.backends[].weight", .integer(0...1000), default: "1",
      """
      The backend's share of the requests, next to the other weights. 0 gets no new requests. \
      `round_robin` knows no weights.
      """,
      reason: "Equal shares."),
    OptionRow(
      "pools.*.keep_alive", .section, "Idle connections to backends, kept for later requests."),
    OptionRow(
      "pools.*.keep_alive.max_idle", .integer(0...65536), default: "256",
      into: .pool(\.keepAlive.maxIdle),
      "Idle connections kept for each backend, over all workers. 0 keeps none.",
      reason: "Covers the usual burst of one backend without holding many of its descriptors."),
    OptionRow(
      "pools.*.keep_alive.idle_timeout", .duration(.milliseconds(1)...Bounds.day),
      default: "4s", into: .pool(\.keepAlive.idleTimeout),
      "An idle connection is closed after this long. Keep it below the backend's own timeout.",
      reason: """
        Node and uvicorn close theirs after 5 s; closing first means that no request is sent into \
        a connection that is about to end.
        """),
    OptionRow(
      "pools.*.keep_alive.max_age", .duration(.seconds(1)...Bounds.month), default: "1h",
      into: .pool(\.keepAlive.maxAge),
      "A connection older than this is not used for another request.",
      reason: "Long enough to cost nothing, short enough that changes behind a name are followed."),
  ]
}

/// Upper bounds that several rows share.
enum Bounds {
  static let hour = Duration.seconds(3600)
  static let day = Duration.seconds(86_400)
  static let month = Duration.seconds(30 * 86_400)
}
