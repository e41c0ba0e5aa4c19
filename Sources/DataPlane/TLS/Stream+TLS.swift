import COpenSSL
import Glibc

/// The bytes of a stream that speaks TLS: `output` holds ciphertext, `input` plaintext.
///
/// Between the socket and these stand the worker's `TLSBuffers`. Each send encrypts everything it
/// is given and makes one system call.
extension Stream {
  /// Plaintext of one portion: what its records take fits into the output buffer, at up to 85 bytes
  /// around each (TLS 1.2 with CBC and SHA-384).
  private static var portion: Int { 31 * TLSConnection.recordSize }
  /// Of a stored body, encrypted at a time: more would be kept if the client is slow.
  private static var storedPortion: Int { 16 * TLSConnection.recordSize }

  /// Begins TLS on a connection that was just opened; the handshake is still to come.
  mutating func beginTLS(_ connection: consuming TLSConnection) {
    kind = .tls
    tls = consume connection
  }

  // MARK: Handshake

  /// One step: at most one receive and one send. When it is `needsMore` and `isReadable` is set,
  /// there may be more to do at once.
  mutating func shakeHands(
    _ buffers: inout TLSBuffers, _ pool: inout BlockPool
  ) -> TLSConnection.Handshake {
    guard tls != nil, var connection = tls.take() else { return .failed(TLSFailure(.closed)) }
    let result = shakeHands(&connection, &buffers, &pool)
    tls = consume connection
    return result
  }

  private mutating func shakeHands(
    _ connection: inout TLSConnection, _ buffers: inout TLSBuffers, _ pool: inout BlockPool
  ) -> TLSConnection.Handshake {
    buffers.forgetInput()
    if isReadable {
      switch buffers.receive(descriptor, count: TLSBuffers.inputCapacity) {
      case .bytes(let count): isReadable = count == TLSBuffers.inputCapacity || isEnding
      case .wouldBlock:
        isReadable = false
        if !connection.isClient { return .needsMore }
      case .endOfStream, .failed:
        isReadable = false
        isEnding = true
        return .failed(TLSFailure(.closed))
      }
    } else if !connection.isClient {
      return .needsMore
    }
    let result = connection.shakeHands(&buffers)
    if case .done = result {
      // What came behind the handshake is for the first receive.
      connection.rest = buffers.takeUnread(&pool)
      if connection.rest != nil { isReadable = true }
      // The request follows at once, or is here already: tickets can go with its answer.
      if !connection.isClient, connection.version == .tls13 {
        connection.held = buffers.takeWritten(&pool)
      }
    }
    if case .failed = sendRecords(&buffers, &pool) { return .failed(TLSFailure(.closed)) }
    return result
  }

  // MARK: Receiving

  /// As `receive`: at most `count` bytes of plaintext behind what `scratch` holds.
  @inline(never)
  mutating func receiveTLS(
    _ scratch: inout Block, count: Int, _ buffers: inout TLSBuffers, _ pool: inout BlockPool
  ) -> Transfer {
    guard tls != nil, var connection = tls.take() else { return .wouldBlock }
    let result = receive(&connection, &scratch, count, &buffers, &pool)
    // An answer to what came: an alert, a new key.
    if buffers.written > 0 {
      connection.release(&buffers, &pool)
      _ = sendRecords(&buffers, &pool)
    }
    switch result {
    case .bytes: if connection.hasMore || isEnding { isReadable = true }
    case .endOfStream, .failed:
      isReadable = false
      isEnding = true
    case .wouldBlock: break
    }
    tls = consume connection
    return result
  }

  private mutating func receive(
    _ connection: inout TLSConnection, _ scratch: inout Block, _ count: Int,
    _ buffers: inout TLSBuffers, _ pool: inout BlockPool
  ) -> Transfer {
    let from = scratch.end
    buffers.forgetInput()
    if connection.hasMore {
      let result = connection.readRest(&scratch, at: from, count: count, &buffers, &pool)
      switch result {
      case .bytes(let read): scratch.end &+= read
      case .end: return .endOfStream
      case .failed: return .failed(SystemError(EPROTO))
      case .wantsMore: break
      }
    }
    // Short of the room: the socket is drained. As long as it is not, it has more to say.
    while scratch.end &- from < count, !connection.hasMore {
      let room = count &- (scratch.end &- from)
      let asked = min(room, TLSBuffers.inputCapacity)
      switch buffers.receive(descriptor, count: asked) {
      case .bytes(let received):
        isReadable = received == asked || isEnding
        let result = connection.read(&scratch, at: scratch.end, count: room, &buffers)
        if buffers.unread > 0 { connection.rest = buffers.takeUnread(&pool) }
        switch result {
        case .bytes(let read): scratch.end &+= read
        case .wantsMore: break
        case .end: return scratch.end > from ? .bytes(scratch.end &- from) : .endOfStream
        case .failed:
          return scratch.end > from
            ? .bytes(scratch.end &- from) : .failed(SystemError(EPROTO))
        }
      case .wouldBlock: isReadable = false
      case .endOfStream:
        isEnding = true
        if scratch.end > from { break }
        // Only `close_notify` ends the data: what ends without may be cut (RFC 8446 section 6.1).
        // A client that leaves like that is merely gone.
        return connection.isClient ? .failed(SystemError(ECONNRESET)) : .endOfStream
      case .failed(let error):
        isEnding = true
        if scratch.end > from { break }
        return .failed(error)
      }
      if !isReadable || isEnding { break }
    }
    return scratch.end > from ? .bytes(scratch.end &- from) : .wouldBlock
  }

