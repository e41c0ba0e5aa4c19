@testable import ControlPlane

/// A proxy in this process with routes made in code, in front of one backend that says what it
/// got.
enum RouteFixture {
  /// Method, path, then a line for each parameter and each field. `/silent` keeps silent.
  static let echo: LocalServer.Handler = { request in
    if request.path.hasPrefix("/silent") {
      _ = try? StopSignal().wait(milliseconds: 1_500)
    }
    let query = request.query.map { "?\($0.name)=\($0.value)\n" }.joined()
    let fields = request.headers.map { "\($0.name): \($0.value)\n" }.joined()
    let body = String(decoding: request.body, as: UTF8.self)
    return .text(
      "\(request.method) \(request.path)\n\(query)\(fields)\(body)",
      headers: [LocalField("Server", "backend"), LocalField("X-Old", "1")])
  }

  static func run(
    _ routes: [Config.Route], with settings: Config = Config(),
    test: (Endpoint, Proxy) throws -> Void
  ) throws {
    try withLocalServer(handler: echo) { backend in
      var config = settings
      config.listeners = [.init(address: .ip(host: "127.0.0.1", port: 0))]
      config.workers = 1
      config.pools = [
        .init(name: "app", strategy: .roundRobin, backends: [.init(address: backend)])
      ]
      config.routes = routes
      config.drain.timeout = .seconds(2)
      let proxy = try Proxy(config, say: { _ in })
      defer { _ = proxy.drain() }
      try test(proxy.boundListeners[0], proxy)
    }
  }

  /// `/a/*/{id}/**` as the config file will have it.
  static func path(_ text: String) -> Config.PathPattern {
    var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    let isBelow = parts.last == "**"
    let endsWithSlash = parts.last == ""
    if isBelow || endsWithSlash { parts.removeLast() }
    let segments = parts.map { part -> Config.PathPattern.Segment in
      if part == "*" { return .any }
      return part.hasPrefix("{")
        ? .capture(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
    return Config.PathPattern(
      segments: segments, matchesBelow: isBelow, endsWithSlash: endsWithSlash)
  }

  static func route(
    _ name: String, _ paths: String..., to action: Config.Action = .pool("app"),
    change: (inout Config.Route) -> Void = { _ in }
  ) -> Config.Route {
    var match = Config.Match()
    match.paths = paths.map(path)
    var route = Config.Route(name: name, match: match, action: action)
    change(&route)
    return route
  }

  /// `a{id}b`: captures and the plain variables, as the config file will have them.
  static func template(_ text: String) -> Config.Template {
    var parts: [Config.Template.Part] = []
    for (index, piece) in text.split(separator: "{", omittingEmptySubsequences: false).enumerated()
    {
      if index == 0 {
        if !piece.isEmpty { parts.append(.text(String(piece))) }
        continue
      }
      let halves = piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
      parts.append(.variable(variable(String(halves[0]))))
      if !halves[1].isEmpty { parts.append(.text(String(halves[1]))) }
    }
    return Config.Template(parts)
  }

  private static func variable(_ name: String) -> Config.Variable {
    switch name {
    case "client_address": return .clientAddress
    case "request_id": return .requestID
    case "host": return .host
    case "method": return .method
    case "path": return .path
    case "query": return .query
    case "scheme": return .scheme
    case "target": return .target
    default:
      if name.hasPrefix("header.") { return .header(String(name.dropFirst(7))) }
      return .capture(name)
    }
  }

  static func value(_ name: String, _ text: String) -> Config.HeaderValue {
    Config.HeaderValue(name: name, value: template(text))
  }
}
