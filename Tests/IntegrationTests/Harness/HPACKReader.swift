/// Reads header blocks (RFC 7541), with nothing of the product in it: tables and Huffman code are
/// made of what the RFC says.
struct HPACKReader {
  typealias Field = Message.Field

  /// The newest first.
  private var dynamic: [Field] = []
  private var tableBytes = 4096

  mutating func decode(_ block: [UInt8]) throws -> [Field] {
    var at = 0
    var fields: [Field] = []
    while at < block.count {
      let byte = block[at]
      if byte & 0x80 != 0 {
        fields.append(try entry(integer(block, &at, 7)))
      } else if byte & 0x40 != 0 {
        let field = try literal(block, &at, 6)
        fields.append(field)
        dynamic.insert(field, at: 0)
        evict()
      } else if byte & 0x20 != 0 {
        tableBytes = try integer(block, &at, 5)
        evict()
      } else {
        fields.append(try literal(block, &at, 4))
      }
    }
    return fields
  }

  private mutating func evict() {
    while dynamic.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }) > tableBytes {
      dynamic.removeLast()
    }
  }

  private func entry(_ index: Int) throws -> Field {
    if index >= 1, index <= Self.fixed.count { return Self.fixed[index - 1] }
    let place = index - Self.fixed.count - 1
    guard dynamic.indices.contains(place) else {
      throw HarnessError.malformed("HPACK index \(index)")
    }
    return dynamic[place]
  }

  private func literal(_ block: [UInt8], _ at: inout Int, _ bits: Int) throws -> Field {
    let index = try integer(block, &at, bits)
    let name = index > 0 ? try entry(index).name : try string(block, &at)
    return Field(name: name, value: try string(block, &at))
  }

  private func integer(_ block: [UInt8], _ at: inout Int, _ bits: Int) throws -> Int {
    let most = 1 << bits - 1
    var value = Int(block[at]) & most
    at += 1
    if value < most { return value }
    var shift = 0
    while true {
      guard at < block.count, shift < 28 else { throw HarnessError.malformed("HPACK integer") }
      value += Int(block[at] & 127) << shift
      shift += 7
      at += 1
      if block[at - 1] & 128 == 0 { return value }
    }
  }

  private func string(_ block: [UInt8], _ at: inout Int) throws -> String {
    guard at < block.count else { throw HarnessError.malformed("HPACK string") }
    let isCoded = block[at] & 128 != 0
    let count = try integer(block, &at, 7)
    guard at + count <= block.count else { throw HarnessError.malformed("HPACK string") }
    let bytes = Array(block[at..<at + count])
    at += count
    return String(decoding: isCoded ? Self.decode(huffman: bytes) : bytes, as: UTF8.self)
  }

  // MARK: Huffman

  private static func decode(huffman bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var code: UInt32 = 0
    var length = 0
    for byte in bytes {
      for bit in (0..<8).reversed() {
        code = code << 1 | UInt32(byte >> UInt8(bit)) & 1
        length += 1
        if let symbol = symbols[UInt64(length) << 32 | UInt64(code)] {
          out.append(symbol)
          code = 0
          length = 0
        }
      }
    }
    return out
  }

  /// By length and code. The code is canonical: those of one length follow one another.
  private static let symbols: [UInt64: UInt8] = {
    var result: [UInt64: UInt8] = [:]
    var code: UInt32 = 0
    for length in 5...30 {
      for symbol in 0..<256 where lengths[symbol] == length {
        result[UInt64(length) << 32 | UInt64(code)] = UInt8(symbol)
        code += 1
      }
      code <<= 1
    }
    return result
  }()

  /// RFC 7541 Appendix B.
  private static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  ]

  // MARK: The static table

  /// RFC 7541 Appendix A.
  private static let fixed: [Field] = """
    :authority=|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|\
    :status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500|\
    accept-charset=|accept-encoding=gzip, deflate|accept-language=|accept-ranges=|accept=|\
    access-control-allow-origin=|age=|allow=|authorization=|cache-control=|\
    content-disposition=|content-encoding=|content-language=|content-length=|\
    content-location=|content-range=|content-type=|cookie=|date=|etag=|expect=|expires=|from=|\
    host=|if-match=|if-modified-since=|if-none-match=|if-range=|if-unmodified-since=|\
    last-modified=|link=|location=|max-forwards=|proxy-authenticate=|proxy-authorization=|\
    range=|referer=|refresh=|retry-after=|server=|set-cookie=|strict-transport-security=|\
    transfer-encoding=|user-agent=|vary=|via=|www-authenticate=
    """.split(separator: "|").map { pair in
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      return Field(name: String(parts[0]), value: String(parts[1]))
    }
}
