/// Backends that the operator works on keep no connection that nobody uses.
extension Worker {
  /// From the control plane. What is in use ends with its exchange instead of becoming idle.
  mutating func keepIdle(_ identity: UInt32, _ isKept: Bool) {
    let place = Int(identity)
    // The snapshot that names the backend may still wait to be adopted.
    while idle.count <= place { idle.append(IdleList()) }
    idle[place].isClosed = !isKept
    guard !isKept else { return }
    while idle[place].newest >= 0 { closeUpstream(idle[place].newest) }
    retireSessions(identity)
  }
}
