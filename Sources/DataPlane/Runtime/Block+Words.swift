// Eight bytes at a time: for codecs that build their output in a register.
extension Block {
  /// Writes eight bytes, the lowest first, at an index up to the capacity: what goes beyond it
  /// falls into the padding.
  @inline(__always) mutating func store(_ word: UInt64, at: Int) {
    check(at, 0)
    unsafe UnsafeMutableRawPointer(base + at).storeBytes(of: word.littleEndian, as: UInt64.self)
  }

  @inline(__always) func word(_ at: Int) -> UInt64 {
    check(at, 0)
    return unsafe UInt64(
      littleEndian: UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self))
  }
}
