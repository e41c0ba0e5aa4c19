import DataPlane
import Testing

@testable import ControlPlane

/// What an operator types to purge.
struct PurgeTextTests {
  private static func url(
    _ text: String, _ change: (inout SnapshotDraft, inout CacheKeyRow) -> Void = { _, _ in }
  ) throws -> String {
    var draft = SnapshotDraft()
    var row = CacheKeyRow()
    change(&draft, &row)
    let handle = SnapshotHandle(Snapshot(draft))
    defer { handle.destroy() }
    let rule = try PurgeText.url(text, isHard: true, key: row, handle.value)
    #expect(rule.subject == .url && rule.isHard)
    return String(decoding: rule.text, as: UTF8.self)
  }

  private static func prefix(_ text: String) throws -> String {
    let handle = SnapshotHandle(Snapshot(SnapshotDraft()))
    defer { handle.destroy() }
    let rule = try PurgeText.prefix(text, isHard: false, handle.value)
    #expect(rule.subject == .prefix && !rule.isHard)
    return String(decoding: rule.text, as: UTF8.self)
  }

  @Test(
    "a URL is what requests for it are stored under",
    arguments: [
      ("http://Example.com:80/a%7Eb", "http://example.com/a~b"),
      ("HTTPS://Example.com:443/a?b=%7e", "https://example.com/a?b=%7e"),
      ("http://example.com", "http://example.com/"), ("example.com?x", "example.com/?x"),
      ("Example.com:8080/a/../b//c", "example.com:8080/b/c"), ("[::1]:81/", "[::1]:81/"),
      ("http://a:443/?", "http://a:443/?"), ("https://a:80/", "https://a:80/"),
      ("a/http://b", "a/http:/b"),
    ])
  func urls(_ text: String, _ expected: String) throws {
    let found = try Self.url(text)
    #expect(found == expected)
    let prefix = try Self.prefix(text)
    #expect(prefix == expected)
  }

  @Test("a URL goes through the key of its cache")
  func options() throws {
    let found = try Self.url("http://a/b?utm_x=1&c=2") { draft, row in
      let name = draft.intern("utm_".utf8)
      draft.cacheNames.append(CacheNameRow(text: name, isPrefix: true))
      row.query = .drop
      row.parameters = RowRange(first: 0, count: 1)
    }
    #expect(found == "http://a/b?c=2")
    let slashes = try Self.url("http://a//b") { draft, _ in draft.policy.mergesSlashes = false }
    #expect(slashes == "http://a//b")
  }

  @Test(
    "what is wrong is said",
    arguments: [
      ("", "must have a host, as in example.com:"), ("/a", "must have a host, as in example.com/a"),
      ("http:///a", "must have a host"), ("ftp://a/b", "must be http:// or https://"),
      ("://a/b", "must be http:// or https://"), ("http://u@a/", "user name"),
      ("a:80/b", "port 80 is the default of one scheme only"), ("a:443", "port 443"),
      ("http://a:99999/", "no host, or its port"), ("http://a,b/", "no host, or its port"),
      ("http://a/ b", "write %20"), ("http://a/\u{e9}", "write %C3%A9"), ("a/\u{1}", "write %01"),
      ("http://a/b#c", "begins with #"), ("http://a/%zz", "no request can have this path"),
      ("http://a/../b", "above the root"), ("http://a/%00", "%00"), ("http://a/<", "no request"),
      ("a/" + String(repeating: "b", count: 70_000), "too long"),
    ])
  func problems(_ text: String, _ part: String) {
    let found = #expect(throws: PurgeText.Problem.self) { _ = try Self.url(text) }
    #expect(found?.description.contains(part) == true, "\(found?.description.prefix(200) ?? "")")
  }

  @Test("a tag is one tag")
  func tags() throws {
    let rule = try PurgeText.tag(" Post 1 ", isHard: true)
    #expect(rule == PurgeRule(.tag, Array("Post 1".utf8), isHard: true))
    for text in ["", " ", "a,b", "a\nb", "a\u{7f}"] {
      #expect(throws: PurgeText.Problem.self) { _ = try PurgeText.tag(text, isHard: true) }
    }
  }
}
