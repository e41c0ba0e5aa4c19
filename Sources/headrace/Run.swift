import ArgumentParser
import ControlPlane
import Glibc

/// `headrace run FILE`: the proxy in the foreground.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the proxy by a config file, in the foreground.",
    discussion: """
      SIGHUP reads the file again; a file with errors changes nothing.
      SIGTERM or SIGINT finishes what runs, then ends; a second one ends at once.
      """)

  @Argument(help: "The config file.")
  var file = "/etc/headrace/headrace.yaml"

  func run() throws {
    guard let config = ConfigReport.load(file) else { throw ExitCode(1) }
    let signals = try Signals()
    let proxy: Proxy
    do {
      proxy = try Proxy(config, say: Terminal.say)
    } catch {
      Terminal.say("\(error)")
      throw ExitCode(1)
    }
    signals.serve(proxy, reload: { reload(proxy) }, afterDrain: {})
  }

  private func reload(_ proxy: Proxy) {
    guard let config = ConfigReport.load(file) else {
      proxy.reloadFailed()
      return Terminal.say("reload failed, the running config stays")
    }
    do {
      try proxy.reload(config)
      Terminal.say("reloaded \(file)")
    } catch {
      Terminal.say("\(error)")
      Terminal.say("reload failed, the running config stays")
    }
  }
}

/// Loads a file and tells the operator what is wrong with it.
enum ConfigReport {
  /// nil when the file has errors, which are then on stderr.
  static func load(_ file: String) -> Config? {
    switch ConfigLoader.load(path: file) {
    case .success(let loaded):
      for warning in loaded.warnings { Terminal.write("\(warning)\n", to: 2) }
      return loaded.config
    case .failure(let errors):
      Terminal.write("\(errors)\n", to: 2)
      return nil
    }
  }
}
