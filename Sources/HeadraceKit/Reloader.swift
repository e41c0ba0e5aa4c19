import ControlPlane
import DataPlane

/// The one way to another config, whether SIGHUP or the admin listener asks: one at a time.
///
/// Owned by `run`; called on the main thread and on the admin listener's.
final class Reloader: Sendable {
  private let file: String
  /// Locked for the whole of a reload.
  private let proxy = Locked<Proxy?>(nil)

  init(file: String) { self.file = file }

  /// From now on there is something to reload.
  func attach(_ proxy: Proxy) { self.proxy.withLock { $0 = proxy } }

  /// Tells the operator what came of it, too.
  func reload() -> ReloadOutcome {
    proxy.withLock { proxy in
      guard let proxy else { return .unavailable("not reloaded: the proxy is still starting") }
      switch ConfigLoader.load(path: file) {
      case .failure(let errors):
        ConfigReport.write(errors.problems)
        proxy.reloadFailed()
        return refused(errors.description)
      case .success(let loaded):
        ConfigReport.write(loaded.warnings)
        return apply(loaded, to: proxy)
      }
    }
  }

  private func apply(_ loaded: ConfigLoader.Loaded, to proxy: Proxy) -> ReloadOutcome {
    do {
      try proxy.reload(loaded.config)
    } catch let error as DrainingError {
      Terminal.say("not reloaded: \(error)")
      return .unavailable("not reloaded: \(error)")
    } catch {
      Terminal.say("\(error)")
      return refused("\(error)")
    }
    Terminal.say("reloaded \(file)")
    let warnings = loaded.warnings.map { "\n\($0)" }.joined()
    return .reloaded("reloaded \(file)\(warnings)")
  }

  private func refused(_ reason: String) -> ReloadOutcome {
    let end = "reload failed, the running config stays"
    Terminal.say(end)
    return .refused("\(reason)\n\(end)")
  }
}
