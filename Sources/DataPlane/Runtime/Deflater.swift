import CZlib
import Glibc

/// Makes a gzip stream (RFC 1952) of the bytes that are written to it, piece by piece.
///
/// Owns a `z_stream` on the heap: zlib's own state points back to it, so it never moves. The
/// header is the same for the same level: no name, no time, Unix. Nothing is allocated after
/// `init`. Owned by one worker.
@safe
package struct Deflater: ~Copyable {
  /// What it takes of memory: 256 KiB by zlib's own formula, and its tables.
  package static var bytes: Int { 270_336 }

  package enum Flush: Sendable {
    /// What compresses best: the bytes may stay inside.
    case none
    /// All that was written can be read by the receiver.
    case sync
    /// The stream ends.
    case finish
  }

  package enum Outcome: Sendable, BitwiseCopyable {
    /// All input was taken, and the flush is complete.
    case done
    /// To be called again with the rest of the input and the same flush, with room.
    case outputFull
    case failed
  }

  package struct Progress: BitwiseCopyable, Sendable {
    package let consumed: Int
    package let produced: Int
    package let outcome: Outcome
  }

  private let stream: UnsafeMutablePointer<z_stream>
  /// Something was written that no flush has brought out yet.
  package private(set) var isDirty = false

  /// nil when there is no memory for it.
  package init?(level: Int) {
    guard let memory = unsafe calloc(1, MemoryLayout<z_stream>.size) else { return nil }
    let stream = unsafe memory.bindMemory(to: z_stream.self, capacity: 1)
    // 15 bits of window, and 16 for the gzip wrapping; 8 is zlib's default for its memory.
    let result = unsafe deflateInit2_(
      stream, Deflater.level(level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, zlibVersion(),
      Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      unsafe free(memory)
      return nil
    }
    unsafe self.stream = stream
  }

  /// Adopts a stream that another one gave up with `release`.
  init(adopting stream: UnsafeMutablePointer<z_stream>) { unsafe self.stream = stream }

  deinit {
    unsafe deflateEnd(stream)
    unsafe free(stream)
  }

  /// Gives up the stream without freeing it: for the pool.
  consuming func release() -> UnsafeMutablePointer<z_stream> {
    let stream = unsafe self.stream
    discard self
    return unsafe stream
  }

  /// Begins anew, with another level if that is wanted. Allocates nothing.
  package mutating func reset(level: Int) -> Bool {
    isDirty = false
    return unsafe deflateReset(stream) == Z_OK
      && deflateParams(stream, Deflater.level(level), Z_DEFAULT_STRATEGY) == Z_OK
  }

  /// 1...9
  private static func level(_ level: Int) -> Int32 { Int32(min(max(level, 1), 9)) }

  /// Compresses `input[from..<from + count]` to the end of `out`, whose data ends at `limit` at
  /// most.
  package mutating func write(
    _ input: borrowing Bytes, _ from: Int, _ count: Int, into out: inout Block,
    limit: Int, flush: Flush
  ) -> Progress {
    let room = max(0, min(limit, out.capacity) &- out.end)
    let end = out.end
    out.check(end, room)
    if count > 0 { isDirty = true }
    let result = unsafe input.extracting(from..<(from &+ count)).withUnsafeBufferPointer { source in
      // zlib reads behind this pointer and never writes; both pointers are dropped below.
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(count)
      unsafe stream.pointee.next_out = out.base + end
      unsafe stream.pointee.avail_out = UInt32(room)
      return unsafe deflate(stream, Deflater.code(flush))
    }
    let consumed = count &- Int(unsafe stream.pointee.avail_in)
    let left = Int(unsafe stream.pointee.avail_out)
    unsafe stream.pointee.next_in = nil
    unsafe stream.pointee.next_out = nil
    out.end = end &+ room &- left
    let outcome = Deflater.outcome(result, flush, isFull: left == 0)
    if outcome == .done, flush != .none { isDirty = false }
    return Progress(consumed: consumed, produced: room &- left, outcome: outcome)
  }

  @inline(__always)
  package mutating func write(
    _ input: borrowing Block, _ from: Int, _ count: Int, into out: inout Block,
    limit: Int, flush: Flush
  ) -> Progress {
    write(input.bytes, from, count, into: &out, limit: limit, flush: flush)
  }

  private static func code(_ flush: Flush) -> Int32 {
    switch flush {
    case .none: return Z_NO_FLUSH
    case .sync: return Z_SYNC_FLUSH
    case .finish: return Z_FINISH
    }
  }

  private static func outcome(_ result: Int32, _ flush: Flush, isFull: Bool) -> Outcome {
    switch result {
    case Z_STREAM_END: return .done
    // The latter: there was nothing to do, or no room to do it in.
    case Z_OK, Z_BUF_ERROR:
      if isFull { return .outputFull }
      return flush == .finish ? .failed : .done
    default: return .failed
    }
  }
}

/// Deflaters that lie free, so that a response that is compressed allocates nothing.
///
/// Owned by one worker. `trim` gives back what was not needed since the last time.
@safe
package struct DeflaterPool: ~Copyable {
  /// Kept at most: 4 MiB. More may be at work.
  private static var capacity: Int { 16 }

  private var free: [UnsafeMutablePointer<z_stream>]
  /// The fewest that lay free since the last trim.
  private var lowest = 0
  private var taken = 0

  package init() {
    unsafe free = []
    unsafe free.reserveCapacity(DeflaterPool.capacity)
  }

  deinit {
    for index in unsafe free.indices { _ = unsafe Deflater(adopting: free[index]) }
  }

  /// Bytes of those at work.
  package var heldBytes: Int { taken &* Deflater.bytes }

  /// Those that lie free.
  var freeCount: Int { unsafe free.count }

  /// One that is ready to begin; nil when there is no memory.
  package mutating func take(level: Int) -> Deflater? {
    if let stream = unsafe free.popLast() {
      lowest = min(lowest, unsafe free.count)
      var deflater = unsafe Deflater(adopting: stream)
      guard deflater.reset(level: level) else { return nil }
      taken &+= 1
      return deflater
    }
    guard let deflater = Deflater(level: level) else { return nil }
    taken &+= 1
    return deflater
  }

  package mutating func give(_ deflater: consuming Deflater) {
    taken &-= 1
    guard unsafe free.count < DeflaterPool.capacity else { return }
    unsafe free.append(deflater.release())
  }

  /// Frees half of those that lay unused since the last call.
  mutating func trim() {
    var surplus = lowest - lowest / 2
    while surplus > 0, let stream = unsafe free.popLast() {
      _ = unsafe Deflater(adopting: stream)
      surplus -= 1
    }
    lowest = unsafe free.count
  }
}
