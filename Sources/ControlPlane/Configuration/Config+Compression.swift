extension Config {
  /// How responses are compressed, on routes with `compress: on`.
  public struct Compression: Equatable, Sendable {
    /// 1...9, zlib's: from the fastest to the smallest.
    public var level = 5
    /// Content that is known to be shorter stays as it is. 1...1 GiB
    public var minBytes = 1024
    /// Lower case: `application/json`, `text/*` or `+json`.
    public var types = Compression.defaultTypes
    public init() {}

    /// Text, what programs exchange as text, and fonts and images that are not compressed yet.
    public static let defaultTypes = [
      "text/*", "+json", "+xml", "+text", "application/json", "application/xml",
      "application/javascript", "application/x-javascript", "application/ecmascript",
      "application/x-ndjson", "application/wasm", "application/yaml", "application/toml",
      "application/vnd.ms-fontobject", "application/x-font-ttf", "font/ttf", "font/otf",
      "font/collection", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
    ]
  }
}
