import Testing

@testable import DataPlane

/// Heads as tests write them, held against the rules of the cache.
enum CacheProbe {
  /// Sun, 06 Nov 1994 08:49:37 GMT: the wall clock of all tests.
  static let wall: Int64 = 784_111_777
  static let now: Instant = 5_000_000_000_000

  /// That many seconds from the wall clock.
  static func date(_ seconds: Int64 = 0) -> String {
    var block = Block(capacity: 64)
    HTTPDate.write(wall + seconds, into: &block)
    return text(block.copy(0, block.end))
  }

  static func response<Result>(
    _ lines: [String], status: Int = 200,
    _ body: (inout MessageHead, borrowing Bytes, Int) throws -> Result
  ) rethrows -> Result {
    let content = (["HTTP/1.1 \(status) X"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    let block = block(bytes(content), at: 3)
    var head = MessageHead()
    let result = ResponseParser.parse(
      block.bytes, 3, block.end, limits: .widest, into: &head)
    precondition(result == .complete(length: content.unicodeScalars.count), content)
    return try body(&head, block.bytes, 3)
  }

  static func request<Result>(
    _ lines: [String], method: String = "GET",
    _ body: (inout MessageHead, borrowing Bytes, Int) throws -> Result
  ) rethrows -> Result {
    let content =
      (["\(method) / HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    let block = block(bytes(content), at: 5)
    var head = MessageHead()
    let result = RequestParser.parse(block.bytes, 5, block.end, limits: .widest, into: &head)
    precondition(result == .complete(length: content.unicodeScalars.count), content)
    return try body(&head, block.bytes, 5)
  }

  static func directives(_ lines: [String]) -> RequestDirectives {
    request(lines) { head, bytes, origin in
      let fields = RequestCacheFields.collect(&head, bytes, origin)
      return RequestDirectives.read(fields, &head, bytes, origin)
    }
  }

  /// What becomes of a response with these lines.
  static func ruling(
    _ lines: [String], status: Int = 200, request: [String] = [],
    _ change: (inout StoreRuling.Context) -> Void = { _ in }
  ) -> StoreRuling {
    var context = StoreRuling.Context()
    context.wallSeconds = wall
    context.now = now
    context.directives = directives(request)
    change(&context)
    return response(lines, status: status) { head, bytes, origin in
      let fields = ResponseCacheFields.collect(&head, bytes, origin)
      return StoreRuling.decide(context, fields, &head, bytes, origin)
    }
  }

  static func control(_ values: String...) -> CacheControl {
    response(values.map { "Cache-Control: " + $0 }) { head, bytes, origin in
      let fields = ResponseCacheFields.collect(&head, bytes, origin)
      return CacheControl.read(
        fields.cacheControl, isRepeated: fields.repeated.contains(.cacheControl), &head, bytes,
        origin)
    }
  }

  static func targeted(_ values: String...) -> CacheControl? {
    response(values.map { "CDN-Cache-Control: " + $0 }) { head, bytes, origin in
      let fields = ResponseCacheFields.collect(&head, bytes, origin)
      return CacheControl.readTargeted(
        fields.cdnCacheControl, isRepeated: fields.repeated.contains(.cdnCacheControl), &head,
        bytes, origin)
    }
  }
}

extension CacheControl {
  init(
    _ flags: Flags = [], maxAge: Int64 = -1, shared: Int64 = -1, revalidate: Int64 = -1,
    error: Int64 = -1, stale: Int64 = -1, fresh: Int64 = -1
  ) {
    self.init()
    self.flags = flags
    self.maxAge = maxAge
    sharedMaxAge = shared
    staleWhileRevalidate = revalidate
    staleIfError = error
    maxStale = stale
    minFresh = fresh
  }
}
