import ControlPlane
import Glibc

/// Lines for the operator, on stderr, one write each.
enum Terminal {
  static func say(_ line: String) { write("headrace: \(line)\n", to: 2) }

  static func write(_ text: String, to descriptor: Int32) {
    ThisProcess.write(Array(text.utf8), to: descriptor)
  }
}

/// Colour, where a person sees it: on a terminal, unless NO_COLOR (no-color.org) forbids it.
struct Paint {
  let isOn: Bool

  init(descriptor: Int32) {
    let forbidden = FileReader.environmentVariable("NO_COLOR").map { !$0.isEmpty } ?? false
    let isDumb = FileReader.environmentVariable("TERM") == "dumb"
    isOn = isatty(descriptor) == 1 && !forbidden && !isDumb
  }

  func bold(_ text: String) -> String { paint(text, "1") }
  func red(_ text: String) -> String { paint(text, "31") }
  func yellow(_ text: String) -> String { paint(text, "33") }

  private func paint(_ text: String, _ code: String) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
