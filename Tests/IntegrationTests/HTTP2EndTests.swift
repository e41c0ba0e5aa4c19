import Glibc
import Testing

@Suite("HTTP/2 clients: the end of a connection") struct HTTP2EndTests {
  private static let gated = Origin.Script.serving { request, connection in
    if request.target == "/slow" { try connection.rest(0.6) }
    return ok(request.target)
  }

  @Test("a drain announces itself, serves what is on its way, and says the last stream")
  func drain() throws {
    try withScene(Self.gated) { scene in
      let peer = try scene.peer()
      let idle = try scene.peer()
      #expect(try idle.exchange().status == 200)
      peer.acknowledges = false
      let slow = try peer.request("/slow")
      try scene.origin.waitForRequests(2)
      scene.proxy.process.signal(SIGTERM)
      try peer.read("GOAWAY and PING") { !peer.goAways.isEmpty && peer.pings == 1 }
      #expect(peer.goAways[0].last == 0x7fff_ffff && peer.goAways[0].code == H2.noError)
      // On its way when the announcement came: it is served.
      let late = try peer.request("/late")
      try peer.send(H2.ping, H2.acknowledgement, 0, "headrace".bytes)
      try peer.read("the last stream") { peer.goAways.count == 2 }
      #expect(peer.goAways[1].last == late && peer.goAways[1].code == H2.noError)
      // Behind it nothing is.
      let refused = try peer.request("/refused")
      #expect(try peer.answer(slow).text == "/slow")
      #expect(try peer.answer(late).text == "/late")
      try peer.readToEnd()
      #expect(!peer.stream(refused).isOver && !peer.wasReset)
      try idle.readToEnd()
      #expect(idle.goAways.first?.last == 0x7fff_ffff)
      #expect(try scene.proxy.process.waitForExit() == .exited(0))
    }
  }

  @Test("a client that does not answer the PING keeps nobody waiting")
  func silentDrain() throws {
    try withScene(Self.gated) { scene in
      let peer = try scene.peer()
      peer.acknowledges = false
      let slow = try peer.request("/slow")
      try scene.origin.waitForRequests(1)
      scene.proxy.process.signal(SIGTERM)
      #expect(try peer.answer(slow).text == "/slow")
      try peer.readToEnd()
      #expect(peer.goAways.last?.last == slow)
      #expect(try scene.proxy.process.waitForExit(within: 5) == .exited(0))
    }
  }

  @Test("what still runs at the drain's timeout is cut")
  func drainTimeout() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      try connection.send(head("HTTP/1.1 200 OK", "Content-Length: 100") + "part")
      _ = try connection.ending()
    }
    try withScene(script, extra: "drain: { timeout: 400ms }") { scene in
      let peer = try scene.peer()
      let id = try peer.request()
      try peer.read("a part") { peer.stream(id).text == "part" }
      scene.proxy.process.signal(SIGTERM)
      try peer.readToEnd()
      #expect(!peer.stream(id).isEnded)
      _ = try scene.proxy.process.waitForExit(within: 5)
    }
  }

  @Test("an idle connection is told, and closed; one with a request is not idle")
  func idle() throws {
    let extra = "timeouts: { keep_alive_idle: 300ms }"
    try withScene(Self.gated, extra: extra) { scene in
      let peer = try scene.peer()
      let slow = try peer.request("/slow")
      #expect(try peer.answer(slow).text == "/slow")
      let took = try seconds { try peer.readToEnd() }
      #expect(peer.goAways.map(\.code) == [H2.noError] && peer.goAways[0].last == slow)
      #expect(took < 3 && !peer.wasReset)
      let fresh = try scene.peer()
      try fresh.readToEnd()
      #expect(fresh.goAways.map(\.code) == [H2.noError])
    }
  }

  @Test("a preface without SETTINGS has as long as a head")
  func unfinished() throws {
    try withScene(Self.gated, extra: "timeouts: { client_header: 300ms }") { scene in
      let peer = try HTTP2Peer(client: scene.client(), begins: false)
      try peer.wire.send(HTTP2Peer.preface)
      let took = try seconds { try peer.readToEnd() }
      #expect(took < 5)
      let part = try HTTP2Peer(client: scene.client(), begins: false)
      try part.wire.send("PRI * HTTP/2.0\r\n")
      try part.readToEnd()
      let less = try scene.client()
      try less.send("PRI * HTT")
      #expect(try less.response().status == 408)
    }
  }

  @Test("a client that never acknowledges our SETTINGS has as long as for a head")
  func unacknowledged() throws {
    let extra = "timeouts: { client_header: 2s, keep_alive_idle: 30s }"
    try withScene(Self.gated, extra: extra) { scene in
      // One that is idle, one with a request at work, one that goes on asking.
      let idle = try scene.peer()
      let busy = try scene.peer()
      let asking = try scene.peer()
      for peer in [idle, busy, asking] { peer.acknowledges = false }
      let good = try scene.peer()
      try good.settle()
      #expect(try idle.exchange().status == 200)
      #expect(try good.exchange().status == 200)
      let held = try busy.request("/held", method: "POST", ends: false)
      let took = try seconds {
        var isOver = false
        while !isOver {
          guard let id = try? asking.request() else { break }
          try asking.read("an answer", orEnd: true) {
            isOver = asking.isAtEnd || !asking.goAways.isEmpty
            return isOver || asking.stream(id).isOver
          }
        }
        for peer in [idle, busy, asking] { #expect(try peer.connectionError() == 4) }
      }
      #expect(took > 1 && took < 10)
      #expect(!busy.stream(held).isEnded)
      // Its time is over too, but it did.
      #expect(try good.exchange().status == 200)
    }
  }

  @Test("a reload leaves streams alone, and new ones follow the new config")
  func reload() throws {
    let gate = Gate()
    let script = Origin.Script.serving { request, connection in
      if request.target == "/gated" { try gate.pass() }
      return ok(request.target)
    }
    try withScene(script, .answering(ok("other"))) { scene in
      let peer = try scene.peer()
      let id = try peer.request("/gated")
      try scene.origins[0].waitForRequests(1)
      #expect(try scene.proxy.reload(Scene.config([scene.origins[1].address])))
      #expect(try peer.exchange("/").text == "other")
      gate.open()
      #expect(try peer.answer(id).text == "/gated")
    }
  }

  @Test("a client that says GOAWAY gets its answers, then the end")
  func clientGoAway() throws {
    try withScene(Self.gated) { scene in
      let peer = try scene.peer()
      let slow = try peer.request("/slow")
      try peer.goAway(0)
      #expect(try peer.answer(slow).text == "/slow")
      try peer.readToEnd()
      #expect(!peer.wasReset)
    }
  }
}
