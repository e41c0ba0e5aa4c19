import Foundation
import Testing

/// What the origin of a cache test answers to one request. `Date` is added unless a field has that
/// name; `@+60` and `@-60` in a field stand for an HTTP date so many seconds from now.
struct Answer: Sendable {
  var status = "200 OK"
  var fields: [String]
  /// nil: the path and how often it was asked for, so that each answer is another one.
  var body: String?
  var addsDate = true
  /// Conditional requests that fit `ETag` or `Last-Modified` get a 304 by themselves.
  var validates = true

  init(_ fields: String..., body: String? = nil) {
    self.fields = fields
    self.body = body
  }
  init(fields: [String], body: String? = nil) {
    self.fields = fields
    self.body = body
  }
  init(status: String, _ fields: [String] = [], body: String? = nil) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  static func notModified(_ fields: String...) -> Answer {
    Answer(status: "304 Not Modified", fields)
  }

  var withoutDate: Answer {
    var copy = self
    copy.addsDate = false
    return copy
  }
  var withoutValidation: Answer {
    var copy = self
    copy.validates = false
    return copy
  }

  fileprivate func value(_ name: String) -> String? {
    for field in fields where field.lowercased().hasPrefix(name + ":") {
      return String(field.dropFirst(name.count + 1)).trimmingCharacters(in: .whitespaces)
    }
    return nil
  }

  fileprivate func isValidated(by request: Message) -> Bool {
    guard validates, status.hasPrefix("200") else { return false }
    if let asked = request["If-None-Match"] { return asked == value("etag") }
    guard let asked = request["If-Modified-Since"], let own = value("last-modified") else {
      return false
    }
    return asked == withDates(own)
  }

  fileprivate func text(_ number: Int, for request: Message) -> String {
    var status = status
    var body = body ?? "\(request.target) \(number)"
    if isValidated(by: request) { status = "304 Not Modified" }
    let isBodiless = ["1", "204", "304"].contains { status.hasPrefix($0) }
    if isBodiless { body = "" }
    var lines = ["HTTP/1.1 \(status)"]
    if addsDate, value("date") == nil { lines.append("Date: \(httpDate(0))") }
    lines += fields.map(withDates)
    if !isBodiless, value("content-length") == nil, value("transfer-encoding") == nil {
      lines.append("Content-Length: \(body.utf8.count)")
    }
    lines.append("X-Number: \(number)")
    return head(lines) + (request.method == "HEAD" ? "" : body)
  }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, so many seconds from now.
func httpDate(_ offset: Double, as format: String = "EEE, dd MMM yyyy HH:mm:ss 'GMT'") -> String {
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(identifier: "GMT")
  formatter.dateFormat = format
  return formatter.string(from: Date(timeIntervalSinceNow: offset))
}

private func withDates(_ field: String) -> String {
  var result = field
  while let at = result.range(of: "@[+-][0-9]+", options: .regularExpression) {
    result.replaceSubrange(at, with: httpDate(Double(result[at].dropFirst()) ?? 0))
  }
  return result
}

/// The answers of each path, and the requests that came for it.
final class CacheScript: Sendable {
  private struct Case {
    var answers: [Answer] = []
    var requests: [Message] = []
  }
  private let cases = Locked<[String: Case]>([:])

  func set(_ path: String, _ answers: [Answer]) {
    cases.withLock { $0[path, default: Case()].answers = answers }
  }

  /// Of the path, whatever the query.
  func requests(_ path: String) -> [Message] { cases.withLock { $0[path]?.requests ?? [] } }

  fileprivate func answer(_ request: Message) -> String {
    let path = String(request.target.prefix { $0 != "?" })
    return cases.withLock { all in
      all[path, default: Case()].requests.append(request)
      let count = all[path]!.requests.count
      let answers = all[path]!.answers
      guard !answers.isEmpty else { return ok("\(request.target) \(count)", "X-Unscripted: yes") }
      return answers[min(count, answers.count) - 1].text(count, for: request)
    }
  }

