import COpenSSL

extension TLSConnection {
  /// For a connection that a client opened. nil when there is no memory.
  init?(server set: TLSServerSet, _ buffers: borrowing TLSBuffers) {
    guard let ssl = unsafe TLSConnection.make(set.context, buffers) else { return nil }
    unsafe SSL_set_accept_state(ssl)
    // Its first context, whatever name it asks for: see `directory`.
    unsafe SSL_set_ex_data(ssl, 0, UnsafeMutableRawPointer(set.context))
    unsafe self.init(ssl, isClient: false)
  }

  /// For a connection to a backend. nil when there is no memory, or no such name.
  ///
  /// - Parameters:
  ///   - name: `bytes[at..<at + count]`, a host or an address: for SNI (not of an address, RFC 6066
  ///     section 3), and the name that the certificate must have.
  ///     Empty where nothing is verified.
  ///   - transport: of the backend's row.
  ///   - sessions: one of the backend's is resumed, if there is one.
  init?(
    client set: TLSClientSet, name bytes: borrowing Bytes, _ at: Int, _ count: Int,
    backend: UInt32, transport: UInt64, _ sessions: borrowing TLSSessions,
    _ buffers: borrowing TLSBuffers
  ) {
    guard count <= 253, let ssl = unsafe TLSConnection.make(set.context, buffers) else {
      return nil
    }
    unsafe SSL_set_connect_state(ssl)
    let needsName = unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0
    guard count > 0 ? unsafe TLSConnection.expect(ssl, bytes, at, count) : !needsName else {
      unsafe SSL_free(ssl)
      return nil
    }
    if let session = unsafe sessions.session(backend, transport) {
      unsafe SSL_set_session(ssl, session)
    }
    unsafe self.init(ssl, isClient: true)
  }

  private static func make(
    _ context: OpaquePointer, _ buffers: borrowing TLSBuffers
  ) -> OpaquePointer? {
    guard let ssl = unsafe SSL_new(context) else { return nil }
    guard let bio = unsafe buffers.makeBIO() else {
      unsafe SSL_free(ssl)
      return nil
    }
    unsafe SSL_set_bio(ssl, bio, bio)
    return unsafe ssl
  }

  private static func expect(
    _ ssl: OpaquePointer, _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Bool {
    var name = InlineArray<256, CChar>(repeating: 0)
    for index in 0..<count { name[index] = CChar(bitPattern: bytes[at + index]) }
    return unsafe withUnsafeBytes(of: &name) { raw in
      guard let text = unsafe raw.bindMemory(to: CChar.self).baseAddress else { return false }
      if unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) == 1 { return true }
      ERR_clear_error()
      unsafe SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      return unsafe SSL_set1_host(ssl, text) == 1 && hr_tls_send_name(ssl, text) == 1
    }
  }
}

/// What a handshake came to.
extension TLSConnection {
  /// ALPN said `h2`.
  package var speaksHTTP2: Bool {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    unsafe SSL_get0_alpn_selected(ssl, &name, &count)
    guard count == 2, let name = unsafe name else { return false }
    return unsafe name[0] == 0x68 && name[1] == 0x32
  }

  package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

  package var version: TLSVersion {
    unsafe SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12
  }

  /// What a client's certificate came to.
  package enum Verification: Sendable {
    case none, good, bad
  }

  package var clientVerification: Verification {
    guard unsafe SSL_get0_peer_certificate(ssl) != nil else { return .none }
    return verification == 0 ? .good : .bad
  }

  /// Whether this listener asks clients for certificates.
  var asksClients: Bool { unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0 }

  /// It named a host, and the listener has other certificates for other hosts.
  var mayBeMisdirected: Bool {
    guard unsafe hr_tls_name(ssl) != nil, let directory else { return false }
    return !directory.isAlone
  }

  /// Of a client's connection: held by its first context.
  private var directory: TLSDirectory? {
    guard !isClient, let first = unsafe SSL_get_ex_data(ssl, 0) else { return nil }
    return unsafe TLSContextNotes.of(OpaquePointer(first))?.directory
  }

  /// Another certificate of this listener is for that host, and this connection's is not: the
  /// request came the wrong way (RFC 9110 section 15.5.20). Only where the client named a host at
  /// all; one that does not know names is served as ever.
  func isMisdirected(_ bytes: borrowing Bytes, _ host: Int, _ count: Int) -> Bool {
    guard let first = unsafe SSL_get_ex_data(ssl, 0),
      let directory, !directory.isAlone, let name = unsafe hr_tls_name(ssl)
    else { return false }
    if unsafe TLSConnection.isSame(name, bytes, host, count) { return false }
    guard let place = directory.names.find(bytes, host, count) else { return false }
    let chosen = unsafe SSL_get_SSL_CTX(ssl)
    if unsafe (directory.context(place) ?? OpaquePointer(first)) == chosen { return false }
    return unsafe TLSContextNotes.of(chosen)?.names.find(bytes, host, count) == nil
  }

  private static func isSame(
    _ name: UnsafePointer<CChar>, _ bytes: borrowing Bytes, _ at: Int, _ count: Int
  ) -> Bool {
    for index in 0..<count {
      let byte = unsafe UInt8(bitPattern: name[index])
      if byte == 0 || byte | 0x20 != bytes[at + index] | 0x20 { return false }
    }
    return unsafe name[count] == 0
  }

  /// Writes the field lines that tell a backend of the client's certificate, into an empty block of
  /// 2 KiB or more.
  func describeClient(into block: inout Block) {
    guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else {
      return block.append("X-Client-Verify: NONE\r\n")
    }
    block.append(
      verification == 0 ? "X-Client-Verify: SUCCESS\r\n" : "X-Client-Verify: FAILED\r\n")
    var hash = InlineArray<32, UInt8>(repeating: 0)
    let isHashed = unsafe withUnsafeMutableBytes(of: &hash) { bytes in
      unsafe hr_tls_fingerprint(certificate, bytes.bindMemory(to: UInt8.self).baseAddress) == 1
    }
    if isHashed {
      block.append("X-Client-Fingerprint: ")
      for index in 0..<32 { block.append(hex: UInt64(hash[index]), digits: 2) }
      block.append("\r\n")
    }
    let name: StaticString = "X-Client-Subject: "
    block.append(name)
    let room = block.capacity - block.end - 2
    let count = unsafe block.base.withMemoryRebound(to: CChar.self, capacity: block.capacity) {
      unsafe hr_tls_subject(certificate, $0 + block.end, Int32(room))
    }
    // A longer one is left out: a part of a name is another name.
    if count > 0, Int(count) <= room {
      block.end += Int(count)
      block.append("\r\n")
    } else {
      block.end -= name.utf8CodeUnitCount
    }
  }
}
