/// One client of a `LocalServer`, served from its first request to its end on a thread of its own.
struct LocalConnection {
  let socket: LocalSocket
  let limits: LocalServerLimits
  let stop: StopSignal
  let handler: LocalServer.Handler
  /// False when threads are scarce: a kept connection would hold one for nothing.
  let mayKeepAlive: () -> Bool

  func serve() {
    var reader = LocalRequestReader(socket: socket, limits: limits, stop: stop)
    do {
      while let request = try reader.next() {
        guard answer(request) else { return }
      }
    } catch {
      if send(.error(error.status), toHead: false, keepAlive: false) { linger() }
    }
  }

  /// True when the connection stays for another request.
  private func answer(_ request: LocalRequest) -> Bool {
    let response = handler(request)
    let keepAlive = request.keepsAlive && !stop.isRaised && mayKeepAlive()
    let sent = send(response, toHead: request.method == "HEAD", keepAlive: keepAlive)
    if sent && !keepAlive { linger() }
    return sent && keepAlive
  }

  private func send(_ response: LocalResponse, toHead: Bool, keepAlive: Bool) -> Bool {
    let bytes = response.bytes(toHead: toHead, keepAlive: keepAlive)
    let deadline = Deadline(milliseconds: limits.requestMilliseconds)
    return socket.send(bytes, until: deadline, stop: stop)
  }

  private func linger() {
    socket.closeLingering(milliseconds: limits.lingerMilliseconds, stop: stop)
  }
}
