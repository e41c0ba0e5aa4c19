extension Config {
  /// Whether and how a pool binds clients to backends by a cookie.
  public struct Sticky: Equatable, Sendable {
    public enum SameSite: String, Equatable, Sendable, CaseIterable {
      case lax, strict, none
    }

    public var isOn = false
    /// The cookie's name: a token.
    public var cookie = "headrace"
    /// 16...4096 bytes. `nil`: it is in a file.
    public var key: Secret? = nil
    /// Absolute. `nil` is a file in the folder for state, unless there is a `key`.
    public var keyFile: String? = nil
    /// `nil`: the cookie lasts as long as the browser's session.
    public var maxAge: Duration? = nil
    public var path = "/"
    public var domain: String? = nil
    public var secure = false
    public var sameSite = SameSite.lax
    public var httpOnly = true
    public init() {}
  }

  /// Text that is not shown, however it is printed.
  public struct Secret: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
  {
    public let text: String
    public init(_ text: String) { self.text = text }

    public var description: String { "(hidden)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
  }
}

extension Config.Sticky {
  /// What follows the value in `Set-Cookie` (RFC 6265 section 4.1, and `SameSite`).
  var attributes: String {
    var text = "; Path=\(path)"
    if let domain { text += "; Domain=\(domain)" }
    if let maxAge { text += "; Max-Age=\(maxAge.components.seconds)" }
    if secure { text += "; Secure" }
    if httpOnly { text += "; HttpOnly" }
    switch sameSite {
    case .lax: return text + "; SameSite=Lax"
    case .strict: return text + "; SameSite=Strict"
    case .none: return text + "; SameSite=None"
    }
  }
}
