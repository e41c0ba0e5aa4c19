/// The field lines that a backend would get of a request that nobody sent: for `headrace explain`,
/// as `RouteProbe`. What the worker writes is held against it by a test.
package enum ForwardedFields {
  /// The lines of the head that pass, and those that the proxy adds, without an empty line.
  ///
  /// - Parameters:
  ///   - bytes: a whole request head that `RouteProbe` has taken, its target in origin form.
  ///   - peer: who connects, as text.
  ///   - isTrusted: the peer is a trusted proxy.
  package static func lines(
    head bytes: [UInt8], peer: String, isTrusted: Bool, addsVia: Bool
  ) -> [[UInt8]] {
    var source = Block(capacity: max(bytes.count, 64))
    source.append(bytes)
    var head = MessageHead()
    guard
      case .complete = RequestParser.parse(source, 0, bytes.count, limits: .widest, into: &head)
    else { return [] }
    dropNominated(source, &head)
    let hops = forwardsLeft(source, head)
    if hops != nil { head.drop(head.maxForwards) }
    var lines: [[UInt8]] = []
    for index in 0..<head.fieldCount where passes(head.fields[index], isTrusted: isTrusted) {
      let field = head.fields[index]
      lines.append(source.text(Int(field.name), Int(field.end) - Int(field.name)))
    }
    lines += added(source, head, peer, isTrusted: isTrusted)
    if let hops, hops > 0 {
      lines.append(Array("Max-Forwards: \(min(hops, 1 << 20) - 1)\r\n".utf8))
    }
    if head.wantsUpgrade { lines += upgrade(source, head) }
    if addsVia { lines.append(Array("Via: 1.1 headrace\r\n".utf8)) }
    return lines
  }

  private static func passes(_ field: Field, isTrusted: Bool) -> Bool {
    if field.isDropped { return false }
    switch field.id {
    case .forwardedFor: return false
    case .forwardedProto, .forwardedHost, .forwardedOther, .requestID, .clientCertificate:
      return isTrusted
    default: return true
    }
  }

  private static func dropNominated(_ source: borrowing Block, _ head: inout MessageHead) {
    for index in 0..<head.fieldCount where head.fields[index].id == .connection {
      var at = Int(head.fields[index].value)
      let end = at + Int(head.fields[index].valueLength)
      while let item = FieldParser.nextItem(source.bytes, &at, end) {
        let name = lower(source.text(item.at, item.count))
        for other in 0..<head.fieldCount {
          let field = head.fields[other]
          if !field.id.isOfMessage,
            lower(source.text(Int(field.name), Int(field.nameLength))) == name
          {
            head.fields[other].isDropped = true
          }
        }
      }
    }
  }

  private static func added(
    _ source: borrowing Block, _ head: borrowing MessageHead, _ peer: String, isTrusted: Bool
  ) -> [[UInt8]] {
    func value(_ index: Int) -> [UInt8] {
      source.text(Int(head.fields[index].value), Int(head.fields[index].valueLength))
    }
    func line(_ name: String, _ value: [UInt8]) -> [UInt8] {
      Array("\(name): ".utf8) + value + [0x0d, 0x0a]
    }
    var earlier: [UInt8] = []
    if isTrusted {
      for index in 0..<head.fieldCount
      where head.fields[index].id == .forwardedFor && head.fields[index].valueLength > 0 {
        earlier += value(index) + [0x2c, 0x20]
      }
    }
    var lines = [line("X-Forwarded-For", earlier + Array(peer.utf8))]
    if !isTrusted || head.forwardedProto < 0 {
      lines.append(line("X-Forwarded-Proto", Array("http".utf8)))
    }
    if !isTrusted || head.forwardedHost < 0, head.host >= 0 {
      lines.append(line("X-Forwarded-Host", value(head.host)))
    }
    if !isTrusted || head.requestID < 0 {
      lines.append(line("X-Request-Id", [UInt8](repeating: 0x30, count: 32)))
    }
    return lines
  }

  private static func upgrade(
    _ source: borrowing Block, _ head: borrowing MessageHead
  ) -> [[UInt8]] {
    let field = head.fields[head.upgrade]
    let value = source.text(Int(field.value), Int(field.valueLength))
    return [
      Array("Connection: upgrade\r\n".utf8), Array("Upgrade: ".utf8) + value + [0x0d, 0x0a],
    ]
  }

  /// `Max-Forwards`, where it applies; nil elsewhere.
  private static func forwardsLeft(
    _ source: borrowing Block, _ head: borrowing MessageHead
  ) -> Int64? {
    guard head.maxForwards >= 0, head.method == .options || head.method == .trace else {
      return nil
    }
    let field = head.fields[head.maxForwards]
    return FieldParser.decimal(source.bytes, Int(field.value), Int(field.valueLength))
  }

  private static func lower(_ name: [UInt8]) -> [UInt8] {
    name.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 }
  }
}
