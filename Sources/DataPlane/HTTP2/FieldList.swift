/// The fields of one decoded header block, reused from block to block (RFC 9113 section 4.3).
///
/// Names and values are offsets into `text`. Those of HPACK's static table lie in front, written
/// once. A list never holds more than its decoder was allowed to store. Owned by the worker.
package struct FieldList: ~Copyable {
  package static var maxFields: Int { 256 }
  /// The largest list, counted as `size` is.
  package static var maxBytes: Int { 65_536 }

  package struct Entry: BitwiseCopyable, Sendable {
    package var name: UInt32 = 0
    package var nameLength: UInt32 = 0
    package var value: UInt32 = 0
    package var valueLength: UInt32 = 0
    /// The sender forbids every table on the way (RFC 7541 section 6.2.3).
    package var isNeverIndexed = false
  }

  /// 64 bytes behind the data may be read.
  package internal(set) var text: Block
  /// Two words an entry, the lower half first: name and its length, value and its length with the
  /// flag on top. Not an inline array, which a borrow would copy.
  private var entries = Block(capacity: 256 * 16)
  package private(set) var count = 0
  /// Lengths of names and values and 32 for each field (RFC 9113 section 6.5.2).
  package private(set) var size = 0

  package init() {
    // Beyond the list itself there is room for one field that only goes into the dynamic table.
    text = Block(
      capacity: StaticTable.text.utf8CodeUnitCount + FieldList.maxBytes
        + DynamicTable.maxBytes)
    text.append(StaticTable.text)
  }

  package mutating func reset() {
    count = 0
    size = 0
    text.end = StaticTable.text.utf8CodeUnitCount
  }

  @inline(__always) package subscript(index: Int) -> Entry {
    precondition(index >= 0 && index < count)
    let name = entries.word(index &* 16)
    let value = entries.word(index &* 16 &+ 8)
    return Entry(
      name: UInt32(truncatingIfNeeded: name), nameLength: UInt32(truncatingIfNeeded: name >> 32),
      value: UInt32(truncatingIfNeeded: value),
      valueLength: UInt32(truncatingIfNeeded: value >> 32) & 0x7fff_ffff,
      isNeverIndexed: value >> 63 != 0)
  }

  /// The name comes from the static table: known to be well-formed.
  @inline(__always) func hasStaticName(_ index: Int) -> Bool {
    self[index].name < UInt32(truncatingIfNeeded: StaticTable.text.utf8CodeUnitCount)
  }

  /// Whether one more field stays within both limits.
  @inline(__always)
  func fits(_ nameLength: Int, _ valueLength: Int, maxBytes: Int, maxFields: Int) -> Bool {
    count < min(maxFields, FieldList.maxFields)
      && size &+ nameLength &+ valueLength &+ 32 <= min(maxBytes, FieldList.maxBytes)
  }

  /// Its bytes lie in `text` already; `fits` said yes.
  @inline(__always) mutating func append(_ entry: Entry) {
    let flag: UInt64 = entry.isNeverIndexed ? 1 << 63 : 0
    entries.store(UInt64(entry.name) | UInt64(entry.nameLength) << 32, at: count &* 16)
    entries.store(
      UInt64(entry.value) | UInt64(entry.valueLength) << 32 | flag, at: count &* 16 &+ 8)
    count &+= 1
    size &+= Int(entry.nameLength) &+ Int(entry.valueLength) &+ 32
  }
}
