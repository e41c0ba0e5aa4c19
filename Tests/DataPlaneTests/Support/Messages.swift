@testable import DataPlane

/// Text as bytes, one per scalar (ISO 8859-1), so that a table can hold any byte.
func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

/// Bytes as text, one scalar each.
func text(_ bytes: some Sequence<UInt8>) -> String {
  var result = String.UnicodeScalarView()
  for byte in bytes { result.append(Unicode.Scalar(byte)) }
  return String(result)
}

/// A block with these bytes at `at`, garbage before, and `capacity` in all (else just enough).
func block(_ content: [UInt8], at: Int = 0, capacity: Int? = nil) -> Block {
  var block = Block(capacity: max(capacity ?? at + content.count, 1))
  block.append([UInt8](repeating: 0x41, count: at))
  block.append(content)
  block.start = at
  return block
}

extension Block {
  /// A copy of a range, for comparisons.
  func copy(_ from: Int, _ to: Int) -> [UInt8] { (from..<to).map { bytes[$0] } }
}

/// One line of a head as a test writes it.
struct Line: Equatable, CustomStringConvertible {
  var name: String
  var value: String
  var id: FieldID
  var isDropped: Bool

  init(_ name: String, _ value: String, _ id: FieldID = .other, dropped: Bool = false) {
    self.name = name
    self.value = value
    self.id = id
    isDropped = dropped
  }

  var description: String { "\(name)|\(value)|\(id)\(isDropped ? "|dropped" : "")" }
}

/// All that a parser says of a message, detached from its bytes.
struct HeadSummary: Equatable {
  var result = ParseResult.incomplete
  var lines: [Line] = []
  var method = Method.other
  var methodText = ""
  var target = ""
  var status = 0
  var minorVersion: UInt8 = 1
  var hasOtherVersion = false
  var firstField = 0
  var contentLength: Int64 = -1
  var isChunked = false
  var hasClose = false
  var hasKeepAlive = false
  var keepsAlive = true
  var wantsUpgrade = false
  var expectsContinue = false
  var hasNominated = false
  var keepAliveTimeout = -1
  /// host, for, proto, forwarded host, request id, accept, upgrade, date, connection
  var indices: [Int] = []

  var failure: ParseFailure? {
    if case .failed(let failure) = result { return failure }
    return nil
  }

  init(
    _ result: ParseResult, _ head: borrowing MessageHead, _ block: borrowing Block, _ at: Int,
    isRequest: Bool
  ) {
    self.result = result
    guard case .complete(let length) = result else { return }
    precondition(length == head.length || head.length == 0)
    if isRequest {
      method = head.method
      methodText = text(block.copy(at, at + head.methodLength))
      target = text(block.copy(at + head.target, at + head.target + head.targetLength))
    } else {
      status = head.status
    }
    minorVersion = head.minorVersion
    hasOtherVersion = isRequest && head.hasOtherVersion
    firstField = head.firstField
    contentLength = head.contentLength
    isChunked = head.isChunked
    hasClose = head.hasClose
    hasKeepAlive = head.hasKeepAlive
    keepsAlive = head.keepsAlive
    wantsUpgrade = head.wantsUpgrade
    expectsContinue = head.expectsContinue
    hasNominated = head.hasNominated
    keepAliveTimeout = head.keepAliveTimeout
    indices = [
      head.host, head.forwardedFor, head.forwardedProto, head.forwardedHost, head.requestID,
      head.accept, head.upgrade, head.date, head.connectionHeader,
    ]
    var lineEnd = head.firstField
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      let name = at + Int(field.name)
      let value = at + Int(field.value)
      // Lines lie one behind the other, and their parts inside them.
      precondition(Int(field.name) == lineEnd)
      precondition(field.name + field.nameLength < field.value || field.valueLength == 0)
      precondition(field.value + field.valueLength + 2 <= field.end)
      lineEnd = Int(field.end)
      lines.append(
        Line(
          text(block.copy(name, name + Int(field.nameLength))),
          text(block.copy(value, value + Int(field.valueLength))), field.id,
          dropped: field.isDropped))
    }
    precondition(lineEnd + 2 == length)
  }
}

/// What a parser is for.
enum Side { case request, response, trailers }

/// Parses `content[0..<to]`, laid at `at` of a block, with all of `content` lying behind `to`.
func parse(
  _ side: Side, _ content: [UInt8], to: Int? = nil, at: Int = 0, limits: HeadLimits = HeadLimits()
) -> HeadSummary {
  let block = block(content, at: at)
  var head = MessageHead()
  let result = parse(side, block, at, at + (to ?? content.count), limits, &head)
  return HeadSummary(result, head, block, at, isRequest: side == .request)
}

func parse(_ side: Side, _ content: String, limits: HeadLimits = HeadLimits()) -> HeadSummary {
  parse(side, bytes(content), limits: limits)
}

func parse(
  _ side: Side, _ block: borrowing Block, _ from: Int, _ to: Int, _ limits: HeadLimits,
  _ head: inout MessageHead
) -> ParseResult {
  switch side {
  case .request: return RequestParser.parse(block, from, to, limits: limits, into: &head)
  case .response: return ResponseParser.parse(block, from, to, limits: limits, into: &head)
  case .trailers: return TrailerParser.parse(block.bytes, from, to, limits: limits, into: &head)
  }
}

/// What the parser says of each prefix, the whole last.
func parsePrefixes(
  _ side: Side, _ content: [UInt8], limits: HeadLimits = HeadLimits()
) -> [ParseResult] {
  let block = block(content)
  var head = MessageHead()
  return (0...content.count).map { parse(side, block, 0, $0, limits, &head) }
}

/// Nil when each prefix of a message says what the whole says, or is incomplete; else what is odd.
func oddPrefix(_ side: Side, _ content: [UInt8], limits: HeadLimits = HeadLimits()) -> String? {
  let results = parsePrefixes(side, content, limits: limits)
  let whole = results[content.count]
  for (length, result) in results.enumerated() {
    switch (whole, result) {
    case (.complete(let end), _):
      if result != (length < end ? .incomplete : whole) {
        return "\(length) bytes: \(result), the whole: \(whole)"
      }
    case (_, .incomplete): break
    default:
      if result != whole { return "\(length) bytes: \(result), the whole: \(whole)" }
    }
  }
  return nil
}
