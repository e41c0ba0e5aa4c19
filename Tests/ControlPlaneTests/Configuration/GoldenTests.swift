import ControlPlane
import Foundation
import Testing

/// Broken (or odd) files in Golden/*.yaml, and beside each the exact report in *.txt.
/// `UPDATE_GOLDEN=1` writes the reports anew; read the difference before you commit it.
struct GoldenTests {
  static let folder = ConfigFixture.folder + "/Golden"

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test func thereAreEnough() { #expect(Self.names.count >= 60) }

  /// Beside `name.yaml` there may be `name.d` with files that it includes.
  private static func included(by name: String) throws -> [String: String] {
    let part = "\(name).d"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
    var texts: [String: String] = [:]
    for file in files {
      let url = URL(filePath: "\(folder)/\(part)/\(file)")
      texts["\(part)/\(file)"] = try String(contentsOf: url, encoding: .utf8)
    }
    return texts
  }

  @Test(arguments: names) func report(of name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(Self.folder)/\(name).yaml")))
    let result = ConfigFixture.load(
      bytes, file: "conf/\(name).yaml", files: try Self.included(by: name))
    let problems =
      switch result {
      case .success(let loaded): loaded.warnings
      case .failure(let errors): errors.problems
      }
    let kind = if case .success = result { "loads\n" } else { "" }
    let report = kind + problems.map { "\($0)\n" }.joined()
    // Error pages are made absolute against the folder where the tests run.
    let portable = report.replacing(FileManager.default.currentDirectoryPath, with: "FOLDER")
    let expected = URL(filePath: "\(Self.folder)/\(name).txt")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
      try Data(portable.utf8).write(to: expected)
    }
    #expect(try String(contentsOf: expected, encoding: .utf8) == portable)
  }
}
