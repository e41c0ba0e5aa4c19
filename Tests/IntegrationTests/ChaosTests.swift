import Foundation
import Synchronization
import Testing

/// Backends that go wrong in every way, with a load running.
@Suite("Chaos") struct ChaosTests {
  /// What a backend does from now on.
  enum Mode: String, CaseIterable, Sendable {
    case serves
    /// Accepts, reads the request, says nothing.
    case hangs
    case hangsInTheHead
    case resetsAtOnce, resetsAfterTheRequest, resetsInTheHead, resetsInTheBody
    case answersGarbage
    /// Correct, and late.
    case isSlow
    /// Good and dead in turn, every few requests.
    case flaps
    case cannotServe
  }

  /// A backend whose mode can be changed while it serves. Answers with a body made from the target,
  /// in one piece or in chunks.
  final class App: Sendable {
    private let mode = Locked(Mode.serves)
    private let count = Atomic(0)
    private let posts = Locked<[String: Int]>([:])

    func set(_ mode: Mode) { self.mode.withLock { $0 = mode } }
    /// How often each POST came here whole.
    var deliveries: [String: Int] { posts.withLock { $0 } }

    static func body(_ target: String) -> String {
      String(repeating: target + "\n", count: 200)
    }

    var script: Origin.Script {
      .script { connection in
        if self.mode.withLock({ $0 }) == .resetsAtOnce { return connection.reset() }
        while let request = try connection.nextRequest() {
          if request.method == "POST" {
            self.posts.withLock { $0[request.target, default: 0] += 1 }
          }
          guard try self.answer(request, connection) else { return }
        }
      }
    }

    private func answer(_ request: Message, _ connection: Origin.Connection) throws -> Bool {
      let number = count.add(1, ordering: .relaxed).newValue
      let body = Self.body(request.target)
      let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body) + "0\r\n\r\n"
      let whole = request.target.hasSuffix("c") ? chunked : ok(body)
      switch mode.withLock({ $0 }) {
      case .serves: break
      case .hangs:
        try connection.hang()
        return false
      case .hangsInTheHead:
        try connection.send("HTTP/1.1 200 OK\r\nContent-")
        try connection.hang()
        return false
      case .resetsAtOnce, .resetsAfterTheRequest:
        connection.reset()
        return false
      case .resetsInTheHead:
        try connection.send("HTTP/1.1 200 OK\r\nContent-")
        connection.reset()
        return false
      case .resetsInTheBody:
        try connection.send([UInt8](whole.utf8.prefix(whole.utf8.count / 2)))
        connection.reset()
        return false
      case .answersGarbage:
        try connection.send("\u{0}\u{1}\u{2} nothing like HTTP\r\n\r\n")
        return false
      case .isSlow: try connection.rest(0.05)
      case .flaps:
        if number / 5 % 2 == 0 {
          connection.reset()
          return false
        }
      case .cannotServe:
        try connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        return true
      }
      try connection.send(whole)
      return true
    }
  }

  private static func config(_ addresses: [String], extra: String = "", workers: Int = 2) -> String
  {
    """
    listen: 127.0.0.1:0
    admin: 127.0.0.1:0
    workers: \(workers)
    timeouts: { connect: 500ms, first_byte: 500ms }
    routes: [{ to: app }]
    pools:
      app: { backends: [\(addresses.map { "'\($0)'" }.joined(separator: ", "))]\(extra) }

    """
  }

  private static func gets(_ client: Int, _ index: Int) -> Load.Request {
    let target = "/\(client)-\(index)" + (index % 2 == 0 ? "c" : "")
    return Load.Request(bytes: get(target)) { $0.text == App.body(target) }
  }

  @Test(
    "with one of three backends in trouble no GET fails before its response's head",
    arguments: Mode.allCases)
  func oneOfThree(_ mode: Mode) throws {
    let apps = [App(), App(), App()]
    try withScene(
      apps[0].script, apps[1].script, apps[2].script, config: Self.config(["$0", "$1", "$2"])
    ) { scene in
      let load = Load(scene.proxy.address, clients: 6, request: Self.gets)
      try load.wait(forMore: 100)
      apps[1].set(mode)
      try load.wait(forMore: mode == .hangs || mode == .hangsInTheHead ? 60 : 300)
      apps[1].set(.serves)
      try load.wait(forMore: 100)
      try load.stop()
      let bad = load.results.filter { $0 != .answered(200) }
      if mode == .resetsInTheBody {
        #expect(bad.allSatisfy { $0 == .cut(200) }, "\(Set(bad.map { "\($0)" }))")
        #expect(!bad.isEmpty)
      } else {
        #expect(
          bad.isEmpty, "\(mode): \(bad.count) of \(load.results.count), first \(bad.first as Any)")
      }
    }
  }

  @Test("a backend that is killed and comes back, again and again")
  func killed() throws {
    let apps = [App(), App()]
    let place = try Address.refusing()
    let victim = App()
    try withScene(
      apps[0].script, apps[1].script, config: Self.config([place, "$0", "$1"])
    ) { scene in
      let load = Load(scene.proxy.address, clients: 6, request: Self.gets)
      for _ in 0..<6 {
        let origin = try Origin(victim.script.at(.at(place)))
        try load.wait(forMore: 60)
        // As when a process dies: all connections are reset at once.
        for connection in origin.connections { connection.reset() }
        origin.stop()
        try load.wait(forMore: 60)
      }
      try load.stop()
      let bad = load.results.filter { $0 != .answered(200) }
      // What had its head was cut, and could be seen to be.
      #expect(bad.allSatisfy { $0 == .cut(200) }, "\(Set(bad.map { "\($0)" }))")
      #expect(load.results.count > 700)
    }
  }

  @Test("a POST is never delivered twice, whatever the backends do")
  func posts() throws {
    let apps = [App(), App(), App()]
    try withScene(
      apps[0].script, apps[1].script, apps[2].script, config: Self.config(["$0", "$1", "$2"])
    ) { scene in
      let load = Load(scene.proxy.address, clients: 6) { client, index in
        let target = "/\(client)-\(index)"
        return Load.Request(bytes: post(target, body: "pay")) { $0.text == App.body(target) }
      }
      for mode in Mode.allCases where mode != .hangs && mode != .hangsInTheHead {
        for (index, app) in apps.enumerated() { app.set(index == 0 ? mode : .serves) }
        try load.wait(forMore: 40)
        for app in apps { app.set(mode) }
        try load.wait(forMore: 20)
      }
      try load.stop()
      var deliveries: [String: Int] = [:]
      for app in apps { deliveries.merge(app.deliveries) { $0 + $1 } }
      #expect(deliveries.count > 200)
      #expect(deliveries.values.allSatisfy { $0 == 1 })
      #expect(load.count { if case .wrongBody = $0 { true } else { false } } == 0)
    }
  }

  @Test("when all backends fail, retries stay within their budget")
  func budget() throws {
    let apps = [App(), App(), App()]
    let settings = ", retry: { reserve: 10, backoff: 1ms }"
    try withScene(
      apps[0].script, apps[1].script, apps[2].script,
      config: Self.config(["$0", "$1", "$2"], extra: settings)
    ) { scene in
      for app in apps { app.set(.resetsAfterTheRequest) }
      let load = Load(scene.proxy.address, clients: 4, request: Self.gets)
      try load.wait(forMore: 400)
      try load.stop()
      let requests = Double(load.results.count)
      let retries = try scene.proxy.metric("headrace_pool_retries_total", "pool=\"app\"") ?? 0
      #expect(retries >= 10 && retries <= 10 + requests * 0.2 + 4, "\(retries) of \(requests)")
    }
  }
}
