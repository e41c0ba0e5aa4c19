import COpenSSL
import Glibc

/// Where a worker's TLS connections read ciphertext from and write it to: OpenSSL never sees a
/// socket, so all records of one write leave in one `send` (with a socket of its own it makes a
/// system call for each record: 1.6 times the CPU time for 64 KiB).
///
/// On the heap, for the connections' BIOs point to it. Nothing lives in it from event to event.
/// Owned by one worker, used by its thread alone; outlives no connection's use, for a BIO that is
/// freed does not look at it.
@safe
package struct TLSBuffers: ~Copyable {
  /// Bytes that one receive asks the socket for.
  static var inputCapacity: Int { 65_536 }

  let state: UnsafeMutablePointer<State>

  /// What the callbacks of a BIO work on.
  @safe
  struct State: ~Copyable {
    /// Ciphertext that OpenSSL has not read yet: in `input`, or what a connection had kept.
    var source: UnsafePointer<UInt8>?
    var sourceCount = 0
    /// What a socket gave.
    var input = Block(capacity: TLSBuffers.inputCapacity)
    /// Records to be sent. Of the size that `Stream.send` gives away without a copy.
    var output = Block(capacity: BlockPool.scratchCapacity)
    /// A head and what follows it, made one record.
    var record = Block(capacity: TLSConnection.recordSize)
    /// What OpenSSL has told of its own doings in this call: steps of the handshake, alerts.
    var chatter: Int32 = 0
    /// More than that, and OpenSSL is given nothing more to read.
    var mostChatter = Int32.max
    /// The newest session that a backend offered in this call.
    var session: OpaquePointer?
  }

  package init() {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
  }

  deinit {
    if let session = unsafe state.pointee.session { unsafe SSL_SESSION_free(session) }
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// Ciphertext that nobody has read yet.
  var unread: Int { @inline(__always) get { unsafe state.pointee.sourceCount } }
  /// Bytes of records that wait to be sent.
  package var written: Int { @inline(__always) get { unsafe state.pointee.output.end } }

  mutating func forgetInput() {
    unsafe state.pointee.source = nil
    unsafe state.pointee.sourceCount = 0
  }

  mutating func forgetOutput() { unsafe state.pointee.output.removeAll() }

  /// Receives at most `count` bytes of ciphertext, for the next call of a connection.
  mutating func receive(_ descriptor: Int32, count: Int) -> Transfer {
    let result = unsafe state.pointee.input.receive(
      descriptor, at: 0, count: min(count, TLSBuffers.inputCapacity))
    if case .bytes(let received) = result {
      unsafe state.pointee.source = UnsafePointer(state.pointee.input.base)
      unsafe state.pointee.sourceCount = received
    }
    return result
  }

  /// What is unread, for the connection that it belongs to.
  mutating func takeUnread(_ pool: inout BlockPool) -> Block? {
    let count = unread
    guard count > 0, let source = unsafe state.pointee.source else { return nil }
    var block = pool.take(atLeast: count)
    block.removeAll()
    block.check(0, count)
    unsafe block.base.update(from: source, count: count)
    block.end = count
    forgetInput()
    return block
  }

  /// Records that are to go out later.
  mutating func takeWritten(_ pool: inout BlockPool) -> Block? {
    let count = written
    guard count > 0 else { return nil }
    var block = pool.take(atLeast: count)
    block.removeAll()
    unsafe block.append(state.pointee.output, 0, count)
    forgetOutput()
    return block
  }

  /// The session that came in the last call, if one did. The caller frees it.
  mutating func takeSession() -> OpaquePointer? {
    let session = unsafe state.pointee.session
    unsafe state.pointee.session = nil
    return unsafe session
  }

  /// A session that nobody is to resume.
  mutating func forgetSession() {
    if let session = unsafe takeSession() { unsafe SSL_SESSION_free(session) }
  }

  // MARK: The BIO

  /// Made once; lives as long as the process.
  @safe
  private struct Method: @unchecked Sendable {
    let pointer: OpaquePointer?
  }

  private static let method: Method = {
    guard let method = unsafe BIO_meth_new(BIO_get_new_index() | 0x0400, "worker") else {
      return unsafe Method(pointer: nil)
    }
    unsafe BIO_meth_set_create(method) { bio in
      unsafe BIO_set_init(bio, 1)
      return 1
    }
    unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == 11 ? 1 : 0 }
    unsafe BIO_meth_set_write(method) { bio, bytes, count in
      unsafe TLSBuffers.write(bio, bytes, count)
    }
    unsafe BIO_meth_set_read(method) { bio, bytes, count in
      unsafe TLSBuffers.read(bio, bytes, count)
    }
    return unsafe Method(pointer: method)
  }()

  /// A BIO over these buffers, for one connection.
  func makeBIO() -> OpaquePointer? {
    guard let bio = unsafe BIO_new(TLSBuffers.method.pointer) else { return nil }
    unsafe BIO_set_data(bio, state)
    return unsafe bio
  }

  private static func write(
    _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32
  ) -> Int32 {
    // Safe: `makeBIO` put the pointer there, and its worker outlives each call.
    guard let data = unsafe BIO_get_data(bio), let bytes = unsafe bytes, count > 0 else { return 0 }
    let state = unsafe data.assumingMemoryBound(to: State.self)
    unsafe state.pointee.write(UnsafeRawPointer(bytes), Int(count))
    return count
  }

  private static func read(
    _ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int32
  ) -> Int32 {
    guard let data = unsafe BIO_get_data(bio), let bytes = unsafe bytes, count > 0 else { return 0 }
    unsafe hr_tls_clear_retry(bio)
    let state = unsafe data.assumingMemoryBound(to: State.self)
    guard unsafe state.pointee.sourceCount > 0, let source = unsafe state.pointee.source else {
      unsafe hr_tls_retry_read(bio)
      return -1
    }
    let taken = unsafe min(Int(count), state.pointee.sourceCount)
    unsafe memcpy(bytes, source, taken)
    unsafe state.pointee.source = source + taken
    unsafe state.pointee.sourceCount -= taken
    return Int32(taken)
  }
}

extension TLSBuffers.State {
  /// Grows when it must: a write of many records is made in portions that fit, a handshake fits.
  fileprivate mutating func write(_ bytes: UnsafeRawPointer, _ count: Int) {
    if output.capacity - output.end < count {
      var larger = Block(capacity: 2 * (output.end + count))
      larger.append(output, 0, output.end)
      output = larger
    }
    output.check(output.end, count)
    unsafe memcpy(output.base + output.end, bytes, count)
    output.end += count
  }
}
