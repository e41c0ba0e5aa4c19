/// `${NAME}` and `${NAME:-default}` in values, filled in from the environment.
enum EnvironmentText {
  /// A value with its variables filled in.
  struct Expanded: Equatable {
    var text: String
    /// Those that the environment gave; not those that took their default.
    var variables: [String]
    /// The value is one variable and nothing else.
    var isWhole: Bool
  }

  static let bytesMax = 1 << 20

  /// `$${` is a literal `${`; a `$` before anything else is itself.
  static func expand(
    _ text: String, _ variable: (String) -> String?
  ) throws(Refusal) -> Expanded {
    let scalars = Array(text.unicodeScalars)
    var result = Expanded(text: "", variables: [], isWhole: false)
    var index = 0
    while index < scalars.count {
      if scalars[index...].starts(with: "$${".unicodeScalars) {
        result.text += "${"
        index += 3
      } else if scalars[index...].starts(with: "${".unicodeScalars) {
        let start = index
        result.text += try value(scalars, &index, variable, &result.variables)
        result.isWhole = start == 0 && index == scalars.count
        guard result.text.utf8.count <= bytesMax else {
          throw Refusal("environment variables make the value longer than 1MiB")
        }
      } else {
        result.text.unicodeScalars.append(scalars[index])
        index += 1
      }
    }
    return result
  }

  /// From `${` to behind its `}`. As in a shell, `:-` also stands in for an empty value.
  private static func value(
    _ scalars: [Unicode.Scalar], _ index: inout Int, _ variable: (String) -> String?,
    _ used: inout [String]
  ) throws(Refusal) -> String {
    let start = index
    guard let end = scalars[start...].firstIndex(of: "}") else {
      throw Refusal(
        "\"${\" is not closed; a \"${\" as such is written \"$${\"", at: start..<start + 2)
    }
    index = end + 1
    let inside = String(String.UnicodeScalarView(scalars[start + 2..<end]))
    let parts = inside.split(separator: ":-", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard VariableName.isName(name) else {
      throw Refusal(
        "must be a variable such as ${PORT} or ${PORT:-8080}, not \(quoted("${\(inside)}")); "
          + "a \"${\" as such is written \"$${\"", at: start..<end + 1)
    }
    if parts.count == 2, parts[1].contains("${") {
      throw Refusal("a default cannot have a variable in it", at: start..<end + 1)
    }
    if let value = variable(name), !(value.isEmpty && parts.count == 2) {
      if !used.contains(name) { used.append(name) }
      return value
    }
    guard parts.count == 2 else {
      throw Refusal(
        "the environment variable \(name) is not set; set it or give a default: "
          + "${\(name):-default}", at: start..<end + 1)
    }
    return String(parts[1])
  }
}
