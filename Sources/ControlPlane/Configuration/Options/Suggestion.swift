/// "Did you mean": the known word nearest to a misspelt one.
enum Suggestion {
  /// `nil` when none is near: at most a third of the letters may differ, at least one.
  /// `exact`: upper and lower case differ.
  static func nearest(to word: String, among known: [String], exact: Bool = false) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let lower = exact ? word : word.lowercased().replacing("-", with: "_")
    var best: (word: String, distance: Int)?
    // Of thousands, the first are enough: a hint is not worth seconds.
    for candidate in known.prefix(1000) {
      guard abs(candidate.utf8.count - lower.utf8.count) <= 1 + lower.utf8.count / 3 else {
        continue
      }
      let distance = distance(Array(lower.unicodeScalars), Array(candidate.unicodeScalars))
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best else { return nil }
    let allowed = max(1, min(word.count, best.word.count) / 3)
    return best.distance <= allowed ? best.word : nil
  }

  /// ` (did you mean "x"?)`, or nothing.
  static func suffix(for word: String, among known: [String]) -> String {
    nearest(to: word, among: known).map { " (did you mean \(quoted($0))?)" } ?? ""
  }

  /// As `suffix`, for names of variables, which stand in braces.
  static func variableSuffix(for name: String, among known: [String]) -> String {
    nearest(to: name, among: known).map { " (did you mean \(quoted("{\($0)}"))?)" } ?? ""
  }

  /// The word that the end of a message suggests.
  static func word(in message: String) -> String? {
    let start = " (did you mean \""
    guard message.hasSuffix("\"?)") else { return nil }
    let parts = message.dropLast(3).split(separator: start, omittingEmptySubsequences: false)
    return parts.count > 1 ? parts.last.map(String.init) : nil
  }

  /// Edits (insert, delete, replace, swap two neighbours) that turn one word into the other.
  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        let replaced = rows[i][j] + (a[i] == b[j] ? 0 : 1)
        var least = min(replaced, row[j] + 1, rows[i][j + 1] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
