/// What the encoder does with a field, by its name.
enum IndexingPolicy {
  /// Into the table when first seen: the value seldom changes.
  case atOnce
  /// Into the table when seen a second time.
  case whenRepeated
  /// Not into the table: the value is another each time.
  case literal
  /// Into no table on the way (RFC 7541 section 7.1.3).
  case secret

  /// - Parameter index: the name's in the static table; 0 when it is not there.
  @inline(__always) static func of(_ index: Int) -> IndexingPolicy {
    switch index {
    // :authority, accept-*, access-control-allow-origin, allow, cache-control, content-encoding,
    // content-language, content-type, server, strict-transport-security, user-agent, vary, via
    case 1, 15...20, 22, 24, 26, 27, 31, 54, 56, 58...60: return .atOnce
    // age, content-length, content-location, content-range, etag, expires, conditions,
    // last-modified, location, range
    case 21, 28...30, 34, 36, 39...44, 46, 50: return .literal
    // authorization, cookie, proxy-authorization, set-cookie
    case 23, 32, 49, 55: return .secret
    default: return .whenRepeated
    }
  }
}

/// The encoder's dynamic table with what finds an entry by its field.
///
/// Two small hash tables, of pairs and of names, hold a hash and the number of an entry, or 0 for
/// what was seen once. An entry is believed only after a comparison of its bytes: a collision costs
/// compression, nothing else.
struct EncoderTable: ~Copyable {
  /// Where a field is found, as indices of the HPACK tables; 0 for a name that is in none.
  enum Found {
    case indexed(Int)
    case literal(name: Int)
    case inserted(name: Int)
  }

  private static var pairSlots: Int { 128 }
  private static var nameSlots: Int { 64 }

  private var entries: DynamicTable
  /// `pairSlots` words and `nameSlots` words: the hash above, the number below.
  private var slots: Block

  init(maxSize: Int) {
    entries = DynamicTable(capacity: HPACKEncoder.maxTableBytes, maxSize: maxSize)
    slots = Block(capacity: (EncoderTable.pairSlots + EncoderTable.nameSlots) * 8)
  }

  var size: Int { entries.size }

  mutating func resize(_ size: Int) { entries.resize(size) }

  /// Finds the field; adds it when it is worth a place.
  @inline(__always)
  mutating func place(
    _ name: LowerName, _ staticIndex: Int, _ bytes: borrowing Bytes, _ value: Int, _ count: Int,
    atOnce: Bool
  ) -> Found {
    let nameHash = FieldHash.of(name)
    let hash = FieldHash.of(bytes, value, count, seed: nameHash)
    let slot = pairSlot(hash)
    let word = slots.word(slot)
    let isKnown = word != 0 && UInt32(truncatingIfNeeded: word >> 32) == hash
    let number = UInt32(truncatingIfNeeded: word)
    if isKnown, number != 0, entries.isLive(number), entries.isNamed(number, name),
      entries.hasValue(number, bytes, value, count)
    {
      return .indexed(index(number))
    }
    return placeNew(
      name, staticIndex, bytes, value, count, nameHash, hash, slot, isWanted: atOnce || isKnown)
  }

  @inline(never)
  private mutating func placeNew(
    _ name: LowerName, _ staticIndex: Int, _ bytes: borrowing Bytes, _ value: Int, _ count: Int,
    _ nameHash: UInt32, _ hash: UInt32, _ slot: Int, isWanted: Bool
  ) -> Found {
    var nameIndex = staticIndex
    let nameSlot = (EncoderTable.pairSlots + Int(nameHash) % EncoderTable.nameSlots) * 8
    var isWanted = isWanted
    if staticIndex == 0 {
      let word = slots.word(nameSlot)
      let number = UInt32(truncatingIfNeeded: word)
      let isKnown = word != 0 && UInt32(truncatingIfNeeded: word >> 32) == nameHash
      if isKnown, number != 0, entries.isLive(number), entries.isNamed(number, name) {
        nameIndex = index(number)
      } else if isKnown {
        // A name that comes again saves its bytes from now on.
        isWanted = true
      } else if number == 0 || !entries.isLive(number) {
        slots.store(UInt64(nameHash) << 32, at: nameSlot)
      }
    }
    // An entry that nothing would find again only takes room.
    let isFree = !isTaken(slot) || UInt32(truncatingIfNeeded: slots.word(slot) >> 32) == hash
    guard isWanted, isFree else {
      if isFree { slots.store(UInt64(hash) << 32, at: slot) }
      return .literal(name: nameIndex)
    }
    let number = entries.next
    entries.insert(name, bytes, value, count)
    slots.store(UInt64(hash) << 32 | UInt64(number), at: slot)
    if staticIndex == 0 {
      slots.store(UInt64(nameHash) << 32 | UInt64(number), at: nameSlot)
    }
    return .inserted(name: nameIndex)
  }

  /// Two slots stand for a hash: the one that has it, else the one that is not taken.
  @inline(__always)
  private func pairSlot(_ hash: UInt32) -> Int {
    let first = Int(hash) % EncoderTable.pairSlots * 8
    if UInt32(truncatingIfNeeded: slots.word(first) >> 32) == hash { return first }
    let second = first ^ 8
    if UInt32(truncatingIfNeeded: slots.word(second) >> 32) == hash { return second }
    return isTaken(first) ? second : first
  }

  /// A slot's entry is still there.
  @inline(__always)
  private func isTaken(_ slot: Int) -> Bool {
    let number = UInt32(truncatingIfNeeded: slots.word(slot))
    return number != 0 && entries.isLive(number)
  }

  @inline(__always)
  private func index(_ number: UInt32) -> Int { StaticTable.count &+ 1 &+ entries.age(number) }
}

/// Hashes of names and values, a word at a time. Not against malice: see `EncoderTable`.
enum FieldHash {
  @inline(__always) static func of(_ name: LowerName) -> UInt32 {
    var hash = UInt64(truncatingIfNeeded: name.count)
    for index in 0..<name.wordCount { hash = mix(hash, name.words[index]) }
    return UInt32(truncatingIfNeeded: hash >> 32)
  }

  @inline(__always)
  static func of(_ bytes: borrowing Bytes, _ at: Int, _ count: Int, seed: UInt32) -> UInt32 {
    var hash = UInt64(seed) << 32 | UInt64(truncatingIfNeeded: count)
    var done = 0
    while done < count {
      hash = mix(hash, load8(bytes, at &+ done) & LowerName.mask(count &- done))
      done &+= 8
    }
    return UInt32(truncatingIfNeeded: hash >> 32)
  }

  @inline(__always) private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
      by: 0xd6e8_feb8_6659_fd93)
    return product.low ^ product.high
  }
}
