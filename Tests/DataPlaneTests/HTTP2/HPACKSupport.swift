@testable import DataPlane

/// A field as a test writes it, `name: value`; a byte per scalar.
struct WireField: Equatable, CustomStringConvertible, Sendable {
  var name: String
  var value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// `name: value`, where the name may begin with a colon.
  init(_ line: String) {
    let from = line.index(line.startIndex, offsetBy: line.isEmpty ? 0 : 1)
    guard let colon = line[from...].firstIndex(of: ":") else {
      self.init(line, "")
      return
    }
    let value = line[line.index(after: colon)...]
    self.init(String(line[..<colon]), String(value.first == " " ? value.dropFirst() : value))
  }

  var description: String { "\(name): \(value)" }
}

func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { !$0.isWhitespace }
  return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
    let from = digits.index(digits.startIndex, offsetBy: offset)
    return UInt8(digits[from..<digits.index(from, offsetBy: 2)], radix: 16)
  }
}

/// A header block of literals with new names, in no table: any field, right or wrong.
func literals(_ fields: [WireField]) -> [UInt8] {
  var out = Block(capacity: 300_000)
  for field in fields {
    out.append(byte: 0)
    for part in [bytes(field.name), bytes(field.value)] {
      HPACKInteger.encode(part.count, prefix: 7, flags: 0, into: &out)
      out.append(part)
    }
  }
  return out.copy(0, out.end)
}

extension FieldList {
  var wireFields: [WireField] {
    (0..<count).map { index in
      let entry = self[index]
      let value = Int(entry.value)
      return WireField(
        DataPlaneTests.text(
          text.copy(Int(entry.name), Int(entry.name) + Int(entry.nameLength))),
        DataPlaneTests.text(text.copy(value, value + Int(entry.valueLength))))
    }
  }
}

/// A decoder with its list.
struct Decoding: ~Copyable {
  var decoder = HPACKDecoder()
  var list = FieldList()

  init(maxTableBytes: Int = 4096) { decoder.open(maxTableBytes: maxTableBytes) }

  mutating func decode(
    _ input: [UInt8], maxListBytes: Int = 65_536, maxFields: Int = 256
  ) -> HPACKResult {
    // Away from the block's start, and with nothing but padding behind.
    let block = block(input, at: 3)
    return decoder.decode(
      block.bytes, 3, 3 + input.count, maxListBytes: maxListBytes, maxFields: maxFields,
      into: &list)
  }

  /// The fields of a block that is right.
  mutating func fields(_ input: [UInt8]) -> [WireField]? {
    decode(input) == .complete ? list.wireFields : nil
  }
}

extension HPACKEncoder {
  /// Encodes a block of fields; pseudo-fields in their own forms.
  mutating func encode(_ fields: [WireField]) -> [UInt8] {
    var out = Block(capacity: 300_000)
    begin(into: &out)
    for field in fields {
      let name = bytes(field.name)
      let value = bytes(field.value)
      let source = block(name + value)
      let count = value.count
      switch field.name {
      case ":method": append(method: source.bytes, name.count, count, into: &out)
      case ":scheme": append(isSecure: field.value == "https", into: &out)
      case ":path": append(path: source.bytes, name.count, count, into: &out)
      case ":authority": append(authority: source.bytes, name.count, count, into: &out)
      case ":status": append(status: Int(field.value) ?? 0, into: &out)
      default:
        append(
          source.bytes, name: 0, nameLength: name.count, value: name.count, valueLength: count,
          into: &out)
      }
    }
    return out.copy(0, out.end)
  }
}

/// A list of these fields, as they would come from the wire.
func fieldList(_ fields: [WireField]) -> FieldList {
  var decoding = Decoding()
  precondition(decoding.decode(literals(fields)) == .complete)
  return decoding.takeList()
}

extension Decoding {
  consuming func takeList() -> FieldList { list }
}

/// What a translation wrote, or how it ended.
struct Translated: Equatable, CustomStringConvertible {
  var outcome: TranslationOutcome
  var text: String

  var description: String { "\(outcome) \(text.debugDescription)" }
}

func translateRequest(_ fields: [WireField], endsStream: Bool = true) -> Translated {
  let list = fieldList(fields)
  var out = Block(capacity: 100_000)
  out.append("before")
  let outcome = RequestTranslation.write(list, endsStream: endsStream, into: &out)
  return Translated(outcome: outcome, text: text(out.copy(6, out.end)))
}

func translateResponse(
  _ fields: [WireField], endsStream: Bool = false, isHeadRequest: Bool = false
) -> Translated {
  let list = fieldList(fields)
  var out = Block(capacity: 100_000)
  let outcome = ResponseTranslation.write(
    list, endsStream: endsStream, isHeadRequest: isHeadRequest, into: &out)
  return Translated(outcome: outcome, text: text(out.copy(0, out.end)))
}

func translateTrailers(_ fields: [WireField]) -> Translated {
  let list = fieldList(fields)
  var out = Block(capacity: 100_000)
  let outcome = TrailerTranslation.write(list, into: &out)
  return Translated(outcome: outcome, text: text(out.copy(0, out.end)))
}

func wire(_ lines: String...) -> [WireField] { lines.map { WireField($0) } }
