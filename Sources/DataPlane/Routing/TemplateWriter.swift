/// Writes templates. Never CR, LF or NUL: literal text is cleaned when the snapshot is built,
/// values come from a head that was validated.
package struct TemplateWriter: BitwiseCopyable {
  /// The longest target of a redirect; a longer one is answered with 414.
  package static var maxAddressBytes: Int { 16_384 }

  /// What the text becomes.
  package enum Place: UInt8, Sendable, BitwiseCopyable {
    case field
    /// The target of a redirect or a path for a backend: what a URI does not allow is
    /// percent-encoded.
    case address
  }

  let place: Place
  /// The matched pattern, whose captures are meant.
  let pattern: UInt32
  /// A `?` of the template's own was written.
  private(set) var isInQuery = false

  package init(_ place: Place, pattern: UInt32) {
    self.place = place
    self.pattern = pattern
  }

  /// Appends the template to `out`.
  ///
  /// - Returns: false when there is no room for it and `spare` bytes more.
  package mutating func write(
    _ template: RowRange, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, path: borrowing Bytes,
    into out: inout Block, spare: Int = 4096
  ) -> Bool {
    for index in template.indices {
      let part = snapshot.routing.parts[index]
      // Percent-encoding makes three bytes of one.
      let most = 3 &* longest(part, snapshot, request, &head, bytes) &+ spare
      guard out.capacity &- out.end >= most else { return false }
      write(part, snapshot, request, &head, bytes, path, &out)
    }
    return true
  }

  private func longest(
    _ part: TemplatePartRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes
  ) -> Int {
    switch part.kind {
    case .text: return Int(part.text.count)
    case .clientAddress, .requestID, .scheme, .remainingMilliseconds: return 64
    case .host: return request.hostLength
    case .method: return head.methodLength
    case .path, .capture: return request.pathLength &+ 1
    case .query: return request.queryLength
    case .target: return request.pathLength &+ request.queryLength &+ 2
    case .header:
      let index = RequestFields.find(part.text, snapshot.text.span, request, &head, bytes)
      return index.map { Int(head.fields[$0].valueLength) } ?? 0
    }
  }

  private mutating func write(
    _ part: TemplatePartRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ bytes: borrowing Bytes, _ path: borrowing Bytes,
    _ out: inout Block
  ) {
    switch part.kind {
    case .text: writeText(part.text, snapshot, &out)
    case .clientAddress: out.append(address: request.address)
    case .requestID: writeRequestID(request, &head, bytes, &out)
    case .host: out.append(bytes, request.host, request.hostLength)
    case .remainingMilliseconds:
      if let left = request.remainingMilliseconds { out.append(decimal: left) }
    case .method: write(bytes, request.origin, head.methodLength, .data, &out)
    case .path: writePath(request, path, &out)
    case .query: write(bytes, request.query, request.queryLength, .query, &out)
    case .scheme: writeScheme(request, &head, bytes, &out)
    case .target:
      writePath(request, path, &out)
      guard request.queryLength > 0 else { return }
      out.append(byte: 0x3f)
      write(bytes, request.query, request.queryLength, .wholeQuery, &out)
    case .capture:
      guard
        let found = PathCaptures.find(part.text, snapshot, pattern: pattern, request, path)
      else { return }
      write(path, found.at, found.count, .path, &out)
    case .header:
      guard let index = RequestFields.find(part.text, snapshot.text.span, request, &head, bytes)
      else { return }
      let field = head.fields[index]
      write(bytes, request.origin &+ Int(field.value), Int(field.valueLength), .data, &out)
    }
  }

  private mutating func writeText(
    _ text: TextReference, _ snapshot: borrowing Snapshot, _ out: inout Block
  ) {
    for index in 0..<Int(text.count) {
      let byte = snapshot.text[Int(text.offset) &+ index]
      if byte == 0x3f { isInQuery = true }
      out.append(byte: byte)
    }
  }

  private mutating func writePath(
    _ request: RouteRequest, _ path: borrowing Bytes, _ out: inout Block
  ) {
    if request.isAsterisk(path) || request.pathLength == 0 {
      out.append(byte: place == .field ? 0x2a : 0x2f)
    } else {
      write(path, request.path, request.pathLength, .path, &out)
    }
  }

  private func writeRequestID(
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ out: inout Block
  ) {
    if request.isTrusted, head.requestID >= 0 {
      let field = head.fields[head.requestID]
      let count = min(Int(field.valueLength), 64)
      return write(bytes, request.origin &+ Int(field.value), count, .data, &out)
    }
    out.append(hex: request.requestID.0, digits: 16)
    out.append(hex: request.requestID.1, digits: 16)
  }

  /// A trusted peer's `X-Forwarded-Proto`, if it is one of the two.
  private func writeScheme(
    _ request: RouteRequest, _ head: inout MessageHead, _ bytes: borrowing Bytes,
    _ out: inout Block
  ) {
    if request.isTrusted, head.forwardedProto >= 0 {
      let field = head.fields[head.forwardedProto]
      let at = request.origin &+ Int(field.value)
      if FieldParser.equals(bytes, at, Int(field.valueLength), "https") {
        return out.append("https")
      }
    }
    out.append(request.isTLS ? "https" : "http")
  }

  // MARK: Encoding

  /// Where a value comes from, which decides what has to be encoded in an address.
  private enum Origin {
    /// Percent-encoded already: what only separates in a query is encoded there.
    case path
    case query
    case wholeQuery
    /// Anything: all but unreserved bytes is encoded.
    case data
  }

  private func write(
    _ bytes: borrowing Bytes, _ at: Int, _ count: Int, _ origin: Origin, _ out: inout Block
  ) {
    if place == .field { return out.append(bytes, at, count) }
    for index in 0..<count {
      let byte = bytes[at &+ index]
      let passes: Bool
      switch origin {
      case .data: passes = ByteClass.unreserved.contains(byte)
      case .wholeQuery: passes = TemplateWriter.isAllowed(byte)
      case .query: passes = TemplateWriter.isAllowed(byte) && (isInQuery || byte != 0x3f)
      case .path:
        passes =
          TemplateWriter.isAllowed(byte)
          && !(isInQuery && ByteClass.separatesInQuery.contains(byte))
      }
      if passes { out.append(byte: byte) } else { TemplateWriter.encode(byte, into: &out) }
    }
  }

  private static func encode(_ byte: UInt8, into out: inout Block) {
    let high = byte >> 4
    let low = byte & 15
    out.append(byte: 0x25)
    out.append(byte: high < 10 ? high &+ 0x30 : high &+ 0x37)
    out.append(byte: low < 10 ? low &+ 0x30 : low &+ 0x37)
  }

  /// `pchar`, `/`, `?`, `[`, `]` of RFC 3986, and `%`, which begins an escape.
  private static func isAllowed(_ byte: UInt8) -> Bool { ByteClass.allowedInURI.contains(byte) }

  /// Literal text of an address: what a URI does not allow is percent-encoded.
  package static func addressText(_ text: [UInt8], keepsFragment: Bool) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return text.flatMap { byte -> [UInt8] in
      if isAllowed(byte) || keepsFragment && byte == 0x23 { return [byte] }
      return [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}
