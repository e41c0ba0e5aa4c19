import Foundation
import Synchronization
import Testing

/// Everything at once, at random from a seed: and afterwards nothing is left of it.
@Suite("Storm") struct ChaosStormTests {
  /// xorshift64*, Vigna 2016.
  private struct Dice {
    private var state: UInt64
    init(_ seed: UInt64) { state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func roll(_ sides: Int) -> Int {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return Int((state &* 0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
  }

  /// Does with each request what the dice say, until it is told to be good.
  private final class App: Sendable {
    private let seed: UInt64
    private let count = Atomic(UInt64(0))
    let isGood = Atomic(false)
    init(seed: UInt64) { self.seed = seed }

    var script: Origin.Script {
      .script { connection in
        while try connection.hasMore(within: 120) {
          let request = try connection.readHead()
          guard try self.answer(request, connection) else { return }
        }
      }
    }

    private func answer(_ request: Message, _ connection: Origin.Connection) throws -> Bool {
      if isGood.load(ordering: .acquiring) {
        var request = request
        try connection.readBody(of: &request, or: .none)
        try connection.send(ok("good"))
        return true
      }
      let number = count.wrappingAdd(1, ordering: .relaxed).newValue
      var dice = Dice(seed &* 7919 &+ number)
      let isUpgrade = request["upgrade"] != nil
      switch dice.roll(16) {
      case 0: connection.reset()
      case 1: return false
      case 2:
        try connection.send("HTTP/1.1 200 OK\r\nContent-Len")
        connection.reset()
      case 3:
        try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        if dice.roll(2) == 0 { connection.reset() }
      case 4: try connection.send("nothing like HTTP\r\n\r\n")
      case 5: try connection.rest(0.15)
      case 6: try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
      case 7:
        // Before the body came.
        try connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        return request["content-length"] == nil && request["transfer-encoding"] == nil
      case 8 where isUpgrade, 9 where isUpgrade, 10 where isUpgrade, 11 where isUpgrade:
        try connection.send(
          head("HTTP/1.1 101 Switching", "Upgrade: x", "Connection: upgrade") + "hello")
        try connection.rest(Double(dice.roll(20)) / 1000)
      default:
        var request = request
        try connection.readBody(of: &request, or: .none)
        if dice.roll(2) == 0 { try connection.rest(Double(dice.roll(10)) / 1000) }
        try connection.send(ok("fine"))
        return true
      }
      return false
    }
  }

  /// One visit of a client; errors are part of it, waiting without end is not.
  private static func visit(_ address: String, _ dice: inout Dice) throws {
    let client = try Client(address)
    defer { client.close() }
    let target = "/\(dice.roll(1000))"
    let pause = UInt32(dice.roll(20) * 1000)
    switch dice.roll(9) {
    case 0, 1:
      for _ in 0..<5 { _ = try client.exchange(get(target)) }
    case 2:
      try client.send(get(target))
      usleep(pause)
      client.reset()
    case 3:
      let start = head("POST \(target) HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
      try client.send(start)
      for _ in 0..<4 {
        usleep(pause / 4)
        try client.send(chunk("piece"))
      }
      try client.send("0\r\n\r\n")
      _ = try client.response()
    case 4:
      try client.send(head("PUT \(target) HTTP/1.1", "Host: a", "Content-Length: 9") + "half")
      usleep(pause)
      if dice.roll(2) == 0 { client.reset() }
    case 5:
      try client.send(get(target, "Connection: upgrade", "Upgrade: x"))
      if try client.response().status == 101 { try client.send("bytes") }
      usleep(pause)
      if dice.roll(2) == 0 { client.reset() }
    case 6:
      try client.send(get(target))
      client.halfClose()
      _ = try client.response()
    case 7:
      try client.send(get(target) + post(target, body: "a") + get(target))
      for _ in 0..<3 { _ = try client.response() }
    default:
      let fields = ["Host: a", "Expect: 100-continue", "Content-Length: 4"]
      try client.send(head(["PUT \(target) HTTP/1.1"] + fields))
      usleep(pause)
      try client.send("body")
      var response = try client.response()
      while response.status == 100 { response = try client.response() }
    }
  }

  private static func config(_ backends: String, _ capacity: String, _ rest: String = "") -> String
  {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: 2
    timeouts: { connect: 200ms, first_byte: 200ms, request: 2s, response_idle: 500ms, try: 150ms }
    routes: [{ to: app }]
    pools:
      app:
        backends: [\(backends)]
        capacity: \(capacity)
        keep_alive: { idle_timeout: 500ms }
        \(rest)

    """
  }

  private static let variants = [
    config("'$0', '$1', '$2'", "{ in_flight: 4, queue: 6, queue_timeout: 200ms }"),
    config(
      "'$0', '$1', '$2'", "{ in_flight_per_backend: 1, queue: 20, queue_timeout: 100ms }",
      "strategy: two_choices"),
    config("'$0', '$1'", "{ max_connections: 2, queue_timeout: 300ms }"),
    config(
      "'$1', '$2'", "{ in_flight: 3, in_flight_per_backend: 2, queue_timeout: 300ms }",
      "breaker: { consecutive_failures: 2, open_for: 50ms, max_open_for: 100ms, probes: 1 }"),
    config("'$0', '$1', '$2'", "{ queue: 0 }", "strategy: peak_ewma"),
    config(
      "'$0', '$2'", "{ max_connections: 1, in_flight: 2, queue_timeout: 300ms }",
      "health: { type: tcp, interval: 50ms, timeout: 100ms }"),
  ]

  @Test(
    "after everything that may happen no place, connection or waiter is left",
    arguments: seeds)
  func storm(_ seed: UInt64) throws {
    let apps = (0..<3).map { App(seed: seed &* 3 &+ UInt64($0)) }
    try withScene(
      apps[0].script, apps[1].script, apps[2].script, config: Self.variants[0]
    ) { scene in
      func written(_ config: String) -> String {
        (0..<3).reduce(config) { $0.replacing("$\($1)", with: scene.origins[$1].address) }
      }
      let state = Locked((running: 8, visits: 0, stuck: [String]()))
      let address = scene.proxy.address
      let stop = Gate()
      for number in 0..<8 {
        startThread {
          var dice = Dice(seed &* 1000 &+ UInt64(number))
          while !stop.isOpenNow {
            do {
              try Self.visit(address, &dice)
            } catch HarnessError.timedOut(let what) {
              state.withLock { $0.stuck.append(what) }
            } catch {}
            state.withLock { $0.visits += 1 }
          }
          state.withLock { $0.running -= 1 }
        }
      }
      var dice = Dice(seed)
      for _ in 0..<rounds {
        let goal = state.withLock { $0.visits } + 40
        try wait(for: "visits", within: 60) { state.withLock { $0.visits } >= goal }
        let reloaded = try scene.proxy.reload(
          written(Self.variants[dice.roll(Self.variants.count)]))
        #expect(reloaded)
      }
      stop.open()
      try wait(for: "the clients' end", within: 40) { state.withLock { $0.running } == 0 }
      #expect(state.withLock { $0.stuck } == [])
      for app in apps { app.isGood.store(true, ordering: .releasing) }
      try expectNothingLeft(scene, written)
    }
  }

  private func expectNothingLeft(_ scene: Scene, _ written: (String) -> String) throws {
    for name in [
      "headrace_pool_queue_length", "headrace_pool_requests_in_flight",
      "headrace_backend_requests_in_flight", "headrace_backend_connections_idle",
    ] {
      try wait(for: "\(name) 0") { try scene.proxy.metric(name) == 0 }
    }
    // One at a time passes everywhere, which it would not if a single permit were lost.
    for backend in ["$0", "$1", "$2"] {
      // A place is given back just after the answer: the next request may find it still taken.
      let bounds = """
        { in_flight: 1, in_flight_per_backend: 1, max_connections: 1, queue_timeout: 5s }
        """
      #expect(
        try scene.proxy.reload(
          written(Self.config("'\(backend)'", bounds, "breaker: off"))))
      for _ in 0..<3 {
        let response = try scene.exchange(get())
        #expect(response.text == "good", "\(backend): \(response.startLine)")
      }
      try wait(for: "no idle connection") {
        try scene.proxy.metric("headrace_backend_connections_idle") == 0
      }
    }
  }

  private let rounds = environment("HEADRACE_STORMS") == nil ? 3 : 12

  /// HEADRACE_STORMS: how many, from which seed on.
  private static let seeds: [UInt64] = {
    guard let text = environment("HEADRACE_STORMS"), let count = UInt64(text) else {
      return [1, 2]
    }
    return (0..<count).map { $0 + 10 }
  }()
}

extension Gate {
  fileprivate var isOpenNow: Bool { (try? pass(within: 0)) != nil }
}
