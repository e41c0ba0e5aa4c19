/// What is compressed, and where.
extension ConfigDecoder {
  mutating func decodeRouteCompression(
    _ entries: [YamlNode.Entry], _ draft: inout RouteDraft
  ) {
    guard let node = entry("compress", entries)?.value,
      case .word(let word) = scalar(
        node, OptionTable.row("routes[].compress"), "\(draft.name).compress")
    else { return }
    draft.route.compresses = word == "on"
  }

  /// The list; the numbers are plain settings.
  mutating func decodeCompressionTypes(_ entries: [YamlNode.Entry]) {
    guard case .mapping(let below) = entry("compression", entries)?.value.content,
      let node = entry("types", below)?.value
    else { return }
    let name = "compression.types"
    let types = scalars(node, OptionTable.row(name), name).compactMap { value, _ in
      if case .word(let type) = value { type } else { nil }
    }
    if !types.isEmpty { config.compression.types = types }
  }
}
