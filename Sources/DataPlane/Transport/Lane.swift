/// One stream of an HTTP/2 session, as exchanges see it: a connection that carries one HTTP/1.1
/// message in each direction.
///
/// What comes in frames becomes bytes of a message (`inbox`); what an exchange sends is read as a
/// message again and becomes frames (`write`). So there is one path for requests of all versions.
/// Owned by one worker's slab; its connection's `Stream.lane` is its index.
struct Lane: ~Copyable, SlabElement {
  /// Where the message that goes out is.
  enum Phase: UInt8 { case head, body, ended }

  var session: Int32 = -1
  /// In the session's table of streams.
  var slot: Int32 = -1
  /// The client connection or upstream connection that this is the stream of.
  var owner: Int32 = -1

  // MARK: What comes in

  var inbox: Block? = nil
  /// Content in `inbox`: its sender may send as much again once it is taken.
  var inboxContent = 0
  /// No length was announced: content is framed as chunks.
  var isChunked = false
  /// Content of the chunk at the end of `inbox`; more makes it longer, so that many small frames do
  /// not become a multiple of their content.
  private var chunk = 0
  /// The peer ended the stream by an error, or the session broke.
  var isBroken = false
  /// No reset need be sent: one was, or came.
  var isReset = false

  /// Bytes of an answer that nobody has read yet, from which on no interim head is taken.
  static var interimLimit: Int { 65_536 }

  // MARK: What goes out

  var phase = Phase.head
  var body = BodyDecoder()
  /// The answer to a HEAD request has no content, whatever its head says.
  var answersHead = false

  /// Of a lane to a backend, until an answer comes: all that was sent, to be sent elsewhere if the
  /// backend refuses the stream; nil when that has become too much.
  var replay: Block? = nil
  private var keepsReplay = true
  private static var replayLimit: Int { 65_536 }

  mutating func open(session: Int32, slot: Int32, owner: Int32) {
    self.session = session
    self.slot = slot
    self.owner = owner
    inboxContent = 0
    isChunked = false
    chunk = 0
    isBroken = false
    isReset = false
    phase = .head
    body = BodyDecoder()
    answersHead = false
    keepsReplay = true
  }

  mutating func keepReplay(
    _ source: borrowing Block, _ at: Int, _ count: Int, _ pool: inout BlockPool
  ) {
    guard keepsReplay else { return }
    // What goes first is kept whatever its size, for a connection that cannot even be made.
    guard replay == nil || (replay?.count ?? 0) &+ count <= Lane.replayLimit else {
      return dropReplay(&pool)
    }
    let kept = replay.take()
    var block = Lane.grown(kept, by: count, &pool)
    block.append(source, at, count)
    replay = consume block
  }

  mutating func dropReplay(_ pool: inout BlockPool) {
    keepsReplay = false
    if let block = replay.take() { pool.give(block) }
  }

  /// A block with what this one has and room for `count` bytes more.
  private static func grown(
    _ block: consuming Block?, by count: Int, _ pool: inout BlockPool
  ) -> Block {
    guard let block else {
      var fresh = pool.take(atLeast: count)
      fresh.removeAll()
      return fresh
    }
    if block.capacity &- block.end >= count { return block }
    var larger = pool.take(atLeast: block.count &+ count)
    larger.removeAll()
    larger.append(block, block.start, block.count)
    pool.give(block)
    return larger
  }

  // MARK: Frames to message

  /// Content of the message: `source[at..<at + count]`.
  mutating func receive(
    _ source: borrowing Block, _ at: Int, _ count: Int, _ pool: inout BlockPool
  ) {
    guard count > 0 else { return }
    var box = Lane.grown(inbox.take(), by: count &+ Lane.chunkFraming, &pool)
    inboxContent &+= count
    guard isChunked else {
      box.append(source, at, count)
      inbox = consume box
      return
    }
    if chunk > 0, box.count >= chunk &+ Lane.chunkFraming {
      box.end &-= chunk &+ Lane.chunkFraming
      chunk &+= count
      let end = box.end &+ 10 &+ chunk &- count
      box.append(hex: UInt64(chunk), digits: 8)
      box.append("\r\n")
      box.end = end
    } else {
      chunk = count
      box.append(hex: UInt64(count), digits: 8)
      box.append("\r\n")
    }
    box.append(source, at, count)
    box.append("\r\n")
    inbox = consume box
  }

  /// Eight digits and two line ends.
  private static var chunkFraming: Int { 12 }

  /// A head, or the lines of a trailer section with the empty line.
  mutating func receive(text: borrowing Block, _ pool: inout BlockPool) {
    chunk = 0
    var box = Lane.grown(inbox.take(), by: text.count, &pool)
    box.append(text, text.start, text.count)
    inbox = consume box
  }

