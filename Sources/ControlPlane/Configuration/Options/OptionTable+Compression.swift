extension OptionTable {
  static let compressRows = [
    OptionRow(
      "routes[].compress", .choice(["off", "on"]), default: "off",
      """
      Responses of the pool are compressed with gzip for clients that take it. What is compressed, \
      and how, is in `compression`.
      """,
      reason: """
        A page that shows a secret beside words from its request gives the secret away by its \
        compressed length (BREACH). Only you know which routes have such pages.
        """,
      interactions: "Only with `to`. See docs/compression.md.")
  ]

  static let compressionRows = [
    OptionRow(
      "compression", .section, "How responses are compressed on routes with `compress: on`."),
    OptionRow(
      "compression.level", .integer(1...9), default: "5", into: .config(\.compression.level),
      "From 1, the fastest, to 9, the smallest.",
      reason: "Text becomes hardly smaller beyond it, and takes much longer."),
    OptionRow(
      "compression.min_size", .size(1...(1 << 30)), default: "1KiB",
      into: .config(\.compression.minBytes),
      "Content that is known to be shorter is sent as it is.",
      reason: "It fits into one packet anyway.",
      interactions: "A response without `Content-Length` is compressed whatever its size."),
    OptionRow(
      "compression.types", .oneOrMore(.mediaType, 1...100),
      """
      Media types that are compressed, in place of the built-in list: `application/json`, `text/*` \
      for all of a kind, `+json` for all with that suffix. Without it: \
      \(Config.Compression.defaultTypes.map { "`\($0)`" }.joined(separator: ", ")).
      """,
      interactions: "`text/event-stream` is never compressed."),
  ]
}
