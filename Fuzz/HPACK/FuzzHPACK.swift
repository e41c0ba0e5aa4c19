import DataPlane

/// Fuzzes header blocks: what a peer of HTTP/2 sends, one after the other on one connection.
///
/// The input is a row of blocks, each behind two bytes of length. Nothing traps, lists keep to
/// their limits, what is decoded survives encoding and decoding. A request that is translated is
/// exactly one HTTP/1.1 head for our own parser, with the fields that the list had: nothing is
/// smuggled.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  // Both ends are made anew, the lists are used again.
  connection.run(input)
  return 0
}

nonisolated(unsafe) private var connection = Connection()

private struct Connection: ~Copyable {
  var list = FieldList()
  var again = FieldList()
  var decoder = HPACKDecoder()
  var second = HPACKDecoder()
  var encoder = HPACKEncoder()
  var encoded = Block(capacity: 200_000)
  var head = Block(capacity: 80_000)
  var parsed = MessageHead()

  mutating func run(_ input: [UInt8]) {
    let table = [4096, 4096, 0, 64, 256, 65_536][Int(input.first ?? 0) % 6]
    let most = [65_536, 16_384, 300, 0][Int(input.first ?? 0) / 8 % 4]
    let fields = [256, 100, 3][Int(input.first ?? 0) / 32 % 3]
    decoder.open(maxTableBytes: table)
    second.open(maxTableBytes: 4096)
    encoder.open()
    var block = Block(capacity: max(input.count, 1))
    block.append(input)
    var at = 1
    while at + 2 <= input.count {
      let length = Int(input[at]) << 8 | Int(input[at + 1])
      let end = min(at + 2 + length, input.count)
      let result = decoder.decode(
        block.bytes, at + 2, end, maxListBytes: most, maxFields: fields, into: &list)
      precondition(decoder.tableBytes <= table)
      precondition(list.count <= fields && list.size <= most)
      if result == .failed { return }
      checkEntries()
      if result == .complete {
        if length % 5 == 4 { encoder.setMaxTableBytes(length) }
        checkEncoding()
        checkRequest(endsStream: length % 2 == 0)
        checkResponse(endsStream: length % 2 == 0, isHeadRequest: length % 3 == 0)
        checkTrailers()
      }
      at = end
    }
  }

  func checkEntries() {
    var size = 0
    for index in 0..<list.count {
      let entry = list[index]
      precondition(Int(entry.name) + Int(entry.nameLength) <= list.text.bytes.count - 64)
      precondition(Int(entry.value) + Int(entry.valueLength) <= list.text.bytes.count - 64)
      size += Int(entry.nameLength) + Int(entry.valueLength) + 32
    }
    precondition(size == list.size)
  }

  // MARK: Encoding

  /// A second decoder reads the same fields, names in lower case, and keeps the same table.
  mutating func checkEncoding() {
    encoded.reset()
    encoder.begin(into: &encoded)
    for index in 0..<list.count {
      let entry = list[index]
      append(entry, of: list, &encoder, &encoded)
    }
    let end = encoded.end
    let result = second.decode(
      encoded, 0, end, maxListBytes: 65_536, maxFields: 256, into: &again)
    precondition(result == .complete && again.count == list.count && again.size == list.size)
    precondition(encoder.tableBytes == second.tableBytes)
    for index in 0..<list.count {
      let left = list[index]
      let right = again[index]
      precondition(left.nameLength == right.nameLength && left.valueLength == right.valueLength)
      for offset in 0..<Int(left.nameLength) {
        let byte = list.text.bytes[Int(left.name) + offset]
        let lower = 0x41...0x5a ~= byte ? byte | 0x20 : byte
        precondition(lower == again.text.bytes[Int(right.name) + offset])
      }
      for offset in 0..<Int(left.valueLength) {
        precondition(
          list.text.bytes[Int(left.value) + offset] == again.text.bytes[Int(right.value) + offset])
      }
    }
  }

  // MARK: Translation

  mutating func checkRequest(endsStream: Bool) {
    head.reset()
    guard
      case .written(let framing) = RequestTranslation.write(
        list, endsStream: endsStream, into: &head)
    else { return precondition(head.count == 0) }
    let result = parseRequest(head, &parsed)
    switch result {
    case .complete(let length): precondition(length == head.count)
    // What HTTP/1.1 refuses for reasons of its own, as a whole.
    case .failed(.unknownExpectation), .failed(.headTooLong), .failed(.requestLineTooLong): return
    // `Connection` is not there; no other failure is possible.
    default: preconditionFailure("\(result)")
    }
    // `host`, the fields but pseudo-fields, `host`, further cookies, lengths and `te`, the framing.
    var expected = 1
    var hasCookie = false
    var hasLength = false
    var hasTE = false
    for index in 0..<list.count {
      switch name(index) {
      case "host": break
      case "cookie":
        expected += hasCookie ? 0 : 1
        hasCookie = true
      case "content-length":
        expected += hasLength ? 0 : 1
        hasLength = true
      case "te":
        expected += hasTE ? 0 : 1
        hasTE = true
      case let other: expected += other.hasPrefix(":") ? 0 : 1
      }
    }
    if framing.body == .chunked { expected += 1 }
    precondition(parsed.fieldCount == expected && parsed.isChunked == (framing.body == .chunked))
    if case .length(let length) = framing.body { precondition(parsed.contentLength == length) }
    precondition(!endsStream || !parsed.isChunked && parsed.contentLength <= 0)
    precondition(parsed.connectionHeader < 0 && parsed.upgrade < 0 && parsed.host == 0)
    precondition(framing.acceptsTrailers == hasTE)
    encodeAgain()
  }

