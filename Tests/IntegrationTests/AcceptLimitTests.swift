import Foundation
import Testing

@Suite("Descriptors and the command", .serialized) struct AcceptLimitTests {
  private static let fewDescriptors = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"]

  @Test("without descriptors left the proxy lives on, does not spin, and serves again")
  func exhaustion() throws {
    try withScene(
      .answering(ok()), extra: "admin: 127.0.0.1:0", wrapper: Self.fewDescriptors
    ) { scene in
      #expect(try scene.exchange(get()).status == 200)
      var clients: [Client] = []
      for _ in 1...120 {
        let client = try scene.client()
        try client.send("GET / HTTP/1.1\r\n")
        clients.append(client)
      }
      let before = scene.proxy.process.processorTime
      usleep(1_000_000)
      #expect(scene.proxy.process.processorTime - before < 0.5, "it spins")
      #expect(scene.proxy.process.isRunning)
      #expect(scene.proxy.process.descriptorCount <= 64)
      #expect(scene.proxy.errors.split(separator: "\n").count < 40, "it floods the log")
      // Descriptors stay reserved for the admin listener and for backends.
      #expect(try scene.proxy.admin("/live").status == 200)
      try clients[0].send("Host: a\r\n\r\n")
      #expect(try clients[0].response().status == 200)
      for client in clients { client.close() }
      #expect(try scene.exchange(get()).status == 200)
      #expect(try scene.exchange(get()).status == 200)
    }
  }

  @Test("no descriptor leaks, however exchanges end")
  func leaks() throws {
    let script = Origin.Script.script { connection in
      while let request = try connection.nextRequest() {
        if request.target == "/close" { return }
        if request.target == "/reset" { return connection.reset() }
        if request.target == "/bad" { return try connection.send("nonsense\r\n\r\n") }
        if request.target == "/hang" { _ = try connection.ending() }
        try connection.send(ok())
      }
    }
    try withScene(script) { scene in
      func round() throws {
        for target in ["/", "/close", "/reset", "/bad", "/hang", "/refused"] {
          let client = try scene.client()
          try client.send(target == "/refused" ? head("GET / HTTP/1.1") : get(target))
          if target != "/hang" { _ = try client.response() }
          target == "/hang" ? client.reset() : client.close()
        }
      }
      try round()
      try wait(for: "all client connections to end") {
        scene.origin.connections.dropFirst().filter(\.isOpen).count <= 1
      }
      usleep(200_000)
      let before = scene.proxy.process.descriptorCount
      for _ in 1...20 { try round() }
      try wait(for: "the descriptors to be back") {
        scene.proxy.process.descriptorCount <= before + 2
      }
    }
  }

  // MARK: the command line

  private func headrace(_ arguments: [String], config: String? = nil) throws -> Program.Result {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/site.yaml"
    if let config { try write(config, to: path) }
    return try Program.run([Proxy.binary] + arguments.map { $0 == "FILE" ? path : $0 })
  }

  @Test("check says whether a file is good, with the place of an error")
  func check() throws {
    let good = try headrace(["check", "FILE"], config: Scene.config(["127.0.0.1:1"]))
    #expect(good.status == .exited(0), "\(good)")
    let bad = try headrace(
      ["check", "FILE"], config: Scene.config(["127.0.0.1:1"], "timeuots: { connect: 1s }"))
    #expect(bad.status == .exited(1), "\(bad)")
    #expect(bad.errors.contains(#/site\.yaml:\d+:\d+: .*timeuots.*timeouts/#), "\(bad.errors)")
  }

  @Test("run refuses a bad file, a missing file and a taken port with status 1")
  func run() throws {
    #expect(try headrace(["run", "FILE"], config: "nonsense: 1").status == .exited(1))
    #expect(try headrace(["run", "/tmp/hr-does-not-exist.yaml"]).status == .exited(1))
    let taken = try Origin(.answering(ok()))
    defer { taken.stop() }
    let config = Scene.config(["127.0.0.1:1"]).replacing("127.0.0.1:0", with: taken.address)
    let result = try headrace(["run", "FILE"], config: config)
    #expect(result.status == .exited(1))
    #expect(result.errors.contains(taken.address), "\(result.errors)")
  }

  @Test("a second instance does not share the port in silence")
  func secondInstance() throws {
    try withScene(.answering(ok())) { scene in
      let config = Scene.config(["127.0.0.1:1"]).replacing(
        "127.0.0.1:0", with: scene.proxy.address)
      let result = try headrace(["run", "FILE"], config: config)
      #expect(result.status == .exited(1))
    }
  }

  @Test("the version is told")
  func version() throws {
    let result = try headrace(["--version"])
    #expect(result.status == .exited(0))
    #expect(result.output.contains(#/\d+\.\d+/#))
  }
}
