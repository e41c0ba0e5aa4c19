import Foundation
import Testing

/// The program of `Examples/CustomStrategy` with the config that lies beside it. `make
/// test-example` builds it and runs these, with HEADRACE_BINARY naming it.
@Suite(
  "The example of a custom strategy",
  .enabled(
    if: environment("HEADRACE_EXAMPLE") != nil,
    "needs the example's program: make test-example"))
struct ExampleTests {
  private static let named = Origin.Script.serving { _, connection in
    ok("\(connection.origin.address)")
  }

  private static func config() throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    let text = try String(
      contentsOfFile: root + "/Examples/CustomStrategy/headrace.yaml", encoding: .utf8)
    return text.replacing("127.0.0.1:8080", with: "127.0.0.1:0")
      .replacing("127.0.0.1:3001", with: "'$0'").replacing("127.0.0.1:3002", with: "'$1'")
      + "trusted_proxies: [127.0.0.1]\n"
  }

  private func ask(_ scene: Scene, as client: Int) throws -> String {
    try scene.exchange(get("/", "X-Forwarded-For: 10.1.2.\(client)", "Connection: close")).text
  }

  @Test("a client has one home, whatever the worker, and clients are spread")
  func homes() throws {
    try withScene(Self.named, Self.named, config: Self.config()) { scene in
      let homes = try (0..<40).map { try ask(scene, as: $0) }
      for _ in 0..<3 {
        for client in 0..<40 {
          let answer = try ask(scene, as: client)
          #expect(answer == homes[client])
        }
      }
      let first = homes.count { $0 == scene.origins[0].address }
      #expect((8...32).contains(first))
    }
  }

  @Test("a home that is too busy is left for the other, until it has room again")
  func busy() throws {
    let gate = Gate()
    let script = Origin.Script.serving { request, connection in
      if request.target == "/hold" { try gate.pass() }
      return ok("\(connection.origin.address)")
    }
    try withScene(script, script, config: Self.config()) { scene in
      let field = "X-Forwarded-For: 10.1.2.3"
      let home = try scene.exchange(get("/", field)).text
      let held = try (0..<2).map { _ in try scene.client() }
      for (number, client) in held.enumerated() {
        try client.send(get("/hold", field))
        try wait(for: "request \(number) to be held") {
          scene.origins.reduce(0) { $0 + $1.requests.count { $0.target == "/hold" } } > number
        }
      }
      let other = try scene.exchange(get("/", field)).text
      #expect(other != home)
      gate.open()
      for client in held {
        let answer = try client.response().text
        #expect(answer == home)
      }
      try wait(for: "the home to be used again") {
        try scene.exchange(get("/", field)).text == home
      }
    }
  }

  @Test("a home that is gone costs no answer")
  func gone() throws {
    try withScene(Self.named, Self.named, config: Self.config()) { scene in
      let homes = try (0..<10).map { try ask(scene, as: $0) }
      scene.origins[0].stop()
      for client in 0..<10 {
        let answer = try ask(scene, as: client)
        #expect(answer == scene.origins[1].address, "home was \(homes[client])")
      }
    }
  }

  @Test("a reload changes to a built-in strategy and back; the name is in words and errors")
  func reload() throws {
    try withScene(Self.named, Self.named, config: Self.config()) { scene in
      var config = try Self.config()
      for (index, origin) in scene.origins.enumerated() {
        config = config.replacing("$\(index)", with: origin.address)
      }
      let home = try ask(scene, as: 1)
      let plain = config.replacing("bounded_affinity", with: "round_robin")
      let isPlain = try scene.proxy.reload(plain)
      #expect(isPlain)
      let isWrong = try scene.proxy.reload(
        config.replacing("bounded_affinity", with: "bounded_afinity"))
      #expect(!isWrong)
      #expect(scene.proxy.errors.contains("(did you mean \"bounded_affinity\"?)"))
      let isBack = try scene.proxy.reload(config)
      #expect(isBack)
      for _ in 0..<10 {
        let answer = try ask(scene, as: 1)
        #expect(answer == home)
      }
      let old = scene.proxy.folder + "/old.yaml"
      try write(plain, to: old)
      let said = try Program.run(
        [Proxy.binary, "diff", old, scene.proxy.folder + "/headrace.yaml"])
      #expect(said.output.contains("strategy was round_robin, is now bounded_affinity"))
    }
  }
}
