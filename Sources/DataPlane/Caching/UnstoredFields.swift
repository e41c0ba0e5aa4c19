/// The fields that `private="…"` and `no-cache="…"` of a response name: a shared cache does not
/// store them (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
///
/// Reads the directives anew each time: such responses are rare.
struct UnstoredFields: BitwiseCopyable {
  private let first: Int16
  private let isRepeated: Bool
  private let isTargeted: Bool

  /// - Parameter fields: of the response that says so.
  init(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) {
    isTargeted =
      fields.cdnCacheControl >= 0
      && CacheControl.readTargeted(
        fields.cdnCacheControl, isRepeated: fields.repeated.contains(.cdnCacheControl), &head,
        bytes, origin) != nil
    first = isTargeted ? fields.cdnCacheControl : fields.cacheControl
    isRepeated = fields.repeated.contains(isTargeted ? .cdnCacheControl : .cacheControl)
  }

  /// Whether the field at `index` is one of them.
  func names(
    _ index: Int16, _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    guard index >= 0 else { return false }
    let field = head.fields[Int(index)]
    return names(
      bytes, origin &+ Int(field.name), Int(field.nameLength), &head, bytes, origin)
  }

  /// Whether a name, perhaps of another head, is one of them.
  func names(
    _ other: borrowing Bytes, _ at: Int, _ count: Int, _ head: inout MessageHead,
    _ bytes: borrowing Bytes, _ origin: Int
  ) -> Bool {
    if isTargeted {
      var reader = StructuredReader(first: first, isRepeated: isRepeated, &head, bytes, origin)
      while case .member(let value) = reader.next(&head, bytes) {
        guard reader.isKey("private") || reader.isKey("no-cache"),
          case .string(let list, let length) = value
        else { continue }
        if contains(FieldNameList(list, length), bytes, other, at, count) { return true }
      }
      return false
    }
    var lines = FieldLines(first: first, isRepeated: isRepeated)
    while true {
      let index = lines.next(&head, bytes, origin)
      guard index >= 0 else { return false }
      let line = head.fields[index]
      var reader = DirectiveReader(origin &+ Int(line.value), Int(line.valueLength))
      while let directive = reader.next(bytes) {
        guard directive.form == .token || directive.form == .quoted else { continue }
        switch CacheDirectiveName.classify(bytes, directive.name, directive.nameCount) {
        case .isPrivate, .noCache:
          let list = FieldNameList(directive.value, directive.valueCount)
          if contains(list, bytes, other, at, count) { return true }
        default: continue
        }
      }
    }
  }

  /// Marks all of them as dropped.
  func drop(_ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int) {
    for index in 0..<head.fieldCount
    where names(Int16(truncatingIfNeeded: index), &head, bytes, origin) {
      head.drop(index)
    }
  }

  private func contains(
    _ names: FieldNameList, _ bytes: borrowing Bytes, _ other: borrowing Bytes, _ at: Int,
    _ count: Int
  ) -> Bool {
    var names = names
    while case .name(let name, let length) = names.next(bytes) {
      if length == count, FieldLines.isSame(bytes, name, other, at, count) { return true }
    }
    return false
  }
}
