/// What a stretch of received body bytes comes to, prepared in place for sending.
///
/// Pure: works on the scratch block alone.
struct BodyScan {
  enum Outcome { case more, ended, incompleteTrailers, failed }

  /// `from..<sendEnd` of the block is to be sent on.
  var sendEnd: Int
  /// What lies behind belongs to the next message, or (incomplete trailers) must be kept.
  var consumedEnd: Int
  var content: Int
  var outcome: Outcome

  /// - Parameters:
  ///   - dechunk: content only; otherwise the framing stays, and only trailer fields that may not
  ///     be passed on are taken out.
  @inline(__always)
  static func run(
    _ decoder: inout BodyDecoder, _ block: inout Block, _ trailers: inout MessageHead,
    from: Int, to: Int, dechunk: Bool, limits: HeadLimits
  ) -> BodyScan {
    if decoder.framing == .none {
      return BodyScan(sendEnd: from, consumedEnd: from, content: 0, outcome: .ended)
    }
    var scan = BodyScan(sendEnd: from, consumedEnd: from, content: 0, outcome: .more)
    while true {
      switch decoder.next(block.bytes, scan.consumedEnd, to) {
      case .data(let at, let count):
        if dechunk {
          if at != scan.sendEnd { block.move(from: at, count, to: scan.sendEnd) }
          scan.sendEnd &+= count
        } else {
          scan.sendEnd = at &+ count
        }
        scan.consumedEnd = at &+ count
        scan.content &+= count
        if decoder.framing != .chunked {
          if decoder.isEnded { scan.outcome = .ended }
          return scan
        }
      case .needMore:
        scan.consumedEnd = to
        if !dechunk { scan.sendEnd = to }
        return scan
      case .end(let at):
        scan.consumedEnd = at
        scan.outcome = .ended
        return scan
      case .trailers(let at):
        if !dechunk { scan.sendEnd = at }
        scan.consumedEnd = at
        scan.readTrailers(&decoder, &block, &trailers, to, dechunk, limits)
        return scan
      case .failed:
        scan.outcome = .failed
        return scan
      }
    }
  }

  private mutating func readTrailers(
    _ decoder: inout BodyDecoder, _ block: inout Block, _ trailers: inout MessageHead,
    _ to: Int, _ dechunk: Bool, _ limits: HeadLimits
  ) {
    let at = consumedEnd
    switch TrailerParser.parse(block.bytes, at, to, limits: limits, into: &trailers) {
    case .incomplete: outcome = .incompleteTrailers
    case .failed: outcome = .failed
    case .complete(let length):
      decoder.endTrailers()
      outcome = .ended
      consumedEnd = at &+ length
      if dechunk { return }
      // The kept lines move together; the empty line follows them.
      for index in 0..<trailers.fieldCount where !trailers.fields[index].isDropped {
        let field = trailers.fields[index]
        let line = at &+ Int(field.name)
        let count = Int(field.end) &- Int(field.name)
        if line != sendEnd { block.move(from: line, count, to: sendEnd) }
        sendEnd &+= count
      }
      block.set(sendEnd, 0x0d)
      block.set(sendEnd &+ 1, 0x0a)
      sendEnd &+= 2
    }
  }
}
