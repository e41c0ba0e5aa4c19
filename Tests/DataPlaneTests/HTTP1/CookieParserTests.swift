import Testing

@testable import DataPlane

/// Which cookies of a name are found in a `Cookie` field's value.
struct CookieParserTests {
  /// All values of the cookie `a`, or of another name.
  private static func values(_ field: String, _ name: String = "a") -> [String] {
    // What is around the field must not matter.
    let source = block(bytes("a=x;" + field + ";a=y"))
    let names = block(bytes("zz" + name + "zz"))
    var at = 4
    let end = 4 + field.unicodeScalars.count
    var found: [String] = []
    while let value = CookieParser.next(
      names.bytes, 2, name.utf8.count, in: source.bytes, from: &at, to: end)
    {
      found.append(text(source.copy(value.at, value.at + value.count)))
    }
    return found
  }

  @Test(
    "cookies by their name",
    arguments: [
      ("a=1", ["1"]), ("a=1; b=2", ["1"]), ("b=2; a=1", ["1"]), ("b=2;a=1", ["1"]),
      ("a=1; a=2;a=3", ["1", "2", "3"]), ("a=", [""]), ("a=1=2", ["1=2"]), ("a=1 2", ["1 2"]),
      ("  a=1 \t; b", ["1"]), ("a=\"1\"", ["1"]), ("a=\"\"", [""]), ("a=\"", ["\""]),
      ("a=\"1", ["\"1"]), ("a=1\"", ["1\""]), ("a=\"x; a=2\"", ["\"x", "2\""]),
    ])
  func found(field: String, expected: [String]) {
    #expect(Self.values(field) == expected, "\(field)")
  }

  @Test(
    "what is not that cookie",
    arguments: [
      "", ";", ";;;", " ", "a", "=", "=1", "A=1", "aa=1", "ba=1", "b=a=1", "a =1", "a;=1",
      "\"a\"=1",
      "b=1, a=2", "a\u{0}=1", "$a=1", "b=\"a=1\"",
    ])
  func notFound(field: String) {
    #expect(Self.values(field).isEmpty, "\(field)")
  }

  @Test("longer names, and names longer than the field")
  func names() {
    #expect(Self.values("__Host-x=1; y=2", "__Host-x") == ["1"])
    #expect(Self.values("a=1", "a-very-long-name").isEmpty)
    #expect(Self.values("long=1", "lon").isEmpty)
  }

  @Test("any bytes are read to the end, and nothing beyond it")
  func anyBytes() {
    var random = RandomSource(seed: 1)
    let alphabet = bytes("a=;\" \tb\u{0}\u{ff}")
    for _ in 0..<5000 {
      let count = Int(random.next() % 24)
      let field = text(
        (0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
      let expected = field.split(separator: ";", omittingEmptySubsequences: false)
        .map { part in
          var part = part[...]
          while part.first == " " || part.first == "\t" { part = part.dropFirst() }
          while part.last == " " || part.last == "\t" { part = part.dropLast() }
          return part
        }
        .filter { $0.hasPrefix("a=") }
        .map { part in
          let value = part.dropFirst(2)
          let isQuoted = value.count >= 2 && value.first == "\"" && value.last == "\""
          return String(isQuoted ? value.dropFirst().dropLast() : value)
        }
      #expect(Self.values(field) == expected, "\(field.debugDescription)")
    }
  }
}
