extension PrometheusWriter {
  /// `name="value",name="value"`, escaped.
  static func labels(_ names: [String], _ values: [String]) -> [UInt8] {
    Array(zip(names, values).map { label($0, $1) }.joined(separator: ",".utf8))
  }

  /// A backslash, a quote and a line feed are all that the format wants escaped.
  static func label(_ name: String, _ value: String) -> [UInt8] {
    var bytes = Array("\(name)=\"".utf8)
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return bytes
  }

  /// Whole numbers without a fraction; infinities and NaN as Prometheus spells them.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return value.description
  }
}
