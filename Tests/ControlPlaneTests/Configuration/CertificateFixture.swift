@testable import ControlPlane

/// Certificates and keys for the tests, made when they run.
enum CertificateFixture {
  struct NotMade: Error {}

  static func make(
    _ names: [String], days: Int = 90, since: Int = 1, key: CertificateMaker.Key = .ecdsa
  ) -> CertificateMaker.Pair {
    var maker = CertificateMaker(names: names)
    // Half an hour off whole days: what is left of them does not hang on the second.
    maker.validFor = days * 86_400 + 1800
    maker.validSince = since * 86_400 + 1800
    maker.key = key
    guard let pair = try? maker.make() else { fatalError("no certificate can be made") }
    return pair
  }

  static let site = make(["example.com", "*.example.com"])
  static let siteRSA = make(["example.com"], key: .rsa)
  static let other = make(["other.test"])
  static let nameless = make([])
  static let soon = make(["soon.test"], days: 9)
  static let expired = make(["expired.test"], days: -3, since: 30)
  static let early = make(["early.test"], since: -5)

  /// By name, whatever the folder.
  static let files: [String: [UInt8]] = [
    "fullchain.pem": site.certificate, "privkey.pem": site.key, "clients.pem": other.certificate,
    "backends.pem": other.certificate, "ticket-1.key": [UInt8](repeating: 1, count: 80),
    "ticket-2.key": [UInt8](repeating: 2, count: 80),
    "site.pem": site.certificate, "site.key": site.key, "rsa.pem": siteRSA.certificate,
    "rsa.key": siteRSA.key, "other.pem": other.certificate, "other.key": other.key,
    "nameless.pem": nameless.certificate, "nameless.key": nameless.key,
    "soon.pem": soon.certificate, "soon.key": soon.key, "expired.pem": expired.certificate,
    "expired.key": expired.key, "early.pem": early.certificate, "early.key": early.key,
    "chain.pem": site.certificate + other.certificate, "encrypted.key": Array(encrypted.utf8),
    "text.pem": Array("certificate".utf8), "ticket.key": [UInt8](repeating: 7, count: 80),
    "ticket-old.key": [UInt8](repeating: 6, count: 80), "short.key": [1, 2, 3],
    "broken.pem": Array(
      String(decoding: site.certificate, as: UTF8.self).replacing("M", with: "N").utf8),
    "broken.key": Array(
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8),
  ]

  /// Its password is x.
  private static let encrypted = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiEMiXn0/MbSQICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDZw4PpPtTrburl3YrIGl+EEgZA0
    n+FThjRzue5suSPS4H+nPKC9wQpBrTQqaT0mBZg9MXaMxqyJsV+j0i6NxR+U4MQR
    FPoFdPFrAPu3vRxFT3RWWLvl+jn3kDoMVqYTReH+OwvpR5GpseuxcChjWejIIBZL
    CEN4hapxrVFBopYXNmb/exqPWAov8zOWXlaGnbFD/hhp9W4BwGUnjZi0f0b+tTM=
    -----END ENCRYPTED PRIVATE KEY-----

    """
}
