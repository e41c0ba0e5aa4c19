extension ConfigDecoder {
  static let fileBytesMax = 1 << 20

  mutating func decodeErrorPages(_ entries: [YamlNode.Entry]) {
    guard let node = entry("error_pages", entries)?.value else { return }
    if refuseNothing(node, quoted("error_pages")) { return }
    guard case .mapping(let pages) = node.content else {
      let rule = OptionTable.row("error_pages").kind.description
      refuse(node.place, "\"error_pages\" must be \(rule), not \(node.found)")
      return
    }
    for entry in pages {
      let statuses = statuses(entry.key)
      if statuses == nil {
        refuse(
          entry.keyPlace,
          "a key of \"error_pages\" must be 400 to 599, 4xx or 5xx, not \(quoted(entry.key))")
      }
      guard let page = page(entry, statuses ?? 400...400), statuses != nil else { continue }
      config.errorPages.append(page)
    }
    // A status wins over its class, whatever the order in the file.
    let single = config.errorPages.filter { $0.statuses.count == 1 }
    config.errorPages = single + config.errorPages.filter { $0.statuses.count > 1 }
  }

  private func statuses(_ key: String) -> ClosedRange<Int>? {
    switch key {
    case "4xx": return 400...499
    case "5xx": return 500...599
    default:
      guard key.utf8.count == 3, let status = IntegerText.digits(key), 400...599 ~= status
      else { return nil }
      return status...status
    }
  }

  private mutating func page(
    _ entry: YamlNode.Entry, _ statuses: ClosedRange<Int>
  ) -> Config.ErrorPage? {
    let name = "error_pages.\(entry.key)"
    guard case .word(let written) = scalar(entry.value, OptionTable.row("error_pages.*"), name)
    else { return nil }
    let path = FilePath.resolve(written, besides: sources[entry.value.place.source].file)
    switch readFile(path, Self.fileBytesMax) {
    case .success(let body):
      guard String(validating: body, as: UTF8.self) != nil else {
        refuse(entry.value.place, "\(quoted(name)): \(quoted(path)) is not UTF-8")
        return nil
      }
      return Config.ErrorPage(
        statuses: statuses, file: path, body: body, contentType: contentType(ofFile: path))
    case .failure(let failure):
      refuse(entry.value.place, "\(quoted(name)): cannot read \(quoted(path)): \(failure)")
      return nil
    }
  }

  func contentType(ofFile path: String) -> String {
    if path.hasSuffix(".html") { return "text/html; charset=utf-8" }
    if path.hasSuffix(".json") { return "application/json; charset=utf-8" }
    return "text/plain; charset=utf-8"
  }
}
