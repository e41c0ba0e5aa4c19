import CLinux
import Glibc

/// A stretch of memory whose first words several threads read and write as atomics.
///
/// What entries, bodies and the table of a cache are made of. Nothing is counted or freed here:
/// its user says when.
@safe
struct SharedWords: BitwiseCopyable, @unchecked Sendable, Equatable {
  let address: UnsafeMutableRawPointer

  /// Zeroed.
  init(byteCount: Int) {
    guard let memory = unsafe calloc(1, byteCount) else { fatalError("out of memory") }
    unsafe address = memory
  }

  /// Zeroed only at its ends: what is between is written before anybody reads it.
  init(byteCount: Int, zeroedAtStart start: Int, atEnd end: Int) {
    guard let memory = unsafe malloc(byteCount) else { fatalError("out of memory") }
    unsafe memset(memory, 0, start)
    unsafe memset(memory + (byteCount - end), 0, end)
    unsafe address = memory
  }

  /// From a word that `raw` made; nil for 0.
  init?(raw: UInt64) {
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(raw)) else { return nil }
    unsafe address = pointer
  }

  var raw: UInt64 { @inline(__always) get { unsafe UInt64(UInt(bitPattern: address)) } }

  static func == (left: SharedWords, right: SharedWords) -> Bool { left.raw == right.raw }

  func free() { unsafe Glibc.free(address) }

  @inline(__always) private func word(_ index: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe address.assumingMemoryBound(to: UInt64.self) + index
  }

  @inline(__always) func load(_ index: Int) -> UInt64 { unsafe hr_shared_load(word(index)) }
  @inline(__always) func store(_ index: Int, _ value: UInt64) {
    unsafe hr_shared_store(word(index), value)
  }
  /// - Returns: the new value.
  @inline(__always) @discardableResult
  func add(_ index: Int, _ amount: UInt64) -> UInt64 { unsafe hr_shared_add(word(index), amount) }
  @inline(__always)
  func replace(_ index: Int, _ expected: UInt64, with desired: UInt64) -> Bool {
    unsafe hr_shared_replace(word(index), expected, desired)
  }
  /// Sets the word to 0 and says what it was.
  func takeAll(_ index: Int) -> UInt64 {
    while true {
      let value = load(index)
      if value == 0 || replace(index, value, with: 0) { return value }
    }
  }
  func setBits(_ index: Int, _ bits: UInt64) {
    while true {
      let value = load(index)
      if value & bits == bits || replace(index, value, with: value | bits) { return }
    }
  }

  /// A counter of which now and then a step may be lost.
  @inline(__always) func count(_ index: Int) { unsafe hr_counter_add(word(index), 1) }
  @inline(__always) func loadRelaxed(_ index: Int) -> UInt64 {
    unsafe hr_counter_load(word(index))
  }
  @inline(__always) func storeRelaxed(_ index: Int, _ value: UInt64) {
    unsafe hr_counter_set(word(index), value)
  }
}
