/// What `Cache-Control` of a request or a response says (RFC 9111 section 5.2, RFC 5861,
/// RFC 8246), over all of its lines.
///
/// Where directives contradict one another or cannot be read, the more restrictive reading counts
/// (RFC 9111 section 4.2.1): the smaller freshness, the unqualified `private` and `no-cache`,
/// lifetimes of 0. Unknown directives mean nothing (section 5.2.3).
package struct CacheControl: BitwiseCopyable, Equatable, Sendable {
  package struct Flags: OptionSet, BitwiseCopyable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static var noStore: Flags { Flags(rawValue: 1) }
    /// Without field names.
    package static var noCache: Flags { Flags(rawValue: 2) }
    /// `no-cache="…"`
    package static var noCacheFields: Flags { Flags(rawValue: 4) }
    /// Without field names.
    package static var isPrivate: Flags { Flags(rawValue: 8) }
    /// `private="…"`
    package static var privateFields: Flags { Flags(rawValue: 16) }
    package static var isPublic: Flags { Flags(rawValue: 32) }
    package static var mustRevalidate: Flags { Flags(rawValue: 64) }
    package static var proxyRevalidate: Flags { Flags(rawValue: 128) }
    package static var mustUnderstand: Flags { Flags(rawValue: 256) }
    package static var noTransform: Flags { Flags(rawValue: 512) }
    package static var immutable: Flags { Flags(rawValue: 1024) }
    package static var onlyIfCached: Flags { Flags(rawValue: 2048) }
    /// Something was not by the grammar.
    package static var isMalformed: Flags { Flags(rawValue: 4096) }
  }

  /// RFC 9111 section 1.2.2: what stands for all larger numbers.
  package static var secondsMax: Int64 { 1 << 31 }

  package var flags: Flags = []
  // Seconds; -1 when absent.
  package var maxAge: Int64 = -1
  package var sharedMaxAge: Int64 = -1
  package var staleWhileRevalidate: Int64 = -1
  package var staleIfError: Int64 = -1
  /// Of requests; `secondsMax` for `max-stale` without a number.
  package var maxStale: Int64 = -1
  package var minFresh: Int64 = -1

  package init() {}

  /// Reads all lines of the field whose first one is `first`.
  package static func read(
    _ first: Int16, isRepeated: Bool, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> CacheControl {
    var result = CacheControl()
    var lines = FieldLines(first: first, isRepeated: isRepeated)
    while true {
      let index = lines.next(&head, bytes, origin)
      guard index >= 0 else { return result }
      let field = head.fields[index]
      result.read(bytes, origin &+ Int(field.value), Int(field.valueLength))
    }
  }

  /// Adds what one line says.
  package mutating func read(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
    var reader = DirectiveReader(at, count)
    while let directive = reader.next(bytes) {
      if directive.form == .malformed { flags.insert(.isMalformed) }
      apply(directive, bytes, isBroken: reader.isBroken)
    }
  }

  // MARK: Directives

  /// - Parameter isBroken: behind quotes that do not end, where only what restricts counts.
  private mutating func apply(
    _ directive: CacheDirective, _ bytes: borrowing Bytes, isBroken: Bool
  ) {
    guard let name = CacheDirectiveName.classify(bytes, directive.name, directive.nameCount)
    else { return }
    switch name {
    case .noStore: flags.insert(.noStore)
    case .noCache: flags.insert(hasNames(directive, bytes) ? .noCacheFields : .noCache)
    case .isPrivate: flags.insert(hasNames(directive, bytes) ? .privateFields : .isPrivate)
    case .mustRevalidate: flags.insert(.mustRevalidate)
    case .proxyRevalidate: flags.insert(.proxyRevalidate)
    case .mustUnderstand: if !isBroken { flags.insert(.mustUnderstand) }
    case .noTransform: flags.insert(.noTransform)
    case .onlyIfCached: flags.insert(.onlyIfCached)
    // Those that allow something have to be written properly.
    case .isPublic: if !isBroken, directive.form == .bare { flags.insert(.isPublic) }
    case .immutable: if !isBroken, directive.form != .malformed { flags.insert(.immutable) }
    case .maxAge: lower(&maxAge, isBroken ? 0 : directive.seconds(bytes) ?? 0)
    case .sharedMaxAge: lower(&sharedMaxAge, isBroken ? 0 : directive.seconds(bytes) ?? 0)
    case .staleWhileRevalidate:
      lower(&staleWhileRevalidate, isBroken ? 0 : directive.seconds(bytes) ?? 0)
    case .staleIfError: lower(&staleIfError, isBroken ? 0 : directive.seconds(bytes) ?? 0)
    case .maxStale:
      let any = directive.form == .bare && !isBroken ? CacheControl.secondsMax : nil
      lower(&maxStale, any ?? (isBroken ? 0 : directive.seconds(bytes) ?? 0))
    case .minFresh: minFresh = max(minFresh, directive.seconds(bytes) ?? CacheControl.secondsMax)
    }
  }

  /// The smaller of two contradicting values (RFC 9111 section 4.2.1).
  private func lower(_ value: inout Int64, _ other: Int64) {
    value = value < 0 ? other : min(value, other)
  }

  /// A list of field names, quoted or one token; else the directive means the whole response.
  private func hasNames(_ directive: CacheDirective, _ bytes: borrowing Bytes) -> Bool {
    switch directive.form {
    case .bare, .malformed: return false
    case .token, .quoted:
      return FieldNameList.isWellFormed(bytes, directive.value, directive.valueCount)
    }
  }
}

/// The directives that mean something to the cache.
enum CacheDirectiveName: UInt8 {
  case noStore, noCache, isPrivate, isPublic, mustRevalidate, proxyRevalidate, mustUnderstand
  case noTransform, immutable, onlyIfCached, maxAge, sharedMaxAge, staleWhileRevalidate
  case staleIfError, maxStale, minFresh

  /// Without case (RFC 9111 section 5.2); nil for unknown names.
  static func classify(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> CacheDirectiveName? {
    func isName(_ text: StaticString) -> Bool { FieldParser.equals(bytes, at, count, text) }
    switch count {
    case 6: return isName("public") ? .isPublic : nil
    case 7: return isName("max-age") ? .maxAge : isName("private") ? .isPrivate : nil
    case 8:
      return isName("no-cache")
        ? .noCache
        : isName("s-maxage")
          ? .sharedMaxAge
          : isName("no-store") ? .noStore : nil
    case 9:
      return isName("immutable")
        ? .immutable
        : isName("max-stale")
          ? .maxStale
          : isName("min-fresh") ? .minFresh : nil
    case 12: return isName("no-transform") ? .noTransform : nil
    case 14:
      return isName("only-if-cached")
        ? .onlyIfCached
        : isName("stale-if-error") ? .staleIfError : nil
    case 15:
      return isName("must-revalidate")
        ? .mustRevalidate
        : isName("must-understand") ? .mustUnderstand : nil
    case 16: return isName("proxy-revalidate") ? .proxyRevalidate : nil
    case 22: return isName("stale-while-revalidate") ? .staleWhileRevalidate : nil
    default: return nil
    }
  }
}
