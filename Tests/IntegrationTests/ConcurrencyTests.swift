import Foundation
import Testing

/// Many exchanges at once: no answer may ever reach another's client.
@Suite("Concurrency", .serialized) struct ConcurrencyTests {
  /// Says back who asked; how it is framed, and whether the connection survives, is in the target.
  private static let echo = Origin.Script.serving { request, connection in
    let body = "\(request.target) \(request.text)"
    switch request.target.split(separator: "/").first {
    case "chunked":
      let parts = chunk(body) + "0\r\n\r\n"
      return head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + parts
    case "closing": return ok(body, "Connection: close")
    case "slow": try connection.rest(0.005)
    case "close":
      try connection.send(head("HTTP/1.1 200 OK") + body)
      return nil
    case "reset":
      connection.reset()
      return nil
    default: break
    }
    return ok(body)
  }

  private static let kinds = ["plain", "chunked", "closing", "slow", "close"]

  @Test("answers reach those who asked, over two workers and two backends")
  func crossTalk() throws {
    let config = Scene.config(["$0", "$1"]).replacing("workers: 1", with: "workers: 2")
    try withScene(Self.echo, Self.echo, config: config) { scene in
      let clients = try (0..<64).map { _ in try scene.client() }
      for round in 0..<25 {
        for (number, client) in clients.enumerated() {
          let kind = Self.kinds[(number + round) % Self.kinds.count]
          let target = "/\(kind)/\(number)/\(round)"
          try client.send(number % 2 == 0 ? get(target) : post(target, body: "b\(number)"))
        }
        for (number, client) in clients.enumerated() {
          let kind = Self.kinds[(number + round) % Self.kinds.count]
          let wanted = "/\(kind)/\(number)/\(round) \(number % 2 == 0 ? "" : "b\(number)")"
          let response = try client.response()
          if response.text != wanted {
            Issue.record("client \(number), round \(round): \(response.startLine) \(response.text)")
            return
          }
        }
      }
    }
  }

  @Test("clients and backends that break off at any point leave the others alone")
  func storm() throws {
    let config = Scene.config(["$0", "$1"]).replacing("workers: 1", with: "workers: 2")
    try withScene(Self.echo, Self.echo, config: config) { scene in
      var random = SplitMix(state: 42)
      let steady = try scene.client()
      for round in 0..<150 {
        let kind = (Self.kinds + ["reset"]).randomElement(using: &random)!
        let request = post("/\(kind)/\(round)", body: String(repeating: "x", count: 200))
        let client = try scene.client()
        let all = request.bytes
        try client.send(Array(all[..<Int.random(in: 1...all.count, using: &random)]))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: client.reset()
        case 1: client.close()
        case 2: client.halfClose()
        default: try client.rest(0.002)
        }
        if round % 5 == 0 {
          #expect(try steady.exchange(get("/plain/\(round)")).text == "/plain/\(round) ")
        }
      }
      #expect(scene.proxy.process.isRunning)
    }
  }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
