import Testing

@testable import DataPlane

/// Version 1 of the PROXY protocol: a line of text.
struct ProxyLineTests {
  static let longest =
    "PROXY UNKNOWN " + String(repeating: "f", count: 91) + "\r\n"

  @Test(
    "a line names both ends",
    arguments: [
      ("TCP4 192.0.2.1 198.51.100.2 1024 443", tcp("192.0.2.1", 1024, "198.51.100.2", 443)),
      ("TCP4 0.0.0.0 255.255.255.255 0 65535", tcp("0.0.0.0", 0, "255.255.255.255", 65535)),
      ("TCP6 2001:db8::1 ::1 56324 80", tcp("2001:db8::1", 56324, "::1", 80)),
      ("TCP6 :: 1:2:3:4:5:6:7:8 1 2", tcp("::", 1, "1:2:3:4:5:6:7:8", 2)),
      ("TCP6 FFFF::ABCD ::ffff:1.2.3.4 1 2", tcp("ffff::abcd", 1, "::ffff:102:304", 2)),
      ("TCP6 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1 2", tcp("1:2:3:4:5:6:7:0", 1, "0:2:3:4:5:6:7:8", 2)),
    ])
  func good(_ words: String, _ header: ProxyHeader) {
    let line = bytes("PROXY \(words)\r\n")
    #expect(parseProxyHeader(line) == .complete(length: line.count, header))
    #expect(parseProxyHeader(line + bytes("GET / HT")) == .complete(length: line.count, header))
  }

