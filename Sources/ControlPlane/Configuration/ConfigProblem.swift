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
  /// How many characters are underlined; 0 when the problem is not at a place.
  public var length: Int
  public var message: String
  /// The offending line, cut when long, and an underline below it; empty when there is none.
  public var excerpt: String
  /// The config may be run all the same.
  public var isWarning = false
  /// What was probably meant, where the message says so.
  public var suggestion: String? { Suggestion.word(in: message) }

  public init(
    file: String, line: Int = 0, column: Int = 0, length: Int = 0, message: String,
    excerpt: String = ""
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.length = length
    self.message = message
    self.excerpt = excerpt
  }
}

extension ConfigProblem: CustomStringConvertible {
  /// `conf/site.yaml:14:9: message`, then the excerpt.
  public var description: String {
    guard line > 0 else { return "\(file): \(message)" }
    let head = "\(file):\(line):\(column): \(isWarning ? "warning: " : "")\(message)"
    return excerpt.isEmpty ? head : "\(head)\n\(excerpt)"
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
