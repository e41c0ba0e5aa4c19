import Foundation

/// The files of this repository, as the tidy tests see them.
enum Repository {
  /// Found from where this file was compiled, so that the tests run from any folder.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Folders that hold nothing of ours.
  private static func isForeign(_ name: String) -> Bool {
    name == ".git" || name == ".build" || name.hasPrefix(".build-")
  }

  /// Every file below the given folders (or files) whose name ends in one of `endings`, sorted.
  ///
  /// A folder that does not exist holds no files. The fuzzing corpus is left out: it is bytes.
  static func files(in folders: [String], endings: [String]) throws -> [SourceFile] {
    try paths(in: folders)
      .filter { path in endings.contains { path.hasSuffix($0) } }
      .map { SourceFile(path: $0, text: try text(of: $0)) }
  }

  /// Every file below the given folders (or files), relative to the root, sorted.
  static func paths(in folders: [String]) throws -> [String] {
    var found: [String] = []
    for folder in folders { try collect(folder, into: &found) }
    return found.filter { !$0.hasPrefix("Fuzz/Corpus/") }.sorted()
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: absolute(path))
  }

  private static func text(of path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: absolute(path))), as: UTF8.self)
  }

  private static func absolute(_ path: String) -> String {
    path.isEmpty ? root.path : root.path + "/" + path
  }

  private static func collect(_ path: String, into found: inout [String]) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: absolute(path), isDirectory: &isFolder) else {
      return
    }
    guard isFolder.boolValue else {
      found.append(path)
      return
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: absolute(path))
    where !isForeign(name) {
      try collect(path.isEmpty ? name : path + "/" + name, into: &found)
    }
  }
}

/// One file under a rule: its path from the root and its text.
struct SourceFile: Sendable {
  let path: String
  let text: String

  /// The lines, without their ends. A file that ends in a line feed has no empty line after it.
  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// Lies in one of these folders, which end in `/`.
  func isIn(_ folders: [String]) -> Bool { folders.contains { path.hasPrefix($0) } }
}

/// A place that breaks a rule.
struct Violation: Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let problem: String

  var description: String { "\(path):\(line): \(problem)" }
}
