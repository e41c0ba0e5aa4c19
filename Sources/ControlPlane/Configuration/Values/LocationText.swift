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
      if fine.contains(where: { template.parts.first == .variable($0) }) { return }
      throw Refusal("must start with https://, http://, \"/\", {path} or {target}, \(not)")
    }
    if start.hasPrefix("//") {
      throw Refusal("must not start with \"//\", which leads to another host, \(not)")
    }
    let schemes = ["https://", "http://"]
    if start.hasPrefix("/") { return }
    guard let scheme = schemes.first(where: { start.lowercased().hasPrefix($0) }) else {
      let hint = HostNameText.isName(start.prefix { $0 != "/" }) && start.contains(".")
      let better = hint ? " (did you mean \(quoted("https://" + text))?)" : ""
      throw Refusal("must start with https://, http:// or \"/\", \(not)\(better)")
    }
    let rest = sample.dropFirst(scheme.count)
    guard let first = rest.first, !"/?#".contains(first) else {
      throw Refusal("must have a host behind \(quoted(scheme)), \(not)")
    }
  }
}
