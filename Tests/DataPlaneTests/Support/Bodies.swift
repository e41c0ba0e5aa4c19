@testable import DataPlane

/// What a decoder makes of a body, whatever the pieces in which it came.
struct Decoded: Equatable, CustomStringConvertible {
  enum End: Equatable {
    case open
    case trailers(at: Int)
    case ended(at: Int)
    case failed(at: Int)
  }
  var content: [UInt8] = []
  var end = End.open

  var description: String { "\(content.count) bytes of content, \(end)" }
}

/// Feeds `pieces`, one behind the other in one block. A failure is placed at the end of its piece.
func decode(_ pieces: [[UInt8]], _ decoder: BodyDecoder, at: Int = 0) -> Decoded {
  var decoder = decoder
  var decoded = Decoded()
  let block = block(pieces.flatMap { $0 }, at: at)
  var index = at
  var to = at
  for piece in pieces {
    to += piece.count
    loop: while true {
      switch decoder.next(block.bytes, index, to) {
      case .data(let start, let count):
        precondition(start >= index && count > 0 && start + count <= to)
        decoded.content += block.copy(start, start + count)
        index = start + count
      case .needMore:
        index = to
        break loop
      case .trailers(let position):
        precondition(decoder.isInTrailers && position >= index && position <= to)
        decoded.end = .trailers(at: position - at)
        return decoded
      case .end(let position):
        precondition(decoder.isEnded && position >= index && position <= to)
        decoded.end = .ended(at: position - at)
        return decoded
      case .failed:
        decoded.end = .failed(at: to - at)
        return decoded
      }
    }
  }
  return decoded
}

func decodeChunked(_ pieces: [[UInt8]], at: Int = 0) -> Decoded {
  decode(pieces, BodyDecoder(framing: .chunked), at: at)
}

/// One byte after the other: tells at which byte a bad body fails.
func decodeBytewise(_ content: [UInt8]) -> Decoded { decodeChunked(content.map { [$0] }) }

/// A piece each at random places.
func split(_ content: [UInt8], _ dice: inout Dice, pieces: Int) -> [[UInt8]] {
  var cuts = (0..<pieces).map { _ in dice.below(content.count + 1) }.sorted()
  cuts.append(content.count)
  var from = 0
  return cuts.map { to in
    defer { from = to }
    return Array(content[from..<to])
  }
}

/// A chunked body of this content: random chunk sizes, cases, leading zeros and extensions.
func chunk(_ content: [UInt8], _ dice: inout Dice, trailers: String = "") -> [UInt8] {
  let extensions = [
    "", "", "", ";a", ";a=b", ";name=\"quoted \\\" ; \\\\ \u{e9}\t\"", " ;a", "\t; a", ";a= b",
    ";a;b=c;d=\"\"", "; a=\t\"b\"",
  ]
  var result: [UInt8] = []
  func line(_ count: Int) -> [UInt8] {
    var digits = String(count, radix: 16)
    if dice.chance(2) { digits = digits.uppercased() }
    digits = String(repeating: "0", count: dice.below(17 - digits.count)) + digits
    return bytes(digits + dice.pick(extensions) + "\r\n")
  }
  var index = 0
  while index < content.count {
    let count = min(content.count - index, 1 + dice.below(dice.chance(3) ? 300 : 9))
    result += line(count) + content[index..<(index + count)] + [0x0d, 0x0a]
    index += count
  }
  return result + line(0) + bytes(trailers) + [0x0d, 0x0a]
}
