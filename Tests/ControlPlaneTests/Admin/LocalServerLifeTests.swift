import Glibc
import Testing

@testable import ControlPlane

/// Starting, stopping, and the addresses to listen on.
@Suite(.timeLimit(.minutes(5))) struct LocalServerLifeTests {
  private func server() -> LocalServer { LocalServer(name: "test") { _ in .text("hello") } }
  private let anyPort = Endpoint.ip(host: "127.0.0.1", port: 0)

  @Test func namesAnAddressThatIsInUse() throws {
    let first = server()
    try first.start(at: anyPort)
    defer { first.stop() }
    let taken = try #require(first.boundEndpoint)
    let error = #expect(throws: LocalServerError.cannotListen(taken, code: EADDRINUSE)) {
      try server().start(at: taken)
    }
    #expect(error?.description.contains("\(taken): address already in use") == true)
    #expect(throws: LocalServerError.alreadyStarted(taken)) { try first.start(at: anyPort) }
  }

  @Test(arguments: [
    Endpoint.name(host: "localhost", port: 1), .ip(host: "nonsense", port: 1), .unix(path: ""),
    .unix(path: "/dev/null"), .unix(path: "/no/such/folder/socket"),
    .ip(host: "192.0.2.1", port: 0), .unix(path: "/" + String(repeating: "a", count: 200)),
  ])
  func refusesWhatCannotBeListenedOn(endpoint: Endpoint) {
    #expect(throws: LocalServerError.self) { try server().start(at: endpoint) }
  }

  @Test func startsAgainAfterAStop() throws {
    let server = server()
    server.stop()
    try server.start(at: anyPort)
    let endpoint = try #require(server.boundEndpoint)
    let idle = try LocalClient(endpoint)
    #expect(try idle.exchange("GET / HTTP/1.1\r\nHost: t\r\n\r\n").status == 200)
    server.stop()
    #expect(try idle.receiveToEnd().isEmpty)
    #expect(server.boundEndpoint == nil && server.boundPort == 0)
    #expect(throws: LocalClient.Failure.self) { try LocalClient(endpoint) }
    try server.start(at: endpoint)
    #expect(try LocalClient.get(endpoint, "/").text == "hello")
    server.stop()
  }

  @Test func listensOnAllAddresses() throws {
    let server = server()
    try server.start(at: .ip(host: "", port: 0))
    defer { server.stop() }
    #expect(try LocalClient.get(.ip(host: "127.0.0.1", port: server.boundPort), "/").status == 200)
  }

  @Test func listensOnAUnixSocket() throws {
    let path = "/tmp/headrace-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    let server = server()
    for _ in 0..<2 {
      try server.start(at: .unix(path: path))
      #expect(try LocalClient.get(.unix(path: path), "/").text == "hello")
      #expect(throws: LocalServerError.cannotListen(.unix(path: path), code: EADDRINUSE)) {
        try self.server().start(at: .unix(path: path))
      }
      server.stop()
      #expect(access(path, F_OK) != 0)
    }
  }

  @Test func finishesWhatIsUnderWay() throws {
    let (entered, gate) = (try StopSignal(), try StopSignal())
    let server = LocalServer(name: "test") { _ in
      entered.raise()
      gate.wait(milliseconds: 20_000)
      return .text("finished")
    }
    try server.start(at: anyPort)
    let client = try LocalClient(try #require(server.boundEndpoint))
    try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    #expect(entered.wait(milliseconds: 20_000))
    let stopping = try LocalThread(name: "stopping") { server.stop() }
    while server.boundEndpoint != nil { sched_yield() }
    gate.raise()
    let answer = try client.receive()
    #expect(answer.text == "finished")
    stopping.join()
    #expect(try client.receiveToEnd().isEmpty)
  }
}
