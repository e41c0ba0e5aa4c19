// Routing sees spans; a worker's blocks lend them here, so that the loan ends with the call.
// `source` holds the head; `normal` the path, if the received one was not in its normal form.

extension HeadEdits {
  static func apply(
    _ edits: RowRange, pattern: UInt32, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ source: borrowing Block, normal: borrowing Block,
    to out: inout Block
  ) -> ParseFailure? {
    if request.isNormalised {
      return apply(
        edits, pattern: pattern, snapshot, request, &head, source.bytes, path: normal.bytes,
        to: &out)
    }
    return apply(
      edits, pattern: pattern, snapshot, request, &head, source.bytes, path: source.bytes, to: &out)
  }
}

extension PathRewrite {
  static func write(
    _ detail: RouteDetailRow, pattern: UInt32, _ snapshot: borrowing Snapshot,
    _ request: RouteRequest, _ head: inout MessageHead, _ source: borrowing Block,
    normal: borrowing Block, into out: inout Block
  ) -> Bool {
    if request.isNormalised {
      return write(
        detail, pattern: pattern, snapshot, request, &head, source.bytes, path: normal.bytes,
        into: &out)
    }
    return write(
      detail, pattern: pattern, snapshot, request, &head, source.bytes, path: source.bytes,
      into: &out)
  }
}

extension TemplateWriter {
  mutating func write(
    _ template: RowRange, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ source: borrowing Block, normal: borrowing Block,
    into out: inout Block
  ) -> Bool {
    if request.isNormalised {
      return write(
        template, snapshot, request, &head, source.bytes, path: normal.bytes, into: &out)
    }
    return write(template, snapshot, request, &head, source.bytes, path: source.bytes, into: &out)
  }
}

extension RequestKey {
  static func find(
    _ row: PoolHashRow, _ snapshot: borrowing Snapshot, _ decision: RouteDecision,
    _ request: RouteRequest, _ head: inout MessageHead, _ source: borrowing Block,
    normal: borrowing Block
  ) -> UInt64? {
    if request.isNormalised {
      return find(row, snapshot, decision, request, &head, source.bytes, path: normal.bytes)
    }
    return find(row, snapshot, decision, request, &head, source.bytes, path: source.bytes)
  }
}

extension StickyCookie {
  static func place(
    _ policy: StickyPolicy, _ snapshot: borrowing Snapshot, _ head: inout MessageHead,
    _ source: borrowing Block, _ origin: Int
  ) -> Int? {
    place(policy, snapshot, &head, source.bytes, origin)
  }
}

extension Router {
  @inline(__always)
  static func decide(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ source: borrowing Block, normal: borrowing Block
  ) -> RouteDecision? {
    if request.isNormalised {
      return decide(snapshot, request, &head, source.bytes, path: normal.bytes)
    }
    return decide(snapshot, request, &head, source.bytes, path: source.bytes)
  }

  static func explain(
    _ snapshot: borrowing Snapshot, _ request: RouteRequest, _ head: inout MessageHead,
    _ source: borrowing Block, normal: borrowing Block, before end: Int
  ) -> [RouteMismatch?] {
    if request.isNormalised {
      return explain(snapshot, request, &head, source.bytes, path: normal.bytes, before: end)
    }
    return explain(snapshot, request, &head, source.bytes, path: source.bytes, before: end)
  }
}

extension RouteRequest {
  @inline(__always)
  init(
    _ source: borrowing Block, _ origin: Int, _ head: inout MessageHead,
    _ target: RequestTarget, normalisedCount: Int
  ) {
    self.init(source.bytes, origin, &head, target, normalisedCount: normalisedCount)
  }
}

extension RequestTarget {
  /// Of the head at the beginning of the block.
  static func parse(_ source: borrowing Block, _ head: inout MessageHead) -> RequestTarget? {
    parse(source.bytes, head.target, head.targetLength, method: head.method)
  }
}
