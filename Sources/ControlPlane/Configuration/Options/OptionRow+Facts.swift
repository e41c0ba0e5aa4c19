/// What the reference says of a row beside its sentences.
extension OptionRow {
  /// `pools.NAME.strategy`: as a reader would look for it.
  var shownPath: String {
    if path.hasPrefix("pools") || path.hasPrefix("caches") {
      return path.replacing("*", with: "NAME")
    }
    if path.hasPrefix("error_pages") { return path.replacing("*", with: "STATUS") }
    return path.replacing("*", with: "FIELD").replacing("query.FIELD", with: "query.PARAMETER")
  }

  /// The units that a value may have; `nil` for values without one.
  var unit: String? {
    switch kind {
    case .duration: "ms, s, m, h, d or y (365d)"
    case .size: "bytes, KiB, MiB, GiB or TiB"
    default: nil
    }
  }

  /// Whether a person's key, with names and numbers of their own in it, means this row.
  func isMeant(by key: String) -> Bool {
    let own = Self.words(path)
    let other = Self.words(key)
    guard own.count == other.count else { return false }
    return zip(own, other).allSatisfy { $0 == $1 || $0 == "*" }
  }

  /// Parts between dots, without the `[0]` of lists.
  private static func words(_ path: String) -> [Substring] {
    path.split(separator: ".").map { $0.prefix { $0 != "[" } }
  }
}
