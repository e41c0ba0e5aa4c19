import Foundation
import Testing

/// Other people's HTTP/2 clients: curl, nghttp, h2load, Chromium.
@Suite("HTTP/2 tools", .serialized, .enabled(if: Feature.http2, "no HTTP/2 in this build"))
struct HTTP2ToolTests {
  private static let origin = Origin.Script.serving { request, connection in
    if request.target == "/slow" { try connection.rest(1) }
    if request.method == "HEAD" { return head("HTTP/1.1 200 OK", "Content-Length: 77") }
    if request.target == "/trailers" {
      return head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum")
        + chunk("body") + "0\r\nX-Sum: 7\r\n\r\n"
    }
    if request.target == "/large" { return ok(String(repeating: "l", count: 5 << 20)) }
    return ok("\(request.method) \(request.target) \(request.body.count)")
  }

  private func curl(_ place: DoorScene, _ arguments: String...) throws -> String {
    let version =
      place.door == .tls
      ? ["--http2", "--cacert", place.authority[0]] : ["--http2-prior-knowledge"]
    let result = try Program.run(
      [Program.curl!, "-sS", "--noproxy", "*", "--max-time", "20"] + version + arguments,
      within: 30)
    #expect(result.status == .exited(0), "\(arguments): \(result.errors)")
    return result.output
  }

  private func curlSpeaks(_ door: Door) throws {
    try withDoor(door, [Self.origin]) { place in
      let site = place.site
      let body = place.scene.proxy.folder + "/body"
      try write(String(repeating: "b", count: 5 << 20), to: body)
      #expect(try curl(place, "\(site)/a?b", "-w", " %{http_version}") == "GET /a?b 0 2")
      #expect(try curl(place, "-d", "x=y", "\(site)/p") == "POST /p 3")
      #expect(try curl(place, "--data-binary", "@\(body)", "\(site)/p") == "POST /p 5242880")
      #expect(try curl(place, "-T", body, "\(site)/put") == "PUT /put 5242880")
      #expect(try curl(place, "\(site)/large").utf8.count == 5 << 20)
      let answer = try curl(place, "-I", "\(site)/h").lowercased()
      #expect(answer.hasPrefix("http/2 200") && answer.contains("content-length: 77\r\n"))
      #expect(try curl(place, "-i", "\(site)/trailers").lowercased().contains("x-sum: 7"))
      let took = try seconds {
        let sent = try curl(
          place, "-H", "Expect: 100-continue", "--expect100-timeout", "8", "--data-binary",
          "@\(body)", "\(site)/e")
        #expect(sent == "POST /e 5242880")
      }
      #expect(took < 7, "the backend stays silent, so that the proxy says 100 after a second")
      let parallel = try curl(
        place, "-Z", "--parallel-max", "60", "\(site)/[1-120]", "-o", "/dev/null", "-w",
        "%{http_code} ")
      #expect(parallel.split(separator: " ") == Array(repeating: "200", count: 120))
      #expect(place.scene.origin.connections.count <= 125)
    }
  }

  @Test("curl in clear", .enabled(if: Program.curl != nil, "no curl"))
  func curlInClear() throws { try curlSpeaks(.clear) }

  @Test(
    "curl over TLS", .enabled(if: Program.curl != nil, "no curl"),
    .enabled(if: Feature.tls, "no TLS in this build"))
  func curlOverTLS() throws { try curlSpeaks(.tls) }

  private func frames(_ door: Door) throws {
    try withDoor(door, [Self.origin], extra: "drain: { timeout: 20s }") { place in
      let plain = try Program.run([Program.nghttp!, "-nv", "\(place.site)/a", "\(place.site)/b"])
      #expect(plain.status == .exited(0))
      for part in ["recv SETTINGS frame", ":status: 200", "recv DATA frame", "; END_STREAM"] {
        #expect(plain.output.contains(part), "\(part)")
      }
      #expect(!plain.output.contains("recv RST_STREAM") && !plain.output.contains("recv GOAWAY"))
      let folder = place.scene.proxy.folder + "/slow"
      try withProgram([Program.nghttp!, "-nv", "\(place.site)/slow"], in: folder) { slow in
        try place.scene.origin.waitForRequests(3)
        place.scene.proxy.process.signal(SIGTERM)
        #expect(try slow.waitForExit() == .exited(0))
        #expect(slow.output.contains("recv GOAWAY frame"), "a drain says so")
        #expect(slow.output.contains(":status: 200"), "and lets the stream end")
        let codes = slow.output.components(separatedBy: "error_code=").dropFirst()
        #expect(codes.allSatisfy { $0.hasPrefix("NO_ERROR") })
      }
      #expect(try place.scene.proxy.process.waitForExit() == .exited(0))
    }
  }