  /// The head that was written goes back to HTTP/2 and to the same head.
  mutating func encodeAgain() {
    encoded.reset()
    let isEncoded = HeadEncoding.request(
      &parsed, head, 0, isSecure: true, acceptsTrailers: false, &encoder, into: &encoded)
    precondition(isEncoded && encoded.count <= HeadEncoding.room(&parsed))
    let end = encoded.end
    let result = second.decode(
      encoded, 0, end, maxListBytes: 65_536, maxFields: 256, into: &again)
    precondition(result != .failed && encoder.tableBytes == second.tableBytes)
    guard result == .complete else { return }
    encoded.reset()
    let outcome = RequestTranslation.write(again, endsStream: false, into: &encoded)
    guard case .written = outcome else { preconditionFailure("\(outcome)") }
    let length = parsed.methodLength + 1 + parsed.targetLength
    for index in 0..<length { precondition(encoded.bytes[index] == head.bytes[index]) }
  }

  mutating func checkResponse(endsStream: Bool, isHeadRequest: Bool) {
    head.reset()
    guard
      case .written(let framing) = ResponseTranslation.write(
        list, endsStream: endsStream, isHeadRequest: isHeadRequest, into: &head)
    else { return precondition(head.count == 0) }
    let result = parseResponse(head, &parsed)
    switch result {
    case .complete(let length): precondition(length == head.count)
    case .failed(.headTooLong): return
    default: preconditionFailure("\(result)")
    }
    precondition(parsed.status == framing.status && parsed.status != 101)
    precondition(parsed.isChunked == (framing.body == .chunked))
    if case .length(let length) = framing.body { precondition(parsed.contentLength == length) }
    precondition(parsed.connectionHeader < 0 && parsed.upgrade < 0)
    encoded.reset()
    let isEncoded = HeadEncoding.response(&parsed, head, 0, &encoder, into: &encoded)
    precondition(isEncoded && encoded.count <= HeadEncoding.room(&parsed))
    let end = encoded.end
    let decoded = second.decode(
      encoded, 0, end, maxListBytes: 65_536, maxFields: 256, into: &again)
    precondition(decoded != .failed && encoder.tableBytes == second.tableBytes)
  }

  mutating func checkTrailers() {
    head.reset()
    guard case .written = TrailerTranslation.write(list, into: &head) else {
      return precondition(head.count == 0)
    }
    let result = parseTrailer(head, &parsed)
    switch result {
    case .complete(let length):
      precondition(length == head.count && parsed.fieldCount == list.count)
    case .failed(.headTooLong): return
    default: preconditionFailure("\(result)")
    }
  }

  func name(_ index: Int) -> String {
    let entry = list[index]
    let bytes = (0..<Int(entry.nameLength)).map { list.text.bytes[Int(entry.name) + $0] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

private func append(
  _ entry: FieldList.Entry, of list: borrowing FieldList, _ encoder: inout HPACKEncoder,
  _ out: inout Block
) {
  encoder.append(
    list.text.bytes, name: Int(entry.name), nameLength: Int(entry.nameLength),
    value: Int(entry.value), valueLength: Int(entry.valueLength), into: &out)
}

private func parseRequest(_ block: borrowing Block, _ head: inout MessageHead) -> ParseResult {
  RequestParser.parse(block.bytes, 0, block.end, limits: FuzzLimits.widest, into: &head)
}

private func parseResponse(_ block: borrowing Block, _ head: inout MessageHead) -> ParseResult {
  ResponseParser.parse(block.bytes, 0, block.end, limits: FuzzLimits.widest, into: &head)
}

private func parseTrailer(_ block: borrowing Block, _ head: inout MessageHead) -> ParseResult {
  TrailerParser.parse(block.bytes, 0, block.end, limits: FuzzLimits.widest, into: &head)
}

private enum FuzzLimits {
  static var widest: HeadLimits {
    HeadLimits(requestLineBytes: 61_440, headBytes: 61_440, fieldCount: 256)
  }
}

extension Block {
  /// `removeAll` and `count` of a block that begins at 0, from outside of the module.
  fileprivate mutating func reset() {
    start = 0
    end = 0
  }
  fileprivate var count: Int { end - start }
}
