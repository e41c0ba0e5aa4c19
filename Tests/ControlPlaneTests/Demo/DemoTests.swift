import Testing

@testable import ControlPlane

/// The demo's apps over real sockets, its config and its guide.
@Suite(.timeLimit(.minutes(5))) struct DemoTests {
  private func withApps(_ test: ([Endpoint]) throws -> Void) throws {
    let apps = DemoApps()
    let endpoints = try apps.start()
    defer { apps.stop() }
    try test(endpoints)
  }

  @Test func eachAppSaysItsName() throws {
    try withApps { endpoints in
      #expect(Set(endpoints).count == 3)
      for (endpoint, name) in zip(endpoints, DemoApps.names) {
        let answer = try LocalClient.get(endpoint, "/")
        #expect(answer.text == "Hello from \(name)\n")
        #expect(answer.header("X-App") == name)
        #expect(try LocalClient.get(endpoint, "/health").text == "ok\n")
      }
    }
  }

  @Test(arguments: [
    ("/fail", 503), ("/fail?status=418", 418), ("/fail?status=200", 400), ("/fail?status=x", 400),
    ("/slow?ms=1", 200), ("/slow?ms=-1", 400), ("/slow?ms=99999999999999999999", 400),
    ("/nothing", 404),
  ])
  func failsAndWaitsAsAsked(target: String, status: Int) throws {
    try withApps { endpoints in
      let answer = try LocalClient.get(endpoints[0], target)
      #expect(answer.status == status)
      #expect(answer.header("X-App") == "app-1")
    }
  }

  @Test func echoShowsWhatArrived() throws {
    try withApps { endpoints in
      let answer = try LocalClient(endpoints[1]).exchange(
        "POST /echo?a=b HTTP/1.1\r\nHost: h\r\nX-Request-Id: 77\r\nContent-Length: 2\r\n\r\nhi")
      #expect(
        answer.text
          == "POST /echo\nquery a = b\nHost: h\nX-Request-Id: 77\nContent-Length: 2\n\nhi\n")
    }
  }

  @Test func theLogoMayBeCached() throws {
    try withApps { endpoints in
      let answer = try LocalClient.get(endpoints[2], "/static/logo.svg")
      #expect(answer.header("Content-Type") == "image/svg+xml")
      #expect(answer.header("Cache-Control") == "public, max-age=60")
      #expect(answer.text.hasPrefix("<svg "))
    }
  }

  /// Ctrl-C must not wait a minute for a slow answer.
  @Test func stoppingCutsWaitsShort() throws {
    let apps = DemoApps()
    let endpoint = try apps.start()[0]
    let client = try LocalClient(endpoint)
    let slow = "GET /slow?ms=60000 HTTP/1.1\r\nHost: h\r\n\r\n"
    try client.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n" + slow)
    #expect(try client.receive().text == "ok\n")
    let elapsed = ContinuousClock().measure { apps.stop() }
    #expect(elapsed < .seconds(20))
  }

  @Test func theConfigPutsTheProxyInFrontOfTheApps() {
    let backends = [Endpoint.ip(host: "127.0.0.1", port: 1), .ip(host: "127.0.0.1", port: 2)]
    let config = DemoConfig.make(port: 8080, backends: backends)
    #expect(config.listeners.map(\.address) == [.ip(host: "127.0.0.1", port: 8080)])
    #expect(config.pools.map(\.name) == ["app"])
    #expect(config.pools[0].backends.map(\.address) == backends)
    #expect(config.routes.allSatisfy { $0.action == .pool("app") })
    #expect(config.routes.last?.match == Config.Match())
    #expect(config.admin?.address == .ip(host: "127.0.0.1", port: 0))
  }

  @Test func theGuideNamesBothPorts() {
    let guide = DemoGuide.text(port: 8080, admin: 9180)
    #expect(guide.contains("curl http://127.0.0.1:8080/ "))
    #expect(guide.contains("curl http://127.0.0.1:9180/metrics "))
    #expect(guide.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }
}
