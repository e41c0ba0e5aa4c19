import DataPlane

/// Fuzzes chunked bodies with their trailers.
///
/// However the bytes are split, the content, the end and the byte at which a bad body fails are
/// those of the whole; a second, slow reading of the grammar must agree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  var dice = RandomSource(seed: UInt64(count) &* 31 &+ UInt64(input.last ?? 0))
  var block = Block(capacity: max(count, 1))
  block.append(input)
  let whole = decode(block.bytes, [count])
  // Every byte for itself: tells where a bad body fails.
  let bytewise = decode(block.bytes, Array(1...max(count, 1)).filter { $0 <= count })
  precondition(bytewise.content == whole.content)
  switch (whole.end, bytewise.end) {
  case (.failed, .failed(let at)):
    precondition(decode(block.bytes, [at - 1]).end == .open)
    precondition(decode(block.bytes, [at]).end == .failed(at: at))
  default: precondition(whole.end == bytewise.end)
  }
  // Cuts that the input chooses, and a few others.
  for round in 0..<4 {
    var cuts: [Int] = []
    var at = 0
    while at < count, cuts.count < 200 {
      at += 1 + (round == 0 ? Int(input[at] & 15) : Int(dice.next() % 24))
      cuts.append(min(at, count))
    }
    if cuts.last != count { cuts.append(count) }
    let split = decode(block.bytes, cuts)
    precondition(split.content == whole.content)
    switch (bytewise.end, split.end) {
    case (.failed(let at), .failed(let end)): precondition(end == cuts.first { $0 >= at })
    default: precondition(split.end == whole.end)
    }
  }
  if case .trailers(let at) = whole.end { checkTrailers(block.bytes, at, count) }
  checkSlowly(input, whole)
  return 0
}

private struct Decoded: Equatable {
  enum End: Equatable {
    case open
    case trailers(at: Int)
    case failed(at: Int)
  }
  var content: [UInt8] = []
  var end = End.open
}

/// Decodes up to each cut in turn.
private func decode(_ bytes: borrowing Bytes, _ cuts: [Int]) -> Decoded {
  var decoder = BodyDecoder(framing: .chunked)
  var decoded = Decoded()
  var index = 0
  for cut in cuts {
    piece: while true {
      switch decoder.next(bytes, index, cut) {
      case .data(let at, let count):
        precondition(at >= index && count > 0 && at + count <= cut)
        for place in at..<(at + count) { decoded.content.append(bytes[place]) }
        index = at + count
      case .needMore:
        index = cut
        break piece
      case .trailers(let at):
        precondition(at >= index && at <= cut && decoder.isInTrailers)
        decoded.end = .trailers(at: at)
        return decoded
      case .end: preconditionFailure("a chunked body ends with its trailers")
      case .failed:
        decoded.end = .failed(at: cut)
        return decoded
      }
    }
  }
  return decoded
}

private func checkTrailers(_ bytes: borrowing Bytes, _ from: Int, _ to: Int) {
  var head = MessageHead()
  for limits in [
    HeadLimits(), HeadLimits(requestLineBytes: 8, headBytes: 40, fieldCount: 2),
  ] {
    let whole = TrailerParser.parse(bytes, from, to, limits: limits, into: &head)
    if case .complete(let length) = whole {
      precondition(length <= to - from && length <= limits.headBytes)
      precondition(head.fieldCount <= limits.fieldCount)
      precondition(bytes[from + length - 2] == 0x0d && bytes[from + length - 1] == 0x0a)
      // Trailers say nothing about the message.
      precondition(!head.isChunked && head.contentLength < 0 && head.host < 0 && !head.hasClose)
    }
    for prefix in from...min(to, from + 300) {
      let result = TrailerParser.parse(bytes, from, prefix, limits: limits, into: &head)
      if case .complete(let length) = whole {
        precondition(result == (prefix - from < length ? .incomplete : whole))
      } else {
        precondition(result == .incomplete || result == whole)
      }
    }
  }
}

// MARK: A second reading

/// Chunk by chunk with the grammar of RFC 9112 section 7.1; says only what is complete.
private func checkSlowly(_ input: [UInt8], _ decoded: Decoded) {
  var content: [UInt8] = []
  var index = 0
  while true {
    guard let carriageReturn = input[index...].firstIndex(of: 0x0d),
      carriageReturn + 1 < input.count, input[carriageReturn + 1] == 0x0a,
      let size = chunkSize(input[index..<carriageReturn])
    else { break }
    index = carriageReturn + 2
    if size == 0 {
      precondition(decoded.end == .trailers(at: index) && decoded.content == content)
      return
    }
    guard size <= UInt64(input.count - index), index + Int(size) + 2 <= input.count,
      input[index + Int(size)] == 0x0d, input[index + Int(size) + 1] == 0x0a
    else { break }
    content += input[index..<(index + Int(size))]
    index += Int(size) + 2
  }
  if case .trailers = decoded.end { preconditionFailure("taken for complete") }
  precondition(decoded.content.starts(with: content))
}

/// The size of a well-formed chunk line, given without its CR LF.
private func chunkSize(_ line: ArraySlice<UInt8>) -> UInt64? {
  guard line.count < 1024 else { return nil }
  let digits = line.prefix { Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }
  guard (1...16).contains(digits.count),
    let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16), size < 1 << 63
  else { return nil }
  var rest = line.dropFirst(digits.count)
  func skipSpace() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
  func takeToken() -> Bool {
    let token = rest.prefix(while: isToken)
    rest = rest.dropFirst(token.count)
    return !token.isEmpty
  }
  while !rest.isEmpty {
    skipSpace()
    guard rest.popFirst() == 0x3b else { return nil }
    skipSpace()
    guard takeToken() else { return nil }
    let behindName = rest
    skipSpace()
    guard rest.first == 0x3d else {
      rest = behindName
      continue
    }
    rest = rest.dropFirst()
    skipSpace()
    if rest.first == 0x22 {
      rest = rest.dropFirst()
      guard takeQuoted(&rest) else { return nil }
    } else if !takeToken() {
      return nil
    }
  }
  return size
}

private func isToken(_ byte: UInt8) -> Bool {
  let character = Character(Unicode.Scalar(byte))
  return byte < 0x80
    && (character.isLetter || character.isNumber || "!#$%&'*+-.^_`|~".contains(character))
}

/// What follows an opening quote, up to and with the closing one.
private func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
  while var byte = rest.popFirst() {
    if byte == 0x22 { return true }
    if byte == 0x5c {
      guard let next = rest.popFirst() else { return false }
      byte = next
    }
    guard byte == 0x09 || byte >= 0x20 && byte != 0x7f else { return false }
  }
  return false
}
