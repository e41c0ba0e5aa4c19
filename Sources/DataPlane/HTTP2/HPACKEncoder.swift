/// Encodes the header blocks of one direction of a connection (RFC 7541).
///
/// Pure. A block that was begun must be sent, in order: the peer's table follows it. What pays for
/// its place goes into the dynamic table: fields that keep their value at once, others when they
/// are seen a second time; what is secret never (RFC 7541 section 7.1). Owned by the connection;
/// the table takes memory when the first entry comes.
package struct HPACKEncoder: ~Copyable {
  static var maxTableBytes: Int { 4096 }
  /// Bytes that a block of no fields may take, and each field beyond its name and value.
  static var blockOverhead: Int { 16 }
  static var fieldOverhead: Int { 12 }

  private var table: EncoderTable? = nil
  private var maxSize = HPACKEncoder.maxTableBytes
  /// The smallest size since the last block, to be told before `maxSize`; -1 when nothing changed.
  private var smallest = -1

  package init() {}

  package mutating func open() { close() }

  package mutating func close() {
    table = nil
    maxSize = HPACKEncoder.maxTableBytes
    smallest = -1
  }

  /// Bytes that the dynamic table counts now.
  package var tableBytes: Int { mutating get { table?.size ?? 0 } }

  /// The peer's SETTINGS_HEADER_TABLE_SIZE. The next block tells what we use of it.
  package mutating func setMaxTableBytes(_ bytes: Int) {
    let size = min(max(bytes, 0), HPACKEncoder.maxTableBytes)
    if size == maxSize { return }
    smallest = smallest < 0 ? size : min(smallest, size)
    maxSize = size
    table?.resize(size)
  }

  /// Begins a block: changes of the table's size come first (RFC 7541 section 4.2).
  package mutating func begin(into block: inout Block) {
    if smallest < 0 { return }
    if smallest < maxSize {
      HPACKInteger.encode(smallest, prefix: 5, flags: 0x20, into: &block)
    }
    HPACKInteger.encode(maxSize, prefix: 5, flags: 0x20, into: &block)
    smallest = -1
  }

  // MARK: Fields

  /// A field whose name may be in any case and is not a pseudo-field's. 64 bytes behind both may
  /// be read.
  @inline(__always)
  package mutating func append(
    _ bytes: borrowing Bytes, name: Int, nameLength: Int, value: Int, valueLength: Int,
    into block: inout Block
  ) {
    guard nameLength > 0, nameLength <= LowerName.maxCount else {
      return HPACKEncoder.appendLongName(bytes, name, nameLength, value, valueLength, &block)
    }
    let lower = LowerName(bytes, name, nameLength)
    append(lower, StaticTable.find(lower), bytes, value, valueLength, &block)
  }

  package mutating func append(status: Int, into block: inout Block) {
    switch status {
    case 200: block.append(byte: 0x88)
    case 204: block.append(byte: 0x89)
    case 206: block.append(byte: 0x8a)
    case 304: block.append(byte: 0x8b)
    case 400: block.append(byte: 0x8c)
    case 404: block.append(byte: 0x8d)
    case 500: block.append(byte: 0x8e)
    default:
      block.append(byte: 0x08)
      block.append(byte: 0x03)
      block.append(byte: 0x30 &+ UInt8(truncatingIfNeeded: status / 100 % 10))
      block.append(byte: 0x30 &+ UInt8(truncatingIfNeeded: status / 10 % 10))
      block.append(byte: 0x30 &+ UInt8(truncatingIfNeeded: status % 10))
    }
  }

  package mutating func append(
    method bytes: borrowing Bytes, _ at: Int, _ count: Int, into block: inout Block
  ) {
    let word = load8(bytes, at) & LowerName.mask(count)
    if count == 3, word == 0x54_4547 { return block.append(byte: 0x82) }
    if count == 4, word == 0x5453_4f50 { return block.append(byte: 0x83) }
    block.append(byte: 0x02)
    HPACKEncoder.appendString(bytes, at, count, &block)
  }

  package mutating func append(isSecure: Bool, into block: inout Block) {
    block.append(byte: isSecure ? 0x87 : 0x86)
  }

  /// Never in the table: paths rarely come twice and may hold secrets.
  package mutating func append(
    path bytes: borrowing Bytes, _ at: Int, _ count: Int, into block: inout Block
  ) {
    if count == 1, bytes[at] == 0x2f { return block.append(byte: 0x84) }
    // `/index.html`
    if count == 11, load8(bytes, at) == 0x682e_7865_646e_692f,
      load8(bytes, at &+ 8) & 0xff_ffff == 0x6c_6d74
    {
      return block.append(byte: 0x85)
    }
    block.append(byte: 0x04)
    HPACKEncoder.appendString(bytes, at, count, &block)
  }

  package mutating func append(
    authority bytes: borrowing Bytes, _ at: Int, _ count: Int, into block: inout Block
  ) {
    append(.authority, StaticTable.authority, bytes, at, count, &block)
  }

  /// `te: trailers`.
  package mutating func appendTrailersAccepted(into block: inout Block) {
    block.append("\u{0}\u{2}te\u{8}trailers")
  }

  /// - Parameter index: the name's in the static table, or 0.
  @inline(__always)
  private mutating func append(
    _ name: LowerName, _ index: Int, _ bytes: borrowing Bytes, _ value: Int, _ count: Int,
    _ block: inout Block
  ) {
    let policy = IndexingPolicy.of(index)
    // One that takes more than an eighth of the table would push out too much.
    if policy == .literal || policy == .secret || (count &+ name.count) << 3 > maxSize {
      if index > 0 {
        let isSecret = policy == .secret
        HPACKInteger.encode(index, prefix: 4, flags: isSecret ? 0x10 : 0, into: &block)
      } else {
        HPACKEncoder.appendName(name, flags: 0, &block)
      }
      return HPACKEncoder.appendString(bytes, value, count, &block)
    }
    if table == nil { table = EncoderTable(maxSize: maxSize) }
    let found =
      table?.place(name, index, bytes, value, count, atOnce: policy == .atOnce) ?? .literal(name: 0)
    switch found {
    case .indexed(let place): HPACKInteger.encode(place, prefix: 7, flags: 0x80, into: &block)
    case .literal(let place):
      if place > 0 {
        HPACKInteger.encode(place, prefix: 4, flags: 0, into: &block)
      } else {
        HPACKEncoder.appendName(name, flags: 0, &block)
      }
      HPACKEncoder.appendString(bytes, value, count, &block)
    case .inserted(let place):
      if place > 0 {
        HPACKInteger.encode(place, prefix: 6, flags: 0x40, into: &block)
      } else {
        HPACKEncoder.appendName(name, flags: 0x40, &block)
      }
      HPACKEncoder.appendString(bytes, value, count, &block)
    }
  }

  // MARK: Strings

  /// A literal with a new name.
  @inline(__always)
  private static func appendName(_ name: LowerName, flags: UInt8, _ block: inout Block) {
    block.append(byte: flags)
    block.append(byte: UInt8(truncatingIfNeeded: name.count))
    block.append(name)
  }

  @inline(__always)
  private static func appendString(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ block: inout Block
  ) {
    if count >= huffmanFrom, appendCoded(bytes, at, count, &block) { return }
    HPACKInteger.encode(count, prefix: 7, flags: 0, into: &block)
    block.append(bytes, at, count)
  }

  /// Strings shorter than this are sent as they are: what the code would save is less than it
  /// costs.
  private static var huffmanFrom: Int { 32 }

  /// - Returns: false when the coded form is no shorter.
  @inline(never)
  private static func appendCoded(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ block: inout Block
  ) -> Bool {
    let length = Huffman.encodedLength(bytes, at, count)
    guard length < count else { return false }
    HPACKInteger.encode(length, prefix: 7, flags: 0x80, into: &block)
    Huffman.encode(bytes, at, count, into: &block)
    return true
  }

  /// Rare: no table for it.
  @inline(never)
  private static func appendLongName(
    _ bytes: borrowing Bytes, _ name: Int, _ nameLength: Int, _ value: Int, _ valueLength: Int,
    _ block: inout Block
  ) {
    block.append(byte: 0)
    HPACKInteger.encode(nameLength, prefix: 7, flags: 0, into: &block)
    for index in name..<(name &+ nameLength) {
      let byte = bytes[index]
      block.append(byte: byte &- 0x41 <= 25 ? byte | 0x20 : byte)
    }
    appendString(bytes, value, valueLength, &block)
  }
}
