import Testing

@testable import DataPlane

/// What an unsafe request makes invalid (RFC 9111 section 4.4).
struct InvalidationTests {
  @Test("after answers that are no errors, to methods that are not known to be safe")
  func due() {
    for status in [200, 201, 204, 299, 301, 303, 304, 399] {
      #expect(Invalidation.isDue(.other, status: status))
      #expect(
        Invalidation.isDue(.put, status: status) && Invalidation.isDue(.delete, status: status))
      for method in [Method.get, .head, .options, .trace] {
        #expect(!Invalidation.isDue(method, status: status))
      }
    }
    for status in [100, 400, 404, 500] { #expect(!Invalidation.isDue(.other, status: status)) }
  }

  private static func resolve(
    _ reference: String, path: String = "/a/b/c", host: String = "Example.com",
    isSecure: Bool = false
  ) -> String? {
    let source = block(bytes("q" + reference + "q"))
    let hosts = block(bytes("h" + host + "h"))
    let paths = block(bytes("p" + path + "p"))
    var scratch = Block(capacity: 256)
    var out = Block(capacity: 1024)
    out.append("zz")
    let base = Invalidation.Base(
      isSecure: isSecure, host: ValueRange(at: 1, count: host.utf8.count),
      path: ValueRange(at: 1, count: path.utf8.count))
    let length = Invalidation.resolve(
      source.bytes, 1, reference.unicodeScalars.count, base, hosts: hosts.bytes,
      paths: paths.bytes, mergeSlashes: true, scratch: &scratch, into: &out)
    guard let length else {
      precondition(out.end == 2)
      return nil
    }
    return text(out.copy(2, 2 + length)) + " " + text(out.copy(2 + length, out.end))
  }

  @Test(
    "references of the same origin (RFC 3986 section 5.2)",
    arguments: [
      ("/x", "/x "), ("/x?y=1", "/x ?y=1"), ("x", "/a/b/x "), ("./x", "/a/b/x "),
      ("../x", "/a/x "), ("../../x", "/x "), ("..", "/a/ "), (".", "/a/b/ "), ("x/", "/a/b/x/ "),
      ("?y", "/a/b/c ?y"), ("/x#f", "/x "), ("x?y#f?g", "/a/b/x ?y"), ("/%7ex/%2f", "/~x/%2F "),
      ("/x//y", "/x/y "), ("x?a/../b", "/a/b/x ?a/../b"), ("?", "/a/b/c ?"),
      ("http://example.com/x", "/x "), ("HTTP://EXAMPLE.com:80/x?y", "/x ?y"),
      ("http://example.com", "/ "), ("http://example.com?y", "/ ?y"), ("//example.com/x", "/x "),
      ("http://example.com:/x", "/x "), ("x?http://other/", "/a/b/x ?http://other/"),
    ])
  func sameOrigin(reference: String, expected: String) {
    #expect(Self.resolve(reference) == expected, "\(reference)")
  }

  @Test(
    "others, and what is no reference, are refused",
    arguments: [
      "http://other.com/x", "http://example.com:81/x", "https://example.com/x", "//other.com/x",
      "http://sub.example.com/x", "http://example.com.evil/x", "ftp://example.com/x", "", "#f",
      "mailto:a@b", "x:y", "http:/x", "http:x", "http://", "//", "http:///x", "../../../x",
      "http://user@example.com/x", "http://example.com@evil/x", "/x y", "/\u{e9}", "/%zz", "/%00",
      "/x\\y", "/..;/x", "/x\"", "http://example.com:80x/", "http://[::1]/x",
    ])
  func refused(reference: String) {
    #expect(Self.resolve(reference) == nil, "\(reference)")
  }

  @Test("ports and schemes")
  func ports() {
    #expect(Self.resolve("https://a/x", host: "a", isSecure: true) == "/x ")
    #expect(Self.resolve("https://a:443/x", host: "A", isSecure: true) == "/x ")
    #expect(Self.resolve("https://a/x", host: "a:443", isSecure: true) == "/x ")
    #expect(Self.resolve("https://a:80/x", host: "a", isSecure: true) == nil)
    #expect(Self.resolve("http://a/x", host: "a", isSecure: true) == nil)
    #expect(Self.resolve("http://a:8080/x", host: "a:8080") == "/x ")
    #expect(Self.resolve("http://a/x", host: "a:8080") == nil)
    #expect(Self.resolve("http://[::1]:80/x", host: "[::1]") == "/x ")
    #expect(Self.resolve("x", path: "/") == "/x ")
    #expect(Self.resolve("x", path: "*") == nil)
    let long = String(repeating: "x", count: 300)
    #expect(Self.resolve(long) == nil)
  }
}
