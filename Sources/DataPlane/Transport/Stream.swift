/// The bytes of one connection, whichever side it is on: descriptor, what waits in either
/// direction, and what epoll has said.
///
/// An idle stream owns no buffer. `input` holds bytes that were read but cannot be used yet;
/// `output` holds bytes that the socket would not take. Owned by its connection.
struct Stream: ~Copyable {
  /// What carries the bytes.
  enum Kind: UInt8 {
    /// A socket, as they are.
    case plain
    /// A socket, encrypted: see `Stream+TLS`.
    case tls
    /// One stream of an HTTP/2 session: see `Lane`.
    case lane
  }

  var kind = Kind.plain
  /// Of the kind `lane`: which one.
  var lane: Int32 = -1
  var descriptor: Int32 = -1
  /// There may be bytes or an end to read: the edge came, or an early stop left some.
  var isReadable = false
  /// The peer has closed its half: a short read proves nothing, read on to the end.
  var isEnding = false
  /// Once blocked, it reads small pieces: see `receiveLimit`.
  var hasBlocked = false
  /// The socket took less of a stored body than it was given: the next edge clears it.
  var isBlocked = false
  /// What is sent next is the last: with TLS its end goes with it.
  var isLast = false
  /// In the worker's ready list.
  var isQueued = false
  var input: Block? = nil
  var output: Block? = nil
  var tls: TLSConnection? = nil

  /// Bytes that one receive may ask for on behalf of this destination.
  static var smallReceive: Int { 32_768 }

  var hasOutput: Bool { @inline(__always) get { output != nil } }

  /// Bytes that wait to be sent.
  var outputCount: Int {
    switch output {
    case .some(let block): block.count
    case .none: 0
    }
  }

  /// Prepares the slot for a new connection.
  mutating func open(_ descriptor: Int32) {
    kind = .plain
    self.descriptor = descriptor
    isReadable = false
    isEnding = false
    hasBlocked = false
    isBlocked = false
    isLast = false
    isQueued = false
  }

  /// Closes the descriptor and gives the buffers back.
  mutating func close(_ pool: inout BlockPool, reset: Bool = false) {
    if descriptor >= 0 {
      if reset { Sockets.closeWithReset(descriptor) } else { Sockets.close(descriptor) }
    }
    kind = .plain
    descriptor = -1
    isQueued = false
    dropInput(&pool)
    dropOutput(&pool)
    if tls != nil { dropTLS(&pool) }
  }

  mutating func dropInput(_ pool: inout BlockPool) {
    if let block = input.take() { pool.give(block) }
  }

  mutating func dropOutput(_ pool: inout BlockPool) {
    if let block = output.take() { pool.give(block) }
  }

  // MARK: Receiving

  /// Receives at most `count` bytes behind what `scratch` holds, and remembers whether there may
  /// be more: a receive shorter than asked means drained, unless the peer has closed its half.
  @inline(__always)
  mutating func receive(_ scratch: inout Block, count: Int) -> Transfer {
    let result = scratch.receive(descriptor, at: scratch.end, count: count)
    switch result {
    case .bytes(let received):
      scratch.end &+= received
      isReadable = received == count || isEnding
    case .endOfStream, .failed:
      isReadable = false
      isEnding = true
    case .wouldBlock: isReadable = false
    }
    return result
  }

  /// Puts the kept bytes into `scratch`, whose headroom stays free. False when there are none.
  @inline(__always)
  mutating func restoreInput(_ scratch: inout Block, _ pool: inout BlockPool) -> Bool {
    scratch.reset(room: BlockPool.headroom)
    guard input != nil, let kept = input.take() else { return false }
    scratch.append(kept, kept.start, kept.count)
    pool.give(kept)
    return true
  }

  /// Keeps `scratch[from..<to]` for later, in a block of its own size.
  mutating func keepInput(
    _ scratch: borrowing Block, _ from: Int, _ to: Int, _ pool: inout BlockPool
  ) {
    dropInput(&pool)
    guard to > from else { return }
    var block = pool.take(atLeast: to &- from)
    block.removeAll()
    block.append(scratch, from, to &- from)
    input = consume block
  }

  // MARK: Sending

  enum SendResult {
    case sent, blocked
    case failed(SystemError)
  }

