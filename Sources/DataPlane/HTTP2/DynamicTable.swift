/// The dynamic table of one direction of a connection (RFC 7541 section 2.3.2).
///
/// Entries are numbered as they come and leave in the same order; an entry's text lies in one
/// piece, so that it can be compared and copied whole. The text moves to the front of its block
/// when the block's end is reached. Owned by an encoder or a decoder.
struct DynamicTable: ~Copyable {
  /// Lengths are 16-bit.
  static var maxBytes: Int { 65_536 }
  /// What an entry counts beyond its text.
  static var overhead: Int { 32 }

  private var text: Block
  /// A ring, a word an entry: the text's place in the lower half, lengths of name and value above.
  private var places: Block
  private let mask: UInt32
  /// The number of the next entry. Wraps.
  private(set) var next: UInt32 = 1
  private(set) var count = 0
  /// As the RFC counts it.
  private(set) var size = 0
  private(set) var maxSize: Int
  /// The place that the block's first byte stands for. Places wrap.
  private var base: UInt32 = 0

  /// - Parameters:
  ///   - capacity: the most that `maxSize` may become, at most `maxBytes`.
  ///   - maxSize: at most `capacity`.
  init(capacity: Int, maxSize: Int) {
    let bytes = min(max(capacity, DynamicTable.overhead), DynamicTable.maxBytes)
    var slots = 1
    while slots < bytes / DynamicTable.overhead { slots *= 2 }
    text = Block(capacity: bytes)
    places = Block(capacity: slots * 8)
    mask = UInt32(truncatingIfNeeded: slots &- 1)
    self.maxSize = min(maxSize, bytes)
  }

  /// - Parameter newSize: at most the capacity.
  mutating func resize(_ newSize: Int) {
    maxSize = newSize
    evict(until: newSize)
  }

  mutating func empty() { evict(until: 0) }

  /// Whether this entry has not left.
  @inline(__always) func isLive(_ number: UInt32) -> Bool {
    let age = next &- number
    return age >= 1 && Int(age) <= count
  }

  /// 0 for the newest. The entry is live.
  @inline(__always) func age(_ number: UInt32) -> Int { Int(next &- number &- 1) }

  /// Of the entry with this age, 0 being the newest; nil when there is none.
  @inline(__always) func find(_ age: Int) -> Place? {
    guard age >= 0, age < count else { return nil }
    return place(next &- 1 &- UInt32(truncatingIfNeeded: age))
  }

  struct Place: BitwiseCopyable {
    /// Of the name; the value follows it.
    let at: Int
    let nameLength: Int
    let valueLength: Int
  }

  /// Of a live entry.
  @inline(__always) func place(_ number: UInt32) -> Place {
    let word = places.word(Int(number & mask) &* 8)
    return Place(
      at: Int(UInt32(truncatingIfNeeded: word) &- base), nameLength: Int(word >> 32 & 0xffff),
      valueLength: Int(word >> 48))
  }

  @inline(__always) func append(_ at: Int, _ count: Int, to out: inout Block) {
    out.append(text, at, count)
  }

  /// Adds an entry whose name and value lie in `source`; older ones leave for it. One that is too
  /// large empties the table (RFC 7541 section 4.4).
  mutating func insert(
    _ source: borrowing Block, _ name: Int, _ nameLength: Int, _ value: Int, _ valueLength: Int
  ) {
    guard makeRoom(nameLength &+ valueLength) else { return }
    let at = text.end
    text.append(source, name, nameLength)
    text.append(source, value, valueLength)
    add(at, nameLength, valueLength)
  }

  /// - Returns: false when the entry is too large; the table is empty then.
  private mutating func makeRoom(_ length: Int) -> Bool {
    let need = length &+ DynamicTable.overhead
    guard need <= maxSize else {
      evict(until: 0)
      return false
    }
    evict(until: maxSize &- need)
    if text.capacity &- text.end < length {
      let oldest = count == 0 ? text.end : place(next &- UInt32(truncatingIfNeeded: count)).at
      let live = text.end &- oldest
      text.move(from: oldest, live, to: 0)
      text.end = live
      base = base &+ UInt32(truncatingIfNeeded: oldest)
    }
    return true
  }

  private mutating func add(_ at: Int, _ nameLength: Int, _ valueLength: Int) {
    let place = UInt64(UInt32(truncatingIfNeeded: at) &+ base)
    let lengths = UInt64(nameLength) << 32 | UInt64(valueLength) << 48
    places.store(place | lengths, at: Int(next & mask) &* 8)
    next = next &+ 1
    count &+= 1
    size &+= nameLength &+ valueLength &+ DynamicTable.overhead
  }

  private mutating func evict(until limit: Int) {
    while size > limit {
      let oldest = place(next &- UInt32(truncatingIfNeeded: count))
      size &-= oldest.nameLength &+ oldest.valueLength &+ DynamicTable.overhead
      count &-= 1
    }
  }
}

// MARK: For the encoder

extension DynamicTable {
  /// Adds an entry; its name is in lower case already. The caller has seen to it that it fits.
  mutating func insert(
    _ name: LowerName, _ bytes: borrowing Bytes, _ value: Int, _ valueLength: Int
  ) {
    guard makeRoom(name.count &+ valueLength) else { return }
    let at = text.end
    text.append(name)
    text.append(bytes, value, valueLength)
    add(at, name.count, valueLength)
  }

  /// Whether a live entry has this name.
  @inline(__always) func isNamed(_ number: UInt32, _ name: LowerName) -> Bool {
    let place = place(number)
    guard place.nameLength == name.count else { return false }
    var done = 0
    var index = 0
    while done < name.count {
      let word = text.word(place.at &+ done) & LowerName.mask(name.count &- done)
      if word != name.words[index] { return false }
      index &+= 1
      done &+= 8
    }
    return true
  }

  /// Whether a live entry has this value.
  @inline(__always)
  func hasValue(
    _ number: UInt32, _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Bool {
    let place = place(number)
    guard place.valueLength == count else { return false }
    let value = place.at &+ place.nameLength
    var done = 0
    while done < count {
      let difference = text.word(value &+ done) ^ load8(bytes, at &+ done)
      if difference & LowerName.mask(count &- done) != 0 { return false }
      done &+= 8
    }
    return true
  }
}

extension Block {
  @inline(__always) mutating func append(_ name: LowerName) {
    let at = end
    check(at, name.count)
    for index in 0..<name.wordCount { store(name.words[index], at: at &+ index &* 8) }
    end = at &+ name.count
  }
}
