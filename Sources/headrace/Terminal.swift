import CLinux

/// Lines for the operator, on stderr, one write each.
enum Terminal {
  static func say(_ line: String) { write("headrace: \(line)\n", to: 2) }

  static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { hr_write_all(descriptor, $0.baseAddress, $0.count) }
  }
}
