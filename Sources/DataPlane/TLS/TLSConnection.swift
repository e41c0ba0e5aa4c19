import COpenSSL
import Glibc

/// One TLS connection: plaintext on one side, on the other the ciphertext in its worker's buffers.
/// Does no I/O.
///
/// Owns its `SSL` and ciphertext that could not be decrypted yet. Owned by the stream it belongs
/// to; used by one worker's thread.
@safe
package struct TLSConnection: ~Copyable {
  /// The most plaintext that one record holds (RFC 8446 section 5.1).
  static var recordSize: Int { 16_384 }
  /// Steps of the handshake machine and alerts, between two pieces of content. A new key is two to
  /// four of them, a session ticket two; who sends nothing else keeps us busy for nothing: each new
  /// key costs as much as a small request, and neither OpenSSL nor RFC 8446 bounds them.
  static var mostChatter: Int32 { 128 }

  enum Read {
    case bytes(Int)
    case wantsMore
    /// The peer said that no more will come (`close_notify`).
    case end
    case failed
  }

  package enum Handshake {
    case done, needsMore
    case failed(TLSFailure)
  }

  let ssl: OpaquePointer
  package let isClient: Bool
  /// The handshake is complete.
  package private(set) var isEstablished = false
  /// Nothing may be read or written any more.
  private(set) var hasFailed = false
  /// Why, where it was in what the peer sent after the handshake: its alert, say.
  private(set) var lateFailure: TLSFailure? = nil
  /// `close_notify` came, or was sent.
  private(set) var hasEnded = false
  private(set) var hasSaidEnd = false
  private var hasBegun = false
  /// Of `mostChatter`, since content came last.
  private var chatter: Int32 = 0
  /// Ciphertext that waits for room for its plaintext.
  var rest: Block? = nil
  /// Records that go out in front of the next ones: session tickets.
  var held: Block? = nil

  init(_ ssl: OpaquePointer, isClient: Bool) {
    unsafe self.ssl = ssl
    self.isClient = isClient
  }

  deinit {
    unsafe hr_tls_quiet_end(ssl)
    unsafe SSL_free(ssl)
  }

  /// Gives the blocks back; before the connection is dropped.
  mutating func giveBlocks(_ pool: inout BlockPool) {
    if let block = rest.take() { pool.give(block) }
    if let block = held.take() { pool.give(block) }
  }

  // MARK: Handshake

  /// Goes on with what has come; for a client also without anything.
  mutating func shakeHands(_ buffers: inout TLSBuffers) -> Handshake {
    guard !isEstablished else { return .done }
    guard !hasFailed else { return .failed(TLSFailure(.closed)) }
    if !hasBegun, let first = unsafe buffers.state.pointee.source?.pointee, !isClient {
      // A handshake record begins with 22; a method of HTTP with a capital letter.
      if 0x41...0x5a ~= first {
        hasFailed = true
        return .failed(TLSFailure(.plainHTTP))
      }
      hasBegun = true
    }
    ERR_clear_error()
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 {
      isEstablished = true
      return .done
    }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .needsMore
    case let error:
      hasFailed = true
      let code = error == SSL_ERROR_SSL ? ERR_peek_error() : 0
      return .failed(TLSFailure(.refused, code: code, verification: verification))
    }
  }

  /// Of the peer's certificate: 0, or one of `X509_V_ERR_`...; 0 also when there was none.
  package var verification: Int { unsafe Int(SSL_get_verify_result(ssl)) }

  // MARK: Bytes

  /// Plaintext lies ready, or may: to be read before another byte comes from the socket.
  var hasMore: Bool {
    @inline(__always) get {
      if rest != nil || hasFailed || hasEnded { return true }
      return unsafe SSL_pending(ssl) > 0
    }
  }

  /// Decrypts to `block[at...]`, until `count` bytes are there or nothing is left.
  @inline(__always)
  mutating func read(
    _ block: inout Block, at: Int, count: Int, _ buffers: inout TLSBuffers
  ) -> Read {
    block.check(at, count)
    if hasFailed { return .failed }
    if hasEnded { return .end }
    var got = 0
    ERR_clear_error()
    while got < count {
      let most = Int32(truncatingIfNeeded: min(count &- got, 1 << 30))
      unsafe buffers.state.pointee.chatter = chatter
      unsafe buffers.state.pointee.mostChatter = TLSConnection.mostChatter
      let result = unsafe SSL_read(ssl, block.base + (at &+ got), most)
      unsafe buffers.state.pointee.mostChatter = .max
      chatter = unsafe buffers.state.pointee.chatter
      if chatter > TLSConnection.mostChatter {
        hasFailed = true
        return got > 0 ? .bytes(got) : .failed
      }
      if result > 0 {
        chatter = 0
        got &+= Int(result)
        // Another call would find nothing, at the price of a record's buffer.
        if buffers.unread == 0, unsafe SSL_pending(ssl) == 0 { break }
        continue
      }
      switch unsafe SSL_get_error(ssl, result) {
      case SSL_ERROR_WANT_READ: return got > 0 ? .bytes(got) : .wantsMore
      case SSL_ERROR_ZERO_RETURN:
        hasEnded = true
        return got > 0 ? .bytes(got) : .end
      default:
        hasFailed = true
        let code = ERR_peek_error()
        if code != 0 { lateFailure = TLSFailure(.refused, code: code) }
        return got > 0 ? .bytes(got) : .failed
      }
    }
    return got > 0 ? .bytes(got) : .wantsMore
  }

  /// As `read`, from what was kept; the rest of it stays.
  @inline(never)
  mutating func readRest(
    _ block: inout Block, at: Int, count: Int, _ buffers: inout TLSBuffers,
    _ pool: inout BlockPool
  ) -> Read {
    guard var kept = rest.take() else { return read(&block, at: at, count: count, &buffers) }
    unsafe buffers.state.pointee.source = UnsafePointer(kept.base + kept.start)
    unsafe buffers.state.pointee.sourceCount = kept.count
    let result = read(&block, at: at, count: count, &buffers)
    kept.start = kept.end &- buffers.unread
    buffers.forgetInput()
    if kept.count > 0, !hasFailed, !hasEnded { rest = consume kept } else { pool.give(kept) }
    return result
  }

  /// Encrypts `block[at..<at + count]` into the worker's records. False when it failed.
  @inline(__always)
  mutating func write(_ block: borrowing Block, at: Int, count: Int) -> Bool {
    block.check(at, count)
    return unsafe write(UnsafeRawPointer(block.base + at), count)
  }

  @inline(__always)
  mutating func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
    guard count > 0 else { return true }
    guard !hasFailed, !hasSaidEnd else { return false }
    ERR_clear_error()
    // The buffer takes everything, so this is all or nothing.
    let result = unsafe SSL_write(ssl, bytes, Int32(truncatingIfNeeded: count))
    if Int(result) == count { return true }
    hasFailed = true
    return false
  }

  var holdsTickets: Bool { held != nil }

  /// Puts what was held back in front of the records to come.
  @inline(__always)
  mutating func release(_ buffers: inout TLSBuffers, _ pool: inout BlockPool) {
    guard held != nil, var block = held.take() else { return }
    if buffers.written > 0 {
      // What OpenSSL said by itself was encrypted after them, and is read after them.
      var both = pool.take(atLeast: block.count &+ buffers.written)
      both.removeAll()
      both.append(block, block.start, block.count)
      unsafe both.append(buffers.state.pointee.output, 0, buffers.written)
      buffers.forgetOutput()
      swap(&both, &block)
      pool.give(both)
    }
    unsafe buffers.state.pointee.output.append(block, block.start, block.count)
    pool.give(block)
  }

  /// Writes `close_notify`, once.
  mutating func sayEnd() {
    guard isEstablished, !hasFailed, !hasSaidEnd else { return }
    hasSaidEnd = true
    ERR_clear_error()
    _ = unsafe SSL_shutdown(ssl)
  }
}

