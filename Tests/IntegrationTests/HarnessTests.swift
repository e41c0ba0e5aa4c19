import Foundation
import Testing

/// The harness against itself: a tool that lies makes every other test worthless.
@Suite("Harness") struct HarnessTests {
  private func withOrigin(
    _ script: Origin.Script, _ body: (Origin) throws -> Void
  ) throws {
    let origin = try Origin(script)
    defer { origin.stop() }
    try body(origin)
    #expect(origin.failures == [])
  }

  @Test("a client reads what an origin answers, on one connection, several times")
  func answers() throws {
    try withOrigin(.answering(ok("hello", "X-A: 1"))) { origin in
      let client = try Client(origin.address)
      for _ in 1...3 {
        let response = try client.exchange(get("/x"))
        #expect(response.status == 200)
        #expect(response["x-a"] == "1")
        #expect(response.text == "hello")
      }
      #expect(origin.requests.map(\.target) == ["/x", "/x", "/x"])
      #expect(origin.connections.count == 1)
      #expect(try origin.connection(0).received.text == String(repeating: get("/x"), count: 3))
    }
  }

  @Test("chunked bodies and trailers are taken apart, in whatever pieces they come")
  func chunked() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.request()
      #expect(request.text == "abcde")
      #expect(request.trailers == [Message.Field(name: "T", value: "1")])
      try connection.trickle(
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + chunk("one") + chunk("two!")
          + "0\r\n\r\n")
    }
    try withOrigin(script) { origin in
      let client = try Client(origin.address)
      try client.trickle(
        head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + chunk("abc")
          + chunk("de") + "0\r\nT: 1\r\n\r\n", size: 3)
      let response = try client.response()
      #expect(response.text == "onetwo!")
      #expect(response.chunks == [3, 4])
      #expect(try client.ending() == .closed)
    }
  }

  @Test("an end, a reset and silence are told apart")
  func endings() throws {
    let script = Origin.Script.script { connection in
      let target = try connection.request().target
      if target == "/reset" { connection.reset() }
      if target == "/hang" { try connection.hang() }
    }
    try withOrigin(script) { origin in
      let closed = try Client(origin.address)
      try closed.send(get("/close"))
      #expect(try closed.ending() == .closed)
      let reset = try Client(origin.address)
      try reset.send(get("/reset"))
      #expect(try reset.ending() == .reset)
      let hung = try Client(origin.address)
      try hung.send(get("/hang"))
      #expect(try hung.isSilent(for: 0.05))
      #expect(throws: HarnessError.self) { try hung.response(within: 0.05) }
    }
  }

  @Test("a half-closed client still reads, and the origin sees the end of the stream")
  func halfClose() throws {
    let script = Origin.Script.script { connection in
      #expect(try connection.readToEnd().text == "all")
      try connection.send("late")
    }
    try withOrigin(script) { origin in
      let client = try Client(origin.address)
      try client.send("all")
      client.halfClose()
      #expect(try client.readToEnd().text == "late")
    }
  }

  @Test("large patterns arrive unchanged through a small window")
  func pattern() throws {
    let script = Origin.Script.script { connection in
      connection.keepsRecord = false
      try connection.sendPattern(3 << 20)
    }
    try withOrigin(script) { origin in
      let client = try Client(origin.address, receiveBuffer: 4096)
      client.keepsRecord = false
      let all = try client.readToEnd()
      #expect(all.count == 3 << 20)
      #expect(Array(all[..<65536]) == IntegrationTests.pattern(65536))
      #expect(Array(all.suffix(65536)) == IntegrationTests.pattern(65536))
    }
  }

  @Test("unix sockets and IPv6 work, and a stopped origin refuses", arguments: [0, 1, 2])
  func places(_ kind: Int) throws {
    if kind == 1 && !Program.hasIPv6 { return }
    let place: Origin.Place = [.unix, .ipv6, .ipv4][kind]
    let origin = try Origin(.answering(ok()).at(place))
    defer { origin.stop() }
    #expect(try Client(origin.address).exchange(get()).text == "ok")
    origin.stopListening()
    #expect(throws: HarnessError.self) { try Client(origin.address) }
  }

  @Test("programs are run, read and ended")
  func programs() throws {
    let result = try Program.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    #expect(result.status == .exited(3))
    #expect(result.output == "out\n")
    #expect(result.errors == "err\n")
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sleeper = try ChildProcess(["sleep", "100"], folder: folder)
    #expect(sleeper.isRunning)
    #expect(sleeper.residentBytes > 0)
    sleeper.kill()
    #expect(sleeper.exitStatus == .killed(9))
  }
}