  /// The end of the content; `trailers` are still to come when they follow.
  mutating func receiveEnd(trailersFollow: Bool, _ pool: inout BlockPool) {
    guard isChunked else { return }
    chunk = 0
    var box = Lane.grown(inbox.take(), by: 8, &pool)
    box.append(trailersFollow ? "0\r\n" : "0\r\n\r\n")
    inbox = consume box
  }

  // MARK: Message to frames

  /// What `write` works with besides the session: a worker's, reused.
  struct Tools: ~Copyable {
    var head = MessageHead()
    var fields = Block(capacity: 2 * 65_536)
    /// The session is over TLS: what a request's `:scheme` says.
    var isSecure = false
    /// Bytes of frames that one call may add to a session's output.
    static var share: Int { 65_536 }
  }

  /// Turns bytes of the message into frames, as far as windows and `room` allow.
  ///
  /// - Returns: how many were taken; nil when they are no message.
  mutating func write(
    _ session: inout HTTP2Session, _ source: borrowing Block, _ from: Int, _ count: Int,
    room: Int, _ tools: inout Tools, _ pool: inout BlockPool
  ) -> Int? {
    let end = from &+ count
    var at = from
    var left = room
    while at < end {
      switch phase {
      case .ended: return count
      case .head:
        guard let length = writeHead(&session, source, at, end, &tools, &pool) else { return nil }
        at &+= length
      case .body:
        let credit = min(session.sendCredit(slot), left)
        var next = body
        let limit = credit > 0 ? min(end, at &+ credit) : end
        switch next.next(source.bytes, at, limit) {
        case .data(let dataAt, let dataCount):
          // Without credit only framing goes on.
          guard credit > 0 else { return at &- from }
          body = next
          if body.isEnded { phase = .ended }
          session.sendData(slot, source, dataAt, dataCount, endsStream: phase == .ended, &pool)
          at = dataAt &+ dataCount
          left &-= dataCount
        case .needMore:
          body = next
          at = limit
        case .trailers(let trailersAt):
          body = next
          guard trailersAt < end else { return count }
          switch writeTrailers(&session, source, trailersAt, end, &tools, &pool) {
          case .complete(let length): at = trailersAt &+ length
          case .incomplete: return trailersAt &- from
          case .failed: return nil
          }
        case .end(let endAt):
          body = next
          phase = .ended
          session.sendData(slot, source, endAt, 0, endsStream: true, &pool)
          return count
        case .failed: return nil
        }
      }
    }
    return count
  }

  /// The head's length; nil when it is none.
  private mutating func writeHead(
    _ session: inout HTTP2Session, _ source: borrowing Block, _ from: Int, _ end: Int,
    _ tools: inout Tools, _ pool: inout BlockPool
  ) -> Int? {
    let isAnswer = session.role == .server
    let result =
      isAnswer
      ? ResponseParser.parse(source, from, end, limits: .widest, into: &tools.head)
      : RequestParser.parse(source, from, end, limits: .widest, into: &tools.head)
    guard case .complete(let length) = result else { return nil }
    tools.fields.removeAll()
    guard session.canSend(slot) else { return nil }
    if isAnswer {
      guard
        HeadEncoding.response(
          &tools.head, source.bytes, from, &session.encoder, into: &tools.fields)
      else { return nil }
    } else {
      answersHead = tools.head.method == .head
      guard
        HeadEncoding.request(
          &tools.head, source.bytes, from, isSecure: tools.isSecure, acceptsTrailers: true,
          &session.encoder, into: &tools.fields)
      else { return nil }
    }
    let status = isAnswer ? tools.head.status : 200
    var hasBody = tools.head.isChunked || tools.head.contentLength > 0
    if isAnswer, answersHead || status == 204 || status == 304 || status < 200 { hasBody = false }
    if hasBody {
      body = BodyDecoder(
        framing: tools.head.isChunked ? .chunked : .length,
        length: max(tools.head.contentLength, 0))
    }
    let isInterim = status < 200
    session.sendHead(
      slot, tools.fields, 0, tools.fields.end, endsStream: !hasBody && !isInterim, &pool)
    if !isInterim { phase = hasBody ? .body : .ended }
    return length
  }

  private mutating func writeTrailers(
    _ session: inout HTTP2Session, _ source: borrowing Block, _ from: Int, _ end: Int,
    _ tools: inout Tools, _ pool: inout BlockPool
  ) -> ParseResult {
    let result = TrailerParser.parse(source.bytes, from, end, limits: .widest, into: &tools.head)
    guard case .complete = result else { return result }
    body.endTrailers()
    phase = .ended
    if tools.head.fieldCount == 0 {
      session.sendData(slot, source, from, 0, endsStream: true, &pool)
      return result
    }
    tools.fields.removeAll()
    guard session.canSend(slot),
      HeadEncoding.trailers(
        &tools.head, source.bytes, from, &session.encoder, into: &tools.fields)
    else { return .failed(.headTooLong) }
    session.sendHead(slot, tools.fields, 0, tools.fields.end, endsStream: true, &pool)
    return result
  }
}
