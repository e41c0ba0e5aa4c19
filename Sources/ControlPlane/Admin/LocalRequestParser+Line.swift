extension LocalRequestParser {
  /// The request line, and the minor version of HTTP/1.
  func parseRequestLine(
    _ line: ArraySlice<UInt8>
  ) throws(LocalRefusal) -> (LocalRequest, minorVersion: Int) {
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, LocalText.isToken(parts[0]) else { throw .badRequest }
    let minor = try parseVersion(parts[2])
    let method = String(decoding: parts[0], as: UTF8.self)
    guard method != "CONNECT" else { throw LocalRefusal(status: 501) }
    var request = LocalRequest(method: method, path: "")
    try parseTarget(parts[1], into: &request)
    return (request, minor)
  }

  private func parseVersion(_ bytes: ArraySlice<UInt8>) throws(LocalRefusal) -> Int {
    let version = Array(bytes)
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard version.count == 8, version.starts(with: "HTTP/".utf8), digits.contains(version[5]),
      version[6] == UInt8(ascii: "."), digits.contains(version[7])
    else { throw .badRequest }
    guard version[5] == UInt8(ascii: "1") else { throw LocalRefusal(status: 505) }
    return Int(version[7] - UInt8(ascii: "0"))
  }

  private func parseTarget(
    _ target: ArraySlice<UInt8>, into request: inout LocalRequest
  ) throws(LocalRefusal) {
    guard target.allSatisfy(LocalText.isVisible), !target.contains(UInt8(ascii: "#")) else {
      throw .badRequest
    }
    let origin = try originForm(target, method: request.method)
    let mark = origin.firstIndex(of: UInt8(ascii: "?")) ?? origin.endIndex
    let path = origin[..<mark]
    request.path = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
    request.query = Self.parseQuery(origin[mark...].dropFirst())
  }

  /// `/path?query` of what may also be `http://host/path?query` or the `*` of OPTIONS.
  private func originForm(
    _ target: ArraySlice<UInt8>, method: String
  ) throws(LocalRefusal) -> ArraySlice<UInt8> {
    if target.first == UInt8(ascii: "/") { return target }
    if method == "OPTIONS" && target.elementsEqual("*".utf8) { return target }
    let scheme = "http://".utf8
    guard target.count > scheme.count,
      String(decoding: target.prefix(scheme.count), as: UTF8.self).lowercased() == "http://"
    else { throw .badRequest }
    let rest = target.dropFirst(scheme.count)
    let ends = [UInt8(ascii: "/"), UInt8(ascii: "?")]
    let end = rest.firstIndex { ends.contains($0) } ?? rest.endIndex
    guard end > rest.startIndex else { throw .badRequest }
    return rest[end...]
  }

  private static func parseQuery(_ query: ArraySlice<UInt8>) -> [LocalField] {
    query.split(separator: UInt8(ascii: "&")).map { pair in
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      return LocalField(
        LocalText.percentDecoded(pair[..<equals]),
        LocalText.percentDecoded(pair[equals...].dropFirst()))
    }
  }
}
