import DataPlane

/// Fuzzes response heads: what a backend sends.
///
/// The verdict must be the same at every place of a block and for every prefix; a head that passes
/// is compared with a plain reading of its lines.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  var dice = RandomSource(seed: UInt64(count) &* 31 &+ UInt64(input.first ?? 0))
  let small = HeadLimits(
    requestLineBytes: 64, headBytes: 32 + Int(dice.next() % 256),
    fieldCount: 1 + Int(dice.next() % 6))
  let large = HeadLimits(requestLineBytes: 1 << 20, headBytes: 1 << 20, fieldCount: 1 << 20)
  for limits in [large, small] { check(input, limits, &dice) }
  return 0
}

private func check(_ input: [UInt8], _ limits: HeadLimits, _ dice: inout RandomSource) {
  var block = Block(capacity: max(input.count, 1))
  block.append(input)
  var head = MessageHead()
  let whole = ResponseParser.parse(block.bytes, 0, input.count, limits: limits, into: &head)
  if case .complete(let length) = whole { checkHead(input, length, head, limits) }
  // The same bytes at another place mean the same.
  let at = 1 + Int(dice.next() % 40)
  var moved = Block(capacity: input.count + at)
  moved.append([UInt8](repeating: 0x0a, count: at) + input)
  var other = MessageHead()
  let again = ResponseParser.parse(
    moved.bytes, at, at + input.count, limits: limits, into: &other)
  precondition(again == whole)
  if case .complete = whole {
    precondition(other.contentLength == head.contentLength && other.isChunked == head.isChunked)
    precondition(other.fieldCount == head.fieldCount && other.status == head.status)
    precondition(other.keepAliveTimeout == head.keepAliveTimeout)
    precondition(other.keepsAlive == head.keepsAlive && other.wantsUpgrade == head.wantsUpgrade)
  }
  // A prefix is incomplete or has the whole's verdict.
  let every = input.count <= 300
  for turn in 0..<(every ? input.count : 40) {
    let prefix = every ? turn : Int(dice.next() % UInt64(input.count))
    let result = ResponseParser.parse(block.bytes, 0, prefix, limits: limits, into: &other)
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
  precondition((100...599).contains(head.status))
  var lines: [ArraySlice<UInt8>] = []
  var start = 0
  for index in 0..<length where input[index] == 0x0a || input[index] == 0x0d {
    if input[index] == 0x0a {
      precondition(index > 0 && input[index - 1] == 0x0d, "bare LF")
      lines.append(input[start..<(index - 1)])
      start = index + 1
    } else {
      precondition(index + 1 < length && input[index + 1] == 0x0a, "bare CR")
    }
  }
  precondition(start == length && lines.count == head.fieldCount + 2)
  precondition(lines.last?.isEmpty == true)
  let status = String(decoding: lines[0].dropFirst(9).prefix(3), as: UTF8.self)
  precondition(status == String(head.status))
  var seen: [String: Int] = [:]
  for line in lines.dropFirst().dropLast() {
    guard let colon = line.firstIndex(of: 0x3a) else { preconditionFailure("no colon") }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    precondition(!name.isEmpty && !name.contains(" ") && !name.contains("\t"))
    precondition(line.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f })
    seen[name, default: 0] += 1
  }
  precondition(seen["content-length", default: 0] == (head.contentLength >= 0 ? 1 : 0))
  precondition(seen["transfer-encoding", default: 0] == (head.isChunked ? 1 : 0))
  precondition(!head.isChunked || head.contentLength < 0 && head.minorVersion == 1)
  precondition((seen["connection"] != nil) == (head.connectionHeader >= 0))
  precondition((seen["date"] != nil) == (head.date >= 0))
  precondition(seen["keep-alive"] != nil || head.keepAliveTimeout == -1)
}
