import Foundation
import Testing

@testable import ControlPlane

/// docs/metrics.md says what the code does.
@Suite struct MetricsDocumentTests {
  private static let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("docs/metrics.md")

  @Test func theCommittedFileIsTheGeneratedOne() throws {
    if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "1" {
      try MetricsDocument.text.write(to: Self.file, atomically: true, encoding: .utf8)
    }
    let committed = try String(contentsOf: Self.file, encoding: .utf8)
    #expect(
      committed == MetricsDocument.text,
      "run UPDATE_DOCS=1 swift test --filter MetricsDocument")
  }
}
