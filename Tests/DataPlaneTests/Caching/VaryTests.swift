import Testing

@testable import DataPlane

/// Which requests are the same to a response with `Vary` (RFC 9111 section 4.1).
struct VaryTests {
  private static func names(_ values: String...) -> String {
    CacheProbe.response(values.map { "Vary: " + $0 }) { head, bytes, origin in
      let fields = ResponseCacheFields.collect(&head, bytes, origin)
      var out = Block(capacity: VaryFields.bytesMax + 8)
      out.append("zz")
      switch VaryFields.read(fields, &head, bytes, origin, into: &out) {
      case .none: return "none"
      case .star: return "star"
      case .tooLong: return "too long"
      case .names(let at, let count): return text(out.copy(at, at + count))
      }
    }
  }

  @Test("names in one normal form")
  func normal() {
    #expect(Self.names("Accept-Encoding") == "accept-encoding")
    #expect(Self.names("b, A ,,a,B", "c , aB") == "a,ab,b,c")
    #expect(Self.names("") == "none" && Self.names(",") == "none" && Self.names() == "none")
    #expect(Self.names("*") == "star" && Self.names("a", "*, b") == "star")
    #expect(Self.names("a b") == "star" && Self.names("\"a\"") == "star")
    #expect(Self.names("a", "x-client-subject") == "star")
    #expect(Self.names("X-Forwarded-For") == "star")
    #expect(Self.names("x_client_subject") != "star")
    #expect(Self.names("*a") == "*a")
    let many = (0..<33).map { "n\($0)" }.joined(separator: ",")
    #expect(Self.names(many) == "too long")
    #expect(Self.names((0..<32).map { "n\($0)" }.joined(separator: ",")).hasPrefix("n0,n1,n10,"))
    #expect(Self.names(String(repeating: "n", count: 2000)) == "too long")
  }

  private static func hash(_ names: String, _ lines: String...) -> Hash128 {
    let list = block(bytes("z" + names))
    return CacheProbe.request(lines) { head, bytes, origin in
      VaryHash.of(
        list.bytes, 1, names.utf8.count, &head, bytes, origin,
        seed: HashSeed(first: 1, second: 2))
    }
  }

  @Test("what is the same")
  func same() {
    let plain = Self.hash("accept-encoding", "Accept-Encoding: gzip, br")
    for value in ["gzip,br", "GZIP , BR", "gz ip,b r", "gzip,\tbr"] {
      #expect(Self.hash("accept-encoding", "accept-ENCODING: " + value) == plain, "\(value)")
    }
    #expect(
      Self.hash("accept-encoding", "Accept-Encoding: gzip", "X: y", "Accept-Encoding: br")
        == plain)
    #expect(Self.hash("x", "X: a , b") == Self.hash("x", "X: a", "X: b"))
    #expect(Self.hash("x", "Y: a") == Self.hash("x"))
    #expect(Self.hash("") == Self.hash("", "X: a"))
  }

  @Test("what is not")
  func different() {
    let all = [
      Self.hash("x"), Self.hash("x", "X:"), Self.hash("x", "X: a"), Self.hash("x", "X: A"),
      Self.hash("x", "X: a b"), Self.hash("x", "X: a  b"), Self.hash("x", "X: ab"),
      Self.hash("x", "X: a\tb"), Self.hash("x", "X: a,b"), Self.hash("x", "X: b,a"),
      Self.hash("x", "X: a,,b"), Self.hash("x", "X: \"a,b\""), Self.hash("x", "X: \"a, b\""),
      Self.hash("x", "X: \"\\\"a, b\""), Self.hash("x", "X: \"\\\"a,b\""),
      Self.hash("x,y"), Self.hash("x,y", "X:"), Self.hash("x,y", "Y:"),
      Self.hash("x,y", "X: a"), Self.hash("x,y", "Y: a"), Self.hash("x,y", "X: a", "Y: a"),
      Self.hash("y"), Self.hash("y", "Y: a"), Self.hash("accept", "Accept: \"a b\""),
      Self.hash("accept", "Accept: \"ab\""), Self.hash("accept-language", "Accept-Language: en"),
      Self.hash("accept-charset", "Accept-Charset: en"),
      Self.hash("accept-language", "Accept-Language: de"),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test("another key, another hash")
  func seeded() {
    let list = block(bytes("x"))
    let hashes = CacheProbe.request(["X: a"]) { head, bytes, origin in
      (0..<2).map {
        VaryHash.of(
          list.bytes, 0, 1, &head, bytes, origin, seed: HashSeed(first: 1, second: $0))
      }
    }
    #expect(hashes[0] != hashes[1])
  }
}
