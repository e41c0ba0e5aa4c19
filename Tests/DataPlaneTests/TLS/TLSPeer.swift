import COpenSSL
import Glibc

@testable import ControlPlane
@testable import DataPlane

/// One end of a socket pair that speaks TLS, with the buffers of a worker of its own.
@safe
final class TLSPeer {
  struct NotMade: Error {}

  var stream = Stream()
  var buffers = TLSBuffers()
  var pool = BlockPool()
  var scratch = Block(capacity: BlockPool.scratchCapacity)
  var sessions = TLSSessions()
  var outcome: TLSConnection.Handshake = .needsMore

  init(_ descriptor: Int32) { stream.open(descriptor) }

  deinit { stream.close(&pool) }

  /// Two that are connected.
  static func pair() throws -> (TLSPeer, TLSPeer) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
      throw NotMade()
    }
    return (TLSPeer(ends[0]), TLSPeer(ends[1]))
  }

  func beServer(_ contexts: TLSServerContexts, worker: Int = 0) throws {
    guard let connection = TLSConnection(server: contexts.set(worker), buffers) else {
      throw NotMade()
    }
    stream.beginTLS(connection)
  }

  func beClient(_ context: TLSClientContext, name: String = "site.test") throws {
    var text = Block(capacity: 512)
    text.append(Array(name.utf8))
    let connection = TLSConnection(
      client: context.set(0), name: text.bytes, 0, text.end, backend: 1, transport: 7, sessions,
      buffers)
    guard let connection else { throw NotMade() }
    stream.beginTLS(connection)
  }

  /// True when something is left to do.
  func step() -> Bool {
    guard case .needsMore = outcome else { return false }
    stream.isReadable = true
    outcome = stream.shakeHands(&buffers, &pool)
    if stream.hasOutput { _ = stream.flush(&pool) }
    return true
  }

  // What a connection says, for `#expect`, which copies what it looks at.
  var isReadable: Bool { stream.isReadable }
  var isResumed: Bool? { stream.tls?.isResumed }
  var speaksHTTP2: Bool? { stream.tls?.speaksHTTP2 }
  var version: TLSVersion? { stream.tls?.version }
  var mayBeMisdirected: Bool? { stream.tls?.mayBeMisdirected }
  var clientVerification: TLSConnection.Verification? { stream.tls?.clientVerification }
  var hasOutput: Bool { stream.hasOutput }
  func flush() -> Stream.SendResult { stream.flush(&pool) }
  /// Ciphertext that nobody has looked at.
  var hasUnread: Bool { !Sockets.isAlive(stream.descriptor) }
  func isSilent() -> Bool { stream.isSilentTLS(&buffers, &pool) }

  /// Both ends in turns, until neither has anything left to do.
  static func shakeHands(_ server: TLSPeer, _ client: TLSPeer, sendingTickets: Bool = true) {
    for _ in 0..<32 {
      let (first, second) = (client.step(), server.step())
      if !first, !second { break }
    }
    if sendingTickets { server.sendTickets() }
  }

  var holdsTickets: Bool { stream.holdsTickets }

  func sendTickets() { _ = stream.sendTickets(&buffers, &pool) }

  /// Bytes that have come and are not read.
  var unread: Int {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let peek = Int32(truncatingIfNeeded: MSG_PEEK | MSG_DONTWAIT)
    return unsafe max(0, recv(stream.descriptor, &bytes, bytes.count, peek))
  }

  var isDone: Bool { if case .done = outcome { true } else { false } }

  var failure: TLSFailure? { if case .failed(let failure) = outcome { failure } else { nil } }

  /// Whatever has come, at most `count` bytes; nil when there is nothing at the moment.
  func receive(_ count: Int = 65_536) -> (bytes: [UInt8], result: Transfer) {
    scratch.reset(room: BlockPool.headroom)
    stream.isReadable = true
    let result = stream.receiveTLS(&scratch, count: count, &buffers, &pool)
    return (scratch.text(scratch.start, scratch.end - scratch.start), result)
  }

  func send(_ bytes: [UInt8]) -> Bool {
    var block = Block(capacity: max(bytes.count, 1))
    block.append(bytes)
    if case .failed = stream.sendTLS(block, 0, bytes.count, &buffers, &pool) { return false }
    return true
  }

  /// These bytes, and no more after them.
  func sendLast(_ bytes: [UInt8]) -> Bool {
    stream.isLast = true
    return send(bytes)
  }

  /// So many `KeyUpdate` (RFC 8446 section 4.6.3), each of which asks for one in return; true when
  /// they went out.
  func renewKeys(_ count: Int) -> Bool {
    for _ in 0..<count {
      guard let ssl = unsafe stream.tls?.ssl else { return false }
      let isMade =
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1
      guard isMade else { return false }
    }
    let sent = unsafe Glibc.send(
      stream.descriptor, buffers.state.pointee.output.base, buffers.written, 0)
    defer { buffers.forgetOutput() }
    return sent == buffers.written
  }

  func end() { stream.sayEndTLS(&buffers, &pool) }

  func closeSocket() {
    Sockets.close(stream.descriptor)
    stream.descriptor = -1
  }

  /// Takes the session that came in the last call.
  func keepSession(_ context: TLSClientContext) {
    sessions.keep(1, 7, from: &buffers)
  }

  /// A client like this one, with its sessions.
  func takeSessions(of other: TLSPeer) {
    swap(&sessions, &other.sessions)
  }
}

/// Certificates for these tests, made when they run.
enum TLSFixture {
  static func make(
    _ names: [String], key: CertificateMaker.Key = .ecdsa
  ) throws -> TLSCertificateSettings {
    var maker = CertificateMaker(names: names)
    maker.validFor = 86_400
    maker.validSince = 3600
    maker.key = key
    let pair = try maker.make()
    return TLSCertificateSettings(chain: pair.certificate, key: pair.key, names: names)
  }

  /// A client that believes these alone.
  static func client(
    trusting certificates: [TLSCertificateSettings],
    _ change: (inout TLSClientSettings) -> Void = { _ in }
  ) throws -> TLSClientContext {
    var settings = TLSClientSettings()
    settings.authorities = certificates.flatMap(\.chain)
    change(&settings)
    return try TLSClientContext.make(settings, workers: 1)
  }

  static func server(
    _ certificates: [TLSCertificateSettings], tickets: TLSTicketRing? = nil, workers: Int = 1,
    _ change: (inout TLSServerSettings) -> Void = { _ in }
  ) throws -> TLSServerContexts {
    var settings = TLSServerSettings(certificates: certificates)
    change(&settings)
    return try TLSServerContexts.make(settings, tickets: tickets, workers: workers)
  }
}
