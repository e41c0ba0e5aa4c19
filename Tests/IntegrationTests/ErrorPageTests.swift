import Testing

@Suite("Error pages") struct ErrorPageTests {
  @Test("errors are plain text, HTML or JSON by Accept")
  func byAccept() throws {
    let table: [(accept: String?, type: String)] = [
      (nil, "text/plain"), ("*/*", "text/plain"), ("text/html", "text/html"),
      ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
      ("application/json", "application/json"), ("text/plain", "text/plain"),
      ("application/json, text/plain, */*", "application/json"), ("image/png", "text/plain"),
    ]
    try withScene(config: Scene.unbroken("'\(try Address.refusing())'")) { scene in
      for (accept, type) in table {
        row(accept ?? "no Accept") {
          let fields = accept.map { ["Accept: \($0)"] } ?? []
          let response = try scene.exchange(head(["GET / HTTP/1.1", "Host: a"] + fields))
          #expect(response.status == 502)
          let got = response["Content-Type"] ?? ""
          #expect(got.hasPrefix(type), "\(accept ?? "no Accept"): \(got)")
          #expect(response.text.contains("502"))
          #expect(response.all("Date").count == 1)
          #expect(response["Cache-Control"] == "no-store")
          if type == "text/html" { #expect(response.text.contains("<")) }
          if type == "application/json" { #expect(response.text.hasPrefix("{")) }
        }
      }
    }
  }

  @Test("a file replaces the answer of a status or a class")
  func replaced() throws {
    try withScene(
      config: Scene.config(
        [try Address.refusing()],
        "error_pages: { 502: own.html, 4xx: other.json }"),
      files: ["own.html": "<h1>gone fishing</h1>", "other.json": "{\"own\": true}"]
    ) { scene in
      let bad = try scene.exchange(get())
      #expect(bad.status == 502)
      #expect(bad.text == "<h1>gone fishing</h1>")
      #expect(bad["Content-Type"]?.hasPrefix("text/html") == true)
      let refused = try scene.exchange(head("GET / HTTP/1.1"))
      #expect(refused.status == 400)
      #expect(refused.text == "{\"own\": true}")
      #expect(refused["Content-Type"]?.hasPrefix("application/json") == true)
    }
  }

  @Test("errors of the backend pass unchanged")
  func backendErrors() throws {
    let script = Origin.Script.answering(
      head("HTTP/1.1 502 Its Own", "Content-Length: 4", "Content-Type: x/y") + "mine")
    try withScene(script) { scene in
      let response = try scene.exchange(get())
      #expect(response.startLine == "HTTP/1.1 502 Its Own")
      #expect(response.text == "mine")
      #expect(response["Content-Type"] == "x/y")
    }
  }
}
