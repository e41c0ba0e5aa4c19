import COpenSSL

/// What a pool needs to speak TLS to its backends: an `SSL_CTX` for each worker. Made by the
/// control plane, held by the snapshots that use it, as `TLSServerContexts` is.
@safe
package final class TLSClientContext: @unchecked Sendable {
  private let contexts: [OpaquePointer]
  /// Of the settings: a session that was made under others is not resumed.
  private let fingerprint: UInt64

  package static func make(
    _ settings: TLSClientSettings, workers: Int
  ) throws(TLSProblem) -> TLSClientContext {
    var made: [OpaquePointer] = unsafe []
    do throws(TLSProblem) {
      for _ in 0..<workers { unsafe made.append(try context(settings)) }
    } catch {
      for index in unsafe made.indices { unsafe SSL_CTX_free(made[index]) }
      throw error
    }
    return unsafe TLSClientContext(made, fingerprint: fingerprint(settings))
  }

  private init(_ contexts: [OpaquePointer], fingerprint: UInt64) {
    unsafe self.contexts = contexts
    self.fingerprint = fingerprint
  }

  deinit { for index in unsafe contexts.indices { unsafe SSL_CTX_free(contexts[index]) } }

  package var workers: Int { unsafe contexts.count }

  /// Tells how backends of that name are spoken to, from all other ways. Never 0 or 1, which stand
  /// for ways without TLS.
  package func transport(name: some Sequence<UInt8>) -> UInt64 {
    // FNV-1a from the fingerprint on.
    let hash = name.reduce(fingerprint) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return hash > 1 ? hash : hash &+ 2
  }

  package func set(_ worker: Int) -> TLSClientSet {
    unsafe TLSClientSet(context: contexts[worker])
  }

  private static func fingerprint(_ settings: TLSClientSettings) -> UInt64 {
    let flags: [UInt8] = [
      settings.verifies ? 1 : 0, settings.minimumVersion == .tls13 ? 1 : 0,
      settings.speaksHTTP2 ? 1 : 0, settings.authorities == nil ? 0 : 1,
    ]
    let certificate = settings.certificate.map { $0.chain + $0.key } ?? []
    let text = flags + (settings.authorities ?? []) + [0] + certificate
    var hash = [UInt8](repeating: 0, count: 32)
    _ = unsafe EVP_Digest(text, text.count, &hash, nil, EVP_sha256(), nil)
    return hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func context(_ settings: TLSClientSettings) throws(TLSProblem) -> OpaquePointer {
    guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
      throw .library(reason: TLSMaterial.reason)
    }
    do throws(TLSProblem) {
      unsafe try configure(context, settings)
    } catch {
      unsafe SSL_CTX_free(context)
      throw error
    }
    return unsafe context
  }

  private static func configure(
    _ context: OpaquePointer, _ settings: TLSClientSettings
  ) throws(TLSProblem) {
    ERR_clear_error()
    unsafe hr_tls_modes(context)
    unsafe hr_tls_listen(context, TLSCallbacks.hear)
    let version = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
    guard unsafe hr_tls_minimum(context, version) == 1,
      unsafe hr_tls_suites(context, TLSServerSettings.suites) == 1,
      unsafe SSL_CTX_set_cipher_list(context, TLSServerSettings.mozillaIntermediate) == 1
    else { throw .library(reason: TLSMaterial.reason) }
    if settings.verifies {
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
      if let authorities = settings.authorities {
        let found = unsafe try TLSMaterial.authorities(authorities, for: context)
        unsafe TLSMaterial.free(found)
      } else if unsafe SSL_CTX_set_default_verify_paths(context) != 1 {
        throw .badAuthorities(reason: TLSMaterial.reason)
      }
    } else {
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
    }
    if let certificate = settings.certificate {
      let material = try TLSMaterial(certificate, place: -1)
      guard unsafe material.install(context) else {
        throw .badCertificate(-1, reason: TLSMaterial.reason)
      }
    }
    let offer: [UInt8] = Array((settings.speaksHTTP2 ? "\u{2}h2" : "\u{8}http/1.1").utf8)
    // 0 is success here.
    guard unsafe SSL_CTX_set_alpn_protos(context, offer, UInt32(offer.count)) == 0 else {
      throw .library(reason: TLSMaterial.reason)
    }
    unsafe hr_tls_client_sessions(context)
    unsafe SSL_CTX_sess_set_new_cb(context, TLSCallbacks.newSession)
  }
}

/// One worker's part of a `TLSClientContext`. Borrowed: its owner outlives it.
@safe
package struct TLSClientSet: BitwiseCopyable, @unchecked Sendable {
  let context: OpaquePointer
}

/// The newest session of each backend, to resume with. Owned by one worker.
@safe
package struct TLSSessions: ~Copyable {
  @safe
  private struct Entry {
    var session: OpaquePointer?
    var transport: UInt64 = 0
  }

  /// By the backend's identity.
  private var entries: [Entry] = []

  package init() {}

  deinit {
    for entry in entries {
      if let session = unsafe entry.session { unsafe SSL_SESSION_free(session) }
    }
  }

  /// Takes what a backend offered in the last call, if it did. After each call for a connection to
  /// a backend; identities are small numbers.
  ///
  /// - Parameter transport: of the connection. What was verified for one name or by one authority
  ///   is not resumed for another.
  @inline(__always)
  mutating func keep(_ backend: UInt32, _ transport: UInt64, from buffers: inout TLSBuffers) {
    if unsafe buffers.state.pointee.session != nil { take(backend, transport, from: &buffers) }
  }

  @inline(never)
  private mutating func take(
    _ backend: UInt32, _ transport: UInt64, from buffers: inout TLSBuffers
  ) {
    guard let session = unsafe buffers.takeSession() else { return }
    let place = Int(backend)
    while entries.count <= place { entries.append(Entry()) }
    if let former = unsafe entries[place].session { unsafe SSL_SESSION_free(former) }
    unsafe entries[place].session = session
    entries[place].transport = transport
  }

  /// Made under the same settings; borrowed.
  func session(_ backend: UInt32, _ transport: UInt64) -> OpaquePointer? {
    let place = Int(backend)
    guard place < entries.count, entries[place].transport == transport else { return nil }
    return unsafe entries[place].session
  }
}
