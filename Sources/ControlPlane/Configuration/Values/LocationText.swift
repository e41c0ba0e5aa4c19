/// Targets of redirects: an absolute URL, or a path on the same host.
enum LocationText {
  static func check(_ template: Config.Template, _ text: String) throws(Refusal) {
    let not = "not \(quoted(text))"
    let sample = TemplateText.sample(template)
    let forbidden = Array("\"<>\\".utf8)
    if sample.utf8.contains(where: { !(0x21...0x7E ~= $0) || forbidden.contains($0) }) {
      throw Refusal(
        "must have spaces, quotes, \"<\", \">\", \"\\\" and characters beyond ASCII "
          + "percent-encoded, \(not)")
    }
    guard case .text(let start)? = template.parts.first else {
      let fine: [Config.Variable] = [.path, .target, .scheme]
      if fine.contains(where: { template.parts.first == .variable($0) }) {
        return try checkScheme(template, not)
      }
      throw Refusal("must start with https://, http://, \"/\", {path} or {target}, \(not)")
    }
    if start.hasPrefix("//") {
      throw Refusal("must not start with \"//\", which leads to another host, \(not)")
    }
    let schemes = ["https://", "http://"]
    if start.hasPrefix("/") { return try checkPath(start, template, not) }
    guard let scheme = schemes.first(where: { start.lowercased().hasPrefix($0) }) else {
      let hint = HostNameText.isName(start.prefix { $0 != "/" }) && start.contains(".")
      let better = hint ? " (did you mean \(quoted("https://" + text))?)" : ""
      throw Refusal("must start with https://, http:// or \"/\", \(not)\(better)")
    }
    let rest = sample.dropFirst(scheme.count)
    guard let first = rest.first, !"/?#".contains(first) else {
      throw Refusal("must have a host behind \(quoted(scheme)), \(not)")
    }
    try checkHost(start.dropFirst(scheme.count), template, not)
  }

  /// `{scheme}` must be one: `{scheme}evil` would be a path of the page that redirects.
  private static func checkScheme(
    _ template: Config.Template, _ not: String
  ) throws(Refusal) {
    guard template.parts.first == .variable(.scheme) else { return }
    guard template.parts.count > 2, case .text(let text) = template.parts[1], text == "://" else {
      throw Refusal("must have \"://\" and a host behind {scheme}, \(not)")
    }
  }

  /// `/{query}` with the query `/evil.example` would lead to that host.
  private static func checkPath(
    _ start: String, _ template: Config.Template, _ not: String
  ) throws(Refusal) {
    guard start == "/", template.parts.count > 1 else { return }
    switch template.parts[1] {
    case .variable(.query), .variable(.path), .variable(.target), .variable(.header):
      throw Refusal(
        "must not have this variable behind its first \"/\", where it could lead to another host, "
          + not)
    default: return
    }
  }

  /// `https://example.com{rest}` would let the client go on with the host's name.
  private static func checkHost(
    _ start: Substring, _ template: Config.Template, _ not: String
  ) throws(Refusal) {
    var isStarted = !start.isEmpty
    if start.contains(where: { "/?#".contains($0) }) { return }
    for part in template.parts.dropFirst() {
      switch part {
      case .text(let text):
        if text.contains(where: { "/?#".contains($0) }) { return }
      case .variable(.path), .variable(.target): return
      case .variable(.host): break
      case .variable:
        if isStarted { throw Refusal("must have a \"/\" between the host and a variable, \(not)") }
      }
      isStarted = true
    }
  }
}
