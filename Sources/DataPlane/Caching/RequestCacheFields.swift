/// Where the fields of a request are that a cache looks at: indices into `MessageHead.fields`, -1
/// when absent. Made in one pass, without reading a value.
package struct RequestCacheFields: BitwiseCopyable, Sendable {
  /// Fields that came more than once.
  package struct Repeated: OptionSet, BitwiseCopyable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static var cacheControl: Repeated { Repeated(rawValue: 1) }
    package static var pragma: Repeated { Repeated(rawValue: 2) }
    package static var range: Repeated { Repeated(rawValue: 4) }
    package static var ifRange: Repeated { Repeated(rawValue: 8) }
    package static var ifNoneMatch: Repeated { Repeated(rawValue: 16) }
    package static var ifModifiedSince: Repeated { Repeated(rawValue: 32) }
    package static var ifMatch: Repeated { Repeated(rawValue: 64) }
    package static var ifUnmodifiedSince: Repeated { Repeated(rawValue: 128) }
    package static var acceptEncoding: Repeated { Repeated(rawValue: 256) }
    package static var authorization: Repeated { Repeated(rawValue: 512) }
  }

  package var cacheControl: Int16 = -1
  package var pragma: Int16 = -1
  package var range: Int16 = -1
  package var ifRange: Int16 = -1
  package var ifNoneMatch: Int16 = -1
  package var ifModifiedSince: Int16 = -1
  package var ifMatch: Int16 = -1
  package var ifUnmodifiedSince: Int16 = -1
  package var acceptEncoding: Int16 = -1
  package var authorization: Int16 = -1
  package var repeated: Repeated = []

  package init() {}

  /// `If-Match` and `If-Unmodified-Since` are for the origin alone: a cache passes the request on
  /// (RFC 9111 section 4.3.2).
  @inline(__always) package var hasPreconditionsForOrigin: Bool {
    ifMatch >= 0 || ifUnmodifiedSince >= 0
  }

  /// Conditions that a cache evaluates on what it has stored.
  @inline(__always) package var hasPreconditionsForCache: Bool {
    ifNoneMatch >= 0 || ifModifiedSince >= 0
  }

  /// Something that says how a stored response may be used.
  @inline(__always) package var hasDirectives: Bool { cacheControl >= 0 || pragma >= 0 }

  @inline(__always)
  package static func collect(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> RequestCacheFields {
    var found = RequestCacheFields()
    var index = 0
    let count = head.fieldCount
    while index < count {
      let length = Int(head.fields[index].nameLength)
      if length == 13 || length == 15 || length < 9 || length >= 17 {
        found.note(index, bytes, origin &+ Int(head.fields[index].name), length)
      }
      index &+= 1
    }
    return found
  }

  @inline(__always)
  private mutating func note(_ index: Int, _ bytes: borrowing Bytes, _ at: Int, _ length: Int) {
    switch length {
    case 5:
      if FieldName.short(bytes, at, 5) == 0x65_676e_6172 {
        FieldName.note(&range, index, .range, &repeated)
      }
    case 6:
      if FieldName.short(bytes, at, 6) == 0x616d_6761_7270 {
        FieldName.note(&pragma, index, .pragma, &repeated)
      }
    case 8:
      switch FieldName.word(bytes, at) {
      case 0x6567_6e61_722d_6669: FieldName.note(&ifRange, index, .ifRange, &repeated)
      case 0x6863_7461_6d2d_6669: FieldName.note(&ifMatch, index, .ifMatch, &repeated)
      default: return
      }
    case 13:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 5)) {
      case (0x6f63_2d65_6863_6163, 0x6c6f_7274_6e6f_632d):
        FieldName.note(&cacheControl, index, .cacheControl, &repeated)
      case (0x2d65_6e6f_6e2d_6669, 0x6863_7461_6d2d_656e):
        FieldName.note(&ifNoneMatch, index, .ifNoneMatch, &repeated)
      case (0x7a69_726f_6874_7561, 0x6e6f_6974_617a_6972):
        FieldName.note(&authorization, index, .authorization, &repeated)
      default: return
      }
    case 15:
      if FieldName.word(bytes, at) == 0x652d_7470_6563_6361,
        FieldName.word(bytes, at &+ 7) == 0x676e_6964_6f63_6e65
      {
        FieldName.note(&acceptEncoding, index, .acceptEncoding, &repeated)
      }
    case 17:
      if FieldName.word(bytes, at) == 0x6669_646f_6d2d_6669,
        FieldName.word(bytes, at &+ 8) == 0x636e_6973_2d64_6569, bytes[at &+ 16] | 0x20 == 0x65
      {
        FieldName.note(&ifModifiedSince, index, .ifModifiedSince, &repeated)
      }
    case 19:
      if FieldName.word(bytes, at) == 0x646f_6d6e_752d_6669,
        FieldName.word(bytes, at &+ 8) == 0x6973_2d64_6569_6669,
        FieldName.word(bytes, at &+ 11) == 0x6563_6e69_732d_6465
      {
        FieldName.note(&ifUnmodifiedSince, index, .ifUnmodifiedSince, &repeated)
      }
    default: return
    }
  }
}
