/// The key of an edge: a node and the bytes of a segment, hashed eight bytes at a time.
struct SegmentKey {
  let hash: UInt32
  /// The first eight bytes, zeros behind the end.
  let head: UInt64

  /// Eight bytes behind the segment may be read.
  @inline(__always)
  init(_ bytes: borrowing Bytes, _ at: Int, _ count: Int, parent: UInt32) {
    var state = UInt64(parent) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: count)
    let head = SegmentKey.word(bytes, at, count)
    state = SegmentKey.mix(state ^ head)
    var index = 8
    while index < count {
      state = SegmentKey.mix(state ^ SegmentKey.word(bytes, at &+ index, count &- index))
      index &+= 8
    }
    self.head = head
    hash = UInt32(truncatingIfNeeded: state >> 24)
  }

  @inline(__always) private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0xff51_afd7_ed55_8ccd
    return product ^ product >> 33
  }

  /// Up to eight bytes; zeros behind the end.
  @inline(__always)
  static func word(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> UInt64 {
    if count <= 0 { return 0 }
    let word = load8(bytes, at)
    return count >= 8 ? word : word & ((1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1)
  }

  /// Whether `count` bytes at both places are the same; eight bytes behind may be read.
  @inline(__always)
  static func isEqual(
    _ left: borrowing Bytes, _ at: Int, _ right: borrowing Bytes, _ other: Int, _ count: Int
  ) -> Bool {
    var index = 0
    while index < count {
      if word(left, at &+ index, count &- index) != word(right, other &+ index, count &- index) {
        return false
      }
      index &+= 8
    }
    return true
  }
}

/// Hosts are hashed and compared without case, eight bytes at a time.
enum HostKey {
  /// Sets the bit in which cases differ. No two bytes that may stand in a host become one by it,
  /// but for the two cases of a letter: requests' hosts are checked by `HostParser` before.
  private static var fold: UInt64 { 0x2020_2020_2020_2020 }

  /// Eight bytes behind the host may be read.
  @inline(__always)
  static func hash(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) -> UInt32 {
    var state = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
    var index = 0
    while index < count {
      let word = SegmentKey.word(bytes, at &+ index, count &- index) | fold
      state = (state ^ word) &* 0xff51_afd7_ed55_8ccd
      state ^= state >> 33
      index &+= 8
    }
    return UInt32(truncatingIfNeeded: state >> 24)
  }

  @inline(__always)
  static func isEqual(
    _ text: borrowing Bytes, _ reference: TextReference, _ other: borrowing Bytes, _ at: Int
  ) -> Bool {
    let count = Int(reference.count)
    var index = 0
    while index < count {
      let left = SegmentKey.word(text, Int(reference.offset) &+ index, count &- index)
      let right = SegmentKey.word(other, at &+ index, count &- index)
      if left | fold != right | fold { return false }
      index &+= 8
    }
    return true
  }

  @inline(__always) static func lower(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 <= 25 ? byte | 0x20 : byte
  }
}
