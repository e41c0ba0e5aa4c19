/// When certificates end, in words for the operator.
enum CertificateExpiry {
  static let secondsAhead: Int64 = 30 * 86_400

  /// Nil while there is nothing to say; continues "the certificate X".
  ///
  /// - Parameter now: seconds since 1970.
  static func warning(_ facts: CertificateFacts, now: Int64) -> String? {
    let left = facts.notAfter - now
    if left <= 0 { return "expired \(span(-left)) ago, so it is refused" }
    if facts.notBefore > now {
      return "is not valid yet, for another \(span(facts.notBefore - now)), so it is refused"
    }
    return left <= secondsAhead ? "expires in \(span(left)); renew it" : nil
  }

  /// A sentence for each file of a config that there is something to say of.
  static func warnings(_ config: Config, now: Int64) -> [String] {
    var seen: Set<String> = []
    let pools = config.pools.compactMap { $0.tls?.certificate }
    return (config.listeners.flatMap { $0.tls?.certificates ?? [] } + pools).compactMap { item in
      guard let text = warning(item.facts, now: now), seen.insert(item.chain.path).inserted
      else { return nil }
      return "the certificate \(item.chain.path) \(text)"
    }
  }

  /// `29 days`, `5 hours`, `1 minute`.
  private static func span(_ seconds: Int64) -> String {
    if seconds >= 2 * 86_400 { return ConfigWords.count(Int(seconds / 86_400), "day") }
    if seconds >= 3600 { return ConfigWords.count(Int(seconds / 3600), "hour") }
    return ConfigWords.count(Int(seconds / 60), "minute")
  }
}
