/// Where the fields of a response are that a cache looks at: indices into `MessageHead.fields`, -1
/// when absent. Made in one pass, without reading a value.
package struct ResponseCacheFields: BitwiseCopyable, Sendable {
  /// Fields that came more than once.
  package struct Repeated: OptionSet, BitwiseCopyable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static var age: Repeated { Repeated(rawValue: 1) }
    package static var date: Repeated { Repeated(rawValue: 1 << 1) }
    package static var etag: Repeated { Repeated(rawValue: 1 << 2) }
    package static var vary: Repeated { Repeated(rawValue: 1 << 3) }
    package static var expires: Repeated { Repeated(rawValue: 1 << 4) }
    package static var pragma: Repeated { Repeated(rawValue: 1 << 5) }
    package static var warning: Repeated { Repeated(rawValue: 1 << 6) }
    package static var location: Repeated { Repeated(rawValue: 1 << 7) }
    package static var cacheTag: Repeated { Repeated(rawValue: 1 << 8) }
    package static var setCookie: Repeated { Repeated(rawValue: 1 << 9) }
    package static var contentType: Repeated { Repeated(rawValue: 1 << 10) }
    package static var cacheStatus: Repeated { Repeated(rawValue: 1 << 11) }
    package static var cacheControl: Repeated { Repeated(rawValue: 1 << 12) }
    package static var contentRange: Repeated { Repeated(rawValue: 1 << 13) }
    package static var lastModified: Repeated { Repeated(rawValue: 1 << 14) }
    package static var surrogateKey: Repeated { Repeated(rawValue: 1 << 15) }
    package static var contentEncoding: Repeated { Repeated(rawValue: 1 << 16) }
    package static var contentLocation: Repeated { Repeated(rawValue: 1 << 17) }
    package static var cdnCacheControl: Repeated { Repeated(rawValue: 1 << 18) }
  }

  package var age: Int16 = -1
  package var date: Int16 = -1
  package var etag: Int16 = -1
  package var vary: Int16 = -1
  package var expires: Int16 = -1
  package var pragma: Int16 = -1
  package var warning: Int16 = -1
  package var location: Int16 = -1
  package var cacheTag: Int16 = -1
  package var setCookie: Int16 = -1
  package var contentType: Int16 = -1
  package var cacheStatus: Int16 = -1
  package var cacheControl: Int16 = -1
  package var contentRange: Int16 = -1
  package var lastModified: Int16 = -1
  package var surrogateKey: Int16 = -1
  package var contentEncoding: Int16 = -1
  package var contentLocation: Int16 = -1
  /// `CDN-Cache-Control` (RFC 9213).
  package var cdnCacheControl: Int16 = -1
  package var repeated: Repeated = []

  package init() {}

  package static func collect(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> ResponseCacheFields {
    var found = ResponseCacheFields()
    var index = 0
    let count = head.fieldCount
    while index < count {
      let length = Int(head.fields[index].nameLength)
      found.note(index, bytes, origin &+ Int(head.fields[index].name), length)
      index &+= 1
    }
    return found
  }

  @inline(__always)
  private mutating func note(_ index: Int, _ bytes: borrowing Bytes, _ at: Int, _ length: Int) {
    switch length {
    case 3:
      switch FieldName.short(bytes, at, 3) {
      case 0x65_6761: FieldName.note(&age, index, .age, &repeated)
      default: return
      }
    case 4:
      switch FieldName.short(bytes, at, 4) {
      case 0x6574_6164: FieldName.note(&date, index, .date, &repeated)
      case 0x6761_7465: FieldName.note(&etag, index, .etag, &repeated)
      case 0x7972_6176: FieldName.note(&vary, index, .vary, &repeated)
      default: return
      }
    case 6:
      switch FieldName.short(bytes, at, 6) {
      case 0x616d_6761_7270: FieldName.note(&pragma, index, .pragma, &repeated)
      default: return
      }
    case 7:
      switch FieldName.short(bytes, at, 7) {
      case 0x73_6572_6970_7865: FieldName.note(&expires, index, .expires, &repeated)
      case 0x67_6e69_6e72_6177: FieldName.note(&warning, index, .warning, &repeated)
      default: return
      }
    case 8:
      switch FieldName.word(bytes, at) {
      case 0x6e6f_6974_6163_6f6c: FieldName.note(&location, index, .location, &repeated)
      default: return
      }
    case 9:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 1)) {
      case (0x6174_2d65_6863_6163, 0x6761_742d_6568_6361):
        FieldName.note(&cacheTag, index, .cacheTag, &repeated)
      default: return
      }
    case 10:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 2)) {
      case (0x6b6f_6f63_2d74_6573, 0x6569_6b6f_6f63_2d74):
        FieldName.note(&setCookie, index, .setCookie, &repeated)
      default: return
      }
    case 12:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 4)) {
      case (0x2d74_6e65_746e_6f63, 0x6570_7974_2d74_6e65):
        FieldName.note(&contentType, index, .contentType, &repeated)
      case (0x7473_2d65_6863_6163, 0x7375_7461_7473_2d65):
        FieldName.note(&cacheStatus, index, .cacheStatus, &repeated)
      default: return
      }
    case 13:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 5)) {
      case (0x6f63_2d65_6863_6163, 0x6c6f_7274_6e6f_632d):
        FieldName.note(&cacheControl, index, .cacheControl, &repeated)
      case (0x2d74_6e65_746e_6f63, 0x6567_6e61_722d_746e):
        FieldName.note(&contentRange, index, .contentRange, &repeated)
      case (0x646f_6d2d_7473_616c, 0x6465_6966_6964_6f6d):
        FieldName.note(&lastModified, index, .lastModified, &repeated)
      case (0x7461_676f_7272_7573, 0x7965_6b2d_6574_6167):
        FieldName.note(&surrogateKey, index, .surrogateKey, &repeated)
      default: return
      }
    case 16:
      switch (FieldName.word(bytes, at), FieldName.word(bytes, at &+ 8)) {
      case (0x2d74_6e65_746e_6f63, 0x676e_6964_6f63_6e65):
        FieldName.note(&contentEncoding, index, .contentEncoding, &repeated)
      case (0x2d74_6e65_746e_6f63, 0x6e6f_6974_6163_6f6c):
        FieldName.note(&contentLocation, index, .contentLocation, &repeated)
      default: return
      }
    case 17:
      if FieldName.word(bytes, at) == 0x6863_6163_2d6e_6463,
        FieldName.word(bytes, at &+ 8) == 0x6f72_746e_6f63_2d65, bytes[at &+ 16] | 0x20 == 0x6c
      {
        FieldName.note(&cdnCacheControl, index, .cdnCacheControl, &repeated)
      }
    default: return
    }
  }
}
