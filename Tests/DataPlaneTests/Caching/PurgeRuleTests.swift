import Testing

@testable import DataPlane

/// What a purge takes.
struct PurgeRuleTests {
  static func takes(
    _ subject: PurgeRule.Subject, _ text: String, _ url: String, tags: String = ""
  ) -> Bool {
    let rule = PurgeRule(subject, bytes(text), isHard: true)
    let key = block(bytes(url + "\nh:x=y"), at: 4)
    let list = block(bytes(tags), at: 2)
    return rule.matches(
      key.bytes, 4, urlLength: bytes(url).count, tags: list.bytes, 2, bytes(tags).count)
  }

  @Test("a URL takes all keys of that URL, and no other")
  func url() {
    let url = "http://a.example/b?c"
    #expect(Self.takes(.url, url, url))
    #expect(Self.takes(.url, "a.example/b?c", url))
    #expect(Self.takes(.url, "a.example/b?c", "https://a.example/b?c"))
    #expect(!Self.takes(.url, url, "https://a.example/b?c"))
    for other in ["a.example/b", "a.example/b?", "a.example/b?cc", "b.example/b?c", ""] {
      #expect(!Self.takes(.url, other, url))
      #expect(!Self.takes(.url, "http://" + other, url))
    }
    #expect(!Self.takes(.url, url + "\nh:x=y", url))
    #expect(Self.takes(.url, "http:8080/x", "http://http:8080/x"))
  }

  @Test("a prefix takes what begins with it")
  func prefix() {
    let url = "http://a.example/b/c?d"
    for text in ["http://a.example/", "http://a.example/b", url, "a.example/b/", "a.example/b/c?d"]
    {
      #expect(Self.takes(.prefix, text, url))
    }
    for text in ["https://a.example/", "example/", "a.example/c", "a.example/b/c?d\nh", url + "d"] {
      #expect(!Self.takes(.prefix, text, url))
    }
    #expect(Self.takes(.prefix, "a.example/b", "https://a.example/bb"))
    #expect(!Self.takes(.prefix, "a.example/", "http://a.example:8080/"))
  }

  @Test("a tag takes what has it; everything is everything")
  func tags() {
    #expect(Self.takes(.tag, "b", "http://a/", tags: "a\nB\n"))
    #expect(!Self.takes(.tag, "c", "http://a/", tags: "a\nb\n"))
    #expect(!Self.takes(.tag, "c", "http://c/"))
    #expect(Self.takes(.all, "", "http://a/"))
  }
}
