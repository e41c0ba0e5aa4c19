import ArgumentParser
import ControlPlane

/// `headrace explain CONFIG URL`: which route a request takes, and why not an earlier one.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what would become of a request, and why.",
    discussion: """
      The request is given as to curl. Nothing is sent: the file alone is asked, by the code \
      that routes traffic. Shows why earlier routes do not match, the path and the header as the \
      backend would see them, the pool, its strategy, and the timeouts and limits that apply.

      Examples:
        headrace explain site.yaml http://example.com/api/users
        headrace explain site.yaml -X DELETE -H 'X-Canary: 1' example.com/users/7
        headrace explain site.yaml -d name=x --client 10.1.2.3 /admin
        headrace explain --json site.yaml /static/logo.png | jq -r .route

      Exit status: 0 whatever the answer is, 1 the file has errors.
      """)

  @Option(
    name: [.customShort("X"), .customLong("request")],
    help: ArgumentHelp("The method; without it GET, or POST with -d.", valueName: "method"))
  var method: String?

  @Option(
    name: [.customShort("H"), .customLong("header")], parsing: .singleValue,
    help: ArgumentHelp("A header field; may be given often.", valueName: "name: value"))
  var headers: [String] = []

  @Option(
    name: [.customShort("d"), .customLong("data")],
    help: ArgumentHelp("The body, of which only the size counts.", valueName: "data"))
  var data: String?

  @Option(help: ArgumentHelp("The address that the request comes from.", valueName: "address"))
  var client = "127.0.0.1"

  @Flag(help: "Print one JSON document on stdout.")
  var json = false

  @Argument(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "Such as http://example.com/path?query, or /path (of the host localhost).")
  var url: String

  func validate() throws { _ = try request() }

  private func request() throws -> ExplainRequest {
    do {
      return try ExplainRequest(
        method: method, headers: headers, data: data, url: url, client: client)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() throws {
    let request = try request()
    guard let loaded = ConfigReport.load(file) else { throw ExitStatus.failed }
    let explanation = Explanation(loaded.config, request)
    let paint = Paint(descriptor: 1)
    Terminal.write(json ? explanation.json : explanation.text(title: paint.bold), to: 1)
  }
}
