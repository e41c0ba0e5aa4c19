import DataPlane

/// A route's rates as rows, and what the answers say of them.
extension RouteTablesBuilder {
  func addRates(
    _ rates: [Config.Rate], _ row: inout RouteRow, _ detail: inout RouteDetailRow,
    _ draft: inout SnapshotDraft
  ) {
    // The loader has refused more.
    let rates = rates.prefix(RateDemand.capacity)
    guard !rates.isEmpty else { return }
    row.flags.insert(.hasRates)
    detail.rates = RowRange(first: draft.routing.rates.count, count: rates.count)
    for rate in rates { draft.routing.rates.append(rateRow(rate, &draft)) }
    detail.ratePolicy = draft.intern(Self.policy(Array(rates)).utf8)
  }

  private func rateRow(_ rate: Config.Rate, _ draft: inout SnapshotDraft) -> RateRow {
    let (key, name): (RateRow.Key, String) =
      switch rate.key {
      case .route: (.route, "")
      case .clientAddress: (.clientAddress, "")
      case .header(let name): (.header, name.lowercased())
      case .cookie(let name): (.cookie, name)
      }
    var row = RateRow(key: key, name: draft.intern(name.utf8), limit: Self.limit(rate))
    row.ipv4Prefix = UInt8(rate.ipv4Prefix)
    row.ipv6Prefix = UInt8(rate.ipv6Prefix)
    return row
  }

  static func limit(_ rate: Config.Rate) -> RateLimit {
    let second: Instant = 1_000_000_000
    let period: Instant =
      switch rate.period {
      case .second: second
      case .minute: 60 * second
      case .hour: 3600 * second
      }
    return RateLimit(count: rate.count, per: period, burst: rate.burst)
  }

  /// The value of `RateLimit-Policy`: for each rate its quota and the seconds in which a key that
  /// has used all of it rests fully.
  static func policy(_ rates: [Config.Rate]) -> String {
    rates.enumerated().map { index, rate in
      let name = index == 0 ? "default" : "default-\(index + 1)"
      let window = limit(rate).window
      let seconds = window / 1_000_000_000 + (window % 1_000_000_000 == 0 ? 0 : 1)
      return "\"\(name)\";q=\(rate.burst);w=\(seconds)"
    }.joined(separator: ", ")
  }
}
