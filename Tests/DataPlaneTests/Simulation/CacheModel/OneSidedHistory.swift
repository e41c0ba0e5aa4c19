/// A history on our cache alone, with what has to hold for each answer whatever chance decides.
struct OneSidedHistory {
  private let rules: ReferenceRules
  private var origin = ModelOrigin(start: HistoryRun.start)
  private var time = HistoryRun.start
  private var former = HistoryRun.start
  /// By page: when the origin was last asked for it.
  private var askedAt: [String: Int] = [:]
  /// Pages that ever had `CDN-Cache-Control`.
  private var targeted: Set<String> = []
  /// Hits that were fresh and had the origin asked nevertheless.
  private(set) var early = 0

  init(_ rules: ReferenceRules) { self.rules = rules }

  /// - Returns: what should not have been.
  mutating func run(_ step: HistoryStep, _ rig: inout CacheRig) throws -> String? {
    switch step {
    case .wait(let seconds): time += seconds
    case .change(let path, let script, let isNew):
      if script.targeted != nil { targeted.insert(path) }
      // Slow to fetch, so that early refreshes are worth while.
      var script = script
      script.delay = max(script.delay, 2)
      origin.change(path, to: script, isNewVersion: isNew, at: time)
    case .send(let request):
      origin.forgetContacts()
      let began = time
      let answer = try rig.send(request, &origin, at: &time, since: &former)
      let lastAsked = askedAt[request.path]
      if !origin.contacts.isEmpty { askedAt[request.path] = time }
      let problem = check(request, answer, began: began, lastAsked: lastAsked)
      return problem.map { "\($0)\n  -> \(request.line)\n  <- \(answer.line)" }
    }
    return nil
  }

  private mutating func check(
    _ request: ModelRequest, _ answer: ModelResponse, began: Int, lastAsked: Int?
  ) -> String? {
    guard let words = answer.fields.value("Cache-Status")?.split(separator: ";"),
      words.contains(" hit"), answer.status != 304, answer.status != 416
    else { return nil }
    guard let lastAsked else { return "a hit of what was never fetched" }
    guard let age = answer.fields.value("Age").flatMap({ Int($0) }),
      let ttl = words.first(where: { $0.hasPrefix(" ttl=") }).flatMap({ Int($0.dropFirst(5)) })
    else { return "a hit without age and ttl" }
    if ttl > 0, !origin.contacts.isEmpty { early += 1 }
    if age < began - lastAsked { return "younger than the last fetch" }
    // `CDN-Cache-Control` is not shown to clients: nothing can be said of its lifetime.
    guard !targeted.contains(request.path) else { return nil }
    let response = ReferenceResponse(
      status: answer.status, fields: answer.fields.without(["Age"]), requestTime: began - age,
      responseTime: began - age)
    let lifetime = response.lifetime(rules)
    if ttl + age > lifetime { return "fresh for longer than \(lifetime) s" }
    let limits = ReferenceDirectives(request.fields.values("Cache-Control"))
    let most =
      [
        response.whileRevalidate(rules), response.ifError(rules),
        limits.seconds("stale-if-error") ?? 0,
      ].max() ?? 0
    if age - lifetime >= max(most, 1), !limits.has("max-stale") { return "too stale" }
    if response.mustNotBeStale, age >= lifetime { return "stale in spite of must-revalidate" }
    if answer.status == 200, request.method == "GET", !answer.body.hasPrefix(request.path + " v") {
      return "another page's body"
    }
    return nil
  }

}
