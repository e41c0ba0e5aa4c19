import Testing

@testable import ControlPlane

/// What `headrace explain` says of rates.
@Suite struct ExplainRatesTests {
  private static let text = """
    listen: :8080
    trusted_proxies: [10.0.0.0/8]
    routes:
      - match: { path: /many }
        to: app
        limits:
          rate:
            - { per_second: 20, burst: 40, ipv4_prefix: 24 }
            - { per_minute: 5, key: "header:X-Key" }
            - { per_hour: 7, key: "cookie:sid" }
            - { per_hour: 9, key: route }
      - { match: { path: /no }, respond: 404, limits: { rate: { per_second: 1 } } }
      - to: app
    pools: { app: [127.0.0.1:1] }
    """

  private func explain(
    _ url: String, _ headers: [String] = [], client: String = "192.0.2.7"
  ) throws -> Explanation {
    let request = try ExplainRequest(headers: headers, url: url, client: client)
    return Explanation(try ConfigFixture.config(Self.text), request)
  }

  @Test func saysWhoseBucketsAreAsked() throws {
    let rates = try explain("http://a/many", ["X-Key: k1", "Cookie: a=b; sid=s1"]).rates
    #expect(
      rates == [
        "20 per second by client_address, ipv4_prefix 24, burst 40; the bucket of 192.0.2.0/24",
        "5 per minute by header:X-Key, burst 5; the bucket of \"k1\"",
        "7 per hour by cookie:sid, burst 7; the bucket of \"s1\"",
        "9 per hour by route, burst 9; one bucket for all requests",
      ])
    let without = try explain("http://a/many").rates
    #expect(without[1].hasSuffix("; no single value: the bucket of all requests without one"))
    #expect(without[2].hasSuffix("; no single value: the bucket of all requests without one"))
  }

  @Test func followsTrustedProxies() throws {
    let rates = try explain("http://a/many", ["X-Forwarded-For: 2001:db8::7"], client: "10.0.0.1")
      .rates
    #expect(rates[0].hasSuffix("; the bucket of 2001:db8::/64"))
    let other = try explain("http://a/many", ["X-Forwarded-For: 2001:db8::7"])
    #expect(other.rates[0].hasSuffix("; the bucket of 192.0.2.0/24"))
  }

  @Test func showsThemInTextAndJSON() throws {
    let fixed = try explain("http://a/no")
    #expect(
      fixed.text().contains(
        "\nrate: 1 per second by client_address, burst 1; the bucket of 192.0.2.7\n"))
    #expect(fixed.json.contains("\"rates\": ["))
    let plain = try explain("http://a/other")
    #expect(plain.rates.isEmpty && !plain.text().contains("rate:"))
  }
}
