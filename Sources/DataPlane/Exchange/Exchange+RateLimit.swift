/// The step that asks a route's rates, before anything else of the route is done. Only routes that
/// have rates come here.
extension Worker {
  /// Takes one from the buckets of this request. Answers 429 and says false when one is empty; the
  /// request's body is not read then, and no pool, backend or breaker hears of it.
  @inline(never)
  mutating func admit(_ x: Int32, _ from: Int) -> Bool {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let rates = snapshot.value.routing.details[Int(row.detail)].rates
    let request = describedRequest(x, from)
    var demand = RateDemand()
    for place in 0..<Int(rates.count) {
      let rate = snapshot.value.routing.rates[Int(rates.first) &+ place]
      let subject = RateSubject.of(rate, snapshot.value, request, &head, scratch)
      demand.append(
        subject.key(setup.rates.seed, route: row.counters, place: place, scratch), rate.limit)
    }
    let ruling = setup.rates.decide(demand, route: row.counters, now: now)
    exchanges[x].rate = ruling
    if ruling.usedOverflow { setup.counters.routes[row.counters].add(.rateOverflow) }
    if ruling.isAllowed { return true }
    setup.counters.routes[row.counters].add(.rateLimited)
    failExchange(x, status: 429, .rateLimited, "too many requests; see Retry-After")
    return false
  }

  /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) for the head that
  /// is being written; with `Retry-After` when the rates refused.
  @inline(never)
  mutating func writeRateFields(_ x: Int32) {
    // After a head that could not be sent, the snapshot may be given back already.
    guard exchanges[x].snapshot != UInt8.max else { return }
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.routes[Int(exchanges[x].route)]
    let policy = snapshot.value.routing.details[Int(row.detail)].ratePolicy
    let ruling = exchanges[x].rate
    if !ruling.isAllowed { writeRetryAfter(ruling.seconds) }
    outgoing.append("RateLimit-Policy: ")
    outgoing.append(snapshot.value.text.span, Int(policy.offset), Int(policy.count))
    outgoing.append("\r\nRateLimit: \"default")
    if ruling.place > 0 {
      outgoing.append(byte: 0x2d)
      outgoing.append(decimal: Int(ruling.place) &+ 1)
    }
    outgoing.append("\";r=")
    outgoing.append(decimal: Int(ruling.remaining))
    outgoing.append(";t=")
    outgoing.append(decimal: ruling.seconds)
    outgoing.append("\r\n")
  }

  /// Puts them at the end of the finished head in `outgoing`, before the route's own edits, which
  /// may take them away.
  @inline(never)
  mutating func addRateFields(_ x: Int32) {
    outgoing.end &-= 2
    writeRateFields(x)
    outgoing.append("\r\n")
  }
}
