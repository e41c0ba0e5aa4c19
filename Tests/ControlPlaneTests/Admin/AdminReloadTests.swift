import Glibc
import Synchronization
import Testing

@testable import ControlPlane

/// `POST /reload`, and the client of `headrace reload`, over a real socket.
@Suite(.timeLimit(.minutes(5))) struct AdminReloadTests {
  private final class Calls: Sendable {
    let count = Mutex(0)
  }

  private func withAdmin(
    _ outcome: ReloadOutcome?, at endpoint: Endpoint = .ip(host: "127.0.0.1", port: 0),
    _ test: (Endpoint, Calls) throws -> Void
  ) throws {
    let calls = Calls()
    var reload: (@Sendable () -> ReloadOutcome)?
    if let outcome {
      reload = {
        calls.count.withLock { $0 += 1 }
        return outcome
      }
    }
    let admin = AdminServer(metrics: { MetricsReport() }, readiness: { .ready }, reload: reload)
    try admin.start(at: endpoint)
    defer { admin.stop() }
    try test(try #require(admin.boundEndpoint), calls)
  }

  private static let outcomes: [(ReloadOutcome, Int)] = [
    (.reloaded("reloaded x.yaml"), 200), (.refused("x.yaml:1:2: no\nand no"), 422),
    (.unavailable("later"), 503),
  ]

  @Test(arguments: outcomes) func theAnswerIsTheOutcome(
    _ outcome: ReloadOutcome, _ status: Int
  ) throws {
    try withAdmin(outcome) { endpoint, calls in
      let answer = try AdminClient(endpoint).reload()
      #expect(answer == AdminClient.Answer(status: status, text: outcome.text + "\n"))
      #expect(calls.count.withLock { $0 } == 1)
    }
  }

  @Test func overAUnixSocket() throws {
    let path = "/tmp/headrace-admin-\(getpid()).sock"
    try withAdmin(.reloaded("yes"), at: .unix(path: path)) { endpoint, _ in
      let answer = try AdminClient(endpoint).reload()
      #expect(answer.status == 200)
    }
  }

  @Test func noWebPageCanAsk() throws {
    let fields = [
      "", "X-Headrace-Admin: 0\r\n", "X-Headrace-Admin: 1\r\nX-Headrace-Admin: 1\r\n",
      "X-Headrace-Admin: 1\r\nOrigin: http://localhost\r\n",
      "X-Headrace-Admin: 1\r\nOrigin: null\r\n",
    ]
    try withAdmin(.reloaded("yes")) { endpoint, calls in
      for field in fields {
        let client = try LocalClient(endpoint)
        let answer = try client.exchange(
          "POST /reload HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\(field)\r\n")
        #expect(answer.status == 403, "\(field)")
      }
      for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        let answer = try LocalClient(endpoint).exchange(
          "\(method) /reload HTTP/1.1\r\nHost: t\r\nX-Headrace-Admin: 1\r\n\r\n")
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == "POST")
        #expect(answer.headers.allSatisfy { !$0.name.hasPrefix("Access-Control") })
      }
      #expect(calls.count.withLock { $0 } == 0)
    }
  }

  @Test func withoutAFileThereIsNothingToReload() throws {
    try withAdmin(nil) { endpoint, _ in
      let answer = try AdminClient(endpoint).reload()
      #expect(answer.status == 404)
    }
  }

  @Test func theClientSaysWhyThereIsNoAnswer() throws {
    let free = AdminServer(metrics: { MetricsReport() }, readiness: { .ready })
    try free.start(at: .ip(host: "127.0.0.1", port: 0))
    let port = free.boundPort
    free.stop()
    do {
      let answer = try AdminClient(.ip(host: "127.0.0.1", port: port)).reload()
      Issue.record("an answer: \(answer)")
    } catch {
      #expect(error.description == "nobody answers at 127.0.0.1:\(port)")
    }
    for text in ["", "HTTP/1.1", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
      #expect(AdminClient.parse(Array(text.utf8)) == nil)
    }
  }

  @Test func addressesOfTheCommandLine() {
    #expect(AdminClient.endpoint(":1") == .ip(host: "", port: 1))
    #expect(AdminClient.endpoint("localhost:1") == .name(host: "localhost", port: 1))
    #expect(AdminClient.endpoint("unix:/a") == .unix(path: "/a"))
    #expect(AdminClient.endpoint("nonsense") == nil)
  }
}
