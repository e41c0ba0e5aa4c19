import Foundation
import Synchronization
import Testing

@testable import ControlPlane

/// The admin pages `/backends` and `/events`, without a proxy.
struct BackendPagesTests {
  private final class Calls: Sendable {
    let changes = Mutex<[BackendChange]>([])
  }

  private static let report: BackendReport = {
    var report = BackendReport()
    report.wallMilliseconds = 1_795_226_400_000
    report.pools = [.init(name: "app"), .init(name: "other"), .init(name: "empty")]
    report.pools[0].backendCount = 3
    report.pools[0].availableCount = 1
    report.pools[0].isPanic = true
    report.pools[0].waiting = 4
    report.pools[1].backendCount = 1
    var first = BackendReport.Backend(pool: "app", address: "127.0.0.1:3000")
    first.weight = 10
    first.inFlight = 12
    first.connectionsOpen = 20
    first.connectionsIdle = 8
    var second = BackendReport.Backend(pool: "app", address: "[::1]:3001")
    second.condition = .draining
    second.isAvailable = false
    second.sinceMilliseconds = report.wallMilliseconds - 192_000
    second.reason = "nothing in flight"
    var third = BackendReport.Backend(pool: "app", address: "127.0.0.1:3002")
    third.condition = .breakerOpen
    third.isAvailable = false
    third.isUp = false
    third.breaker = .open(trialIn: 4_200)
    third.consecutiveFailures = 5
    third.reason = "its tries failed"
    var other = BackendReport.Backend(pool: "other", address: "127.0.0.1:3000")
    other.condition = .drained
    other.isAvailable = false
    report.backends = [first, second, third, other]
    return report
  }()

  private static let events = [
    EventRecord(
      wallMilliseconds: 0, pool: "app", backend: "127.0.0.1:3000", text: "operator: drain"),
    EventRecord(wallMilliseconds: 1, pool: "app", backend: nil, text: "panic \"here\"\n"),
    EventRecord(wallMilliseconds: 2, pool: nil, backend: nil, text: "something"),
  ]

  private let calls = Calls()

  private func ask(
    _ path: String, _ query: [(String, String)] = [], _ headers: [(String, String)] = []
  ) -> LocalResponse {
    ask("GET", path, query, headers)
  }

  private func ask(
    _ method: String, _ path: String, _ query: [(String, String)] = [],
    _ headers: [(String, String)] = []
  ) -> LocalResponse {
    let admin = BackendAdmin(
      report: { Self.report },
      change: { [calls] change in
        calls.changes.withLock { $0.append(change) }
        return change.pool == "app" ? .done("as you say") : .unknown("not here")
      },
      events: { Self.events })
    var request = LocalRequest(method: method, path: path)
    request.query = query.map { LocalField($0.0, $0.1) }
    request.headers = headers.map { LocalField($0.0, $0.1) }
    let pages = AdminPages(
      metrics: { MetricsReport() }, readiness: { .ready }, backends: admin)
    return pages.answer(request)
  }

