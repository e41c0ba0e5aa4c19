import DataPlane

/// Fuzzes `Cache-Control`: lines of the input are lines of the field, in a request and a response.
///
/// Whatever stands before it, a restriction behind a comma counts; another line can only restrict;
/// the verdict on a response obeys what was read; numbers stay in their bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: bytes, count: count).map { byte in
    byte == 0x0a || byte == 0x09 || byte >= 0x20 && byte != 0x7f ? byte : 0x20
  }
  let lines = input.split(separator: 0x0a, omittingEmptySubsequences: false).map(Array.init)
  guard lines.count <= 100, input.count < 30_000 else { return 0 }
  for line in lines { checkLine(line) }
  var all = CacheControl()
  for line in lines { read(line, into: &all) }
  checkBounds(all)
  var more = all
  read(Array("max-age=5, public, s-maxage=7, min-fresh=0".utf8), into: &more)
  precondition(more.flags.isSuperset(of: all.flags))
  precondition(all.maxAge < 0 ? more.maxAge == 5 : more.maxAge == min(all.maxAge, 5))
  precondition(more.minFresh == max(all.minFresh, 0))
  checkResponse(lines, all)
  checkRequest(lines, all)
  return 0
}

private func read(_ line: [UInt8], into control: inout CacheControl, at: Int = 0) {
  var block = Block(capacity: line.count + at + 1)
  block.append([UInt8](repeating: 0x22, count: at) + line + [0x22])
  control.read(block.bytes, at, line.count)
}

private func checkBounds(_ control: CacheControl) {
  for value in [
    control.maxAge, control.sharedMaxAge, control.staleWhileRevalidate, control.staleIfError,
    control.maxStale, control.minFresh,
  ] {
    precondition(value >= -1 && value <= CacheControl.secondsMax)
  }
}

private func checkLine(_ line: [UInt8]) {
  var control = CacheControl()
  read(line, into: &control)
  var moved = CacheControl()
  read(line, into: &moved, at: 7)
  precondition(control == moved)
  var restricted = CacheControl()
  read(
    line + Array(",no-store, private ,no-cache,must-revalidate,max-age=0".utf8), into: &restricted)
  precondition(
    restricted.flags.isSuperset(of: [.noStore, .isPrivate, .noCache, .mustRevalidate]))
  precondition(restricted.maxAge == 0)
  var quoted = CacheControl()
  // In quotes nothing counts.
  let inside = line.map { $0 == 0x22 || $0 == 0x5c ? 0x20 : $0 }
  read(Array("x=\"".utf8) + inside + [0x22], into: &quoted)
  precondition(quoted == CacheControl())
}

private func head(_ start: String, _ lines: [[UInt8]], _ last: String) -> Block {
  var block = Block(capacity: 65_536)
  block.append(Array(start.utf8))
  for line in lines { block.append(Array("Cache-Control: ".utf8) + line + [0x0d, 0x0a]) }
  block.append(Array(last.utf8))
  return block
}

private var wide: HeadLimits {
  HeadLimits(requestLineBytes: 60_000, headBytes: 60_000, fieldCount: 200)
}

private func checkResponse(_ lines: [[UInt8]], _ all: CacheControl) {
  let source = head(
    "HTTP/1.1 200 OK\r\n", lines, "ETag: \"a\"\r\nSet-Cookie: a=b\r\nX-A: b\r\n\r\n")
  var parsed = MessageHead()
  let result = ResponseParser.parse(source.bytes, 0, source.end, limits: wide, into: &parsed)
  guard case .complete = result else { preconditionFailure("not parsed") }
  let fields = ResponseCacheFields.collect(&parsed, source.bytes, 0)
  var context = StoreRuling.Context()
  context.wallSeconds = 1_000_000_000
  context.rules.storesSetCookie = true
  context.rules.defaultTTL = 60
  context.rules.jitterPercent = 50
  context.random = UInt64(source.end) &* 0x9e37_79b9_7f4a_7c15
  let ruling = StoreRuling.decide(context, fields, &parsed, source.bytes, 0)
  let flags = all.flags
  if ruling.verdict == .store {
    precondition(!flags.contains(.isPrivate))
    precondition(!flags.contains(.noStore) || flags.contains(.mustUnderstand))
  }
  precondition(ruling.facts.lifetime >= 0 && ruling.facts.lifetime <= CacheControl.secondsMax)
  let explicit = all.sharedMaxAge >= 0 ? all.sharedMaxAge : all.maxAge
  if explicit >= 0 { precondition(ruling.facts.lifetime <= explicit) }
  if !flags.isDisjoint(with: [.noCache, .mustRevalidate, .proxyRevalidate]) {
    precondition(ruling.facts.flags.contains(.mustRevalidate))
    precondition(ruling.facts.staleIfError == 0 && ruling.facts.staleWhileRevalidate == 0)
  }
  let hasNames = !flags.isDisjoint(with: [.noCacheFields, .privateFields])
  precondition(ruling.hasUnstoredFields == hasNames)
  StoreRuling.dropUnstored(fields, &parsed, source.bytes, 0)
}

private func checkRequest(_ lines: [[UInt8]], _ all: CacheControl) {
  let source = head("GET / HTTP/1.1\r\nHost: a\r\n", lines, "\r\n")
  var parsed = MessageHead()
  let result = RequestParser.parse(source.bytes, 0, source.end, limits: wide, into: &parsed)
  guard case .complete = result else { preconditionFailure("not parsed") }
  let fields = RequestCacheFields.collect(&parsed, source.bytes, 0)
  let directives = RequestDirectives.read(fields, &parsed, source.bytes, 0)
  precondition(
    directives.maxAge == all.maxAge && directives.noStore == all.flags.contains(.noStore))
  var facts = CachedFacts()
  facts.lifetime = 100
  for seconds in [0, 50, 99, 100, 1 << 31] as [UInt64] {
    let reuse = Reuse.decide(
      facts, now: seconds &* 1_000_000_000, directives, CacheRules(), random: seconds)
    if directives.noCache { precondition(reuse == .reload || reuse == .validate) }
    if seconds < 100, directives == RequestDirectives() { precondition(reuse == .fresh) }
    if seconds >= 100, directives.maxStale < 0 { precondition(reuse == .validate) }
  }
}
