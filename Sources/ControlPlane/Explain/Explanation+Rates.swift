import DataPlane

/// The rates of the route that takes the request, and whose bucket each would take from.
extension Explanation {
  func rates(
    _ rates: [Config.Rate], _ probe: RouteProbe, _ snapshot: SnapshotHandle,
    _ decision: RouteDecision
  ) -> [String] {
    let subjects = probe.rateSubjects(snapshot.value, decision)
    return zip(rates, subjects).map { rate, subject in
      "\(ConfigWords.rate(rate)); \(key(rate, subject))"
    }
  }

  private func key(_ rate: Config.Rate, _ subject: RouteProbe.RateSubjectText) -> String {
    switch subject {
    case .everybody:
      switch rate.key {
      case .route: return "one bucket for all requests"
      case .clientAddress: return "no address: the bucket of all clients without one"
      case .header, .cookie:
        return "no single value: the bucket of all requests without one"
      }
    case .text(let bytes):
      return "the bucket of \(quoted(String(decoding: bytes, as: UTF8.self)))"
    case .address(let bytes):
      let prefix = bytes.count == 4 ? 96 + rate.ipv4Prefix : rate.ipv6Prefix
      let mapped = bytes.count == 4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] : []
      let range = AddressRange(bytes: mapped + bytes, prefixLength: prefix)
      return "the bucket of \(ConfigWords.range(range))"
    }
  }
}
