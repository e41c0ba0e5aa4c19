import Testing

@testable import DataPlane

/// The tags of a response, and whether one is among them.
struct CacheTagsTests {
  /// As stored, with `|` for the line feeds.
  static func tags(_ lines: [String]) -> [UInt8] {
    let all = ["HTTP/1.1 200 OK"] + lines
    let source = block(bytes(all.map { $0 + "\r\n" }.joined() + "\r\n"), at: 2)
    var head = MessageHead()
    let limits = HeadLimits.widest
    let parsed = ResponseParser.parse(source, 2, source.end, limits: limits, into: &head)
    precondition(parsed == .complete(length: source.end - 2))
    var out = Block(capacity: 20_000)
    out.append(bytes("xx"))
    let count = CacheTags.append(&head, source.bytes, 2, to: &out)
    precondition(out.end == 2 + count && count <= CacheTags.maxBytes)
    return out.copy(2, out.end)
  }

  static func contains(_ list: [UInt8], _ tag: String) -> Bool {
    let list = block(list, at: 1)
    let tag = block(bytes(tag), at: 3)
    return CacheTags.contains(
      list.bytes, 1, list.end - 1, tag.bytes, 3, tag.end - 3)
  }

  @Test(
    "lists with commas and with white space",
    arguments: [
      ([], ""), (["Cache-Tag: a"], "a|"), (["cache-tag: a , b,,c d,"], "a|b|c d|"),
      (["SURROGATE-KEY: a  b\tc,d"], "a|b|c,d|"), (["Cache-Tag:"], ""), (["Surrogate-Key: "], ""),
      (["Cache-Tag: B", "X: y", "Surrogate-Key: a", "Cache-Tag: a"], "B|a|a|"),
      (["Cache-Tags: a", "Surrogate-Keys: b", "X-Cache-Tag: c"], ""),
    ] as [([String], String)])
  func parses(_ lines: [String], _ expected: String) {
    let found = text(Self.tags(lines)).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(found.joined(separator: "|") == expected)
  }

  @Test("a tag is found whole, without case")
  func finds() {
    let list = Self.tags(["Cache-Tag: Post-1, blog, a b"])
    for tag in ["Post-1", "post-1", "BLOG", "a b"] { #expect(Self.contains(list, tag)) }
    for tag in ["", "post", "post-11", "ost-1", "a", "b", "blog\n", "\n", "blog\na b"] {
      #expect(!Self.contains(list, tag))
    }
    #expect(!Self.contains([], "a"))
  }

  @Test("more tags than are kept are every tag")
  func tooMany() {
    let fits = Self.tags((0..<16).map { "Cache-Tag: \($0)" + String(repeating: "t", count: 900) })
    #expect(!Self.contains(fits, "other"))
    let line = "Cache-Tag: first, " + String(repeating: "t", count: 6000)
    let list = Self.tags([line, line, line, "Cache-Tag: last"])
    #expect(list.count <= CacheTags.maxBytes)
    for tag in ["first", "last", "other"] { #expect(Self.contains(list, tag)) }
  }
}
