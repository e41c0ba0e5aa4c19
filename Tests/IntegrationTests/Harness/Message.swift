import Foundation

/// A request or response as it came over the wire.
struct Message: Sendable {
  var startLine: String
  var fields: [Field]
  var body: [UInt8] = []
  var trailers: [Field] = []
  var framing = Framing.none
  /// The sizes of the chunks, without the last, empty one.
  var chunks: [Int] = []

  struct Field: Equatable, Sendable, CustomStringConvertible {
    var name: String
    var value: String
    var description: String { "\(name): \(value)" }
  }

  enum Framing: Equatable, Sendable {
    case none
    case length(Int)
    case chunked, close
  }

  private var words: [Substring] { startLine.split(separator: " ", maxSplits: 2) }
  var status: Int { words.count > 1 ? Int(words[1]) ?? -1 : -1 }
  var method: String { String(words.first ?? "") }
  var target: String { words.count > 1 ? String(words[1]) : "" }
  /// Of a request.
  var version: String { words.count > 2 ? String(words[2]) : "" }
  var text: String { body.text }

  /// The field's values, names compared without case.
  func all(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }
  /// The first value of the field.
  subscript(_ name: String) -> String? { all(name).first }

  static let missing = Message(startLine: "(no such message)", fields: [])

  init(startLine: String, fields: [Field]) {
    self.startLine = startLine
    self.fields = fields
  }

  /// Parses lines without the empty one at the end; strict, because the proxy wrote them.
  init(head: [UInt8]) throws {
    let lines = head.text.components(separatedBy: "\r\n")
    startLine = lines[0]
    fields = try Self.fields(lines[1...])
  }

  static func fields(_ lines: some Sequence<String>) throws -> [Field] {
    try lines.filter { !$0.isEmpty }.map { line in
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
        throw HarnessError.malformed("field line \(line.debugDescription)")
      }
      let value = line[line.index(after: colon)...]
      return Field(
        name: String(line[..<colon]),
        value: value.trimmingCharacters(in: .init(charactersIn: " \t")))
    }
  }

  var hasChunkedCoding: Bool {
    all("Transfer-Encoding").last?.lowercased().hasSuffix("chunked") ?? false
  }
}

extension Wire {
  func readHead(within seconds: Double = 10) throws -> Message {
    try Message(head: read(until: "\r\n\r\n", within: seconds))
  }

  /// The body that the head announces; `close` when nothing else ends it.
  func readBody(of message: inout Message, or fallback: Message.Framing) throws {
    if message.hasChunkedCoding {
      message.framing = .chunked
      while let piece = try readChunk() {
        message.chunks.append(piece.count)
        message.body += piece
      }
      message.trailers = try readTrailers()
    } else if let text = message["Content-Length"] {
      guard let length = Int(text) else { throw HarnessError.malformed("length \(text)") }
      message.framing = .length(length)
      message.body = try read(length)
    } else {
      message.framing = fallback
      if fallback == .close { message.body = try readToEnd() }
    }
  }

  /// The next chunk's data; nil for the last chunk (trailers then follow).
  func readChunk(within seconds: Double = 10) throws -> [UInt8]? {
    let line = try read(until: "\r\n", within: seconds).text.dropLast()
    let digits = line.prefix { $0.isHexDigit }
    guard let size = Int(digits, radix: 16) else {
      throw HarnessError.malformed("chunk line \(line)")
    }
    if size == 0 { return nil }
    let data = try read(size, within: seconds)
    try expect("\r\n", within: seconds)
    return data
  }

  func readTrailers() throws -> [Message.Field] {
    var lines: [String] = []
    while true {
      let line = String(try read(until: "\r\n").text.dropLast())
      if line.isEmpty { return try Message.fields(lines) }
      lines.append(line)
    }
  }
}
