/// What a route does: exactly one of `to`, `redirect` and `respond`.
extension ConfigDecoder {
  private static let actions = ["to", "redirect", "respond"]
  /// Keys that mean something only where a backend gets the request.
  private static let poolOnly = [
    "rewrite", "request_headers", "timeout", "timeouts", "cache", "compress",
  ]

  mutating func decodeAction(_ entries: [YamlNode.Entry], _ draft: inout RouteDraft) {
    let written = entries.filter { Self.actions.contains($0.key) }
    if written.isEmpty {
      refuse(
        draft.place, "\(quoted(draft.name)) needs one of \"to\", \"redirect\" and \"respond\"")
    }
    for extra in written.dropFirst() {
      refuse(
        extra.keyPlace,
        "\(quoted(draft.name)) has \(quoted(written[0].key)) already; write one of "
          + "\"to\", \"redirect\" and \"respond\"")
    }
    for action in written.prefix(1) {
      let name = "\(draft.name).\(action.key)"
      switch action.key {
      case "to": decodePoolAction(action.value, name, &draft)
      case "redirect": decodeRedirect(action.value, name, &draft)
      default: decodeRespond(action.value, name, &draft)
      }
      guard action.key != "to" else { continue }
      for useless in entries where Self.poolOnly.contains(useless.key) {
        refuse(
          useless.keyPlace,
          "\(quoted(useless.key)) has no effect with \(quoted(action.key)); only with \"to\"")
      }
    }
  }

  private mutating func decodePoolAction(
    _ node: YamlNode, _ name: String, _ draft: inout RouteDraft
  ) {
    guard case .word(let pool) = scalar(node, OptionTable.row("routes[].to"), name) else { return }
    draft.route.action = .pool(pool)
    poolReferences.append(PoolReference(pool: pool, place: node.place))
  }

  private mutating func decodeRedirect(
    _ node: YamlNode, _ name: String, _ draft: inout RouteDraft
  ) {
    let path = "routes[].redirect"
    var status = IntegerText.digits(OptionTable.defaultText("\(path).status")) ?? 302
    var target: (node: YamlNode, name: String) = (node, name)
    if case .mapping = node.content {
      guard let entries = mapping(node, at: path, called: quoted(name)) else { return }
      if let written = entry("status", entries)?.value,
        case .word(let word) = scalar(
          written, OptionTable.row("\(path).status"), "\(name).status")
      {
        status = IntegerText.digits(word) ?? status
      }
      guard let to = required("to", entries, of: node.place, called: quoted(name)) else { return }
      target = (to, "\(name).to")
    }
    guard let template = template(target.node, "\(path).to", target.name, &draft) else { return }
    draft.route.action = .redirect(status: status, to: template)
  }

  private mutating func decodeRespond(
    _ node: YamlNode, _ name: String, _ draft: inout RouteDraft
  ) {
    let path = "routes[].respond"
    var response = Config.Response(
      status: IntegerText.digits(OptionTable.defaultText("\(path).status")) ?? 200,
      contentType: OptionTable.defaultText("\(path).content_type"))
    guard case .mapping = node.content else {
      if case .integer(let status) = scalar(node, OptionTable.row("\(path).status"), name) {
        response.status = status
      }
      draft.route.action = .respond(response)
      return
    }
    guard let entries = mapping(node, at: path, called: quoted(name)) else { return }
    if let status = entry("status", entries)?.value,
      case .integer(let number) = scalar(
        status, OptionTable.row("\(path).status"), "\(name).status")
    {
      response.status = number
    }
    if !node.hasEntries {
      refuse(node.place, "\(quoted(name)) is empty; write a status or a body")
    }
    decodeBody(entries, name, &response)
    draft.route.action = .respond(response)
  }

  private mutating func decodeBody(
    _ entries: [YamlNode.Entry], _ name: String, _ response: inout Config.Response
  ) {
    let path = "routes[].respond"
    let body = entry("body", entries)
    let file = entry("file", entries)
    if let body,
      case .word(let text) = scalar(
        body.value, OptionTable.row("\(path).body"), "\(name).body")
    {
      response.body = Array(text.utf8)
    }
    if let file, let (bytes, type) = responseFile(file.value, "\(name).file") {
      response.body = bytes
      response.contentType = type
    }
    if let body, let file {
      let later = max(body.keyPlace.position, file.keyPlace.position)
      let place = later == body.keyPlace.position ? body.keyPlace : file.keyPlace
      refuse(place, "write either \"body\" or \"file\", not both")
    }
    if [204, 205, 304].contains(response.status), let some = body ?? file {
      refuse(some.keyPlace, "a response with status \(response.status) has no body")
    }
    guard let type = entry("content_type", entries) else { return }
    if body == nil, file == nil {
      refuse(type.keyPlace, "\"content_type\" has no effect without \"body\" or \"file\"")
    }
    decodeContentType(type.value, "\(name).content_type", &response)
  }

  private mutating func decodeContentType(
    _ node: YamlNode, _ name: String, _ response: inout Config.Response
  ) {
    let row = OptionTable.row("routes[].respond.content_type")
    guard case .word(let text) = scalar(node, row, name) else { return }
    let kinds = text.prefix { $0 != ";" }.split(separator: "/", omittingEmptySubsequences: false)
    let isType = kinds.count == 2 && kinds.allSatisfy { FieldText.isToken($0) }
    guard isType, text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else {
      refuse(node.place, "\(quoted(name)) must be a type such as text/html, not \(quoted(text))")
      return
    }
    response.contentType = text
  }

  private mutating func responseFile(
    _ node: YamlNode, _ name: String
  ) -> (bytes: [UInt8], type: String)? {
    guard
      case .word(let written) = scalar(
        node, OptionTable.row("routes[].respond.file"), name)
    else { return nil }
    let path = FilePath.resolve(written, besides: sources[node.place.source].file)
    switch readFile(path, Self.fileBytesMax) {
    case .success(let bytes): return (bytes, contentType(ofFile: path))
    case .failure(let failure):
      refuse(node.place, "\(quoted(name)): cannot read \(quoted(path)): \(failure)")
      return nil
    }
  }
}
