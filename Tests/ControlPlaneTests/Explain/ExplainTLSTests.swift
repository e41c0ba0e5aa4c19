import Testing

@testable import ControlPlane

/// `headrace explain` for https addresses.
struct ExplainTLSTests {
  private static let text = """
    listeners:
      - { address: ":80", redirect_to_https: true }
      - { address: ":8080", redirect_to_https: 8443 }
      - address: :443
        tls:
          certificates:
            - { cert: other.pem, key: other.key }
            - { cert: site.pem, key: site.key }
            - { cert: rsa.pem, key: rsa.key }
          client_certificates: { mode: optional, ca: other.pem }
    trusted_proxies: [10.0.0.1]
    routes:
      - { match: { path: /admin }, to: app, client_certificate: required }
      - { to: app, hsts: true }
    pools: { app: [127.0.0.1:3000] }
    """

  private func explain(
    _ url: String, _ headers: [String] = [], client: String = "127.0.0.1"
  ) throws -> Explanation {
    Explanation(
      try ConfigFixture.config(Self.text),
      try ExplainRequest(headers: headers, url: url, client: client))
  }

  @Test func saysWhichCertificateIsShown() throws {
    func files(_ url: String) throws -> [String] {
      try explain(url).tls?.certificates.map { String($0.split(separator: "/").last ?? "") } ?? []
    }
    #expect(try files("https://EXAMPLE.com/") == ["site.pem", "rsa.pem"])
    #expect(try files("https://www.example.com:443/") == ["site.pem"])
    #expect(try files("https://a.www.example.com/") == ["other.pem"])
    #expect(try files("https://[::1]/") == ["other.pem"])
    #expect(try explain("https://unknown.test/").tls?.isDefault == true)
    #expect(try explain("http://example.com:443/").tls == nil)
  }

  @Test func saysWhatARouteWantsOfClients() throws {
    let text = try explain("https://example.com/admin").text()
    #expect(text.contains("client certificate: needed; 421 on connections without one"))
    let plain = try explain("https://example.com/").text()
    #expect(plain.contains("set Strict-Transport-Security: max-age=31536000"))
    #expect(plain.contains("X-Forwarded-Proto: https"))
  }

  @Test func followsTheRedirect() throws {
    #expect(
      try explain("http://example.com/a?b").outcome
        == .redirect(status: 308, location: "https://example.com/a?b"))
    #expect(
      try explain("http://[::1]:8080/a").outcome
        == .redirect(status: 308, location: "https://[::1]:8443/a"))
    let trusted = try explain(
      "http://example.com/", ["X-Forwarded-Proto: https"], client: "10.0.0.1")
    #expect(trusted.route != nil)
  }
}
