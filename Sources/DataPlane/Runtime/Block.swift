import CLinux
import Glibc

/// Bytes as the engines see them: bounds-checked, borrowed from a `Block`.
package typealias Bytes = Span<UInt8>

/// One owned buffer, moved between scratch, connections and pool, never copied.
///
/// `start..<end` is the data in it. `Block.padding` readable bytes follow the capacity, so that a
/// 16-byte load at any index below the capacity stays inside `bytes`. The only type of the data
/// plane that holds a pointer to buffer memory; every access is checked against the capacity.
/// Owned by one worker; never shared between threads.
@safe
package struct Block: ~Copyable {
  static var padding: Int { 64 }

  let base: UnsafeMutablePointer<UInt8>
  private let capacity32: UInt32
  private var start32: UInt32 = 0
  private var end32: UInt32 = 0

  /// Zeroed by the kernel page by page, so a large block costs memory only as it is used.
  package init(capacity: Int) {
    precondition(capacity > 0 && capacity <= 1 << 30)
    guard let memory = unsafe calloc(1, capacity + Block.padding) else {
      fatalError("out of memory")
    }
    unsafe base = memory.bindMemory(to: UInt8.self, capacity: capacity + Block.padding)
    capacity32 = UInt32(capacity)
  }

  /// Adopts memory that a block of this capacity gave up with `release`.
  init(adopting memory: UnsafeMutablePointer<UInt8>, capacity: Int) {
    unsafe base = memory
    capacity32 = UInt32(capacity)
  }

  deinit { unsafe free(base) }

  /// Gives up the memory without freeing it: for the pool's free lists.
  consuming func release() -> UnsafeMutablePointer<UInt8> {
    let memory = unsafe base
    discard self
    return unsafe memory
  }

  var capacity: Int { @inline(__always) get { Int(capacity32) } }

  package var start: Int {
    @inline(__always) get { Int(start32) }
    @inline(__always) set { start32 = UInt32(newValue) }
  }

  package var end: Int {
    @inline(__always) get { Int(end32) }
    @inline(__always) set {
      precondition(newValue <= capacity)
      end32 = UInt32(newValue)
    }
  }

  var count: Int { @inline(__always) get { end &- start } }

  /// The whole block with its padding; the data's end is passed beside it.
  package var bytes: Bytes {
    @_lifetime(borrow self) @inline(__always) get {
      let span = unsafe Span<UInt8>(_unsafeStart: base, count: capacity &+ Block.padding)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  @inline(__always) func check(_ at: Int, _ count: Int) {
    precondition(at >= 0 && count >= 0 && at <= capacity && count <= capacity &- at)
  }

  // MARK: Writing

  mutating func removeAll() {
    start32 = 0
    end32 = 0
  }

  /// Empties the block and leaves `room` bytes free in front.
  @inline(__always) mutating func reset(room: Int) {
    start = room
    end = room
  }

  /// Copies `count` bytes of `other` from `from` to `at`.
  @inline(__always)
  mutating func copy(from other: borrowing Block, _ from: Int, _ count: Int, to at: Int) {
    check(at, count)
    other.check(from, count)
    unsafe (base + at).update(from: other.base + from, count: count)
  }

  /// Moves bytes inside the block; the ranges may overlap.
  @inline(__always) mutating func move(from: Int, _ count: Int, to at: Int) {
    check(at, count)
    check(from, count)
    unsafe memmove(base + at, base + from, count)
  }

  @inline(__always) mutating func append(_ other: borrowing Block, _ from: Int, _ count: Int) {
    copy(from: other, from, count, to: end)
    end &+= count
  }

  @inline(__always) package mutating func append(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    check(end, count)
    unsafe (base + end).update(from: text.utf8Start, count: count)
    end &+= count
  }

  @inline(__always) mutating func append(byte: UInt8) {
    check(end, 1)
    unsafe base[end] = byte
    end &+= 1
  }

  @inline(__always)
  mutating func append<let N: Int>(_ array: borrowing InlineArray<N, UInt8>, _ count: Int) {
    precondition(count <= N)
    check(end, count)
    for index in 0..<count { unsafe base[end &+ index] = array[index] }
    end &+= count
  }

  mutating func append(_ bytes: borrowing Bytes, _ from: Int, _ count: Int) {
    check(end, count)
    guard count > 0 else { return }
    unsafe bytes.extracting(from..<(from &+ count)).withUnsafeBufferPointer { source in
      guard let first = source.baseAddress else { return }
      unsafe (base + end).update(from: first, count: count)
    }
    end &+= count
  }

  package mutating func append(_ bytes: [UInt8]) {
    check(end, bytes.count)
    for byte in bytes {
      unsafe base[end] = byte
      end &+= 1
    }
  }

  /// Decimal digits of a number that is not negative.
  mutating func append(decimal value: Int) {
    // One to three digits, as in an address: no loop, no scratch digits.
    if UInt(bitPattern: value) < 1000 {
      check(end, 3)
      if value >= 100 { put(UInt8(truncatingIfNeeded: value / 100) &+ 0x30) }
      if value >= 10 { put(UInt8(truncatingIfNeeded: value / 10 % 10) &+ 0x30) }
      return put(UInt8(truncatingIfNeeded: value % 10) &+ 0x30)
    }
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = UInt64(max(value, 0))
    var first = 20
    repeat {
      first &-= 1
      digits[first] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      rest /= 10
    } while rest > 0
    for index in first..<20 { append(byte: digits[index]) }
  }

  /// The byte behind the end; the caller has checked that there is room.
  @inline(__always) private mutating func put(_ byte: UInt8) {
    unsafe base[end] = byte
    end &+= 1
  }

  /// Lower-case hexadecimal digits, 1 to 16.
  mutating func append(hex value: UInt64, digits: Int) {
    precondition(digits >= 1 && digits <= 16)
    // Written 8 at a time: up to 15 bytes more than asked for, which the padding takes.
    check(end, digits)
    let aligned = value << UInt64((16 &- digits) &* 4)
    put(Block.hexDigits(UInt32(truncatingIfNeeded: aligned >> 32)), at: end)
    if digits > 8 { put(Block.hexDigits(UInt32(truncatingIfNeeded: aligned)), at: end &+ 8) }
    end &+= digits
  }

  @inline(__always) private mutating func put(_ word: UInt64, at: Int) {
    unsafe UnsafeMutableRawPointer(base + at).storeBytes(of: word, as: UInt64.self)
  }

  /// Eight hexadecimal digits, the highest first in memory, computed side by side in one word.
  @inline(__always) private static func hexDigits(_ value: UInt32) -> UInt64 {
    // Spreads the eight nibbles over eight bytes.
    var word = UInt64(value)
    word = (word | word << 16) & 0x0000_ffff_0000_ffff
    word = (word | word << 8) & 0x00ff_00ff_00ff_00ff
    word = (word | word << 4) & 0x0f0f_0f0f_0f0f_0f0f
    // 1 in each byte that is a letter: 10 to 15 carry into the fifth bit when 6 is added.
    let letters = ((word &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    return (word &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).byteSwapped.littleEndian
  }

  @inline(__always) mutating func set(_ at: Int, _ byte: UInt8) {
    check(at, 1)
    unsafe base[at] = byte
  }
}
