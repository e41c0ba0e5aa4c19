/// docs/configuration.md, made from the option table. A test keeps the committed file equal to it;
/// `UPDATE_DOCS=1 swift test --filter ConfigReference` writes it.
public enum ConfigReference {
  public static var markdown: String {
    let parts = OptionTable.rows.map { row in
      row.path.contains(where: { ".[".contains($0) }) ? option(row) : section(row)
    }
    return ([introduction] + parts).joined(separator: "\n")
  }

  private static func section(_ row: OptionRow) -> String { "## \(row.path)\n\n\(body(row))" }

  private static func option(_ row: OptionRow) -> String {
    let path = row.path.replacing("*", with: row.path.hasPrefix("pools") ? "NAME" : "STATUS")
    return "### \(path)\n\n\(body(row))"
  }

  private static func body(_ row: OptionRow) -> String {
    var lines = ["- Value: \(row.kind.description)"]
    if let text = row.defaultText {
      lines.append("- Default: `\(text)`")
    } else {
      lines.append(row.isRequired ? "- Required" : "- Optional")
    }
    lines += ["", wrapped(row.summary)]
    if !row.reason.isEmpty { lines += ["", wrapped("Why: \(row.reason)")] }
    return (lines + [""]).joined(separator: "\n")
  }

  /// Lines of at most 100 characters.
  private static func wrapped(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if line.count + 1 + word.count > 100 {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = "\(line) \(word)"
      }
    }
    return lines.joined(separator: "\n")
  }
}
