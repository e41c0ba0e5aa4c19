import CLinux
import Synchronization

/// One finished exchange, as numbers; its texts follow it in the ring. Ids are resolved to names by
/// whoever writes the log.
package struct AccessRecord: BitwiseCopyable, Sendable {
  package var wallMilliseconds: Int64 = 0
  package var durationNanoseconds: UInt64 = 0
  package var requestBytes: UInt64 = 0
  package var responseBytes: UInt64 = 0
  package var requestID: (UInt64, UInt64) = (0, 0)
  package var route: UInt32 = 0
  package var pool: UInt32 = 0
  package var backend: UInt32 = 0
  package var status: UInt16 = 0
  package var methodLength: UInt16 = 0
  package var targetLength: UInt16 = 0
  package var hostLength: UInt16 = 0
  package var givenIDLength: UInt16 = 0
  package var version = Version.http11
  package var tries: UInt8 = 0
  package var failure: UInt8 = 0
  package var family: UInt8 = 1
  package var hasRoute = false
  package var hasPool = false
  package var hasBackend = false
  package var address = InlineArray<16, UInt8>(repeating: 0)

  /// Of the request.
  package enum Version: UInt8, Sendable, BitwiseCopyable { case http10, http11, http2 }

  package init() {}

  /// The client's address, without a port.
  package var addressText: String { PeerAddress(family: family, bytes: address).text }

  var textLength: Int {
    Int(methodLength) + Int(targetLength) + Int(hostLength) + Int(givenIDLength)
  }
}

/// Records from one worker to the log writer: a single-producer, single-consumer ring of bytes.
///
/// The worker never waits: a record that does not fit is dropped and counted. Lamport's queue
/// ("Proving the Correctness of Multiprocess Programs", 1977) with release and acquire.
@safe
package final class AccessLogRing: @unchecked Sendable {
  private static let capacity = 1 << 20
  private let bytes: UnsafeMutableRawPointer
  private let head = Atomic<Int>(0)
  private let tail = Atomic<Int>(0)

  package init() {
    unsafe bytes = .allocate(byteCount: AccessLogRing.capacity, alignment: 64)
  }

  deinit { unsafe bytes.deallocate() }

  /// Room for a record and its texts? Called by the worker.
  func canAppend(_ record: AccessRecord) -> Bool {
    let used = tail.load(ordering: .relaxed) - head.load(ordering: .acquiring)
    return AccessLogRing.capacity - used >= MemoryLayout<AccessRecord>.size + record.textLength
  }

  /// The place of the next byte; `append` fills, `commit` publishes.
  func begin() -> Int { tail.load(ordering: .relaxed) }

  func append(_ record: AccessRecord, at position: inout Int) {
    unsafe withUnsafeBytes(of: record) { source in
      for index in 0..<source.count {
        unsafe bytes.storeBytes(
          of: source[index], toByteOffset: (position + index) & (AccessLogRing.capacity - 1),
          as: UInt8.self)
      }
      position += source.count
    }
  }

  func append(_ source: borrowing Block, _ from: Int, _ count: Int, at position: inout Int) {
    for index in 0..<count {
      unsafe bytes.storeBytes(
        of: source.bytes[from + index],
        toByteOffset: (position + index) & (AccessLogRing.capacity - 1), as: UInt8.self)
    }
    position += count
  }

  func commit(_ position: Int) { tail.store(position, ordering: .releasing) }

  /// The next record with its texts, or nil when there is none. Called by the log writer.
  package func next() -> (record: AccessRecord, text: [UInt8])? {
    let start = head.load(ordering: .relaxed)
    guard start < tail.load(ordering: .acquiring) else { return nil }
    var record = AccessRecord()
    unsafe withUnsafeMutableBytes(of: &record) { target in
      for index in 0..<target.count { unsafe target[index] = byte(start + index) }
    }
    let first = start + MemoryLayout<AccessRecord>.size
    let text = (0..<record.textLength).map { byte(first + $0) }
    head.store(first + text.count, ordering: .releasing)
    return (record, text)
  }

  private func byte(_ position: Int) -> UInt8 {
    unsafe bytes.load(fromByteOffset: position & (AccessLogRing.capacity - 1), as: UInt8.self)
  }
}
