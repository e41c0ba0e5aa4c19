/// What a handler of a `LocalServer` answers. The server adds framing, `Date` and `Connection`.
public struct LocalResponse: Equatable, Sendable {
  /// 200...599; anything else is a bug of the handler and goes out as 500.
  public var status: Int
  public var headers: [LocalField]
  public var body: [UInt8]

  public init(status: Int, headers: [LocalField] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public static func text(
    _ text: String, status: Int = 200, headers: [LocalField] = []
  ) -> LocalResponse {
    let type = LocalField("Content-Type", "text/plain; charset=utf-8")
    return LocalResponse(status: status, headers: [type] + headers, body: Array(text.utf8))
  }

  /// An error's own name as its body.
  static func error(_ status: Int, headers: [LocalField] = []) -> LocalResponse {
    text("\(status) \(reason(status))\n", status: status, headers: headers)
  }

  static func reason(_ status: Int) -> String {
    reasons[status] ?? "Status \(status)"
  }

  private static let reasons: [Int: String] = [
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 301: "Moved Permanently",
    302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required",
    413: "Content Too Large", 417: "Expectation Failed", 418: "I'm a Teapot",
    422: "Unprocessable Content", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
  ]
}
