extension ConfigDecoder {
  mutating func decodeListeners(_ entries: [YamlNode.Entry]) {
    let short = entry("listen", entries)
    let long = entry("listeners", entries)
    if let short, let long {
      let later = max(short.keyPlace.position, long.keyPlace.position)
      let entry = later == short.keyPlace.position ? short : long
      refuse(entry.keyPlace, "write either \"listen\" or \"listeners\", not both")
    }
    if let short, let endpoint = endpoint(short.value, "listen", "listen") {
      add(listener: Config.Listener(address: endpoint), at: short.value.place)
    }
    let row = OptionTable.row("listeners")
    let items = long.flatMap { list($0.value, row, row.path) } ?? []
    for (index, item) in items.enumerated() {
      let name = "listeners[\(index)]"
      let before = problems.count
      guard let entries = mapping(item, at: "listeners[]", called: quoted(name)),
        let node = required("address", entries, of: item.place, called: quoted(name)),
        let endpoint = endpoint(node, "listeners[].address", "\(name).address")
      else { continue }
      var listener = Config.Listener(address: endpoint)
      decodeListenerOptions(entries, name, &listener)
      decodeProxyProtocol(entries, name, &listener)
      if entry("tls", entries) != nil, listener.tls?.clientCertificates == nil,
        problems.count > before
      {
        tlsIsBroken = true
      }
      add(listener: listener, at: node.place)
    }
  }

  /// `admin: address` or `admin: { address: ... }`.
  mutating func decodeAdmin(_ entries: [YamlNode.Entry]) {
    guard var node = entry("admin", entries)?.value else { return }
    var name = "admin"
    if case .mapping = node.content {
      guard let below = mapping(node, at: "admin", called: quoted("admin")),
        let address = required("address", below, of: node.place, called: quoted("admin"))
      else { return }
      node = address
      name = "admin.address"
    }
    guard let endpoint = endpoint(node, "admin.address", name) else { return }
    if let other = config.listeners.first(where: { clashes($0.address, endpoint) }) {
      refuse(node.place, "\(quoted(name)) is the address of the listener \(other.address) already")
    }
    config.admin = Config.Admin(address: endpoint)
  }

  private mutating func endpoint(_ node: YamlNode, _ path: String, _ name: String) -> Endpoint? {
    guard case .endpoint(let endpoint) = scalar(node, OptionTable.row(path), name) else {
      return nil
    }
    return endpoint
  }

  private mutating func add(listener: Config.Listener, at place: YamlNode.Place) {
    let endpoint = listener.address
    if let index = config.listeners.firstIndex(where: { clashes($0.address, endpoint) }) {
      let line = line(of: listenerPlaces[index], seenFrom: place)
      refuse(place, "two listeners on \(endpoint); the other is in \(line)")
    }
    config.listeners.append(listener)
    listenerPlaces.append(place)
  }

  /// The same socket address. Port 0 is a different free port each time.
  private func clashes(_ a: Endpoint, _ b: Endpoint) -> Bool {
    guard case .ip(let hostA, let portA) = a, case .ip(let hostB, let portB) = b else {
      return a == b
    }
    guard portA == portB, portA != 0 else { return false }
    return !listenAddresses(hostA).isDisjoint(with: listenAddresses(hostB))
  }

  /// An empty host may become either wildcard.
  private func listenAddresses(_ host: String) -> Set<[UInt8]> {
    let any4 = [UInt8](repeating: 0, count: 4)
    let any6 = [UInt8](repeating: 0, count: 16)
    if host.isEmpty { return [any4, any6] }
    return [AddressText.parse4(host) ?? AddressText.parse6(host) ?? Array(host.utf8)]
  }
}
