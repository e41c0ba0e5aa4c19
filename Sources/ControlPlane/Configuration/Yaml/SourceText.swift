/// A place in a config file: line and column from 1, the column in Unicode scalars, as YAML counts.
struct Position: Hashable, Comparable, Sendable {
  var line: Int
  var column: Int

  static func < (a: Position, b: Position) -> Bool {
    (a.line, a.column) < (b.line, b.column)
  }
}

/// The text of a config file as scalars, and where its lines start.
///
/// Holds only what YAML allows, without a byte order mark and with `\n` or `\r\n` line ends, so
/// that its places and those of the YAML library agree.
struct SourceText: Sendable {
  let file: String
  let scalars: [Unicode.Scalar]
  /// Offsets into `scalars`; the first is 0.
  private let lineStarts: [Int]

  init(file: String, scalars: [Unicode.Scalar]) {
    self.file = file
    self.scalars = scalars
    var starts = [0]
    for (index, scalar) in scalars.enumerated() where scalar == "\n" { starts.append(index + 1) }
    lineStarts = starts
  }

  func position(of offset: Int) -> Position {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return Position(line: low + 1, column: offset - lineStarts[low] + 1)
  }

  /// `nil` when the file has no such line.
  func offset(of position: Position) -> Int? {
    guard lineStarts.indices.contains(position.line - 1) else { return nil }
    return min(lineStarts[position.line - 1] + position.column - 1, scalars.count)
  }

  func problem(at place: YamlNode.Place, _ message: String) -> ConfigProblem {
    problem(at: place.position, length: place.length, message)
  }

  func problem(at position: Position, length: Int = 1, _ message: String) -> ConfigProblem {
    ConfigProblem(
      file: file, line: position.line, column: position.column, length: max(1, length),
      message: message, excerpt: excerpt(at: position, length: max(1, length)))
  }

  /// The line with an underline; of a long one only what is near the place.
  private func excerpt(at position: Position, length: Int) -> String {
    guard let line = lineRange(position.line), !line.isEmpty else { return "" }
    let start = min(line.lowerBound + position.column - 1, line.upperBound)
    let from = start - line.lowerBound > 80 ? start - 40 : line.lowerBound
    let to = min(line.upperBound, from + 120)
    let shown = String(String.UnicodeScalarView(scalars[from..<to]))
    let padding = scalars[from..<start].map { $0 == "\t" ? "\t" : " " }.joined()
    let tail = String(repeating: "~", count: max(0, min(length, to - start) - 1))
    return "  \(shown)\n  \(padding)^\(tail)"
  }

  /// Offsets of a line without its end.
  private func lineRange(_ number: Int) -> Range<Int>? {
    guard lineStarts.indices.contains(number - 1) else { return nil }
    let start = lineStarts[number - 1]
    var end = number < lineStarts.count ? lineStarts[number] - 1 : scalars.count
    if end > start, scalars[end - 1] == "\r" { end -= 1 }
    return start..<end
  }
}
