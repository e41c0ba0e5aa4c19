extension OptionTable {
  static let listenerProxyProtocolRows = [
    OptionRow(
      "listeners[].proxy_protocol", .section,
      """
      For a listener behind a TCP balancer that says who the client is with a PROXY header, \
      version 1 or 2. [proxy-protocol.md](proxy-protocol.md) is the guide.
      """),
    OptionRow(
      "listeners[].proxy_protocol.from", .oneOrMore(.proxySource, 1...1000), required: true,
      """
      The balancers. A connection from one of these addresses must begin with a header, and the \
      client is the one that it names; without a good one the connection is closed. Connections \
      from others are those of plain clients. `[0.0.0.0/0, "::/0"]` is everybody, which lets \
      everybody who reaches the listener claim any address. On a unix socket it is `unix`: all \
      connections.
      """,
      interactions: """
        `timeouts.client_header` is also the time for the header. `trusted_proxies` is asked about \
        the address in the header.
        """),
  ]

  static let poolProxyProtocolRows = [
    OptionRow(
      "pools.*.send_proxy_protocol", .choice(Config.SentProxyProtocol.allCases.map(\.rawValue)),
      default: "off",
      into: .pool { pool, value in
        guard case .word(let word) = value, let sent = Config.SentProxyProtocol(rawValue: word)
        else { return }
        pool.sendProxyProtocol = sent
      },
      """
      Connections to the backends begin with a PROXY header that names the client. Health checks \
      send one that names nobody, unless `health.port` is another one.
      """,
      reason: "A backend that does not expect the header answers 400.",
      interactions: """
        A connection serves one request, since it belongs to one client: `keep_alive` has no \
        effect. Not with `protocol: h2` or `h2c`.
        """)
  ]
}
