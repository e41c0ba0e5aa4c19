import Testing

@testable import DataPlane

/// Ranges of addresses, in bits.
struct AddressRangeTests {
  static func contains(_ range: [UInt8], _ length: Int, _ address: [UInt8]) -> Bool {
    let row = AddressRangeRow(bytes: range, prefixLength: length)
    var copy = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<16 { copy[index] = address[index] }
    return row.contains(copy)
  }

  @Test("a range holds what has its first bits, at every length")
  func lengths() {
    let base = (0..<16).map { UInt8($0 * 17) }
    for length in 0...128 {
      #expect(Self.contains(base, length, base), "\(length)")
      for bit in 0..<128 {
        var other = base
        other[bit / 8] ^= 0x80 >> UInt8(bit % 8)
        #expect(Self.contains(base, length, other) == (bit >= length), "/\(length), bit \(bit)")
      }
    }
  }

  @Test("IPv4 ranges hold IPv4 addresses, mapped into IPv6")
  func four() {
    let range = AddressRangeRow(
      bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0], prefixLength: 104)
    for (literal, expected) in [
      ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false), ("9.255.255.255", false),
      ("::a00:0", false), ("::ffff:10.1.2.3", true), ("a00::", false),
    ] {
      let mapped = PeerAddressTests.parse(literal)?.mapped
      let isIn = mapped.map { range.contains($0) }
      #expect(isIn == expected, "\(literal)")
    }
  }
}

extension SnapshotHandle {
  fileprivate var isRetired: Bool { value.isRetired }
}

/// Which snapshot a worker runs by, and which it may let go.
struct SnapshotSlotsTests {
  /// A snapshot that one worker uses, told apart by its body limit.
  static func handle(_ mark: Int64) -> SnapshotHandle {
    var draft = SnapshotDraft()
    draft.policy.maxBodyBytes = mark
    let handle = SnapshotHandle(Snapshot(draft))
    handle.value.acquire(workers: 1)
    return handle
  }

  static func mark(_ slots: borrowing SnapshotSlots) -> Int64 {
    slots[UInt8(slots.current)].value.policy.maxBodyBytes
  }

  @Test("the newest snapshot is the current one; an unused old one is released at once")
  func adopt() {
    var slots = SnapshotSlots()
    let hadCurrent = slots.hasCurrent
    #expect(!hadCurrent)
    let first = Self.handle(1)
    let second = Self.handle(2)
    let adopted = slots.adopt(first)
    #expect(adopted && slots.hasCurrent && Self.mark(slots) == 1)
    #expect(!first.isRetired)
    let again = slots.adopt(second)
    #expect(again && Self.mark(slots) == 2)
    #expect(first.isRetired && !second.isRetired)
    slots.releaseAll()
    #expect(second.isRetired && !slots.hasCurrent)
    first.destroy()
    second.destroy()
  }

  @Test("a pinned snapshot stays until its last pin goes")
  func pins() {
    var slots = SnapshotSlots()
    let first = Self.handle(1)
    let second = Self.handle(2)
    _ = slots.adopt(first)
    let one = slots.pin()
    let two = slots.pin()
    #expect(one == two)
    _ = slots.adopt(second)
    #expect(!first.isRetired)
    let old = slots[one].value.policy.maxBodyBytes
    #expect(old == 1 && Self.mark(slots) == 2)
    let three = slots.pin()
    #expect(three != one)
    slots.unpin(one)
    #expect(!first.isRetired)
    slots.unpin(two)
    #expect(first.isRetired)
    slots.unpin(three)
    #expect(!second.isRetired)
    slots.releaseAll()
    first.destroy()
    second.destroy()
  }

  @Test("eight pinned snapshots leave no room for a ninth, one freed does")
  func full() {
    var slots = SnapshotSlots()
    let handles = (0..<9).map { Self.handle(Int64($0)) }
    var pins: [UInt8] = []
    for handle in handles.prefix(8) {
      let adopted = slots.adopt(handle)
      #expect(adopted)
      pins.append(slots.pin())
    }
    #expect(Set(pins).count == 8)
    let refused = slots.adopt(handles[8])
    #expect(!refused && Self.mark(slots) == 7)
    slots.unpin(pins[3])
    #expect(handles[3].isRetired)
    let adopted = slots.adopt(handles[8])
    #expect(adopted && Self.mark(slots) == 8)
    for (index, pin) in pins.enumerated() where index != 3 { slots.unpin(pin) }
    for handle in handles.prefix(8) { #expect(handle.isRetired) }
    #expect(!handles[8].isRetired)
    slots.releaseAll()
    for handle in handles {
      #expect(handle.isRetired)
      handle.destroy()
    }
  }

  @Test("a snapshot of several workers retires with the last of them")
  func workers() {
    let handle = Self.handle(1)
    handle.value.acquire(workers: 3)
    for count in 1...3 {
      #expect(!handle.isRetired)
      var slots = SnapshotSlots()
      _ = slots.adopt(handle)
      slots.releaseAll()
      #expect(handle.isRetired == (count == 3))
    }
    handle.destroy()
  }

  @Test("texts are found again where the draft put them")
  func texts() {
    var draft = SnapshotDraft()
    let first = draft.intern(bytes("one"))
    let empty = draft.intern([])
    let second = draft.intern(bytes("two"))
    let snapshot = Snapshot(draft)
    func read(_ reference: TextReference) -> String {
      let from = Int(reference.offset)
      return text((from..<(from + Int(reference.count))).map { snapshot.text[$0] })
    }
    #expect(read(first) == "one")
    #expect(read(empty) == "")
    #expect(read(second) == "two")
    #expect(snapshot.text.count >= 6 + Block.padding)
    #expect(snapshot.routes.count == 0 && snapshot.backends.count == 0)
  }
}
