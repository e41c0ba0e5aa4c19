extension LocalResponse {
  /// The response as it goes on the wire. Whatever the handler put into it, the framing holds:
  /// the server's own fields win, and no value can start a new line.
  func bytes(toHead: Bool, keepAlive: Bool) -> [UInt8] {
    let status = (200...599).contains(status) ? status : 500
    let hasBody = status != 204 && status != 304
    var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\nDate: \(WallTime.httpDateNow())\r\n"
    for field in headers where Self.isForHandlers(field.name) {
      head += "\(field.name): \(Self.cleaned(field.value))\r\n"
    }
    if hasBody { head += "Content-Length: \(body.count)\r\n" }
    if !keepAlive { head += "Connection: close\r\n" }
    head += "\r\n"
    var bytes = Array(head.utf8)
    if hasBody && !toHead { bytes.append(contentsOf: body) }
    return bytes
  }

  private static func isForHandlers(_ name: String) -> Bool {
    let owned = ["connection", "content-length", "date", "transfer-encoding"]
    return LocalText.isToken(name.utf8) && !owned.contains(name.lowercased())
  }

  private static func cleaned(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return value }
    return String(
      decoding: value.utf8.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }, as: UTF8.self)
  }
}
