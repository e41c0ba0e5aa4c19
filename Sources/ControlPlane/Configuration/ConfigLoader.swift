import DataPlane

/// Reads a config file into a `Config`, or into all of its problems.
///
/// Used at start, by `check`, and on SIGHUP, on the control plane's threads. It starts nothing and
/// resolves no names, so a config may be checked on another machine than the one that runs it.
public enum ConfigLoader {
  /// A config that may be run, and what looked odd in it.
  public struct Loaded: Equatable, Sendable {
    public var config: Config
    public var warnings: [ConfigProblem]
    /// Every option that has a value, and where it comes from, in the order of the reference.
    public var settings: [ConfigSetting]
    /// Where each route of the config is written.
    public var routeSources: [ConfigSetting.Source]
    /// The file and what it includes, in the order read.
    public var files: [String]
  }

  /// How files are read: the path, and the size above which the file is refused.
  public typealias ReadFile = @Sendable (_ path: String, _ bytesMax: Int) -> FileResult
  public typealias FileResult = Result<[UInt8], FileFailure>
  /// The files that a pattern (with `*`, `?`, `[...]`) stands for, by name.
  public typealias ListFiles = @Sendable (_ pattern: String) -> [String]
  /// The value of an environment variable.
  public typealias Variable = @Sendable (_ name: String) -> String?

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

  /// The pure part: `file` is used in messages and to resolve relative paths, `now` (seconds since
  /// 1970; without it the clock's) to warn of certificates that expire.
  public static func load(
    text: [UInt8], file: String, readFile: @escaping ReadFile,
    listFiles: @escaping ListFiles = FileReader.list,
    variable: @escaping Variable = FileReader.environmentVariable,
    now: Int64? = nil
  ) -> Result<Loaded, ConfigErrors> {
    var files = ConfigFiles(readFile: readFile, listFiles: listFiles, variable: variable)
    guard let root = files.read(text, file: file) else {
      return .failure(errors(files.problems, files.sources))
    }
    var decoder = ConfigDecoder(
      sources: files.sources, now: now ?? Clock.wallMilliseconds() / 1000, readFile: readFile)
    decoder.settings = files.settings
    decoder.decode(root)
    let problems = files.problems + decoder.problems
    guard problems.isEmpty else { return .failure(errors(problems, files.sources)) }
    return .success(
      Loaded(
        config: decoder.config,
        warnings: sorted(files.warnings + decoder.warnings, files.sources),
        settings: decoder.allSettings(), routeSources: decoder.routeSources,
        files: files.sources.map(\.file)))
  }

  private static func errors(
    _ problems: [ConfigProblem], _ sources: [SourceText]
  ) -> ConfigErrors {
    // A value that several aliases stand for has its problems once.
    var shown: [ConfigProblem] = []
    for problem in sorted(problems, sources) where problem != shown.last { shown.append(problem) }
    guard shown.count > problemsMax else { return ConfigErrors(problems: shown) }
    shown.removeLast(shown.count - problemsMax)
    let more = "and more; only the first \(problemsMax) problems are shown"
    shown.append(ConfigProblem(file: shown[0].file, message: more))
    return ConfigErrors(problems: shown)
  }

  /// By file in the order read, then by place.
  private static func sorted(
    _ problems: [ConfigProblem], _ sources: [SourceText]
  ) -> [ConfigProblem] {
    let ranks = Dictionary(zip(sources.map(\.file), 0...)) { first, _ in first }
    return problems.enumerated().map { index, problem in
      (key: (ranks[problem.file] ?? sources.count, problem.line, problem.column, index), problem)
    }.sorted { $0.key < $1.key }.map(\.1)
  }
}
