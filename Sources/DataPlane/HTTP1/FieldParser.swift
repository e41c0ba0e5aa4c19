/// Field lines up to the empty line (RFC 9112 section 5), for heads and trailers alike.
enum FieldParser {
  enum Section { case request, response, trailers }

  /// - Parameters:
  ///   - origin: the head's first byte, from which offsets count.
  ///   - from: the first field line.
  @inline(__always)
  static func parse(
    _ bytes: borrowing Bytes, _ origin: Int, _ from: Int, _ end: Int, _ maxFields: Int,
    _ section: Section, _ head: inout MessageHead
  ) -> ParseResult {
    var line = from
    while true {
      if line >= end { return .incomplete }
      if bytes[line] == 0x0d {
        if line &+ 1 >= end { return .incomplete }
        guard bytes[line &+ 1] == 0x0a else { return .failed(.badLineEnd) }
        return .complete(length: line &+ 2 &- origin)
      }
      var colon = ByteClass.endOfPlainName(bytes, line, end)
      if colon >= end { return .incomplete }
      var isPlain = true
      if bytes[colon] != 0x3a {
        while colon < end, ByteClass.isToken(bytes[colon]) { colon &+= 1 }
        if colon >= end { return .incomplete }
        guard bytes[colon] == 0x3a else { return .failed(nameFailure(bytes[colon])) }
        isPlain = false
      }
      guard colon > line else { return .failed(.badFieldName) }
      var value = colon &+ 1
      while value < end, bytes[value] == 0x20 || bytes[value] == 0x09 { value &+= 1 }
      let lineEnd = ByteClass.endOfValue(bytes, value, end)
      if lineEnd &+ 1 >= end { return incompleteLine(bytes, lineEnd, end) }
      guard bytes[lineEnd] == 0x0d, bytes[lineEnd &+ 1] == 0x0a else {
        return .failed(valueFailure(bytes[lineEnd]))
      }
      guard head.fieldCount < maxFields else { return .failed(.tooManyFields) }
      let nameLength = colon &- line
      let id = FieldID.classify(bytes, line, nameLength)
      var valueEnd = lineEnd
      while valueEnd > value, bytes[valueEnd &- 1] == 0x20 || bytes[valueEnd &- 1] == 0x09 {
        valueEnd &-= 1
      }
      var field = Field(
        name: UInt16(truncatingIfNeeded: line &- origin),
        nameLength: UInt16(truncatingIfNeeded: nameLength),
        value: UInt16(truncatingIfNeeded: value &- origin),
        valueLength: UInt16(truncatingIfNeeded: valueEnd &- value),
        end: UInt16(truncatingIfNeeded: lineEnd &+ 2 &- origin), id: id)
      if id != .other {
        if let failure = interpret(bytes, origin, &field, section, &head) {
          return .failed(failure)
        }
      } else if section == .trailers, FieldID.isForbiddenTrailer(bytes, line, nameLength) {
        field.isDropped = true
      } else if !isPlain, FieldID.classifyUnderscored(bytes, line, nameLength) != .other {
        // An alias of a field that we act upon: the backend must not see the two as one.
        field.isDropped = true
      }
      head.append(field)
      line = lineEnd &+ 2
    }
  }

  /// Refuses at once what no further byte can make right.
  private static func incompleteLine(_ bytes: borrowing Bytes, _ at: Int, _ end: Int) -> ParseResult
  {
    at < end && bytes[at] != 0x0d ? .failed(valueFailure(bytes[at])) : .incomplete
  }

  private static func nameFailure(_ byte: UInt8) -> ParseFailure {
    byte == 0x0d || byte == 0x0a ? .badLineEnd : .badFieldName
  }

  private static func valueFailure(_ byte: UInt8) -> ParseFailure {
    byte == 0x0d || byte == 0x0a ? .badLineEnd : .badFieldValue
  }

  /// What a known field means for the message. Marks those that are not passed on.
  private static func interpret(
    _ bytes: borrowing Bytes, _ origin: Int, _ field: inout Field, _ section: Section,
    _ head: inout MessageHead
  ) -> ParseFailure? {
    if section == .trailers {
      field.isDropped = field.id.isForbiddenInTrailers || field.id.isHopByHop
      return nil
    }
    field.isDropped = field.id.isHopByHop
    let value = origin &+ Int(field.value)
    let count = Int(field.valueLength)
    switch field.id {
    case .host:
      if section == .response { return nil }
      if head.host >= 0 { return .repeatedHost }
      head.host = head.fieldCount
      return HostParser.isValid(bytes, value, count) ? nil : .badHost
    case .connection:
      head.connectionHeader = head.fieldCount
      return readConnection(bytes, value, count, &head)
    case .transferEncoding:
      return readTransferEncoding(bytes, value, count, &head)
    case .contentLength:
      if head.contentLength >= 0 { return .repeatedContentLength }
      guard let length = decimal(bytes, value, count) else { return .badContentLength }
      head.contentLength = length
      head.hasPaddedLength = count > 1 && bytes[value] == 0x30
    case .expect:
      if section == .response { return nil }
      guard equals(bytes, value, count, "100-continue") else { return .unknownExpectation }
      head.expectsContinue = true
    case .upgrade: head.upgrade = head.fieldCount
    case .keepAlive: head.keepAliveTimeout = readTimeout(bytes, value, count)
    case .forwardedFor: head.forwardedFor = head.fieldCount
    case .forwardedProto: head.forwardedProto = head.fieldCount
    case .forwardedHost: head.forwardedHost = head.fieldCount
    case .requestID: head.requestID = head.fieldCount
    case .accept: head.accept = head.fieldCount
    case .date: head.date = head.fieldCount
    case .maxForwards: head.maxForwards = head.fieldCount
    default: break
    }
    return nil
  }

