// The rules see spans; a worker's blocks lend them here, so that the loan ends with the call.

extension RequestCacheFields {
  @inline(__always)
  static func collect(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int
  ) -> RequestCacheFields {
    collect(&head, block.bytes, origin)
  }
}

extension RequestDirectives {
  @inline(__always)
  static func read(
    _ fields: RequestCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) -> RequestDirectives {
    read(fields, &head, block.bytes, origin)
  }
}

extension ResponseCacheFields {
  static func collect(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int
  ) -> ResponseCacheFields {
    collect(&head, block.bytes, origin)
  }
}

extension StoreRuling {
  static func decide(
    _ context: Context, _ fields: ResponseCacheFields, _ head: inout MessageHead,
    _ block: borrowing Block, _ origin: Int
  ) -> StoreRuling {
    decide(context, fields, &head, block.bytes, origin)
  }

  static func dropUnstored(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) {
    dropUnstored(fields, &head, block.bytes, origin)
  }

  static func appendUnstored(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, to out: inout Block
  ) {
    appendUnstored(fields, &head, block.bytes, origin, to: &out)
  }
}

extension FieldValues {
  /// What `Age` says; 0 when there is none.
  static func age(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int
  ) -> Int64 {
    age(fields.age, &head, block.bytes, origin) ?? 0
  }
}

extension VaryFields {
  static func read(
    _ fields: ResponseCacheFields, _ head: inout MessageHead, _ block: borrowing Block,
    _ origin: Int, into out: inout Block
  ) -> VaryFields {
    read(fields, &head, block.bytes, origin, into: &out)
  }
}

extension VaryHash {
  /// - Parameter names: all that is in the block.
  static func of(
    _ names: borrowing Block, _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int,
    seed: HashSeed
  ) -> Hash128 {
    of(names.bytes, names.start, names.count, &head, block.bytes, origin, seed: seed)
  }
}

extension CacheTags {
  static func append(
    _ head: inout MessageHead, _ block: borrowing Block, _ origin: Int, to out: inout Block
  ) -> Int {
    append(&head, block.bytes, origin, to: &out)
  }
}

extension HashedName {
  /// `normal` holds the path if the received one was not in its normal form.
  static func isHashed(
    _ request: RouteRequest, _ source: borrowing Block, normal: borrowing Block
  ) -> Bool {
    request.isNormalised
      ? isHashed(normal.bytes, request.path, request.pathLength)
      : isHashed(source.bytes, request.path, request.pathLength)
  }
}

extension CacheKey {
  /// The part of a key's text that is a URL: up to the first item.
  static func urlLength(_ block: borrowing Block) -> Int {
    var at = block.start
    while at < block.end, block.bytes[at] != 0x0a { at &+= 1 }
    return at &- block.start
  }

  /// Where the path begins in a key: behind scheme and host.
  static func pathStart(_ block: borrowing Block, _ key: CacheKeyText) -> Int {
    var at = key.at &+ 8
    while at < key.at &+ key.urlLength, block.bytes[at] != 0x2f { at &+= 1 }
    return at
  }
}

extension Invalidation {
  /// What a value names, relative to the request in `kept`: path and query, in `out`. False for
  /// another origin, and for what is no reference.
  static func resolve(
    _ block: borrowing Block, _ at: Int, _ count: Int, _ request: RouteRequest,
    _ kept: borrowing Block, normal: borrowing Block, mergeSlashes: Bool,
    scratch: inout Block, into out: inout Block
  ) -> Bool {
    let port = HostText.portLength(kept.bytes, request.host, request.hostLength)
    let base = Base(
      isSecure: request.isTLS,
      host: ValueRange(at: request.host, count: request.hostLength &+ port),
      path: ValueRange(at: request.path, count: request.pathLength))
    if request.isNormalised {
      return resolve(
        block.bytes, at, count, base, hosts: kept.bytes, paths: normal.bytes,
        mergeSlashes: mergeSlashes, scratch: &scratch, into: &out) != nil
    }
    return resolve(
      block.bytes, at, count, base, hosts: kept.bytes, paths: kept.bytes,
      mergeSlashes: mergeSlashes, scratch: &scratch, into: &out) != nil
  }
}

extension FieldUpdate {
  static func merge(
    _ stored: inout MessageHead, _ block: borrowing Block, with new: inout MessageHead,
    _ fields: ResponseCacheFields, _ newBlock: borrowing Block, _ newOrigin: Int,
    storesSetCookie: Bool, into out: inout Block
  ) -> Bool {
    merge(
      &stored, block.bytes, block.start, with: &new, fields, newBlock.bytes, newOrigin,
      storesSetCookie: storesSetCookie, into: &out)
  }
}
