import COpenSSL

/// What OpenSSL asks during a handshake. On the thread of the worker whose connection it is;
/// allocates nothing.
enum TLSCallbacks {
  /// By the name that the client sent: the certificate, and no more than that. A name that nobody
  /// serves gets the first certificate, as one that is missing.
  static let chooseName:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) ->
      Int32 = { ssl, _, argument in
        guard let argument = unsafe argument, let name = unsafe hr_tls_name(ssl) else {
          return SSL_TLSEXT_ERR_NOACK
        }
        // Safe: the connection's first context holds the directory.
        let directory = unsafe Unmanaged<TLSDirectory>.fromOpaque(argument).takeUnretainedValue()
        guard let place = unsafe directory.find(name) else { return SSL_TLSEXT_ERR_NOACK }
        if let context = unsafe directory.context(place) {
          unsafe SSL_set_SSL_CTX(ssl, context)
        }
        return SSL_TLSEXT_ERR_OK
      }

  /// ALPN (RFC 7301 section 3.2): our order counts; without any in common, the handshake fails.
  static let chooseProtocol:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
      UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, length, offered, count, argument in
      guard let chosen = unsafe chosen, let length = unsafe length, let offered = unsafe offered
      else { return SSL_TLSEXT_ERR_NOACK }
      let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
      let first = unsafe argument != nil ? TLSCallbacks.place(of: "h2", list) : nil
      guard let place = unsafe first ?? TLSCallbacks.place(of: "http/1.1", list) else {
        return SSL_TLSEXT_ERR_ALERT_FATAL
      }
      unsafe length.pointee = list[place]
      unsafe chosen.pointee = offered + place + 1
      return SSL_TLSEXT_ERR_OK
    }

  /// Where the entry begins, at its length, in a list that OpenSSL has checked.
  private static func place(
    of name: StaticString, _ list: UnsafeBufferPointer<UInt8>
  ) -> Int? {
    var at = 0
    while at < list.count {
      let count = unsafe Int(list[at])
      guard at + 1 + count <= list.count else { return nil }
      if count == name.utf8CodeUnitCount {
        var isSame = true
        for index in 0..<count where unsafe list[at + 1 + index] != name.utf8Start[index] {
          isSame = false
        }
        if isSame { return at }
      }
      at += 1 + count
    }
    return nil
  }

  static let ticketKey:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, OpaquePointer?,
      OpaquePointer?, Int32
    ) -> Int32 = { ssl, name, vector, cipher, mac, seals in
      guard let name = unsafe name, let vector = unsafe vector, let cipher = unsafe cipher,
        let mac = unsafe mac, let notes = unsafe TLSContextNotes.of(SSL_get_SSL_CTX(ssl)),
        let tickets = notes.tickets
      else { return -1 }
      let renews = unsafe SSL_version(ssl) == TLS1_3_VERSION
      return unsafe tickets.prepare(
        name, vector, cipher, mac, seals: seals != 0, renews: renews)
    }

  /// A backend offered a session: it is kept for whoever reads next. 1: the reference is ours now.
  static let newSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = {
    ssl, session in
    guard let data = unsafe BIO_get_data(SSL_get_rbio(ssl)) else { return 0 }
    let state = unsafe data.assumingMemoryBound(to: TLSBuffers.State.self)
    if let former = unsafe state.pointee.session { unsafe SSL_SESSION_free(former) }
    unsafe state.pointee.session = session
    return 1
  }

  /// A message of TLS itself, or an alert: counted, and nothing more is read once there were too
  /// many of them. See `TLSConnection.read`.
  static let hear: @convention(c) (OpaquePointer?, Int32, Int32) -> Void = { ssl, _, _ in
    guard let data = unsafe BIO_get_data(SSL_get_rbio(ssl)) else { return }
    let state = unsafe data.assumingMemoryBound(to: TLSBuffers.State.self)
    unsafe state.pointee.chatter &+= 1
    if unsafe state.pointee.chatter > state.pointee.mostChatter {
      unsafe state.pointee.sourceCount = 0
    }
  }
}
