/// What a pool that hashes needs to know of a request: found once, so that retries go the same way.
extension Worker {
  @inline(never)
  mutating func findBalanceKey(_ x: Int32, _ from: Int) {
    let snapshot = snapshots[exchanges[x].snapshot]
    let row = snapshot.value.pools[Int(exchanges[x].pool)].hash
    let decision = RouteDecision(route: exchanges[x].route, path: exchanges[x].pattern)
    let request = describedRequest(x, from)
    exchanges[x].balanceKey = RequestKey.find(
      row, snapshot.value, decision, request, &head, scratch, normal: pathBuffer)
  }
}
