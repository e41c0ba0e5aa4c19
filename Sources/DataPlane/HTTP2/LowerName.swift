/// A field name of at most 40 bytes in lower case, as words, so that it is compared, hashed and
/// written without a loop over bytes. Bytes behind the name are 0.
struct LowerName: BitwiseCopyable {
  static var maxCount: Int { 40 }

  private(set) var words = InlineArray<5, UInt64>(repeating: 0)
  let count: Int

  /// - Parameter count: 1 to `maxCount`.
  @inline(__always)
  init(_ bytes: borrowing Bytes, _ at: Int, _ count: Int) {
    self.count = count
    var done = 0
    var index = 0
    while done < count {
      let word = load8(bytes, at &+ done) & LowerName.mask(count &- done)
      words[index] = LowerName.lower(word)
      index &+= 1
      done &+= 8
    }
  }

  /// `:authority`, the one pseudo-field that the dynamic table holds.
  static var authority: LowerName { LowerName(0x6972_6f68_7475_613a, 0x7974, count: 10) }

  private init(_ first: UInt64, _ second: UInt64, count: Int) {
    words[0] = first
    words[1] = second
    self.count = count
  }

  var wordCount: Int { @inline(__always) get { (count &+ 7) >> 3 } }

  /// Keeps the first `count` bytes of a word; all when `count` is 8 or more.
  @inline(__always) static func mask(_ count: Int) -> UInt64 {
    count >= 8 ? ~0 : (1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1
  }

  /// A to Z become a to z, side by side; all other bytes stay.
  @inline(__always) static func lower(_ word: UInt64) -> UInt64 {
    let low = word & 0x7f7f_7f7f_7f7f_7f7f
    let fromA = low &+ 0x3f3f_3f3f_3f3f_3f3f
    let behindZ = low &+ 0x2525_2525_2525_2525
    let isUpper = (fromA ^ behindZ) & ~word & 0x8080_8080_8080_8080
    return word | isUpper >> 2
  }
}
