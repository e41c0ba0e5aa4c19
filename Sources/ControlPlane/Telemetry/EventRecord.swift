/// An event with names in place of ids, as the operator sees it.
struct EventRecord: Equatable, Sendable {
  var wallMilliseconds: Int64
  /// nil when it is not about one.
  var pool: String?
  var backend: String?
  var text: String

  /// On stderr, which has times of its own where it is kept.
  var line: String {
    guard let pool else { return text }
    guard let backend else { return "pool \(pool): \(text)" }
    return "pool \(pool), backend \(backend): \(text)"
  }

  private var time: String {
    String(decoding: WallTime.iso8601(milliseconds: wallMilliseconds), as: UTF8.self)
  }

  /// A line for each, oldest first.
  static func text(_ events: [EventRecord]) -> String {
    if events.isEmpty { return "nothing has happened to pools and backends\n" }
    return events.map { "\($0.time)  \($0.line)\n" }.joined()
  }

  static func json(_ events: [EventRecord]) -> String {
    let list = events.map { event in
      JSONValue.object([
        .init("time", .text(event.time)), .init("pool", event.pool.map { .text($0) } ?? .null),
        .init("backend", event.backend.map { .text($0) } ?? .null),
        .init("text", .text(event.text)),
      ])
    }
    return JSONValue.object([.init("events", .list(list))]).formatted() + "\n"
  }
}
