import Testing

@testable import DataPlane

/// The forms of a request target (RFC 9112 section 3.2).
struct RequestTargetTests {
  /// A target in parts, as text.
  struct Parts: Equatable {
    var form = RequestTarget.Form.origin
    var path = ""
    var query = ""
    var authority = ""
    var needsNormalizing = false

    init(
      _ path: String, query: String = "", authority: String = "", normalize: Bool = false,
      form: RequestTarget.Form = .origin
    ) {
      self.path = path
      self.query = query
      self.authority = authority
      needsNormalizing = normalize
      self.form = authority.isEmpty ? form : .absolute
    }
  }

  static func parts(_ target: String, _ method: Method = .get, at: Int = 3) -> Parts? {
    // Bytes behind the target may not matter.
    let block = block(bytes(target) + bytes("/..//%zz HTTP/1.1\r\n"), at: at)
    let parsed = RequestTarget.parse(block.bytes, at, bytes(target).count, method: method)
    guard let parsed else { return nil }
    func part(_ from: Int, _ count: Int) -> String { text(block.copy(from, from + count)) }
    var parts = Parts(
      part(parsed.path, parsed.pathLength), query: part(parsed.query, parsed.queryLength),
      authority: part(parsed.authority, parsed.authorityLength),
      normalize: parsed.needsNormalizing, form: parsed.form)
    parts.form = parsed.form
    return parts
  }

