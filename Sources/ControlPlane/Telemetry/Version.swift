/// What `headrace --version` and the metrics say.
public enum Version {
  public static let text = "0.1.0"
}
