import CLinux
import Glibc

/// What the process knows of itself and its machine.
package enum ThisProcess {
  static func ignoreBrokenPipes() { hr_ignore_sigpipe() }
  /// Memory for what is stored comes in larger steps, from one place for all threads.
  static func tuneMemory() { hr_tune_malloc() }
  static var usableCores: Int { Int(hr_usable_cores()) }
  static var residentBytes: Int64 { hr_resident_bytes() }

  /// Raises the soft descriptor limit to the hard one; the limit that is then in force.
  static func raiseDescriptorLimit() -> Int { Int(hr_raise_descriptor_limit()) }

  /// Descriptors that are open now.
  static var openDescriptors: Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    // Not counted: `.`, `..` and the folder itself.
    var count = -3
    while readdir(folder) != nil { count += 1 }
    return max(count, 0)
  }

  /// Writes all of it, waiting if it must. Errors have nowhere to go and are dropped.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) {
    _ = bytes.withUnsafeBytes { hr_write_all(descriptor, $0.baseAddress, $0.count) }
  }
}

/// Wall time as text.
enum WallTime {
  /// IMF-fixdate, for `Date` (RFC 9110 section 5.6.7).
  static func httpDateNow() -> String {
    var text = [UInt8](repeating: 0, count: 29)
    hr_format_http_date(hr_now_wall_seconds(), &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// `2026-11-20T10:00:00.123Z`.
  static func iso8601(milliseconds: Int64) -> [UInt8] {
    var text = [UInt8](repeating: 0, count: 24)
    hr_format_iso8601(milliseconds, &text)
    return text
  }
}

/// The signals that steer the process, read one after the other instead of interrupting threads.
package struct SignalReader {
  private let descriptor: Int32

  /// Make it before any thread, so that all of them leave these signals to it.
  package init(_ signals: [Int32]) throws(LocalServerError) {
    descriptor = hr_signalfd(signals + [0])
    guard descriptor >= 0 else { throw .noDescriptor(code: -descriptor) }
  }

  /// Waits for the next one. Negative when it could not be read.
  package func next() -> Int32 { hr_signalfd_read(descriptor) }
}
