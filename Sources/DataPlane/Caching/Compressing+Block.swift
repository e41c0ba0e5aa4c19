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

extension AcceptEncoding {
  @inline(__always)
  static func of(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) -> AcceptEncoding {
    of(fields, &head, block.bytes, origin)
  }
}

extension VaryFields {
  /// Whether the names in the block, as `read` writes them, have this one.
  static func names(_ block: borrowing Block, _ name: StaticString) -> Bool {
    FieldParser.list(block.bytes, block.start, block.count, contains: name)
  }
}

extension CompressedHead {
  /// Whether a line of the head in `block` speaks of the uncompressed bytes alone.
  static func isOfIdentity(_ field: Field, _ block: borrowing Block, _ origin: Int) -> Bool {
    isOfIdentity(field, block.bytes, origin)
  }

  static func appendWeakTag(
    _ field: Field, of block: borrowing Block, _ origin: Int, to out: inout Block
  ) {
    appendWeakTag(
      block.bytes, origin &+ Int(field.value), Int(field.valueLength), to: &out)
  }

  static func weakenTag(
    _ head: inout MessageHead, of out: inout Block,
    askedBy request: inout MessageHead, _ block: borrowing Block
  ) {
    weakenTag(&head, of: &out, askedBy: &request, block.bytes)
  }
}
