/// The compressed forms of what a cache holds. Several entries may share one: a validated response
/// takes over that of the entry in whose place it stands.
extension CacheStore {
  /// All of a compressed form is there.
  func completeCompressed(_ body: CachedBody, of entry: CachedEntry) {
    let smaller = smaller(body, of: entry)
    withLock { changes in
      forEachHolder(of: body, entry) { holder in
        if let smaller { replaceCompressed(body, of: holder, with: smaller, &changes) }
        if holder.isStored {
          changes.eviction.resize(holder.slot, bytes: holder.allocatedBytes)
        }
      }
    }
    smaller?.release(budget)
  }

  /// It is no entry's compressed form any more.
  func dropCompressed(_ body: CachedBody, of entry: CachedEntry) {
    withLock { changes in
      forEachHolder(of: body, entry) { holder in
        replaceCompressed(body, of: holder, with: nil, &changes)
        if holder.isStored {
          changes.eviction.resize(holder.slot, bytes: holder.allocatedBytes)
        }
      }
    }
  }

  /// The entry itself, and others of its key. Under the lock; the caller holds the entry.
  private func forEachHolder(
    of body: CachedBody, _ entry: CachedEntry, _ work: (CachedEntry) -> Void
  ) {
    if entry.compressed == body { work(entry) }
    var current = first(entry.info.hash)
    while let found = current {
      current = found.next
      if found != entry, found.compressed == body { work(found) }
    }
  }

  /// Others may just have found the former one: it lives until they are quiet.
  private func replaceCompressed(
    _ body: CachedBody, of entry: CachedEntry, with other: CachedBody?,
    _ changes: inout CacheChanges
  ) {
    other?.retain()
    guard entry.setCompressed(other, instead: body) else {
      other?.release(budget)
      return
    }
    retire(body, &changes)
  }
}
