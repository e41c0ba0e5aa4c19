/// What came of the wish to reload, in words for whoever asked: the operator's log, or the client
/// of the admin listener.
public enum ReloadOutcome: Equatable, Sendable {
  case reloaded(String)
  /// The file was refused; what runs goes on as before.
  case refused(String)
  /// The proxy starts or ends just now.
  case unavailable(String)

  public var text: String {
    switch self {
    case .reloaded(let text), .refused(let text), .unavailable(let text): text
    }
  }
}
