extension OptionTable {
  static let limitRows = [
    OptionRow("limits", .section, "How large things may be."),
    OptionRow(
      "limits.request_line", .size(64...32768), default: "8KiB",
      into: .config(\.limits.requestLineBytes),
      "The request line: method, target, version. Over it: 414.",
      reason: "RFC 9112 section 3 recommends at least 8000 bytes."),
    OptionRow(
      "limits.headers", .size(256...61440), default: "32KiB", into: .config(\.limits.headerBytes),
      "The whole head of a request, its first line included. Over it: 431.",
      reason: "Large cookies and tokens fit; above that it is an attack or a fault."),
    OptionRow(
      "limits.header_count", .integer(1...256), default: "100", into: .config(\.limits.headerCount),
      "How many header fields a request may have. Over it: 431.",
      reason: "Browsers send 20 to 30; Apache has the same limit."),
    OptionRow(
      "limits.body", .size(0...(1 << 50), word: "off"), default: "off",
      into: .config(\.limits.bodyBytes), "The body of a request. Over it: 413.",
      reason: "Bodies are streamed, not stored, so the app's own limit is the one that matters."),
    OptionRow(
      "limits.connections_per_worker", .integer(1...1_000_000, word: "auto"), default: "auto",
      into: .config(\.limits.connectionsPerWorker),
      "Client connections of one worker; more wait to be accepted.",
      reason: "`auto` derives it from the limit on open files, which backends need a share of.",
      reloadable: false),
    OptionRow(
      "limits.memory_per_worker", .size((1 << 20)...(1 << 40)), default: "64MiB",
      into: .config(\.limits.memoryPerWorkerBytes),
      """
      Bytes that a worker holds for clients that read slowly, before it stops reading from their \
      backends.
      """,
      reason: "Thousands of slow readers at once, and still a bound that small machines can pay."),
  ]
}
