import ControlPlane

/// Loads a file and tells the operator what is wrong with it, on stderr.
enum ConfigReport {
  /// nil when the file has errors, which are then on stderr.
  static func load(_ file: String) -> ConfigLoader.Loaded? {
    switch ConfigLoader.load(path: file) {
    case .success(let loaded):
      write(loaded.warnings)
      return loaded
    case .failure(let errors):
      write(errors.problems)
      return nil
    }
  }

  static func write(_ problems: [ConfigProblem]) {
    let paint = Paint(descriptor: 2)
    Terminal.write(problems.map { text($0, paint) + "\n" }.joined(), to: 2)
  }

  /// As `ConfigProblem` describes itself, with the place and the underline marked.
  private static func text(_ problem: ConfigProblem, _ paint: Paint) -> String {
    guard paint.isOn else { return problem.description }
    let place =
      problem.line > 0
      ? "\(problem.file):\(problem.line):\(problem.column):" : "\(problem.file):"
    let kind = problem.isWarning ? paint.yellow("warning: ") : ""
    let head = "\(paint.bold(place)) \(kind)\(problem.message)"
    guard !problem.excerpt.isEmpty else { return head }
    var lines = problem.excerpt.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    if let last = lines.popLast() {
      lines.append(problem.isWarning ? paint.yellow(last) : paint.red(last))
    }
    return ([head] + lines).joined(separator: "\n")
  }
}
