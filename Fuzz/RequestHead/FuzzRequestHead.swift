import DataPlane

/// Fuzzes request heads: what a client sends.
///
/// The verdict must be the same at every place of a block and for every prefix; a head that passes
/// is compared with a plain reading of its lines; its target is taken apart and its path
/// normalised, twice.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  var dice = RandomSource(seed: UInt64(count) &* 31 &+ UInt64(input.first ?? 0))
  let small = HeadLimits(
    requestLineBytes: 16 + Int(dice.next() % 64), headBytes: 32 + Int(dice.next() % 256),
    fieldCount: 1 + Int(dice.next() % 6))
  for limits in [HeadLimits(), small] { check(input, limits, &dice) }
  return 0
}

private func check(_ input: [UInt8], _ limits: HeadLimits, _ dice: inout RandomSource) {
  var block = Block(capacity: max(input.count, 1))
  block.append(input)
  var head = MessageHead()
  let whole = RequestParser.parse(block.bytes, 0, input.count, limits: limits, into: &head)
  if case .complete(let length) = whole {
    checkHead(input, length, head, limits)
    checkTarget(block.bytes, head)
  }
  // The same bytes at another place mean the same.
  let at = 1 + Int(dice.next() % 40)
  var moved = Block(capacity: input.count + at)
  moved.append([UInt8](repeating: 0x0a, count: at) + input)
  var other = MessageHead()
  let again = RequestParser.parse(
    moved.bytes, at, at + input.count, limits: limits, into: &other)
  precondition(again == whole)
  if case .complete = whole {
    precondition(other.contentLength == head.contentLength && other.isChunked == head.isChunked)
    precondition(other.fieldCount == head.fieldCount && other.host == head.host)
    precondition(other.target == head.target && other.targetLength == head.targetLength)
    precondition(other.keepsAlive == head.keepsAlive && other.wantsUpgrade == head.wantsUpgrade)
  }
  // A prefix is incomplete or has the whole's verdict.
  let every = input.count <= 300
  for turn in 0..<(every ? input.count : 40) {
    let prefix = every ? turn : Int(dice.next() % UInt64(input.count))
    let result = RequestParser.parse(block.bytes, 0, prefix, limits: limits, into: &other)
    if case .complete(let length) = whole {
      precondition(result == (prefix < length ? .incomplete : whole))
    } else {
      precondition(result == .incomplete || result == whole)
    }
  }
}

/// A plain reading of a head that passed.
private func checkHead(
  _ input: [UInt8], _ length: Int, _ head: borrowing MessageHead, _ limits: HeadLimits
) {
  precondition(length <= input.count && length <= limits.headBytes && head.length == length)
  precondition(head.fieldCount <= limits.fieldCount)
  let lines = lines(input[..<length])
  precondition(lines.count == head.fieldCount + 3)
  precondition(lines[0].count + 2 <= limits.requestLineBytes)
  precondition(lines[lines.count - 2].isEmpty && lines[lines.count - 1].isEmpty)
  let parts = lines[0].split(separator: 0x20, omittingEmptySubsequences: false)
  precondition(parts.count == 3 && parts[1].count == head.targetLength)
  precondition(parts[0].count == head.methodLength && head.target == head.methodLength + 1)
  precondition(String(decoding: parts[2].prefix(7), as: UTF8.self) == "HTTP/1.")
  var seen: [String: Int] = [:]
  for line in lines[1..<(lines.count - 2)] {
    guard let colon = line.firstIndex(of: 0x3a) else { preconditionFailure("no colon") }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    precondition(!name.isEmpty && !name.contains(" ") && !name.contains("\t"))
    precondition(line.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f })
    seen[name, default: 0] += 1
  }
  precondition(seen["host", default: 0] == (head.host >= 0 ? 1 : 0))
  precondition(head.host >= 0 || head.minorVersion == 0)
  precondition(seen["content-length", default: 0] == (head.contentLength >= 0 ? 1 : 0))
  precondition(seen["transfer-encoding", default: 0] == (head.isChunked ? 1 : 0))
  precondition(!head.isChunked || head.contentLength < 0 && head.minorVersion == 1)
  precondition((seen["expect"] != nil) == head.expectsContinue)
  precondition((seen["connection"] != nil) == (head.connectionHeader >= 0))
  precondition((seen["upgrade"] != nil) == (head.upgrade >= 0))
  precondition((seen["x-forwarded-for"] != nil) == (head.forwardedFor >= 0))
  precondition((seen["x-forwarded-proto"] != nil) == (head.forwardedProto >= 0))
  precondition((seen["x-request-id"] != nil) == (head.requestID >= 0))
}

/// Lines between CR LF; no CR or LF elsewhere.
private func lines(_ head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
  var lines: [ArraySlice<UInt8>] = []
  var start = head.startIndex
  var index = start
  while index < head.endIndex {
    precondition(head[index] != 0x0a, "bare LF")
    if head[index] == 0x0d {
      precondition(index + 1 < head.endIndex && head[index + 1] == 0x0a, "bare CR")
      lines.append(head[start..<index])
      index += 1
      start = index + 1
    }
    index += 1
  }
  lines.append(head[start..<head.endIndex])
  return lines
}

private func checkTarget(_ bytes: borrowing Bytes, _ head: borrowing MessageHead) {
  let from = head.target
  let end = from + head.targetLength
  guard
    let target = RequestTarget.parse(bytes, from, head.targetLength, method: head.method)
  else { return }
  precondition(target.path >= from && target.path + target.pathLength <= end)
  if target.form == .asterisk { return }
  precondition(target.path + target.pathLength == target.query)
  precondition(target.query + target.queryLength == end)
  precondition(target.queryLength == 0 || bytes[target.query] == 0x3f)
  precondition((target.authorityLength > 0) == (target.form == .absolute))
  precondition(target.pathLength > 0 || target.form == .absolute)
  for merge in [true, false] {
    var once = Block(capacity: target.pathLength + 1)
    guard
      PathNormalizer.normalize(
        bytes, target.path, target.pathLength, mergeSlashes: merge, into: &once)
    else {
      precondition(target.needsNormalizing)
      continue
    }
    var twice = Block(capacity: once.end + 1)
    let isGood = PathNormalizer.normalize(
      once.bytes, 0, once.end, mergeSlashes: merge, into: &twice)
    precondition(isGood && once.end == twice.end)
    precondition(once.end > 0 && once.bytes[0] == 0x2f)
    var segment: [UInt8] = []
    for index in 0..<once.end {
      precondition(once.bytes[index] == twice.bytes[index])
      if !target.needsNormalizing {
        precondition(once.bytes[index] == bytes[target.path + index])
      }
      if index > 0, once.bytes[index] == 0x2f {
        precondition(segment != [0x2e] && segment != [0x2e, 0x2e])
        precondition(!merge || !segment.isEmpty)
        segment = []
      } else if index > 0 {
        segment.append(once.bytes[index])
      }
    }
    precondition(segment != [0x2e] && segment != [0x2e, 0x2e])
    precondition(target.needsNormalizing || once.end == target.pathLength)
  }
}
