import COpenSSL

/// Makes one worker's contexts of a listener: one for each set of certificates that share names.
struct TLSServerSetBuilder: ~Copyable {
  private let settings: TLSServerSettings
  private let tickets: TLSTicketRing?
  private let material: MaterialList

  /// Certificates in the order written: arrays hold no values that cannot be copied.
  private final class MaterialList {
    let value: TLSMaterial
    let next: MaterialList?
    init(_ value: consuming TLSMaterial, next: MaterialList?) {
      self.value = value
      self.next = next
    }
  }

  init(_ settings: TLSServerSettings, _ tickets: TLSTicketRing?) throws(TLSProblem) {
    guard !settings.certificates.isEmpty else { throw .noCertificate }
    var list: MaterialList?
    for place in settings.certificates.indices.reversed() {
      let one = try TLSMaterial(settings.certificates[place], place: place)
      list = MaterialList(one, next: list)
    }
    guard let list else { throw .noCertificate }
    self.settings = settings
    self.tickets = tickets
    material = list
  }

  private func item(_ place: Int) -> MaterialList {
    var item = material
    for _ in 0..<place { if let next = item.next { item = next } }
    return item
  }

  // MARK: Which certificates stand together

  /// The certificates for each name, as places: the first of each kind of key. A certificate for
  /// exactly this name comes before a wildcard's.
  private func groups() -> (defaults: [Int], byName: [(name: String, group: [Int])]) {
    var kinds: [Int32] = []
    var holders: [String: [Int]] = [:]
    var order: [String] = []
    for (place, certificate) in settings.certificates.enumerated() {
      kinds.append(item(place).value.kind)
      for name in certificate.names.map(TLSNames.normal) {
        if holders[name] == nil { order.append(name) }
        holders[name, default: []].append(place)
      }
    }
    func group(_ name: String) -> [Int] {
      var candidates = holders[name] ?? []
      if !name.hasPrefix("*."), let dot = name.firstIndex(of: ".") {
        candidates += holders["*" + name[dot...]] ?? []
      }
      var taken: [Int] = []
      for place in candidates where !taken.contains(where: { kinds[$0] == kinds[place] }) {
        taken.append(place)
      }
      return taken.sorted()
    }
    var defaults = [0]
    for name in settings.certificates[0].names.map(TLSNames.normal) {
      let found = group(name)
      if found.contains(0) {
        defaults = found
        break
      }
    }
    return (defaults, order.map { ($0, group($0)) })
  }

  // MARK: Contexts

  /// The first context; it keeps the others alive. The caller frees it.
  consuming func build() throws(TLSProblem) -> OpaquePointer {
    let (defaults, byName) = groups()
    var distinct = [defaults]
    var names: [(name: String, value: Int)] = []
    for (name, group) in byName {
      if let place = distinct.firstIndex(of: group) {
        names.append((name, place))
      } else {
        names.append((name, distinct.count))
        distinct.append(group)
      }
    }
    var others: [OpaquePointer] = unsafe []
    do throws(TLSProblem) {
      for group in distinct.dropFirst() {
        let context = unsafe try context(group)
        unsafe others.append(context)
        unsafe notes(group, directory: nil).attach(to: context)
      }
    } catch {
      for index in unsafe others.indices { unsafe SSL_CTX_free(others[index]) }
      throw error
    }
    let directory = unsafe TLSDirectory(names: TLSNames(names), others: others)
    let first = unsafe try context(defaults)
    let notes = notes(defaults, directory: directory)
    unsafe notes.attach(to: first)
    if unsafe !others.isEmpty {
      // Borrowed: the notes hold it, and the context them.
      let pointer = unsafe Unmanaged.passUnretained(directory).toOpaque()
      unsafe hr_tls_choose_name(first, TLSCallbacks.chooseName, pointer)
    }
    return unsafe first
  }

  private func notes(_ group: [Int], directory: TLSDirectory?) -> TLSContextNotes {
    let names = group.flatMap { settings.certificates[$0].names.map { (name: $0, value: 0) } }
    return TLSContextNotes(tickets: tickets, names: TLSNames(names), directory: directory)
  }

