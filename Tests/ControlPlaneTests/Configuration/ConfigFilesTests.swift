import ControlPlane
import Foundation
import Testing

/// Includes, variables of the environment, and anchors in configs that load.
struct ConfigFilesTests {
  @Test func includesAreMergedInOrder() throws {
    let loaded = try ConfigFixture.load(
      """
      include: [sites/*.yaml, common.yaml]
      listen: :8080
      routes: [{ to: app, match: { path: /app } }]
      pools: { app: [127.0.0.1:3000] }
      timeouts: { connect: 1s }
      """,
      files: [
        "sites/b.yaml": "routes: [{ to: b }]\npools: { b: [127.0.0.1:3002] }\n",
        "sites/a.yaml": "routes: [{ to: a, match: { path: /a } }]\npools: { a: [127.0.0.1:1] }\n",
        "sites/empty.yaml": "# nothing yet\n",
        "common.yaml":
          "include: deeper/x.yaml\ntimeouts: { request: 9s }\ntrusted_proxies: [10.0.0.0/8]\n",
        "deeper/x.yaml": "error_pages: { 404: ok.html }\n",
      ]
    ).get()
    #expect(loaded.config.routes.map(\.name) == ["app", "a", "b"])
    #expect(loaded.config.pools.map(\.name) == ["app", "a", "b"])
    #expect(loaded.config.timeouts.connect == .seconds(1))
    #expect(loaded.config.timeouts.request == .seconds(9))
    #expect(loaded.config.trustedProxies.count == 1)
    #expect(loaded.config.errorPages.map(\.file) == ["/etc/headrace/deeper/ok.html"])
    #expect(
      loaded.files.map { $0.replacing("/etc/headrace/", with: "") } == [
        "site.yaml", "sites/a.yaml", "sites/b.yaml", "sites/empty.yaml", "common.yaml",
        "deeper/x.yaml",
      ])
  }

  /// With the real file system: a pattern in a folder whose name looks like one.
  @Test func includesOnTheDisk() throws {
    let folder = NSTemporaryDirectory() + "/headrace-[x]-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/sites", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }
    try write(ConfigFixture.complete("include: 'sites/*.yaml'\n"), "site.yaml")
    try write("admin: 127.0.0.1:9180\n", "sites/a.yaml")
    try write("via: maybe\n", "sites/b.yaml")
    guard case .failure(let errors) = ConfigLoader.load(path: folder + "/site.yaml") else {
      Issue.record("it loads")
      return
    }
    #expect(errors.problems.map(\.file) == [folder + "/sites/b.yaml"])
    try write("via: true\n", "sites/b.yaml")
    let loaded = try ConfigLoader.load(path: folder + "/site.yaml").get()
    #expect(loaded.config.via)
    #expect(loaded.files.count == 3)
  }

  @Test func environment() throws {
    let config = try ConfigFixture.config(
      """
      listen: ":${PORT}"
      workers: "${COUNT}"
      via: ${VIA:-true}
      routes:
        - match: { host: "${HOST}", path: "/a/${MISSING:-x}${EMPTY}" }
          to: app
          request_headers: { set: { X-A: "$${{a}} $5 ${EMPTY:-e:-f}" } }
      pools: { app: ["${APP:-127.0.0.1}:3000"] }
      """)
    #expect(config.listeners.map(\.address) == [.ip(host: "", port: 8080)])
    #expect(config.workers == 3)
    #expect(config.via)
    #expect(config.routes[0].match.hosts == [.exact("example.com")])
    #expect(
      config.routes[0].match.paths == [.init(segments: [.literal("a"), .literal("x")])])
    #expect(config.routes[0].requestHeaders.set[0].value == .init([.text("${a} $5 e:-f")]))
    #expect(config.pools[0].backends[0].address == .ip(host: "127.0.0.1", port: 3000))
  }

  @Test func anchors() throws {
    let config = try ConfigFixture.config(
      """
      listen: &address 127.0.0.1:8080
      routes:
        - &first
          match: { path: /a, client_address: &office [10.0.0.0/8, "::1"] }
          to: &app app
        - match: { path: /b, client_address: *office }
          to: *app
        - *first
      pools: { app: &backends [127.0.0.1:3000], other: *backends }
      drain: &times
        timeout: 5s
      """)
    #expect(config.routes.count == 3)
    #expect(config.routes[1].match.clientAddresses == config.routes[0].match.clientAddresses)
    #expect(config.routes[1].match.clientAddresses.count == 2)
    #expect(config.routes[2].match == config.routes[0].match)
    #expect(config.pools[1].backends == config.pools[0].backends)
    #expect(config.drain.timeout == .seconds(5))
  }

  /// Nine levels of nine aliases are half a billion values; the bound is met at once.
  @Test func bombsAreRefusedFast() {
    var text = "a0: &a0 [x]\n"
    for level in 1...11 {
      let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(items)]\n"
    }
    let time = ContinuousClock().measure {
      #expect(
        ConfigFixture.messages(text).contains("aliases stand for more than 10000 values in all"))
    }
    #expect(time < .seconds(5))
  }

  @Test func settingsNameTheirSources() throws {
    let loaded = try ConfigFixture.load(
      """
      listen: ":${PORT}"
      routes:
        - match: { path: [/a, /b] }
          redirect: https://example.com/
        - { match: { path: /c }, respond: { body: c } }
        - to: app
      pools: { app: { backends: [127.0.0.1:3000] } }
      timeouts: { connect: 1s }
      """
    ).get()
    let lines = loaded.settings.map { "\($0.path) = \($0.value) (\($0.source))" }
      .map { $0.replacing("/etc/headrace/", with: "") }
    for line in [
      "listen = :8080 (PORT at site.yaml:1:9)",
      "routes[0].match.path[1] = /b (site.yaml:3:25)",
      "routes[0].redirect = https://example.com/ (site.yaml:4:15)",
      "routes[0].redirect.status = 302 (default)",
      "routes[1].respond.status = 200 (default)",
      "routes[1].respond.content_type = text/plain; charset=utf-8 (default)",
      "pools.app.backends[0] = 127.0.0.1:3000 (site.yaml:7:28)",
      "pools.app.strategy = round_robin (default)",
      "pools.app.keep_alive.max_idle = 256 (default)",
      "timeouts.connect = 1s (site.yaml:8:22)", "timeouts.first_byte = 60s (default)",
      "access_log = off (default)",
    ] { #expect(lines.contains(line), "\(line) is not in \(lines.joined(separator: "\n"))") }
    #expect(Set(loaded.settings.map(\.path)).count == loaded.settings.count)
    #expect(
      loaded.routeSources.map(\.description).map { $0.replacing("/etc/headrace/", with: "") }
        == ["site.yaml:3:5", "site.yaml:5:5", "site.yaml:6:5"])
  }

  @Test func problemsAsJSON() {
    guard case .failure(let errors) = ConfigFixture.load(ConfigFixture.complete("vai: \"é\\n\"\n"))
    else {
      Issue.record("it loads")
      return
    }
    let expected = """
      {
        "errors": 1,
        "warnings": 0,
        "problems": [
          {
            "file": "/etc/headrace/site.yaml",
            "line": 4,
            "column": 1,
            "length": 3,
            "severity": "error",
            "message": "unknown key \\"vai\\" at the top level (did you mean \\"via\\"?)",
            "suggestion": "via"
          }
        ]
      }

      """
    #expect(ConfigProblem.json(errors.problems) == expected)
    #expect(
      ConfigProblem.json([]) == "{\n  \"errors\": 0,\n  \"warnings\": 0,\n  \"problems\": []\n}\n")
    var warning = ConfigProblem(file: "a\u{1}b", message: "m")
    warning.isWarning = true
    #expect(ConfigProblem.json([warning]).contains("\"file\": \"a\\u0001b\""))
    #expect(ConfigProblem.json([warning]).contains("\"suggestion\": null"))
  }
}
