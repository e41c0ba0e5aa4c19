/// One thing that is wrong (or, as a warning, odd) in a config file, with its place.
///
/// Made by the loader; printed by `run`, `check` and a failed reload. A value without references
/// to the file, so it may outlive it and cross threads.
public struct ConfigProblem: Equatable, Sendable {
  /// As given on the command line.
  public var file: String
  /// From 1; 0 when the problem is not at a place, such as a file that cannot be read.
  public var line: Int
  /// From 1, counted in Unicode scalars.
  public var column: Int
  public var message: String
  /// The offending line without its end; empty when there is none.
  public var sourceLine: String
  /// How many scalars the underline covers, at least 1.
  public var length: Int
  /// The config may be run all the same.
  public var isWarning = false

  public init(
    file: String, line: Int = 0, column: Int = 0, message: String, sourceLine: String = "",
    length: Int = 1
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.sourceLine = sourceLine
    self.length = length
  }
}

extension ConfigProblem: CustomStringConvertible {
  /// `conf/site.yaml:14:9: message`, then the line and an underline.
  public var description: String {
    guard line > 0 else { return "\(file): \(message)" }
    let head = "\(file):\(line):\(column): \(isWarning ? "warning: " : "")\(message)"
    guard let underlined else { return head }
    return "\(head)\n\(underlined)"
  }

  /// `nil` when the line is empty. A long line is cut around the place.
  private var underlined: String? {
    let line = Array(sourceLine.unicodeScalars)
    guard !line.isEmpty else { return nil }
    let start = min(max(column - 1, 0), line.count)
    let from = start > 80 ? start - 40 : 0
    let to = min(line.count, from + 120)
    let shown = String(String.UnicodeScalarView(line[from..<to]))
    let padding = line[from..<start].map { $0 == "\t" ? "\t" : " " }.joined()
    let tail = max(0, min(length, to - start) - 1)
    return "  \(shown)\n  \(padding)^\(String(repeating: "~", count: tail))"
  }
}

/// Why a config was refused: every problem of the file, in the order of their places.
public struct ConfigErrors: Error, Equatable, Sendable {
  /// Never empty.
  public var problems: [ConfigProblem]
  public init(problems: [ConfigProblem]) { self.problems = problems }
}

extension ConfigErrors: CustomStringConvertible {
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
