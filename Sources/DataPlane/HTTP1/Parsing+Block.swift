// The engines see spans; a worker's blocks lend them here, so that the loan ends with the call.

extension RequestParser {
  @inline(__always)
  static func parse(
    _ block: borrowing Block, _ from: Int, _ to: Int, limits: HeadLimits,
    into head: inout MessageHead
  ) -> ParseResult {
    parse(block.bytes, from, to, limits: limits, into: &head)
  }
}

extension ResponseParser {
  @inline(__always)
  static func parse(
    _ block: borrowing Block, _ from: Int, _ to: Int, limits: HeadLimits,
    into head: inout MessageHead
  ) -> ParseResult {
    parse(block.bytes, from, to, limits: limits, into: &head)
  }
}

extension PathNormalizer {
  static func normalize(
    _ block: borrowing Block, _ target: RequestTarget, mergeSlashes: Bool, into out: inout Block
  ) -> Bool {
    normalize(
      block.bytes, target.path, target.pathLength, mergeSlashes: mergeSlashes, into: &out)
  }
}
