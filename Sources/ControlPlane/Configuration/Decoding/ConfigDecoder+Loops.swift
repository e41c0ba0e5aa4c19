/// Redirects that come back to their own route.
extension ConfigDecoder {
  /// Tries the target with a path that the route matches. Conditions on the query are left alone:
  /// the target may well change it.
  mutating func checkRedirectLoop(_ draft: RouteDraft, _ entries: [YamlNode.Entry]) {
    let match = draft.route.match
    guard case .redirect(let status, let target) = draft.route.action, match.query.isEmpty,
      let node = entry("redirect", entries)?.value
    else { return }
    // 301 to 303 turn another method than GET and HEAD into GET.
    let staysGet = match.methods.isEmpty || match.methods.contains { ["GET", "HEAD"].contains($0) }
    guard staysGet || status >= 307 else { return }
    let all = Config.PathPattern(segments: [], matchesBelow: true)
    let paths = match.paths.isEmpty ? [all] : match.paths
    for pattern in paths {
      guard let path = path(of: target, in: RouteSample(pattern)),
        paths.contains(where: { $0.matches(path) })
      else { continue }
      refuse(
        place(ofTarget: node),
        "\(quoted("\(draft.name).redirect")) would redirect to itself: its target matches the "
          + "route's own path \(quoted(PathPatternText.format(pattern)))")
      return
    }
  }

  /// Where slashes are not merged, a path may start with `//`, which as a target is another host.
  mutating func checkOpenRedirect(_ draft: RouteDraft, _ entries: [YamlNode.Entry]) {
    guard case .redirect(_, let target) = draft.route.action, !config.mergeSlashes,
      let node = entry("redirect", entries)?.value
    else { return }
    let isOpen: Bool
    switch target.parts.first {
    case .variable(.path), .variable(.target): isOpen = true
    case .text("/"): isOpen = target.parts.dropFirst().first == .variable(.capture("rest"))
    default: isOpen = false
    }
    guard isOpen else { return }
    refuse(
      place(ofTarget: node),
      "with \"merge_slashes: false\" this target could start with \"//\", which leads to another "
        + "host; write the host, as in https://{host}{target}")
  }

  private func place(ofTarget node: YamlNode) -> YamlNode.Place {
    guard case .mapping(let entries) = node.content else { return node.place }
    return entry("to", entries)?.value.place ?? node.place
  }

  /// The target's path on the same host; `nil` when it leads elsewhere or cannot be told.
  private func path(of target: Config.Template, in sample: RouteSample) -> String? {
    var text = ""
    for part in target.parts {
      switch part {
      case .text(let literal): text += literal
      case .variable(.scheme): text += "http"
      case .variable(.host): text += "\u{1}"
      case .variable(.path), .variable(.target): text += sample.path
      case .variable(.query): break
      case .variable(.capture(let name)): text += sample.captures[name] ?? ""
      case .variable: return nil
      }
    }
    let here = "http://\u{1}"
    if text.hasPrefix(here) { text = String(text.dropFirst(here.count)) }
    let path = String(text.prefix { !"?#".contains($0) })
    return path.hasPrefix("/") && !path.hasPrefix("//") ? path : nil
  }
}

/// A path that a pattern matches, with what its variables would be.
private struct RouteSample {
  var path = ""
  var captures: [String: String] = [:]

  init(_ pattern: Config.PathPattern) {
    for (index, segment) in pattern.segments.enumerated() {
      switch segment {
      case .literal(let text): path += "/\(text)"
      case .any: path += "/any-\(index)"
      case .capture(let name):
        captures[name] = "sample-\(index)"
        path += "/sample-\(index)"
      }
    }
    if pattern.matchesBelow {
      captures["rest"] = "below"
      path += "/below"
    } else if pattern.endsWithSlash {
      path += "/"
    }
  }
}

extension Config.PathPattern {
  /// The slow and plain form of what the data plane does, for checks of a config.
  fileprivate func matches(_ path: String) -> Bool {
    var words = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let hasSlash = words.last == ""
    if hasSlash { words.removeLast() }
    guard matchesBelow ? words.count >= segments.count : words.count == segments.count,
      matchesBelow || hasSlash == endsWithSlash
    else { return false }
    return zip(segments, words).allSatisfy { segment, word in
      if case .literal(let text) = segment { text == word } else { !word.isEmpty }
    }
  }
}
