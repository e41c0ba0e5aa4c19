import Foundation
import Testing

@Suite("What headrace reload does to traffic") struct ReloadEffectTests {
  private static let routes = "- { name: a, match: { path: /a/** }, to: app }"
  private static let admin = "admin: 127.0.0.1:0"

  private func reload(_ scene: Scene) throws -> Program.Result {
    try Command.run(["reload", "--admin", scene.proxy.adminAddress ?? "none"])
  }

  private func rewrite(_ scene: Scene, _ change: (String) -> String) throws {
    let path = scene.proxy.folder + "/headrace.yaml"
    try write(change(try String(contentsOfFile: path, encoding: .utf8)), to: path)
  }

  @Test("a good file takes effect, and the command says so")
  func success() throws {
    try withScene(echo, config: routing(Self.routes, Self.admin)) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/b/x")).status == 404)
      try rewrite(scene) { $0.replacing("/a/**", with: "/b/**") }
      let result = try reload(scene)
      #expect(result.status == .exited(0) && result.errors == "")
      #expect(result.output.contains("reloaded"))
      #expect(try client.exchange(get("/b/x")).text == "/b/x")
      #expect(try client.exchange(get("/a/x")).status == 404)
    }
  }

  @Test("a broken file changes nothing, and the command prints its errors")
  func broken() throws {
    try withScene(echo, config: routing(Self.routes, Self.admin)) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/a/x")).text == "/a/x")
      try rewrite(scene) { $0.replacing("/a/**", with: "/b/**").replacing("to:", with: "too:") }
      let result = try reload(scene)
      #expect(result.status == .exited(1) && result.output == "")
      #expect(result.errors.contains("headrace.yaml:4:") && result.errors.contains("too"))
      #expect(result.errors.contains("reload failed"))
      #expect(try client.exchange(get("/a/x")).text == "/a/x")
      #expect(try scene.exchange(get("/b/x")).status == 404)
      let answer = try post(scene, "X-Headrace-Admin: 1")
      #expect(answer.status == 422 && answer.text.contains("headrace.yaml:4:"))
      #expect(scene.origin.connections.count == 1)
    }
  }

  private func post(_ scene: Scene, _ fields: String...) throws -> Message {
    let client = try Client(scene.proxy.adminAddress ?? "")
    try client.send(
      head(
        ["POST /reload HTTP/1.1", "Host: admin", "Content-Length: 0", "Connection: close"] + fields
      ))
    return try client.response()
  }

  @Test("what a web page could send is refused")
  func webPages() throws {
    try withScene(echo, config: routing(Self.routes, Self.admin)) { scene in
      try rewrite(scene) { $0.replacing("/a/**", with: "/b/**") }
      #expect(try post(scene).status == 403)
      #expect(try post(scene, "Origin: http://evil.example").status == 403)
      let own = try post(scene, "Origin: null", "X-Headrace-Admin: 1")
      #expect(own.status == 403)
      #expect(try post(scene, "X-Headrace-Admin: 1", "X-Headrace-Admin: 1").status == 403)
      #expect(try scene.proxy.admin("/reload").status == 405)
      #expect(try scene.exchange(get("/a/x")).text == "/a/x", "nothing was reloaded")
      #expect(try post(scene, "X-Headrace-Admin: 1").status == 200)
      #expect(try scene.exchange(get("/b/x")).text == "/b/x")
    }
  }

  @Test("warnings are in the answer, and what needs a restart is said")
  func warnings() throws {
    try withScene(echo, config: routing(Self.routes, Self.admin)) { scene in
      try rewrite(scene) {
        $0.replacing(
          "pools:", with: "- { name: never, match: { path: /a/b }, respond: 200 }\npools:"
        ).replacing("workers: 1", with: "workers: 2")
      }
      let result = try reload(scene)
      #expect(result.status == .exited(0) && result.output.contains("never"))
      #expect(scene.proxy.errors.contains("workers"))
    }
  }

  @Test("included files are read again, and an error in one changes nothing")
  func includedFiles() throws {
    let site = "routes: [{ name: site, match: { path: /site }, respond: { body: one } }]\n"
    let config = "include: site-*.yaml\n" + routing(Self.routes, Self.admin)
    try withScene(echo, config: config, files: ["site-1.yaml": site]) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/site")).text == "one")
      let second = scene.proxy.folder + "/site-2.yaml"
      try write("routes: [{ match: { path: /two }, respond: { body: two } }]\n", to: second)
      #expect(try client.exchange(get("/two")).status == 404)
      #expect(try reload(scene).status == .exited(0))
      #expect(try client.exchange(get("/two")).text == "two")
      try write("routes: [{ match: { path: /two }, too: b }]\n", to: second)
      let broken = try reload(scene)
      #expect(broken.status == .exited(1) && broken.errors.contains("site-2.yaml:1:"))
      #expect(try client.exchange(get("/two")).text == "two")
      #expect(try client.exchange(get("/a/x")).text == "/a/x")
    }
  }

  @Test("many reloads at once, by signal and by command, lose no request")
  func concurrent() throws {
    try withScene(echo, config: routing(Self.routes, Self.admin)) { scene in
      let client = try scene.client()
      let clients = try (1...6).map { _ in try Client(scene.proxy.adminAddress ?? "") }
      for (index, admin) in clients.enumerated() {
        try admin.send(
          head(
            "POST /reload HTTP/1.1", "Host: a", "Content-Length: 0", "X-Headrace-Admin: 1",
            "Connection: close"))
        scene.proxy.process.signal(SIGHUP)
        #expect(try client.exchange(get("/a/\(index)")).text == "/a/\(index)")
      }
      for admin in clients { #expect(try admin.response().status == 200) }
      #expect(try client.exchange(get("/a/end")).text == "/a/end")
      #expect(scene.origin.connections.count == 1)
    }
  }
}