  private func text(_ response: LocalResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  private func object(_ response: LocalResponse) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(response.body))
    return try #require(object as? [String: Any])
  }

  private static let table = """
    POOL   BACKEND         WEIGHT  STATE                FOR     IN FLIGHT  OPEN  IDLE  \
    HEALTH  BREAKER      FAILURES  WHY
    app    127.0.0.1:3000      10  available            -              12    20     8  \
    up      closed              0
    app    [::1]:3001           1  draining (operator)  3m 12s          0     0     0  \
    up      closed              0  nothing in flight
    app    127.0.0.1:3002       1  breaker open         -               0     0     0  \
    down    trial in 4s         5  its tries failed
    other  127.0.0.1:3000       1  drained (weight 0)   -               0     0     0  \
    up      closed              0

    app: 1 of 3 backends may get new requests; panic: too few are left, so all are used; \
    4 waiting for room
    other: no backend takes new requests; they get 503
    empty: no backend: no name in it has an address yet; requests get 503

    """

  @Test func theTable() {
    let page = ask("/backends")
    #expect(page.status == 200)
    #expect(text(page) == Self.table)
    #expect(page.headers.contains(LocalField("Cache-Control", "no-store")))
  }

  @Test func jsonByQueryOrAccept() throws {
    let asked: [LocalResponse] = [
      ask("/backends", [("format", "json")]),
      ask("/backends", [], [("Accept", "application/json")]),
      ask("/backends", [], [("Accept", "text/html, application/json;q=0.9")]),
    ]
    for page in asked {
      #expect(page.headers.contains(LocalField("Content-Type", "application/json")))
      let document = try object(page)
      #expect(document["time"] as? String == "2026-11-21T02:00:00.000Z")
      let pools = try #require(document["pools"] as? [[String: Any]])
      #expect(pools.map { $0["name"] as? String } == ["app", "other", "empty"])
      #expect(pools[0]["panic"] as? Bool == true && pools[0]["waiting"] as? Int == 4)
      #expect(pools[0]["backends"] as? Int == 3 && pools[0]["available"] as? Int == 1)
      let backends = try #require(document["backends"] as? [[String: Any]])
      #expect(backends.count == 4)
      #expect(backends[0]["in_flight"] as? Int == 12 && backends[0]["since"] is NSNull)
      #expect(backends[1]["state"] as? String == "draining (operator)")
      #expect(backends[1]["since"] as? String == "2026-11-21T01:56:48.000Z")
      #expect(
        backends[2]["breaker"] as? String == "open" && backends[2]["health"] as? String == "down")
      #expect(backends[2]["breaker_trial_in_ms"] as? Int == 4_200)
      #expect(backends[2]["available"] as? Bool == false)
    }
    #expect(
      text(ask("/backends", [("format", "text")], [("Accept", "application/json")])) == Self.table)
  }

  @Test func filters() throws {
    let pool = text(ask("/backends", [("pool", "other")]))
    #expect(pool.contains("drained (weight 0)") && !pool.contains("app"))
    let one = try object(ask("/backends", [("format", "json"), ("backend", "127.0.0.1:3000")]))
    let backends = try #require(one["backends"] as? [[String: Any]])
    #expect(backends.map { $0["pool"] as? String } == ["app", "other"])
    let gone = ask("/backends", [("pool", "other"), ("backend", "127.0.0.1:3002")])
    #expect(gone.status == 404)
    #expect(text(gone) == "there is no backend \"127.0.0.1:3002\"\n")
    let unknown = ask("/backends", [("pool", "ap\u{1B}[2J")])
    #expect(unknown.status == 404)
    #expect(text(unknown) == "there is no pool \"ap?[2J\"; there is app, other, empty\n")
  }

  @Test func whatIsNotUnderstoodIsRefused() {
    let typo = ask("/backends", [("pol", "app")])
    #expect(typo.status == 422)
    #expect(text(typo) == "no parameter \"pol\"; there is pool, backend, format\n")
    #expect(ask("/backends", [("format", "xml")]).status == 422)
    #expect(ask("/backends", [("pool", "app"), ("pool", "other")]).status == 422)
    #expect(ask("/events", [("pool", "app")]).status == 422)
    #expect(ask("PUT", "/backends").status == 405)
    #expect(ask("POST", "/events").status == 405)
    let page = AdminPages(metrics: { MetricsReport() }, readiness: { .ready })
    #expect(page.answer(LocalRequest(method: "GET", path: "/backends")).status == 404)
  }

  private static let allowed = [("X-Headrace-Admin", "1")]
  private static let drain = [("pool", "app"), ("backend", "127.0.0.1:3000"), ("state", "drain")]

  @Test(arguments: BackendChange.Target.allCases)
  func aChangeReachesTheProxy(_ target: BackendChange.Target) {
    let query = Array(Self.drain.dropLast()) + [("state", target.rawValue)]
    let page = ask("POST", "/backends", query, Self.allowed)
    #expect(page.status == 200)
    #expect(text(page) == "as you say\n")
    let wanted = BackendChange(pool: "app", backend: "127.0.0.1:3000", target: target)
    #expect(calls.changes.withLock { $0 } == [wanted])
  }

  @Test func whatDoesNotExistIs404() {
    let query = [("pool", "x"), ("backend", "y"), ("state", "ready")]
    let page = ask("POST", "/backends", query, Self.allowed)
    #expect(page.status == 404)
    #expect(text(page) == "not here\n")
  }

  @Test func incompleteChangesAre422() {
    for left in 0..<3 {
      var query = Self.drain
      query.remove(at: left)
      let page = ask("POST", "/backends", query, Self.allowed)
      #expect(page.status == 422)
      #expect(text(page).hasPrefix("needs all three: /backends?pool="))
    }
    let odd = Array(Self.drain.dropLast()) + [("state", "off")]
    let page = ask("POST", "/backends", odd, Self.allowed)
    #expect(page.status == 422)
    #expect(text(page) == "no state \"off\"; there is drain, maintenance, ready\n")
    #expect(ask("POST", "/backends", Self.drain + [("state", "ready")], Self.allowed).status == 422)
    #expect(ask("POST", "/backends", Self.drain + [("force", "1")], Self.allowed).status == 422)
    #expect(calls.changes.withLock { $0 }.isEmpty)
  }

  @Test func noWebPageCanChangeAnything() {
    let fields: [[(String, String)]] = [
      [], [("X-Headrace-Admin", "0")], Self.allowed + Self.allowed,
      Self.allowed + [("Origin", "http://127.0.0.1")], Self.allowed + [("Origin", "null")],
    ]
    for fields in fields { #expect(ask("POST", "/backends", Self.drain, fields).status == 403) }
    for method in ["GET", "HEAD"] {
      #expect(ask(method, "/backends", Self.drain, Self.allowed).status == 422)
    }
    #expect(calls.changes.withLock { $0 }.isEmpty)
  }

  @Test func eventsWithTheirTime() throws {
    let lines = text(ask("/events")).split(separator: "\n")
    #expect(
      lines.first
        == "1970-01-01T00:00:00.000Z  pool app, backend 127.0.0.1:3000: operator: drain")
    #expect(lines.last == "1970-01-01T00:00:00.002Z  something")
    let document = try object(ask("/events", [("format", "json")]))
    let events = try #require(document["events"] as? [[String: Any]])
    #expect(events.count == 3)
    #expect(events[0]["backend"] as? String == "127.0.0.1:3000")
    #expect(events[1]["text"] as? String == "panic \"here\"\n" && events[1]["backend"] is NSNull)
    #expect(events[2]["pool"] is NSNull)
    #expect(EventRecord.text([]) == "nothing has happened to pools and backends\n")
  }

  @Test(
    arguments: [
      (0, "0s"), (59_999, "59s"), (60_000, "1m 0s"), (192_000, "3m 12s"), (3_600_000, "1h 0m"),
      (86_399_000, "23h 59m"), (273_600_000, "3d 4h"), (-5, "0s"),
    ] as [(Int64, String)])
  func durationsInWords(_ milliseconds: Int64, _ words: String) {
    #expect(BackendReport.words(milliseconds: milliseconds) == words)
  }
}
