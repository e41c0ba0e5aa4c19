import Glibc
import Testing

extension Scene {
  /// Waits until nothing is at work, and little is held.
  func rests(_ name: String = "", within seconds: Double = 10) throws {
    try wait(for: "rest \(name): \(gauges())", within: seconds) {
      let now = try gauges()
      return now.allSatisfy { $0.value == 0 }
    }
  }

  private func gauges() throws -> [String: Double] {
    var result: [String: Double] = [:]
    for name in [
      "headrace_worker_held_bytes", "headrace_worker_http2_open_streams",
      "headrace_backend_requests_in_flight",
    ] { result[name] = try proxy.metric(name) ?? 0 }
    return result
  }
}

@Suite("HTTP/2 clients: streams") struct HTTP2StreamTests {
  static let admin = "admin: { address: 127.0.0.1:0 }"

  @Test("many at once, answered in the order in which the backend is ready")
  func many() throws {
    let gate = Gate()
    let script = Origin.Script.serving { request, connection in
      if request.target == "/0" { try gate.pass() }
      return ok(request.target)
    }
    try withScene(script, extra: Self.admin) { scene in
      let peer = try scene.peer()
      let ids = try (0..<100).map { try peer.request("/\($0)") }
      try peer.read("99 answers") { ids.dropFirst().allSatisfy { peer.stream($0).isEnded } }
      #expect(!peer.stream(ids[0]).isOver)
      gate.open()
      for (index, id) in ids.enumerated() { #expect(try peer.answer(id).text == "/\(index)") }
      try scene.rests()
    }
  }

  @Test("a reader that gives no window holds little, others go on, and it is ended in time")
  func slowReader() throws {
    let script = Origin.Script.script { connection in
      connection.keepsRecord = false
      while let request = try connection.nextRequest() {
        if request.target == "/small" {
          try connection.send(ok())
          continue
        }
        try connection.send(head("HTTP/1.1 200 OK", "Content-Length: \(64 << 20)"))
        try connection.sendPattern(64 << 20)
      }
    }
    let extra = Self.admin + "\ntimeouts: { client_write_idle: 2s }"
    try withScene(script, extra: extra) { scene in
      let peer = try scene.peer([(H2.initialWindow, 1000)])
      peer.givesCredit = false
      let ids = try (0..<50).map { _ in try peer.request("/large") }
      try peer.read("the windows' content") { ids.allSatisfy { peer.stream($0).bodyCount == 1000 } }
      // The connection's own window is not used up: other streams go on.
      #expect(try peer.exchange("/small").text == "ok")
      let before = try scene.proxy.metric("headrace_worker_loop_turns_total") ?? 0
      usleep(500_000)
      let turns = (try scene.proxy.metric("headrace_worker_loop_turns_total") ?? 0) - before
      #expect(turns < 200, "it spins: \(turns) turns")
      let held = try scene.proxy.metric("headrace_worker_held_bytes") ?? 0
      #expect(held < 50 * 100_000, "\(held) bytes are held")
      // PING is no reading.
      try peer.settle()
      for id in ids {
        let answer = try peer.answer(id)
        #expect(answer.reset == H2.internalError && answer.bodyCount == 1000)
      }
      #expect(try peer.exchange("/small").text == "ok")
      try scene.rests()
    }
  }

  @Test("a window that opens bit by bit brings all of the body")
  func smallWindows() throws {
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 200 OK", "Content-Length: 300000").bytes + pattern(300_000)
    }
    try withScene(script, extra: Self.admin) { scene in
      let peer = try scene.peer([(H2.initialWindow, 0)])
      peer.givesCredit = false
      let id = try peer.request()
      try peer.settle()
      #expect(peer.stream(id).bodyCount == 0)
      // SETTINGS open the window of streams that are there.
      try peer.send(H2.settings, 0, 0, HTTP2Peer.pairs([(H2.initialWindow, 100)]))
      try peer.read("100 bytes") { peer.stream(id).bodyCount == 100 }
      var given = 100
      try peer.credit(0, 1 << 20)
      for step in [1, 2, 3, 997, 16_384, 40_000, 242_513] {
        try peer.credit(id, step)
        given += step
        try peer.read("\(given) bytes") { peer.stream(id).bodyCount == given }
      }
      #expect(peer.stream(id).isEnded && same(peer.stream(id).body, pattern(300_000)))
      try scene.rests()
    }
  }

