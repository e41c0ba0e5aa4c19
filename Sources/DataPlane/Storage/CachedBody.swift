import CLinux

/// The content of a stored response while it comes and afterwards: only ever longer, shared by
/// whoever reads it.
///
/// One worker appends and then publishes the new length; any number of others read below it. Each
/// holder has a reference; the last one to let go frees it and gives its bytes back to the budget.
@safe
package struct CachedBody: BitwiseCopyable, Sendable, Equatable {
  package enum State: UInt64 { case growing, complete, failed }

  private enum Word {
    static var references: Int { 0 }
    static var length: Int { 1 }
    static var state: Int { 2 }
    static var waiting: Int { 3 }
    static var capacity: Int { 4 }
    static var chunkCount: Int { 5 }
    static var expected: Int { 6 }
    static var allocated: Int { 7 }
    static var base: Int { 8 }
    static var crowd: Int { 9 }
    static var owner: Int { 10 }
    static var fill: Int { 11 }
    static var firstChunk: Int { 12 }
  }

  /// Chunks of a body whose length is not known: the first is small, each further one is an eighth
  /// of what there is, so that no more than that lies unused at the end.
  private static var firstCapacity: Int { 16_384 }
  private static var mostChunks: Int { 96 }

  private let words: SharedWords
  /// What `malloc` adds to each piece, by our reckoning.
  static var pieceOverhead: Int { 16 }

  /// - Parameters:
  ///   - length: of the whole content; nil when it is not known.
  ///   - first: bytes of one of unknown length that are here. Its first piece is taken at once, so
  ///     that it can go on in rounds, however little memory there is later.
  /// - Returns: nil when the budget has no room for it.
  static func make(length: Int?, first: Int = 0, _ budget: CacheBudget) -> CachedBody? {
    let chunks = length == nil ? mostChunks : 1
    let size = (Word.firstChunk + 2 * chunks) * 8
    let bytes = size + pieceOverhead
    guard budget.take(bytes) else { return nil }
    let body = CachedBody(words: SharedWords(byteCount: size))
    body.words.store(Word.references, 1)
    body.words.store(Word.allocated, UInt64(bytes))
    body.words.store(Word.expected, length.map(UInt64.init) ?? .max)
    let capacity = length ?? max(firstCapacity, first)
    if capacity > 0, !body.addChunk(capacity, budget) {
      body.release(budget)
      return nil
    }
    return body
  }

  private init(words: SharedWords) { self.words = words }

  package init?(raw: UInt64) {
    guard let words = SharedWords(raw: raw) else { return nil }
    self.words = words
  }
  package var raw: UInt64 { @inline(__always) get { words.raw } }

  // MARK: Holding

  @inline(__always) func retain() { words.add(Word.references, 1) }

  func release(_ budget: CacheBudget) {
    guard words.add(Word.references, .max) == 0 else { return }
    for index in 0..<Int(words.load(Word.chunkCount)) {
      if let chunk = SharedWords(raw: words.load(Word.firstChunk + 2 * index)) { chunk.free() }
    }
    budget.give(Int(words.load(Word.allocated)))
    words.free()
  }

  /// Readers and entries that hold it.
  var references: UInt64 { words.load(Word.references) }

  // MARK: Reading

  package var state: State {
    @inline(__always) get { State(rawValue: words.load(Word.state)) ?? .failed }
  }
  /// Bytes that may be read.
  package var length: Int { @inline(__always) get { Int(words.load(Word.length)) } }
  /// Of the whole content; nil when it is not known yet.
  package var expectedLength: Int? {
    @inline(__always) get {
      let value = words.load(Word.expected)
      return value == .max ? nil : Int(value)
    }
  }
  package var allocatedBytes: Int { Int(words.load(Word.allocated)) }

  /// The longest stretch that begins at `offset` and lies in one piece, below `end`.
  @inline(__always)
  func stretch(_ offset: Int, _ end: Int) -> (UnsafeMutableRawPointer, Int)? {
    // Nothing: a range, say, of which no byte has come yet.
    guard offset < end else { return nil }
    var start = Int(words.load(Word.base))
    precondition(offset >= start && end <= length)
    var index = 0
    while index < Int(words.load(Word.chunkCount)) {
      let capacity = Int(words.load(Word.firstChunk &+ 2 &* index &+ 1))
      if offset < start &+ capacity {
        guard let chunk = SharedWords(raw: words.load(Word.firstChunk &+ 2 &* index)) else {
          return nil
        }
        let count = min(end, start &+ capacity) &- offset
        return unsafe (chunk.address + (offset &- start), count)
      }
      start &+= capacity
      index &+= 1
    }
    return nil
  }

  /// Sends `head[at..<at + headCount]`, then what is in one piece of `offset..<end`.
  ///
  /// - Parameter closesChunk: CR LF follows, if there is anything of the body.
  @inline(__always)
  func send(
    _ descriptor: Int32, after head: borrowing Block, _ at: Int, _ headCount: Int, from offset: Int,
    to end: Int, closesChunk: Bool = false
  ) -> Transfer {
    head.check(at, headCount)
    guard let (pointer, count) = unsafe stretch(offset, end) else {
      return head.send(descriptor, at: at, count: headCount)
    }
    let result =
      headCount == 0 && !closesChunk
      ? unsafe hr_send(descriptor, pointer, count)
      : unsafe hr_send_both(
        descriptor, head.base + at, headCount, pointer, count, closesChunk ? 1 : 0)
    if result >= 0 { return .bytes(Int(result)) }
    return result == -Int64(EAGAIN) ? .wouldBlock : .failed(SystemError(result: Int(result)))
  }

  /// How much of `offset..<end` lies in one piece.
  func contiguousCount(from offset: Int, to end: Int) -> Int {
    guard let (_, count) = unsafe stretch(offset, end) else { return 0 }
    return count
  }

  /// Copies up to `most` bytes from `offset` on behind the end of `block`, which has the room.
  func copy(from offset: Int, atMost most: Int, to block: inout Block) -> Int {
    var done = 0
    let end = min(length, offset + most)
    while let (pointer, count) = unsafe stretch(offset + done, end) {
      block.check(block.end, count)
      unsafe (block.base + block.end).update(
        from: pointer.assumingMemoryBound(to: UInt8.self), count: count)
      block.end += count
      done += count
    }
    return done
  }

  /// This worker wants to hear when there is more. The caller looks at `length` again afterwards.
  func await(_ worker: Int) { words.setBits(Word.waiting, 1 << UInt64(worker & 63)) }

  // MARK: Growing, by the one worker that fills it

  private func addChunk(_ capacity: Int, _ budget: CacheBudget) -> Bool {
    let index = Int(words.load(Word.chunkCount))
    let most = words.load(Word.expected) == .max ? CachedBody.mostChunks : 1
    guard index < most, budget.take(capacity + CachedBody.pieceOverhead) else { return false }
    let chunk = SharedWords(byteCount: capacity, zeroedAtStart: 0, atEnd: 0)
    words.store(Word.firstChunk + 2 * index, chunk.raw)
    words.store(Word.firstChunk + 2 * index + 1, UInt64(capacity))
    words.add(Word.capacity, UInt64(capacity))
    words.add(Word.allocated, UInt64(capacity + CachedBody.pieceOverhead))
    words.store(Word.chunkCount, UInt64(index + 1))
    return true
  }

  /// Memory for its first bytes. False when the budget has no room.
  func reserve(_ budget: CacheBudget) -> Bool { addChunk(CachedBody.firstCapacity, budget) }

  /// Takes `block[from..<from + count]` and publishes it. False, with nothing taken, when there is
  /// no room for it.
  func append(_ block: borrowing Block, _ from: Int, _ count: Int, _ budget: CacheBudget) -> Bool {
    block.check(from, count)
    let base = Int(words.load(Word.base))
    let start = length
    while base + Int(words.load(Word.capacity)) < start + count {
      let capacity = Int(words.load(Word.capacity))
      let wanted = max(CachedBody.firstCapacity, capacity / 8, start + count - base - capacity)
      guard words.load(Word.expected) == .max, addChunk(wanted, budget) else { return false }
    }
    copyIn(block, from, count, at: start)
    words.store(Word.length, UInt64(start + count))
    return true
  }

  private func copyIn(_ block: borrowing Block, _ from: Int, _ count: Int, at start: Int) {
    var offset = start
    var source = from
    var left = count
    var chunkStart = Int(words.load(Word.base))
    for index in 0..<Int(words.load(Word.chunkCount)) where left > 0 {
      let capacity = Int(words.load(Word.firstChunk + 2 * index + 1))
      if offset < chunkStart + capacity,
        let chunk = SharedWords(raw: words.load(Word.firstChunk + 2 * index))
      {
        let piece = min(left, chunkStart + capacity - offset)
        unsafe (chunk.address + (offset - chunkStart)).copyMemory(
          from: block.base + source, byteCount: piece)
        offset += piece
        source += piece
        left -= piece
      }
      chunkStart += capacity
    }
  }

  /// No more will come: all is there, or it was cut.
  func finish(_ state: State) {
    // What went on in rounds is not there from its first byte on.
    if state == .complete, round == 0 { words.store(Word.expected, words.load(Word.length)) }
    words.store(Word.state, state.rawValue)
  }

  /// The workers to be told of what was appended, as bits; they are not told again until they ask.
  func takeWaiting() -> UInt64 { words.takeAll(Word.waiting) }

  /// The part of its memory that holds nothing.
  var slack: Int { Int(words.load(Word.capacity)) - length }

  /// A body of the same content in one piece; nil when the budget has no room.
  func compacted(_ budget: CacheBudget) -> CachedBody? {
    guard let copy = CachedBody.make(length: length, budget) else { return nil }
    var offset = 0
    while let (pointer, count) = unsafe stretch(offset, length),
      let chunk = SharedWords(raw: copy.words.load(Word.firstChunk))
    {
      unsafe (chunk.address + offset).copyMemory(from: pointer, byteCount: count)
      offset += count
    }
    copy.words.store(Word.length, UInt64(offset))
    copy.finish(.complete)
    return copy
  }

  // MARK: Rounds

  var crowdWord: UInt64 { words.load(Word.crowd) }
  func replaceCrowd(_ old: UInt64, with new: UInt64) -> Bool {
    words.replace(Word.crowd, old, with: new)
  }

  /// What comes next takes the place of what there is: nobody needs that any more.
  func rewind() { words.store(Word.base, words.load(Word.length)) }

  /// What can be appended without more memory.
  var room: Int { Int(words.load(Word.base) + words.load(Word.capacity)) - length }

  /// The worker and the exchange that fill it.
  var owner: Int { Int(words.load(Word.owner)) }
  var fill: UInt64 { words.load(Word.fill) }
  func setOwner(_ worker: Int, fill: UInt64) {
    words.store(Word.owner, UInt64(worker))
    words.store(Word.fill, fill)
  }
}