  private func context(_ group: [Int]) throws(TLSProblem) -> OpaquePointer {
    guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
      throw .library(reason: TLSMaterial.reason)
    }
    do throws(TLSProblem) {
      unsafe try configure(context)
      for place in group {
        ERR_clear_error()
        guard unsafe item(place).value.install(context) else {
          throw .badCertificate(place, reason: TLSMaterial.reason)
        }
      }
    } catch {
      unsafe SSL_CTX_free(context)
      throw error
    }
    return unsafe context
  }

  private func configure(_ context: OpaquePointer) throws(TLSProblem) {
    ERR_clear_error()
    unsafe hr_tls_modes(context)
    unsafe hr_tls_own_order(context)
    unsafe hr_tls_listen(context, TLSCallbacks.hear)
    let version = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
    guard unsafe hr_tls_minimum(context, version) == 1,
      unsafe hr_tls_suites(context, TLSServerSettings.suites) == 1,
      unsafe hr_tls_groups(context, TLSServerSettings.curves) == 1
    else { throw .library(reason: TLSMaterial.reason) }
    let ciphers = settings.ciphers ?? TLSServerSettings.mozillaIntermediate
    guard unsafe SSL_CTX_set_cipher_list(context, ciphers) == 1 else {
      throw .badCiphers(reason: TLSMaterial.reason)
    }
    unsafe hr_tls_no_cache(context)
    if tickets == nil {
      unsafe hr_tls_no_tickets(context)
    } else {
      unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, TLSCallbacks.ticketKey)
      unsafe SSL_CTX_set_num_tickets(context, 2)
      // Twelve hours: as long as a key opens tickets at least.
      unsafe SSL_CTX_set_timeout(context, 12 * 3600)
    }
    let flag = unsafe settings.offersHTTP2 ? UnsafeMutableRawPointer(bitPattern: 1) : nil
    unsafe SSL_CTX_set_alpn_select_cb(context, TLSCallbacks.chooseProtocol, flag)
    unsafe try askClients(context)
  }

  /// Sessions that were begun under another rule are not resumed under this one: its hash is their
  /// context, the same on every machine.
  private func askClients(_ context: OpaquePointer) throws(TLSProblem) {
    var rule: [UInt8] = []
    switch settings.clientCertificates {
    case .off: rule = [0]
    case .optional(let authorities):
      rule = [1] + authorities
      unsafe try trust(context, authorities)
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { _, _ in 1 }
    case .required(let authorities):
      rule = [2] + authorities
      unsafe try trust(context, authorities)
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }
    var hash = [UInt8](repeating: 0, count: 32)
    guard unsafe EVP_Digest(rule, rule.count, &hash, nil, EVP_sha256(), nil) == 1,
      unsafe SSL_CTX_set_session_id_context(context, hash, 32) == 1
    else { throw .library(reason: TLSMaterial.reason) }
  }

  private func trust(_ context: OpaquePointer, _ authorities: [UInt8]) throws(TLSProblem) {
    let found = unsafe try TLSMaterial.authorities(authorities, for: context)
    for index in unsafe found.indices { unsafe SSL_CTX_add_client_CA(context, found[index]) }
    unsafe TLSMaterial.free(found)
  }
}

extension TLSMaterial {
  /// Makes a context trust certificates. The caller frees them.
  static func authorities(
    _ text: [UInt8], for context: OpaquePointer
  ) throws(TLSProblem) -> [OpaquePointer] {
    let found: [OpaquePointer]
    switch unsafe certificates(text) {
    case .success(let certificates): unsafe found = certificates
    case .failure(let reason): throw .badAuthorities(reason: reason.text)
    }
    guard unsafe !found.isEmpty else { throw .badAuthorities(reason: "there is none in it") }
    let store = unsafe SSL_CTX_get_cert_store(context)
    for index in unsafe found.indices { unsafe X509_STORE_add_cert(store, found[index]) }
    return unsafe found
  }
}
