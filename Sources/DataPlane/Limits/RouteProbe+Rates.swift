extension RouteProbe {
  /// Whose bucket a rate would take from, as bytes for people.
  package enum RateSubjectText: Equatable, Sendable {
    case everybody
    case text([UInt8])
    /// Four or sixteen bytes, those behind the prefix 0.
    case address([UInt8])
  }

  /// For each rate of the route.
  package func rateSubjects(
    _ snapshot: borrowing Snapshot, _ decision: RouteDecision
  ) -> [RateSubjectText] {
    let row = snapshot.routes[Int(decision.route)]
    guard row.flags.contains(.hasRates) else { return [] }
    return snapshot.routing.details[Int(row.detail)].rates.indices.map { index in
      switch rateSubject(snapshot.routing.rates[index], snapshot) {
      case .everybody: .everybody
      case .text(let at, let count): .text(headText(at, count))
      case .address(let address):
        .address((0..<(address.family == 4 ? 4 : 16)).map { address.bytes[$0] })
      }
    }
  }
}
