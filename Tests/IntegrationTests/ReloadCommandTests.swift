import Foundation
import Testing

/// `headrace reload` against a running proxy.
@Suite("headrace reload") struct ReloadCommandTests {
  private func reload(_ arguments: String...) throws -> Program.Result {
    try Program.run([Proxy.binary, "reload"] + arguments)
  }

  private static let admin = "admin: 127.0.0.1:0"

  @Test("prints what came of it; a bad file changes nothing")
  func outcomes() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      let address = try #require(scene.proxy.adminAddress)
      let file = scene.proxy.folder + "/headrace.yaml"
      try write(Scene.config([scene.origin.address], Self.admin + "\nvia: true"), to: file)
      let fine = try reload("--admin", address)
      #expect(fine.status == .exited(0))
      #expect(fine.output == "reloaded \(file)\n")
      #expect(try scene.exchange(get()).status == 200)
      #expect(scene.origin.requests.last?["Via"] == "1.1 headrace")

      try write("listen: [\n", to: file)
      let bad = try reload("--admin", address)
      #expect(bad.status == .exited(1))
      #expect(bad.output == "")
      #expect(bad.errors.hasPrefix("\(file):"))
      #expect(bad.errors.hasSuffix("reload failed, the running config stays\n"))
      #expect(scene.proxy.errors.contains("headrace: reload failed"))
      #expect(try scene.exchange(get()).status == 200)
      #expect(try scene.proxy.metric("headrace_config_reloads_total") == 1)
    }
  }

  @Test("a web page cannot reload")
  func pages() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      for field in ["X-Other: 1", "X-Headrace-Admin: 1\r\nOrigin: http://127.0.0.1"] {
        let client = try Client(try #require(scene.proxy.adminAddress))
        let answer = try client.exchange(
          head("POST /reload HTTP/1.1", "Host: admin", "Content-Length: 0", field))
        #expect(answer.status == 403)
      }
      #expect(!scene.proxy.errors.contains("reloaded"))
    }
  }

  @Test("the address comes from the file; without one it says what to do")
  func addresses() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/site.yaml"
    func reload(_ extra: String) throws -> Program.Result {
      try write(Scene.config(["127.0.0.1:1"], extra), to: file)
      return try self.reload(file)
    }
    #expect(try reload("").errors.contains("has no admin; send SIGHUP"))
    #expect(try reload(Self.admin).errors.contains("--admin"))
    let nobody = try reload("admin: unix:\(folder)/none.sock")
    #expect(nobody.status == .exited(1))
    #expect(nobody.errors.contains("nobody answers at unix:\(folder)/none.sock"))
    let path = "unix:\(folder)/admin.sock"
    try withScene(.answering(ok()), extra: "admin: \(path)") { scene in
      let done = try reload("admin: \(path)")
      #expect(done.output == "reloaded \(scene.proxy.folder)/headrace.yaml\n")
    }
  }

  @Test("many at once, beside SIGHUP: one after the other")
  func manyAtOnce() throws {
    try withScene(.answering(ok()), extra: Self.admin) { scene in
      let address = try #require(scene.proxy.adminAddress)
      let clients = try (1...8).map { _ in try Client(address) }
      for client in clients {
        try client.send(
          head(
            "POST /reload HTTP/1.1", "Host: admin", "Content-Length: 0", "X-Headrace-Admin: 1"))
      }
      scene.proxy.process.signal(SIGHUP)
      for client in clients { #expect(try client.response().status == 200) }
      try wait(for: "nine reloads") {
        try scene.proxy.metric("headrace_config_reloads_total") == 9
      }
      #expect(try scene.exchange(get()).status == 200)
    }
  }
}
