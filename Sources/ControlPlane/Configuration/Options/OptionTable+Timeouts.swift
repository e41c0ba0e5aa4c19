extension OptionTable {
  private static let kind = OptionKind.duration(.milliseconds(1)...Bounds.day, word: "off")

  static let timeoutRows = [
    OptionRow("timeouts", .section, "How long to wait for clients and backends."),
    OptionRow(
      "timeouts.tls_handshake", kind, default: "10s", into: .config(\.timeouts.tlsHandshake),
      "From accepting a connection to the end of its TLS handshake. Over it: closed.",
      reason: "Two round trips over a bad mobile network, with room for lost packets."),
    OptionRow(
      "timeouts.client_header", kind, default: "10s", into: .config(\.timeouts.clientHeader),
      """
      From the first byte of a request's head to its end. Over it: 408. With HTTP/2 also from a \
      connection's beginning to the client's `SETTINGS`, and to its acknowledgement of ours.
      """,
      reason: "Enough for any real network; a client that trickles its head does not hold a slot."),
    OptionRow(
      "timeouts.client_body_idle", kind, default: "30s", into: .config(\.timeouts.clientBodyIdle),
      "Between two pieces of a request's body.",
      reason: "A phone that changes its network gets time; an upload may take any time it needs."),
    OptionRow(
      "timeouts.keep_alive_idle", kind, default: "75s", into: .config(\.timeouts.keepAliveIdle),
      "For the first byte of the next request on a client's connection, and of the first one.",
      reason: "Above the 60 s that common load balancers use, so that they close first."),
    OptionRow(
      "timeouts.client_write_idle", kind, default: "60s", into: .config(\.timeouts.clientWriteIdle),
      "For a client to take some bytes of its answer.",
      reason: "Slow readers are fine; one that takes nothing for a minute is gone."),
    OptionRow(
      "timeouts.connect", kind, default: "5s", into: .config(\.timeouts.connect),
      "For a connection to a backend. After it another backend is tried; at the end: 504.",
      reason: "Time for two lost SYN packets; a backend in the same network needs milliseconds."),
    OptionRow(
      "timeouts.first_byte", kind, default: "60s", into: .config(\.timeouts.firstByte),
      "From the end of the request to the first byte of the response. Over it: 504.",
      reason: "Slow reports still pass; a hung app gives its connection back."),
    OptionRow(
      "timeouts.response_idle", kind, default: "60s", into: .config(\.timeouts.responseIdle),
      "Between two pieces of a response's body. Raise it for event streams that are silent longer.",
      reason: "Event streams send a comment line every 15 to 30 s."),
    OptionRow(
      "timeouts.request", kind, default: "off", into: .config(\.timeouts.request),
      "From the end of the request's head to the response's head, all tries together.",
      reason: "The other timeouts see to hangs; a total depends on the app.",
      interactions: """
        `request_headers: { set: { X-Timeout-Ms: "{remaining_ms}" } }` tells the backend how much \
        of it is left.
        """),
    OptionRow(
      "timeouts.try", kind, default: "off", into: .config(\.timeouts.singleTry),
      """
      From the choice of a backend to its response's head. After it another try begins, if the \
      request may be sent again; at the end: 504.
      """,
      reason: "`connect` and `first_byte` see to hangs; a total depends on the app.",
      interactions: "`pools.NAME.retry` says when a request is sent again."),
    OptionRow(
      "timeouts.tunnel_idle", kind, default: "1h", into: .config(\.timeouts.tunnelIdle),
      "A tunnel, such as a WebSocket, in which nothing moves either way.",
      reason: "Most apps ping at least once a minute; silent ones should survive a lunch."),
  ]
}
