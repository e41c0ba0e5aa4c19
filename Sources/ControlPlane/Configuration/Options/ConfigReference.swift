/// docs/configuration.md and the help of single options, made from the option table. A test keeps
/// the committed file equal to it; `UPDATE_DOCS=1 swift test --filter ConfigReference` writes it.
public enum ConfigReference {
  public static var markdown: String {
    let parts = OptionTable.rows.map { row in
      row.path.contains(where: { ".[".contains($0) }) ? option(row) : section(row)
    }
    return ([introduction] + parts).joined(separator: "\n")
  }

  /// All keys, in the order of the reference.
  public static var keys: [String] { OptionTable.rows.map(\.shownPath) }

  /// What the reference says of an option, for a terminal; `nil` when there is none.
  ///
  /// The key is as in `keys` or as in a config, such as `pools.app.strategy`, `routes[0].to` or
  /// `routes.match.path`. A last part alone, such as `max_idle`, gives every option of that name.
  public static func text(forKey key: String) -> String? {
    let exact = OptionTable.rows.filter { $0.isMeant(by: key) || $0.shownPath == key }
    let rows =
      exact.isEmpty ? OptionTable.rows.filter { $0.key == key && $0.key != "*" } : exact
    guard !rows.isEmpty else { return nil }
    return rows.map(text).joined(separator: "\n")
  }

  /// The key that was probably meant.
  public static func suggestion(forKey key: String) -> String? {
    Suggestion.nearest(to: key, among: keys + OptionTable.rows.map(\.key))
  }

  private static func text(_ row: OptionRow) -> String {
    var lines = [row.shownPath, ""]
    lines += [wrapped(row.summary.replacing("`", with: ""), width: 76, indent: "  "), ""]
    lines += facts(row).map { "  \($0.name): \($0.value)" }
    for (name, text) in [("Why", row.reason), ("Note", row.interactions)] where !text.isEmpty {
      let plain = "\(name): \(text)".replacing("`", with: "")
      lines += ["", wrapped(plain, width: 76, indent: "  ")]
    }
    let below = OptionTable.children(of: row.path) + OptionTable.children(of: row.path + "[]")
    if !below.isEmpty {
      lines += [
        "",
        wrapped(
          "Options below: " + below.map(\.key).joined(separator: ", "),
          width: 76, indent: "  "),
      ]
    }
    return (lines + [""]).joined(separator: "\n")
  }

  private static func facts(_ row: OptionRow) -> [(name: String, value: String)] {
    var facts = [("Value", row.kind.description)]
    if let unit = row.unit { facts.append(("Unit", unit)) }
    if let text = row.defaultText {
      facts.append(("Default", text))
    } else {
      facts.append(row.isRequired ? ("Required", "yes") : ("Optional", "yes"))
    }
    facts.append(("Reload", row.isReloadable ? "changes it" : "needs a restart"))
    facts.append(("Since", row.since))
    return facts
  }

  private static func section(_ row: OptionRow) -> String { "## \(row.path)\n\n\(body(row))" }

  private static func option(_ row: OptionRow) -> String {
    "### \(row.shownPath)\n\n\(body(row))"
  }

  private static func body(_ row: OptionRow) -> String {
    var lines = ["- Value: \(row.kind.description)"]
    if let unit = row.unit { lines.append("- Unit: \(unit)") }
    if let text = row.defaultText {
      lines.append("- Default: `\(text)`")
    } else {
      lines.append(row.isRequired ? "- Required" : "- Optional")
    }
    if !row.isReloadable { lines.append("- A change needs a restart") }
    lines.append("- Since \(row.since)")
    lines += ["", wrapped(row.summary)]
    if !row.interactions.isEmpty { lines += ["", wrapped(row.interactions)] }
    if !row.reason.isEmpty { lines += ["", wrapped("Why: \(row.reason)")] }
    return (lines + [""]).joined(separator: "\n")
  }

  /// Lines of at most so many characters.
  private static func wrapped(_ text: String, width: Int = 100, indent: String = "") -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if line.count + 1 + word.count > width {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = "\(line) \(word)"
      }
    }
    return lines.map { indent + $0 }.joined(separator: "\n")
  }
}