/// Why a handshake came to nothing.
package struct TLSFailure: Error, BitwiseCopyable, Sendable, CustomStringConvertible {
  package enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// The peer went away.
    case closed
    /// It speaks HTTP without TLS.
    case plainHTTP
    /// Either side did not like the other: version, suite, certificate, or no TLS at all.
    case refused
    /// The handshake took too long.
    case timeout
    /// The backend does not speak the protocol that its pool says.
    case otherProtocol
  }

  package let kind: Kind
  /// OpenSSL's error, or 0.
  private let code: UInt
  /// Of `X509_V_ERR_`..., where a certificate was checked and found bad; else 0.
  package let verification: Int

  /// OpenSSL's reason, or 0.
  var reason: Int { Int(code & 0x7f_ffff) }

  init(_ kind: Kind, code: UInt = 0, verification: Int = 0) {
    self.kind = kind
    self.code = code
    self.verification = verification
  }

  /// For a log: not on the data path.
  package var description: String {
    switch kind {
    case .closed: return "the connection was closed during the TLS handshake"
    case .plainHTTP: return "plain HTTP was sent to a TLS port"
    case .timeout: return "the TLS handshake took too long"
    case .otherProtocol: return "another protocol was agreed (ALPN)"
    case .refused:
      if verification != 0, let text = unsafe X509_verify_cert_error_string(verification) {
        return unsafe "TLS: the certificate is not accepted: " + String(cString: text)
      }
      guard let text = unsafe ERR_reason_error_string(code) else { return "TLS failed" }
      return unsafe "TLS: " + String(cString: text)
    }
  }
}