  /// An idle connection to a backend is open and silent. What is TLS's own, session tickets say, is
  /// read and is no answer to nothing.
  mutating func isSilentTLS(_ buffers: inout TLSBuffers, _ pool: inout BlockPool) -> Bool {
    var block = pool.take(atLeast: 2048)
    block.removeAll()
    var isSilent = false
    if case .wouldBlock = receiveTLS(&block, count: 2048, &buffers, &pool) { isSilent = !isEnding }
    pool.give(block)
    return isSilent
  }

  // MARK: Sending

  /// As `send`; all of it is encrypted at once.
  @inline(never)
  mutating func sendTLS(
    _ source: borrowing Block, _ at: Int, _ count: Int, _ buffers: inout TLSBuffers,
    _ pool: inout BlockPool
  ) -> SendResult {
    tls?.release(&buffers, &pool)
    var at = at
    let end = at &+ count
    var hasSent = false
    while at < end {
      let piece = min(end &- at, Stream.portion)
      guard tls?.write(source, at: at, count: piece) == true else {
        buffers.forgetOutput()
        return .failed(SystemError(EPROTO))
      }
      at &+= piece
      if isLast, at == end { tls?.sayEnd() }
      let result = sendRecords(&buffers, &pool, keepsOnFailure: hasSent)
      if case .failed(let error) = result { return .failed(error) }
      hasSent = true
    }
    return output == nil ? .sent : .blocked
  }

  /// As `send` of a stored body. What was encrypted counts as sent: the rest of it is in `output`.
  @inline(never)
  mutating func sendTLS(
    _ head: borrowing Block, _ body: CachedBody, from offset: Int, to end: Int, closesChunk: Bool,
    _ buffers: inout TLSBuffers, _ pool: inout BlockPool
  ) -> ServeResult {
    tls?.release(&buffers, &pool)
    let most = hasBlocked ? Stream.smallReceive : Stream.storedPortion
    let stop = min(end, offset &+ most)
    let closes = closesChunk && stop == end
    guard tls?.write(head, body, from: offset, to: stop, closesChunk: closes, buffers) == true
    else {
      buffers.forgetOutput()
      return .failed(SystemError(EPROTO))
    }
    if case .failed(let error) = sendRecords(&buffers, &pool) { return .failed(error) }
    return .sent(max(stop &- offset, 0))
  }

  /// Sends the records in the buffer, behind what already waits.
  ///
  /// - Parameter keepsOnFailure: a part of the same call is out, so it may not fail as if nothing
  ///   were: what is left waits for the event that tells of the broken connection.
  @inline(__always)
  private mutating func sendRecords(
    _ buffers: inout TLSBuffers, _ pool: inout BlockPool, keepsOnFailure: Bool = false
  ) -> SendResult {
    let count = buffers.written
    guard count > 0 else { return output == nil ? .sent : .blocked }
    var result = unsafe send(&buffers.state.pointee.output, 0, count, &pool)
    if keepsOnFailure, case .failed = result {
      result = unsafe enqueue(buffers.state.pointee.output, 0, count, &pool)
    }
    buffers.forgetOutput()
    return result
  }

  /// Session tickets wait for the first answer to go with.
  var holdsTickets: Bool { mutating get { tls?.holdsTickets == true } }

  /// They go alone.
  @inline(never)
  mutating func sendTickets(_ buffers: inout TLSBuffers, _ pool: inout BlockPool) -> SendResult {
    tls?.release(&buffers, &pool)
    return sendRecords(&buffers, &pool)
  }

  // MARK: The end

  /// Tells the peer, once, that no more will come. What the socket has no room for is in `output`.
  @inline(never)
  mutating func sayEndTLS(_ buffers: inout TLSBuffers, _ pool: inout BlockPool) {
    tls?.sayEnd()
    tls?.release(&buffers, &pool)
    _ = sendRecords(&buffers, &pool)
  }

  /// The connection goes on in clear.
  mutating func endTLS(_ pool: inout BlockPool) {
    dropTLS(&pool)
    kind = .plain
  }

  /// Before the descriptor is closed.
  @inline(never)
  mutating func dropTLS(_ pool: inout BlockPool) {
    guard tls != nil, var connection = tls.take() else { return }
    connection.giveBlocks(&pool)
  }
}

extension TLSConnection {
  /// Encrypts a head and `offset..<end` of a stored body, which may lie in pieces. What fits into
  /// one record together is put there.
  mutating func write(
    _ head: borrowing Block, _ body: CachedBody, from offset: Int, to end: Int, closesChunk: Bool,
    _ buffers: borrowing TLSBuffers
  ) -> Bool {
    let state = unsafe buffers.state
    unsafe state.pointee.record.removeAll()
    var offset = offset
    if head.end > TLSConnection.recordSize / 2 {
      guard write(head, at: 0, count: head.end) else { return false }
    } else if head.end > 0 {
      unsafe state.pointee.record.append(head, 0, head.end)
      // What remains of the record, but for a line end.
      let room = min(TLSConnection.recordSize - 2 - head.end, max(end - offset, 0))
      offset += unsafe body.copy(from: offset, atMost: room, to: &state.pointee.record)
      if closesChunk, offset == end { unsafe state.pointee.record.append("\r\n") }
      let count = unsafe state.pointee.record.end
      guard unsafe write(UnsafeRawPointer(state.pointee.record.base), count) else { return false }
      if offset >= end { return true }
    }
    while let (pointer, count) = unsafe body.stretch(offset, end) {
      guard unsafe write(UnsafeRawPointer(pointer), count) else { return false }
      offset += count
    }
    guard closesChunk else { return true }
    unsafe state.pointee.record.removeAll()
    unsafe state.pointee.record.append("\r\n")
    return unsafe write(UnsafeRawPointer(state.pointee.record.base), 2)
  }
}
