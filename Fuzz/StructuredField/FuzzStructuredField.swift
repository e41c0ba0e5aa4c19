import DataPlane

/// Fuzzes dictionaries of structured fields, as `CDN-Cache-Control` over several lines.
///
/// A second, plain reading of RFC 9651 section 4.2 on the joined lines must agree: whether it is a
/// dictionary, and on the seconds and flags that it says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: bytes, count: count).map { byte in
    byte == 0x0a || byte == 0x09 || byte >= 0x20 && byte != 0x7f ? byte : 0x20
  }
  let lines = input.split(separator: 0x0a, omittingEmptySubsequences: false).map(trimmed)
  guard lines.count <= 100, input.count < 30_000 else { return 0 }
  var block = Block(capacity: 65_536)
  block.append(Array("HTTP/1.1 200 OK\r\n".utf8))
  for line in lines { block.append(Array("CDN-Cache-Control: ".utf8) + line + [0x0d, 0x0a]) }
  block.append([0x0d, 0x0a])
  var head = MessageHead()
  let limits = HeadLimits(requestLineBytes: 60_000, headBytes: 60_000, fieldCount: 200)
  let result = ResponseParser.parse(block.bytes, 0, block.end, limits: limits, into: &head)
  guard case .complete = result else { preconditionFailure("not parsed") }
  let fields = ResponseCacheFields.collect(&head, block.bytes, 0)
  let found = CacheControl.readTargeted(
    fields.cdnCacheControl, isRepeated: lines.count > 1, &head, block.bytes, 0)
  var slow = SlowReader(Array(lines.joined(separator: [0x2c, 0x20])))
  let expected = slow.dictionary()
  guard let expected, !expected.isEmpty else {
    precondition(found == nil)
    return 0
  }
  guard let found else { preconditionFailure("taken for no dictionary") }
  precondition(found.maxAge == seconds(expected["max-age"]))
  precondition(found.sharedMaxAge == seconds(expected["s-maxage"]))
  precondition(found.staleIfError == seconds(expected["stale-if-error"]))
  precondition(found.flags.contains(.noStore) == (expected["no-store"] == .boolean(true)))
  precondition(found.flags.contains(.isPublic) == (expected["public"] == .boolean(true)))
  let isPrivate = !found.flags.isDisjoint(with: [.isPrivate, .privateFields])
  switch expected["private"] {
  case .boolean(true), .string, .other: precondition(isPrivate)
  case .boolean(false), .integer, nil: precondition(!isPrivate)
  }
  return 0
}

private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
  let rest = line.drop { $0 == 0x20 || $0 == 0x09 }
  let end = rest.lastIndex { $0 != 0x20 && $0 != 0x09 }
  return end.map { Array(rest[...$0]) } ?? []
}

private func seconds(_ value: SlowReader.Value?) -> Int64 {
  guard case .integer(let number) = value else { return -1 }
  return min(max(number, 0), 1 << 31)
}

/// Reads by the letter of the RFC, from an array.
private struct SlowReader {
  enum Value: Equatable {
    case boolean(Bool)
    case integer(Int64)
    case string
    case other
  }
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  private static let lower = Set("abcdefghijklmnopqrstuvwxyz".utf8)
  private static let digits = Set("0123456789".utf8)
  private static let letters = lower.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

  mutating func dictionary() -> [String: Value]? {
    var result: [String: Value] = [:]
    rest = rest.drop { $0 == 0x20 }
    while !rest.isEmpty {
      guard let key = key() else { return nil }
      var value = Value.boolean(true)
      if rest.first == 0x3d {
        rest.removeFirst()
        guard let read = rest.first == 0x28 ? list() : item() else { return nil }
        value = read
      }
      guard parameters() else { return nil }
      result[key] = value
      rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
      if rest.isEmpty { return result }
      guard rest.removeFirst() == 0x2c else { return nil }
      rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
      if rest.isEmpty { return nil }
    }
    return result
  }

  private mutating func key() -> String? {
    guard let first = rest.first, Self.lower.contains(first) || first == 0x2a else { return nil }
    let allowed = Self.lower.union(Self.digits).union("_-.*".utf8)
    let text = rest.prefix { allowed.contains($0) }
    rest = rest.dropFirst(text.count)
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func list() -> Value? {
    rest.removeFirst()
    while true {
      rest = rest.drop { $0 == 0x20 }
      if rest.first == 0x29 {
        rest.removeFirst()
        return .other
      }
      guard item() != nil, parameters(), rest.first == 0x20 || rest.first == 0x29 else {
        return nil
      }
    }
  }

  private mutating func parameters() -> Bool {
    while rest.first == 0x3b {
      rest = rest.dropFirst().drop { $0 == 0x20 }
      guard key() != nil else { return false }
      if rest.first == 0x3d {
        rest.removeFirst()
        guard item() != nil else { return false }
      }
    }
    return true
  }

  private mutating func item() -> Value? {
    guard let first = rest.first else { return nil }
    switch first {
    case 0x2d, 0x30...0x39: return number()
    case 0x22: return string()
    case 0x3a:
      let text = rest.dropFirst().prefix { $0 != 0x3a }
      let allowed = Self.letters.union(Self.digits).union("+/=".utf8)
      guard text.allSatisfy(allowed.contains), rest.count > text.count + 1 else { return nil }
      rest = rest.dropFirst(text.count + 2)
      return .other
    case 0x3f:
      guard rest.count > 1, let value = rest.dropFirst().first, value == 0x30 || value == 0x31
      else { return nil }
      rest = rest.dropFirst(2)
      return .boolean(value == 0x31)
    case 0x40:
      rest.removeFirst()
      guard case .integer = number() else { return nil }
      return .other
    case 0x25: return displayString()
    default:
      guard Self.letters.contains(first) || first == 0x2a else { return nil }
      let allowed = Self.letters.union(Self.digits).union("!#$%&'*+-.^_`|~:/".utf8)
      rest = rest.drop { allowed.contains($0) }
      return .other
    }
  }

  private mutating func number() -> Value? {
    let isNegative = rest.first == 0x2d
    if isNegative { rest.removeFirst() }
    let whole = rest.prefix { Self.digits.contains($0) }
    guard !whole.isEmpty, whole.count <= 15 else { return nil }
    rest = rest.dropFirst(whole.count)
    guard rest.first == 0x2e else {
      guard let value = Int64(String(decoding: whole, as: UTF8.self)) else { return nil }
      return .integer(isNegative ? -value : value)
    }
    let fraction = rest.dropFirst().prefix { Self.digits.contains($0) }
    guard whole.count <= 12, (1...3).contains(fraction.count) else { return nil }
    rest = rest.dropFirst(fraction.count + 1)
    return .other
  }

  private mutating func string() -> Value? {
    rest.removeFirst()
    while let byte = rest.popFirst() {
      switch byte {
      case 0x22: return .string
      case 0x5c:
        guard let next = rest.popFirst(), next == 0x22 || next == 0x5c else { return nil }
      case 0x20..<0x7f: break
      default: return nil
      }
    }
    return nil
  }

  private mutating func displayString() -> Value? {
    rest.removeFirst()
    guard rest.popFirst() == 0x22 else { return nil }
    let hex = Set("0123456789abcdef".utf8)
    while let byte = rest.popFirst() {
      switch byte {
      case 0x22: return .other
      case 0x25:
        for _ in 0..<2 {
          guard let digit = rest.popFirst(), hex.contains(digit) else { return nil }
        }
      case 0x20..<0x7f: break
      default: return nil
      }
    }
    return nil
  }
}
