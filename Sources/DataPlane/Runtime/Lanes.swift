import CLinux

/// Sixteen bytes at a time.
typealias Lanes = SIMD16<UInt8>

// Loads from a span are bounds-checked by the standard library; they are "unsafe" only for types
// that are not plain bits, which these are.

@inline(__always)
func load16(_ bytes: borrowing Bytes, _ index: Int) -> Lanes {
  unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: Lanes.self)
}

@inline(__always)
func load8(_ bytes: borrowing Bytes, _ index: Int) -> UInt64 {
  unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
}

/// One bit per lane that is true: PMOVMSKB on x86-64, its portable twin elsewhere.
@inline(__always)
func laneBits(_ mask: SIMDMask<SIMD16<Int8>>) -> UInt32 {
  hr_byte_mask(Lanes(repeating: 0).replacing(with: Lanes(repeating: 0xff), where: mask))
}

extension StaticString {
  /// The byte at an index below `utf8CodeUnitCount`; traps elsewhere.
  @inline(__always) func byte(_ index: Int) -> UInt8 {
    precondition(index >= 0 && index < utf8CodeUnitCount)
    return unsafe utf8Start[index]
  }
}
