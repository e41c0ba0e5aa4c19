/// One option's value and where it comes from, for `headrace config show`.
///
/// Made by the loader with the config; a value of its own that keeps nothing of the file.
public struct ConfigSetting: Equatable, Sendable {
  /// Where a value was written.
  public enum Source: Equatable, Sendable {
    case file(String, line: Int, column: Int)
    /// A value that has `${NAME}` in it, which the environment gave.
    case environment([String], file: String, line: Int, column: Int)
    case `default`
  }

  /// As in messages: `timeouts.connect`, `routes[0].match.path`, `pools.app.strategy`.
  public var path: String
  /// As written, variables of the environment filled in.
  public var value: String
  public var source: Source

  public init(path: String, value: String, source: Source) {
    self.path = path
    self.value = value
    self.source = source
  }
}

extension ConfigSetting.Source: CustomStringConvertible {
  /// `site.yaml:4:9`, `PORT at site.yaml:1:9` or `default`.
  public var description: String {
    switch self {
    case .file(let file, let line, let column): "\(file):\(line):\(column)"
    case .environment(let names, let file, let line, let column):
      "\(names.joined(separator: ", ")) at \(file):\(line):\(column)"
    case .default: "default"
    }
  }
}
