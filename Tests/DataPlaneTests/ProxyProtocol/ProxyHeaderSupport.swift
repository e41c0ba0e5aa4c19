@testable import DataPlane

/// A header of version 2 around these bytes of addresses and extensions.
func binaryHeader(
  command: UInt8 = 0x21, family: UInt8 = 0x11, length: Int? = nil, _ block: [UInt8]
) -> [UInt8] {
  let length = length ?? block.count
  return [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    + [command, family, UInt8(length >> 8), UInt8(length & 255)] + block
}

/// 192.0.2.1:1024 to 198.51.100.2:443.
let endsOverIPv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 4, 0, 1, 187]

/// An item behind the addresses.
func extensionItem(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
  [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
}

func parseProxyHeader(_ content: [UInt8], at: Int = 3) -> ProxyHeaderParser.Result {
  let block = block(content, at: at)
  return ProxyHeaderParser.parse(block.bytes, at, at + content.count)
}

func tcp(
  _ source: String, _ sourcePort: UInt16, _ destination: String, _ destinationPort: UInt16
) -> ProxyHeader {
  var header = ProxyHeader(.tcp)
  header.source = PeerAddress(literal: source)
  header.sourcePort = sourcePort
  header.destination = PeerAddress(literal: destination)
  header.destinationPort = destinationPort
  return header
}

func writeProxyHeader(_ header: ProxyHeader, _ version: ProxyVersion) -> [UInt8] {
  var block = Block(capacity: 256)
  ProxyHeaderWriter.write(header, version, into: &block)
  return block.copy(0, block.end)
}

extension PeerAddress {
  /// As written; an IPv4 address in IPv6 stays one.
  init(literal: String) {
    var content = Block(capacity: 64)
    content.append(Array(literal.utf8))
    let family: UInt8 = literal.contains(":") ? 6 : 4
    self = AddressReader.read(content.bytes, 0, content.end, family) ?? .none
  }
}
