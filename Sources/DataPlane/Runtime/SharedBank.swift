import CLinux

/// Words that every worker and the control plane read and write: two cache lines, the first for
/// what changes with each request, the second for what rarely does.
///
/// Each word is an atomic of its own, in one order for all threads. Lives as long as the process.
@safe
package struct SharedRow: BitwiseCopyable, @unchecked Sendable {
  package static var wordCount: Int { 16 }
  fileprivate let words: UnsafeMutablePointer<UInt64>

  @inline(__always) package func load(_ word: Int) -> UInt64 {
    check(word)
    return unsafe hr_shared_load(words + word)
  }

  @inline(__always) package func store(_ word: Int, _ value: UInt64) {
    check(word)
    unsafe hr_shared_store(words + word, value)
  }

  /// - Returns: the new value. Wraps around, so that `UInt64.max` takes one away.
  @inline(__always) @discardableResult
  package func add(_ word: Int, _ amount: UInt64 = 1) -> UInt64 {
    check(word)
    return unsafe hr_shared_add(words + word, amount)
  }

  @inline(__always) @discardableResult
  package func subtract(_ word: Int) -> UInt64 { add(word, UInt64.max) }

  /// - Returns: false, with nothing changed, when the word was not `expected`.
  @inline(__always)
  package func replace(_ word: Int, _ expected: UInt64, with desired: UInt64) -> Bool {
    check(word)
    return unsafe hr_shared_replace(words + word, expected, desired)
  }

  /// Adds one unless that would pass `limit`.
  @inline(__always)
  package func add(_ word: Int, upTo limit: UInt64) -> Bool {
    while true {
      let value = load(word)
      guard value < limit else { return false }
      if replace(word, value, with: value &+ 1) { return true }
    }
  }

  @inline(__always) private func check(_ word: Int) {
    precondition(UInt(bitPattern: word) < UInt(bitPattern: SharedRow.wordCount))
  }
}

/// Shared rows by identity, in chunks that never move.
///
/// The control plane makes room before it publishes an id (`reserve`), as for a `CounterBank`.
@safe
package struct SharedBank: BitwiseCopyable, @unchecked Sendable {
  private static var rowsPerChunk: Int { 64 }
  private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>

  package init() {
    let count = CounterBank.capacity / SharedBank.rowsPerChunk
    unsafe chunks = .allocate(capacity: count)
    unsafe chunks.initialize(repeating: nil, count: count)
    reserve(0)
  }

  /// Makes room for `id`. Called by one thread at a time, before the id is published.
  package func reserve(_ id: UInt32) {
    precondition(Int(id) < CounterBank.capacity)
    let chunk = Int(id) / SharedBank.rowsPerChunk
    guard unsafe chunks[chunk] == nil else { return }
    let words = SharedBank.rowsPerChunk * SharedRow.wordCount
    let memory = UnsafeMutableRawPointer.allocate(byteCount: words * 8, alignment: 128)
    let bound = unsafe memory.bindMemory(to: UInt64.self, capacity: words)
    unsafe bound.initialize(repeating: 0, count: words)
    unsafe chunks[chunk] = bound
  }

  @inline(__always) package subscript(id: UInt32) -> SharedRow {
    precondition(Int(id) < CounterBank.capacity)
    guard let words = unsafe chunks[Int(id) / SharedBank.rowsPerChunk] else {
      preconditionFailure("shared row not reserved")
    }
    return unsafe SharedRow(
      words: words + (Int(id) % SharedBank.rowsPerChunk) * SharedRow.wordCount)
  }
}
