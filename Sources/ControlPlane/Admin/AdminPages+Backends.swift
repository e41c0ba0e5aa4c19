/// The pages of backends and events.
extension AdminPages {
  func backendsPage(_ request: LocalRequest) -> LocalResponse {
    if request.method == "POST" { return changePage(request) }
    return shown(backends, request, parameters: ["pool", "backend", "format"]) { backends, isJSON in
      var report = backends.report()
      if let pool = request.queryValue("pool") {
        let names = report.pools.map(\.name)
        guard names.contains(pool) else {
          let known = names.isEmpty ? "none" : names.joined(separator: ", ")
          return .text("there is no pool \(quoted(pool)); there is \(known)\n", status: 404)
        }
        report = report.only(pool: pool)
      }
      if let backend = request.queryValue("backend") {
        report = report.only(address: backend)
        guard !report.backends.isEmpty else {
          return .text("there is no backend \(quoted(backend))\n", status: 404)
        }
      }
      return isJSON ? Self.json(report.json) : .text(report.text)
    }
  }

  func eventsPage(_ request: LocalRequest) -> LocalResponse {
    shown(backends, request, parameters: ["format"]) { backends, isJSON in
      let events = backends.events()
      return isJSON ? Self.json(EventRecord.json(events)) : .text(EventRecord.text(events))
    }
  }

  // MARK: Changing

  private func changePage(_ request: LocalRequest) -> LocalResponse {
    if let refusal = refusal(request) { return refusal }
    guard let backends else { return .text(Self.nothing, status: 404) }
    if let problem = problem(request, parameters: ["pool", "backend", "state"]) { return problem }
    guard let pool = request.queryValue("pool"), let backend = request.queryValue("backend"),
      let state = request.queryValue("state")
    else {
      return .text(
        "needs all three: /backends?pool=app&backend=127.0.0.1:3001&state=drain\n", status: 422)
    }
    guard let target = BackendChange.Target(rawValue: state) else {
      let known = BackendChange.Target.allCases.map(\.rawValue).joined(separator: ", ")
      return .text("no state \(quoted(state)); there is \(known)\n", status: 422)
    }
    switch backends.change(BackendChange(pool: pool, backend: backend, target: target)) {
    case .done(let text): return .text(text + "\n")
    case .unknown(let text): return .text(text + "\n", status: 404)
    }
  }
}
