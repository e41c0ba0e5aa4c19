/// For people.
extension Explanation {
  private static let missesMax = 20

  /// `title` marks a heading up, such as with colour.
  public func text(title: (String) -> String = { $0 }) -> String {
    var parts = [requestText]
    if !misses.isEmpty { parts.append(missesText(title)) }
    if let route {
      parts.append(
        title("Taken by route \(quoted(route.name)), the \(ConfigWords.ordinal(route.number)):")
          + "\n  \(route.summary)\n")
    }
    parts.append(outcomeText(title))
    return parts.joined(separator: "\n")
  }

  private var requestText: String {
    var lines = ["\(request.method) \(request.target) of \(request.value("Host") ?? "no host")"]
    let from = clientAddress == request.client ? "" : ", by the trusted proxy \(request.client)"
    lines.append("from \(clientAddress)\(from)")
    lines += tlsLines
    let written = String(request.target.prefix { $0 != "?" })
    if !path.isEmpty, path != written { lines.append("path in its normal form: \(path)") }
    return lines.map { $0 + "\n" }.joined()
  }

  private func missesText(_ title: (String) -> String) -> String {
    // The last ones: a long list's beginning says little.
    let shown = misses.suffix(Self.missesMax)
    let width = shown.map(\.route.count).max() ?? 0
    var lines = [title("Not taken by:")]
    if misses.count > shown.count {
      lines.append("  \(ConfigWords.count(misses.count - shown.count, "route")) before these")
    }
    lines += shown.map { miss in
      let gap = String(repeating: " ", count: width - miss.route.count)
      return "  \(miss.route)\(gap)  \(miss.reason)"
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func outcomeText(_ title: (String) -> String) -> String {
    var lines: [String]
    switch outcome {
    case .refused(let status, let reason):
      return title("Answered \(status): \(reason)") + "\n"
    case .hopLimit(let status):
      return title("Answered \(status): Max-Forwards is 0, so the request ends here") + "\n"
    case .noRoute: return title("Answered 404: no route matches this request") + "\n"
    case .redirect(let status, let location):
      lines = [title("Answered \(status), Location: \(location)")]
    case .respond(let status, let type, let bytes):
      let body = bytes == 0 ? "" : ": \(ConfigWords.count(bytes, "byte")) of \(type)"
      lines = [title("Answered \(status)\(body)")]
    case .forward(let forward): lines = text(forward, title)
    }
    if needsClientCertificate {
      lines.append("client certificate: needed; 421 on connections without one")
    }
    lines += rates.map { "rate: \($0)" }
    if !responseEdits.isEmpty {
      lines.append("response fields: \(ConfigWords.list(responseEdits))")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func text(_ forward: Forward, _ title: (String) -> String) -> [String] {
    var lines = [title("Sent to a backend of pool \(quoted(forward.pool)):")]
    lines += forward.head.map { "  \($0)" }
    if request.bodyBytes > 0 {
      lines.append("  and a body of \(ConfigWords.count(request.bodyBytes, "byte"))")
    }
    lines.append("")
    lines.append("pool: \(forward.strategy) of \(ConfigWords.list(forward.backends))")
    if let spoken = forward.spoken { lines.append("spoken: \(spoken)") }
    if let key = forward.key { lines.append("key: \(key)") }
    if let sticky = forward.sticky { lines.append("sticky: \(sticky)") }
    if let cache = forward.cache { lines.append("cache: \(cache)") }
    if !forward.cacheKey.isEmpty {
      lines.append("cache key: \(forward.cacheKey.joined(separator: ", "))")
    }
    lines.append("timeouts: \(ConfigWords.list(forward.timeouts.map(text)))")
    lines.append("limits: \(ConfigWords.list(limits.map(text)))")
    return lines
  }

  private func text(_ setting: Setting) -> String {
    "\(setting.name) \(setting.value)\(setting.isOfRoute ? " (of the route)" : "")"
  }
}

/// For machines.
extension Explanation {
  public var json: String {
    var members: [JSONValue.Member] = [
      .init("method", .text(request.method)), .init("target", .text(request.target)),
      .init("client_address", .text(clientAddress)), .init("trusted", .flag(isTrusted)),
      .init("tls", tlsJSON), .init("path", .text(path)),
      .init(
        "not_taken_by",
        .list(
          misses.map {
            .object([.init("route", .text($0.route)), .init("reason", .text($0.reason))])
          })),
      .init("route", route.map { .text($0.name) } ?? .null),
      .init("route_number", route.map { .number($0.number) } ?? .null),
    ]
    members += outcomeMembers
    members.append(.init("response_headers", .texts(responseEdits)))
    members.append(.init("rates", .texts(rates)))
    members.append(.init("limits", object(limits)))
    return JSONValue.object(members).formatted() + "\n"
  }

  private var outcomeMembers: [JSONValue.Member] {
    switch outcome {
    case .refused(let status, let reason):
      [
        .init("outcome", .text("refused")), .init("status", .number(status)),
        .init("reason", .text(reason)),
      ]
    case .hopLimit(let status):
      [.init("outcome", .text("hop_limit")), .init("status", .number(status))]
    case .noRoute: [.init("outcome", .text("no_route")), .init("status", .number(404))]
    case .redirect(let status, let location):
      [
        .init("outcome", .text("redirect")), .init("status", .number(status)),
        .init("location", .text(location)),
      ]
    case .respond(let status, let type, let bytes):
      [
        .init("outcome", .text("respond")), .init("status", .number(status)),
        .init("content_type", .text(type)), .init("body_bytes", .number(bytes)),
      ]
    case .forward(let forward):
      [
        .init("outcome", .text("forward")), .init("pool", .text(forward.pool)),
        .init("strategy", .text(forward.strategy)),
        .init("backends", .texts(forward.backends)),
        .init("sticky", forward.sticky.map { .text($0) } ?? .null),
        .init("cache", forward.cache.map { .text($0) } ?? .null),
        .init("cache_key", .texts(forward.cacheKey)),
        .init("head", .texts(forward.head)),
        .init("timeouts", object(forward.timeouts)),
      ] + (forward.spoken.map { [.init("spoken", .text($0))] } ?? [])
        + (forward.key.map { [.init("key", .text($0))] } ?? [])
    }
  }

  private func object(_ settings: [Setting]) -> JSONValue {
    .object(settings.map { .init($0.name, .text($0.value)) })
  }
}