  @Test(
    "targets come apart",
    arguments: [
      ("/", Parts("/")),
      ("/a/b.c/d", Parts("/a/b.c/d")),
      ("/a?", Parts("/a", query: "?")),
      ("/?a=b&c", Parts("/", query: "?a=b&c")),
      ("/a?b?c=/d//e/../%zz\\", Parts("/a", query: "?b?c=/d//e/../%zz\\")),
      ("/!$&'()*+,;=:@-._~|^`{}[]", Parts("/!$&'()*+,;=:@-._~|^`{}[]")),
      ("/a*", Parts("/a*")),
      ("/.a", Parts("/.a", normalize: true)),
      ("/a.", Parts("/a.")),
      ("/a/..", Parts("/a/..", normalize: true)),
      ("//", Parts("//", normalize: true)),
      ("//evil.example/a", Parts("//evil.example/a", normalize: true)),
      ("/%41", Parts("/%41", normalize: true)),
      ("/a?%41", Parts("/a", query: "?%41")),
      ("http://a", Parts("", authority: "a", normalize: true)),
      ("http://a/", Parts("/", authority: "a")),
      ("http://a?b", Parts("", query: "?b", authority: "a", normalize: true)),
      ("HtTpS://A:8443/b?c", Parts("/b", query: "?c", authority: "A:8443")),
      ("http://[::1]:80/x//y", Parts("/x//y", authority: "[::1]:80", normalize: true)),
      ("http://a/http://b", Parts("/http://b", authority: "a", normalize: true)),
    ])
  func good(_ target: String, _ expected: Parts) {
    for at in [0, 1, 4, 15, 16] { #expect(Self.parts(target, at: at) == expected) }
  }

  @Test(
    "targets that are none are refused",
    arguments: [
      "*", "a", "a/b", "?a", ".", "..", "http:/a", "http:a", "http://", "https://", "http:///a",
      "http://?a", "http://:80/", "http://u@a/", "http://u:p@a/", "http://a:b/", "http://a:99999/",
      "http://a,b/", "http://[::1/", "http://a\\b/", "http://a%/", "ftp://a/", "ws://a/",
      "file:///etc/passwd", "javascript:x", "example.com:443", "**", "*/", "*?a", "http://a#b",
      "/a#b", "/#", "/a\"b", "/a<b", "/a>b", "/a\\b", "/\\..\\a", "/a?b#c", "/a?\"", "/a?<", "/a?>",
      "//\\", "xhttp://a/", "http//a/",
    ])
  func bad(_ target: String) { #expect(Self.parts(target) == nil) }

  @Test("the asterisk is for OPTIONS only")
  func asterisk() {
    #expect(Self.parts("*", .options) == Parts("*", form: .asterisk))
    for method: Method in [.get, .head, .put, .delete, .trace, .connect, .other] {
      #expect(Self.parts("*", method) == nil)
    }
    #expect(Self.parts("*a", .options) == nil)
    #expect(Self.parts("/a", .options) == Parts("/a"))
  }

  @Test("OPTIONS of a whole server in absolute form is the asterisk form")
  func wholeServer() {
    // RFC 9112 section 3.2.4: the last proxy sends `*` on.
    let parts = Self.parts("http://a:80", .options)
    #expect(parts?.form == .asterisk)
    #expect(parts?.authority == "a:80")
    #expect(Self.parts("http://a/", .options) == Parts("/", authority: "a"))
    #expect(Self.parts("http://a", .get)?.form == .absolute)
  }
}

/// The one form of a path (RFC 3986 section 6.2.2).
struct PathNormalizerTests {
  static func normalize(_ path: String, merge: Bool = true, at: Int = 5) -> String? {
    let count = bytes(path).count
    let block = block(bytes(path) + bytes("2e/../%"), at: at)
    // What lies in front of the result is none of the normaliser's business.
    var out = Block(capacity: count + 4)
    out.append(bytes("/x/"))
    let isGood = PathNormalizer.normalize(
      block.bytes, at, count, mergeSlashes: merge, into: &out)
    precondition(text(out.copy(0, 3)) == "/x/")
    return isGood ? text(out.copy(3, out.end)) : nil
  }

  static let table: [(String, String?)] = [
    ("", "/"), ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("/a/b/c", "/a/b/c"),
    ("/.", "/"), ("/./", "/"), ("/a/.", "/a/"), ("/a/./", "/a/"), ("/a/./b", "/a/b"),
    ("/././a", "/a"), ("/a/..", "/"), ("/a/../", "/"), ("/a/../b", "/b"), ("/a/b/..", "/a/"),
    ("/a/b/../", "/a/"), ("/a/b/../c", "/a/c"), ("/a/b/../../c", "/c"), ("/a/b/c/../../d", "/a/d"),
    ("/a/./../b", "/b"), ("/a/.././b", "/b"), ("/a/b/./../c/.", "/a/c/"),
    ("/..", nil), ("/../", nil), ("/../a", nil), ("/a/../..", nil), ("/a/../../b", nil),
    ("/./..", nil), ("/a/b/../../..", nil), ("//..", nil), ("//../a", nil),
    ("//", "/"), ("///", "/"), ("//a", "/a"), ("/a//", "/a/"), ("/a//b", "/a/b"),
    ("/a///b////c", "/a/b/c"), ("/a//..", "/"), ("/a//../b", "/b"), ("/a/.//b", "/a/b"),
    ("/%2e", "/"), ("/%2E/a", "/a"), ("/a/%2e%2e", "/"), ("/a/%2E%2e/b", "/b"), ("/a/.%2e/b", "/b"),
    ("/a/%2e./b", "/b"), ("/%2e%2e", nil), ("/%2e%2e/a", nil), ("/a/%2e%2e/%2e%2e", nil),
    ("/...", "/..."), ("/.../a", "/.../a"), ("/..a", "/..a"), ("/.a", "/.a"), ("/a..", "/a.."),
    ("/a.", "/a."), ("/.a/..b/...", "/.a/..b/..."), ("/%2e%2e%2e", "/..."), ("/.%2ea", "/..a"),
    ("/%41%5a%61%7A%30%39%2d%5F%7e", "/AZaz09-_~"),
    ("/%2f", "/%2F"), ("/a%2fb", "/a%2Fb"), ("/a%2F%2fb", "/a%2F%2Fb"),
    ("/a/..%2f", "/a/..%2F"), ("/..%2f..", "/..%2F.."), ("/%2f..", "/%2F.."),
    ("/%25", "/%25"), ("/%252e%252e/a", "/%252e%252e/a"), ("/%25%32%65", "/%252e"),
    ("/%c3%a9", "/%C3%A9"), ("/%20%21%7f%0d%0a", "/%20%21%7F%0D%0A"), ("/%5c..%5C", "/%5C..%5C"),
    ("/%3f%23", "/%3F%23"), ("/%3b", "/%3B"),
    ("/%00", nil), ("/a%00b", nil), ("/%", nil), ("/%4", nil), ("/a%", nil), ("/a%4", nil),
    ("/%zz", nil), ("/%4g", nil), ("/%g4", nil), ("/%%41", nil), ("/% 41", nil), ("/%+1", nil),
    ("/%4/a", nil), ("/%/a", nil), ("/%u0041", nil),
    ("/..;", nil), ("/..;/a", nil), ("/a/..;/b", nil), ("/a/..;x=y/b", nil), ("/.;", nil),
    ("/a/.;x/b", nil), ("/%2e%2e;/a", nil), ("/a/.%2e;", nil), ("/%2e;", nil),
    ("/a;b/..", "/"), ("/a;b", "/a;b"), ("/;", "/;"), ("/;..", "/;.."), ("/...;", "/...;"),
    ("/a..;b", "/a..;b"), ("/..%3b", "/..%3B"),
    ("/*", "/*"), ("/a*b", "/a*b"), ("/http://b/", "/http:/b/"),
  ]

  @Test("paths come into their one form", arguments: table)
  func isNormalized(_ path: String, _ expected: String?) {
    for at in [0, 1, 16] { #expect(Self.normalize(path, at: at) == expected) }
    if let expected { #expect(Self.normalize(expected) == expected) }
  }

  @Test(
    "runs of slashes stay when they are not merged",
    arguments: [
      ("//", "//"), ("///", "///"), ("//a", "//a"), ("/a//b", "/a//b"), ("/a//", "/a//"),
      ("/a//..", "/a/"), ("/a//../b", "/a/b"), ("//..", "/"), ("//../a", "/a"), ("//../..", nil),
      ("/./", "/"), (".//", "//"), ("/.//a", "//a"), ("/a/..//b", "//b"), ("", "/"),
    ] as [(String, String?)])
  func keptSlashes(_ path: String, _ expected: String?) {
    if path.hasPrefix("/") || path.isEmpty {
      #expect(Self.normalize(path, merge: false) == expected)
    }
    if let expected { #expect(Self.normalize(expected, merge: false) == expected) }
  }

  @Test("a path that is not marked for normalising is in its one form", arguments: table)
  func marked(_ path: String, _ expected: String?) throws {
    guard let parts = RequestTargetTests.parts(path), !parts.needsNormalizing else { return }
    #expect(expected == path)
  }

  /// Segments resolved on an array: slow and plain.
  static func slow(_ path: String, merge: Bool) -> String? {
    var decoded: [String] = [""]
    let source = Array(path.unicodeScalars)
    var index = 1
    let unreserved = Set(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        .unicodeScalars)
    while index < source.count {
      let scalar = source[index]
      if scalar == "/" {
        decoded.append("")
      } else if scalar == "%" {
        guard index + 2 < source.count, let high = Character(source[index + 1]).hexDigitValue,
          let low = Character(source[index + 2]).hexDigitValue
        else { return nil }
        let value = Unicode.Scalar(UInt8(high * 16 + low))
        if value == "\0" { return nil }
        let last = decoded.count - 1
        decoded[last] +=
          unreserved.contains(value)
          ? String(value)
          : "%" + String(high, radix: 16).uppercased()
            + String(low, radix: 16).uppercased()
        index += 2
      } else {
        decoded[decoded.count - 1].unicodeScalars.append(scalar)
      }
      index += 1
    }
    var kept: [String] = []
    for (index, segment) in decoded.enumerated() {
      let isLast = index == decoded.count - 1
      if segment.hasPrefix(".;") || segment.hasPrefix("..;") { return nil }
      switch segment {
      case ".": if isLast { kept.append("") }
      case "..":
        if kept.isEmpty { return nil }
        kept.removeLast()
        if isLast { kept.append("") }
      case "" where merge && !isLast: break
      default: kept.append(segment)
      }
    }
    return "/" + kept.joined(separator: "/")
  }

  @Test("random paths are normalised as a slow twin does, and only once", arguments: [true, false])
  func random(_ merge: Bool) {
    var dice = Dice(seed: 10)
    let parts = [
      "/", "/", "/", ".", ".", "..", "a", "b", "%2e", "%2E", "%2f", "%41", "%25", "%00", "%", ";",
      "%c3", "%7e", "*", "..;", "2e", "//", "/../", "/./", "%5c",
    ]
    var wrong: [String] = []
    for _ in 0..<4000 {
      let path = "/" + (0..<dice.below(10)).map { _ in dice.pick(parts) }.joined()
      let normal = Self.normalize(path, merge: merge)
      if normal != Self.slow(path, merge: merge) { wrong.append(path) }
      if let normal, Self.normalize(normal, merge: merge) != normal { wrong.append(path) }
      if let normal, normal.utf8.count > path.utf8.count { wrong.append(path) }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }
}