  @Test(
    "UNKNOWN names nobody, whatever follows the word",
    arguments: [
      "PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN ::1 ::2 1 2\r\n",
      "PROXY UNKNOWN  a\rb\nc\r\n", longest,
    ])
  func unknown(_ line: String) {
    #expect(
      parseProxyHeader(bytes(line)) == .complete(length: line.utf8.count, ProxyHeader(.unknown)))
  }

  @Test(
    "a line in pieces is incomplete up to its last byte",
    arguments: [
      "PROXY TCP4 192.0.2.1 198.51.100.2 1024 443\r\n", "PROXY UNKNOWN\r\n", longest,
    ])
  func pieces(_ line: String) {
    let line = bytes(line)
    for count in 0..<line.count {
      #expect(parseProxyHeader(Array(line.prefix(count))) == .incomplete)
    }
  }

  @Test(
    "what is no such line fails",
    arguments: [
      "", " ", "\r\n", "TCP4", "TCP5 1.2.3.4 1.2.3.4 1 2", "UDP4 1.2.3.4 1.2.3.4 1 2",
      "tcp4 1.2.3.4 1.2.3.4 1 2", "unknown", "UNKNOWNS", "UNKNOWN\t", "UNKNOW",
      " TCP4 1.2.3.4 1.2.3.4 1 2", "TCP4  1.2.3.4 1.2.3.4 1 2", "TCP4 1.2.3.4  1.2.3.4 1 2",
      "TCP4 1.2.3.4 1.2.3.4  1 2", "TCP4 1.2.3.4 1.2.3.4 1  2", "TCP4 1.2.3.4 1.2.3.4 1 2 ",
      "TCP4\t1.2.3.4 1.2.3.4 1 2", "TCP4 1.2.3.4 1.2.3.4 1 2 3", "TCP4 1.2.3.4 1.2.3.4 1",
      "TCP4 1.2.3.4 1.2.3.4 1 ", "TCP4 1.2.3.4 1.2.3.4", "TCP4 1.2.3.4 1.2.3.4 1 2\r",
      "TCP4 1.2.3.4 1.2.3.4 1 2\n", "TCP4 1.2.3.4 1.2.3.4 \r\n1 2",
      "TCP4 1.2.3.4 1.2.3.4 65536 2", "TCP4 1.2.3.4 1.2.3.4 1 65536",
      "TCP4 1.2.3.4 1.2.3.4 01 2", "TCP4 1.2.3.4 1.2.3.4 1 00", "TCP4 1.2.3.4 1.2.3.4 +1 2",
      "TCP4 1.2.3.4 1.2.3.4 -1 2", "TCP4 1.2.3.4 1.2.3.4 1a 2", "TCP4 1.2.3.4 1.2.3.4 100000 2",
      "TCP4 1.2.3 1.2.3.4 1 2", "TCP4 1.2.3.4.5 1.2.3.4 1 2", "TCP4 1.2.3.256 1.2.3.4 1 2",
      "TCP4 01.2.3.4 1.2.3.4 1 2", "TCP4 1..3.4 1.2.3.4 1 2", "TCP4 1.2.3. 1.2.3.4 1 2",
      "TCP4 0x1.2.3.4 1.2.3.4 1 2", "TCP4 1 1.2.3.4 1 2", "TCP4 ::1 ::1 1 2",
      "TCP4 1.2.3.4 ::1 1 2", "TCP6 1.2.3.4 1.2.3.4 1 2", "TCP6 ::1 1.2.3.4 1 2",
      "TCP6 : ::1 1 2", "TCP6 ::: ::1 1 2", "TCP6 1::2::3 ::1 1 2", "TCP6 12345:: ::1 1 2",
      "TCP6 1:2:3:4:5:6:7 ::1 1 2", "TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2", "TCP6 ::g ::1 1 2",
      "TCP6 1:2:3:4:5:6:7:8:: ::1 1 2", "TCP6 1:2:3:4::5:6:7:8 ::1 1 2", "TCP6 1: ::1 1 2",
      "TCP6 ::1% ::1 1 2", "TCP6 ::1%lo ::1 1 2", "TCP6 [::1] ::1 1 2",
      "TCP6 ::1.2.3 ::1 1 2", "TCP6 1:2:3:4:5:6:7:1.2.3.4 ::1 1 2",
      "TCP6 ::1.2.3.4:1 ::1 1 2", "TCP6 :1:2:3:4:5:6:7 ::1 1 2",
    ])
  func bad(_ words: String) {
    #expect(parseProxyHeader(bytes("PROXY \(words)\r\n")) == .failed)
  }

  @Test(
    "another first word fails at the first byte that differs",
    arguments: [
      "G", "GET / HTTP/1.1\r\n\r\n", "p", "PR ", "PROXY\r\n", "PROXYTCP4", "\n", "\0",
      "\u{16}\u{3}",
    ])
  func other(_ content: String) { #expect(parseProxyHeader(bytes(content)) == .failed) }

  @Test("a line without an end within 107 bytes fails")
  func long() {
    let open = bytes("PROXY UNKNOWN " + String(repeating: "f", count: 300))
    #expect(parseProxyHeader(Array(open.prefix(106))) == .incomplete)
    #expect(parseProxyHeader(Array(open.prefix(107))) == .failed)
    #expect(parseProxyHeader(Array(open.prefix(106)) + bytes("\r\n")) == .failed)
    #expect(parseProxyHeader(open) == .failed)
  }

  @Test(
    "a client's ends are written as they are read",
    arguments: [
      (
        tcp("192.0.2.1", 1024, "198.51.100.2", 443),
        "PROXY TCP4 192.0.2.1 198.51.100.2 1024 443\r\n"
      ),
      (tcp("2001:DB8::1", 0, "::", 65535), "PROXY TCP6 2001:db8::1 :: 0 65535\r\n"),
      (ProxyHeader(.unknown), "PROXY UNKNOWN\r\n"), (ProxyHeader(.local), "PROXY UNKNOWN\r\n"),
      (ProxyHeader(.unix), "PROXY UNKNOWN\r\n"),
    ])
  func written(_ header: ProxyHeader, _ line: String) {
    #expect(text(writeProxyHeader(header, .v1)) == line)
  }

  @Test("ends of two families are both written as IPv6")
  func families() {
    let header = ProxyHeader(
      source: PeerAddress(literal: "192.0.2.1"), port: 1,
      destination: PeerAddress(literal: "::1"), port: 2)
    #expect(text(writeProxyHeader(header, .v1)) == "PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n")
  }
}
