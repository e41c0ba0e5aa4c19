@testable import DataPlane

/// Entries and bodies whose every byte says what they are, so that a torn or freed one shows.
enum StoreFixture {
  static let keyLength = 200

  static func hash(_ key: Int) -> Hash128 {
    let low = UInt64(key) &* 0x9e37_79b9_7f4a_7c15
    return Hash128(low: low, high: low ^ 0x5555_aaaa)
  }

  /// The bytes of a key's text and of its body.
  static func byte(_ key: Int, _ at: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: key &* 131 &+ at &* 7 &+ at >> 8)
  }

  static func block(_ key: Int, from: Int = 0, _ count: Int) -> Block {
    var block = Block(capacity: max(count, 1))
    var bytes = [UInt8](repeating: 0, count: count)
    for at in 0..<count { bytes[at] = byte(key, from + at) }
    block.append(bytes)
    return block
  }

  /// nil when the budget has no room. The body's reference is the entry's.
  static func entry(
    _ key: Int, _ body: CachedBody?, _ store: CacheStore, sequence: UInt64? = nil,
    kind: EntryInfo.Kind = .response, vary: UInt64 = 0
  ) -> CachedEntry? {
    var info = EntryInfo()
    info.kind = kind
    info.hash = hash(key)
    info.varyHash = Hash128(low: vary, high: vary)
    info.varyLength = vary == 0 ? 0 : 1
    info.sequence = sequence ?? store.beginFetch()
    info.keyLength = UInt32(keyLength)
    info.urlLength = UInt32(keyLength)
    guard let entry = CachedEntry.make(info, body, store.budget) else {
      body?.release(store.budget)
      return nil
    }
    entry.setText(at: 0, block(key, keyLength), 0, keyLength)
    return entry
  }

  /// A whole body of known length.
  static func body(_ key: Int, _ length: Int, _ store: CacheStore) -> CachedBody? {
    guard let body = CachedBody.make(length: length, store.budget) else { return nil }
    guard body.append(block(key, length), 0, length, store.budget) else { return nil }
    body.finish(.complete)
    return body
  }

  /// The next `count` bytes of a body that comes.
  static func append(_ key: Int, _ count: Int, to body: CachedBody, _ store: CacheStore) -> Bool {
    let next = block(key, from: body.length, count)
    return body.append(next, 0, count, store.budget)
  }

  static func find(_ key: Int, _ store: CacheStore) -> CachedEntry? {
    var current = store.first(hash(key))
    while let entry = current {
      if entry.info.hash == hash(key) { return entry }
      current = entry.next
    }
    return nil
  }

  static func hasRightText(_ entry: CachedEntry, _ key: Int) -> Bool {
    guard Int(entry.info.keyLength) == keyLength else { return false }
    let text = entry.text
    for at in stride(from: 0, to: keyLength, by: 7) where text[at] != byte(key, at) {
      return false
    }
    return true
  }

  /// Up to the length that it has now.
  static func hasRightContent(_ body: CachedBody, _ key: Int) -> Bool {
    let length = body.length
    var copy = Block(capacity: max(length, 1))
    guard body.copy(from: 0, atMost: length, to: &copy) == length else { return false }
    for at in stride(from: 0, to: length, by: 97) where copy.bytes[at] != byte(key, at) {
      return false
    }
    return true
  }
}
