import ControlPlane
import Foundation
import Testing

/// Files as they are on a disk, and texts that nobody would write.
struct ConfigLoaderTests {
  @Test func fileThatIsMissing() {
    let path = "/nonexistent/headrace.yaml"
    #expect(report(path) == "\(path): cannot read the file: No such file or directory")
  }

  @Test func folderAndDevice() {
    #expect(report("/tmp") == "/tmp: cannot read the file: it is not a regular file")
    #expect(report("/dev/zero") == "/dev/zero: cannot read the file: it is not a regular file")
  }

  @Test func fileThatIsHuge() throws {
    let path = NSTemporaryDirectory() + "/headrace-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = Data(repeating: UInt8(ascii: "#"), count: 4 << 20 + 1)
    try bytes.write(to: URL(filePath: path))
    #expect(report(path) == "\(path): cannot read the file: it is larger than 4MiB")
  }

  @Test func errorPageIsReadBesidesTheConfig() throws {
    let folder = NSTemporaryDirectory() + "/headrace-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/pages", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data("<p>sorry".utf8).write(to: URL(filePath: folder + "/pages/5xx.html"))
    let text = ConfigFixture.complete("error_pages: { 5xx: pages/5xx.html }\n")
    try Data(text.utf8).write(to: URL(filePath: folder + "/site.yaml"))
    let config = try ConfigLoader.load(path: folder + "/site.yaml").get().config
    #expect(config.errorPages.map(\.body) == [Array("<p>sorry".utf8)])
  }

  private func report(_ path: String) -> String {
    switch ConfigLoader.load(path: path) {
    case .success: "loads"
    case .failure(let errors): errors.description
    }
  }

  /// The form that the style guide promises.
  @Test func problemNamesThePlaceAndUnderlinesIt() {
    let text = ConfigFixture.complete("drain:\n  time_out: 30s\n")
    let expected = """
      /etc/headrace/site.yaml:5:3: unknown key "time_out" in "drain" (did you mean "timeout"?)
          time_out: 30s
          ^~~~~~~~
      """
    guard case .failure(let errors) = ConfigFixture.load(text) else {
      Issue.record("it loads")
      return
    }
    #expect(errors.description == expected)
  }

  /// What is edited below is a config that loads, so that edits reach every part of the loader.
  @Test func sampleLoads() {
    let result = ConfigFixture.load(
      Array(Self.sample.utf8), file: "a.yaml",
      files: ["sites/b.yaml": "routes: [{ respond: 404 }]"])
    guard case .failure(let errors) = result else { return }
    Issue.record("\(errors)")
  }

  /// Every beginning of a config ends in a config or in problems with places, never in a crash.
  @Test(.timeLimit(.minutes(3))) func everyPrefixIsAnswered() {
    let bytes = Array(Self.sample.utf8)
    for length in 0...bytes.count { answer(Array(bytes[..<length])) }
  }

  @Test(.timeLimit(.minutes(3))) func randomEditsAreAnswered() {
    var random = SplitMix(state: 20_261_121)
    let pieces =
      "[]{}:,-?*&!|>'\"%@`#\\ \n\t\r\u{E000}\u{F000}\u{FEFF}a1$/".unicodeScalars.map(String.init)
      + ["*all", "&all ", "${PORT}", "{id}", "**", "include: a.yaml", "present", "off", "{{"]
    for _ in 0..<2000 {
      var bytes = Array(Self.sample.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let start = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
        let piece = pieces.randomElement(using: &random) ?? ""
        bytes.replaceSubrange(start..<end, with: Array(piece.utf8))
      }
      answer(bytes)
    }
  }

  /// Finding duplicates one by one reads the text again and again; the number of times is bounded.
  @Test func manyDuplicatesAreAnswered() {
    let text = ConfigFixture.complete(String(repeating: "via: true\n", count: 5000))
    #expect(ConfigFixture.messages(text).contains { $0.hasPrefix("duplicate key \"via\"") })
  }

  private func answer(_ bytes: [UInt8]) {
    let result = ConfigFixture.load(
      bytes, file: "a.yaml", files: ["sites/b.yaml": "routes: [{ respond: 404 }]"])
    guard case .failure(let errors) = result else { return }
    #expect(!errors.problems.isEmpty)
    #expect(errors.problems.allSatisfy { !$0.description.isEmpty })
  }

  static let sample = """
    include: [sites/*.yaml]
    listeners: [{ address: ":${PORT:-8080}" }]   # a comment
    routes:
      - name: orders
        match: &all
          host: ["*.example.com", example.com]
          path: ["/users/{id}/orders/**", "/{id}/**"]
          method: [GET, HEAD]
          headers: { X-Canary: "1", X-Old: absent, Accept: { prefix: text/ }, X-A: [a, b] }
          query: { v: "2", debug: present }
          client_address: &office [10.0.0.0/8, "::1"]
        to: app
        timeout: 2s
        cache: pages
        timeouts: { connect: 1s, response_idle: off }
        rewrite: { path: "/v2/{id}/{rest}?{query}" }
        request_headers: { set: { X-User: "{id}" }, add: { X-B: "{{}}" }, remove: [X-C] }
        response_headers: { set: { X-D: "${HOST}{header.Accept}" } }
      - match: { path: /old/**, client_address: *office }
        redirect: { to: "https://example.com/new/{rest}", status: 308 }
      - match: *all
        respond: { status: 503, body: "a\\n", content_type: text/plain }
      - name: static
        match: { host: "*.example.com", path: '/static/**' }
        to: app
      - to: api
    pools:
      app: [127.0.0.1:3000, "[::1]:3002"]
      api:
        backends:
        - { address: localhost:4001, weight: 2 }
        - 127.0.0.1:4000
        keep_alive: { max_idle: 16 }
    caches:
      pages: { memory: 1GiB, default_ttl: 1m, key: { query: { drop: ["utm_*", a] }, headers: X-A } }
    timeouts:
      request: off
    drain: { timeout: 30s }
    """
}

/// A generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
