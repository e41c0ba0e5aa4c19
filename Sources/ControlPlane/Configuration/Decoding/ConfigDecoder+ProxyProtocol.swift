/// PROXY headers, from balancers in front and to backends.
extension ConfigDecoder {
  /// - Parameter entries: of the listener.
  mutating func decodeProxyProtocol(
    _ entries: [YamlNode.Entry], _ name: String, _ listener: inout Config.Listener
  ) {
    let path = "listeners[].proxy_protocol"
    let name = "\(name).proxy_protocol"
    guard let node = entry("proxy_protocol", entries)?.value,
      let below = mapping(node, at: path, called: quoted(name)),
      let from = required("from", below, of: node.place, called: quoted(name))
    else { return }
    var isUnix = false
    if case .unix = listener.address { isUnix = true }
    var proxyProtocol = Config.ProxyProtocol()
    for (value, node) in scalars(from, OptionTable.row("\(path).from"), "\(name).from") {
      switch value {
      case .addressRange(let range):
        proxyProtocol.ranges.append(range)
        if isUnix {
          let what = "clients of \(listener.address) have no address"
          refuse(node.place, "\(what); write \"from: unix\" in \(quoted(name))")
        }
      default:
        proxyProtocol.unix = true
        if !isUnix {
          refuse(
            node.place,
            "\"unix\" is for listeners on a unix socket, and \(listener.address) is none; write "
              + "addresses or CIDR blocks in \(quoted("\(name).from"))")
        }
      }
    }
    listener.proxyProtocol = proxyProtocol
  }

  /// A connection that begins with one client's address serves no other.
  mutating func checkProxyProtocol(_ entries: [YamlNode.Entry], _ pool: Config.Pool) {
    guard pool.sendProxyProtocol != .off,
      let written = entry("send_proxy_protocol", entries)
    else { return }
    if pool.protocol != .http1 {
      refuse(
        written.keyPlace,
        "\"send_proxy_protocol\" cannot be with \"protocol: \(pool.protocol.rawValue)\" in pool "
          + "\(quoted(pool.name)): such a connection carries requests of many clients, and a PROXY "
          + "header names one; leave one of the two out")
    }
    if let keepAlive = entry("keep_alive", entries) {
      warn(
        keepAlive.keyPlace,
        "keep_alive has no effect with \"send_proxy_protocol\" in pool \(quoted(pool.name)): its "
          + "connections serve one request each")
    }
  }
}
