import Foundation
import Testing

@Suite("Real programs", .serialized) struct RealProgramTests {
  private func curl(_ arguments: String...) throws -> Program.Result {
    try Program.run([Program.curl!, "-sS", "--noproxy", "*", "--max-time", "15"] + arguments)
  }

  /// Starts a server that prints its port on its own output, and gives the port to the body.
  private func withServer(
    _ arguments: [String], files: [String: String] = [:],
    port pattern: Regex<(Substring, Substring)>,
    _ body: (_ address: String, _ folder: String) throws -> Void
  ) throws {
    let folder = try makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in files { try write(text, to: folder + "/" + name) }
    let server = try ChildProcess(
      arguments.map { $0.replacing("FOLDER", with: folder) }, folder: folder,
      environment: ["PYTHONUNBUFFERED": "1"])
    defer { server.kill() }
    var port: Substring?
    try wait(for: "the server's port", within: 20) {
      port = (server.output + server.errors).firstMatch(of: pattern)?.1
      return port != nil
    }
    try body("127.0.0.1:\(port!)", folder)
  }

  @Test(
    "curl gets, posts, uploads and asks for heads", .enabled(if: Program.curl != nil, "no curl"))
  func curlClient() throws {
    let script = Origin.Script.serving { request, _ in
      if request.method == "HEAD" { return head("HTTP/1.1 200 OK", "Content-Length: 77") }
      return ok("\(request.method) \(request.target) \(request.body.count)")
    }
    try withScene(script) { scene in
      let site = "http://\(scene.proxy.address)"
      let body = scene.proxy.folder + "/body"
      try write(String(repeating: "b", count: 2_000_000), to: body)
      #expect(try curl("\(site)/a?b=c").output == "GET /a?b=c 0")
      #expect(try curl("\(site)/1", "\(site)/2").output == "GET /1 0GET /2 0")
      #expect(try curl("-d", "x=y", "\(site)/p").output == "POST /p 3")
      #expect(try curl("--data-binary", "@\(body)", "\(site)/p").output == "POST /p 2000000")
      #expect(try curl("-T", body, "\(site)/put").output == "PUT /put 2000000")
      let chunked = try curl(
        "-H", "Transfer-Encoding: chunked", "--data-binary", "@\(body)", "\(site)/c")
      #expect(chunked.output == "POST /c 2000000")
      #expect(try curl("--http1.0", "\(site)/old").output == "GET /old 0")
      #expect(try curl("-I", "\(site)/h").output.contains("Content-Length: 77"))
      let refused = try curl("-w", "%{http_code}", "-H", "Expect: x", "-o", "/dev/null", site)
      #expect(refused.output == "417")
    }
  }

  @Test(
    "python's http.server as backend",
    .enabled(if: Program.python != nil && Program.curl != nil, "no python3 or no curl"))
  func httpServer() throws {
    let command = [
      Program.python!, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "FOLDER",
    ]
    try withServer(command, files: ["a.txt": "file A\n"], port: #/port (\d+)/#) { address, folder in
      try write(String(repeating: "line\n", count: 200_000), to: folder + "/big.txt")
      try withScene(config: Scene.config([address])) { scene in
        let site = "http://\(scene.proxy.address)"
        let twice = try curl("\(site)/a.txt", "\(site)/a.txt").output
        #expect(twice == "file A\nfile A\n")
        #expect(try curl("\(site)/big.txt").output.utf8.count == 1_000_000)
        #expect(
          try curl("\(site)/missing", "-o", "/dev/null", "-w", "%{http_code}").output == "404")
        #expect(try curl("-I", "\(site)/a.txt").output.contains("200"))
        #expect(try curl("\(site)/").output.contains("a.txt"))
      }
    }
  }

  @Test(
    "uvicorn as backend",
    .enabled(
      if: Program.hasUvicorn && Program.curl != nil,
      "no uvicorn in HEADRACE_PYTHON or python3, or no curl"))
  func uvicorn() throws {
    let application = """
      async def app(scope, receive, send):
          if scope["type"] != "http":
              return
          size = 0
          while True:
              message = await receive()
              size += len(message.get("body", b""))
              if not message.get("more_body"):
                  break
          headers = [(b"content-type", b"text/plain")]
          await send({"type": "http.response.start", "status": 200, "headers": headers})
          for part in [scope["method"], " ", scope["path"], " ", str(size)]:
              await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
          await send({"type": "http.response.body", "body": b""})
      """
    let command = [
      Program.python!, "-m", "uvicorn", "--port", "0", "--app-dir", "FOLDER", "--lifespan", "off",
      "application:app",
    ]
    try withServer(
      command, files: ["application.py": application], port: #/127\.0\.0\.1:(\d+)/#
    ) { address, folder in
      try withScene(config: Scene.config([address])) { scene in
        let site = "http://\(scene.proxy.address)"
        #expect(try curl("\(site)/a", "\(site)/b").output == "GET /a 0GET /b 0")
        let body = folder + "/body"
        try write(String(repeating: "b", count: 1_000_000), to: body)
        #expect(try curl("--data-binary", "@\(body)", "\(site)/p").output == "POST /p 1000000")
        let client = try scene.client()
        for i in 1...20 {
          #expect(try client.exchange(post("/\(i)", body: "12345")).text == "POST /\(i) 5")
        }
        #expect(try curl("--http1.0", "\(site)/old").output == "GET /old 0")
      }
    }
  }
}
