// As in `Parsing+Block.swift`: blocks lend their bytes here, so that the loan ends with the call.

extension Compressibility {
  @inline(__always)
  static func of(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int,
    _ policy: CompressionPolicy, _ snapshot: borrowing Snapshot
  ) -> Compressibility {
    of(&head, block.bytes, origin, policy, snapshot)
  }

  /// Whether the client of this request gets gzip where a response may be compressed.
  @inline(__always)
  static func isWanted(
    byRequest head: inout MessageHead, _ block: borrowing Block, _ origin: Int
  ) -> Bool {
    AcceptEncoding.of(&head, block.bytes, origin).useOfGzip == .preferred
      && !isForbidden(byRequest: &head, block.bytes, origin)
  }
}

extension CompressedHead {
  static func weakenTag(
    _ head: inout MessageHead, of out: inout Block,
    askedBy request: inout MessageHead, _ block: borrowing Block
  ) {
    weakenTag(&head, of: &out, askedBy: &request, block.bytes)
  }
}
