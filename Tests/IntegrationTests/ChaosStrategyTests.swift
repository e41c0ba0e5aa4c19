import CLinux
import Foundation
import Synchronization
import Testing

/// Chaos under each strategy, and how a backend that comes back is loaded again.
@Suite("Chaos and strategies") struct ChaosStrategyTests {
  private static func config(_ pool: String, timeouts: String = "first_byte: 500ms") -> String {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: 2
    timeouts: { connect: 300ms, \(timeouts) }
    routes: [{ to: app }]
    pools:
      app: { \(pool) }

    """
  }

  // MARK: One in trouble

  struct Trouble: Sendable, CustomTestStringConvertible {
    let strategy: String
    let mode: ChaosTests.Mode
    var testDescription: String { "\(strategy), \(mode)" }
  }

  private static let troubles: [Trouble] = [
    Trouble(strategy: "weighted_round_robin", mode: .resetsAtOnce),
    Trouble(strategy: "random", mode: .resetsInTheHead),
    Trouble(strategy: "least_connections", mode: .resetsAfterTheRequest),
    Trouble(strategy: "two_choices", mode: .cannotServe),
    Trouble(strategy: "peak_ewma", mode: .flaps),
    Trouble(strategy: "{ hash: path }", mode: .answersGarbage),
    Trouble(strategy: "ip_hash", mode: .resetsAtOnce),
  ]

  @Test("no GET fails before its response's head, whatever the strategy", arguments: troubles)
  func oneOfThree(_ trouble: Trouble) throws {
    let apps = (0..<3).map { _ in ChaosTests.App() }
    let pool = "backends: ['$0', '$1', '$2'], strategy: \(trouble.strategy)"
    try withScene(
      apps[0].script, apps[1].script, apps[2].script, config: Self.config(pool)
    ) { scene in
      let load = Load(scene.proxy.address, clients: 6) { client, index in
        let target = "/\(client)-\(index)" + (index % 2 == 0 ? "c" : "")
        return Load.Request(bytes: get(target)) { $0.text == ChaosTests.App.body(target) }
      }
      apps[1].set(trouble.mode)
      try load.wait(forMore: 150)
      apps[1].set(.serves)
      try load.wait(forMore: 50)
      try load.stop()
      let bad = load.results.filter { $0 != .answered(200) }
      #expect(bad.isEmpty, "\(bad.count) of \(load.results.count), first \(bad.first as Any)")
    }
  }

  // MARK: Coming back

  /// Takes a few milliseconds for each request and remembers when they came.
  private final class App: Sendable {
    private let state = Locked((times: [UInt64](), working: 0, most: 0))
    let isDown = Atomic(false)

    var times: [UInt64] { state.withLock { $0.times } }
    var most: Int { state.withLock { $0.most } }

    var script: Origin.Script {
      .serving { _, connection in
        if self.isDown.load(ordering: .acquiring) { return nil }
        self.state.withLock {
          $0.times.append(hr_now_monotonic_ns())
          $0.working += 1
          $0.most = max($0.most, $0.working)
        }
        defer { self.state.withLock { $0.working -= 1 } }
        try connection.rest(0.004)
        return ok()
      }
    }

    /// From now on only what comes now is remembered.
    func forget() { state.withLock { ($0.times, $0.most) = ([], 0) } }
  }

  struct Recovery: Sendable, CustomTestStringConvertible {
    let strategy: String
    let startsSlowly: Bool
    var testDescription: String { strategy + (startsSlowly ? ", slow start" : "") }
  }

  private static let recoveries = ["round_robin", "least_connections", "two_choices", "peak_ewma"]
    .flatMap { name in
      [false, true].map { Recovery(strategy: name, startsSlowly: $0) }
    }

  @Test("a backend that comes back gets its share again, and no more", arguments: recoveries)
  func recovery(_ recovery: Recovery) throws {
    let apps = (0..<3).map { _ in App() }
    let pool = """
      backends: ['$0', '$1', '$2'], strategy: \(recovery.strategy)
          , breaker: { consecutive_failures: 1, open_for: 100ms, max_open_for: 100ms, probes: 1 }
          \(recovery.startsSlowly ? ", slow_start: 1s" : "")
      """
    try withScene(
      apps[0].script, apps[1].script, apps[2].script, config: Self.config(pool)
    ) { scene in
      let load = Load(scene.proxy.address, clients: 12) { _, _ in
        Load.Request(bytes: get()) { $0.text == "ok" }
      }
      try load.wait(forMore: 100)
      apps[1].isDown.store(true, ordering: .releasing)
      try wait(for: "an open breaker") {
        try scene.proxy.metric("headrace_backend_breaker_opened_total", scene.origins[1].address)
          ?? 0 > 0
      }
      for app in apps { app.forget() }
      apps[1].isDown.store(false, ordering: .releasing)
      try wait(for: "its first answer") { apps[1].times.count > 0 }
      try load.wait(forMore: 240)
      let begin = apps[1].times.first ?? 0
      let window: UInt64 = recovery.startsSlowly ? 125_000_000 : .max / 2
      let counts = apps.map { app in
        app.times.count { $0 >= begin && $0 < begin + window }
      }
      // An even share is a third; an eighth of the way of a slow start, at most a few percent.
      let share = Double(counts[1]) / Double(counts.reduce(0, +))
      let most = recovery.startsSlowly ? 0.2 : 0.55
      #expect(share < most, "\(counts)")
      // Twelve clients: never nearly all of them at once.
      #expect(apps[1].most <= 10, "\(apps.map(\.most))")
      if recovery.startsSlowly {
        try wait(for: "the end of its slow start") {
          hr_now_monotonic_ns() > begin + 750_000_000
        }
      }
      for app in apps { app.forget() }
      try load.wait(forMore: 200)
      let later = apps.map { Double($0.times.count) }
      // Times decide with `peak_ewma`, so it may be far from even, but not nothing.
      let least = recovery.strategy == "peak_ewma" ? 0.03 : 0.15
      #expect(later[1] / later.reduce(0, +) > least, "\(later)")
      try load.stop()
      #expect(load.results.allSatisfy { $0 == .answered(200) })
    }
  }

  // MARK: Out of connections

  @Test("a backend that accepts no more connections costs no GET", arguments: [0, 1])
  func fullBacklog(_ backlog: Int32) throws {
    let full = Origin.Script.answering(ok("full")).notAccepting(backlog: backlog)
    let pool = "backends: ['$0', '$1', '$2'], retry: { backoff: 1ms }"
    try withScene(
      full, .answering(ok()), .answering(ok()),
      config: Self.config(pool, timeouts: "first_byte: 200ms")
    ) { scene in
      let load = Load(scene.proxy.address, clients: 6) { _, _ in
        Load.Request(bytes: get()) { $0.text == "ok" }
      }
      try load.wait(forMore: 200)
      try load.stop()
      #expect(load.results.allSatisfy { $0 == .answered(200) })
    }
  }

  @Test("a backend that serves so many connections and closes the others costs no GET")
  func connectionLimit() throws {
    let open = Atomic(0)
    let limited = Origin.Script.script { connection in
      let number = open.add(1, ordering: .relaxed).newValue
      defer { open.subtract(1, ordering: .relaxed) }
      if number > 2 { return }
      while (try connection.nextRequest()) != nil {
        try connection.rest(0.003)
        try connection.send(ok())
      }
    }
    let pool = "backends: ['$0', '$1'], retry: { backoff: 1ms }, breaker: off"
    try withScene(limited, .answering(ok()), config: Self.config(pool)) { scene in
      let load = Load(scene.proxy.address, clients: 8) { _, _ in
        Load.Request(bytes: get()) { $0.text == "ok" }
      }
      try load.wait(forMore: 300)
      try load.stop()
      #expect(load.results.allSatisfy { $0 == .answered(200) })
    }
  }

  // MARK: Never reading

  @Test("a backend that reads nothing costs no GET, and a large upload gets 504 in time")
  func neverReads() throws {
    let mute = Origin.Script.script { connection in try connection.hang() }
    let good = Origin.Script.serving { _, connection in
      connection.keepsRecord = false
      return ok()
    }
    let pool = "backends: ['$0', '$1'], retry: { backoff: 1ms }, breaker: off"
    try withScene(
      mute, good, config: Self.config(pool, timeouts: "first_byte: 300ms")
    ) { scene in
      let load = Load(scene.proxy.address, clients: 4) { _, _ in
        Load.Request(bytes: get()) { $0.text == "ok" }
      }
      let statuses = try (0..<4).map { _ in
        let client = try scene.client()
        let size = 24 << 20
        try client.send(head("PUT / HTTP/1.1", "Host: a", "Content-Length: \(size)"))
        // The good one reads it all, the other nothing; then the answer is there.
        startThread { try? client.sendPattern(size, within: 20) }
        return try client.response().status
      }
      #expect(statuses.allSatisfy { $0 == 200 || $0 == 504 } && statuses.contains(504))
      try load.wait(forMore: 20)
      try load.stop()
      #expect(load.results.allSatisfy { $0 == .answered(200) })
    }
  }

  // MARK: Waiting costs nothing

  @Test(
    "requests that wait use no processor time",
    arguments: [
      "", ", capacity: { in_flight: 5, queue_timeout: 60s }",
      ", capacity: { max_connections: 3, queue_timeout: 60s }",
    ])
  func waiting(_ capacity: String) throws {
    let mute = Origin.Script.script { connection in try connection.hang() }
    let pool = "backends: ['$0']\(capacity)"
    try withScene(mute, config: Self.config(pool, timeouts: "first_byte: 60s")) { scene in
      let clients = try (0..<50).map { _ in
        let client = try scene.client()
        try client.send(get())
        return client
      }
      try wait(for: "all of them") {
        try scene.proxy.metric("headrace_pool_requests_in_flight") == 50
      }
      let before = try processorSeconds(scene.proxy.process.id)
      usleep(500_000)  // the time is what is measured
      let used = try processorSeconds(scene.proxy.process.id) - before
      #expect(used < 0.1, "\(used) s of half a second")
      withExtendedLifetime(clients) {}
    }
  }

  private func processorSeconds(_ process: pid_t) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      throw HarnessError.malformed(text)
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
