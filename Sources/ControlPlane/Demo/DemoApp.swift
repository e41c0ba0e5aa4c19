/// One of the demo's three apps: it says its name, can be slow, can fail, and shows what it got.
///
/// A plain value; called on the connection threads of its `LocalServer`. `stop` cuts waits short.
struct DemoApp: Sendable {
  let name: String
  let stop: StopSignal

  func answer(_ request: LocalRequest) -> LocalResponse {
    var response = route(request)
    response.headers.append(LocalField("X-App", name))
    return response
  }

  private func route(_ request: LocalRequest) -> LocalResponse {
    switch request.path {
    case "/": .text("Hello from \(name)\n")
    case "/slow": slow(request)
    case "/fail": fail(request)
    case "/health": .text("ok\n")
    case "/echo": .text(Self.echo(request))
    case "/static/logo.svg": DemoLogo.response
    default: .text("\(name) has no \(request.path)\n", status: 404)
    }
  }

  private func slow(_ request: LocalRequest) -> LocalResponse {
    let wanted = request.queryValue("ms") ?? "500"
    guard let milliseconds = Int(wanted), (0...60_000).contains(milliseconds) else {
      return .text("ms must be 0...60000\n", status: 400)
    }
    stop.wait(milliseconds: milliseconds)
    return .text("Hello from \(name), after \(milliseconds) ms\n")
  }

  private func fail(_ request: LocalRequest) -> LocalResponse {
    let wanted = request.queryValue("status") ?? "503"
    guard let status = Int(wanted), (400...599).contains(status) else {
      return .text("status must be 400...599\n", status: 400)
    }
    return .text("\(name) fails with \(status), as asked\n", status: status)
  }

  /// The request as it arrived here, to see what the proxy adds and takes away.
  private static func echo(_ request: LocalRequest) -> String {
    let query = request.query.map { "query \($0.name) = \($0.value)\n" }.joined()
    let headers = request.headers.map { "\($0.name): \($0.value)\n" }.joined()
    let body = String(decoding: request.body, as: UTF8.self)
    let head = "\(request.method) \(request.path)\n\(query)\(headers)"
    return body.isEmpty ? head : "\(head)\n\(body)\n"
  }
}
