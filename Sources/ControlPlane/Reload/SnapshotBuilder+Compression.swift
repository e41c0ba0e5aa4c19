import DataPlane

/// What is compressed, as rows.
extension SnapshotBuilder {
  func compression(_ draft: inout SnapshotDraft) -> CompressionPolicy {
    var policy = CompressionPolicy()
    policy.level = UInt8(config.compression.level)
    policy.minBytes = Int64(config.compression.minBytes)
    let first = draft.mediaTypes.count
    for type in config.compression.types { draft.mediaTypes.append(row(type, &draft)) }
    policy.types = RowRange(first: first, count: draft.mediaTypes.count - first)
    return policy
  }

  private func row(_ type: String, _ draft: inout SnapshotDraft) -> MediaTypeRow {
    if type.hasPrefix("+") {
      return MediaTypeRow(kind: .suffix, text: draft.intern(type.utf8))
    }
    if type.hasSuffix("/*") {
      return MediaTypeRow(kind: .prefix, text: draft.intern(type.dropLast().utf8))
    }
    return MediaTypeRow(kind: .exact, text: draft.intern(type.utf8))
  }
}