  @Test("the connection's window is shared: no stream starves")
  func sharedWindow() throws {
    let script = Origin.Script.serving { _, _ in
      head("HTTP/1.1 200 OK", "Content-Length: 100000").bytes + pattern(100_000)
    }
    try withScene(script) { scene in
      let peer = try scene.peer([(H2.initialWindow, 1 << 20)])
      peer.givesCredit = false
      let ids = try (0..<10).map { _ in try peer.request() }
      try peer.read("the window") { ids.reduce(0) { $0 + peer.stream($1).bodyCount } == 65_535 }
      while !ids.allSatisfy({ peer.stream($0).isEnded }) {
        let before = ids.reduce(0) { $0 + peer.stream($1).bodyCount }
        try peer.credit(0, 50_000)
        let due = min(before + 50_000, 1_000_000)
        try peer.read("more") { ids.reduce(0) { $0 + peer.stream($1).bodyCount } == due }
      }
      for id in ids { #expect(same(peer.stream(id).body, pattern(100_000))) }
    }
  }

  @Test("an upload waits for a slow backend, within its window")
  func slowBackend() throws {
    let gate = Gate()
    let script = Origin.Script.script { connection in
      connection.keepsRecord = false
      var request = try connection.readHead()
      try gate.pass()
      try connection.readBody(of: &request, or: .none)
      try connection.send(ok("\(request.body.count)"))
    }
    try withScene(script, extra: Self.admin) { scene in
      let peer = try scene.peer()
      let size = 32 << 20
      let id = try peer.request("/", method: "POST", [("content-length", "\(size)")], ends: false)
      try peer.read("SETTINGS") { peer.hasSettings }
      var window = Int(peer.settings[H2.initialWindow] ?? 65_535)
      let piece = pattern(16_000)
      var sent = 0
      var given = 0
      var hasWaited = false
      while sent < size {
        let count = min(16_000, size - sent)
        if window < count {
          if !hasWaited {
            // Nothing comes while the backend takes nothing: the sockets between hold some.
            for _ in 0..<20 {
              try peer.settle()
              usleep(10_000)
            }
          }
          let now = peer.windowUpdates[id] ?? 0
          window += now - given
          given = now
          if window < count {
            if !hasWaited {
              hasWaited = true
              let held = try scene.proxy.metric("headrace_worker_held_bytes") ?? 0
              #expect(held < 1_000_000)
              gate.open()
            }
            try peer.read("credit") { (peer.windowUpdates[id] ?? 0) > given }
            continue
          }
        }
        try peer.send(data: Array(piece[..<count]), on: id, ends: sent + count == size)
        sent += count
        window -= count
      }
      #expect(hasWaited)
      #expect(try peer.answer(id).text == "\(size)")
    }
  }

  @Test("a cancelled stream closes its backend connection and frees its place")
  func cancel() throws {
    let script = Origin.Script.script { connection in
      let request = try connection.readHead()
      if request.target == "/ok" { return try connection.send(ok()) }
      _ = try connection.ending()
    }
    let config = """
      listen: 127.0.0.1:0
      \(Self.admin)
      workers: 1
      routes: [{ to: app }]
      pools: { app: { backends: ['$0'], capacity: { in_flight: 1, queue: 10 } } }

      """
    try withScene(script, config: config) { scene in
      let peer = try scene.peer()
      let held = try peer.request("/held")
      try scene.origin.waitForConnections(1)
      let queued = try peer.request("/queued")
      let next = try peer.request("/ok")
      try peer.settle()
      try peer.reset(queued)
      try peer.settle()
      #expect(!peer.stream(next).isOver)
      try peer.reset(held)
      #expect(try peer.answer(next).text == "ok")
      #expect(scene.origin.connections.count == 2)
      try scene.rests()
    }
  }

  @Test("a connection that goes away takes its requests with it")
  func gone() throws {
    let script = Origin.Script.script { connection in
      _ = try connection.readHead()
      _ = try connection.ending()
    }
    try withScene(script, extra: Self.admin) { scene in
      let peer = try scene.peer()
      for _ in 0..<20 { try peer.request() }
      try scene.origin.waitForConnections(20)
      peer.wire.reset()
      try scene.rests()
    }
  }

  @Test("a body that stops coming is 408, and the connection goes on")
  func stalledBody() throws {
    let script = Origin.Script.script { connection in
      while true {
        var request = try connection.readHead()
        try connection.readBody(of: &request, or: .none)
        try connection.send(ok())
      }
    }
    try withScene(script, extra: "timeouts: { client_body_idle: 300ms }") { scene in
      let peer = try scene.peer()
      let id = try peer.request("/", method: "POST", body: "part", ends: false)
      let answer = try peer.answer(id)
      #expect(answer.status == 408)
      #expect(try peer.exchange("/").status == 200)
    }
  }

  @Test("a crowd that reads nothing at all holds a bounded amount")
  func unread() throws {
    try withScene(.answering(ok(String(repeating: "x", count: 1000))), extra: Self.admin) {
      scene in
      let peer = try scene.peer(receiveBuffer: 4096)
      // Answers without content are under no window.
      var sent = 0
      let head = HTTP2Peer.block(HTTP2Peer.fields("/", method: "HEAD"))
      do {
        for index in 0..<200_000 {
          let id = UInt32(index * 2 + 1)
          let frame = HTTP2Peer.frame(
            H2.headers, H2.endHeaders | H2.endStream, id, payload: head)
          try peer.wire.send(frame, within: 1)
          sent += 1
        }
      } catch HarnessError.timedOut {
      } catch HarnessError.reset {}
      #expect(sent < 200_000)
      let held = try scene.proxy.metric("headrace_worker_held_bytes") ?? 0
      #expect(held < 8_000_000, "\(held) bytes are held")
      #expect(try scene.exchange(get()).status == 200)
      peer.wire.reset()
      try scene.rests()
    }
  }
}
