extension OptionTable {
  static let listenerRows = [
    OptionRow(
      "listen", .listenAddress,
      """
      The one address to listen on: short for `listeners` with one item. `:8080` is every address \
      of the machine, IPv6 and IPv4; `127.0.0.1:8080` and `"[::1]:8080"` are one address; \
      `unix:/run/headrace.sock` is a socket file. Port 0 takes a free one. Write this or \
      `listeners`, not both.
      """),
    OptionRow(
      "listeners", .list("{ address: ... }", 1...256),
      "The addresses to listen on, when there is more than one, or one with options."),
    OptionRow(
      "listeners[].address", .listenAddress, required: true,
      "Where this listener accepts connections, written as for `listen`."),
  ]

  static let adminRows = [
    OptionRow(
      "admin", .structure("an address or { address: ... }"),
      """
      Opens the admin listener: `/metrics`, `/live`, `/ready`, `/reload`, `/backends`, `/events`. \
      Written `admin: 127.0.0.1:9180`, or with `address` below it. It has no passwords, and \
      whoever reaches it can have the config read again and take backends out: keep it on a \
      loopback or a private address.
      """,
      reason: "Without it there is no admin listener: nothing is opened that nobody asked for.",
      reloadable: false),
    OptionRow(
      "admin.address", .listenAddress, required: true, into: .admin(\.address),
      "Where the admin listener accepts connections, written as for `listen`.", reloadable: false),
  ]
}
