/// The config that `headrace demo` runs: what a newcomer would write first.
public enum DemoConfig {
  /// On loopback only. The admin listener takes a free port, so that a demo never fails on it.
  public static func make(port: UInt16, backends: [Endpoint]) -> Config {
    var config = Config()
    config.listeners = [.init(address: .ip(host: "127.0.0.1", port: port))]
    var below = Config.Match()
    below.paths = [.init(segments: [.literal("static")], matchesBelow: true)]
    config.routes = [
      .init(name: "static", match: below, action: .pool("app")),
      .init(name: "app", action: .pool("app")),
    ]
    config.pools = [
      .init(name: "app", strategy: .roundRobin, backends: backends.map { .init(address: $0) })
    ]
    // Short, so that `/slow` can show what a timeout looks like.
    config.timeouts.firstByte = .seconds(firstByteSeconds)
    config.accessLog = .text
    config.admin = .init(address: .ip(host: "127.0.0.1", port: 0))
    return config
  }

  static let firstByteSeconds = 5
}
