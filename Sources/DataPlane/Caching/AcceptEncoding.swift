/// What a client's `Accept-Encoding` says of gzip (RFC 9110 section 12.5.3).
///
/// All lines of a request are one list. What is malformed accepts nothing, and so does a request
/// without the field: it would take any coding, but programs that send none seldom decode any.
package struct AcceptEncoding: BitwiseCopyable, Sendable {
  package enum Gzip: Sendable {
    case refused
    /// It may be sent, but the client would rather have the content as it is.
    case allowed
    case preferred
  }

  private static var unnamed: Int16 { -1 }

  // Weights in thousandths. Of a coding that is named twice the lower one counts.
  private var gzip = unnamed
  private var identity = unnamed
  /// Of `*`: of all that are not named.
  private var others = unnamed
  private var isMalformed = false

  package init() {}

  /// Of a request's head that begins at `origin`.
  package static func of(
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> AcceptEncoding {
    var accepted = AcceptEncoding()
    for index in 0..<head.fieldCount where head.fields[index].nameLength == 15 {
      let field = head.fields[index]
      guard FieldParser.equals(bytes, origin &+ Int(field.name), 15, "accept-encoding") else {
        continue
      }
      accepted.add(bytes, origin &+ Int(field.value), Int(field.valueLength))
    }
    return accepted
  }

  /// As the other one; `fields` says where its lines are.
  @inline(__always)
  package static func of(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ origin: Int
  ) -> AcceptEncoding {
    var accepted = AcceptEncoding()
    var lines = FieldLines(
      first: fields.acceptEncoding, isRepeated: fields.repeated.contains(.acceptEncoding))
    while true {
      let index = lines.next(&head, bytes, origin)
      guard index >= 0 else { return accepted }
      let field = head.fields[index]
      accepted.add(bytes, origin &+ Int(field.value), Int(field.valueLength))
    }
  }

  /// One line's value.
  package mutating func add(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
    var from = at
    while let item = FieldParser.nextItem(bytes, &from, at &+ count) {
      let end = item.at &+ item.count
      var name = item.at
      while name < end, ByteClass.isToken(bytes[name]) { name &+= 1 }
      let length = name &- item.at
      guard length > 0, let weight = AcceptEncoding.weight(bytes, name, end) else {
        isMalformed = true
        return
      }
      if FieldParser.equals(bytes, item.at, length, "gzip")
        // RFC 9110 section 8.4.1.3: the same coding.
        || FieldParser.equals(bytes, item.at, length, "x-gzip")
      {
        gzip = AcceptEncoding.lower(gzip, weight)
      } else if FieldParser.equals(bytes, item.at, length, "identity") {
        identity = AcceptEncoding.lower(identity, weight)
      } else if length == 1, bytes[item.at] == 0x2a {
        others = AcceptEncoding.lower(others, weight)
      }
    }
  }

  package var useOfGzip: Gzip {
    if isMalformed { return .refused }
    let gzip = gzip >= 0 ? gzip : others
    guard gzip > 0 else { return .refused }
    // Content as it is may always be sent, but comes last unless it is named.
    let identity = identity >= 0 ? identity : others
    return gzip >= identity ? .preferred : .allowed
  }

  private static func lower(_ known: Int16, _ weight: Int16) -> Int16 {
    known < 0 ? weight : min(known, weight)
  }

  /// `[ OWS ";" OWS "q=" qvalue ]` up to `end`, in thousandths; nil when it is anything else
  /// (RFC 9110 section 12.4.2).
  private static func weight(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Int16? {
    var at = skipSpace(bytes, from, end)
    if at == end { return 1000 }
    guard bytes[at] == 0x3b else { return nil }
    at = skipSpace(bytes, at &+ 1, end)
    guard end &- at >= 3, end &- at <= 7, bytes[at] | 0x20 == 0x71, bytes[at &+ 1] == 0x3d,
      bytes[at &+ 2] == 0x30 || bytes[at &+ 2] == 0x31
    else { return nil }
    var result = Int16(bytes[at &+ 2] &- 0x30) &* 1000
    at &+= 3
    if at == end { return result }
    guard bytes[at] == 0x2e else { return nil }
    at &+= 1
    var place: Int16 = 100
    while at < end {
      guard ByteClass.isDigit(bytes[at]) else { return nil }
      result &+= Int16(bytes[at] &- 0x30) &* place
      place /= 10
      at &+= 1
    }
    return result <= 1000 ? result : nil
  }

  private static func skipSpace(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Int {
    var at = from
    while at < end, bytes[at] == 0x20 || bytes[at] == 0x09 { at &+= 1 }
    return at
  }
}
