/// A Swift file reduced to what the compiler acts on: comments and the inside of string literals
/// are blanked, so that a rule about code does not trip over prose. Line numbers stay.
///
/// A simple scanner, good for the Swift that we write: it knows nested block comments, multi-line
/// and raw strings; it blanks string interpolations with the rest of the literal; it does not know
/// regex literals, in which a quote would confuse it.
struct SwiftCode {
  /// The lines with comments and literals blanked.
  let lines: [String]

  init(_ text: String) {
    var scanner = Scanner(bytes: Array(text.utf8))
    scanner.run()
    lines = String(decoding: scanner.output, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The identifiers and keywords of a line in order.
  static func words(_ line: String) -> [Substring] {
    line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
  }

  /// The modules that the file imports, with the line's number, counted from 1.
  ///
  /// `@preconcurrency public import struct Foundation.Date` is an import of Foundation.
  var imports: [(module: String, line: Int)] {
    let kinds: Set<Substring> = [
      "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
    ]
    return lines.enumerated().compactMap { index, line in
      let words = Self.words(line)
      guard let at = words.firstIndex(of: "import") else { return nil }
      guard let module = words[(at + 1)...].first(where: { !kinds.contains($0) }) else {
        return nil
      }
      return (String(module), index + 1)
    }
  }
}

/// Copies the bytes of a file and blanks what is not code.
private struct Scanner {
  let bytes: [UInt8]
  var at = 0
  var output: [UInt8] = []

  init(bytes: [UInt8]) {
    self.bytes = bytes
    output.reserveCapacity(bytes.count)
  }

  mutating func run() {
    while at < bytes.count {
      if starts(with: "//") {
        while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank(1) }
      } else if starts(with: "/*") {
        skipBlockComment()
      } else if let opening = stringOpening() {
        skipString(opening)
      } else {
        output.append(bytes[at])
        at += 1
      }
    }
  }

  private func starts(with text: StaticString, at offset: Int = 0) -> Bool {
    text.withUTF8Buffer { wanted in
      let from = at + offset
      guard from + wanted.count <= bytes.count else { return false }
      for index in 0..<wanted.count where bytes[from + index] != wanted[index] { return false }
      return true
    }
  }

  private mutating func blank(_ count: Int) {
    for _ in 0..<min(count, bytes.count - at) {
      output.append(bytes[at] == UInt8(ascii: "\n") ? bytes[at] : UInt8(ascii: " "))
      at += 1
    }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        blank(2)
      } else if starts(with: "*/") {
        depth -= 1
        blank(2)
      } else {
        blank(1)
      }
    } while depth > 0 && at < bytes.count
  }

  /// The `#`s and whether three quotes follow, if a string literal begins here.
  private func stringOpening() -> (hashes: Int, isMultiLine: Bool)? {
    var hashes = 0
    while at + hashes < bytes.count, bytes[at + hashes] == UInt8(ascii: "#") { hashes += 1 }
    guard starts(with: "\"", at: hashes) else { return nil }
    return (hashes, starts(with: "\"\"\"", at: hashes))
  }

  private mutating func skipString(_ opening: (hashes: Int, isMultiLine: Bool)) {
    let quotes = opening.isMultiLine ? 3 : 1
    blank(opening.hashes + quotes)
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\\"), hasHashes(opening.hashes, after: 1) {
        blank(1 + opening.hashes)
        if at < bytes.count, bytes[at] == UInt8(ascii: "(") {
          skipInterpolation()
        } else {
          blank(1)
        }
      } else if closes(quotes: quotes, hashes: opening.hashes) {
        blank(quotes + opening.hashes)
        return
      } else if !opening.isMultiLine, bytes[at] == UInt8(ascii: "\n") {
        return  // not a literal after all: do not lose the rest of the file
      } else {
        blank(1)
      }
    }
  }

  /// From `(` to the matching `)`, with the literals in between.
  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      if let opening = stringOpening() {
        skipString(opening)
        continue
      }
      if bytes[at] == UInt8(ascii: "(") { depth += 1 }
      if bytes[at] == UInt8(ascii: ")") { depth -= 1 }
      blank(1)
    } while depth > 0 && at < bytes.count
  }

  private func closes(quotes: Int, hashes: Int) -> Bool {
    guard starts(with: quotes == 3 ? "\"\"\"" : "\"") else { return false }
    return hasHashes(hashes, after: quotes)
  }

  private func hasHashes(_ count: Int, after offset: Int) -> Bool {
    guard at + offset + count <= bytes.count else { return false }
    return bytes[(at + offset)..<(at + offset + count)].allSatisfy { $0 == UInt8(ascii: "#") }
  }
}
