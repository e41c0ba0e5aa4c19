import Synchronization
import Testing

@testable import ControlPlane

/// The admin listener's pages over a real socket.
@Suite(.timeLimit(.minutes(5))) struct AdminServerTests {
  private final class State: Sendable {
    let readiness = Mutex(Readiness.starting)
  }

  private func withAdmin(_ test: (Endpoint, State) throws -> Void) throws {
    let state = State()
    let admin = AdminServer {
      var report = MetricsReport()
      report.version = "1.2.3"
      return report
    } readiness: {
      state.readiness.withLock { $0 }
    }
    try admin.start(at: .ip(host: "127.0.0.1", port: 0))
    defer { admin.stop() }
    #expect(admin.boundPort != 0)
    try test(try #require(admin.boundEndpoint), state)
  }

  @Test func readinessFollowsTheProxy() throws {
    try withAdmin { endpoint, state in
      for (readiness, status) in [(Readiness.starting, 503), (.ready, 200), (.draining, 503)] {
        state.readiness.withLock { $0 = readiness }
        let answer = try LocalClient.get(endpoint, "/ready")
        #expect(answer.status == status)
        #expect(answer.text == "\(readiness.rawValue)\n")
        #expect(try LocalClient.get(endpoint, "/live").text == "live\n")
      }
    }
  }

  @Test func metricsAreText() throws {
    try withAdmin { endpoint, _ in
      let answer = try LocalClient.get(endpoint, "/metrics?x=y")
      #expect(answer.status == 200)
      #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
      #expect(answer.header("Cache-Control") == "no-store")
      #expect(answer.text.contains("headrace_build_info{version=\"1.2.3\"} 1\n"))
    }
  }

  @Test func listsItsPages() throws {
    try withAdmin { endpoint, _ in
      let text = try LocalClient.get(endpoint, "/").text
      for path in ["/metrics", "/live", "/ready", "/reload"] {
        #expect(text.contains("\n\(path) "))
      }
    }
  }

  @Test func refusesOtherPathsAndMethods() throws {
    try withAdmin { endpoint, _ in
      let client = try LocalClient(endpoint)
      #expect(try client.exchange("GET /nope HTTP/1.1\r\nHost: t\r\n\r\n").status == 404)
      let post = try client.exchange("POST /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
      #expect(post.status == 405)
      #expect(post.header("Allow") == "GET, HEAD")
      #expect(try client.exchange("HEAD /live HTTP/1.1\r\nHost: t\r\n\r\n").status == 200)
    }
  }
}
