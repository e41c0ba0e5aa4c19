extension YamlScanner {
  /// Moves past a quoted scalar and returns the offset behind its closing quote.
  mutating func quotedEnd(_ quote: Unicode.Scalar) -> Int {
    index += 1
    while let scalar = current {
      switch scalar {
      case "\n": newLine()
      case "\\" where quote == "\"" && peek(1) != "\n": index += 2
      case quote where quote == "'" && peek(1) == "'": index += 2
      case quote:
        index += 1
        return index
      default: index += 1
      }
    }
    return scalars.count
  }

  /// Moves past a plain scalar, over several lines if libyaml would, and returns the offset
  /// behind its last character on the first line.
  mutating func plainEnd() -> Int {
    var firstLineEnd: Int?
    while true {
      let end = plainWordsEnd()
      firstLineEnd = firstLineEnd ?? end
      guard continuesOnNextLine() else { return firstLineEnd ?? end }
    }
  }

  /// The words of one line: up to `: `, ` #`, the line's end, or a flow indicator.
  private mutating func plainWordsEnd() -> Int {
    var end = index
    while let scalar = current, scalar != "\n" {
      if scalar == "#", index > 0, isBlank(scalars[index - 1]) { break }
      if scalar == ":", isBlank(peek(1)) { break }
      if flowDepth > 0, isFlowIndicator(scalar) { break }
      index += 1
      if !isBlank(scalar) { end = index }
    }
    return end
  }

  /// Moves to the first word of the next line that has one if it belongs to this scalar.
  private mutating func continuesOnNextLine() -> Bool {
    guard current == "\n" else { return false }
    let indentNow = indent
    while let scalar = current, isBlank(scalar) {
      if scalar == "\n" { newLine() } else { index += 1 }
    }
    guard let scalar = current, scalar != "#" else { return false }
    if flowDepth == 0, column <= indentNow { return false }
    if column == 0, isDocumentMark() { return false }
    return !(flowDepth > 0 && isFlowIndicator(scalar)) && !(scalar == ":" && isBlank(peek(1)))
  }

  private func isDocumentMark() -> Bool {
    for mark: Unicode.Scalar in ["-", "."]
    where current == mark && peek(1) == mark && peek(2) == mark {
      return isBlank(peek(3))
    }
    return false
  }

  private func isFlowIndicator(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case ",", "[", "]", "{", "}": return true
    default: return false
    }
  }

  /// `:8080` as a value between brackets, which libyaml takes for the `:` behind a key.
  func startsPort() -> Bool {
    guard let next = peek(1), ("0"..."9").contains(next), index > 0 else { return false }
    let before = scalars[index - 1]
    return isBlank(before) || before == "[" || before == ","
  }

  mutating func refusePort() {
    var length = 1
    while let next = peek(length), ("0"..."9").contains(next) { length += 1 }
    let text = String(String.UnicodeScalarView(scalars[index..<index + length]))
    refuse("between brackets this must be in quotes: \(quoted(text))", length: length)
    index += length
  }

  /// `[::1]:8080` without quotes is a YAML list with something odd behind it.
  func bracketedAddressLength() -> Int? {
    var length = 1
    var colons = 0
    while let next = peek(length), next == ":" || next == "." || next.properties.isASCIIHexDigit {
      if next == ":" { colons += 1 }
      length += 1
    }
    guard colons >= 2, peek(length) == "]" else { return nil }
    length += 1
    guard peek(length) == ":", !isBlank(peek(length + 1)) else { return nil }
    length += 1
    while let next = peek(length), ("0"..."9").contains(next) { length += 1 }
    return length
  }
}
