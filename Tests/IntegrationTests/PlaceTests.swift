import Foundation
import Testing

@Suite("Unix sockets, IPv6, host names") struct PlaceTests {
  @Test("a unix socket serves as backend")
  func unixBackend() throws {
    try withScene(Origin.Script.serving { request, _ in ok(request.text) }.at(.unix)) { scene in
      let client = try scene.client()
      for _ in 1...3 { #expect(try client.exchange(post(body: "hi")).text == "hi") }
      #expect(scene.origin.connections.count == 1)
      let old = try scene.exchange(head("GET / HTTP/1.0"))
      #expect(old.status == 200)
    }
  }

  @Test("the proxy listens on a unix socket, and replaces a stale one")
  func unixListener() throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let config = Scene.config(["$0"]).replacing(
      "address: 127.0.0.1:0", with: "address: 'unix:\(folder)/p'")
    for _ in 1...2 {
      try withScene(.answering(ok()), config: config) { scene in
        #expect(scene.proxy.address == "unix:\(folder)/p")
        let text = try scene.exchange(get()).text
        #expect(text == "ok")
        // Killed, it leaves the socket file behind for the second round.
        scene.proxy.process.kill()
      }
    }
  }

  @Test("IPv6 on both sides", .enabled(if: Program.hasIPv6, "no IPv6 loopback"))
  func version6() throws {
    let config = Scene.config(["$0"]).replacing(
      "address: 127.0.0.1:0", with: "address: \"[::1]:0\"")
    try withScene(Origin.Script.answering(ok()).at(.ipv6), config: config) { scene in
      #expect(scene.proxy.address.hasPrefix("[::1]:"))
      let client = try scene.client()
      #expect(try client.exchange(get()).text == "ok")
      #expect(scene.origin.request(0)["X-Forwarded-For"] == "::1")
    }
  }

  @Test("a listener without host takes IPv4, whose addresses look like IPv4")
  func anyHost() throws {
    let config = Scene.config(["$0"]).replacing("address: 127.0.0.1:0", with: "address: :0")
    try withScene(
      .answering(ok()), config: config + "\ntrusted_proxies: [127.0.0.3]"
    ) { scene in
      let client = try Client("127.0.0.1:\(scene.proxy.port)")
      #expect(try client.exchange(get()).text == "ok")
      #expect(scene.origin.request(0)["X-Forwarded-For"] == "127.0.0.1")
      let trusted = try Client("127.0.0.1:\(scene.proxy.port)", from: "127.0.0.3")
      _ = try trusted.exchange(get("/", "X-Forwarded-For: 1.2.3.4"))
      #expect(scene.origin.request(1)["X-Forwarded-For"] == "1.2.3.4, 127.0.0.3")
    }
  }

  @Test("a name is resolved, and addresses that refuse are passed over")
  func hostName() throws {
    let origin = try Origin(.answering(ok("named")))
    defer { origin.stop() }
    try withScene(config: Scene.config(["localhost:\(origin.port)"])) { scene in
      try wait(for: "the name to be resolved") {
        let status = try scene.exchange(get()).status
        return status == 200
      }
      let client = try scene.client()
      for _ in 1...10 { #expect(try client.exchange(get()).text == "named") }
      #expect(origin.request(0).all("Host") == ["example.com"])
    }
  }

  @Test("a name that does not resolve delays neither the start nor the other backends")
  func unknownName() throws {
    let took = try seconds {
      try withScene(
        .answering(ok("good")), config: Scene.config(["nowhere.invalid:80", "$0"])
      ) { scene in
        let client = try scene.client()
        for _ in 1...5 { #expect(try client.exchange(get()).text == "good") }
      }
    }
    #expect(took < 5)
    try withScene(config: Scene.config(["nowhere.invalid:80"])) { scene in
      let status = try scene.exchange(get()).status
      #expect(status == 503 || status == 502)
    }
  }
}
