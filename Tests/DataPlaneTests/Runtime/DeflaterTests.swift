import Testing

@testable import DataPlane

/// The wrapper around zlib: pieces, bounds, reuse. That the bytes are right is shown by the
/// integration tests, which take them apart again.
struct DeflaterTests {
  private struct NoMemory: Error {}

  private static func make(level: Int = 5) throws -> Deflater {
    guard let deflater = Deflater(level: level) else { throw NoMemory() }
    return deflater
  }

  private static func reset(_ deflater: inout Deflater, level: Int = 5) {
    let isReset = deflater.reset(level: level)
    #expect(isReset)
  }

  /// One call that ends as it should; what it produced.
  private static func write(
    _ deflater: inout Deflater, _ count: Int, _ flush: Deflater.Flush, leavesDirty: Bool
  ) -> [UInt8] {
    var out = Block(capacity: 4096)
    let step = deflater.write(content.span, 0, count, into: &out, limit: 4096, flush: flush)
    #expect(step.outcome == .done && step.consumed == count)
    let isDirty = deflater.isDirty
    #expect(isDirty == leavesDirty)
    return out.copy(0, step.produced)
  }

  private static let content = Array(
    (0..<20_000).map { "word \($0 &* 2_654_435_761 % 1000) " }.joined().utf8)

  /// The whole stream, written in pieces of `piece` bytes into a block that takes `room` at a time.
  private static func compress(
    _ deflater: inout Deflater, piece: Int = .max, room: Int = 1 << 20,
    flush: Deflater.Flush = .none
  ) -> [UInt8] {
    var result: [UInt8] = []
    var at = 0
    while true {
      let stop = at + min(piece, content.count - at)
      let mode = stop == content.count ? Deflater.Flush.finish : flush
      while true {
        var out = Block(capacity: room + 10)
        out.end = 3
        let step = deflater.write(
          content.span, at, stop - at, into: &out, limit: room + 3, flush: mode)
        let end = out.end
        #expect(end == 3 + step.produced && end <= room + 3)
        result += out.copy(3, end)
        at += step.consumed
        if step.outcome == .done { break }
        guard step.outcome == .outputFull else {
          Issue.record("failed after \(at)")
          return []
        }
      }
      #expect(at == stop)
      if mode == .finish { return result }
      let isDirty = deflater.isDirty
      if mode == .sync { #expect(!isDirty) }
    }
  }

  @Test("the bytes are the same however they are cut, and whatever room there is")
  func pieces() throws {
    var deflater = try Self.make()
    let whole = Self.compress(&deflater)
    #expect(whole.count < Self.content.count / 3)
    #expect(whole.prefix(10) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
    // The length stands at the end (RFC 1952 section 2.3.1).
    let length = UInt32(Self.content.count)
    #expect(whole.suffix(4) == (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }[...])
    for (piece, room) in [(1, 1 << 20), (1000, 100), (7, 7), (.max, 20), (32_768, 4096)] {
      Self.reset(&deflater)
      let isSame = Self.compress(&deflater, piece: piece, room: room) == whole
      #expect(isSame, "\(piece), \(room)")
    }
  }

  @Test("a flush brings out what was written, and nothing when there is nothing")
  func flushes() throws {
    var deflater = try Self.make()
    _ = Self.write(&deflater, 100, .none, leavesDirty: true)
    let flushed = Self.write(&deflater, 0, .sync, leavesDirty: false)
    // The mark of a flush that is complete.
    #expect(flushed.suffix(4) == [0, 0, 0xff, 0xff])
    #expect(Self.write(&deflater, 0, .sync, leavesDirty: false).isEmpty)
    Self.reset(&deflater)
    _ = Self.compress(&deflater, piece: 5000, room: 300, flush: .sync)
  }

  @Test("no room is no failure, and levels change with a reset")
  func bounds() throws {
    var deflater = try Self.make(level: 1)
    var out = Block(capacity: 64)
    out.end = 64
    let step = deflater.write(Self.content.span, 0, 10, into: &out, limit: 64, flush: .finish)
    #expect(step.produced == 0 && step.outcome == .outputFull)
    var sizes: [Int] = []
    for level in [1, 5, 9, 1] {
      Self.reset(&deflater, level: level)
      sizes.append(Self.compress(&deflater).count)
    }
    #expect(sizes[0] > sizes[2] && sizes[0] == sizes[3])
  }

  /// Holds so many at a time.
  private static func hold(_ count: Int, of pool: inout DeflaterPool) throws {
    guard count > 0 else { return }
    guard let deflater = pool.take(level: 5) else { throw NoMemory() }
    try hold(count - 1, of: &pool)
    pool.give(deflater)
  }

  @Test("a pool gives the same ones again, counts those at work, and lets go of the idle")
  func pool() throws {
    var pool = DeflaterPool()
    for _ in 0..<3 { try Self.hold(2, of: &pool) }
    var free = pool.freeCount
    #expect(free == 2)
    guard let one = pool.take(level: 9) else { throw NoMemory() }
    let held = pool.heldBytes
    #expect(held == Deflater.bytes)
    pool.give(one)
    let rest = pool.heldBytes
    #expect(rest == 0)
    try Self.hold(20, of: &pool)
    var counts: [Int] = []
    for _ in 0..<8 {
      free = pool.freeCount
      counts.append(free)
      pool.trim()
    }
    #expect(counts.first == 16 && counts.last == 0 && counts == counts.sorted { $0 > $1 })
  }
}
