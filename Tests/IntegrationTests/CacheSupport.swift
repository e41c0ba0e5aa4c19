import Foundation
import Testing

/// One route with the cache `c` in front of the first origin.
func caching(
  _ options: String = "", workers: Int = 1, pool: String = "['$0']", rest: String = ""
) -> String {
  """
  listen: 127.0.0.1:0
  workers: \(workers)
  caches:
    c: { \(options.isEmpty ? "memory: 64MiB" : options) }
  routes:
    - { to: app, cache: c }
  pools:
    app: \(pool)
  \(rest)

  """
}

/// A complete 200 that may be stored for an hour.
func storable(_ body: String, _ fields: String...) -> String {
  head(
    ["HTTP/1.1 200 OK", "Cache-Control: max-age=3600", "Content-Length: \(body.utf8.count)"]
      + fields) + body
}

/// How many requests were begun, and a place where they wait for the test.
final class Meeting: Sendable {
  private let state = Locked((arrived: 0, isOpen: false))
  var arrived: Int { state.withLock { $0.arrived } }
  func open() { state.withLock { $0.isOpen = true } }

  /// - Returns: the place in the order of arrival, from 1.
  @discardableResult
  func arrive() -> Int {
    state.withLock {
      $0.arrived += 1
      return $0.arrived
    }
  }

  func pass(_ connection: Origin.Connection) throws {
    let deadline = Deadline(60)
    while !state.withLock({ $0.isOpen }) {
      if deadline.hasPassed { throw HarnessError.timedOut("the meeting") }
      try connection.rest(0.002)
    }
  }

  func wait(for count: Int) throws {
    try IntegrationTests.wait(for: "\(count) requests at work", within: 20) { arrived >= count }
  }
}

/// Equal, and no dump of both if not.
func expectSame(
  _ got: [UInt8], _ wanted: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) {
  guard got != wanted else { return }
  let first = zip(got, wanted).enumerated().first { $1.0 != $1.1 }?.offset
  let at = first ?? min(got.count, wanted.count)
  Issue.record(
    "\(got.count) bytes instead of \(wanted.count), other from \(at)",
    sourceLocation: sourceLocation)
}
