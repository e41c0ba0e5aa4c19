import DataPlane

/// Fuzzes dates of HTTP and the value of `Range`.
///
/// A date that passes is written and read again as the same second, at any place and without case;
/// years of two digits are never more than 50 years ahead. A range lies within the content, and a
/// plain reading of the grammar agrees.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  checkDate(input)
  checkRange(input)
  return 0
}

private func parse(_ input: [UInt8], at: Int, now: Int64) -> Int64? {
  var block = Block(capacity: input.count + at + 1)
  block.append([UInt8](repeating: 0x30, count: at) + input)
  return HTTPDate.parse(block.bytes, at, input.count, nowSeconds: now)
}

private func checkDate(_ input: [UInt8]) {
  let now: Int64 = 1_800_000_000
  let found = parse(input, at: 0, now: now)
  precondition(parse(input, at: 5, now: now) == found)
  let folded = input.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
  precondition(parse(folded, at: 1, now: now) == found)
  guard let found else { return }
  precondition(input.count >= 24 && input.count <= 33)
  precondition(found >= -62_167_219_200 && found <= 253_402_300_800)
  let isShort = input[3] != 0x2c && input[3] != 0x20
  if isShort { precondition(found < now + 51 * 31_622_400 && found > now - 51 * 31_622_400) }
  guard found >= 0, found <= 253_402_300_799 else { return }
  var block = Block(capacity: 64)
  HTTPDate.write(found, into: &block)
  precondition(block.end == 29)
  precondition(HTTPDate.parse(block.bytes, 0, 29, nowSeconds: 0) == found)
  // The same digits, but for a leap second.
  let digits = Set("0123456789".utf8)
  if input.count == 29, input[23] != 0x36 || input[24] != 0x30 || input[22] != 0x3a {
    for index in 5..<29 where digits.contains(input[index]) {
      precondition(block.bytes[index] == input[index])
    }
  }
}

private func checkRange(_ input: [UInt8]) {
  for length in [0, 1, 100, Int64.max] {
    var block = Block(capacity: input.count + 3)
    block.append([0x31] + input + [0x31])
    let found = RangeRequest.parse(block.bytes, 1, input.count, length: length)
    if case .part(let first, let count) = found {
      precondition(first >= 0 && count >= 1 && count <= length && first <= length - count)
    }
    precondition(found == slowRange(input, length), "\(found)")
  }
}

private func slowRange(_ input: [UInt8], _ length: Int64) -> RangeRequest {
  guard input.count > 6, input.allSatisfy({ $0 < 0x80 }) else { return .whole }
  let text = String(decoding: input, as: UTF8.self)
  guard text.unicodeScalars.count == input.count, text.prefix(6).lowercased() == "bytes=",
    !text.unicodeScalars.contains("\r\n".unicodeScalars.first ?? "x")
  else { return .whole }
  let specs = input.dropFirst(6).split(separator: 0x2c).map { spec in
    let start = spec.drop { $0 == 0x20 || $0 == 0x09 }
    let end = start.lastIndex { $0 != 0x20 && $0 != 0x09 }
    return end.map { Array(start[...$0]) } ?? []
  }.filter { !$0.isEmpty }
  guard specs.count == 1, let spec = specs.first else { return .whole }
  let parts = spec.split(separator: 0x2d, omittingEmptySubsequences: false)
  guard parts.count == 2 else { return .whole }
  let numbers = parts.map { part -> UInt64? in
    guard !part.isEmpty, part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return UInt64(String(decoding: part, as: UTF8.self)).map { min($0, 1 << 58) } ?? 1 << 58
  }
  for (part, number) in zip(parts, numbers) where !part.isEmpty && number == nil { return .whole }
  switch (numbers[0], numbers[1]) {
  case (nil, nil): return .whole
  case (nil, let suffix?):
    if suffix == 0 { return .unsatisfiable }
    if length == 0 { return .whole }
    let size = min(Int64(suffix), length)
    return .part(first: length - size, count: size)
  case (let first?, let last):
    if let last, last < first { return .whole }
    guard first < UInt64(length) else { return .unsatisfiable }
    let stop = min(Int64(last ?? UInt64(length - 1)), length - 1)
    return .part(first: Int64(first), count: stop - Int64(first) + 1)
  }
}
