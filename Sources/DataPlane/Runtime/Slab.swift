/// What a slab holds: a value that can be made empty.
protocol SlabElement: ~Copyable {
  init()
}

/// Values behind stable `Int32` indices, in chunks that never move.
///
/// Owned by one worker. A slot is initialised when first used and stays so: released slots are
/// reused, last released first. Growth allocates one chunk; a full slab answers nil, it never
/// traps. Lookup by index costs 1.5 ns where a dictionary by descriptor costs 8.6 ns (measured).
@safe
struct Slab<Element: SlabElement & ~Copyable>: ~Copyable {
  private static var chunkShift: Int { 8 }
  private static var chunkSize: Int { 1 << chunkShift }

  private let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  let limit: Int
  private var used = 0
  private var free: [Int32] = []

  /// - Parameter limit: the most elements that may live at once.
  init(limit: Int) {
    self.limit = limit
    let count = (limit + Self.chunkSize - 1) >> Self.chunkShift
    unsafe chunks = .allocate(capacity: max(count, 1))
  }

  deinit {
    for index in 0..<used {
      unsafe (chunks[index >> Self.chunkShift] + (index & 255)).deinitialize(count: 1)
    }
    for chunk in 0..<((used + Self.chunkSize - 1) >> Self.chunkShift) {
      unsafe chunks[chunk].deallocate()
    }
    unsafe chunks.deallocate()
  }

  /// Slots that were ever used: all taken ones are below.
  var usedSlots: Int { used }

  /// Elements that are taken now.
  var count: Int { used - free.count }

  /// A slot, or nil when the slab is full. Its value is as the last user left it.
  mutating func take() -> Int32? {
    if let index = free.popLast() { return index }
    guard used < limit else { return nil }
    if used & (Self.chunkSize - 1) == 0 {
      unsafe chunks[used >> Self.chunkShift] = .allocate(capacity: Self.chunkSize)
    }
    unsafe (chunks[used >> Self.chunkShift] + (used & 255)).initialize(to: Element())
    used += 1
    return Int32(used - 1)
  }

  mutating func release(_ index: Int32) { free.append(index) }

  @inline(__always) func isUsed(_ index: Int32) -> Bool {
    UInt(bitPattern: Int(index)) < UInt(bitPattern: used)
  }

  subscript(index: Int32) -> Element {
    @inline(__always) unsafeAddress {
      precondition(isUsed(index))
      return unsafe UnsafePointer(chunks[Int(index) >> Self.chunkShift] + (Int(index) & 255))
    }
    @inline(__always) unsafeMutableAddress {
      precondition(isUsed(index))
      return unsafe chunks[Int(index) >> Self.chunkShift] + (Int(index) & 255)
    }
  }
}
