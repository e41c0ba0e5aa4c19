/// Parts of a config in the words of the config language: for `diff` and `explain`.
enum ConfigWords {
  static func list(_ items: [String], none: String = "none") -> String {
    items.isEmpty ? none : items.joined(separator: ", ")
  }

  static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// `1st`, `22nd`, `113th`.
  static func ordinal(_ number: Int) -> String {
    let suffix =
      switch (number % 10, number % 100) {
      case (_, 11...13): "th"
      case (1, _): "st"
      case (2, _): "nd"
      case (3, _): "rd"
      default: "th"
      }
    return "\(number)\(suffix)"
  }

  // MARK: Scalars

  static func duration(_ duration: Duration?) -> String {
    duration.map(DurationText.format) ?? "off"
  }

  static func choice(_ choice: Config.RouteTimeouts.Choice) -> String? {
    switch choice {
    case .inherit: nil
    case .off: "off"
    case .after(let duration): DurationText.format(duration)
    }
  }

  static func range(_ range: AddressRange) -> String {
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    let isFour = range.prefixLength >= 96 && Array(range.bytes.prefix(12)) == mapped
    let bytes = isFour ? Array(range.bytes.dropFirst(12)) : range.bytes
    let length = isFour ? range.prefixLength - 96 : range.prefixLength
    let isWhole = length == bytes.count * 8
    return AddressText.format(bytes) + (isWhole ? "" : "/\(length)")
  }

  // MARK: Match

  static func host(_ pattern: Config.HostPattern) -> String {
    switch pattern {
    case .exact(let name): name
    case .suffix(let name): "*\(name)"
    }
  }

  /// `X-Canary: 1`, `X-Debug present`, `Accept begins with "text/"`.
  static func condition(_ condition: Config.Condition) -> String {
    let name = condition.name
    return switch condition.test {
    case .present: "\(name) present"
    case .absent: "\(name) absent"
    case .isOneOf(let values):
      "\(name) = " + values.map(quoted).joined(separator: " or ")
    case .hasPrefix(let prefix): "\(name) begins with \(quoted(prefix))"
    case .contains(let part): "\(name) contains \(quoted(part))"
    }
  }

  // MARK: What a route does

  /// `headers` says how header conditions and edits are to be read; bodies are counted, not shown.
  static func action(_ action: Config.Action) -> String {
    switch action {
    case .pool(let name): "to pool \(quoted(name))"
    case .redirect(let status, let target): "redirect \(status) to \(template(target))"
    case .respond(let response):
      response.body.isEmpty
        ? "respond \(response.status)"
        : "respond \(response.status) with \(count(response.body.count, "byte")) of "
          + response.contentType
    }
  }

  static func rewrite(_ rewrite: Config.Rewrite) -> String {
    switch rewrite {
    case .stripPrefix(let prefix): "strip_prefix \(prefix.isEmpty ? "/" : prefix)"
    case .replacePrefix(let prefix, let other):
      "replace_prefix \(prefix.isEmpty ? "/" : prefix) with \(other.isEmpty ? "/" : other)"
    case .template(let path): "path \(template(path))"
    }
  }

  /// `20 per second by client_address, burst 40`.
  static func rate(_ rate: Config.Rate) -> String {
    let standard = Config.Rate(count: 1, period: .second)
    var text = "\(rate.count) per \(rate.period.rawValue) by \(RateKeyText.format(rate.key))"
    if rate.ipv4Prefix != standard.ipv4Prefix { text += ", ipv4_prefix \(rate.ipv4Prefix)" }
    if rate.ipv6Prefix != standard.ipv6Prefix { text += ", ipv6_prefix \(rate.ipv6Prefix)" }
    return text + ", burst \(rate.burst)"
  }

  static func edits(_ edits: Config.HeaderEdits) -> [String] {
    edits.remove.map { "remove \($0)" }
      + edits.set.map { "set \($0.name): \(template($0.value))" }
      + edits.add.map { "add \($0.name): \(template($0.value))" }
  }

  static func template(_ template: Config.Template) -> String {
    template.parts.map { part in
      switch part {
      case .text(let text): text.replacing("{", with: "{{").replacing("}", with: "}}")
      case .variable(let variable): "{\(name(variable))}"
      }
    }.joined()
  }

  static func name(_ variable: Config.Variable) -> String {
    switch variable {
    case .capture(let name): name
    case .header(let name): "header.\(name)"
    default: TemplateText.variables.first { $0.variable == variable }?.name ?? ""
    }
  }
}
