import CLinux
import Glibc
import Testing

@testable import DataPlane

/// A client's address as text and back, compared with the C library.
struct PeerAddressTests {
  static func parse(_ literal: String, at: Int = 3) -> PeerAddress? {
    let block = block(bytes(literal) + bytes("9.9:1]"), at: at)
    return PeerAddress.parse(block.bytes, at, bytes(literal).count)
  }

  static func address(_ family: UInt8, _ content: [UInt8]) -> PeerAddress {
    var copy = InlineArray<16, UInt8>(repeating: 0)
    for index in content.indices { copy[index] = content[index] }
    return PeerAddress(family: family, bytes: copy)
  }

  static func octets(_ address: PeerAddress?) -> [UInt8]? {
    guard let address else { return nil }
    return (0..<16).map { address.bytes[$0] }
  }

  /// What inet_ntop says.
  static func system(_ family: Int32, _ content: [UInt8]) -> String {
    var out = [CChar](repeating: 0, count: 64)
    unsafe inet_ntop(family, content, &out, 64)
    return String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test("IPv4 addresses are written as the C library does")
  func four() {
    var dice = Dice(seed: 17)
    for round in 0..<300 {
      let content =
        round == 0 ? [0, 0, 0, 0] : round == 1 ? [255, 255, 255, 255] : dice.randomBytes(4)
      let written = Self.address(4, content).text
      #expect(written == Self.system(AF_INET, content))
      #expect(Self.octets(Self.parse(written))?.prefix(4) == content[...])
    }
  }

  @Test("IPv6 addresses are written as the C library does")
  func six() {
    var dice = Dice(seed: 18)
    for _ in 0..<2000 {
      var content = dice.randomBytes(16)
      // Zeros in all places, so that runs of them compete; short groups too.
      for group in 0..<8 where dice.chance(2) {
        content[group * 2] = 0
        if dice.chance(2) { content[group * 2 + 1] = dice.chance(2) ? 0 : content[group] & 15 }
      }
      // The C library writes addresses of old transition schemes with a dotted end.
      if content.prefix(10).allSatisfy({ $0 == 0 }) { content[0] = 0x20 }
      let written = Self.address(6, content).text
      #expect(written == Self.system(AF_INET6, content))
      #expect(Self.octets(Self.parse(written)) == content)
    }
  }

  @Test(
    "addresses are written after RFC 5952",
    arguments: [
      ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::A", "2001:db8::a"),
      ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
      ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("1:0:0:4:5:6:7:8", "1::4:5:6:7:8"),
      ("0:0:3:4:5:6:7:0", "::3:4:5:6:7:0"), ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
      ("fe80::1", "fe80::1"), ("1:0:0:0:5:0:0:0", "1::5:0:0:0"),
    ])
  func shortest(_ literal: String, _ expected: String) {
    #expect(Self.parse(literal)?.text == expected)
  }

  @Test(
    "brackets and ports are left aside",
    arguments: [
      ("1.2.3.4", "1.2.3.4"), ("1.2.3.4:5678", "1.2.3.4"), ("[::1]", "::1"), ("[::1]:80", "::1"),
      ("[2001:db8::1]:443", "2001:db8::1"), ("::1", "::1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
      ("255.255.255.255", "255.255.255.255"), ("[1.2.3.4]:1", "1.2.3.4"),
    ])
  func ports(_ literal: String, _ expected: String) {
    for at in [0, 1, 7] { #expect(Self.parse(literal, at: at)?.text == expected) }
  }

  @Test(
    "what is no address is none",
    arguments: [
      "", "unknown", "_hidden", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4",
      "1.2.3.4 ",
      " 1.2.3.4", "01.2.3.4", "1.2.3.4/8", ":", "::1::", "1::2::3", "12345::", "[", "[]", "[::1",
      "::1]", "[::1", "g::1", "1:2:3:4:5:6:7:8:9", ":80", "0x7f.1", "2130706433",
      String(repeating: "1", count: 46), String(repeating: ":", count: 500), "\"1.2.3.4\"",
    ])
  func none(_ literal: String) { #expect(Self.parse(literal) == nil) }

  @Test("IPv4 is mapped into IPv6; a unix socket has no address")
  func mapped() {
    let four = Self.address(4, [1, 2, 3, 4]).mapped
    #expect(
      (0..<16).map { four?[$0] } == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4])
    let content = (0..<16).map { UInt8($0) }
    let six = Self.address(6, content).mapped
    #expect((0..<16).map { six?[$0] } == content)
    let unix = Self.address(1, [])
    #expect(unix.mapped == nil)
    #expect(unix.text == "unix")
  }
}

/// Dates for `Date` and for the log.
struct DateTests {
  static func http(_ seconds: Int64) -> String {
    var out = [UInt8](repeating: 0, count: 29)
    unsafe hr_format_http_date(seconds, &out)
    return text(out)
  }

  static func iso(_ milliseconds: Int64) -> String {
    var out = [UInt8](repeating: 0, count: 24)
    unsafe hr_format_iso8601(milliseconds, &out)
    return text(out)
  }

  @Test(
    "seconds become an IMF-fixdate (RFC 9110 section 5.6.7)",
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
      (1_795_219_199, "Fri, 20 Nov 2026 23:59:59 GMT"),
      (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
      (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] as [(Int64, String)])
  func fixdate(_ seconds: Int64, _ expected: String) { #expect(Self.http(seconds) == expected) }

  @Test(
    "milliseconds become an ISO 8601 time",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (999, "1970-01-01T00:00:00.999Z"),
      (1_000, "1970-01-01T00:00:01.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
      (1_795_219_199_123, "2026-11-20T23:59:59.123Z"),
    ] as [(Int64, String)])
  func iso8601(_ milliseconds: Int64, _ expected: String) {
    #expect(Self.iso(milliseconds) == expected)
  }

  @Test("the cached date is the clock's")
  func cache() {
    var cache = DateCache()
    let before = Self.http(hr_now_wall_seconds())
    cache.refresh()
    let cached = text((0..<29).map { cache.text[$0] })
    let after = Self.http(hr_now_wall_seconds())
    #expect(cached == before || cached == after)
  }

  @Test("the same seed gives the same numbers, another one others")
  func random() {
    func numbers(_ seed: UInt64) -> [UInt64] {
      var source = RandomSource(seed: seed)
      return (0..<100).map { _ in source.next() }
    }
    #expect(numbers(1) == numbers(1))
    #expect(Set(numbers(1) + numbers(2) + numbers(0)).count == 300)
    var first = RandomSource()
    var second = RandomSource()
    #expect(first.next() != second.next())
  }
}
