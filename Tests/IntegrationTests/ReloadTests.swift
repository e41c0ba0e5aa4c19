import Foundation
import Testing

@Suite("Reload") struct ReloadTests {
  @Test("a reload changes routes and keeps pooled and client connections")
  func keeps() throws {
    try withScene(.serving { request, _ in ok(request.target) }) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get("/1")).text == "/1")
      let narrow = Scene.config([scene.origin.address])
        .replacing("  - to: app\n", with: "  - { match: { path: /only/** }, to: app }\n")
      #expect(try scene.proxy.reload(narrow))
      #expect(try client.exchange(get("/2")).status == 404)
      #expect(try client.exchange(get("/only/3")).text == "/only/3")
      #expect(scene.origin.connections.count == 1)
    }
  }

  @Test("an invalid file changes nothing")
  func invalid() throws {
    try withScene(.answering(ok())) { scene in
      let client = try scene.client()
      #expect(try client.exchange(get()).status == 200)
      for bad in ["listen: [", "pools: {}\n", Scene.config(["nonsense"]), ""] {
        #expect(try !scene.proxy.reload(bad))
        #expect(try client.exchange(get()).status == 200)
        #expect(try scene.exchange(get()).status == 200)
      }
      #expect(scene.origin.connections.count == 1)
      #expect(scene.proxy.process.isRunning)
    }
  }

  @Test("a request in flight ends as it began")
  func inFlight() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.request()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 8") + "half")
      try connection.rest(0.4)
      try connection.send("half")
    }
    try withScene(script, .answering(ok("other"))) { scene in
      #expect(try scene.proxy.reload(Scene.config([scene.origin.address])))
      let client = try scene.client()
      try client.send(get())
      _ = try client.readHead()
      #expect(try scene.proxy.reload(Scene.config([scene.origins[1].address])))
      #expect(try client.read(8).text == "halfhalf")
      #expect(try client.exchange(get()).text == "other")
    }
  }

  @Test("counters go on after a reload")
  func counters() throws {
    let admin = "admin: 127.0.0.1:0"
    try withScene(.answering(ok()), extra: admin) { scene in
      for _ in 1...5 { #expect(try scene.exchange(get()).status == 200) }
      #expect(
        try scene.proxy.reload(
          Scene.config([scene.origin.address], admin + "\nvia: true")))
      for _ in 1...5 { #expect(try scene.exchange(get()).status == 200) }
      #expect(scene.origin.requests.last?["Via"] == "1.1 headrace")
      try wait(for: "ten requests in the counters") {
        try MetricsTests.requests(scene, "pool=\"app\"") == 10
      }
    }
  }

  @Test("many reloads under traffic lose no request")
  func underTraffic() throws {
    try withScene(.answering(ok()), .answering(ok())) { scene in
      let client = try scene.client()
      for round in 1...10 {
        let address = scene.origins[round % 2].address
        #expect(try scene.proxy.reload(Scene.config([address])))
        for _ in 1...5 { #expect(try client.exchange(get()).status == 200) }
        #expect(try scene.exchange(get()).status == 200)
      }
    }
  }

  @Test("listeners come and go; connections and what waits in a queue stay")
  func listeners() throws {
    try withScene(.serving { request, _ in ok(request.target) }) { scene in
      func listening(_ addresses: String...) -> String {
        Scene.config([scene.origin.address]).replacing(
          "  - address: 127.0.0.1:0\n",
          with: addresses.map { "  - address: '\($0)'\n" }.joined())
      }
      let path = "unix:\(scene.proxy.folder)/p"
      let client = try scene.client()
      #expect(try client.exchange(get("/1")).text == "/1")
      #expect(try scene.proxy.reload(listening("127.0.0.1:0", path)))
      let other = try Client(path)
      #expect(try other.exchange(get("/2")).text == "/2")
      #expect(try scene.exchange(get("/3")).text == "/3")
      let taken = listening(path, scene.origin.address)
      #expect(try !scene.proxy.reload(taken), "the origin has that port")
      #expect(try scene.exchange(get("/4")).text == "/4")
      let waiting = try (1...20).map { _ in try scene.client() }
      for client in waiting { try client.send(get("/waiting")) }
      #expect(try scene.proxy.reload(listening(path)))
      for client in waiting { #expect(try client.response().text == "/waiting") }
      try wait(for: "the old listener to refuse") { (try? scene.client()) == nil }
      #expect(try client.exchange(get("/5")).text == "/5")
      #expect(try other.exchange(get("/6")).text == "/6")
      #expect(try Client(path).exchange(get("/7")).text == "/7")
    }
  }
}
