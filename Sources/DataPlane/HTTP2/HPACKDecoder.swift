/// What a decoder made of a header block.
package enum HPACKResult: Equatable, Sendable {
  case complete
  /// More or larger fields than allowed. The list is cut short; the table is in step.
  case tooLarge
  /// Not HPACK: the connection ends with COMPRESSION_ERROR (RFC 9113 section 4.3).
  case failed
}

/// Decodes the header blocks of one direction of a connection (RFC 7541).
///
/// Pure. Every block must pass through it, in the order of arrival, also those of refused streams:
/// each may change the table. Owned by the connection; the table takes memory when the first entry
/// comes.
package struct HPACKDecoder: ~Copyable {
  private var table: DynamicTable? = nil
  /// What we allow: our SETTINGS_HEADER_TABLE_SIZE.
  private var limit = 4096
  /// What the peer uses of it.
  private var maxSize = 4096

  package init() {}

  /// - Parameter maxTableBytes: our SETTINGS_HEADER_TABLE_SIZE, 0 to 65,536. Up to the peer's
  ///   acknowledgement 4096 is used, so a smaller value may be told here only then.
  package mutating func open(maxTableBytes: Int) {
    table = nil
    limit = min(max(maxTableBytes, 0), DynamicTable.maxBytes)
    maxSize = min(limit, 4096)
  }

  package mutating func close() { table = nil }

  /// Bytes that the dynamic table counts now.
  package var tableBytes: Int { mutating get { table?.size ?? 0 } }

  /// Decodes the complete header block `bytes[from..<to]` into `list`, which is emptied first.
  ///
  /// - Parameters:
  ///   - maxListBytes: the most that the list's `size` may become, at most `FieldList.maxBytes`.
  ///   - maxFields: at most `FieldList.maxFields`.
  package mutating func decode(
    _ bytes: borrowing Bytes, _ from: Int, _ to: Int, maxListBytes: Int, maxFields: Int,
    into list: inout FieldList
  ) -> HPACKResult {
    list.reset()
    var at = from
    var resizes = 0
    var isTooLarge = false
    while at < to {
      let first = bytes[at]
      if first >= 0x80 {
        let index = HPACKInteger.decode(bytes, &at, to, prefix: 7)
        guard index > 0 else { return .failed }
        if isTooLarge {
          guard index <= StaticTable.count &+ (table?.count ?? 0) else { return .failed }
          continue
        }
        resizes = 2
        switch appendIndexed(index, maxListBytes, maxFields, &list) {
        case .complete: continue
        case .tooLarge: isTooLarge = true
        case .failed: return .failed
        }
      } else if first & 0xe0 == 0x20 {
        // Only in front of the fields, and at most two (RFC 7541 section 4.2).
        let size = HPACKInteger.decode(bytes, &at, to, prefix: 5)
        guard size >= 0, size <= limit, resizes < 2 else { return .failed }
        resizes &+= 1
        maxSize = size
        table?.resize(size)
      } else {
        resizes = 2
        let field = readLiteral(bytes, &at, to, isTooLarge: isTooLarge, &list)
        guard var field else { return .failed }
        if first & 0x40 != 0 { insert(field, &list) }
        if isTooLarge { continue }
        let name = Int(field.nameLength)
        let value = Int(field.valueLength)
        if list.fits(name, value, maxBytes: maxListBytes, maxFields: maxFields) {
          field.isNeverIndexed = first & 0xf0 == 0x10
          list.text.end = Int(field.value) &+ value
          list.append(field)
        } else {
          isTooLarge = true
        }
      }
    }
    return isTooLarge ? .tooLarge : .complete
  }

  private mutating func appendIndexed(
    _ index: Int, _ maxListBytes: Int, _ maxFields: Int, _ list: inout FieldList
  ) -> HPACKResult {
    var entry = FieldList.Entry()
    let isStatic = index <= StaticTable.count
    if isStatic {
      entry.name = UInt32(StaticTable.name(index))
      entry.nameLength = UInt32(StaticTable.nameLength(index))
      entry.value = entry.name &+ entry.nameLength
      entry.valueLength = UInt32(StaticTable.valueLength(index))
    } else {
      guard let place = table?.find(index &- StaticTable.count &- 1) ?? nil else { return .failed }
      entry.name = UInt32(list.text.end)
      entry.nameLength = UInt32(place.nameLength)
      entry.value = entry.name &+ entry.nameLength
      entry.valueLength = UInt32(place.valueLength)
      let fits = list.fits(
        place.nameLength, place.valueLength, maxBytes: maxListBytes, maxFields: maxFields)
      guard fits else { return .tooLarge }
      table?.append(place.at, place.nameLength &+ place.valueLength, to: &list.text)
      list.append(entry)
      return .complete
    }
    let fits = list.fits(
      Int(entry.nameLength), Int(entry.valueLength), maxBytes: maxListBytes,
      maxFields: maxFields)
    guard fits else { return .tooLarge }
    list.append(entry)
    return .complete
  }

  /// Name and value at the end of the list's text, which does not grow yet. Lengths are right even
  /// where the text did not fit; such a field fits into no list and no table.
  private mutating func readLiteral(
    _ bytes: borrowing Bytes, _ at: inout Int, _ to: Int, isTooLarge: Bool,
    _ list: inout FieldList
  ) -> FieldList.Entry? {
    let prefix = bytes[at] & 0x40 != 0 ? 6 : 4
    let index = HPACKInteger.decode(bytes, &at, to, prefix: prefix)
    guard index >= 0 else { return nil }
    var entry = FieldList.Entry()
    var end = list.text.end
    if index == 0 {
      let length = HPACKString.decode(bytes, &at, to, into: &list.text, end)
      guard length >= 0 else { return nil }
      entry.name = UInt32(end)
      entry.nameLength = UInt32(truncatingIfNeeded: length)
      end = min(end &+ length, list.text.capacity)
    } else if index <= StaticTable.count {
      entry.name = UInt32(StaticTable.name(index))
      entry.nameLength = UInt32(StaticTable.nameLength(index))
    } else {
      guard let place = table?.find(index &- StaticTable.count &- 1) ?? nil else { return nil }
      entry.name = UInt32(end)
      entry.nameLength = UInt32(place.nameLength)
      // Copied before the value comes, behind which it may have left the table.
      table?.append(place.at, place.nameLength, to: &list.text)
      list.text.end = end
      end &+= place.nameLength
    }
    let length = HPACKString.decode(bytes, &at, to, into: &list.text, end)
    guard length >= 0 else { return nil }
    entry.value = UInt32(end)
    entry.valueLength = UInt32(truncatingIfNeeded: length)
    return entry
  }

  private mutating func insert(_ field: FieldList.Entry, _ list: inout FieldList) {
    let name = Int(field.nameLength)
    let value = Int(field.valueLength)
    if name &+ value &+ DynamicTable.overhead > maxSize {
      // Too large for the table: it empties it (RFC 7541 section 4.4).
      table?.empty()
      return
    }
    if table == nil { table = DynamicTable(capacity: limit, maxSize: maxSize) }
    table?.insert(list.text, Int(field.name), name, Int(field.value), value)
  }
}
