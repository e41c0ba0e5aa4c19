extension ConfigProblem {
  /// For `headrace check --json`: one document with all problems, in their order.
  ///
  /// `line` and `column` are from 1, and 0 with a `length` of 0 where the problem is not at a
  /// place. `suggestion` is what was probably meant, or null.
  public static func json(_ problems: [ConfigProblem]) -> String {
    let errors = problems.count { !$0.isWarning }
    let document = JSONValue.object([
      .init("errors", .number(errors)), .init("warnings", .number(problems.count - errors)),
      .init("problems", .list(problems.map(\.json))),
    ])
    return document.formatted() + "\n"
  }

  private var json: JSONValue {
    .object([
      .init("file", .text(file)), .init("line", .number(line)), .init("column", .number(column)),
      .init("length", .number(length)), .init("severity", .text(isWarning ? "warning" : "error")),
      .init("message", .text(message)),
      .init("suggestion", suggestion.map { .text($0) } ?? .null),
    ])
  }
}