  private static func readConnection(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ head: inout MessageHead
  ) -> ParseFailure? {
    var from = at
    let end = at &+ count
    var items = 0
    while let item = nextItem(bytes, &from, end) {
      // Each name is looked for among all fields: an endless list would cost, and means nothing.
      items &+= 1
      if items > 64 { return .badFieldValue }
      if equals(bytes, item.at, item.count, "close") {
        head.hasClose = true
      } else if equals(bytes, item.at, item.count, "keep-alive") {
        head.hasKeepAlive = true
      } else if equals(bytes, item.at, item.count, "upgrade") {
        head.noteConnectionUpgrade()
      } else if isAlwaysNamed(bytes, item.at, item.count) {
        // It never goes on, named or not.
        continue
      } else {
        for index in item.at..<(item.at &+ item.count) where !ByteClass.isToken(bytes[index]) {
          return .badFieldValue
        }
        head.hasNominated = true
      }
    }
    return nil
  }

  /// Who sends `TE` or `HTTP2-Settings` has to name it in `Connection` (RFC 9110 section 10.1.4,
  /// RFC 7540 section 3.2.1).
  private static func isAlwaysNamed(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    equals(bytes, at, count, "te") || equals(bytes, at, count, "http2-settings")
  }

  /// Only one coding, `chunked`, and only once (RFC 9112 section 6.1).
  private static func readTransferEncoding(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ head: inout MessageHead
  ) -> ParseFailure? {
    if head.isChunked { return .badTransferCoding }
    if equals(bytes, at, count, "chunked") {
      head.isChunked = true
      return nil
    }
    // Which refusal: a list that ends with one `chunked` names codings that we do not have.
    var from = at
    var items = 0
    var chunkedAt = 0
    var chunkedCount = 0
    while let item = nextItem(bytes, &from, at &+ count) {
      items &+= 1
      guard item.count > 0, ByteClass.isToken(bytes[item.at]) else { return .badTransferCoding }
      for index in item.at..<(item.at &+ item.count)
      where !ByteClass.isToken(bytes[index]) && !isParameterByte(bytes[index]) {
        return .badTransferCoding
      }
      if equals(bytes, item.at, item.count, "chunked") {
        chunkedAt = items
        chunkedCount &+= 1
      }
    }
    let isWellFormed = items > 0 && (chunkedCount == 0 || chunkedCount == 1 && chunkedAt == items)
    return isWellFormed && items > chunkedCount ? .unknownTransferCoding : .badTransferCoding
  }

  private static func isParameterByte(_ byte: UInt8) -> Bool {
    byte == 0x3b || byte == 0x3d || byte == 0x22 || byte == 0x20 || byte == 0x09
  }

  /// `timeout=N` of `Keep-Alive`; -1 when it is not there.
  private static func readTimeout(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int {
    var from = at
    while let item = nextItem(bytes, &from, at &+ count) {
      guard item.count > 8, equals(bytes, item.at, 8, "timeout=") else { continue }
      guard let value = decimal(bytes, item.at &+ 8, item.count &- 8) else { return -1 }
      return Int(min(value, 86_400))
    }
    return -1
  }

  // MARK: Helpers for values

  /// Digits only, 1 to 18 of them: no sign, no list, no white space inside.
  static func decimal(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Int64? {
    guard count > 0, count <= 18 else { return nil }
    var result: Int64 = 0
    for index in at..<(at &+ count) {
      guard ByteClass.isDigit(bytes[index]) else { return nil }
      result = result &* 10 &+ Int64(bytes[index] &- 0x30)
    }
    return result
  }

  /// Whether an `Upgrade` may be passed on: a list of `token [ "/" token ]` (RFC 9110 section 7.8),
  /// none of them another version of HTTP. In a tunnel of HTTP/2 nobody would judge the requests.
  static func offersProtocol(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> Bool {
    var from = at
    var items = 0
    while let item = nextItem(bytes, &from, at &+ count) {
      items &+= 1
      let end = item.at &+ item.count
      let name = endOfToken(bytes, item.at, end)
      guard name > item.at, name == end || bytes[name] == 0x2f else { return false }
      if name < end {
        guard name &+ 1 < end, endOfToken(bytes, name &+ 1, end) == end else { return false }
      }
      let length = name &- item.at
      if equals(bytes, item.at, length, "h2c") || equals(bytes, item.at, length, "h2")
        || equals(bytes, item.at, length, "http")
      {
        return false
      }
    }
    return items > 0
  }

  private static func endOfToken(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) -> Int {
    var index = from
    while index < to, ByteClass.isToken(bytes[index]) { index &+= 1 }
    return index
  }

  /// Compares without case; `text` is lower case.
  static func equals(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ text: StaticString
  ) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count {
      let byte = bytes[at &+ index]
      let lower = byte &- 0x41 <= 25 ? byte | 0x20 : byte
      if lower != text.byte(index) { return false }
    }
    return true
  }

  /// The next non-empty item of a comma-separated list, without surrounding white space.
  static func nextItem(
    _ bytes: borrowing Bytes, _ from: inout Int, _ end: Int
  ) -> (at: Int, count: Int)? {
    while from < end, isListSpace(bytes[from]) { from &+= 1 }
    guard from < end else { return nil }
    let at = from
    while from < end, bytes[from] != 0x2c { from &+= 1 }
    var last = from
    while last > at, bytes[last &- 1] == 0x20 || bytes[last &- 1] == 0x09 { last &-= 1 }
    return (at, last &- at)
  }

  private static func isListSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x2c
  }

  static func list(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, contains text: StaticString
  ) -> Bool {
    var from = at
    while let item = nextItem(bytes, &from, at &+ count) {
      if equals(bytes, item.at, item.count, text) { return true }
    }
    return false
  }
}
