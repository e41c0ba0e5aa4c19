extension SourceText {
  /// Above this a file is refused: a config of this size is a mistake (a log, a database).
  static let bytesMax = 4 << 20

  /// UTF-8 with the characters that YAML allows, or the first problem.
  static func decode(_ bytes: [UInt8], file: String) throws(ConfigErrors) -> SourceText {
    func refused(_ message: String) -> ConfigErrors {
      ConfigErrors(problems: [ConfigProblem(file: file, message: message)])
    }
    if bytes.count > bytesMax { throw refused("the file is larger than 4MiB") }
    if bytes.isEmpty { throw refused(emptyMessage) }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw refused("the file is UTF-16; save it as UTF-8")
    }
    return try decode(utf8: bytes, file: file)
  }

  static let emptyMessage =
    "the file is empty; the least is: listen: :8080, routes: [{ to: app }], "
    + "pools: { app: [127.0.0.1:3000] }"

  private static func decode(utf8 bytes: [UInt8], file: String) throws(ConfigErrors) -> SourceText {
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(bytes.count)
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var broken = false
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): scalars.append(scalar)
      case .emptyInput: break decoding
      case .error:
        broken = true
        break decoding
      }
    }
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    let source = SourceText(file: file, scalars: scalars)
    if let problem = source.firstForbidden(cutShort: broken) {
      throw ConfigErrors(problems: [problem])
    }
    return source
  }

  private func firstForbidden(cutShort: Bool) -> ConfigProblem? {
    for (offset, scalar) in scalars.enumerated() {
      if scalar == "\r", offset + 1 < scalars.count, scalars[offset + 1] == "\n" { continue }
      guard Self.isForbidden(scalar) else { continue }
      let code = String(scalar.value, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
      return problem(
        at: position(of: offset),
        "the character U+\(padded) is not allowed here; in double quotes write it as \\u\(padded)")
    }
    guard cutShort else { return nil }
    return problem(at: position(of: scalars.count), "the file is not UTF-8: invalid bytes here")
  }

  /// Control characters, line ends other than LF, and the private use area, of which the reader
  /// takes characters to mark duplicate keys.
  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF: return false
    case 0xF900...0xFEFE, 0xFF00...0xFFFD, 0x1_0000...0x10_FFFF: return false
    default: return true
    }
  }
}
