import DataPlane

/// One finished exchange as a line of text or JSON.
struct AccessLogLine {
  private let record: AccessRecord
  private let text: [UInt8]
  private let registry: Registry

  init(_ record: AccessRecord, _ text: [UInt8], _ registry: Registry) {
    self.record = record
    self.text = text
    self.registry = registry
  }

  func append(to output: inout [UInt8], _ format: Config.AccessLog) {
    if format == .json { appendJSON(&output) } else { appendText(&output) }
    output.append(0x0a)
  }

  // MARK: Fields

  private var method: ArraySlice<UInt8> { text.prefix(Int(record.methodLength)) }
  private var target: ArraySlice<UInt8> {
    text.dropFirst(Int(record.methodLength)).prefix(Int(record.targetLength))
  }
  private var host: ArraySlice<UInt8> {
    text.dropFirst(Int(record.methodLength) + Int(record.targetLength))
      .prefix(Int(record.hostLength))
  }
  private var givenID: ArraySlice<UInt8> { text.suffix(Int(record.givenIDLength)) }

  private var requestID: [UInt8] {
    if !givenID.isEmpty { return Array(givenID) }
    if record.requestID == (0, 0) { return [] }
    return Array((hex(record.requestID.0) + hex(record.requestID.1)).utf8)
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private var time: [UInt8] { WallTime.iso8601(milliseconds: record.wallMilliseconds) }

  private var milliseconds: String {
    let micros = record.durationNanoseconds / 1000
    let rest = String(micros % 1000)
    return "\(micros / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  private var route: String { record.hasRoute ? registry.routeName(record.route) : "" }
  private var pool: String { record.hasPool ? registry.poolName(record.pool) : "" }
  private var backend: String {
    record.hasBackend ? registry.backendAddress(record.backend) : ""
  }
  private var failure: String { FailureReason(rawValue: record.failure)?.text ?? "" }
  private var version: String {
    switch record.version {
    case .http10: return "HTTP/1.0"
    case .http11: return "HTTP/1.1"
    case .http2: return "HTTP/2.0"
    }
  }

  // MARK: Text

  private func appendText(_ output: inout [UInt8]) {
    output += time
    output.append(0x20)
    output += Array(record.addressText.utf8)
    output += Array(" \"".utf8)
    if method.isEmpty {
      output.append(0x2d)
    } else {
      output += method
      output.append(0x20)
      output += target
      output += Array(" \(version)".utf8)
    }
    let figures = "\" \(record.status) \(record.responseBytes) \(milliseconds)ms"
    output += Array(figures.utf8)
    appendText(&output, "host", Array(host))
    appendText(&output, "route", Array(route.utf8))
    appendText(&output, "pool", Array(pool.utf8))
    appendText(&output, "backend", Array(backend.utf8))
    appendText(&output, "id", requestID)
    if record.tries > 1 { appendText(&output, "tries", Array("\(record.tries)".utf8)) }
    appendText(&output, "error", Array(failure.utf8))
  }

  /// ` key=value`, quoted when it holds a space; what is not visible ASCII becomes `\xNN`.
  private func appendText(_ output: inout [UInt8], _ key: String, _ value: [UInt8]) {
    guard !value.isEmpty else { return }
    output += Array(" \(key)=".utf8)
    let isQuoted = value.contains { $0 == 0x20 || $0 == 0x22 || $0 == 0x5c }
    if isQuoted { output.append(0x22) }
    for byte in value {
      switch byte {
      case 0x22, 0x5c: output += [0x5c, byte]
      case 0x20...0x7e: output.append(byte)
      default: output += Array("\\x\(twoDigits(byte))".utf8)
      }
    }
    if isQuoted { output.append(0x22) }
  }

  private func twoDigits(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }

  // MARK: JSON

  private func appendJSON(_ output: inout [UInt8]) {
    output.append(0x7b)
    appendJSON(&output, "time", time, isFirst: true)
    appendJSON(&output, "client_address", Array(record.addressText.utf8))
    appendJSON(&output, "method", Array(method))
    appendJSON(&output, "target", Array(target))
    appendJSON(&output, "version", Array((method.isEmpty ? "" : version).utf8))
    appendNumber(&output, "status", "\(record.status)")
    appendNumber(&output, "request_bytes", "\(record.requestBytes)")
    appendNumber(&output, "response_bytes", "\(record.responseBytes)")
    appendNumber(&output, "duration_ms", milliseconds)
    appendJSON(&output, "host", Array(host))
    appendJSON(&output, "route", Array(route.utf8))
    appendJSON(&output, "pool", Array(pool.utf8))
    appendJSON(&output, "backend", Array(backend.utf8))
    appendJSON(&output, "request_id", requestID)
    appendNumber(&output, "tries", "\(record.tries)")
    appendJSON(&output, "error", Array(failure.utf8))
    output.append(0x7d)
  }

  private func appendNumber(_ output: inout [UInt8], _ key: String, _ value: String) {
    output += Array(",\"\(key)\":\(value)".utf8)
  }

  private func appendJSON(
    _ output: inout [UInt8], _ key: String, _ value: [UInt8], isFirst: Bool = false
  ) {
    output += Array("\(isFirst ? "" : ",")\"\(key)\":\"".utf8)
    for byte in value {
      switch byte {
      case 0x22, 0x5c: output += [0x5c, byte]
      case 0x20...0x7e: output.append(byte)
      default: output += Array("\\u00\(twoDigits(byte))".utf8)
      }
    }
    output.append(0x22)
  }
}
