import ArgumentParser
import ControlPlane
import Glibc

/// `headrace run FILE`: the proxy in the foreground.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the proxy by a config file, in the foreground.",
    discussion: """
      SIGHUP (or headrace reload) reads the file again; a file with errors changes nothing. \
      SIGTERM or SIGINT finishes what runs, then ends; a second one ends at once. Says on stderr \
      what it does, and "ready" once it listens.

      Examples:
        headrace run site.yaml
        PORT=9000 headrace run site.yaml  (where it has listen: ":${PORT:-8080}")
      """)

  @OptionGroup var config: ConfigArgument

  func run() throws {
    guard let loaded = ConfigReport.load(config.file) else { throw ExitStatus.failed }
    let signals = try Signals()
    let reloader = Reloader(file: config.file)
    let proxy: Proxy
    do {
      proxy = try Proxy(
        loaded.config, reloadFile: { reloader.reload() }, say: Terminal.say)
    } catch {
      Terminal.say("\(error)")
      throw ExitStatus.failed
    }
    reloader.attach(proxy)
    signals.serve(proxy, reload: { _ = reloader.reload() }, afterDrain: {})
  }
}