  var script: Origin.Script { .serving { request, _ in self.answer(request) } }
}

/// What became of a request behind a cache, seen from both sides.
enum Outcome: String, Sendable {
  /// Answered without the backend.
  case hit
  /// The backend was asked without conditions.
  case fetch
  /// The backend was asked with conditions, and the stored response was used again.
  case validated
  /// The backend was asked with conditions, and gave another response.
  case changed
}

/// A proxy with a cache in front of one scripted origin.
final class CacheScene {
  let scene: Scene
  let script: CacheScript
  private var kept: Client?
  private var pathCount = 0

  init(_ scene: Scene, _ script: CacheScript) {
    self.scene = scene
    self.script = script
  }

  /// One that no other case of this scene uses.
  func newPath() -> String {
    pathCount += 1
    return "/p\(pathCount)"
  }

  /// A new path with these answers; the last one stays.
  func path(_ answers: Answer...) -> String {
    let path = newPath()
    script.set(path, answers)
    return path
  }

  func count(_ path: String) -> Int { script.requests(path).count }
  func lastRequest(_ path: String) -> Message { script.requests(path).last ?? .missing }

  /// One request on the connection that all of them share while it lasts.
  @discardableResult
  func send(_ method: String, _ target: String, _ fields: [String] = []) throws -> Message {
    let hasHost = fields.contains { $0.lowercased().hasPrefix("host:") }
    let lines = ["\(method) \(target) HTTP/1.1"] + (hasHost ? [] : ["Host: example.com"])
    let client = try kept ?? scene.client()
    kept = nil
    try client.send(head(lines + fields))
    let response = try client.response(to: method)
    if response["Connection"]?.lowercased() != "close", response.framing != .close {
      kept = client
    }
    return response
  }

  @discardableResult
  func get(_ target: String, _ fields: String...) throws -> Message {
    try send("GET", target, fields)
  }

  /// What becomes of a request now.
  func outcome(_ target: String, _ fields: [String] = []) throws -> (Outcome, Message) {
    let path = String(target.prefix { $0 != "?" })
    let before = count(path)
    let response = try send("GET", target, fields)
    guard count(path) > before else { return (.hit, response) }
    let request = script.requests(path)[before]
    guard request["If-None-Match"] != nil || request["If-Modified-Since"] != nil else {
      return (.fetch, response)
    }
    // The fields of a 304 are in the answer too: what was validated is told by `Cache-Status`.
    let isValidated = response["Cache-Status"]?.contains("fwd-status=304") == true
    return (isValidated ? .validated : .changed, response)
  }

  /// What becomes of the second of two requests for something with this answer.
  func second(
    _ answer: Answer, first: [String] = [], then: [String] = []
  ) throws -> (Outcome, Message) {
    let path = path(answer)
    try send("GET", path, first)
    return try outcome(path, then)
  }
}

/// Runs the body with a cache in front of an origin; clients may reload as often as they like.
func withCache(
  _ options: String = "", extra: String = "", workers: Int = 1,
  _ body: (CacheScene) throws -> Void
) throws {
  let script = CacheScript()
  let config = cacheConfig(options, extra, workers: workers)
  try withScene(script.script, config: config) { try body(CacheScene($0, script)) }
}

func cacheConfig(
  _ options: String = "", _ extra: String = "", workers: Int = 1
) -> String {
  """
  listeners:
    - address: 127.0.0.1:0
  workers: \(workers)
  caches:
    main: { client_reloads: 1000000\(options.isEmpty ? "" : ", " + options) }
  routes:
    - to: app
      cache: main
  pools:
    app: ['$0']
  \(extra)

  """
}

/// A table of response fields and what becomes of the second request.
func expectOutcomes(
  _ scene: CacheScene, _ rows: [(name: String, answer: Answer, outcome: Outcome)]
) -> [String] {
  var wrong: [String] = []
  for line in rows {
    do {
      let (outcome, _) = try scene.second(line.answer)
      if outcome != line.outcome {
        wrong.append("\(line.name): \(outcome) instead of \(line.outcome)")
      }
    } catch {
      wrong.append("\(line.name): \(error)")
    }
  }
  return wrong
}

/// `#expect` does not take calls that throw in all places.
func expectSame<Value: Equatable>(
  _ value: Value, _ expected: Value, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, "\(what)", sourceLocation: sourceLocation)
}

func expectTrue(
  _ condition: Bool, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, "\(what)", sourceLocation: sourceLocation)
}
