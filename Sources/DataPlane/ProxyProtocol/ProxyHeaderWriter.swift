/// Writes a PROXY header (HAProxy's doc/proxy-protocol.txt, section 2), at most 232 bytes.
package enum ProxyHeaderWriter {
  package static func write(
    _ header: ProxyHeader, _ version: ProxyVersion, into block: inout Block
  ) {
    switch version {
    case .v1: writeLine(header, &block)
    case .v2: writeBinary(header, &block)
    }
  }

  /// Version 1 knows no more than that the others are not clients over TCP.
  private static func writeLine(_ header: ProxyHeader, _ block: inout Block) {
    guard header.kind == .tcp else { return block.append("PROXY UNKNOWN\r\n") }
    block.append(header.source.family == 4 ? "PROXY TCP4 " : "PROXY TCP6 ")
    block.append(address: header.source)
    block.append(byte: 0x20)
    block.append(address: header.destination)
    block.append(byte: 0x20)
    block.append(decimal: Int(header.sourcePort))
    block.append(byte: 0x20)
    block.append(decimal: Int(header.destinationPort))
    block.append("\r\n")
  }

  private static func writeBinary(_ header: ProxyHeader, _ block: inout Block) {
    block.append(ProxyHeader.signature)
    block.append(byte: header.kind == .local ? 0x20 : 0x21)
    switch header.kind {
    case .local, .unknown: append(0, 0, &block)
    case .unix:
      append(0x31, 216, &block)
      // Two paths; clients of a unix socket have none.
      for _ in 0..<216 { block.append(byte: 0) }
    case .tcp:
      let width = header.source.family == 4 ? 4 : 16
      append(width == 4 ? 0x11 : 0x21, 2 &* width &+ 4, &block)
      block.append(header.source.bytes, width)
      block.append(header.destination.bytes, width)
      append(header.sourcePort, &block)
      append(header.destinationPort, &block)
    }
  }

  /// Family with transport, and the length of what follows.
  private static func append(_ family: UInt8, _ length: Int, _ block: inout Block) {
    block.append(byte: family)
    append(UInt16(truncatingIfNeeded: length), &block)
  }

  private static func append(_ number: UInt16, _ block: inout Block) {
    block.append(byte: UInt8(truncatingIfNeeded: number >> 8))
    block.append(byte: UInt8(truncatingIfNeeded: number))
  }
}
