import ArgumentParser
import ControlPlane

/// `headrace demo`: the real proxy before three small app servers of its own.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the proxy in front of three small embedded app servers.",
    discussion: """
      Prints what to try with curl. Ctrl-C ends it.

      Examples:
        headrace demo
        headrace demo --port 0
      """)

  @Option(help: "The port on 127.0.0.1 to listen on; 0 takes a free one.")
  var port: UInt16 = 8080

  func run() throws {
    let signals = try Signals()
    let apps = DemoApps()
    let proxy: Proxy
    do {
      let backends = try apps.start()
      proxy = try Proxy(DemoConfig.make(port: port, backends: backends), say: Terminal.say)
    } catch {
      Terminal.say("\(error)")
      throw ExitCode(1)
    }
    let listener = proxy.boundListeners.first?.port ?? port
    Terminal.write(DemoGuide.text(port: listener, admin: proxy.boundAdmin?.port ?? 0), to: 2)
    signals.serve(
      proxy, reload: { Terminal.say("the demo has no config file to reload") },
      afterDrain: { apps.stop() })
  }
}
