import Testing

@testable import ControlPlane

/// The apps as curl sees them: a client that shares no code with the server.
@Suite(.timeLimit(.minutes(5))) struct DemoCurlTests {
  private static let curl: Tool? = Tool(named: "curl")

  private func call(_ path: String, _ options: String..., input: String = "") throws -> String {
    let apps = DemoApps()
    let app = try apps.start()[0]
    defer { apps.stop() }
    let tool = try #require(Self.curl)
    let arguments = ["-sS", "--noproxy", "*", "--max-time", "20"] + options
    let result = try tool.run(arguments + ["http://\(app)\(path)"], input: input)
    #expect(result.status == 0, "\(result.output)")
    return result.output
  }

  @Test(.enabled(if: curl != nil, "curl is not installed"))
  func getsHeadAndBody() throws {
    let output = try call("/", "-i")
    #expect(output.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(output.contains("\r\nX-App: app-1\r\n"))
    #expect(output.hasSuffix("\r\n\r\nHello from app-1\n"))
  }

  @Test(.enabled(if: curl != nil, "curl is not installed"))
  func sendsABodyAfterAsking() throws {
    let output = try call("/echo", "-H", "Expect: 100-continue", "-d", "hello")
    #expect(output.hasPrefix("POST /echo\nHost: 127.0.0.1:"))
    #expect(output.hasSuffix("\n\nhello\n"))
  }

  @Test(.enabled(if: curl != nil, "curl is not installed"))
  func isToldThatALengthIsNeeded() throws {
    let output = try call("/echo", "-i", "-T", "-", input: "chunked")
    #expect(output.contains("HTTP/1.1 411 Length Required\r\n"))
  }

  @Test(.enabled(if: curl != nil, "curl is not installed"))
  func usesOneConnectionForTwoRequests() throws {
    let output = try call("/slow?ms=[1-2]", "-w", "%{num_connects}\\n")
    #expect(
      output == "Hello from app-1, after 1 ms\n1\nHello from app-1, after 2 ms\n0\n")
  }
}
