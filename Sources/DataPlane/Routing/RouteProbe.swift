/// A request that nobody sent, held against a snapshot: for `headrace explain` and tests. It runs
/// the code that workers run. Owned by whoever made it; of one thread.
package final class RouteProbe {
  private let source: Block
  private let normal: Block
  private var head: MessageHead
  private let request: RouteRequest
  package let target: RequestTarget

  /// - Parameters:
  ///   - bytes: a whole request head.
  ///   - clientAddress: as text; one that is no address is in no range.
  ///   - isTrusted: the peer is a trusted proxy, whose `X-Forwarded-*` count.
  package init(
    head bytes: [UInt8], clientAddress: String = "", isTrusted: Bool = false,
    isTLS: Bool = false, mergeSlashes: Bool = true, limits: HeadLimits = HeadLimits()
  ) throws(ParseFailure) {
    var source = Block(capacity: max(bytes.count, 64))
    source.append(bytes)
    var normal = Block(capacity: bytes.count + 64)
    var head = MessageHead()
    switch RequestParser.parse(source, 0, bytes.count, limits: limits, into: &head) {
    case .complete: break
    case .incomplete: throw .badLineEnd
    case .failed(let failure): throw failure
    }
    guard
      let target = RequestTarget.parse(
        source.bytes, head.target, head.targetLength, method: head.method),
      !target.needsNormalizing
        || PathNormalizer.normalize(source, target, mergeSlashes: mergeSlashes, into: &normal)
    else { throw .badTarget }
    var request = RouteRequest(source, 0, &head, target, normalisedCount: normal.end)
    request.isTrusted = isTrusted
    request.isTLS = isTLS
    request.address = PeerAddress(text: clientAddress) ?? .none
    self.request = request
    self.target = target
    self.source = source
    self.normal = normal
    self.head = head
  }

  package func decide(_ snapshot: borrowing Snapshot) -> RouteDecision? {
    Router.decide(snapshot, request, &head, source, normal: normal)
  }

  /// As a worker does for each request: reads the head, then decides.
  package func readAndDecide(_ snapshot: borrowing Snapshot) -> RouteDecision? {
    _ = RequestParser.parse(source, 0, source.end, limits: .widest, into: &head)
    guard let target = RequestTarget.parse(source, &head) else { return nil }
    var request = RouteRequest(source, 0, &head, target, normalisedCount: normal.end)
    request.isTrusted = self.request.isTrusted
    request.address = self.request.address
    return Router.decide(snapshot, request, &head, source, normal: normal)
  }

  /// What a pool that hashes would take as this request's key; nil when it has none.
  package func balanceKey(
    _ row: PoolHashRow, _ snapshot: borrowing Snapshot, _ decision: RouteDecision
  ) -> UInt64? {
    RequestKey.find(row, snapshot, decision, request, &head, source, normal: normal)
  }

  /// Why each route before `end` does not take the request; nil for one that does.
  package func explain(_ snapshot: borrowing Snapshot, before end: Int) -> [RouteMismatch?] {
    Router.explain(snapshot, request, &head, source, normal: normal, before: end)
  }

  /// Whose bucket a rate would take from.
  func rateSubject(_ rate: RateRow, _ snapshot: borrowing Snapshot) -> RateSubject {
    RateSubject.of(rate, snapshot, request, &head, source)
  }

  /// What another part of the request's way says of its head.
  func withHead<Result>(_ look: (inout MessageHead, borrowing Block) -> Result) -> Result {
    look(&head, source)
  }

  /// Bytes of the head.
  func headText(_ at: Int, _ count: Int) -> [UInt8] { source.text(at, count) }

  /// What a cache with this row would store the response under; nil when it would not be asked.
  package func cacheKey(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, isTLS: Bool = false,
    route: TextReference? = nil, capacity: Int = 131_072
  ) -> (text: [UInt8], urlLength: Int)? {
    var out = Block(capacity: capacity)
    let key = CacheKey.write(
      row, snapshot, request, &head, source, normal: normal, isTLS: isTLS, route: route,
      into: &out)
    guard let key else { return nil }
    return (out.text(key.at, key.length), key.urlLength)
  }

  /// The place in its pool of the backend that a sticky cookie binds the request to.
  package func boundPlace(
    _ policy: StickyPolicy, _ snapshot: borrowing Snapshot
  ) -> Int? {
    StickyCookie.place(policy, snapshot, &head, source, 0)
  }

  /// The path in its normal form, without the query.
  package var path: [UInt8] {
    request.isNormalised
      ? normal.text(request.path, request.pathLength)
      : source.text(request.path, request.pathLength)
  }

  /// Path and query as the backend gets them: rewritten, if the route does that. nil when the
  /// rewritten path is refused.
  package func forwardedTarget(
    _ snapshot: borrowing Snapshot, _ decision: RouteDecision
  ) -> [UInt8]? {
    let row = snapshot.routes[Int(decision.route)]
    if target.form == .asterisk { return [0x2a] }
    guard row.flags.contains(.rewrites) else {
      return path + source.text(target.query, target.queryLength)
    }
    var out = Block(capacity: 65_536)
    let detail = snapshot.routing.details[Int(row.detail)]
    guard
      PathRewrite.write(
        detail, pattern: decision.path, snapshot, request, &head, source, normal: normal,
        into: &out)
    else { return nil }
    return out.text(out.start, out.count)
  }

  /// A template's text for this request; nil when it is longer than the worker would send.
  package func text(
    of template: RowRange, _ place: TemplateWriter.Place, _ snapshot: borrowing Snapshot,
    _ decision: RouteDecision
  ) -> [UInt8]? {
    var out = Block(capacity: 65_536)
    var writer = TemplateWriter(place, pattern: decision.path)
    let fits = writer.write(
      template, snapshot, request, &head, source, normal: normal, into: &out)
    guard fits, place != .address || out.end <= TemplateWriter.maxAddressBytes else { return nil }
    return out.text(0, out.end)
  }

  /// A head (start line, fields, empty line) after a route's edits.
  package func edited(
    _ lines: [UInt8], _ edits: RowRange, _ snapshot: borrowing Snapshot,
    _ decision: RouteDecision
  ) -> [UInt8]? {
    var out = Block(capacity: max(131_072, lines.count * 2))
    out.append(lines)
    let row = snapshot.routes[Int(decision.route)]
    let timeout =
      row.flags.contains(.hasTimeouts)
      ? snapshot.routing.details[Int(row.detail)].timeouts.request : snapshot.policy.request
    var request = request
    if timeout != .max { request.remainingMilliseconds = Int(timeout / 1_000_000) }
    let failure = HeadEdits.apply(
      edits, pattern: decision.path, snapshot, request, &head, source, normal: normal, to: &out)
    return failure == nil ? out.text(0, out.end) : nil
  }
}

extension Block {
  /// A copy.
  func text(_ from: Int, _ count: Int) -> [UInt8] { (from..<(from + count)).map { bytes[$0] } }
}
