/// Why a request is not served: the status that says so. The connection is closed after it.
struct LocalRefusal: Error, Equatable {
  let status: Int

  static let badRequest = LocalRefusal(status: 400)
}

/// Turns a complete request head into a `LocalRequest`, strictly (RFC 9112): whatever could be
/// read in two ways is refused. Pure: no I/O, no state, never traps.
struct LocalRequestParser {
  let limits: LocalServerLimits

  /// `head` ends with its empty line, and `LocalHeadScan` found every line ended by CRLF.
  func parse(_ head: ArraySlice<UInt8>) throws(LocalRefusal) -> LocalRequest {
    let lines = head.split(separator: UInt8(ascii: "\n")).map { $0.dropLast() }
    guard let first = lines.first else { throw .badRequest }
    var (request, minorVersion) = try parseRequestLine(first)
    for line in lines.dropFirst() where !line.isEmpty {
      guard request.headers.count < limits.headerCount else { throw LocalRefusal(status: 431) }
      request.headers.append(try parseField(line))
    }
    try checkHost(request, minorVersion)
    request.contentLength = try bodyLength(request)
    request.keepsAlive = keepsAlive(request, minorVersion)
    request.expectsContinue = try expectsContinue(request, minorVersion)
    return request
  }

  private func parseField(_ line: ArraySlice<UInt8>) throws(LocalRefusal) -> LocalField {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .badRequest }
    let name = line[..<colon]
    // This also refuses folded lines and a space before the colon.
    guard LocalText.isToken(name) else { throw .badRequest }
    let value = LocalText.trimmed(line[(colon + 1)...])
    return LocalField(String(decoding: name, as: UTF8.self), value)
  }

  private func checkHost(_ request: LocalRequest, _ minor: Int) throws(LocalRefusal) {
    let hosts = request.headerValues("host")
    guard hosts.count == 1 || hosts.isEmpty && minor == 0 else { throw .badRequest }
  }

  private func bodyLength(_ request: LocalRequest) throws(LocalRefusal) -> Int {
    let lengths = request.headerValues("content-length")
    let codings = request.headerValues("transfer-encoding")
    if !codings.isEmpty {
      guard lengths.isEmpty else { throw .badRequest }
      // Nothing here needs bodies of unknown length.
      let known = request.headerTokens("transfer-encoding") == ["chunked"]
      throw LocalRefusal(status: known ? 411 : 501)
    }
    guard let length = lengths.first else { return 0 }
    guard lengths.count == 1, !length.isEmpty,
      length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { throw .badRequest }
    guard let count = Int(length), count <= limits.bodyBytes else {
      throw LocalRefusal(status: 413)
    }
    return count
  }

  private func keepsAlive(_ request: LocalRequest, _ minor: Int) -> Bool {
    // HTTP/1.0's own keep-alive is not worth its rules here.
    minor > 0 && !request.headerTokens("connection").contains("close")
  }

  private func expectsContinue(
    _ request: LocalRequest, _ minor: Int
  ) throws(LocalRefusal) -> Bool {
    let expectations = request.headerTokens("expect")
    guard minor > 0, !expectations.isEmpty else { return false }
    guard expectations == ["100-continue"] else { throw LocalRefusal(status: 417) }
    return true
  }
}
