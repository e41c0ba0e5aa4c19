import Foundation

/// A value behind a lock that the thread sanitizer understands: the one of `Synchronization.Mutex`
/// is taken inside the uninstrumented standard library, and everything behind it looks like a race.
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func withLock<Result>(_ work: (inout Value) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try work(&value)
  }
}
