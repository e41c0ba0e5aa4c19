import Testing

@testable import ControlPlane
@testable import DataPlane

/// What server and client agree upon, and what they refuse.
struct TLSHandshakeTests {
  private static func connect(
    _ server: TLSServerContexts, _ client: TLSClientContext, name: String = "site.test",
    worker: Int = 0, sessionsOf former: TLSPeer? = nil
  ) throws -> (server: TLSPeer, client: TLSPeer) {
    let (first, second) = try TLSPeer.pair()
    if let former { second.takeSessions(of: former) }
    try first.beServer(server, worker: worker)
    try second.beClient(client, name: name)
    TLSPeer.shakeHands(first, second)
    return (first, second)
  }

  /// Reads the tickets that came behind the handshake.
  private static func keepTickets(_ client: TLSPeer, _ context: TLSClientContext) {
    client.keepSession(context)
    _ = client.receive()
    client.keepSession(context)
  }

  @Test("a certificate is chosen by name: exact, one label for a star, else the first")
  func names() throws {
    let site = try TLSFixture.make(["site.test"])
    let other = try TLSFixture.make(["Other.Test", "*.wild.test"])
    let server = try TLSFixture.server([site, other])
    let believesSite = try TLSFixture.client(trusting: [site])
    let believesOther = try TLSFixture.client(trusting: [other])
    func works(_ name: String, _ client: TLSClientContext) throws -> Bool {
      let pair = try Self.connect(server, client, name: name)
      return pair.client.isDone && pair.server.isDone
    }
    #expect(try works("site.test", believesSite))
    #expect(try works("other.test", believesOther))
    #expect(try works("OTHER.test", believesOther))
    #expect(try works("a.wild.test", believesOther))
    // The chain is not believed, or the name is not in it.
    #expect(try !works("a.wild.test", believesSite))
    #expect(try !works("a.b.wild.test", believesOther))
    #expect(try !works("unknown.test", believesSite))
  }

  @Test("who checks nothing is shown the first certificate under an unknown name")
  func unchecked() throws {
    let server = try TLSFixture.server([try TLSFixture.make(["site.test"])])
    let client = try TLSFixture.client(trusting: []) {
      $0.verifies = false
      $0.authorities = nil
    }
    #expect(try Self.connect(server, client, name: "unknown.test").client.isDone)
    #expect(try Self.connect(server, client, name: "127.0.0.1").client.isDone)
  }

  @Test("RSA and ECDSA of one name stand side by side")
  func bothKinds() throws {
    let rsa = try TLSFixture.make(["site.test"], key: .rsa)
    let ecdsa = try TLSFixture.make(["site.test"])
    let server = try TLSFixture.server([rsa, ecdsa])
    let client = try TLSFixture.client(trusting: [ecdsa])
    #expect(try Self.connect(server, client).client.isDone)
  }

  @Test("ALPN: h2 where it is offered, else http/1.1, and nothing in common is refused")
  func protocols() throws {
    let site = try TLSFixture.make(["site.test"])
    let both = try TLSFixture.server([site]) { $0.offersHTTP2 = true }
    let old = try TLSFixture.server([site])
    let wantsH2 = try TLSFixture.client(trusting: [site]) { $0.speaksHTTP2 = true }
    let wantsOld = try TLSFixture.client(trusting: [site])
    let agreed = try Self.connect(both, wantsH2)
    #expect(agreed.server.speaksHTTP2 == true)
    #expect(agreed.client.speaksHTTP2 == true)
    #expect(try Self.connect(both, wantsOld).server.speaksHTTP2 == false)
    #expect(try Self.connect(old, wantsH2).client.failure?.kind == .refused)
  }

  @Test("a minimum of 1.3 is kept")
  func versions() throws {
    let site = try TLSFixture.make(["site.test"])
    let new = try TLSFixture.server([site]) { $0.minimumVersion = .tls13 }
    let client = try TLSFixture.client(trusting: [site])
    #expect(try Self.connect(new, client).server.version == .tls13)
  }

  @Test("a session is resumed by another worker, after one rotation, and not after two")
  func tickets() throws {
    let site = try TLSFixture.make(["site.test"])
    let ring = TLSTicketRing()
    let server = try TLSFixture.server([site], tickets: ring, workers: 2)
    let context = try TLSFixture.client(trusting: [site])
    let first = try Self.connect(server, context)
    #expect(first.client.isResumed == false)
    Self.keepTickets(first.client, context)
    let second = try Self.connect(server, context, worker: 1, sessionsOf: first.client)
    #expect(second.client.isResumed == true)
    #expect(second.server.isResumed == true)
    Self.keepTickets(second.client, context)
    let again = try Self.connect(server, context, sessionsOf: second.client)
    #expect(again.server.isResumed == true)
    Self.keepTickets(again.client, context)
    ring.rotate()
    let third = try Self.connect(server, context, sessionsOf: again.client)
    #expect(third.server.isResumed == true)
    // What it holds was sealed with the key of now: two rotations on, that is gone.
    Self.keepTickets(third.client, context)
    ring.rotate()
    ring.rotate()
    let fourth = try Self.connect(server, context, sessionsOf: third.client)
    #expect(fourth.server.isResumed == false)
    #expect(fourth.server.isDone)
  }

