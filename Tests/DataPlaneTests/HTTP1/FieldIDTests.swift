import Testing

@testable import DataPlane

/// Which field a name is, compared with a slow twin made of strings.
struct FieldIDTests {
  static let known: [String: FieldID] = [
    "host": .host, "connection": .connection, "keep-alive": .keepAlive, "te": .te,
    "upgrade": .upgrade, "transfer-encoding": .transferEncoding,
    "content-length": .contentLength, "expect": .expect, "proxy-connection": .proxyConnection,
    "http2-settings": .http2Settings, "proxy": .proxy, "x-forwarded-for": .forwardedFor,
    "x-forwarded-proto": .forwardedProto, "x-forwarded-host": .forwardedHost,
    "forwarded": .forwardedOther, "x-real-ip": .forwardedOther, "x-request-id": .requestID,
    "via": .via, "date": .date, "accept": .accept, "authorization": .authorization,
    "cookie": .cookie, "set-cookie": .setCookie, "trailer": .trailer,
    "max-forwards": .maxForwards,
  ]

  static let forwarded = [
    "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Scheme",
    "X-Forwarded-Ssl", "X-Forwarded-By", "X-Forwarded-Protocol", "X-Forwarded-Uri",
    "X-Forwarded-Client-Cert", "X-Forwarded-Proto-Version", "X-Forwarded-For-Original",
    "X-Forwarded-Host-And-A-Very-Long-Rest-Of-The-Name",
  ]

  static func slow(_ name: String) -> FieldID {
    let lower = name.lowercased()
    if let id = known[lower] { return id }
    return lower.hasPrefix("x-forwarded-") ? .forwardedOther : .other
  }

  static func classify(_ name: String, at: Int = 0) -> FieldID {
    // What lies around the name may not matter.
    let block = block(bytes(name) + bytes(": \r\n-forX"), at: at)
    return FieldID.classify(block.bytes, at, name.utf8.count)
  }

  static func underscored(_ name: String, at: Int = 0) -> FieldID {
    let block = block(bytes(name) + bytes(": \r\n-forX"), at: at)
    return FieldID.classifyUnderscored(block.bytes, at, name.utf8.count)
  }

  @Test("every known name is recognised in any case", arguments: known.keys.sorted())
  func names(_ name: String) throws {
    let id = try #require(Self.known[name])
    var dice = Dice(seed: 1)
    #expect(Self.classify(name) == id)
    #expect(Self.classify(name.uppercased()) == id)
    for at in 0..<20 {
      let odd = String(name.map { dice.chance(2) ? Character($0.uppercased()) : $0 })
      #expect(Self.classify(odd, at: at) == id, "\(odd)")
    }
  }

  @Test("every X-Forwarded- name of any length is a forwarding field", arguments: forwarded)
  func forwarding(_ name: String) {
    #expect(Self.classify(name) == .forwardedOther)
    #expect(Self.classify(name.lowercased(), at: 3) == .forwardedOther)
    let alias = name.replacing("-", with: "_")
    #expect(Self.classify(alias) == .other)
    #expect(Self.underscored(alias) == .forwardedOther)
  }

  @Test("a known name with one byte changed is another name", arguments: known.keys.sorted())
  func oneByte(_ name: String) {
    let original = bytes(name)
    var wrong: [String] = []
    for index in original.indices {
      for byte in UInt8(0x21)...0x7e {
        var changed = original
        changed[index] = byte
        let other = text(changed)
        if Self.classify(other) != Self.slow(other) { wrong.append(other) }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }

  @Test(
    "a known name with an underscore is an alias, never the field", arguments: known.keys.sorted())
  func aliases(_ name: String) throws {
    guard name.contains("-") else { return }
    let id = try #require(Self.known[name])
    let hyphens = name.filter { $0 == "-" }.count
    for mask in 1..<(1 << hyphens) {
      var seen = 0
      let alias = String(
        name.map { character in
          guard character == "-" else { return character }
          seen += 1
          return mask >> (seen - 1) & 1 == 1 ? "_" : "-"
        })
      #expect(Self.classify(alias) == .other, "\(alias)")
      #expect(Self.classify(alias.uppercased(), at: 5) == .other, "\(alias)")
      #expect(Self.underscored(alias) == id, "\(alias)")
      #expect(Self.underscored(alias.uppercased(), at: 5) == id, "\(alias)")
    }
  }

  @Test(
    "near misses of known names are other fields",
    arguments: [
      "hos", "hostx", "xhost", "h0st", "connections", "keepalive", "keep--alive", "t", "tee", "ve",
      "vi", "viaa", "content-lengt", "content-lengthx", "content.length", "contentxlength",
      "transfer-encodin", "transfer-encodingx", "transferxencoding", "transfer.encoding",
      "x-forwarded", "x-forwarding-id", "x-forward-for", "x-forwarders", "x-forwarddd-for",
      "x-forwards-for", "x-requestid", "x-request-ids", "forwarded-for", "accept-encoding",
      "set-cookie2", "cookie2", "proxy-connect", "authorisation", "upgrade-insecure-requests",
      "http2-setting", "-", "x", "expectation", "dates", "max-forward", "trailers",
    ])
  func nearMisses(_ name: String) {
    #expect(Self.classify(name) == .other)
    #expect(Self.classify(name.uppercased(), at: 9) == .other)
  }

  @Test("an ordinary name with underscores is no alias")
  func ordinaryUnderscores() {
    for name in ["x_custom", "content_type", "user_agent", "_", "hos_", "x_forward_for"] {
      #expect(Self.underscored(name) == .other, "\(name)")
    }
    #expect(Self.underscored("transferxencoding") == .other)
  }

  @Test("random names are classified as the slow twin does")
  func random() {
    var dice = Dice(seed: 2026)
    let letters = bytes("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.!~'")
    var wrong: [String] = []
    let sources = Self.known.keys.sorted() + Self.forwarded
    for round in 0..<4000 {
      var name: [UInt8]
      if round % 4 == 0 {
        name = (0...dice.below(24)).map { _ in dice.pick(letters) }
      } else {
        name = bytes(dice.pick(sources))
        for _ in 0...dice.below(2) where !name.isEmpty {
          let index = dice.below(name.count)
          switch dice.below(4) {
          case 0: name[index] = dice.pick(letters)
          case 1: name.remove(at: index)
          case 2: name.insert(dice.pick(letters), at: index)
          default: name[index] ^= name[index] | 0x20 >= 0x61 ? 0x20 : 0
          }
        }
        if name.isEmpty { continue }
      }
      let candidate = text(name)
      let plain = candidate.replacing("_", with: "-")
      let at = dice.below(20)
      if Self.classify(candidate, at: at) != Self.slow(candidate)
        || Self.underscored(candidate, at: at) != Self.slow(plain)
      {
        wrong.append(candidate)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
  }
}