  private func withProgram(
    _ arguments: [String], in folder: String, _ body: (ChildProcess) throws -> Void
  ) throws {
    guard mkdir(folder, 0o700) == 0 else { throw HarnessError.system("mkdir", Int(errno)) }
    let process = try ChildProcess(arguments, folder: folder)
    defer { process.kill() }
    try body(process)
  }

  @Test("nghttp in clear sees frames in order", .enabled(if: Program.nghttp != nil, "no nghttp"))
  func framesInClear() throws { try frames(.clear) }

  @Test(
    "nghttp over TLS sees frames in order", .enabled(if: Program.nghttp != nil, "no nghttp"),
    .enabled(if: Feature.tls, "no TLS in this build"))
  func framesOverTLS() throws { try frames(.tls) }

  private func load(_ door: Door) throws {
    try withDoor(door, [Self.origin]) { place in
      for (streams, target) in [("1", "/a"), ("20", "/a"), ("100", "/a"), ("10", "/large")] {
        let count = target == "/a" ? "3000" : "60"
        let result = try Program.run(
          [
            Program.h2load!, "-n", count, "-c", "6", "-m", streams, "\(place.site)\(target)",
          ], within: 90)
        let all = "\(count) succeeded, 0 failed, 0 errored, 0 timeout"
        #expect(result.output.contains(all), "\(result.output.suffix(900))")
        #expect(result.output.contains("status codes: \(count) 2xx"))
      }
    }
  }

  @Test("h2load in clear loses nothing", .enabled(if: Program.h2load != nil, "no h2load"))
  func loadInClear() throws { try load(.clear) }

  @Test(
    "h2load over TLS loses nothing", .enabled(if: Program.h2load != nil, "no h2load"),
    .enabled(if: Feature.tls, "no TLS in this build"))
  func loadOverTLS() throws { try load(.tls) }

  @Test(
    "Chromium loads a page with 100 assets over HTTP/2",
    .enabled(if: Program.chromium != nil, "no chromium-headless-shell or chromium"),
    .enabled(if: Feature.tls, "no TLS in this build"))
  func chromium() throws {
    try withDoor(.tls, [Self.site]) { place in
      let result = try Program.run(
        [
          Program.chromium!, "--headless", "--no-sandbox", "--disable-gpu",
          "--disable-dev-shm-usage", "--no-proxy-server", "--ignore-certificate-errors",
          "--user-data-dir=\(place.scene.proxy.folder)/profile", "--virtual-time-budget=10000",
          "--dump-dom", "\(place.site)/",
        ], within: 60)
      let said = result.output.split(separator: "\n").last ?? ""
      #expect(
        result.output.contains("100 loaded, 100 over h2"),
        "\(said.suffix(300)) \(result.errors.suffix(600))")
      #expect(place.scene.origin.requests.count >= 101)
    }
  }

  /// A page with 20 style sheets, 40 scripts and 40 images, which counts what was loaded.
  private static let site = Origin.Script.serving { request, _ in
    func answer(_ type: String, _ body: String) -> String { ok(body, "Content-Type: \(type)") }
    if request.target.hasSuffix(".css") { return answer("text/css", "p { color: red }") }
    if request.target.hasSuffix(".js") { return answer("text/javascript", "n++") }
    if request.target.hasSuffix(".svg") {
      return answer(
        "image/svg+xml",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>")
    }
    let sheets = (1...20).map { "<link rel=stylesheet href=/\($0).css onload='n++'>" }
    let parts = (1...40).map { "<script src=/\($0).js></script><img src=/\($0).svg onload='n++'>" }
    return answer(
      "text/html",
      """
      <!doctype html><html><head><link rel=icon href='data:,'><script>n = 0</script>
      \(sheets.joined())</head><body><p id=r>none</p>\(parts.joined())
      <script>addEventListener('load', () => {
        const all = performance.getEntriesByType('resource');
        const over = all.filter((entry) => entry.nextHopProtocol == 'h2').length;
        document.getElementById('r').textContent = n + ' loaded, ' + over + ' over h2';
      })</script></body></html>
      """)
  }
}
