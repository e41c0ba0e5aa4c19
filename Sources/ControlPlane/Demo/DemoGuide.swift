/// What `headrace demo` prints once it runs: things to try, each with what it shows.
public enum DemoGuide {
  /// `port` of the proxy, `admin` of the admin listener; both as really bound.
  public static func text(port: UInt16, admin: UInt16) -> String {
    let site = "http://127.0.0.1:\(port)"
    let late = DemoConfig.firstByteSeconds * 1000 + 1000
    let tries = [
      ("curl \(site)/", "three apps take turns"),
      ("curl \(site)/echo", "what an app sees: X-Forwarded-*, X-Request-Id"),
      ("curl -d 'hello' \(site)/echo", "the same, with a body"),
      ("curl -i \(site)/static/logo.svg", "a route of its own in the metrics"),
      ("curl '\(site)/slow?ms=500'", "a slow app"),
      ("curl -i '\(site)/slow?ms=\(late)'", "too slow: 504"),
      ("curl -i '\(site)/fail?status=503'", "an app that fails"),
      ("curl http://127.0.0.1:\(admin)/metrics", "what was counted"),
    ]
    let width = (tries.map(\.0.count).max() ?? 0) + 2
    let lines = tries.map { command, about in
      "  \(command)\(String(repeating: " ", count: width - command.count))\(about)\n"
    }
    return """
      Headrace is in front of three small apps. In another terminal, try:

      \(lines.joined())
      Ctrl-C ends it: requests under way are finished first.

      """
  }
}
