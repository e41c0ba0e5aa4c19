import ControlPlane

/// Lines for the operator, on stderr, one write each.
enum Terminal {
  static func say(_ line: String) { write("headrace: \(line)\n", to: 2) }

  static func write(_ text: String, to descriptor: Int32) {
    ThisProcess.write(Array(text.utf8), to: descriptor)
  }
}
