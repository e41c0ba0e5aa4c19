import CLinux
import Foundation
import Synchronization
import Testing

/// Why a script could not go on. `stopped` is the harness ending an origin, no failure.
enum HarnessError: Error, CustomStringConvertible {
  case timedOut(String)
  case endOfStream(String)
  case reset
  case stopped
  case malformed(String)
  case system(String, Int)

  var description: String {
    switch self {
    case .timedOut(let what): "timed out: \(what)"
    case .endOfStream(let what): "the peer ended the stream: \(what)"
    case .reset: "the peer reset the connection"
    case .stopped: "stopped by the harness"
    case .malformed(let what): "malformed: \(what)"
    case .system(let call, let code): "\(call): \(String(cString: strerror(Int32(abs(code)))))"
    }
  }
}

/// A point in monotonic time; every wait of the harness has one.
struct Deadline: Sendable {
  /// Slow machines multiply every deadline by HEADRACE_TEST_PATIENCE.
  static let patience =
    (Double(environment("HEADRACE_TEST_PATIENCE") ?? "") ?? 1) * (Proxy.isSanitized ? 5 : 1)

  private let end: UInt64

  /// Not `scaled` where the time is the point, not the patience.
  init(_ seconds: Double = 10, scaled: Bool = true) {
    end = hr_now_monotonic_ns() + UInt64(seconds * (scaled ? Self.patience : 1) * 1e9)
  }

  var hasPassed: Bool { hr_now_monotonic_ns() >= end }

  /// Rounded up, so that a poll never spins through the last millisecond.
  var milliseconds: Int32 {
    let now = hr_now_monotonic_ns()
    return now >= end ? 0 : Int32(clamping: (end - now) / 1_000_000 + 1)
  }
}

/// Looks every 2 ms until the condition holds; throws at the deadline.
func wait(
  for what: String, within seconds: Double = 10, until condition: () throws -> Bool
) throws {
  let deadline = Deadline(seconds)
  while try !condition() {
    if deadline.hasPassed { throw HarnessError.timedOut(what) }
    usleep(2000)
  }
}

/// Seconds that the work took.
func seconds(_ work: () throws -> Void) rethrows -> Double {
  let start = hr_now_monotonic_ns()
  try work()
  return Double(hr_now_monotonic_ns() - start) / 1e9
}

func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

// MARK: bytes

/// What a script may send: text as UTF-8, or bytes as they are.
protocol Bytes: Sendable {
  var bytes: [UInt8] { get }
}
extension String: Bytes { var bytes: [UInt8] { [UInt8](utf8) } }
extension [UInt8]: Bytes { var bytes: [UInt8] { self } }

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }

  func firstIndex(of pattern: [UInt8], from start: Int) -> Int? {
    withUnsafeBytes { all in
      var at = start
      while at + pattern.count <= all.count {
        let room = all.count - pattern.count - at + 1
        guard let found = memchr(all.baseAddress! + at, Int32(pattern[0]), room) else { return nil }
        at = UnsafeRawPointer(found) - all.baseAddress!
        if memcmp(found, pattern, pattern.count) == 0 { return at }
        at += 1
      }
      return nil
    }
  }
}

/// A deterministic body: every position differs from its neighbours', so that shifts show.
func pattern(_ count: Int, from offset: Int = 0) -> [UInt8] {
  // The empty array is one for all threads, and would be written.
  guard count > 0 else { return [] }
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
    for i in 0..<count { buffer[i] = UInt8(truncatingIfNeeded: (i + offset) &* 31 &+ (i >> 8)) }
    used = count
  }
}

// MARK: messages as text

/// A message head: the lines, each ended by CRLF, and the empty line.
func head(_ lines: String...) -> String { head(lines) }
func head(_ lines: [String]) -> String { lines.map { $0 + "\r\n" }.joined() + "\r\n" }

/// A complete GET with `Host: example.com`.
func get(_ target: String = "/", _ fields: String...) -> String {
  head(["GET \(target) HTTP/1.1", "Host: example.com"] + fields)
}

/// A complete POST with a Content-Length body.
func post(_ target: String = "/", _ fields: String..., body: String) -> String {
  head(
    ["POST \(target) HTTP/1.1", "Host: example.com", "Content-Length: \(body.utf8.count)"] + fields)
    + body
}

/// A complete 200 response with a Content-Length body.
func ok(_ body: String = "ok", _ fields: String...) -> String {
  head(["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)"] + fields) + body
}

/// One chunk of a chunked body.
func chunk(_ text: String) -> String { String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" }

// MARK: threads and folders

/// Lets one script wait for another: what `open` was called for has happened.
final class Gate: Sendable {
  private let isOpen = Atomic<Bool>(false)
  func open() { isOpen.store(true, ordering: .releasing) }
  func pass(within seconds: Double = 20) throws {
    try wait(for: "the gate", within: seconds) { isOpen.load(ordering: .acquiring) }
  }
}

/// Runs the work on a thread of its own: scripts block, and Swift's own pool must not.
func startThread(_ work: @escaping @Sendable () -> Void) {
  let thread = Thread(block: work)
  thread.stackSize = 512 << 10
  thread.start()
}

/// A new folder below /tmp; short, because unix socket paths hold 107 bytes.
func makeFolder() throws -> String {
  var template = "/tmp/hr-XXXXXX".utf8CString.map { $0 }
  guard mkdtemp(&template) != nil else { throw HarnessError.system("mkdtemp", Int(errno)) }
  return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}

func write(_ text: String, to path: String) throws {
  try text.write(toFile: path, atomically: true, encoding: .utf8)
}
