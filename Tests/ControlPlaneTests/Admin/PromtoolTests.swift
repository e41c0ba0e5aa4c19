import Foundation
import Testing

@testable import ControlPlane

/// Prometheus' own judge of the exposition, where it is installed.
@Suite(.timeLimit(.minutes(1))) struct PromtoolTests {
  private static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(.enabled(if: path != nil, "promtool is not installed (Debian package prometheus)"))
  func findsNothingToSay() throws {
    var report = MetricsReport.sample(routes: 3)
    report.routes.append(.init(name: "odd \\ \" \n é"))
    let verdict = try Self.check(PrometheusText.render(report))
    #expect(verdict.status == 0, "\(verdict.output)")
    #expect(verdict.output.isEmpty)
  }

  @Test(.enabled(if: path != nil, "promtool is not installed (Debian package prometheus)"))
  func acceptsAnEmptyReport() throws {
    let verdict = try Self.check(PrometheusText.render(MetricsReport()))
    #expect(verdict.status == 0, "\(verdict.output)")
  }

  private static func check(_ text: String) throws -> (status: Int32, output: String) {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("headrace-metrics-\(UUID().uuidString)")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: try #require(path))
    process.arguments = ["check", "metrics"]
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }
}
