// Keys see spans; a worker's blocks lend them here, so that the loan ends with the call. `source`
// holds the head; `normal` the path, if the received one was not in its normal form.

extension CacheKey {
  @inline(__always)
  static func write(
    _ row: CacheKeyRow, _ snapshot: borrowing Snapshot, _ request: RouteRequest,
    _ head: inout MessageHead, _ source: borrowing Block, normal: borrowing Block, isTLS: Bool,
    route: TextReference? = nil, into out: inout Block
  ) -> CacheKeyText? {
    if request.isNormalised {
      return write(
        row, snapshot, request, &head, source.bytes, path: normal.bytes, isTLS: isTLS,
        route: route, into: &out)
    }
    return write(
      row, snapshot, request, &head, source.bytes, path: source.bytes, isTLS: isTLS,
      route: route, into: &out)
  }

  @inline(__always)
  static func hash(_ block: borrowing Block, _ text: CacheKeyText, seed: HashSeed) -> Hash128 {
    hash(block.bytes, text.at, text.length, seed: seed)
  }
}