  /// Sends `scratch[at..<at + count]`. What the socket does not take is kept in `output`: a large
  /// rest takes the scratch block itself (no copy), a small one is copied into a small block.
  @inline(__always)
  mutating func send(
    _ scratch: inout Block, _ at: Int, _ count: Int, _ pool: inout BlockPool
  ) -> SendResult {
    if output != nil { return enqueue(scratch, at, count, &pool) }
    switch scratch.send(descriptor, at: at, count: count) {
    case .bytes(let sent):
      if sent == count { return .sent }
      return hold(&scratch, at &+ sent, count &- sent, &pool)
    case .wouldBlock: return hold(&scratch, at, count, &pool)
    case .endOfStream: return hold(&scratch, at, count, &pool)
    case .failed(let error): return .failed(error)
    }
  }

  @inline(never)
  private mutating func hold(
    _ scratch: inout Block, _ at: Int, _ count: Int, _ pool: inout BlockPool
  ) -> SendResult {
    hasBlocked = true
    if count > 131_072, scratch.capacity == BlockPool.scratchCapacity {
      var block = pool.take(atLeast: BlockPool.scratchCapacity)
      swap(&block, &scratch)
      block.start = at
      block.end = at &+ count
      output = consume block
      return .blocked
    }
    return enqueue(scratch, at, count, &pool)
  }

  /// Appends to `output`; its block grows if it must.
  @inline(never)
  mutating func enqueue(
    _ source: borrowing Block, _ at: Int, _ count: Int, _ pool: inout BlockPool
  ) -> SendResult {
    guard count > 0 else { return output == nil ? .sent : .blocked }
    if var block = output.take() {
      if block.capacity &- block.end < count {
        var larger = pool.take(atLeast: block.count &+ count)
        larger.removeAll()
        larger.append(block, block.start, block.count)
        pool.give(block)
        larger.append(source, at, count)
        output = consume larger
      } else {
        block.append(source, at, count)
        output = consume block
      }
      return .blocked
    }
    var block = pool.take(atLeast: count)
    block.removeAll()
    block.append(source, at, count)
    output = consume block
    return .blocked
  }

  /// Sends what waits.
  @inline(never)
  mutating func flush(_ pool: inout BlockPool) -> SendResult {
    guard var block = output.take() else { return .sent }
    switch block.send(descriptor, at: block.start, count: block.count) {
    case .bytes(let sent):
      if sent == block.count {
        pool.give(block)
        return .sent
      }
      block.start &+= sent
      output = consume block
      return .blocked
    case .wouldBlock, .endOfStream:
      output = consume block
      return .blocked
    case .failed(let error):
      pool.give(block)
      return .failed(error)
    }
  }
}

extension Stream {
  enum ServeResult {
    /// So much of the body; what is left of the head waits in `output`.
    case sent(Int)
    case failed(SystemError)
  }

  /// Sends all of `head`, then what is in one piece of `offset..<end` of a stored body, with CR LF
  /// behind it if it reaches `end` and closes a chunk. The socket
  /// took less when `isBlocked` is set: its next edge tells when to go on.
  @inline(__always)
  mutating func send(
    _ head: borrowing Block, _ body: CachedBody, from offset: Int, to end: Int,
    closesChunk: Bool = false, _ pool: inout BlockPool
  ) -> ServeResult {
    let headCount = head.end
    let pieces = body.contiguousCount(from: offset, to: end)
    let closes = closesChunk && pieces == end &- offset
    switch body.send(
      descriptor, after: head, 0, headCount, from: offset, to: end, closesChunk: closes)
    {
    case .bytes(let sent):
      if sent < headCount {
        _ = enqueue(head, sent, headCount &- sent, &pool)
        hasBlocked = true
        return .sent(0)
      }
      isBlocked = sent &- headCount < pieces
      let surplus = sent &- headCount &- pieces
      if closes, surplus >= 0, surplus < 2 {
        // The content went out, the end of its chunk did not.
        var rest = pool.take(atLeast: 2)
        rest.removeAll()
        rest.append("\r\n")
        _ = enqueue(rest, surplus, 2 &- surplus, &pool)
        pool.give(rest)
      }
      return .sent(min(sent &- headCount, pieces))
    case .wouldBlock, .endOfStream:
      if headCount > 0 { _ = enqueue(head, 0, headCount, &pool) } else { isBlocked = true }
      return .sent(0)
    case .failed(let error): return .failed(error)
    }
  }
}
