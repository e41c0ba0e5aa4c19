/// The form of an answer that we make ourselves: what the client's `Accept` asks for.
enum AnswerFormat {
  case text, html, json

  /// The first of the three that `Accept` names with a quality above 0; text when it names none.
  static func preferred(
    _ head: borrowing MessageHead, _ bytes: borrowing Bytes, _ origin: Int
  ) -> AnswerFormat {
    guard head.accept >= 0, head.accept < head.fieldCount else { return .text }
    let field = head.fields[head.accept]
    var from = origin &+ Int(field.value)
    let end = from &+ Int(field.valueLength)
    while let item = FieldParser.nextItem(bytes, &from, end) {
      var length = 0
      while length < item.count, bytes[item.at &+ length] != 0x3b,
        bytes[item.at &+ length] != 0x20
      { length &+= 1 }
      if isRefused(bytes, item.at &+ length, item.at &+ item.count) { continue }
      if FieldParser.equals(bytes, item.at, length, "text/html") { return .html }
      if FieldParser.equals(bytes, item.at, length, "application/json") { return .json }
      if FieldParser.equals(bytes, item.at, length, "application/problem+json") { return .json }
      if FieldParser.equals(bytes, item.at, length, "text/plain") { return .text }
    }
    return .text
  }

  /// `;q=0`, `;q=0.0`…
  private static func isRefused(_ bytes: borrowing Bytes, _ from: Int, _ end: Int) -> Bool {
    var index = from
    while index &+ 2 < end {
      if bytes[index] | 0x20 == 0x71, bytes[index &+ 1] == 0x3d {
        index &+= 2
        while index < end, bytes[index] == 0x30 || bytes[index] == 0x2e { index &+= 1 }
        return index == end
      }
      index &+= 1
    }
    return false
  }

  var contentType: StaticString {
    switch self {
    case .text: return "text/plain; charset=utf-8"
    case .html: return "text/html; charset=utf-8"
    case .json: return "application/json"
    }
  }

  func write(_ status: Int, _ explanation: StaticString, into block: inout Block) {
    switch self {
    case .text:
      block.append(decimal: status)
      block.append(byte: 0x20)
      block.append(ReasonPhrase.of(status))
      block.append("\n")
      block.append(explanation)
      block.append("\n")
    case .html:
      block.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
      block.append(decimal: status)
      block.append(byte: 0x20)
      block.append(ReasonPhrase.of(status))
      block.append("</title></head>\n<body><h1>")
      block.append(decimal: status)
      block.append(byte: 0x20)
      block.append(ReasonPhrase.of(status))
      block.append("</h1><p>")
      block.append(explanation)
      block.append("</p></body></html>\n")
    case .json:
      block.append("{\"status\":")
      block.append(decimal: status)
      block.append(",\"error\":\"")
      block.append(ReasonPhrase.of(status))
      block.append("\",\"detail\":\"")
      block.append(explanation)
      block.append("\"}\n")
    }
  }
}

/// The words behind a status code (RFC 9110 section 15).
enum ReasonPhrase {
  static func of(_ status: Int) -> StaticString {
    switch status {
    case 200: return "OK"
    case 201: return "Created"
    case 202: return "Accepted"
    case 204: return "No Content"
    case 206: return "Partial Content"
    case 301: return "Moved Permanently"
    case 302: return "Found"
    case 303: return "See Other"
    case 304: return "Not Modified"
    case 307: return "Temporary Redirect"
    case 308: return "Permanent Redirect"
    case 401: return "Unauthorized"
    case 402: return "Payment Required"
    case 403: return "Forbidden"
    case 405: return "Method Not Allowed"
    case 406: return "Not Acceptable"
    case 409: return "Conflict"
    case 410: return "Gone"
    case 411: return "Length Required"
    case 415: return "Unsupported Media Type"
    case 418: return "I'm a teapot"
    case 421: return "Misdirected Request"
    case 422: return "Unprocessable Content"
    case 425: return "Too Early"
    case 426: return "Upgrade Required"
    case 429: return "Too Many Requests"
    case 451: return "Unavailable For Legal Reasons"
    case 500: return "Internal Server Error"
    case 507: return "Insufficient Storage"
    case 511: return "Network Authentication Required"
    case 400: return "Bad Request"
    case 404: return "Not Found"
    case 408: return "Request Timeout"
    case 413: return "Content Too Large"
    case 414: return "URI Too Long"
    case 417: return "Expectation Failed"
    case 431: return "Request Header Fields Too Large"
    case 501: return "Not Implemented"
    case 502: return "Bad Gateway"
    case 503: return "Service Unavailable"
    case 504: return "Gateway Timeout"
    case 505: return "HTTP Version Not Supported"
    default: return "Error"
    }
  }
}