  @Test("rings with the same keys understand one another; without a ring nothing is resumed")
  func fleet() throws {
    let site = try TLSFixture.make(["site.test"])
    let keys = [[UInt8](repeating: 1, count: 80), [UInt8](repeating: 2, count: 80)]
    let here = try TLSFixture.server([site], tickets: TLSTicketRing(keys: keys))
    let there = try TLSFixture.server([site], tickets: TLSTicketRing(keys: keys.reversed()))
    let none = try TLSFixture.server([site])
    let context = try TLSFixture.client(trusting: [site])
    let first = try Self.connect(here, context)
    Self.keepTickets(first.client, context)
    let second = try Self.connect(there, context, sessionsOf: first.client)
    #expect(second.server.isResumed == true)
    Self.keepTickets(second.client, context)
    let third = try Self.connect(none, context, sessionsOf: second.client)
    #expect(third.server.isResumed == false)
    #expect(throws: TLSProblem.self) { try TLSTicketRing(keys: [[1, 2, 3]]) }
  }

  @Test("a session that was begun without a client certificate does not pass where one is needed")
  func resumedUnderAnotherRule() throws {
    let site = try TLSFixture.make(["site.test"])
    let ring = TLSTicketRing()
    let open = try TLSFixture.server([site], tickets: ring)
    let closed = try TLSFixture.server([site], tickets: ring) {
      $0.clientCertificates = .required(authorities: site.chain)
    }
    let context = try TLSFixture.client(trusting: [site])
    let first = try Self.connect(open, context)
    Self.keepTickets(first.client, context)
    let second = try Self.connect(closed, context, sessionsOf: first.client)
    #expect(second.server.failure?.kind == .refused)
  }

  @Test("client certificates: none, a good one, a bad one, where they are optional and required")
  func clientCertificates() throws {
    let site = try TLSFixture.make(["site.test"])
    let good = try TLSFixture.make(["good.test"])
    let bad = try TLSFixture.make(["bad.test"])
    func verification(
      _ rule: TLSServerSettings.ClientCertificates, _ own: TLSCertificateSettings?
    ) throws -> TLSConnection.Verification? {
      let server = try TLSFixture.server([site]) { $0.clientCertificates = rule }
      let client = try TLSFixture.client(trusting: [site]) { $0.certificate = own }
      let peer = try Self.connect(server, client).server
      return peer.isDone ? peer.clientVerification : nil
    }
    let optional = TLSServerSettings.ClientCertificates.optional(authorities: good.chain)
    let required = TLSServerSettings.ClientCertificates.required(authorities: good.chain)
    #expect(try verification(.off, good) == TLSConnection.Verification.none)
    #expect(try verification(optional, nil) == TLSConnection.Verification.none)
    #expect(try verification(optional, good) == .good)
    #expect(try verification(optional, bad) == .bad)
    #expect(try verification(required, good) == .good)
    #expect(try verification(required, nil) == nil)
    #expect(try verification(required, bad) == nil)
  }

  @Test("what cannot be used is refused, with the reason")
  func problems() throws {
    let site = try TLSFixture.make(["site.test"])
    let other = try TLSFixture.make(["other.test"])
    func problem(_ settings: TLSServerSettings) -> TLSProblem? {
      do throws(TLSProblem) {
        _ = try TLSServerContexts.make(settings, tickets: nil, workers: 1)
        return nil
      } catch {
        return error
      }
    }
    #expect(problem(TLSServerSettings(certificates: [])) == .noCertificate)
    var mixed = other
    mixed.key = site.key
    #expect(problem(TLSServerSettings(certificates: [site, mixed])) == .mismatch(1))
    mixed.key = Array("nonsense".utf8)
    guard case .badKey(0, _) = problem(TLSServerSettings(certificates: [mixed])) else {
      Issue.record("a key that is none")
      return
    }
    mixed.chain = []
    guard case .badCertificate(0, _) = problem(TLSServerSettings(certificates: [mixed])) else {
      Issue.record("a certificate that is none")
      return
    }
    var settings = TLSServerSettings(certificates: [site])
    settings.ciphers = "NOTHING"
    guard case .badCiphers = problem(settings) else {
      Issue.record("a cipher that is none")
      return
    }
  }

  @Test("a request for a host that another certificate is for is misdirected")
  func misdirected() throws {
    let site = try TLSFixture.make(["site.test", "*.site.test"])
    let other = try TLSFixture.make(["other.test", "special.site.test"])
    let server = try TLSFixture.server([site, other])
    let client = try TLSFixture.client(trusting: [site])
    let peer = try Self.connect(server, client).server
    func isMisdirected(_ host: String) -> Bool {
      var text = Block(capacity: 256)
      text.append(Array(host.utf8))
      return peer.stream.tls?.isMisdirected(text.bytes, 0, text.end) == true
    }
    #expect(peer.mayBeMisdirected == true)
    #expect(isMisdirected("other.test"))
    #expect(!isMisdirected("site.test"))
    #expect(!isMisdirected("SITE.test"))
    #expect(!isMisdirected("deep.site.test"))
    // Both are for it.
    #expect(!isMisdirected("special.site.test"))
    // Nobody is.
    #expect(!isMisdirected("unknown.test"))
  }
}
