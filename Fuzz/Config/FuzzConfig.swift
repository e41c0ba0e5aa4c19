import ControlPlane

/// Fuzzes the config loader with any bytes as a file.
///
/// It must neither crash nor hang; what it refuses has a place and a message; what it accepts is
/// accepted again, with the same result.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  switch load(input) {
  case .failure(let errors):
    precondition(!errors.problems.isEmpty)
    precondition(errors.problems.allSatisfy { !$0.message.isEmpty })
    precondition(!"\(errors)".isEmpty)
  case .success(let loaded):
    guard case .success(let again) = load(input) else { preconditionFailure("refused again") }
    precondition(again.config == loaded.config)
  }
  return 0
}

/// No file but this one exists, and no variable is set.
private func load(_ text: [UInt8]) -> Result<ConfigLoader.Loaded, ConfigErrors> {
  ConfigLoader.load(
    text: text, file: "fuzz.yaml", readFile: { _, _ in .failure(.notRegular) },
    listFiles: { _ in [] }, variable: { _ in nil })
}
