import Testing

@testable import ControlPlane

/// Prometheus' own judge of the exposition, where it is installed.
@Suite(.timeLimit(.minutes(5))) struct PromtoolTests {
  private static let promtool = Tool(named: "promtool")

  @Test(.enabled(if: promtool != nil, "promtool is not installed (Debian package prometheus)"))
  func findsNothingToSay() throws {
    var report = MetricsReport.sample(routes: 3)
    report.routes.append(.init(name: "odd \\ \" \n é"))
    let verdict = try check(report)
    #expect(verdict.status == 0, "\(verdict.output)")
    #expect(verdict.output.isEmpty)
  }

  @Test(.enabled(if: promtool != nil, "promtool is not installed (Debian package prometheus)"))
  func acceptsAnEmptyReport() throws {
    let verdict = try check(MetricsReport())
    #expect(verdict.status == 0, "\(verdict.output)")
  }

  private func check(_ report: MetricsReport) throws -> (status: Int32, output: String) {
    let tool = try #require(Self.promtool)
    return try tool.run(["check", "metrics"], input: PrometheusText.render(report))
  }
}
