import Testing

@testable import DataPlane

/// `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
struct HostParserTests {
  static func isValid(_ host: String, at: Int = 2) -> Bool {
    let block = block(bytes(host) + bytes(":80]"), at: at)
    return HostParser.isValid(block.bytes, at, bytes(host).count)
  }

  static func name(_ host: String) -> String {
    let block = block(bytes(host) + bytes(":80]"), at: 2)
    let count = HostParser.nameLength(block.bytes, 2, bytes(host).count)
    return text(block.copy(2, 2 + count))
  }

  @Test(
    "hosts with and without a port are valid, and come apart",
    arguments: [
      ("a", "a"), ("example.com", "example.com"), ("EXAMPLE.com.", "EXAMPLE.com."),
      ("a:80", "a"), ("a:0", "a"), ("a:65535", "a"), ("a:00080", "a"), ("a:", "a"),
      ("127.0.0.1", "127.0.0.1"), ("127.0.0.1:8080", "127.0.0.1"), ("1", "1"), ("1:2", "1"),
      ("12345", "12345"), ("a_b-c~d", "a_b-c~d"), ("a%20b", "a%20b"), ("%61:1", "%61"),
      ("a!$&'()*+;=b", "a!$&'()*+;=b"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
      ("[::]", "[::]"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"), ("[::1]:", "[::1]"),
      ("[2001:DB8::a]:8443", "[2001:DB8::a]"), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"),
      ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"), ("[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]"),
      ("[1::8]", "[1::8]"), ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]"),
    ])
  func good(_ host: String, _ name: String) {
    for at in [0, 1, 15, 16] { #expect(Self.isValid(host, at: at)) }
    #expect(Self.name(host) == name)
  }

  @Test(
    "what is no host is refused",
    arguments: RequestHeadBadTests.hosts + [
      "%", "%4", "%4g", "a%4", "a%zz:80", ":", "::", "a::1", "::1", "1:2:3", "a:+1", "a: 80",
      "a:8 0", "a:80/", "a:080808", "[", "]", "[]:80", "[::1]80", "[::1]:80:80", "[[::1]]",
      "[::1%25eth0]", "[v1.a]", "[a b]", "a]", "a[b]",
    ])
  func bad(_ host: String) { #expect(!Self.isValid(host)) }

  @Test(
    "what is no IPv6 address between brackets is refused",
    arguments: [
      "[abc]", "[1]", "[:]", "[...]", "[1.2.3.4]", "[:::]", "[::1::]", "[1::2::3]", "[12345::1]",
      "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[:1:2:3:4:5:6:7]",
      "[1:2:3:4:5:6:7:]", "[::1.2.3]", "[::1.2.3.256]", "[::1.2.3.4.5]", "[::1.2.3.4:1]",
      "[1:2:3:4:5:6:7:1.2.3.4]", "[::a.2.3.4]", "[1:]", "[:1]",
    ])
  func badAddress(_ host: String) { #expect(!Self.isValid(host)) }

  @Test("every byte is in a host name or not, as RFC 3986 has it; the comma is not")
  func everyByte() {
    let others = Set(bytes("-._~!$&'()*+;="))
    for byte in UInt8.min...UInt8.max {
      let isLetter = (0x61...0x7a).contains(byte | 0x20) && byte < 0x80
      let isIn = isLetter || (0x30...0x39).contains(byte) || others.contains(byte)
      let host = text([0x61, byte, 0x62])
      #expect(Self.isValid(host) == isIn, "\(byte)")
      let first = text([byte, 0x62])
      #expect(Self.isValid(first) == isIn, "\(byte) first")
    }
  }

  @Test("a host has at most 512 bytes")
  func length() {
    #expect(Self.isValid(String(repeating: "a", count: 512)))
    #expect(!Self.isValid(String(repeating: "a", count: 513)))
  }
}
