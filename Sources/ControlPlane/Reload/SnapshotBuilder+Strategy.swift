import DataPlane

extension Config.Strategy {
  var kind: StrategyKind {
    switch self {
    case .roundRobin: .roundRobin
    case .weightedRoundRobin: .weightedRoundRobin
    case .random: .random
    case .leastConnections: .leastConnections
    case .twoChoices: .twoChoices
    case .peakEWMA: .peakEWMA
    case .hash: .hash
    case .custom(let name): StrategyRegistration.kind(name)
    }
  }
}

/// What a pool that hashes has in the snapshot.
extension SnapshotBuilder {
  func hashRow(
    _ key: Config.HashKey, _ backends: Range<Int>, _ draft: inout SnapshotDraft
  ) -> PoolHashRow {
    var row = PoolHashRow()
    switch key {
    case .clientAddress: row.source = .clientAddress
    case .path: row.source = .path
    case .header(let name): (row.source, row.name) = (.header, draft.intern(name.utf8))
    case .cookie(let name): (row.source, row.name) = (.cookie, draft.intern(name.utf8))
    case .query(let name): (row.source, row.name) = (.query, draft.intern(name.utf8))
    case .capture(let name): (row.source, row.name) = (.capture, draft.intern(name.utf8))
    case .segment(let number): (row.source, row.segment) = (.segment, UInt32(number))
    }
    let slots = HashTable.build(entries(backends, draft))
    row.slots.first = UInt32(draft.hashSlots.count)
    row.slots.count = UInt32(slots.count)
    draft.hashSlots += slots
    return row
  }

  /// Backups have no keys of their own, unless there is nobody else.
  private func entries(_ backends: Range<Int>, _ draft: SnapshotDraft) -> [HashTable.Entry] {
    let isAllBackup = backends.allSatisfy { draft.backends[$0].isBackup }
    return backends.compactMap { index in
      let backend = draft.backends[index]
      guard !backend.isBackup || isAllBackup else { return nil }
      let name = draft.text[Int(backend.name.offset)...].prefix(Int(backend.name.count))
      return HashTable.Entry(
        name: name, weight: backend.weight, place: UInt32(index - backends.lowerBound))
    }
  }
}
