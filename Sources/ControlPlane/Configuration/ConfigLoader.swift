/// Reads a config file into a `Config`, or into all of its problems.
///
/// Used at start, by `check`, and on SIGHUP, on the control plane's threads. It starts nothing and
/// resolves no names, so a config may be checked on another machine than the one that runs it.
public enum ConfigLoader {
  /// A config that may be run, and what looked odd in it.
  public struct Loaded: Equatable, Sendable {
    public var config: Config
    public var warnings: [ConfigProblem]
  }

  /// How files are read: the path, and the size above which the file is refused.
  public typealias ReadFile = @Sendable (_ path: String, _ bytesMax: Int) -> FileResult
  public typealias FileResult = Result<[UInt8], FileFailure>

  /// Beyond this many problems the rest is not listed.
  static let problemsMax = 100
  /// Beyond this many problems the rest is not even noted, to bound time and memory.
  static let collectedMax = 2000

  public static func load(path: String) -> Result<Loaded, ConfigErrors> {
    switch FileReader.read(path, bytesMax: SourceText.bytesMax) {
    case .success(let bytes): return load(text: bytes, file: path, readFile: FileReader.read)
    case .failure(let failure):
      let problem = ConfigProblem(file: path, message: "cannot read the file: \(failure)")
      return .failure(ConfigErrors(problems: [problem]))
    }
  }

  /// The pure part: `file` is used in messages and to resolve relative paths.
  public static func load(
    text: [UInt8], file: String, readFile: @escaping ReadFile
  ) -> Result<Loaded, ConfigErrors> {
    do throws(ConfigErrors) {
      return .success(try decode(text, file, readFile))
    } catch {
      return .failure(error)
    }
  }

  private static func decode(
    _ text: [UInt8], _ file: String, _ readFile: @escaping ReadFile
  ) throws(ConfigErrors) -> Loaded {
    let source = try SourceText.decode(text, file: file)
    var reader = YamlReader(source)
    let root = reader.read()
    guard let root, !root.isNothing else {
      let empty = ConfigProblem(file: file, message: SourceText.emptyMessage)
      throw errors(reader.problems.isEmpty ? [empty] : reader.problems)
    }
    var decoder = ConfigDecoder(sources: [source], readFile: readFile)
    decoder.decode(root)
    let problems = reader.problems + decoder.problems
    guard problems.isEmpty else { throw errors(problems) }
    return Loaded(config: decoder.config, warnings: sorted(decoder.warnings))
  }

  private static func errors(_ problems: [ConfigProblem]) -> ConfigErrors {
    var shown = sorted(problems)
    guard shown.count > problemsMax else { return ConfigErrors(problems: shown) }
    shown.removeLast(shown.count - problemsMax)
    let more = "and more; only the first \(problemsMax) problems are shown"
    shown.append(ConfigProblem(file: shown[0].file, message: more))
    return ConfigErrors(problems: shown)
  }

  private static func sorted(_ problems: [ConfigProblem]) -> [ConfigProblem] {
    problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
  }
}
