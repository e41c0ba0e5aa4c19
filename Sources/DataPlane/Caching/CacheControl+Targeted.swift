extension CacheControl {
  /// `CDN-Cache-Control`: a targeted field (RFC 9213 section 2.1), a dictionary whose members are
  /// response directives. It then stands for `Cache-Control` and `Expires`.
  ///
  /// Directives of a wrong type are ignored, parameters too; of a repeated key the last counts.
  ///
  /// - Returns: nil when the field is empty or not a dictionary: as if it were not there.
  package static func readTargeted(
    _ first: Int16, isRepeated: Bool, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> CacheControl? {
    var result = CacheControl()
    var reader = StructuredReader(first: first, isRepeated: isRepeated, &head, bytes, origin)
    var isEmpty = true
    while true {
      switch reader.next(&head, bytes) {
      case .failed: return nil
      case .end: return isEmpty ? nil : result
      case .member(let value):
        isEmpty = false
        result.apply(reader, value, bytes)
      }
    }
  }

  private mutating func apply(
    _ reader: StructuredReader, _ value: StructuredReader.Value, _ bytes: borrowing Bytes
  ) {
    guard reader.keyCount <= StructuredReader.keyMax,
      let name = CacheDirectiveName.classify(
        reader.key.span, 0, reader.keyCount)
    else { return }
    switch name {
    case .noStore: set(.noStore, value)
    case .noCache: setQualified(.noCache, .noCacheFields, value, bytes)
    case .isPrivate: setQualified(.isPrivate, .privateFields, value, bytes)
    case .isPublic: set(.isPublic, value)
    case .mustRevalidate: set(.mustRevalidate, value)
    case .proxyRevalidate: set(.proxyRevalidate, value)
    case .mustUnderstand: set(.mustUnderstand, value)
    case .noTransform: set(.noTransform, value)
    case .immutable: set(.immutable, value)
    case .maxAge: maxAge = CacheControl.seconds(value)
    case .sharedMaxAge: sharedMaxAge = CacheControl.seconds(value)
    case .staleWhileRevalidate: staleWhileRevalidate = CacheControl.seconds(value)
    case .staleIfError: staleIfError = CacheControl.seconds(value)
    // Of requests only.
    case .onlyIfCached, .maxStale, .minFresh: break
    }
  }

  private mutating func set(_ flag: Flags, _ value: StructuredReader.Value) {
    flags.remove(flag)
    if value == .boolean(true) { flags.insert(flag) }
  }

  /// A string lists fields; what is in it counts as in `Cache-Control`.
  private mutating func setQualified(
    _ whole: Flags, _ fields: Flags, _ value: StructuredReader.Value, _ bytes: borrowing Bytes
  ) {
    flags.remove(whole)
    flags.remove(fields)
    switch value {
    case .boolean(let isSet): if isSet { flags.insert(whole) }
    case .string(let at, let count):
      flags.insert(FieldNameList.isWellFormed(bytes, at, count) ? fields : whole)
    // A list that runs over two lines, a lone token: what it meant was to restrict.
    case .other: flags.insert(whole)
    case .integer: break
    }
  }

  /// -1 for what is not an integer; a negative one is an age that has passed.
  private static func seconds(_ value: StructuredReader.Value) -> Int64 {
    guard case .integer(let number) = value else { return -1 }
    return min(max(number, 0), secondsMax)
  }
}
