import Foundation
import Testing

/// Sockets that systemd opens and hands over (`LISTEN_FDS`); Python plays systemd here.
@Suite("Sockets from systemd", .enabled(if: Program.python != nil, "needs python3"))
struct InheritedSocketTests {
  @Test("a listener uses the inherited socket of its address")
  func inherited() throws {
    // Binds a free port, puts it into the config, becomes the proxy with the socket as number 3.
    let starter = """
      import os, socket, sys
      s = socket.socket()
      s.bind(("127.0.0.1", 0))
      s.listen(100)
      port = s.getsockname()[1]
      path = sys.argv[-1]
      text = open(path).read().replace("127.0.0.1:0", "127.0.0.1:%d" % port)
      open(path, "w").write(text)
      os.dup2(s.fileno(), 3)
      os.set_inheritable(3, True)
      os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
      os.execv(sys.argv[1], sys.argv[1:])
      """
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(starter, to: "\(folder)/systemd.py")
    let wrapper = [try #require(Program.python), "\(folder)/systemd.py"]
    try withScene(.answering(ok()), wrapper: wrapper) { scene in
      // The socket is not bound a second time, which would have failed: it has no SO_REUSEPORT.
      let response = try scene.exchange(get())
      #expect(response.status == 200)
      scene.proxy.process.signal(SIGTERM)
      let status = try scene.proxy.process.waitForExit()
      #expect(status == .exited(0))
    }
  }
}
