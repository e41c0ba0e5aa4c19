import Testing

@testable import DataPlane

/// Version 2 of the PROXY protocol: a block of bytes.
struct ProxyBinaryTests {
  static let client = tcp("192.0.2.1", 1024, "198.51.100.2", 443)

  @Test("addresses of both families are read")
  func addresses() {
    #expect(
      parseProxyHeader(binaryHeader(endsOverIPv4)) == .complete(length: 28, Self.client))
    let six: [UInt8] =
      [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
      + [UInt8](repeating: 0, count: 15) + [2, 0, 80, 0xff, 0xff]
    #expect(
      parseProxyHeader(binaryHeader(family: 0x21, six))
        == .complete(length: 52, tcp("2001:db8::1", 80, "::2", 65535)))
  }

  @Test("what follows the length is the connection's own")
  func trailing() {
    let content = binaryHeader(endsOverIPv4) + bytes("GET / HTTP/1.1\r\n")
    #expect(parseProxyHeader(content) == .complete(length: 28, Self.client))
  }

  @Test("a block in pieces is incomplete up to its last byte")
  func pieces() {
    let whole = binaryHeader(endsOverIPv4 + extensionItem(0x04, [1, 2, 3]))
    for count in 0..<whole.count {
      #expect(parseProxyHeader(Array(whole.prefix(count))) == .incomplete)
    }
    #expect(parseProxyHeader(whole) == .complete(length: whole.count, Self.client))
  }

  @Test("the sender's own connections say nothing of a client, whatever else they say")
  func local() {
    let junk = [UInt8](repeating: 0xff, count: 30)
    #expect(
      parseProxyHeader(binaryHeader(command: 0x20, family: 0, []))
        == .complete(length: 16, ProxyHeader(.local)))
    #expect(
      parseProxyHeader(binaryHeader(command: 0x20, family: 0x11, endsOverIPv4))
        == .complete(length: 28, ProxyHeader(.local)))
    #expect(
      parseProxyHeader(binaryHeader(command: 0x20, family: 0xff, junk))
        == .complete(length: 46, ProxyHeader(.local)))
  }

  @Test(
    "families without a name, and datagrams, leave the client unknown",
    arguments: [
      (0x00, 0), (0x00, 7), (0x01, 0), (0x10, 12), (0x12, 12), (0x22, 36), (0x30, 216), (0x32, 216),
    ])
  func unknown(_ family: Int, _ length: Int) {
    let header = binaryHeader(family: UInt8(family), [UInt8](repeating: 0, count: length))
    #expect(parseProxyHeader(header) == .complete(length: 16 + length, ProxyHeader(.unknown)))
  }

  @Test("a client of a unix socket has no address")
  func unix() {
    let header = binaryHeader(family: 0x31, [UInt8](repeating: 0x2f, count: 216))
    #expect(parseProxyHeader(header) == .complete(length: 232, ProxyHeader(.unix)))
  }

  @Test("a signature that differs fails at its byte", arguments: 0..<12)
  func signature(_ place: Int) {
    var header = binaryHeader(endsOverIPv4)
    header[place] ^= 0x40
    #expect(parseProxyHeader(header) == .failed)
    #expect(parseProxyHeader(Array(header.prefix(place + 1))) == .failed)
    #expect(parseProxyHeader(Array(header.prefix(place))) == .incomplete)
  }

  @Test(
    "another version or command fails before the rest has come",
    arguments: [
      0x00, 0x01, 0x11, 0x22, 0x2f, 0x31, 0xa1, 0xff,
    ])
  func command(_ command: Int) {
    let header = binaryHeader(command: UInt8(command), endsOverIPv4)
    #expect(parseProxyHeader(header) == .failed)
    #expect(parseProxyHeader(Array(header.prefix(13))) == .failed)
  }

  @Test("other families and transports fail", arguments: [0x13, 0x1f, 0x41, 0xf1, 0x03, 0x23])
  func family(_ family: Int) {
    let header = binaryHeader(family: UInt8(family), [UInt8](repeating: 0, count: 216))
    #expect(parseProxyHeader(header) == .failed)
  }

  @Test(
    "a length that does not hold the addresses fails",
    arguments: [
      (0x11, 0), (0x11, 11), (0x12, 11), (0x21, 12), (0x21, 35), (0x31, 215),
    ])
  func short(_ family: Int, _ length: Int) {
    let header = binaryHeader(family: UInt8(family), [UInt8](repeating: 0, count: length))
    #expect(parseProxyHeader(header) == .failed)
    #expect(parseProxyHeader(Array(header.prefix(16))) == .failed)
  }

  @Test("a block may have 4096 bytes and no more")
  func bound() {
    let filling = endsOverIPv4 + extensionItem(0x04, [UInt8](repeating: 0, count: 4096 - 15))
    #expect(
      parseProxyHeader(binaryHeader(filling)) == .complete(length: 4112, Self.client))
    #expect(ProxyHeaderParser.maxLength == 4112)
    #expect(parseProxyHeader(binaryHeader(length: 4097, [])) == .failed)
    #expect(parseProxyHeader(binaryHeader(command: 0x20, length: 65535, [])) == .failed)
  }

  @Test(
    "extensions are skipped, whole ones only",
    arguments: [
      ([], true), (extensionItem(0x04, []), true), (extensionItem(0xea, [1, 2, 3]), true),
      (extensionItem(0x01, bytes("h2")) + extensionItem(0x20, [1, 0, 0, 0, 0]), true),
      ([0x04], false), ([0x04, 0], false), ([0x04, 0, 1], false), ([0x04, 0, 0, 0], false),
      (extensionItem(0x04, [1]) + [0x04, 0xff, 0xff], false),
    ] as [([UInt8], Bool)])
  func extensions(_ items: [UInt8], _ isValid: Bool) {
    let header = binaryHeader(endsOverIPv4 + items)
    #expect(
      parseProxyHeader(header)
        == (isValid ? .complete(length: header.count, Self.client) : .failed))
  }

  @Test("a checksum that is there is verified")
  func checksum() {
    let others = extensionItem(0x04, [7]) + extensionItem(0x05, bytes("id"))
    // Bit by bit over the whole header, the checksum's field as zeros.
    var sum = UInt32.max
    for byte in binaryHeader(endsOverIPv4 + extensionItem(0x03, [0, 0, 0, 0]) + others) {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82f6_3b78 }
    }
    let value = (0..<4).map { UInt8(truncatingIfNeeded: ~sum >> UInt32(24 - $0 * 8)) }
    let good = binaryHeader(endsOverIPv4 + extensionItem(0x03, value) + others)
    #expect(parseProxyHeader(good) == .complete(length: good.count, Self.client))
    for place in 16..<good.count where place != 28 {
      var bad = good
      bad[place] ^= 1
      #expect(parseProxyHeader(bad) == .failed, "byte \(place)")
    }
    for wrong in [[], [0, 0, 0], [0, 0, 0, 0, 0]] as [[UInt8]] {
      let bad = binaryHeader(endsOverIPv4 + extensionItem(0x03, wrong))
      #expect(parseProxyHeader(bad) == .failed)
    }
  }

  @Test("the checksum is the CRC32c that others compute")
  func knownChecksum() {
    // By a table in Python, which gives E3069283 for "123456789" (RFC 9260 appendix A).
    let header = binaryHeader(endsOverIPv4 + extensionItem(0x03, Self.known))
    #expect(parseProxyHeader(header) == .complete(length: 35, Self.client))
  }

  static let known: [UInt8] = [0x66, 0xdc, 0xbd, 0x94]

  @Test(
    "headers of all kinds are written and read again",
    arguments: [
      ProxyHeader(.local), ProxyHeader(.unknown), ProxyHeader(.unix), client,
      tcp("2001:db8::1", 0, "::ffff:1.2.3.4", 65535),
    ])
  func written(_ header: ProxyHeader) {
    let content = writeProxyHeader(header, .v2)
    #expect(parseProxyHeader(content) == .complete(length: content.count, header))
  }

  @Test("a client's ends are written byte for byte")
  func bytesWritten() {
    #expect(writeProxyHeader(Self.client, .v2) == binaryHeader(endsOverIPv4))
    #expect(
      writeProxyHeader(ProxyHeader(.local), .v2) == binaryHeader(command: 0x20, family: 0, []))
  }
}
